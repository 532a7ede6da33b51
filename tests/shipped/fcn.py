"""fcn.net: torchvision's names, in its order, with the auxiliary head that its checkpoints have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from copy_weights import on_images
from torch import nn
from torchvision_on_cpu import torchvision

from . import Pair, Small, ours, reference

SMALL = {"FCNResNet50": Small({"classes": 5, "depths": [1, 1, 1, 1]}, {"H": (32, 41), "W": (40, 32)})}
GOLDEN = ("FCNResNet50",)
PUBLISHED = {"FCNResNet50": "fcn_resnet50", "FCNResNet101": "fcn_resnet101"}


class Masks(nn.Module):
    """torchvision's, with a tuple in place of its table of outputs."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        return self.net.state_dict(*args, **kwargs)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        found = self.net(image)
        return found["out"], found["aux"]


def outputs(model: str, name: str) -> Iterator[Pair]:
    made = getattr(torchvision().models.segmentation, name)
    theirs = Masks(made(weights=None, weights_backbone=None, num_classes=5, aux_loss=True))
    mine = ours(model, classes=5)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    return on_images(mine, theirs, (48, 48), (41, 56))


@reference("torchvision fcn_resnet50", "FCNResNet50", "FCNResNet101")
def fcn_resnet50() -> Iterator[Pair]:
    return outputs("fcn:FCNResNet50", "fcn_resnet50")
