"""graphsage.net: torch_geometric's names."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb
from torch import nn
from torch.nn import functional

from . import Pair, Small, ours, reference
from .gcn import geometric, graphs

SMALL = {"SAGE": Small({"features": 6, "hidden": 8, "classes": 3}, {"N": (7, 5), "E": (12, 20)})}


@reference("torch_geometric SAGEConv", "SAGE")
@torch.no_grad()
def means() -> Iterator[Pair]:
    layer = geometric().SAGEConv
    convs = nn.ModuleList([layer(6, 8), layer(8, 8), layer(8, 8)])
    theirs = nn.ModuleDict({"convs": convs, "logits": nn.Linear(8, 3)})
    mine = ours("graphsage:SAGE", features=6, hidden=8, classes=3, depth=3)
    mine.load_state_dict(disturb(theirs).eval().state_dict(), strict=True)
    for x, edges in graphs(6):
        h = x
        for conv in convs:
            h = functional.normalize(conv(h, edges).relu())
        yield mine(x, edges), theirs.logits(h)
