"""deeplab.net: torchvision's names, in its order, with the auxiliary head that its checkpoints have."""

from __future__ import annotations

from collections.abc import Iterator

from . import Pair, Small, reference
from .fcn import outputs

SMALL = {
    "DeepLabV3ResNet50": Small(
        {"classes": 5, "depths": [1, 1, 1, 1], "rates": [2, 3, 4]}, {"H": (32, 41), "W": (40, 32)}
    )
}
GOLDEN = ("DeepLabV3ResNet50",)
PUBLISHED = {"DeepLabV3ResNet50": "deeplabv3_resnet50", "DeepLabV3ResNet101": "deeplabv3_resnet101"}


@reference("torchvision deeplabv3_resnet50", "DeepLabV3ResNet50", "DeepLabV3ResNet101")
def deeplabv3_resnet50() -> Iterator[Pair]:
    return outputs("deeplab:DeepLabV3ResNet50", "deeplabv3_resnet50")
