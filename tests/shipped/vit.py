"""vit.net."""

from __future__ import annotations

from . import Small

SMALL = {
    "ViT": Small({"size": 32, "patch": 8, "d": 24, "heads": 4, "depth": 2, "classes": 5}),
}
PUBLISHED = {"ViT": "vit_b_16", "ViTB32": "vit_b_32", "ViTL16": "vit_l_16", "ViTL32": "vit_l_32", "ViTH14": "vit_h_14"}
