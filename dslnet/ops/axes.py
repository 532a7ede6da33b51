"""Axes as arguments: resolving negative ones, choosing the default, and saying what is wrong with them.

Enters: an axis as a spec gives it and the type that it is an axis of. Leaves: an index from 0, or a `Mistake`.
"""

from ..shape import Shape, Size, Tensor, shape_text
from .base import Mistake


def counted(n: int, what: str) -> str:
    """`1 axis`, `3 axes`."""
    plural = what[:-2] + "es" if what.endswith("is") else what + "s"
    return f"{n} {what if n == 1 else plural}"


def axes_label(x: Tensor) -> str:
    """Which axes there are, as a label of a mistake."""
    if x.rank == 0:
        return "a scalar has no axes"
    return "only axis 0" if x.rank == 1 else f"axes 0 to {x.rank - 1}, or -{x.rank} to -1"


def axis_of(box: str, axis: int, x: Tensor, at: str = "axis", more: int = 0) -> int:
    """The index of an axis of `x`, which has `more` axes than its type says; E0308 when there is none."""
    rank = x.rank + more
    if -rank <= axis < rank:
        return axis % rank
    label = axes_label(x) if not more else f"a place from 0 to {rank - 1}, or -{rank} to -1"
    raise Mistake("E0308", f"`{box}` has no axis {axis} in {x}", at, label)


def axes_of(box: str, axes: tuple[int, ...], x: Tensor, at: str = "axis") -> tuple[int, ...]:
    """Several axes as indices, each at most once."""
    found = tuple(axis_of(box, axis, x, at) for axis in axes)
    for axis in found:
        if found.count(axis) > 1:
            raise Mistake("E0301", f"`{box}` names axis {axis} twice", at, axes_label(x))
    return found


def written(axis: int, rank: int) -> int:
    """An axis as the emitted source has it: counted from 0."""
    return axis % rank if rank else 0


def need_rank(box: str, x: Tensor, low: int, at: str | None = None, why: str = "") -> None:
    """E0302 when there are fewer than `low` axes."""
    if x.rank < low:
        raise Mistake("E0302", f"`{box}` wants {counted(low, 'axis')} or more, got {x}", at, why)


def layout_axis(box: str, axis: int | None, x: Tensor, gives: dict[int, Shape] | None = None) -> int:
    """The axis of a box that joins or cuts: 1 where every layout has its features there, and at rank 3 what the
    author says, because [B, T, d] and [B, C, T] look the same (E0314). `gives` are the results by axis."""
    if axis is not None:
        return axis_of(box, axis, x)
    if x.rank == 3:
        shown = gives if gives is not None else {1: (), 2: ()}
        helps = tuple(
            f"`{box}(axis={a})`" + (f" gives {shape_text(shape)}" if shape else "") for a, shape in shown.items()
        )
        raise Mistake(
            "E0314", f"`{box}` at rank 3 needs `axis=`", None, "[B, T, d] or [B, C, T]? the shape does not say",
            helps=helps,
        )
    return 1 if x.rank > 1 else 0


def text(size: Size) -> str:
    """A size inside a product: sums take parentheses."""
    shown = str(size)
    return f"({shown})" if " " in shown and (" + " in shown or " - " in shown or "//" in shown) else shown


def product_text(sizes: Shape) -> str:
    """`32 * 8 * 8`, as the history of a shape shows it."""
    return " * ".join(map(text, sizes))
