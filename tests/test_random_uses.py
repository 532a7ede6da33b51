"""Any use of any box: a diagnostic, or a program that computes what was said.

What is accepted is written as Python, run in torch at two sizes, and has the shape and dtype that the checker told.
Loud failures of torch on data that no shape tells of (an index beyond its table, an image below a window) are let
through; everything else is a mistake of ours.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
from random_uses import uses

from dslnet.build import read_program
from dslnet.checking import check
from dslnet.diagnostics import Report
from dslnet.graph import Fact, Model
from dslnet.shape import Tensor, evaluate
from dslnet.targets.python import emit

#: What only data or the very size decide, in torch's words.
ONLY_THEN = (
    r"out of bounds|out of range|smaller than num_classes|Output size is too small|smaller than kernel"
    r"|Kernel size can't|invalid for input of size|must be less than|input image .* smaller"
)
SEEDS = range(8)
SIZES = ({"B": 2, "T": 8, "H": 6, "W": 7, "D": 4}, {"B": 3, "T": 10, "H": 9, "W": 8, "D": 5})


def accepted(text: str, path: Path) -> Model | None:
    """The model, where there is no mistake in it."""
    path.write_text(text, "utf-8")
    report = Report()
    program = read_program(path, report)
    assert program is not None
    models = check(program, report)
    return None if report.errors else models["M"]


@pytest.mark.parametrize("seed", SEEDS)
def test_checked_and_written(seed: int, tmp_path: Path) -> None:
    """No exception, whatever is written."""
    right = 0
    for text in uses(seed, 400):
        model = accepted(text, tmp_path / "m.net")
        if model is not None:
            emit(model)
            right += 1
    assert right > 60, "most of these test nothing but the checker"


@pytest.mark.parametrize("seed", SEEDS)
def test_computed(seed: int, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from dslnet.runtime import instantiate

    torch.manual_seed(seed)
    run = 0
    for text in uses(100 + seed, 300):
        if re.search(r"0000000|1e9", text):  # right, and too large to run
            continue
        model = accepted(text, tmp_path / "m.net")
        if model is None:
            continue
        module = instantiate(model).eval()
        for wanted in SIZES:
            sizes = {name: fitting(wanted[name], fact) for name, fact in model.free.items()}
            given = [example(entry.value.type, sizes) for entry in model.definition.inputs]
            said = model.definition.values()[model.definition.outputs[0][1]].type
            assert isinstance(said, Tensor)
            shape = [evaluate(size, sizes) for size in said.sizes]
            if math.prod(shape) > 10**6:
                continue
            try:
                made = module(*given)
            except (RuntimeError, IndexError) as error:
                assert re.search(ONLY_THEN, str(error)), f"{text}{error}"
                continue
            assert (list(made.shape), str(made.dtype)) == (shape, TORCH[said.dtype]), text
            run += 1
    assert run > 60


TORCH = {"float": "torch.float32", "long": "torch.int64", "bool": "torch.bool"}


def fitting(size: int, fact: Fact) -> int:
    """A size that agrees with what is known of it."""
    size = max(size, fact.low)
    size += (fact.remainder - size) % fact.multiple
    return size if fact.high is None else min(size, fact.high)


def example(type: Any, sizes: dict[str, int]) -> Any:
    import torch

    shape = [evaluate(size, sizes) for size in type.sizes]
    if type.dtype == "long":
        return torch.randint(type.below if isinstance(type.below, int) else 3, shape)
    return torch.rand(shape) > 0.3 if type.dtype == "bool" else torch.rand(shape)
