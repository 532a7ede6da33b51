"""gin.net: the layers and the sum over the nodes of each graph are torch_geometric's."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import by_name, disturb
from torch import nn

from . import Pair, Small, ours, reference
from .gcn import geometric, graphs

SMALL = {"GIN": Small({"width": 6, "depth": 2}, {"N": (7, 9), "E": (12, 20)})}


@reference("torch_geometric GINConv", "GIN")
@torch.no_grad()
def sums() -> Iterator[Pair]:
    def layer(width: int) -> nn.Module:
        inner = nn.Sequential(nn.Linear(width, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 6))
        made: nn.Module = geometric().GINConv(inner)
        return made

    pool = geometric().global_add_pool
    convs = nn.ModuleList([layer(5), layer(6)])
    norms = nn.ModuleList([nn.BatchNorm1d(6), nn.BatchNorm1d(6)])
    reads = nn.ModuleList([nn.Linear(5, 4), nn.Linear(6, 4), nn.Linear(6, 4)])
    theirs = disturb(nn.ModuleDict({"convs": convs, "norms": norms, "reads": reads})).eval()
    for conv in convs:
        conv.eps.zero_()
    table = {name: value for name, value in theirs.state_dict().items() if not name.endswith("eps")}
    mine = ours("gin:GIN", features=5, width=6, depth=2, classes=4)
    names = [(r"^convs\.(\d)\.nn\.0", r"layers.\1.out.ginconv1.linear1"), (r"^norms\.(\d)", r"layers.\1.out.bn1"),
             (r"^convs\.(\d)\.nn\.1", r"layers.\1.out.ginconv1.norm1"), (r"^reads\.0", "given"),
             (r"^convs\.(\d)\.nn\.3", r"layers.\1.out.ginconv1.linear2"), (r"^reads\.1", "layers.0.read"),
             (r"^reads\.2", "layers.1.read")]  # fmt: skip
    by_name(mine, table, names)
    for x, edges in graphs(5):
        nodes = len(x)
        first = torch.tensor([0, 3, nodes - 2])
        graph = torch.tensor([0] * 3 + [1] * (nodes - 5) + [2] * 2)
        h, total = x, reads[0](pool(x, graph, 3))
        for conv, norm, read in zip(convs, norms, reads[1:], strict=True):
            h = norm(conv(h, edges)).relu()
            total = total + read(pool(h, graph, 3))
        yield mine(x, edges, first), total
