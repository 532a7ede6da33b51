"""Boxes that are named by their places.

Enters: a body. Leaves: the same body; only the paths of its boxes are others.
"""

from __future__ import annotations

from typing import ClassVar

from .base import Combinator
from .passing import Passing


class Sequential(Passing, Combinator, kind="op"):
    """Names the boxes of its body `0`, `1`, `2`, … as torch.nn.Sequential does: each box counts, with weights or
    without, and so does each round of a `repeat`. A step with a name keeps it, and counts too.

    [B, 8] -> Sequential    # [B, 8]
    """

    inline: ClassVar[bool] = True
    numbered: ClassVar[bool] = True
