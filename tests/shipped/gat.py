"""gat.net: torch_geometric's names."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb
from torch import nn
from torch.nn import functional

from . import Pair, Small, ours, reference
from .gcn import geometric, graphs

SMALL = {"GAT": Small({"features": 6, "hidden": 4, "heads": 2, "classes": 3}, {"N": (7, 5), "E": (12, 20)})}
PUBLISHED = {"GAT": "GAT, Cora (paper configuration)"}


@reference("torch_geometric GATConv", "GAT")
@torch.no_grad()
def attention() -> Iterator[Pair]:
    layer = geometric().GATConv
    theirs = nn.ModuleDict({"conv1": layer(6, 4, heads=2), "conv2": layer(8, 3)})
    mine = ours("gat:GAT", features=6, hidden=4, heads=2, classes=3)
    mine.load_state_dict(disturb(theirs).eval().state_dict(), strict=True)
    for x, edges in graphs(6):
        yield mine(x, edges), theirs.conv2(functional.elu(theirs.conv1(x, edges)), edges)
