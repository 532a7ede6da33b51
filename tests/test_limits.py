"""The limits of building and of reading: at N, one more, far over, and raised by the caller.

What a text costs to lex and to parse (tokens, brackets, indentation, operators, lines) is in `test_layout.py`.
"""

from __future__ import annotations

import re
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from checking import check_text, codes, inside

from dslnet.build import build_model, check_program, read_program
from dslnet.diagnostics import Report
from dslnet.limits import DEFAULT, Limits

HEAD = "model M:\n  input x: [B, 4]\n"


def found(text: str, folder: Path, limits: Limits = DEFAULT, others: dict[str, str | bytes] | None = None) -> str:
    """The codes of a file, checked within five seconds."""
    start = time.process_time()
    report, _ = check_text(text, folder, limits, others)
    inside(report)
    assert time.process_time() - start < 30
    return codes(report)


# ------------------------------------------------------------------------------------- one number of a file


def chain(count: int) -> str:
    """Blocks in blocks, so many deep."""
    blocks = [f"block P{n}:\n  - {f'P{n - 1}' if n else 'Linear(4)'}\n" for n in range(count)]
    return "".join(blocks) + HEAD + f"  - P{count - 1}\n"


def recursion(count: int) -> str:
    return f"block P(n):\n  - Linear(4)\n  - if n > 1: P(n - 1)\n{HEAD}  - P({count})\n"


def presets(count: int) -> str:
    base = "model P0(a=3):\n  input x: [B, 4]\n  - Linear(a)\n"
    return base + "".join(f"model P{n + 1}: P{n}\n" for n in range(count))


def rank(count: int) -> str:
    return f"model M:\n  input x: [{', '.join(f'd{n}' for n in range(count))}]\n  - ReLU\n"


def made_rank(count: int) -> str:
    return HEAD + f"  - Reshape(4, {', '.join('1' for _ in range(count - 2))})\n"


def own_elements(count: int) -> str:
    """Rounds that each read what one of the rounds before them made: each is given all of it."""
    return (
        HEAD + f"  - a: repeat {count}:\n      - h: Linear(4)\n  - repeat i in {count}: Linear(4) -> Add with a.h[i]\n"
    )


def degree(count: int) -> str:
    return f"model M:\n  input x: [B, T, 4]\n  k: {' * '.join('T' for _ in range(count))}\n  - Linear(3)\n"


def power(count: int) -> str:
    return f"model M:\n  input x: [B, T, 4]\n  k: T ** {count}\n  - Linear(3)\n"


def terms(count: int) -> str:
    """`(A + B) * (C1 + … + Cn)` has 2n terms."""
    half = [f"c{n}" for n in range(count // 2)]
    odd = " + 1" if count % 2 else ""
    inputs = "".join(f"  input {name}_: [{name}, 4]\n" for name in half)
    return f"model M:\n  input x: [A, B, 4]\n{inputs}  k: (A + B) * ({' + '.join(half)}){odd}\n  - Linear(3)\n"


def parameters(count: int) -> str:
    names = ", ".join(f"p{n}=1" for n in range(count))
    return f"block P({names}):\n  - Linear(p0)\n{HEAD}  - P\n"


def blocks(count: int) -> str:
    return "".join(f"block P{n}:\n  - Tanh\n" for n in range(count - 1)) + HEAD + "  - P0\n"


def definitions(count: int) -> str:
    """A model and so many rounds, all different."""
    return HEAD + f"  - repeat i in {count - 1}: Linear(4 + i)\n"


def elements(count: int) -> str:
    return f"a: range({count})\n{HEAD}  - Linear(len(a))\n"


def lanes(count: int) -> str:
    return HEAD + f"  - concat(axis=1):\n      | each {count}: Linear(4)\n"


def parts(count: int) -> str:
    return f"model M:\n  input x: [B, {count}]\n  a: x -> Split({count})\n  output y: a[0]\n"


def layers(count: int) -> str:
    return f"model M:\n  input x: [B, T, 4]\n  - GRU(4, num_layers={count})\n"


def boxes(count: int) -> str:
    return HEAD + f"  - repeat {count}: Linear(4)\n"


ROWS: list[tuple[str, Callable[[int], str], str, str]] = [
    ("rank", rank, "E0902", "rank"),
    ("rank", made_rank, "E0902", "made rank"),
    ("depth", chain, "E0910", "blocks in blocks"),
    ("depth", recursion, "E0210", "recursion"),
    ("depth", presets, "E0910", "presets"),
    ("degree", degree, "E0908", "degree"),
    ("degree", power, "E0908", "degree of a power"),
    ("terms", terms, "E0908", "terms"),
    ("parameters", parameters, "E0906", "parameters of a block"),
    ("blocks", blocks, "E0906", "blocks of a file"),
    ("definitions", definitions, "E0906", "distinct definitions"),
    ("elements", elements, "E0903", "elements of a list"),
    ("elements", lanes, "E0907", "lanes"),
    ("elements", parts, "E0907", "parts"),
    ("elements", layers, "E0907", "layers"),
    ("boxes", boxes, "E0907", "boxes"),
]

#: Small ones, where the default is a number that takes a second.
SMALL = {"terms": 100, "definitions": 300, "elements": 2_000, "blocks": 200}


@pytest.mark.parametrize(("name", "text", "code", "title"), ROWS, ids=[row[3] for row in ROWS])
def test_at_the_limit_one_more_and_far_over(
    name: str, text: Callable[[int], str], code: str, title: str, tmp_path: Path
) -> None:
    limits = replace(DEFAULT, **{name: SMALL[name]}) if name in SMALL else DEFAULT
    limit: int = getattr(limits, name)
    assert found(text(limit), tmp_path, limits) == ""
    assert found(text(limit + 1), tmp_path, limits) == code
    far = limit * (1000 if text in (boxes, lanes, elements, power) else 10 if limit < 500 else 3)
    assert set(found(text(far), tmp_path, limits).split()) <= {code, "E0902"}
    raised = replace(limits, **{name: limit + 1})
    assert found(text(limit + 1), tmp_path, raised) == ""


def test_a_size_is_as_long_as_it_is_written(tmp_path: Path) -> None:
    """Each of these rounds writes the size before it twice, so that thirty of them would write a billion terms."""
    grows = "".join("  - Upsample(3) -> MaxPool(2)\n" for _ in range(30))
    assert found(f"model M:\n  input x: [B, 4, T]\n{grows}", tmp_path) == "E0908"
    few = "".join("  - Upsample(3) -> MaxPool(2)\n" for _ in range(9))
    assert found(f"model M:\n  input x: [B, 4, T]\n{few}", tmp_path) == ""


def test_a_limit_may_be_lowered(tmp_path: Path) -> None:
    assert found(boxes(11), tmp_path, Limits(boxes=10)) == "E0907"
    assert found(chain(5), tmp_path, Limits(depth=4)) == "E0910"


# --------------------------------------------------------------------------------------------- whole numbers

NUMBERS = [
    ("9223372036854775807", ""),
    ("9223372036854775808", "E0904"),
    ("9223372036854775807 + 1", "E0904"),
    ("-9223372036854775807 - 2", "E0904"),
    ("4294967296 * 2147483648", "E0904"),
    ("4294967296 * 2147483647", ""),
    ("2 ** 62", ""),
    ("2 ** 63", "E0904"),
    ("2 ** 63 - 1", "E0904"),
    ("1 ** 64", ""),
    ("1 ** 65", "E0904"),
    ("9 ** 9 ** 9", "E0904"),
    ("2 ** -64", ""),
    ("2 ** -65", "E0904"),
    ("-(-9223372036854775807 - 1)", "E0904"),
    ("round(1e18)", ""),
    ("round(1e300)", "E0904"),
    ("ceil(1e300)", "E0904"),
    ("abs(-9223372036854775807 - 1)", "E0904"),
    ("1e308 * 10", "E0904"),
    ("1e308 ** 2", "E0904"),
    ("exp(1000)", "E0904"),
    ("0.5 ** 64", ""),
    ("1 // 0", "E0318"),
    ("1 % 0", "E0318"),
    ("1 / 0", "E0318"),
    ("0 ** -1", "E0318"),
    ("(0 - 8) ** 0.5", "E0301"),
    ("sqrt(0 - 1)", "E0301"),
    ("log(0)", "E0301"),
    ("max([])", "E0301"),
    ("len(3)", "E0301"),
    ("[1] * 9223372036854775807", "E0903"),
    ("[1] * -3", ""),
    ("range(0, 9223372036854775807, 9223372036854775806)", ""),
    ("range(3, 9, 0)", "E0301"),
]


@pytest.mark.parametrize(("text", "code"), NUMBERS, ids=[text for text, _ in NUMBERS])
def test_whole_numbers_fit_64_bits_after_each_operation(text: str, code: str, tmp_path: Path) -> None:
    assert found(f"a: {text}\n{HEAD}  b: a\n  - Linear(3)\n", tmp_path) == code


def test_lists_grow_within_their_limit(tmp_path: Path) -> None:
    doubled = "a0: [1, 2]\n" + "".join(f"a{n}: a{n - 1} + a{n - 1}\n" for n in range(1, 40))
    nested = "a0: [1, 2]\n" + "".join(f"a{n}: [a{n - 1}, a{n - 1}]\n" for n in range(1, 60))
    for bomb, last in ((doubled, "a39"), (nested, "a59")):
        assert found(f"{bomb}{HEAD}  - Linear(len({last}))\n", tmp_path) == "E0903"
        assert found(f"{bomb}block P(a):\n  - Linear(3)\n{HEAD}  - P({last})\n", tmp_path) == "E0903"


@pytest.mark.parametrize("size", ["[B, 4294967296, 4294967296]", "[B, 9223372036854775807, 2]"])
def test_elements_and_parameters_fit_64_bits(size: str, tmp_path: Path) -> None:
    assert found(f"model M:\n  input x: {size}\n  - ReLU\n", tmp_path) == "E0904"
    assert found(f"{HEAD}  param w: {size.replace('B, ', '')} = 0\n  - Linear(3)\n", tmp_path) == "E0904"
    assert found(f"{HEAD}  - Linear(9223372036854775807)\n", tmp_path) == "E0904"
    assert found(f"{HEAD}  - repeat 4: Linear(4611686018427387904)\n", tmp_path) == "E0904"
    text = "model M:\n  input x: [B, 65536, 65536]\n  - Unsqueeze(1) -> Repeat(2147483648, axis=1)\n"
    assert found(text, tmp_path) == "E0904"


# ------------------------------------------------------------------------------------------------ expansion

EXPANSIONS = {
    "each of 60 blocks uses the last one twice": "".join(
        f"block P{n}:\n  - {f'P{n - 1} -> P{n - 1}' if n else 'Linear(4)'}\n" for n in range(60)
    )
    + HEAD
    + "  - P59\n",
    "the same in lanes": "".join(
        f"block P{n}:\n  - add:\n      | {f'P{n - 1}' if n else 'Tanh'}\n      | {f'P{n - 1}' if n else 'ReLU'}\n"
        for n in range(60)
    )
    + HEAD
    + "  - P59\n",
    "the same by recursion": "block P(n):\n  - Linear(4)\n  - if n > 1: P(n - 1) -> P(n - 1)\n" + HEAD + "  - P(60)\n",
    "the same by shared modules": HEAD
    + "  m0: Tanh -> Tanh\n"
    + "".join(f"  m{n}: m{n - 1} -> m{n - 1}\n" for n in range(1, 60))
    + "  - m59\n",
    "10000 times 1000": HEAD + "  - repeat 10000: repeat 1000: Linear(4)\n",
    "1000 times 1000 times 1000": HEAD + "  - repeat 1000:\n      - repeat 1000:\n          - repeat 1000: Tanh\n",
    "a billion": HEAD + "  - repeat 1000000000: Linear(4)\n",
    "2 ** 62": HEAD + f"  - repeat {2**62}: Linear(4)\n",
    "2 ** 62 rounds of a name": HEAD + f"  - repeat i in {2**62}: Linear(4 + i)\n",
    "lanes of lanes": HEAD
    + "  - concat(axis=1):\n      | each 9000: concat(axis=1):\n          | each 9000: Linear(4)\n",
    "2 ** 62 lanes": HEAD + f"  - add:\n      | each {2**62}: Linear(4)\n",
    "copies of a body": HEAD + "  - repeat 1000: MoE(1000, top=1):\n      - repeat 1000: Linear(4)\n",
    "rounds of a cell": "block C:\n  input x: [B, d]\n  state h: [B, d] = 0\n  next h:\n    - repeat 2000000: Tanh\n"
    "  output y: h\nmodel M:\n  input x: [B, T, 4]\n  - scan: C\n",
}


@pytest.mark.parametrize("name", EXPANSIONS)
def test_expansions_are_refused_at_once(name: str, tmp_path: Path) -> None:
    start = time.process_time()
    report, _ = check_text(EXPANSIONS[name], tmp_path)
    assert time.process_time() - start < 10
    assert codes(report) == "E0907"


def test_the_limit_that_a_message_names_is_enough(tmp_path: Path) -> None:
    text = "model M:\n  input x: [B, 8]\n  - repeat 10000:\n      - repeat 1000: Linear(8)\n  output y\n"
    report, _ = check_text(text, tmp_path)
    (only,) = report.diagnostics
    number = re.search(r"`--limit boxes=(\w+)`", only.helps[0].text)
    assert number is not None
    report, models = check_text(text, tmp_path, Limits(boxes=int(float(number[1]))))
    assert not report.diagnostics and models


def test_a_million_boxes_cost_what_one_costs(tmp_path: Path) -> None:
    start = time.process_time()
    report, models = check_text(HEAD + "  - repeat 1000: repeat 999: Linear(4) -> [B, 4]\n", tmp_path)
    assert codes(report) == "" and len(models["M"].definitions) == 3
    assert time.process_time() - start < 10


def test_work_is_counted(tmp_path: Path) -> None:
    text = HEAD + "".join(f"  - repeat i in 40: Linear(4 + i % {n})\n" for n in range(1, 30))
    assert found(text, tmp_path, Limits(steps=200)) == "E0911"
    assert found(text, tmp_path) == ""


def test_the_heaviest_file_takes_seconds(tmp_path: Path) -> None:
    """As many different rounds as there may be, each with a list as long as it may be."""
    tracemalloc.start()
    start = time.process_time()
    text = HEAD + "  - repeat i in 9990:\n      k: [i] * 100000\n      - Linear(4 + len(k) + i)\n"
    report, _ = check_text(text, tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert codes(report) == "E0911"
    assert time.process_time() - start < 60 and peak < 1 << 30


def test_rounds_that_read_an_element_each(tmp_path: Path) -> None:
    """The work grows with the square of their number: 200 are quick, thousands are refused."""
    start = time.process_time()
    report, models = check_text(own_elements(200), tmp_path)
    assert codes(report) == "" and time.process_time() - start < 5
    (node,) = [n for n in models["M"].definition.nodes() if len(n.inputs) > 200]
    assert len(node.rounds) == 200
    assert found(own_elements(3000), tmp_path) == "E0911"


# --------------------------------------------------------------------------------------------------- imports


def test_a_chain_of_imports(tmp_path: Path) -> None:
    for count, code in ((31, ""), (32, "E0909")):
        others: dict[str, str | bytes] = {
            f"f{n}.net": f'use P from "f{n + 1}.net"\n' if n < count else "block P:\n  - Linear(3)\n"
            for n in range(1, count + 1)
        }
        text = f'use P from "f1.net"\n{HEAD}  - P\n'
        assert found(text, tmp_path, others=others) == code
        assert found(text, tmp_path, Limits(import_depth=40), others) == ""


def test_many_imports(tmp_path: Path) -> None:
    for count, code in ((255, ""), (256, "E0909")):
        others: dict[str, str | bytes] = {f"f{n}.net": f"block P{n}:\n  - Linear(3)\n" for n in range(count)}
        uses = "".join(f'use P{n} from "f{n}.net"\n' for n in range(count))
        assert found(f"{uses}{HEAD}  - P0\n", tmp_path, others=others) == code
        assert found(f"{uses}{HEAD}  - P0\n", tmp_path, Limits(import_files=257), others) == ""


def test_a_diamond_is_read_once(tmp_path: Path) -> None:
    """Each of 24 files imports the next twice, under two spellings of its path: 2 ** 23 ways."""
    others: dict[str, str | bytes] = {"f24.net": "block P24:\n  - Linear(3)\nblock Q24:\n  - P24\n"}
    for n in range(23, -1, -1):
        use = f'use P{n + 1} from "f{n + 1}.net"\nuse Q{n + 1} from "./f{n + 1}.net"\n'
        others[f"f{n}.net"] = f"{use}block P{n}:\n  - P{n + 1}\nblock Q{n}:\n  - Q{n + 1}\n"
    text = f'use P0, Q0 from "f0.net"\n{HEAD}  - P0 -> Q0\n'
    for name, content in {**others, "main.net": text}.items():
        (tmp_path / name).write_text(str(content))
    report = Report()
    program = read_program(tmp_path / "main.net", report)
    assert program is not None and len(program.files) == 26
    assert list(check_program(program, report)) == ["M"] and not report.diagnostics


def test_the_files_together(tmp_path: Path) -> None:
    others: dict[str, str | bytes] = {f"f{n}.net": f"block P{n}:\n  - Tanh\n" + "#" * 1000 for n in range(5)}
    text = "".join(f'use P{n} from "f{n}.net"\n' for n in range(5)) + HEAD + "  - P0\n"
    assert found(text, tmp_path, Limits(total_bytes=6000), others) == ""
    assert found(text, tmp_path, Limits(total_bytes=5000), others) == "E0900"
    assert found(text, tmp_path, Limits(file_bytes=1000), others).split() == ["E0900"] * 5


# ------------------------------------------------------------------------------------------------------ depth


def test_depth_does_not_depend_on_the_caller(tmp_path: Path) -> None:
    """64 blocks, each deep inside, from the bottom of a stack and from near its end."""
    text = (
        "block P(n):\n  - Linear(4)\n  - residual:\n      - a: residual:\n          - if n > 1:\n"
        "              - b: residual:\n                  - repeat 1:\n                      - P(n - 1)\n"
        f"{HEAD}  - P(64)\n"
    )

    def below(depth: int) -> str:
        return below(depth - 1) if depth else codes(check_text(text, tmp_path)[0])

    assert below(0) == below(800) == ""


def test_settings_have_the_same_limits(tmp_path: Path) -> None:
    (tmp_path / "main.net").write_text("model M(n=1):\n  input x: [B, T, 4]\n  - repeat n: Linear(4)\n")
    for value, code in (
        (5, ""),
        (10**7, "E0907"),
        (-1, "E0304"),
        (2.5, "E0304"),
        ("a", "E0304"),
        ((), "E0212"),
        (None, "E0304"),
    ):
        report = Report()
        program = read_program(tmp_path / "main.net", report)
        assert program is not None
        build_model(program, "M", {"n": value}, report)
        assert codes(report) == code, value
