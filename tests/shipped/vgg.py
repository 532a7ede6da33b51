"""vgg.net: torchvision's names, in its order."""

from __future__ import annotations

from collections.abc import Iterator

from copy_weights import on_images
from torch import nn
from torchvision_on_cpu import torchvision

from . import Pair, Small, ours, reference

SMALL = {
    "VGG16": Small({"classes": 5, "depths": [1, 2, 1, 1, 1], "hidden": 8}, {"H": (64, 97), "W": (80, 64)}),
}
GOLDEN = ("VGG16BN",)
PUBLISHED = {f"VGG{depth}": f"vgg{depth}" for depth in (11, 13, 16, 19)}
PUBLISHED |= {f"VGG{depth}BN": f"vgg{depth}_bn" for depth in (11, 13, 16, 19)}


def outputs(model: str, name: str) -> Iterator[Pair]:
    """All the convolutions, and a dense part of 64 features in place of 4096. The average pooling to 7 x 7, which
    does nothing at 224 x 224, enlarges at these sizes; both sides have it."""
    theirs = getattr(torchvision().models, name)(num_classes=1)
    theirs.classifier = nn.Sequential(
        *(nn.Linear(25088, 64), nn.ReLU(), nn.Dropout()),
        *(nn.Linear(64, 64), nn.ReLU(), nn.Dropout()),
        nn.Linear(64, 10),
    )
    mine = ours(f"vgg:{model}", classes=10, hidden=64)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    return on_images(mine, theirs, (64, 64), (70, 96))


@reference("torchvision vgg16", "VGG16", "VGG11", "VGG13", "VGG19")
def plain() -> Iterator[Pair]:
    return outputs("VGG16", "vgg16")


@reference("torchvision vgg16_bn", "VGG16BN", "VGG11BN", "VGG13BN", "VGG19BN")
def normalised() -> Iterator[Pair]:
    return outputs("VGG16BN", "vgg16_bn")
