"""The rules that layers share: how many axes, which dtype, which sizes must be known, what must divide what.

Enters: a box with types and sizes. Leaves: nothing, or a `Mistake`. An unknown size is silent everywhere. A symbol is
a mistake where some of its values break a rule and a `require` would say that they do not come.
"""

from typing import Any

from ..shape import UNKNOWN, Dim, Shape, Size, Tensor, fits, origin, quotient
from .axes import axis_of, counted, require
from .axes import brief as brief
from .base import Mistake, Operator


def shown(x: Tensor, room: int = 36) -> str:
    """A type for a title: whole when it is at most `room` long, else its number of axes."""
    text = str(x)
    return text if len(text) <= room else f"{x.rank} axes"


def need_rank(op: Operator, x: Tensor, ranks: range, wants: str, at: str | None = None) -> None:
    """E0302 unless the number of axes is one of `ranks`; `wants` says which shapes are: "[B, C, H, W]"."""
    if x.rank not in ranks:
        title = f"`{op.name}` wants {wants}, got "
        raise Mistake("E0302", title + shown(x, 80 - len(title)), at, counted(x.rank, "axis"))


def need_float(op: Operator, x: Tensor, at: str | None = None, helps: tuple[str, ...] = ()) -> None:
    """E0316 unless the elements are numbers with a point."""
    if x.dtype != "float":
        what = "ids are not quantities" if x.dtype == "long" else "true and false are not quantities"
        if x.dtype == "long" and not helps:
            helps = ("vectors for ids: `Embedding(...)` first",)
        raise Mistake("E0316", f"`{op.name}` works on numbers, got {shown(x)}", at, what, helps=helps)


def need_long(op: Operator, x: Tensor, at: str | None, name: str) -> None:
    """E0316 unless the elements are ids."""
    if x.dtype != "long":
        written = "[" + ", ".join(map(brief, x.sizes)) + "]"
        raise Mistake(
            "E0316",
            f"`{op.name}` wants whole numbers, got {shown(x)}",
            at,
            f"{x.dtype}, not long",
            helps=(f"declare it so: `input {name}: {written} long`",),
        )


def need_known(op: Operator, argument: str) -> None:
    """E0312 when an argument that must be a number is a symbol."""
    value = getattr(op, argument)
    for size in value if isinstance(value, tuple) else (value,):
        if isinstance(size, Dim) and size is not UNKNOWN:
            names = list(size.symbols())
            required = op.arguments[argument].required
            call = f"{brief(size)}" if required else f"{argument}={brief(size)}"
            raise _not_known(f"`{op.name}({call})` needs a known size", names, argument, size)


def need_known_input(op: Operator, x: Tensor, axis: int, at: str | None = None) -> None:
    """E0312 when an input's size that fixes the shape of a weight is a symbol."""
    size = x.sizes[axis]
    if isinstance(size, Dim) and size is not UNKNOWN:
        where = "channels are" if axis == 1 else "width is"
        made = _not_known(f"`{op.name}` needs a known size, {where} {brief(size)}", list(size.symbols()), at, size)
        if op.kind == "conv" and axis == 1 and x.rank == 3 and isinstance(x.sizes[2], int):
            made.helps = (f"channels are axis 1: `Transpose` before it gives [B, {x.sizes[2]}, T]", *made.helps)
        raise made


def _not_known(title: str, names: list[str], at: str | None, size: Size) -> Mistake:
    give = " and ".join(f"`{name}`" for name in names)
    whole = f"{title}; give {give}" if all(map(str.isascii, names)) else title
    setting = " ".join(f"{name}=224" for name in names if name.isascii())
    place = origin(size)
    return Mistake(
        "E0312",
        whole if len(whole) <= 80 else title,
        at,
        "fixes the shape of a weight",
        others=((place, f"{brief(size)} is not known here"),) if place is not None else (),
        helps=(f"e.g. `--set {setting}`",) if setting else ("data decide it, so no weight can have its size",),
    )


def known_axis(op: Any, x: Tensor, at: str = "axis") -> int | None:
    """The index of the axis that the argument `at` names; None when the argument is unknown."""
    axis = getattr(op, at)
    if axis is UNKNOWN:
        return None
    need_known(op, at)
    return axis_of(op.name, axis, x, at)


def need_divisor(op: Operator, part: Size, whole: Size, title: str, at: str | None, what: str) -> None:
    """E0306 unless `part` is known to divide `whole`; `what` names the parts in the help: "groups"."""
    if part is UNKNOWN or whole is UNKNOWN or (isinstance(part, int) and part < 1):
        return
    rest = whole - part * quotient(whole, part)
    if rest == 0:
        return
    label = ""
    helps: tuple[str, ...] = ()
    if isinstance(rest, Dim):
        label, helps = f"{brief(part)} may not divide {brief(whole)}", require(whole, "%", part)
    if isinstance(whole, int) and isinstance(part, int):
        label = f"{whole} = {part}*{whole // part} + {rest}"
        near = [n for n in range(1, whole + 1) if whole % n == 0] if whole <= 4096 else []
        near = near if len(near) <= 8 else sorted(near, key=lambda n: abs(n - part))[:8]
        if near:
            helps = (f"{what} that divide {whole}: {', '.join(map(str, sorted(near)))}",)
    place = origin(whole)
    others = ((place, f"{brief(whole)} comes from here"),) if place is not None else ()
    raise Mistake("E0306", title, at, label, others=others, helps=helps)


def need_same(a: Shape, b: Shape, title: str, at: str | None, label: str = "") -> None:
    """E0311 unless two shapes are known to be equal."""
    if not fits(a, b):
        raise Mistake("E0311", title, at, label)


def change(before: Shape, after: Shape) -> str:
    """How sizes of space changed, for the history of a shape: "halves 32"."""
    if len(before) != len(after) or any(size is UNKNOWN for size in (*before, *after)):
        return ""
    for a, b in zip(before, after, strict=True):
        if a == b:
            continue
        if b == quotient(a, 2) and a != 1:
            return f"halves {brief(a)}"
        if b == a * 2:
            return f"doubles {brief(a)}"
        if isinstance(a, int) and isinstance(b, int):
            if b and a % b == 0:
                return f"divides {a} by {a // b}"
            if a and b % a == 0:
                return f"multiplies {a} by {b // a}"
        return f"turns {brief(a)} into {brief(b)}"
    return ""


def both(*texts: str) -> str:
    """Two parts of a history, those that say something."""
    return ", ".join(text for text in texts if text)
