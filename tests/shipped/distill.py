"""distill.net: torchvision's networks as teacher and student."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb
from torchvision_on_cpu import torchvision

from . import Pair, Small, ours, reference

SMALL = {"Distilled": Small({"classes": 5}, {"H": (64, 70), "W": (72, 64)})}


@reference("torchvision resnet18 and resnet50", "Distilled")
@torch.no_grad()
def distill() -> Iterator[Pair]:
    mine, models = ours("distill:Distilled", classes=10), torchvision().models
    student, teacher = (disturb(build(num_classes=10)).eval() for build in (models.resnet18, models.resnet50))
    mine.small.load_state_dict(student.state_dict(), strict=True)
    mine.large.load_state_dict(teacher.state_dict(), strict=True)
    for height, width in ((64, 64), (96, 65)):
        image = torch.randn(3, 3, height, width)
        yield (mine(image), mine.large(image)), (student(image), teacher(image))
