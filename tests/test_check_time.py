"""A check takes time in proportion to the spec, whatever there is a lot of in it, mistakes included.

Work is counted in lines of Python that run, which no other process disturbs; twice the spec takes about twice as many.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from dslnet.build import read_program
from dslnet.checking import check
from dslnet.diagnostics import Report

HEAD = "model M:\n  input x: [B, 4]\n"


def unused_modules(n: int) -> str:
    return HEAD + "".join(f"  m{i}: Linear(4)\n" for i in range(n)) + "  - Linear(3)\n"


def used_modules(n: int) -> str:
    return HEAD + "".join(f"  m{i}: Linear(4)\n" for i in range(n)) + "".join(f"  - m{i}\n" for i in range(n))


def unknown_names(n: int) -> str:
    wires = "".join(f"  a{i}: x\n" for i in range(500))  # more are not looked at
    return HEAD + wires + "".join(f"  - Add with zq{i:04}w\n" for i in range(n))


def named_and_unnamed(n: int) -> str:
    return HEAD + "".join(f"  - Linear(4)\n  - a{i}: Linear(4)\n" for i in range(n))


def outputs(n: int) -> str:
    inside = "".join(f"  output y{i}: x * {i}\n" for i in range(n))
    taps = "".join(f"  output z{i}: p.y{i}\n" for i in range(n))
    return f"block P:\n  input x: [B, d]\n{inside}{HEAD}  p: x -> P\n{taps}"


def rounds_that_are_read(n: int) -> str:
    taps = "".join(f"  output z{i}: a.b[{i}]\n" for i in range(n))
    return f"{HEAD}  - a: repeat {n}:\n      - b: Linear(4)\n{taps}"


def names_of_a_pattern(n: int) -> str:
    names = [f"a{i}" for i in range(n)]
    sizes = ", ".join(f"{name}=1" for name in names[1:])
    joined = " ".join(names)
    return f'model M:\n  input x: [B, 1]\n  - Rearrange("b ({joined}) -> b ({joined})", {sizes})\n'


def losses(n: int) -> str:
    return HEAD + "  output y: x -> Linear(4)\n" + "".join(f"  loss l{i}: y -> Mean\n" for i in range(n))


def unreached(n: int) -> str:
    heads = "".join(f"  output z{i}: x -> Linear(4)\n" for i in range(n))
    return f"{HEAD}  output y: x -> Linear(4)\n{heads}  loss l: y -> Mean\n"


def teachers(n: int) -> str:
    made = "".join(f"  teacher t{i}: x -> Linear(4)\n" for i in range(n))
    return f"{HEAD}  - Linear(4)\n{made}  output y\n" + "".join(f"  loss l{i}: y -> MSE to t{i}\n" for i in range(n))


def students(n: int) -> str:
    made = "".join(f"  student s{i}: x -> Linear(4)\n" for i in range(n))
    return f"{HEAD}{made}  output y: s0\n" + "".join(f"  loss l{i}: s{i} -> Mean\n" for i in range(n))


def opponents(n: int) -> str:
    made = "".join(
        f"  critic c{i}: Linear(4)\n  generator g{i}: Linear(4)\n  loss a{i}: x -> c{i} -> Mean\n"
        f"  loss b{i}: x -> g{i} -> Mean\n  train c{i}: a{i}\n  train g{i}: b{i}\n"
        for i in range(n)
    )
    return f"{HEAD}{made}  output y: x -> g0\n"


MANY = [
    unused_modules, used_modules, unknown_names, named_and_unnamed, outputs, rounds_that_are_read, names_of_a_pattern,
    losses, unreached, teachers, students, opponents,
]  # fmt: skip


def work(folder: Path, text: str) -> int:
    """How many lines run in a check."""
    (folder / "main.net").write_text(text, "utf-8")
    count = 0

    def line(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        count += event == "line"
        return line

    report = Report()
    before = sys.gettrace()
    sys.settrace(line)
    try:
        program = read_program(folder / "main.net", report)
        assert program is not None
        check(program, report)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("text", MANY, ids=[each.__name__ for each in MANY])
def test_twice_the_spec_takes_twice_the_work(text: Callable[[int], str], tmp_path: Path) -> None:
    work(tmp_path, text(2))  # what is loaded and kept at first
    few, some = work(tmp_path, text(60)), work(tmp_path, text(120))
    many = work(tmp_path, text(240))
    assert many - some < 2.3 * (some - few), (few, some, many)
