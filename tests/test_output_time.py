"""What is made of a spec takes time in proportion to the spec, whatever there is a lot of in it.

Work is counted in calls of functions, which no other process disturbs; what is counted twice as long takes about twice
as many.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dslnet.build import build_model, read_program
from dslnet.diagnostics import Report
from dslnet.graph import Model
from dslnet.targets.drawing import Options, draw
from dslnet.targets.names import names
from dslnet.targets.python import emit
from dslnet.targets.summary import summary

HEAD = "model Net:\n  input x: [B, 8]\n"
TAIL = "  output y: Linear(2)\n"


def groups(n: int) -> str:
    return HEAD + "".join(f"  - g{i}:\n      - a: Linear(8)\n      - b: Linear(8)\n" for i in range(n)) + TAIL


def steps(n: int) -> str:
    return HEAD + "  - Linear(8) -> ReLU\n" * n + TAIL


def parameters(n: int) -> str:
    made = "".join(f"  param w{i}: [8] = 1\n" for i in range(n))
    return HEAD + made + "".join(f"  - h{i}: {f'h{i - 1}' if i else 'x'} * w{i}\n" for i in range(n)) + TAIL


def rounds(n: int) -> str:
    return f"{HEAD}  - repeat i in {n}: Linear(8 + i * i)\n{TAIL}"


def uses(n: int) -> str:
    big = "block Big:\n  input x: [B, d]\n" + "  - Linear(8) -> ReLU\n" * n
    return big + HEAD + "  - Big\n" * n + TAIL


def blocks(n: int) -> str:
    made = "".join(f"block B{i}:\n  input x: [B, d]\n  - Linear({i % 7 + 1}) -> Linear(8)\n" for i in range(n))
    return made + HEAD + "".join(f"  - B{i}\n" for i in range(n)) + TAIL


def wires(n: int) -> str:
    made = "".join(f"  h{i}: x -> Linear(8)\n" for i in range(n))
    return f"{HEAD}{made}  - ({', '.join(f'h{i}' for i in range(n))}) -> Concat\n{TAIL}"


def losses(n: int) -> str:
    return (
        HEAD
        + "  target z: [B, 2]\n  - Linear(8) -> ReLU\n"
        + TAIL
        + "".join(f"  loss l{i}: y -> MSE to z\n" for i in range(n))
    )


def model(folder: Path, text: str) -> Model:
    (folder / "net.net").write_text(text, "utf-8")
    report = Report()
    program = read_program(folder / "net.net", report)
    assert program is not None
    made = build_model(program, "Net", {}, report)
    assert made is not None and not report.errors
    return made


def work(task: Callable[[], Any]) -> int:
    """How many calls of functions, Python's and others, and rounds of comprehensions a task takes."""
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        task()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("target", [emit, names, summary], ids=lambda t: t.__name__)
@pytest.mark.parametrize("spec", [groups, steps, parameters, rounds, uses, losses], ids=lambda s: s.__name__)
def test_twice_as_much_takes_twice_as_long(
    spec: Callable[[int], str], target: Callable[[Model], str], tmp_path: Path
) -> None:
    if spec is uses and target is names:
        pytest.skip("its text is as long as the square")
    once, twice = (model(tmp_path, spec(n)) for n in (60, 120))
    target(once)  # what is read and kept once
    assert work(lambda: target(twice)) < 2.4 * work(lambda: target(once))


@pytest.mark.parametrize("level", ["overview", "block", "full"])
@pytest.mark.parametrize("spec", [groups, steps, rounds, blocks, wires, losses], ids=lambda s: s.__name__)
def test_twice_as_much_is_drawn_in_twice_the_time(spec: Callable[[int], str], level: str, tmp_path: Path) -> None:
    once, twice = (model(tmp_path, spec(n)) for n in (50, 100))
    options = Options(level=level)
    draw(once, options).dot  # noqa: B018
    assert work(lambda: draw(twice, options).dot) < 2.5 * work(lambda: draw(once, options).dot)


def test_very_many_losses_are_summed(tmp_path: Path) -> None:
    text = emit(model(tmp_path, losses(600)))
    assert "sum(losses[name] for name in self.plan.losses)" in text
