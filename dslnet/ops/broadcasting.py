"""The rule of broadcasting: sizes align from the right, and each pair is known to be equal or holds a 1.

Enters: two types. Leaves: the shape of their elementwise result, or a `Mistake` (E0317) that says what would fit. A
difference of rank is for scalars, for a shape that is the end of the other, and, with `loose`, for free parameters.
"""

from ..shape import UNKNOWN, Dim, Shape, Size, Tensor, differ, same, shape_text
from .axes import brief, pair
from .base import Mistake


def broadcast(sign: str, x: Tensor, y: Tensor, loose: bool = False, named: bool = False) -> Shape:
    """The shape of an elementwise result; E0317 where two shapes do not broadcast. `named` inputs are the ports x and
    y, whose names the builder knows."""
    if x.rank == 0 or y.rank == 0:
        return x.sizes or y.sizes
    if x.rank != y.rank and not loose and not _tail(x, y) and not _crossed(x, y):
        raise _ranks(sign, x, y)
    a, b = _padded(x.sizes, y.rank), _padded(y.sizes, x.rank)
    result: list[Size] = []
    for axis, (m, n) in enumerate(zip(a, b, strict=True)):
        if m == 1 or n == 1:
            result.append(n if m == 1 else m)
        elif same(m, n):
            result.append(n if m is UNKNOWN else m)
        else:
            raise _sizes(sign, x, y, axis, m, n, named)
    return tuple(result)


def stretched(x: Tensor, y: Tensor) -> bool:
    """Whether broadcasting makes both sides larger: a column against a row."""
    a, b = _padded(x.sizes, y.rank), _padded(y.sizes, x.rank)
    pairs = list(zip(a, b, strict=True))
    return any(m == 1 and differs_from_1(n) for m, n in pairs) and any(n == 1 and differs_from_1(m) for m, n in pairs)


def differs_from_1(size: Size) -> bool:
    return size is not UNKNOWN and size != 1


def _padded(shape: Shape, rank: int) -> Shape:
    return (1,) * (rank - len(shape)) + shape


def _tail(x: Tensor, y: Tensor) -> bool:
    """Whether one shape is the end of the other, as the [T, d] of positions is of [B, T, d]: nothing is stretched
    but the axes that are missing."""
    low, high = (x.sizes, y.sizes) if x.rank < y.rank else (y.sizes, x.sizes)
    return all(m == n or m is UNKNOWN or n is UNKNOWN for m, n in zip(low, high[len(high) - len(low) :], strict=True))


def _crossed(x: Tensor, y: Tensor) -> bool:
    """[B, 1] against [B] fits and stretches both, which is a warning (W0412) and no mistake."""
    a, b = _padded(x.sizes, y.rank), _padded(y.sizes, x.rank)
    return stretched(x, y) and all(m == 1 or n == 1 or same(m, n) for m, n in zip(a, b, strict=True))


def _ranks(sign: str, x: Tensor, y: Tensor) -> Mistake:
    low, high = (x, y) if x.rank < y.rank else (y, x)
    helps = []
    places = _places(low.sizes, high.sizes)
    if places:
        steps = " -> ".join(f"Unsqueeze({i})" for i in places)
        made = [1 if i in places else None for i in range(high.rank)]
        rest = iter(low.sizes)
        shape = tuple(next(rest) if size is None else size for size in made)
        advice = f"`{steps}` on {low} gives {shape_text(shape)}"
        if high.rank > 3 and places == tuple(range(2, high.rank)):
            advice += ", or `AdaptiveAvgPool(1)` in place of `GlobalAvgPool`"
        helps.append(advice)
    title = f"`{sign}` wants equal ranks, got {pair(x, y)}"
    return Mistake("E0317", title, None, f"rank {x.rank} and {y.rank}", helps=tuple(helps))


def _places(low: Shape, high: Shape) -> tuple[int, ...]:
    """Where axes of size 1 let `low` fit `high`, the leftmost fit first; empty when nothing does."""
    places: list[int] = []
    rest = list(low)
    for axis, size in enumerate(high):
        left = len(high) - axis
        if rest and (same(rest[0], size) or (rest[0] == 1 and len(rest) == left)):
            rest.pop(0)
        else:
            places.append(axis)
    return tuple(places) if not rest else ()


def _sizes(sign: str, x: Tensor, y: Tensor, axis: int, m: Size, n: Size, named: bool) -> Mistake:
    shown = pair(x, y)
    if differ(m, n):
        return Mistake("E0317", f"`{sign}` does not fit {shown}", None, f"axis {axis}: {brief(m)} and {brief(n)}")
    one, other, side = (m, n, y) if isinstance(m, Dim) else (n, m, x)  # `one` is free, `side` has the other
    title = f"`{sign}` fits {shown} only when {brief(one)} is {brief(other)}"
    if len(title) > 80:
        title = f"`{sign}` fits its inputs only when {brief(one)} is {brief(other)}"
    label = f"axis {axis}: {brief(one)} is free"
    if isinstance(other, Dim):
        return Mistake("E0317", title, None, label, helps=("write the same symbol in both shapes",))
    if axis != max(x.rank, y.rank) - side.rank:
        return Mistake("E0317", title, None, label)
    row = shape_text((1, *side.sizes[1:]), side.dtype)
    if not named:
        return Mistake("E0317", title, None, label, helps=(f"{row} in place of {side} repeats one row",))
    port = "y" if side is y else "x"
    return Mistake("E0317", title, None, label, fixes=((f"`{{{port}}}: {row}` repeats one row", port, row),))
