"""Boxes that give the same numbers another shape: flattening, reshaping, transposing.

Enters: one tensor. Leaves: the same elements. Sizes that cannot be proved equal are a mistake here, because
PyTorch would only find out at run time.
"""

from typing import Any, ClassVar

from ..shape import UNKNOWN, Dim, Shape, Size, Tensor, compare, numel, same, shape_text
from .arguments import Axes, Axis, Wholes
from .axes import axes_label, axis_of, kind_of, need_axes, product_text, when_known
from .base import Mistake, Onnx, Operator, Wire
from .code import Code, Expression, Subscript, X, method
from .dependence import Steps, Traced, dropped, inserted, moved, resized


def reshaped(x: Expression, shape: Shape) -> Code:
    """`x.reshape(...)` with one -1 in the place of the size that is hardest to write."""
    free = [i for i, size in enumerate(shape) if isinstance(size, Dim)]
    hardest = max(free, key=lambda i: (len(str(shape[i])), -i), default=None)
    return method(x, "reshape", *(-1 if i == hardest else size for i, size in enumerate(shape)))


class Flatten(Operator, kind="shape"):
    """Joins the axes from `start_axis` to `end_axis`; by default all but the batch.

    [2, 3, 4] -> Flatten    # [2, 12]
    [B, C, H, W] -> Flatten    # [B, C * H * W]
    [B, 64, 7, 7] -> Flatten(2)    # [B, 64, 49]
    [B, 5, 6, 7] -> Flatten(0, 1)    # [5 * B, 6, 7]
    """

    start_axis: Axis = 1
    end_axis: Axis = -1

    def _range(self, x: Tensor) -> tuple[int, int]:
        if x.rank < 2 and (self.start_axis, self.end_axis) == (1, -1):
            title = f"`Flatten` joins the axes after the batch, {kind_of(x)} has none"
            raise Mistake("E0302", title, None, axes_label(x))
        start = axis_of("Flatten", self.start_axis, x, "start_axis")
        end = axis_of("Flatten", self.end_axis, x, "end_axis")
        if start > end:
            raise Mistake("E0308", f"`Flatten` from axis {start} to {end} joins nothing", "end_axis", axes_label(x))
        return start, end

    @when_known("start_axis", "end_axis")
    def shape(self, x: Tensor) -> Tensor:
        start, end = self._range(x)
        return x.with_shape(*x.sizes[:start], numel(x.sizes[start : end + 1]), *x.sizes[end + 1 :])

    def dependence(self, x: Traced) -> Steps:
        return resized(x, self.shape(x.type))

    def torch(self, x: Tensor) -> Code:
        start, end = self._range(x)
        if start == end:
            return X
        return method(X, "flatten", *((start,) if end == x.rank - 1 else (start, end)))

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.reshape(x, x.sizes, self.shape(x.type).sizes)

    def because(self, output: Tensor, x: Tensor) -> str:
        start, end = self._range(x)
        return product_text(x.sizes[start : end + 1]) if end > start else ""


class Reshape(Operator, kind="shape"):
    """Gives all axes but the batch new sizes; one of them may be -1 and is then what is left.

    [B, 784] -> Reshape(1, 28, 28)    # [B, 1, 28, 28]
    [8, 10] -> Reshape(2, 5)    # [8, 2, 5]
    [B, 4, 6] -> Reshape(-1)    # [B, 24]
    [B, T, 64] -> Reshape(-1, 8, 8)    # [B, T, 8, 8]
    """

    variadic: ClassVar[str | None] = "sizes"

    sizes: Wholes

    def shape(self, x: Tensor) -> Tensor:
        need_axes("Reshape", x, 1, None, "the batch keeps its place")
        total, known = numel(x.sizes[1:]), numel(size for size in self.sizes if size != -1)
        holes = self.sizes.count(-1)
        for size in self.sizes:
            if size != -1 and compare(size, 1) == -1:
                raise Mistake("E0305", f"`Reshape` to {shape_text(self.sizes)}: a size is 1 or more", "sizes")
        if holes > 1:
            raise Mistake("E0301", "`Reshape` can work out one -1, not " + str(holes), "sizes", "more than one -1")
        if holes:
            rest = total // known
            if not same(rest * known, total):
                raise self._impossible(x, total)
            return x.with_shape(x.sizes[0], *(rest if size == -1 else size for size in self.sizes))
        if not same(known, total):
            raise self._impossible(x, total)
        return x.with_shape(x.sizes[0], *self.sizes)

    def _impossible(self, x: Tensor, total: Size) -> Mistake:
        title = f"{total} numbers cannot become {shape_text(self.sizes)}"
        label = ""
        if -1 not in self.sizes:
            label = f"{product_text(self.sizes)} is {numel(self.sizes)}" if len(self.sizes) > 1 else ""
        rest = self.sizes[1:]
        if len(rest) > 0 and self.sizes[0] == x.sizes[0] and rest.count(-1) <= 1:  # written as for torch, batch first
            known = numel(size for size in rest if size != -1)
            if same(known, total) if -1 not in rest else same(total // known * known, total):
                written = ", ".join(map(str, rest))
                fix = (f"the first axis stays by itself: `Reshape({written})`", "sizes", written)
                return Mistake("E0315", title, "sizes", label, fixes=(fix,))
        found = self._nearest(total)
        fixes = ((f"`{found}`", "sizes", found.removeprefix("Reshape(").removesuffix(")")),) if found else ()
        return Mistake("E0315", title, "sizes", label, fixes=fixes)

    def _nearest(self, total: Size) -> str:
        """The same call with one size changed, so that it fits."""
        if total is UNKNOWN:
            return ""
        for i in reversed(range(len(self.sizes))):
            others = numel(size for j, size in enumerate(self.sizes) if j != i and size != -1)
            if others is UNKNOWN or compare(others, 1) == -1:
                continue
            rest = total // others
            if rest * others == total and compare(rest, 0) == 1:
                new = [rest if j == i else size for j, size in enumerate(self.sizes)]
                if -1 not in new:
                    return f"Reshape({', '.join(map(str, new))})"
        return ""

    def dependence(self, x: Traced) -> Steps:
        return resized(x, self.shape(x.type))

    def torch(self, x: Tensor) -> Code:
        output = self.shape(x).sizes
        if len(output) == x.rank:
            if output == x.sizes:
                return X
        elif len(output) == 2 and x.rank > 2:
            return method(X, "flatten", 1)
        elif x.rank == 2:
            free = [i for i, size in enumerate(output[1:]) if isinstance(size, Dim)]
            if len(free) <= 1:
                return method(X, "unflatten", 1, tuple(-1 if i in free else s for i, s in enumerate(output[1:])))
        return reshaped(X, output)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.reshape(x, x.sizes, self.shape(x.type).sizes)


class Transpose(Operator, kind="shape"):
    """Swaps two axes, the last two by default.

    [B, T, 8] -> Transpose    # [B, 8, T]
    [2, 3, 4, 5] -> Transpose(1, 2)    # [2, 4, 3, 5]
    """

    axis0: Axis = -2
    axis1: Axis = -1

    def _axes(self, x: Tensor) -> tuple[int, int]:
        need_axes("Transpose", x, 2)
        return axis_of("Transpose", self.axis0, x, "axis0"), axis_of("Transpose", self.axis1, x, "axis1")

    @when_known("axis0", "axis1")
    def shape(self, x: Tensor) -> Tensor:
        first, second = self._axes(x)
        sizes = list(x.sizes)
        sizes[first], sizes[second] = sizes[second], sizes[first]
        return x.with_shape(*sizes)

    def dependence(self, x: Traced) -> Steps:
        first, second = self._axes(x.type)
        return moved(x.steps, lambda axis: {first: second, second: first}.get(axis, axis))

    def torch(self, x: Tensor) -> Code:
        first, second = self._axes(x)
        return method(X, "transpose", first, second) if first != second else X

    def onnx(self, g: Onnx, x: Wire) -> str:
        order = list(range(x.rank))
        first, second = self._axes(x.type)
        order[first], order[second] = order[second], order[first]
        return g.transpose(x, *order)

    def because(self, output: Tensor, x: Tensor) -> str:
        first, second = self._axes(x)
        return f"axes {first} and {second} swapped" if first != second else ""


class Permute(Operator, kind="shape"):
    """Puts the axes in another order.

    [2, 3, 4] -> Permute(0, 2, 1)    # [2, 4, 3]
    [B, H, W, C] -> Permute(0, 3, 1, 2)    # [B, C, H, W]
    """

    variadic: ClassVar[str | None] = "axes"

    axes: Axes

    @when_known("axes")
    def shape(self, x: Tensor) -> Tensor:
        return x.with_shape(*(x.sizes[axis] for axis in self._order(x)))

    def _order(self, x: Tensor) -> list[int]:
        order = [axis_of("Permute", axis, x, "axes") for axis in self.axes]
        if sorted(order) != list(range(x.rank)):
            shown = ", ".join(map(str, self.axes))
            title = f"`Permute({shown})` is not an order of the {x.rank} axes of {kind_of(x)}"
            raise Mistake("E0302" if len(order) != x.rank else "E0301", title, "axes", "each axis once, from 0")
        return order

    def dependence(self, x: Traced) -> Steps:
        order = self._order(x.type)
        return moved(x.steps, order.index)

    def torch(self, x: Tensor) -> Code:
        order = self._order(x)
        return method(X, "permute", *order) if order != sorted(order) else X

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.transpose(x, *self._order(x.type))


class Unsqueeze(Operator, kind="shape"):
    """Adds an axis of size 1 at a place.

    [B, 8] -> Unsqueeze(1)    # [B, 1, 8]
    [2, 3] -> Unsqueeze(-1)    # [2, 3, 1]
    """

    axis: Axis

    @when_known("axis")
    def shape(self, x: Tensor) -> Tensor:
        axis = axis_of("Unsqueeze", self.axis, x, more=1)
        return x.with_shape(*x.sizes[:axis], 1, *x.sizes[axis:])

    def dependence(self, x: Traced) -> Steps:
        return inserted(x, axis_of("Unsqueeze", self.axis, x.type, more=1))

    def torch(self, x: Tensor) -> Code:
        return method(X, "unsqueeze", self.axis)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.unsqueeze(x, self.axis)


class Squeeze(Operator, kind="shape"):
    """Drops an axis of size 1.

    [B, 1, 8] -> Squeeze(1)    # [B, 8]
    [2, 3, 1] -> Squeeze(-1)    # [2, 3]
    """

    axis: Axis

    @when_known("axis")
    def shape(self, x: Tensor) -> Tensor:
        axis = axis_of("Squeeze", self.axis, x)
        if not same(x.sizes[axis], 1):
            title = f"`Squeeze({self.axis})` drops an axis of size 1, this one is {x.sizes[axis]}"
            ones = [str(i) for i, size in enumerate(x.sizes) if size == 1]
            helps = (f"of size 1: axis {', '.join(ones)}",) if ones else ()
            raise Mistake("E0303", title, "axis", f"the input is {x}", helps=helps)
        return x.with_shape(*x.sizes[:axis], *x.sizes[axis + 1 :])

    def dependence(self, x: Traced) -> Steps:
        return dropped(x.steps, [axis_of("Squeeze", self.axis, x.type)])

    def torch(self, x: Tensor) -> Code:
        return method(X, "squeeze", self.axis)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.squeeze(x, self.axis)


class Expand(Operator, kind="shape"):
    """Repeats axes of size 1 without copying; -1 keeps an axis, and further sizes in front add axes.

    [1, 8] -> Expand(4, 8)    # [4, 8]
    [B, 1, 8] -> Expand(-1, 5, -1)    # [B, 5, 8]
    [3] -> Expand(2, 3)    # [2, 3]
    """

    variadic: ClassVar[str | None] = "sizes"

    sizes: Wholes

    @when_known("sizes")
    def shape(self, x: Tensor) -> Tensor:
        added = len(self.sizes) - x.rank
        if added < 0:
            raise Mistake("E0302", f"`Expand` to {shape_text(self.sizes)} has fewer axes than {kind_of(x)}", "sizes")
        result: list[Size] = []
        for i, size in enumerate(self.sizes):
            old: Any = x.sizes[i - added] if i >= added else None
            if size == -1:
                if old is None:
                    raise Mistake("E0301", "`Expand`: -1 keeps an axis, this one is new", "sizes", f"axis {i}")
                result.append(old)
            elif compare(size, 1) == -1:
                title = f"`Expand` to {shape_text(self.sizes)}: a size is 1 or more, -1 keeps an axis"
                raise Mistake("E0305", title[:80], "sizes")
            elif old is None or old == 1 or same(old, size):
                result.append(size)
            else:
                title = f"`Expand` repeats an axis of size 1, axis {i - added} is {old}"
                raise Mistake("E0317", title, "sizes", f"{old} cannot become {size}")
        return x.with_shape(*result)

    def dependence(self, x: Traced) -> Steps:
        return moved(x.steps, lambda axis: axis + len(self.sizes) - x.rank)

    def torch(self, x: Tensor) -> Code:
        added = len(self.sizes) - x.rank
        kept = [-1 if i >= added and x.sizes[i - added] == size else size for i, size in enumerate(self.sizes)]
        return method(X, "expand", *kept)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.expand(x, self.shape(x.type).sizes)


class Lift(Operator, kind="shape"):
    """Adds axes of size 1 at the end until there are as many as the side input has, so that both broadcast.

    [B, C] -> Lift to [B, C, H, W]    # [B, C, 1, 1]
    [2, 3] -> Lift to [2, 3]    # [2, 3]
    """

    def shape(self, x: Tensor, like: Tensor) -> Tensor:
        if x.rank > like.rank:
            title = f"`Lift` adds axes, {kind_of(x, 24)} has more than {kind_of(like, 24)}"
            raise Mistake("E0302", title, "like", f"rank {x.rank} and {like.rank}")
        return x.with_shape(*x.sizes, *(1 for _ in range(like.rank - x.rank)))

    def dependence(self, x: Traced, like: Traced) -> Steps:
        return x.steps

    def torch(self, x: Tensor, like: Tensor) -> Code:
        more = like.rank - x.rank
        return Subscript(X, (..., *(None for _ in range(more)))) if more else X

    def onnx(self, g: Onnx, x: Wire, like: Wire) -> str:
        return g.unsqueeze(x, *range(x.rank, like.rank))
