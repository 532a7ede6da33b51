"""simclr.net: the features that are kept are those of torchvision's network before its last layer."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb, in_order
from torch import Tensor, nn
from torchvision_on_cpu import torchvision

from . import Pair, Small, ours, reference

SMALL = {"SimCLR": Small({}, {"H": (64, 70), "W": (72, 64)})}


def nt_xent(codes: list[Tensor], temperature: float) -> Tensor:
    """Equation 1 of the paper, for every row by itself: rows i and i + N are two views of one image."""
    rows = list(torch.cat(codes))
    total = torch.tensor(0.0)
    for i, row in enumerate(rows):
        alike = [torch.cosine_similarity(row, other, dim=0) / temperature for other in rows]
        others = torch.stack([score for k, score in enumerate(alike) if k != i])
        total += others.logsumexp(0) - alike[(i + len(rows) // 2) % len(rows)]
    return total / len(rows)


@reference("torchvision resnet50", "SimCLR")
@torch.no_grad()
def features() -> Iterator[Pair]:
    """The features of one view, and the loss of two."""
    mine, theirs = ours("simclr:SimCLR"), disturb(torchvision().models.resnet50()).eval()
    theirs.fc = nn.Identity()
    head = nn.Sequential(nn.Linear(2048, 2048), nn.ReLU(), nn.Linear(2048, 128))
    mine.encoder.load_state_dict(theirs.state_dict(), strict=True)
    in_order(mine.head, head)
    for height, width in ((64, 64), (96, 65)):
        view, other = torch.randn(3, 3, height, width), torch.randn(3, 3, height, width)
        loss = mine.losses({"view": view, "other": other})["loss"]
        yield (mine(view), loss), (theirs(view), nt_xent([head(theirs(view)), head(theirs(other))], 0.5))
