"""Boxes that take tensors apart and change their border: splitting, slicing, rolling, padding, cropping.

Enters: one tensor. Leaves: parts of it, or the same with more around it.
"""

from typing import Any, Literal

from ..shape import UNKNOWN, Size, Tensor, at_most, bounds, compare, differ, same, shape_text
from .arguments import Amounts, Axis, Extents, Real, Whole
from .axes import axis_of, brief, kind_of, layout_axis, need_few, pair, require, text, when_known
from .base import Mistake, Onnx, Operator, Wire
from .code import Code, Cut, Subscript, X, apply, method
from .dependence import Steps, Traced, across, shifted
from .ranges import Range, ids, range_of, widest


class Split(Operator, kind="shape"):
    """Cuts an axis into `parts` equal pieces, or into pieces of the given sizes. The value is a tuple of them,
    indexed `[i]`. The axis is 1 by default, and compulsory at rank 3.

    [B, 64, H, W] -> Split(2)    # [B, 32, H, W] and [B, 32, H, W]
    [2, 6] -> Split([1, 2, 3])    # [2, 1] and [2, 2] and [2, 3]
    [B, T, 96] -> Split(3, axis=2)    # [B, T, 32] and [B, T, 32] and [B, T, 32]
    """

    parts: Extents
    axis: Axis | None = None

    def _axis(self, x: Tensor) -> int:
        if x.rank == 0:
            axis_of("Split", 1, x)
        return layout_axis("Split", self.axis, x)

    def _sizes(self, x: Tensor) -> tuple[Size, ...]:
        size = x.sizes[self._axis(x)]
        if isinstance(self.parts, tuple):
            total: Size = 0
            for part in self.parts:
                total = total + part
            if not same(total, size):
                title = f"{shape_text(self.parts)} adds up to {brief(total)}, the axis has {brief(size)}"
                raise Mistake("E0315", title, "parts", f"axis {self._axis(x)} of {kind_of(x)}")
            return self.parts
        if not isinstance(self.parts, int):
            raise Mistake("E0312", f"`Split({self.parts})` needs a known number of parts", "parts")
        need_few("Split", self.parts, "parts")
        each = size // self.parts
        if not same(each * self.parts, size):
            at = f"axis {self._axis(x)} of {kind_of(x)}"
            if isinstance(size, int):
                possible = [str(n) for n in range(1, min(size, 64) + 1) if size % n == 0]
                helps = (f"parts that divide {size}: {', '.join(possible[:8])}",)
                raise Mistake("E0306", f"{self.parts} parts do not divide an axis of {size}", "parts", at, helps=helps)
            title = f"{self.parts} parts may not divide an axis of {brief(size)}"
            raise Mistake("E0306", title, "parts", at, helps=require(size, "%", self.parts))
        return (each,) * self.parts

    @when_known("parts", "axis")
    def shape(self, x: Tensor) -> tuple[Tensor, ...]:
        axis = self._axis(x)
        return tuple(x.with_shape(*x.sizes[:axis], size, *x.sizes[axis + 1 :]) for size in self._sizes(x))

    def dependence(self, x: Traced) -> tuple[Steps, ...]:
        axis, start, found = self._axis(x.type), 0, []  # type: int, Size, list[Steps]
        for size in self._sizes(x.type):
            found.append(shifted(x.steps, axis, start if isinstance(start, int) else None, "cuts the steps"))
            start = start + size
        return tuple(found)

    def torch(self, x: Tensor) -> Code:
        axis = self._axis(x)
        if isinstance(self.parts, tuple):
            return method(X, "split", self.parts, dim=axis)
        return method(X, "chunk", self.parts, dim=axis)

    def onnx(self, g: Onnx, x: Wire) -> tuple[str, ...]:
        return g.split(x, self._sizes(x.type), self._axis(x.type))


class Slice(Operator, kind="shape"):
    """From `start` up to but not including `stop`, every `step`; negative numbers count from the end.

    [B, 10, 8] -> Slice(0, 4)    # [B, 4, 8]
    [B, T, 8] -> Slice(1, none, axis=1)    # [B, T - 1, 8]
    [2, 9] -> Slice(0, 9, axis=1, step=2)    # [2, 5]
    [B, T, 8] -> Slice(0, T // 2)    # [B, T // 2, 8]
    """

    start: Whole | None = None
    stop: Whole | None = None
    axis: Axis = 1
    step: Whole = 1

    @when_known("axis", "step")
    def shape(self, x: Tensor) -> Tensor:
        axis = axis_of("Slice", self.axis, x)
        size = x.sizes[axis]
        if not isinstance(self.step, int) or self.step < 1:
            raise Mistake("E0301", f"`step` of Slice is a whole number from 1, got {self.step}", "step")
        start, stop = _place(self.start, 0, size), _place(self.stop, size, size)
        for value, given, at in ((stop, self.stop, "stop"), (start, self.start, "start")):
            if compare(value, size) == 1 or compare(value, 0) == -1:
                raise Mistake("E0308", f"`Slice` to {given}: axis {axis} of {kind_of(x)} has {brief(size)}", at)
            if not (at_most(0, value) and at_most(value, size)):
                title = f"`Slice` to {given}: axis {axis} of {kind_of(x, 24)} may be shorter"
                low, high = (value, 0) if not at_most(0, value) else (size, value)
                raise Mistake("E0308", title, at, helps=require(low, ">=", high))
        if compare(stop, start) in (-1, 0):
            title = f"`Slice` from {brief(start)} to {brief(stop)} is empty"
            raise Mistake("E0305", title, "stop" if self.stop is not None else "start", f"axis {axis} of {kind_of(x)}")
        if not at_most(start, stop):
            title = f"`Slice` from {brief(start)} to {brief(stop)} may end before it begins"
            raise Mistake("E0305", title, "start", helps=require(stop, ">=", start))
        length = stop - start
        if self.step > 1:
            length = (length + (self.step - 1)) // self.step
        return x.with_shape(*x.sizes[:axis], length, *x.sizes[axis + 1 :])

    def dependence(self, x: Traced) -> Steps:
        axis = axis_of("Slice", self.axis, x.type)
        start = _place(self.start, 0, x.type.sizes[axis])
        by = start if isinstance(start, int) and self.step == 1 else None
        why = f"reads {by} ahead" if by else "cuts the steps"
        return shifted(x.steps, axis, by, why).because(why)

    def torch(self, x: Tensor) -> Code:
        axis = axis_of("Slice", self.axis, x)
        start = None if self.start == 0 else self.start
        stop = None if same(_place(self.stop, x.sizes[axis], x.sizes[axis]), x.sizes[axis]) else self.stop
        step = None if self.step == 1 else self.step
        cut: Any = Cut(start, stop, step)  # type: ignore[arg-type]
        if axis == x.rank - 1 and axis > 1:
            return Subscript(X, (..., cut))
        return Subscript(X, (*(Cut() for _ in range(axis)), cut))

    def onnx(self, g: Onnx, x: Wire) -> str:
        start = 0 if self.start is None else self.start
        step = self.step if isinstance(self.step, int) else 1  # `shape` has seen that it is a number
        return g.slice(x, axis_of("Slice", self.axis, x.type), start, self.stop, step)


def _place(value: Size | None, default: Size, size: Size) -> Size:
    if value is None:
        return default
    return value + size if isinstance(value, int) and value < 0 else value


class Roll(Operator, kind="shape"):
    """Shifts along an axis; what leaves at the end comes back at the start.

    [B, 56, 56, 96] -> Roll(-3, axis=1)    # [B, 56, 56, 96]
    [B, T, 8] -> Roll(1, axis=1)    # [B, T, 8]
    """

    shift: Whole
    axis: Axis

    @when_known("axis")
    def shape(self, x: Tensor) -> Tensor:
        axis_of("Roll", self.axis, x)
        return x

    def dependence(self, x: Traced) -> Steps:
        return across(x, [self.axis], "the end comes back at the start")

    def torch(self, x: Tensor) -> Code:
        return method(X, "roll", self.shift, self.axis)

    def onnx(self, g: Onnx, x: Wire) -> str:
        axis = axis_of("Roll", self.axis, x.type)
        size = x.sizes[axis]
        moved = g.op("Sub", g.steps(size), g.scalar(self.shift))
        return g.op("Gather", x, g.op("Mod", moved, g.scalar(size)), axis=axis)


def _space(box: str, x: Tensor, axis: int | None, amounts: dict[str, Any]) -> tuple[int, ...]:
    """The axes that a border belongs to: the given one, or all of space."""
    if axis is None and x.rank < 3:
        raise Mistake(
            "E0302",
            f"`{box}` without `axis=` wants axes of space, [B, C, H, W], got {kind_of(x, 20)}",
            None,
            helps=(f"`{box}(..., axis={max(x.rank - 1, 0)})`",),
        )
    if axis is not None:
        axes: tuple[int, ...] = (axis_of(box, axis, x),)
    else:
        axes = (layout_axis(box, None, x),) if x.rank == 3 else tuple(range(2, x.rank))
    for name, amount in amounts.items():
        if isinstance(amount, tuple) and len(amount) != len(axes):
            where = f"the space of {kind_of(x, 24)}" if axis is None else "one axis"
            many = f"{len(axes)} number" + "s" * (len(axes) > 1)
            raise Mistake("E0302", f"`{box}` wants {many} for {where}, got {len(amount)}", name)
    return axes


def _each(amount: Any, count: int) -> tuple[Size, ...]:
    return amount if isinstance(amount, tuple) else (amount,) * count


class Pad(Operator, kind="shape"):
    """More on the border: `before` and `after` of each axis of space, or of one axis. `after` is as `before` unless
    told; a list has one number for each axis.

    [B, 3, 32, 32] -> Pad(2)    # [B, 3, 36, 36]
    [2, 3, 8, 8] -> Pad([0, 1], after=[1, 1], mode="reflect")    # [2, 3, 9, 10]
    [B, T, 8] -> Pad(1, after=0, axis=1)    # [B, T + 1, 8]
    """

    before: Amounts
    after: Amounts | None = None
    axis: Axis | None = None
    mode: Literal["constant", "reflect", "replicate", "circular"] = "constant"
    value: Real = 0

    def _borders(self, x: Tensor) -> dict[int, tuple[Size, Size]]:
        after = self.before if self.after is None else self.after
        axes = _space("Pad", x, self.axis, {"before": self.before, "after": after})
        count = len(axes)
        return dict(zip(axes, zip(_each(self.before, count), _each(after, count), strict=True), strict=True))

    @when_known("axis", "mode")
    def shape(self, x: Tensor) -> Tensor:
        borders = self._borders(x)
        if self.mode != "constant" and min(borders) < 2:
            title = f'`Pad` with mode "{self.mode}" pads axes of space, not axis {min(borders)}'
            raise Mistake("E0308", title, "mode", f"the input is {kind_of(x)}")
        if self.mode != "constant" and x.rank > 5:
            title = f'`Pad` with mode "{self.mode}" wants 3 to 5 axes, got {kind_of(x, 20)}'
            raise Mistake("E0302", title, "mode", "`constant` pads any")
        if self.mode in ("reflect", "replicate") and x.dtype == "bool":
            title = f'`Pad` with mode "{self.mode}" works on numbers, got {kind_of(x, 20)}'
            raise Mistake("E0316", title, "mode", "true and false are not numbers")
        sizes = list(x.sizes)
        for axis, (before, after) in borders.items():
            limit = sizes[axis] - 1 if self.mode == "reflect" else sizes[axis]
            if self.mode in ("reflect", "circular") and (compare(before, limit) == 1 or compare(after, limit) == 1):
                title = f'`Pad` with mode "{self.mode}" adds at most {brief(limit)} to an axis of {brief(sizes[axis])}'
                raise Mistake("E0307", title, "before")
            for more in (before, after) if self.mode in ("reflect", "circular") else ():
                if not at_most(more, limit):
                    title = f'`Pad` with mode "{self.mode}" adds at most {brief(limit)}, which may be less'
                    raise Mistake("E0307", title, "before", helps=require(limit, ">=", more))
            sizes[axis] = sizes[axis] + before + after
        return ids(tuple(sizes), x.dtype, range_of(x) if self.mode != "constant" else self._range(x))

    def _range(self, x: Tensor) -> Range:
        """The range of ids once `value` stands beside them; E0316 where the dtype cannot hold it."""
        value: Any = self.value
        if x.dtype == "float" or value is UNKNOWN:
            return range_of(x)
        if value != int(value) or (x.dtype == "bool" and value not in (0, 1)):
            wants = "0 or 1" if x.dtype == "bool" else "a whole number"
            title = f"`Pad` of {kind_of(x, 24)} wants {wants} as `value`, got {value:g}"
            raise Mistake("E0316", title, "value", f"{x.dtype} cannot hold it")
        return widest([range_of(x), range_of(x, int(value))])

    def dependence(self, x: Traced) -> Steps:
        steps = x.steps
        for axis, (before, _) in self._borders(x.type).items():
            by: int | None = None
            if self.mode in ("constant", "replicate"):
                low = bounds(before)[0]
                by = None if low is None else -low if self.mode == "constant" else 0
            steps = shifted(steps, axis, by, "brings steps from the other end")
        return steps

    def torch(self, x: Tensor) -> Code:
        borders = self._borders(x)
        pads: list[Size] = []
        lowest = min(borders) if self.mode == "constant" else 2
        for axis in reversed(range(lowest, x.rank)):
            pads.extend(borders.get(axis, (0, 0)))
        options: dict[str, Any] = {} if self.mode == "constant" else {"mode": self.mode}
        if self.value and self.mode == "constant":
            options["value"] = self.value
        return apply("F.pad", X, tuple(pads), **options)

    def onnx(self, g: Onnx, x: Wire) -> str:
        borders = self._borders(x.type)
        pads = g.sizes(tuple(borders.get(axis, (0, 0))[end] for end in (0, 1) for axis in range(x.rank)))
        mode = {"replicate": "edge", "circular": "wrap"}.get(self.mode, self.mode)
        value = g.number(self.value, x.dtype) if self.mode == "constant" else None
        return g.op("Pad", x, pads, value, mode=mode)

    def because(self, output: Tensor, x: Tensor) -> str:
        return ", ".join(f"{text(a)} + {text(x.sizes[i])} + {text(b)}" for i, (a, b) in self._borders(x).items())


class Crop(Operator, kind="shape"):
    """Less of the border: `before` and `after` of each axis of space, or of one axis; with a side input, the middle
    of that one's size.

    [B, 3, 36, 36] -> Crop(2)    # [B, 3, 32, 32]
    [B, 64, 64, 64] -> Crop with [B, 32, 56, 56]    # [B, 64, 56, 56]
    [B, T, 8] -> Crop(0, after=1, axis=1)    # [B, T - 1, 8]
    """

    before: Amounts = 0
    after: Amounts | None = None
    axis: Axis | None = None

    def _borders(self, x: Tensor, like: Tensor | None) -> dict[int, tuple[Size, Size]]:
        after = self.before if self.after is None else self.after
        if like is None:
            axes = _space("Crop", x, self.axis, {"before": self.before, "after": after})
            count = len(axes)
            both = zip(_each(self.before, count), _each(after, count), strict=True)
            return {axis: (a, x.sizes[axis] - b) for axis, (a, b) in zip(axes, both, strict=True)}
        if like.rank != x.rank:
            raise Mistake("E0302", f"`Crop` to another size wants one rank, got {pair(x, like)}", "like")
        borders = {}
        for axis in _space("Crop", x, self.axis, {}):
            big, small = x.sizes[axis], like.sizes[axis]
            if compare(small, big) == 1:
                raise Mistake(
                    "E0307",
                    f"`Crop` cannot make axis {axis} larger: {brief(big)} to {brief(small)}",
                    "like",
                    kind_of(like),
                )
            start = (big - small) // 2
            borders[axis] = (start, start + small)
        return borders

    @when_known("axis")
    def shape(self, x: Tensor, like: Tensor | None = None) -> Tensor:
        sizes = list(x.sizes)
        for axis, (start, stop) in self._borders(x, like).items():
            if compare(stop - start, 1) == -1:
                title = f"`Crop` would leave nothing of axis {axis}, which has {brief(sizes[axis])}"
                raise Mistake("E0305", title, "before", f"the input is {kind_of(x)}")
            sizes[axis] = stop - start
        return x.with_shape(*sizes)

    def dependence(self, x: Traced, like: Traced | None = None) -> Steps:
        steps = x.steps
        for axis, (start, _) in self._borders(x.type, None if like is None else like.type).items():
            steps = shifted(steps, axis, start if isinstance(start, int) else None, "cuts the steps")
        return steps

    def torch(self, x: Tensor, like: Tensor | None = None) -> Code:
        borders = self._borders(x, like)
        cuts = []
        for axis in range(max(borders) + 1):
            start, stop = borders.get(axis, (0, x.sizes[axis]))
            end = None if not differ(stop, x.sizes[axis]) and same(stop, x.sizes[axis]) else stop
            behind = stop - x.sizes[axis]
            if end is not None and isinstance(behind, int) and behind < 0:
                end = behind
            cuts.append(Cut(None if start == 0 else start, end))
        return Subscript(X, tuple(cuts))

    def onnx(self, g: Onnx, x: Wire, like: Wire | None = None) -> str:
        borders = self._borders(x.type, None if like is None else like.type)
        starts, stops = zip(*borders.values(), strict=True)
        return g.op("Slice", x, g.sizes(starts), g.sizes(stops), g.vector(borders))

    def because(self, output: Tensor, x: Tensor, like: Tensor | None = None) -> str:
        return f"as {like}" if like is not None else ""
