"""Windows that slide over an image: the arithmetic that convolutions and pools share.

Enters: the sizes of space with kernel, stride, padding and dilation, one value or one for each axis. Leaves: the
padding as numbers, the sizes of the result, or a `Mistake` at the argument that is wrong.

`padding="same"`, with k = dilation * (kernel - 1) + 1: 0 where k <= stride, so that windows do not overlap
(patches, `MaxPool(2)`), else (k - 1) // 2 on each side.
"""

from typing import Any

from ..shape import UNKNOWN, Shape, Size, Tensor, compare, quotient
from .axes import counted
from .base import Mistake, Operator
from .rules import brief, need_known, shown

#: The axes of space by rank: what is made, and the names of its axes.
SPACES: dict[int, tuple[str, tuple[str, ...]]] = {
    1: ("a signal", ("length",)),
    2: ("an image", ("height", "width")),
    3: ("a volume", ("depth", "height", "width")),
}
LAYOUTS = "[B, C, T], [B, C, H, W] or [B, C, D, H, W]"


def need_space(op: Operator, x: Tensor) -> int:
    """The number of axes of space; E0302 when the layout is none of `LAYOUTS`."""
    if x.rank not in (3, 4, 5):
        raise Mistake(
            "E0302",
            f"`{op.name}` wants 3 to 5 axes, got {shown(x)}",
            "x",
            counted(x.rank, "axis"),
            notes=(f"layouts: {LAYOUTS}",),
        )
    return x.rank - 2


def each(op: Operator, argument: str, x: Tensor) -> Shape:
    """An argument as one value for each axis of space."""
    value: Any = getattr(op, argument)
    n = x.rank - 2
    if not isinstance(value, tuple):
        return (value,) * n
    if len(value) != n:
        what = SPACES[n][0]
        axes = "axis" if n == 1 else "axes"
        raise Mistake(
            "E0301",
            f"`{argument}` of {op.name} has {len(value)} sizes, {what} has {n} {axes}",
            argument,
            helps=(f"one size for all: `{argument}={value[0]}`",) if value else (),
        )
    return value


def reach(kernel: Size, dilation: Size) -> Size:
    """k, the length that a window covers."""
    return dilation * (kernel - 1) + 1


def paddings(op: Operator, x: Tensor, kernel: Shape, stride: Shape, dilation: Shape) -> Shape:
    """The padding on each side, for each axis of space."""
    if op.padding != "same":  # type: ignore[attr-defined]
        return each(op, "padding", x)
    return tuple(_same(op, reach(k, d), s) for k, s, d in zip(kernel, stride, dilation, strict=True))


def _same(op: Operator, k: Size, stride: Size) -> Size:
    if k is UNKNOWN or stride is UNKNOWN:
        return UNKNOWN
    order = compare(k, stride)
    if order is None:
        for argument in ("kernel_size", "stride"):
            need_known(op, argument)
    if order in (-1, 0):
        return 0
    if stride == 1 and k - 2 * quotient(k, 2) == 0:
        raise even(op, k)
    return quotient(k - 1, 2)


def even(op: Operator, k: Size, transposed: bool = False) -> Mistake:
    """An even window at stride 1 cannot keep the size. A `transposed` one grows where the others shrink."""
    half, most = brief(quotient(k, 2)), brief(k - 1)
    helps: tuple[str, ...] = ()
    if "padding" in op.arguments:
        more, less = ("larger", "smaller") if transposed else ("smaller", "larger")
        helps = (f"`padding=0` makes it {most} {more}, `padding={half}` makes it 1 {less}",)
    another = f", or another stride for `{op.name}`" if "stride" in op.arguments else ""
    return Mistake(
        "E0301",
        f"an even window of {brief(k)} at stride 1 cannot keep the size",
        "kernel_size",
        'no middle: "same" needs an odd one',
        helps=(*helps, f"an odd kernel{another}"),
    )


def slide(op: Operator, x: Tensor, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Shape:
    """The sizes of space of the result: (size + 2 padding - k) // stride + 1; E0307 when that is certainly below 1.

    With the argument `ceil_mode` the last window may hang over the end, but begins inside the image or its left
    padding, as in PyTorch.
    """
    up = getattr(op, "ceil_mode", False)
    result = []
    for axis, (size, k, s, p, d) in enumerate(zip(x.sizes[2:], kernel, stride, padding, dilation, strict=True)):
        k = reach(k, d)
        room = size + (2 * p - k)
        if compare(room + (s - 1) if up is True else room, 0) == -1:
            raise _too_large(op, x, axis, k, s, p)
        if up is True and compare(k, p + s) in (-1, 0):
            result.append(-quotient(-(size + p), s))
        elif up is True:
            result.append(-quotient(-room, s) + 1)
        else:
            result.append(quotient(room, s) + 1 if s != 1 else size + (2 * p - k + 1))
    return tuple(result)


def _too_large(op: Operator, x: Tensor, axis: int, k: Size, stride: Size, padding: Size) -> Mistake:
    what, names = SPACES[x.rank - 2]
    size = x.sizes[2 + axis]
    room = size + 2 * padding - k
    value = quotient(room, stride) + 1
    smaller = f"a kernel of {brief(size)} or less"
    other = f'{smaller}, or leave `padding` out ("same")'
    helps: tuple[str, ...] = (smaller,)
    fixes: tuple[tuple[str, str, str], ...] = ()
    if getattr(op, "padding", "same") != "same":
        # "same" keeps a window that is wider than its step inside, where it has a middle
        fits = compare(k, stride) == 1 and (stride != 1 or isinstance(k, int) and k % 2 == 1)
        helps, fixes = ((), ((other, "padding", ""),)) if fits else ((other,), ())
    return Mistake(
        "E0307",
        f"`{op.name}` would make {what} of {names[axis]} {brief(value)}",
        "kernel_size",
        f"kernel {brief(k)} > {names[axis]} {brief(size)}",
        notes=(f"({size} + 2*{padding} - {k}) / {stride} + 1 = {value}",),
        helps=helps,
        fixes=fixes,
    )


def folded(sizes: Shape) -> Any:
    """Equal sizes as one, as a person writes it: (3, 3) is 3."""
    return sizes[0] if all(size == sizes[0] for size in sizes) else tuple(sizes)
