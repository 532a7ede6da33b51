"""mlp.net."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb, in_order
from torch import nn

from . import Pair, Small, ours, reference

SMALL = {"MLP": Small({"hidden": 16})}


@reference("torch.nn.Linear", "MLP")
@torch.no_grad()
def layers() -> Iterator[Pair]:
    for hidden in (16, 40):
        theirs = disturb(nn.Sequential(nn.Flatten(), nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, 7)))
        mine = ours("mlp:MLP", hidden=hidden, classes=7)
        in_order(mine, theirs)
        image = torch.randn(3, 1, 28, 28)
        yield mine(image), theirs(image)
