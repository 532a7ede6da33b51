"""se_resnet.net: timm's names, in its order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from copy_weights import on_images
from torchvision_on_cpu import declare

from . import Pair, Small, ours, reference

SMALL = {"SEResNet50": Small({"classes": 5, "depths": [1, 1, 1, 1]}, {"H": (48, 65), "W": (64, 40)})}
GOLDEN = ("SEResNet50",)


@reference("timm seresnet50", "SEResNet50", "SEResNet101", "SEResNet152")
def seresnet50() -> Iterator[Pair]:
    declare()  # timm imports torchvision
    timm = pytest.importorskip("timm", reason="timm is not installed, or does not import")
    theirs = timm.create_model("seresnet50", num_classes=10)
    mine = ours("se_resnet:SEResNet50", classes=10)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    return on_images(mine, theirs, (64, 64), (65, 96))
