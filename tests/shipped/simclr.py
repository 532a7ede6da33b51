"""simclr.net: the features that are kept are those of torchvision's network before its last layer."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb
from torch import nn
from torchvision_on_cpu import torchvision

from . import Pair, Small, ours, reference

SMALL = {"SimCLR": Small({}, {"H": (64, 70), "W": (72, 64)}, export=False)}


@reference("torchvision resnet50", "SimCLR")
@torch.no_grad()
def features() -> Iterator[Pair]:
    mine, theirs = ours("simclr:SimCLR"), disturb(torchvision().models.resnet50()).eval()
    theirs.fc = nn.Identity()
    mine.load_state_dict({f"encoder.{name}": value for name, value in theirs.state_dict().items()}, strict=True)
    for height, width in ((64, 64), (96, 65)):
        image = torch.randn(3, 3, height, width)
        yield mine(image), theirs(image)
