"""mobilenet.net: torchvision's names, in its order."""

from __future__ import annotations

from collections.abc import Iterator

from copy_weights import on_images
from torchvision_on_cpu import torchvision

from . import Pair, Small, ours, reference

ROWS = {"early": [[3, 16, 16, 8, 1], [3, 24, 20, 0, 2]], "late": [[5, 40, 20, 16, 1]], "last": 24, "hidden": 16}
SMALL = {"MobileNetV3Large": Small({"classes": 5, **ROWS}, {"H": (32, 45), "W": (48, 32)})}
GOLDEN = ("MobileNetV3Large",)
PUBLISHED = {"MobileNetV3Large": "mobilenet_v3_large"}


def outputs(model: str, name: str) -> Iterator[Pair]:
    theirs = getattr(torchvision().models, name)(num_classes=10)
    mine = ours(f"mobilenet:{model}", classes=10)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    return on_images(mine, theirs, (64, 64), (65, 96))


@reference("torchvision mobilenet_v3_large", "MobileNetV3Large")
def large() -> Iterator[Pair]:
    return outputs("MobileNetV3Large", "mobilenet_v3_large")


@reference("torchvision mobilenet_v3_small", "MobileNetV3Small")
def small() -> Iterator[Pair]:
    return outputs("MobileNetV3Small", "mobilenet_v3_small")
