"""wrn.net: for CIFAR a plain module after the paper's table 1, for ImageNet torchvision's names, in its order."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb, in_order, on_images
from torch import nn
from torchvision_on_cpu import torchvision

from . import Pair, Small, ours, reference

SMALL = {"WRN28x10": Small({"classes": 5, "depth": 10, "wide": 1}, {"H": (16, 21), "W": (20, 16)})}
GOLDEN = ("WRN28x10",)
PUBLISHED = {
    "WRN28x10": "WRN-28-10 (CIFAR-10)", "WRN28x10C100": "WRN-28-10 (CIFAR-100)",
    "WideResNet50": "wide_resnet50_2", "WideResNet101": "wide_resnet101_2",
}  # fmt: skip


class Unit(nn.Module):
    """BN-ReLU-conv twice, and a shortcut of 1 x 1 behind the first activation where the width changes."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(before)
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.short = nn.Conv2d(before, width, 1, stride, bias=False) if before != width else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        act = self.bn1(x).relu()
        out = self.conv2(self.bn2(self.conv1(act)).relu())
        return out + (x if self.short is None else self.short(act))


class Wide(nn.Module):
    def __init__(self, depth: int, wide: int, classes: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        units, before = [], 16
        for width, stride in ((16 * wide, 1), (32 * wide, 2), (64 * wide, 2)):
            for number in range((depth - 4) // 6):
                units.append(Unit(before, width, stride if number == 0 else 1))
                before = width
        self.units = nn.Sequential(*units)
        self.bn = nn.BatchNorm2d(before)
        self.fc = nn.Linear(before, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.bn(self.units(self.stem(x))).relu()
        return self.fc(x.mean(dim=(2, 3)))


@reference("the paper's table 1 by hand", "WRN28x10", "WRN28x10C100", "WRN40x4")
@torch.no_grad()
def by_hand() -> Iterator[Pair]:
    theirs = disturb(Wide(28, 10, 10)).eval()
    mine = ours("wrn:WRN28x10")
    in_order(mine, theirs)
    for height, width in ((16, 16), (18, 13)):
        image = torch.randn(3, 3, height, width)
        yield mine(image), theirs(image)


@reference("torchvision wide_resnet50_2", "WideResNet50", "WideResNet101")
def imagenet() -> Iterator[Pair]:
    """One bottleneck in each stage."""
    theirs = torchvision().models.ResNet(
        torchvision().models.resnet.Bottleneck, [1, 1, 1, 1], num_classes=10, width_per_group=128
    )
    mine = ours("wrn:WideResNet50", classes=10, depths=[1, 1, 1, 1])
    assert list(mine.state_dict()) == list(theirs.state_dict())
    return on_images(mine, theirs, (64, 64), (96, 65))
