"""Axes as arguments: resolving negative ones, choosing the default, and saying what is wrong with them.

Enters: an axis as a spec gives it and the type that it is an axis of. Leaves: an index from 0, or a `Mistake`.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from ..limits import IN_FORCE
from ..shape import UNKNOWN, UNKNOWN_TENSOR, Dim, LimitReached, Shape, Size, Tensor
from .base import Mistake

Rule = TypeVar("Rule", bound=Callable[..., Any])


def when_known(*names: str) -> Callable[[Rule], Rule]:
    """For a shape rule that needs some of its arguments: where one is unknown, so is the output."""

    def around(rule: Rule) -> Rule:
        @wraps(rule)
        def shape(self: Any, *inputs: Any, **more: Any) -> Any:
            if any(has_unknown(getattr(self, name)) for name in names):
                return UNKNOWN_TENSOR
            return rule(self, *inputs, **more)

        return shape  # type: ignore[return-value]

    return around


def has_unknown(value: Any) -> bool:
    """Whether an argument is unknown, or a list with something unknown in it."""
    return value is UNKNOWN or (isinstance(value, tuple) and any(map(has_unknown, value)))


def brief(size: Size) -> str:
    """A size for a title or a label: a long one is not spelled out."""
    shown = str(size)
    return shown if len(shown) <= 20 else "a longer size"


def kind_of(x: Tensor, room: int = 32) -> str:
    """A type for a title: whole when it is at most `room` long, else its number of axes."""
    shown = str(x)
    return shown if len(shown) <= room else f"a tensor of {counted(x.rank, 'axis')}"


def pair(x: Tensor, y: Tensor) -> str:
    """Two types for a title."""
    shown = f"{x} and {y}"
    return shown if len(shown) <= 44 else f"{counted(x.rank, 'axis')} and {y.rank}"


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
    if isinstance(axis, Dim):
        names = " and ".join(f"`{name}`" for name in axis.symbols())
        raise Mistake("E0312", f"`{box}` needs a known axis; give {names}"[:80], at, "an axis is a number")
    if -rank <= axis < rank:
        return axis % rank
    label = axes_label(x) if not more else f"a place from 0 to {rank - 1}, or -{rank} to -1"
    raise Mistake("E0308", f"`{box}` has no axis {axis} in {kind_of(x)}", at, label)


def axes_of(box: str, axes: tuple[int, ...], x: Tensor, at: str = "axis") -> tuple[int, ...]:
    """Several axes as indices, each at most once."""
    if not axes:
        raise Mistake("E0301", f"`{box}` names no axis", at, axes_label(x), helps=("leave it out for all of them",))
    found = tuple(axis_of(box, axis, x, at) for axis in axes)
    for axis in found:
        if found.count(axis) > 1:
            raise Mistake("E0301", f"`{box}` names axis {axis} twice", at, axes_label(x))
    return found


def require(left: Size, relation: str, right: Size) -> tuple[str, ...]:
    """The line that would tell what is not known of free sizes; none where only data decide them."""
    names = {name for size in (left, right) if isinstance(size, Dim) for name in size.symbols()}
    shown = f"{_operand(left)} % {right} == 0" if relation == "%" else f"{left} {relation} {right}"
    return (f"`require: {shown}`",) if names and all(map(str.isascii, names)) else ()


def _operand(size: Size) -> str:
    text = str(size)
    return text if text.isidentifier() or text.isdigit() else f"({text})"


def need_few(box: str, count: Size, what: str) -> None:
    """E0907 when one box would make more things than a list may have: each of them is looked at."""
    most = IN_FORCE.get().elements
    if isinstance(count, int) and count > most:
        raise LimitReached("E0907", f"`{box}` of {count:,} {what}; the limit is {most:,}")


def need_axes(box: str, x: Tensor, low: int, at: str | None = None, why: str = "") -> None:
    """E0302 when there are fewer than `low` axes."""
    if x.rank < low:
        raise Mistake("E0302", f"`{box}` wants {counted(low, 'axis')} or more, got {kind_of(x)}", at, why)


def layout_axis(box: str, axis: int | None, x: Tensor, gives: dict[int, str] | None = None) -> int:
    """The axis of a box that joins or cuts: 1 where every layout has its features there, and at rank 3 what the
    author says, because [B, T, d] and [B, C, T] look the same (E0314). `gives` are the results by axis."""
    if axis is not None:
        return axis_of(box, axis, x)
    if x.rank == 3:
        shown = gives if gives is not None else {1: "", 2: ""}
        helps = tuple(f"`{box}(axis={a})`" + (f" gives {shape}" if shape else "") for a, shape in shown.items())
        # where only one axis fits, and that is all there is to say, the help is sure
        fixes = ((helps[0], None, f"{box}(axis={next(iter(shown))})"),) if gives and len(gives) == 1 else ()
        raise Mistake(
            "E0314",
            f"`{box}` at rank 3 needs `axis=`",
            None,
            "[B, T, d] or [B, C, T]? the shape does not say",
            helps=() if fixes else helps,
            fixes=fixes,
        )
    return 1 if x.rank > 1 else 0


def text(size: Size) -> str:
    """A size inside a product: sums take parentheses."""
    shown = str(size)
    return f"({shown})" if " " in shown and (" + " in shown or " - " in shown or "//" in shown) else shown


def product_text(sizes: Shape) -> str:
    """`32 * 8 * 8`, as the history of a shape shows it."""
    return " * ".join(map(text, sizes))
