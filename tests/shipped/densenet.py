"""densenet.net: torchvision's names, in its order."""

from __future__ import annotations

from collections.abc import Iterator

from copy_weights import on_images
from torchvision_on_cpu import torchvision

from . import Pair, Small, ours, reference

SMALL = {
    "DenseNet121": Small({"classes": 5, "growth": 4, "depths": [1, 2, 3, 1]}, {"H": (64, 97), "W": (80, 64)}),
}
GOLDEN = ("DenseNet121",)
PUBLISHED = {f"DenseNet{depth}": f"densenet{depth}" for depth in (121, 161, 169, 201)}


def outputs(depth: int) -> Iterator[Pair]:
    theirs = getattr(torchvision().models, f"densenet{depth}")(num_classes=10)
    mine = ours(f"densenet:DenseNet{depth}", classes=10)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    return on_images(mine, theirs, (64, 64), (65, 96))


@reference("torchvision densenet121", "DenseNet121", "DenseNet169", "DenseNet201")
def densenet121() -> Iterator[Pair]:
    return outputs(121)


@reference("torchvision densenet161", "DenseNet161")
def densenet161() -> Iterator[Pair]:
    return outputs(161)
