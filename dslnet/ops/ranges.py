"""Ranges of ids: what the whole numbers of a tensor stay under.

Enters: the types that a box is given. Leaves: the bound of what it makes, or None where nothing is known. Ids begin at
0, so a bound is lost where one may fall below.
"""

from __future__ import annotations

from typing import Any

from ..limits import INTEGER_MAX
from ..shape import Size, Tensor, compare, origin
from .axes import brief
from .base import Mistake


def widest(xs: tuple[Tensor, ...]) -> Size | None:
    """What all ids of some tensors stay under."""
    found: Size | None = None
    for x in xs:
        if x.below is None or x.dtype != "long":
            return None
        order = -1 if found is None else compare(found, x.below)
        if order is None:
            return None
        found = x.below if order == -1 else found
    return found


def under(side: Tensor, constant: Any) -> Size | None:
    """What one side of an operation stays under; a whole number from 0 is one below the next."""
    if constant is None:
        return side.below if side.dtype == "long" else None
    whole = isinstance(constant, int) and not isinstance(constant, bool)
    return constant + 1 if whole and 0 <= constant < INTEGER_MAX else None


def total(a: Size | None, b: Size | None) -> Size | None:
    """What the sum of two ids stays under."""
    return None if a is None or b is None else a + b - 1


def product(a: Size | None, b: Size | None) -> Size | None:
    """What the product of two ids stays under."""
    if not isinstance(a, int) or not isinstance(b, int):
        return None
    made = (a - 1) * (b - 1) + 1
    return made if made <= INTEGER_MAX else None


def need_range(index: Tensor, rows: Size, at: str, what: str) -> None:
    """E0313 when ids certainly go beyond the rows; `what` has them: "axis 0"."""
    below = index.below
    if below is not None and compare(below, rows) == 1:
        place = origin(below)
        raise Mistake(
            "E0313",
            f"ids go up to {brief(below - 1)}, {what} has {brief(rows)} rows",
            at,
            f"below {brief(below)}",
            others=((place, f"ids below {brief(below)}"),) if place is not None else (),
        )
