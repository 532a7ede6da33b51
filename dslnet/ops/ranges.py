"""Ranges of ids: which whole numbers a tensor holds.

Enters: the types that a box is given. Leaves: the range of what it makes, `(low, below)` for low <= id < below, or None
where nothing is known. A range holds whatever the data are, so it is never too small.
"""

from __future__ import annotations

from typing import Any

from ..limits import INTEGER_MAX
from ..shape import Shape, Size, Tensor, compare, origin, quotient
from .axes import brief
from .base import Mistake

Range = tuple[Size, Size] | None


def ids(shape: Shape, dtype: str, range_: Range) -> Tensor:
    """A tensor whose elements lie in a range; only whole numbers have one."""
    if range_ is None or dtype != "long":
        return Tensor(shape, dtype)
    low, below = range_
    return Tensor(shape, dtype, below, None if isinstance(low, int) and low == 0 else low)


def range_of(side: Tensor, constant: Any = None) -> Range:
    """The range of one side of an operation, or of a constant."""
    if constant is None:
        return None if side.dtype != "long" or side.below is None else (side.low or 0, side.below)
    whole = isinstance(constant, int) and not isinstance(constant, bool)
    return (constant, constant + 1) if whole and abs(constant) < INTEGER_MAX else None


def widest(ranges: list[Range]) -> Range:
    """The range of what comes from any of some tensors."""
    found = ranges[0]
    for other in ranges[1:]:
        found = _each(found, other, -1, 1)
    return found


def least(a: Range, b: Range) -> Range:
    """The range of the smaller of two."""
    return _each(a, b, -1, -1)


def greatest(a: Range, b: Range) -> Range:
    """The range of the larger of two."""
    return _each(a, b, 1, 1)


def _each(a: Range, b: Range, low: int, below: int) -> Range:
    """The ends chosen one by one: the smaller (-1) or the larger (1) of each."""
    if a is None or b is None:
        return None
    ends = [_chosen(a[0], b[0], low), _chosen(a[1], b[1], below)]
    return None if ends[0] is None or ends[1] is None else (ends[0], ends[1])


def _chosen(a: Size, b: Size, which: int) -> Size | None:
    order = compare(a, b)
    return None if order is None else a if order in (0, which) else b


def total(a: Range, b: Range) -> Range:
    """The range of a sum."""
    return None if a is None or b is None else (a[0] + b[0], a[1] + b[1] - 1)


def difference(a: Range, b: Range) -> Range:
    """The range of a - b."""
    return None if a is None or b is None else (a[0] - b[1] + 1, a[1] - b[0])


def product(a: Range, b: Range) -> Range:
    """The range of a product of numbers that are known."""
    if a is None or b is None:
        return None
    corners = [x * y for x in (a[0], a[1] - 1) for y in (b[0], b[1] - 1)]
    known = [x for x in corners if isinstance(x, int)]
    return (min(known), max(known) + 1) if len(known) == 4 and max(map(abs, known)) < INTEGER_MAX else None


def whole_part(a: Range, by: Any) -> Range:
    """The range of a // by."""
    if a is None or not isinstance(by, int) or isinstance(by, bool) or by < 1:
        return None
    return quotient(a[0], by), quotient(a[1] - 1, by) + 1


def remainder(a: Range, by: Any) -> Range:
    """The range of a % by, which is a where that is small enough."""
    if not isinstance(by, int) or isinstance(by, bool) or by < 1:
        return None
    small = a is not None and compare(a[0], 0) in (0, 1) and compare(a[1], by) in (-1, 0)
    return a if small else (0, by)


def clamped(a: Range, low: Any, high: Any) -> Range:
    """The range of what is kept between two whole numbers, of which one may be None."""
    if a is None:
        return None if low is None or high is None else (low, high + 1)
    kept = a if low is None else greatest(a, (low, low + 1))
    return kept if high is None else least(kept, (high, high + 1))


def need_range(index: Tensor, rows: Size, at: str, what: str) -> None:
    """E0313 when ids go beyond the rows; `what` has them: "axis 0"."""
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


def need_from_zero(index: Tensor, at: str | None, what: str) -> None:
    """E0313 when ids go below 0, where `what` has no row; an index that picks, as of `Gather`, counts from the end."""
    if index.low is not None and index.below is not None and compare(index.low, 0) == -1:
        raise Mistake(
            "E0313",
            f"ids go down to {brief(index.low)}, and those of {what} begin at 0",
            at,
            f"from {brief(index.low)}",
            helps=("`max(…, 0)` around them keeps them at 0, `… % n` counts from the end",),
        )
