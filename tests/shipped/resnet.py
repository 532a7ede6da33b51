"""resnet.net: torchvision's names, in its order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from copy_weights import disturb
from torchvision_on_cpu import torchvision

from . import Pair, Small, ours, reference

SMALL = {"ResNet18": Small({"classes": 5, "depths": [1, 1, 1, 1]}, {"H": (48, 65), "W": (64, 40)})}
GOLDEN = ("ResNet50", "ResNeXt50")
PUBLISHED = {
    "ResNet18": "resnet18", "ResNet34": "resnet34", "ResNet50": "resnet50", "ResNet101": "resnet101",
    "ResNet152": "resnet152", "ResNeXt50": "resnext50_32x4d",
}  # fmt: skip


@torch.no_grad()
def outputs(mine: Any, theirs: Any) -> Iterator[Pair]:
    """Two sizes of image, after the weights are loaded by name."""
    disturb(theirs).eval()
    assert list(mine.state_dict()) == list(theirs.state_dict())
    mine.load_state_dict(theirs.state_dict(), strict=True)
    for height, width in ((64, 64), (96, 65)):
        image = torch.randn(3, 3, height, width)
        yield mine(image), theirs(image)


@reference("torchvision resnet18", "ResNet18", "ResNet34")
def resnet18() -> Iterator[Pair]:
    return outputs(ours("resnet:ResNet18", classes=10), torchvision().models.resnet18(num_classes=10))


@reference("torchvision resnet50", "ResNet50", "ResNet101", "ResNet152")
def resnet50() -> Iterator[Pair]:
    return outputs(ours("resnet:ResNet50", classes=10), torchvision().models.resnet50(num_classes=10))


@reference("torchvision resnext50_32x4d", "ResNeXt50")
def resnext() -> Iterator[Pair]:
    theirs = torchvision().models.ResNet(
        torchvision().models.resnet.Bottleneck, [1, 1, 1, 1], num_classes=10, groups=32, width_per_group=4
    )
    return outputs(ours("resnet:ResNeXt50", classes=10, depths=[1, 1, 1, 1]), theirs)
