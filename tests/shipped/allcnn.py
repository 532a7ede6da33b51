"""allcnn.net: a plain module after table 1 of the paper."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb, in_order
from torch import nn

from . import Pair, Small, ours, reference

SMALL = {"AllCNN": Small({"classes": 5, "widths": [4, 6]}, {"H": (32, 41), "W": (36, 32)})}
GOLDEN = ("AllCNN",)
PUBLISHED = {"AllCNN": "All-CNN-C (CIFAR-10)"}


class AllConvolutional(nn.Module):
    """All-CNN-C, with dropout of 20 % on the image and of 50 % after each layer that replaces a pooling."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 96, 3, padding=1)
        self.conv2 = nn.Conv2d(96, 96, 3, padding=1)
        self.pool1 = nn.Conv2d(96, 96, 3, stride=2, padding=1)
        self.conv3 = nn.Conv2d(96, 192, 3, padding=1)
        self.conv4 = nn.Conv2d(192, 192, 3, padding=1)
        self.pool2 = nn.Conv2d(192, 192, 3, stride=2, padding=1)
        self.conv5 = nn.Conv2d(192, 192, 3)
        self.conv6 = nn.Conv2d(192, 192, 1)
        self.conv7 = nn.Conv2d(192, classes, 1)
        self.drop, self.drop_half = nn.Dropout(0.2), nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv2(self.conv1(self.drop(x)).relu()).relu()
        x = self.drop_half(self.pool1(x).relu())
        x = self.conv4(self.conv3(x).relu()).relu()
        x = self.drop_half(self.pool2(x).relu())
        x = self.conv6(self.conv5(x).relu()).relu()
        x = self.conv7(x).relu()
        return x.mean(dim=(2, 3))


@reference("the paper's table 1 by hand", "AllCNN", "AllCNN100")
@torch.no_grad()
def by_hand() -> Iterator[Pair]:
    theirs = disturb(AllConvolutional(10)).eval()
    mine = ours("allcnn:AllCNN")
    in_order(mine, theirs)
    for height, width in ((32, 32), (45, 40)):
        image = torch.randn(3, 3, height, width)
        yield mine(image), theirs(image)
