"""vgg.net."""

from __future__ import annotations

from . import Small

SMALL = {
    "VGG16": Small({"classes": 5, "depths": [1, 2, 1, 1, 1], "hidden": 8}, {"H": (64, 97), "W": (80, 64)}),
}
GOLDEN = ("VGG16BN",)
PUBLISHED = {f"VGG{depth}": f"vgg{depth}" for depth in (11, 13, 16, 19)}
PUBLISHED |= {f"VGG{depth}BN": f"vgg{depth}_bn" for depth in (11, 13, 16, 19)}
