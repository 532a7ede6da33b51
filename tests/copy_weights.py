"""Somebody else's weights in our models.

Enters: our module and tables of tensors. Leaves: our module with the weights of the other one in it; nothing is left
over on either side, and every shape agrees, or the test fails here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from torch import Tensor as Array
from torch import nn

Table = dict[str, Array]
SPECS = Path(__file__).parent.parent / "specs"


def by_table(ours: nn.Module, theirs: Table, file: str) -> None:
    """By one of the shipped tables of names: `gpt2.transformers`. Everything of both sides is used."""
    from dslnet.checkpoints import fitted, read_table
    from dslnet.diagnostics import Report
    from dslnet.weights import definition_weights

    report, graph = Report(), type(ours).__graph__
    table = read_table(str(SPECS / f"{file}.names"), report)
    assert table is not None, report.diagnostics
    weights = definition_weights(graph, graph.entry)
    found = fitted(theirs, weights, [table], file="theirs", model=graph.name, only=True)
    ours.load_state_dict(found.tensors, strict=True)


def in_order(ours: nn.Module, theirs: nn.Module) -> None:
    """Entries pair up as they come: what two authors wrote in the same order, under whatever names."""
    mine, other = ours.state_dict(), theirs.state_dict()
    assert [tuple(v.shape) for v in mine.values()] == [tuple(v.shape) for v in other.values()]
    ours.load_state_dict(dict(zip(mine, other.values(), strict=True)))


def by_name(ours: nn.Module, theirs: Table, names: Iterable[tuple[str, str]]) -> None:
    """Each name of theirs is rewritten by the patterns, all of them in turn; the result fits ours exactly."""
    renamed = {}
    for name, value in theirs.items():
        for pattern, new in names:
            name = re.sub(pattern, new, name)
        assert name not in renamed, f"{name} twice"
        renamed[name] = value
    ours.load_state_dict(renamed, strict=True)


def split(table: Table, name: str, parts: Iterable[str], axis: int = 0) -> None:
    """Cut every entry whose name ends so into equal parts, each under the ending that stands for it."""
    endings = list(parts)
    for key in [k for k in table if k.endswith(name)]:
        pieces = table.pop(key).chunk(len(endings), axis)
        stem = key[: len(key) - len(name)]
        table.update({stem + ending: piece for ending, piece in zip(endings, pieces, strict=True)})


def transpose(table: Table, pattern: str) -> None:
    """Matrices that are stored as [in, out]."""
    for key in table:
        if re.search(pattern, key):
            table[key] = table[key].T


def disturb(module: nn.Module) -> nn.Module:
    """Give zeros and ones that a fresh model is full of (biases, scales, running statistics) values of their own, so
    that a forgotten or swapped one shows. Uses torch's generator."""
    import torch

    with torch.no_grad():
        for name, value in module.state_dict().items():
            if not value.is_floating_point():
                continue
            if name.endswith("running_var"):
                value.uniform_(0.5, 1.5)
            elif value.dim() < 2:
                value.add_(torch.empty_like(value).uniform_(-0.1, 0.1))
    return module


def distance(ours: Any, theirs: Any) -> float:
    """The largest absolute difference."""
    assert ours.shape == theirs.shape
    return float((ours - theirs).detach().abs().max())


def on_images(
    ours: nn.Module, theirs: nn.Module, *sizes: tuple[int, int], channels: int = 3
) -> Iterator[tuple[Any, Any]]:
    """Both on the same images, a batch of 3 at each size, after theirs is disturbed and ours loads it by name."""
    import torch

    disturb(theirs).eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    for height, width in sizes:
        image = torch.randn(3, channels, height, width)
        with torch.no_grad():
            yield ours(image), theirs(image)
