"""Random graphs: what is inferred is what runs, and texts that mean the same compute the same.

`random_graphs.py` writes specs that are right by construction. `DSLNET_EXAMPLES=100` looks at a hundred times as many.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import torch
from checking import check_text, codes, example, instance_of, outputs_of, runs, some_sizes
from random_graphs import spec

from dslnet.diagnostics import Report
from dslnet.format import format_spec
from dslnet.graph import Model
from dslnet.parse import parse
from dslnet.shape import Tensor
from dslnet.source import Source
from dslnet.targets.python import emit
from dslnet.weights import count_parameters

MORE = int(os.environ.get("DSLNET_EXAMPLES", "1"))


def checked(text: str, folder: Path) -> Model:
    report, models = check_text(text, folder)
    assert not report.errors, f"{codes(report)}\n{text}"
    return models["M"]


def given(model: Model, start: int = 3) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(start)
    types = [i.value.type for i in model.definition.inputs]
    sizes = some_sizes(model.free, start)
    return [example(t, sizes, generator) for t in types if isinstance(t, Tensor)]


@pytest.mark.parametrize("batch", range(8))
def test_what_is_inferred_is_what_runs(batch: int, tmp_path: Path) -> None:
    """Shapes at two sizes, keys of the state_dict; and the file in a namespace of its own is the module in memory."""
    for seed in range(batch * 5 * MORE, (batch + 1) * 5 * MORE):
        text, _ = spec(seed)
        model = checked(text, tmp_path)
        module = runs(model)
        again = instance_of(emit(model), "M", fresh=True)
        assert list(again.state_dict()) == list(module.state_dict()), text
        inputs = given(model)
        for one, other in zip(outputs_of(module, inputs), outputs_of(again, inputs), strict=True):
            assert torch.equal(one, other), text


def test_each_box_and_combinator_is_drawn() -> None:
    counts = Counter(box for seed in range(400) for box in spec(seed)[1])
    assert len(counts) >= 45
    assert min(counts.values()) >= 4, counts.most_common()[-5:]


# ----------------------------------------------------------------------------------------- one number changed


def test_a_changed_number_is_told_or_runs(tmp_path: Path) -> None:
    """What we pass runs; what torch would refuse, we have refused."""
    told = 0
    for seed in range(40 * MORE):
        random = Random(seed)
        text, _ = spec(seed)
        numbers = list(re.finditer(r"(?<![\w.])\d+(?![\w.])", text))
        if not numbers:
            continue
        number = random.choice(numbers)
        changed = text[: number.start()] + str(random.choice([1, 2, 3, 5, 7, 9, 16])) + text[number.end() :]
        report, models = check_text(changed, tmp_path)
        told += bool(report.errors)
        if not report.errors:
            try:
                runs(models["M"])
            except RuntimeError as error:
                raise AssertionError(f"seed {seed}: {error}\n{changed}") from error
    assert told >= 4 * MORE


# ------------------------------------------------------------------------------------------- the same otherwise


def formatted(text: str, random: Random) -> str:
    return format_spec(parse(Source("main.net", text), Report()))


def windows(text: str, random: Random) -> str:
    return text.replace("\n", "\r\n")


def commented(text: str, random: Random) -> str:
    lines = []
    for line in text.splitlines():
        lines += [f"{line}  # {random.random()}" if random.random() < 0.5 else line]
        lines += ["# a line of its own"] if random.random() < 0.2 else []
    return "\n\n".join(["## A caption.", *["\n".join(lines)]]) + "\n"


def reordered(text: str, random: Random) -> str:
    """Definitions in another order: blocks stand after their use."""
    parts = re.split(r"^(?=block |model )", text, flags=re.MULTILINE)
    random.shuffle(parts)
    return "".join(parts)


def imported(text: str, random: Random) -> str:
    """Blocks in a file of their own."""
    names = re.findall(r"^block (\w+)", text, flags=re.MULTILINE)
    return f'use {", ".join(names)} from "blocks.net"\n{text[text.index("model M") :]}' if names else text


def renamed(text: str, random: Random) -> str:
    """Every name of ours is another; ordinals and the names of boxes stay."""
    return re.sub(r"\b([a-zA-Z]+)(\d+)\b(?!:?\s*\()", lambda m: _other(m[0]), text)


def _other(word: str) -> str:
    return f"{word[0]}q{word[1:]}" if re.fullmatch(r"(s|g|i|w|a|m|n|l|y)\d+", word) else word


def in_symbols(text: str, random: Random) -> str:
    """A number becomes a parameter."""
    number = re.search(r"input x: \[B, (\d+)\]", text)
    if number is None:
        return text
    return text.replace("model M:", f"model M(width_of_x={number[1]}):").replace(number[0], "input x: [B, width_of_x]")


def grouped(text: str, random: Random) -> str:
    """Brackets around arithmetic and steps."""
    return re.sub(r"-> (\w+(?:\(\d+\))?)$", r"-> (\1)", text, flags=re.MULTILINE)


SAME: list[Callable[[str, Random], str]] = [
    formatted, windows, commented, reordered, imported, renamed, in_symbols, grouped
]  # fmt: skip


@pytest.mark.parametrize("relation", SAME, ids=lambda f: f.__name__)
def test_the_same_meaning(relation: Callable[[str, Random], str], tmp_path: Path) -> None:
    for seed in range(6 * MORE):
        text, _ = spec(seed)
        other = relation(text, Random(seed))
        (tmp_path / "blocks.net").write_text("".join(re.findall(r"^block (?:.*\n)(?: .*\n)*", text, re.MULTILINE)))
        assert_equal(checked(text, tmp_path), checked(other, tmp_path), text, other)


def assert_equal(one: Model, other: Model, text: str, changed: str) -> None:
    """Parameters in the same order, and with them the same outputs."""
    where = f"{text}\n{changed}"
    assert count_parameters(one) == count_parameters(other), where
    first, second = instance_of(emit(one), "M"), instance_of(emit(other), "M")
    values = list(first.state_dict().values())
    keys = list(second.state_dict())
    assert [list(v.shape) for v in values] == [list(v.shape) for v in second.state_dict().values()], where
    second.load_state_dict(dict(zip(keys, values, strict=True)))
    inputs = given(one)
    for a, b in zip(outputs_of(first, inputs), outputs_of(second, inputs), strict=True):
        assert torch.equal(a, b), where


PAIRS = {
    "a block in the place of its body": (
        "block P(w):\n  input x: [B, d]\n  - Linear(w) -> ReLU\n  - residual: Linear(w)\n  - Linear(d)\n"
        "model M:\n  input x: [B, 6]\n  - p: P(4)\n  - Linear(2)\n",
        "model M:\n  input x: [B, 6]\n  - p:\n"
        "      - Linear(4) -> ReLU\n      - residual: Linear(4)\n      - Linear(6)\n  - Linear(2)\n",
    ),
    "a repeat unrolled": (
        "model M:\n  input x: [B, 6]\n  - repeat i in 3: Linear(4 + i) -> Tanh\n  - Linear(2)\n",
        "model M:\n  input x: [B, 6]\n  - 0: Linear(4) -> Tanh\n  - 1: Linear(5) -> Tanh\n  - 2: Linear(6) -> Tanh\n"
        "  - Linear(2)\n",
    ),
    "lanes unrolled": (
        "model M:\n  input x: [B, 6]\n  - concat:\n      | each i in 3: Linear(1 + i)\n",
        "model M:\n  input x: [B, 6]\n  - concat:\n      | Linear(1)\n      | Linear(2)\n      | Linear(3)\n",
    ),
    "residual as an addition": (
        "model M:\n  input x: [B, 6]\n  - residual:\n      - Linear(4) -> ReLU\n      - Linear(6)\n",
        "model M:\n  input x: [B, 6]\n  y: x -> Linear(4) -> ReLU -> Linear(6)\n  output z: y + x\n",
    ),
    "an `if` that is known": (
        "model M(n=3):\n  input x: [B, 6]\n  - if n > 2: Linear(4)\n  - else: Linear(5)\n  - Linear(2)\n",
        "model M:\n  input x: [B, 6]\n  - Linear(4)\n  - Linear(2)\n",
    ),
    "a preset as arguments": (
        "model N(a=3, b=4):\n  input x: [B, 6]\n  - Linear(a) -> Linear(b)\nmodel M: N(b=5)\n",
        "model M:\n  input x: [B, 6]\n  - Linear(3) -> Linear(5)\n",
    ),
    "a model as a box": (
        "model N:\n  input x: [B, 6]\n  - Linear(3)\nmodel M:\n  input x: [B, 6]\n  - N -> Tanh\n",
        "model M:\n  input x: [B, 6]\n  - Linear(3) -> Tanh\n",
    ),
    "a shared module as itself twice": (
        "model M:\n  input x: [B, 6]\n  m: Linear(6)\n  - m -> m\n",
        "block P(f):\n  - f -> f\nmodel M:\n  input x: [B, 6]\n  m: Linear(6)\n  - P(m)\n",
    ),
    "a side input by its name": (
        "model M:\n  input x: [B, T, 6]\n  input m: [B, S, 6]\n  - Attention(2) to m\n",
        "model M:\n  input x: [B, T, 6]\n  input m: [B, S, 6]\n  - Attention(2) with (memory=m)\n",
    ),
    "numbers for symbols": (
        "model M:\n  input x: [B, C, 8]\n  require: C == C\n  - Linear(4)\n",
        "model M(n=4):\n  input x: [B, C, 2 * n]\n  - Linear(n)\n",
    ),
    "a box given to a block": (
        "block P(Act):\n  - Linear(4) -> Act\nmodel M:\n  input x: [B, 6]\n  - P(LeakyReLU(0.3))\n",
        "model M:\n  input x: [B, 6]\n  - Linear(4) -> LeakyReLU(0.3)\n",
    ),
    "lanes that begin at a wire": (
        "model M:\n  input x: [B, 6]\n  y: x -> Linear(3)\n  - add:\n      | x -> Linear(4)\n      | y -> Linear(4)\n",
        "model M:\n  input x: [B, 6]\n  y: x -> Linear(3)\n  a: x -> Linear(4)\n  output z: a + (y -> Linear(4))\n",
    ),
    "a recursion written out": (
        "block P(n):\n  - Linear(n)\n  - if n > 1: P(n - 1)\nmodel M:\n  input x: [B, 6]\n  - P(3)\n",
        "model M:\n  input x: [B, 6]\n  - Linear(3) -> Linear(2) -> Linear(1)\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_two_ways_to_write_it(name: str, tmp_path: Path) -> None:
    one, other = PAIRS[name]
    assert_equal(checked(one, tmp_path), checked(other, tmp_path), one, other)
