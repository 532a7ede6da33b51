"""alexnet.net: torchvision's names, in its order."""

from __future__ import annotations

from collections.abc import Iterator

from copy_weights import on_images
from torchvision_on_cpu import torchvision

from . import Pair, Small, ours, reference

SMALL = {"AlexNet": Small({"classes": 5, "hidden": 8}, {"H": (95, 127), "W": (127, 96)})}
GOLDEN = ("AlexNet",)
PUBLISHED = {"AlexNet": "alexnet"}


@reference("torchvision alexnet", "AlexNet")
def alexnet() -> Iterator[Pair]:
    theirs = torchvision().models.alexnet(num_classes=10)
    mine = ours("alexnet:AlexNet", classes=10)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    return on_images(mine, theirs, (95, 95), (127, 96))
