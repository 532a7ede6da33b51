"""vit.net: torchvision's names."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import disturb
from torch import nn
from torchvision_on_cpu import torchvision

from . import Pair, Small, ours, reference

SMALL = {
    "ViT": Small({"size": 32, "patch": 8, "d": 24, "heads": 4, "depth": 2, "classes": 5}),
}
PUBLISHED = {"ViT": "vit_b_16", "ViTB32": "vit_b_32", "ViTL16": "vit_l_16", "ViTL32": "vit_l_32", "ViTH14": "vit_h_14"}


@reference("torchvision VisionTransformer", "ViT", "ViTB32", "ViTL16", "ViTL32", "ViTH14")
@torch.no_grad()
def vit() -> Iterator[Pair]:
    """After the weights are loaded by name. The size of an image is a parameter, so there are two models."""
    for size, patch, depth in ((64, 16, 12), (96, 32, 3)):
        theirs = torchvision().models.VisionTransformer(size, patch, depth, 12, 768, 3072, num_classes=10)
        nn.init.normal_(theirs.heads.head.weight, std=0.02)
        nn.init.normal_(disturb(theirs).eval().class_token, std=0.02)
        mine = ours("vit:ViT", size=size, patch=patch, depth=depth, classes=10)
        mine.load_state_dict(theirs.state_dict(), strict=True)
        image = torch.randn(3, 3, size, size)
        yield mine(image), theirs(image)
