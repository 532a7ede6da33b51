"""gcn.net: torch_geometric's names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from copy_weights import disturb
from torch import Tensor, nn

from . import Pair, Small, ours, reference

SMALL = {"GCN": Small({"features": 6, "hidden": 8, "classes": 3}, {"N": (7, 5), "E": (12, 20)})}
PUBLISHED = {"GCN": "GCN, Cora (1433-16-7)"}


def graphs(features: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Nodes and edges of two graphs: directed, some of them twice, none from a node to itself, a node without any."""
    for nodes, edges in ((9, 20), (14, 60)):
        start = torch.randint(nodes - 1, (edges,))
        step = torch.randint(1, nodes - 1, (edges,))
        yield torch.randn(nodes, features), torch.stack((start, (start + step) % (nodes - 1)))


def geometric() -> Any:
    """Their layers. Skips the test that asks where the package is not installed."""
    return pytest.importorskip("torch_geometric.nn")


@reference("torch_geometric GCNConv", "GCN")
@torch.no_grad()
def convolutions() -> Iterator[Pair]:
    theirs = nn.ModuleDict({"conv1": geometric().GCNConv(6, 8), "conv2": geometric().GCNConv(8, 3)})
    mine = ours("gcn:GCN", features=6, hidden=8, classes=3)
    mine.load_state_dict(disturb(theirs).eval().state_dict(), strict=True)
    for x, edges in graphs(6):
        yield mine(x, edges), theirs.conv2(theirs.conv1(x, edges).relu(), edges)
