"""Boxes that put tensors together and repeat them: concatenation, stacking, tiling, pairs.

Enters: one tensor or several. Leaves: one whose elements are theirs.
"""

from typing import Any

from ..shape import UNKNOWN, Size, Tensor, bounds, same
from .arguments import Axis, Extent
from .axes import axis_of, brief, kind_of, layout_axis, need_axes, pair, text, when_known
from .base import Mistake, Onnx, Operator, Wire
from .code import Attr, Code, Input, Subscript, X, Y, apply, method
from .dependence import Steps, Traced, across, inserted, join, reduced, shifted
from .ranges import ids, need_range, range_of, widest

RANK = ("bool", "long", "float")


def promoted(*dtypes: str) -> str:
    """The dtype that holds all of them."""
    return max(dtypes, key=RANK.index)


def _needs_inputs(box: str, xs: tuple[Any, ...]) -> None:
    if not xs:
        raise Mistake("E0205", f"`{box}` joins 2 inputs or more, none flows in")


class Concat(Operator, kind="shape"):
    """Puts its inputs one after another along an axis: 1 by default, and compulsory at rank 3.

    ([B, 64, H, W], [B, 32, H, W]) -> Concat    # [B, 96, H, W]
    ([2, 3], [2, 4], [2, 5]) -> Concat    # [2, 12]
    ([B, T, 8], [B, S, 8]) -> Concat(axis=1)    # [B, T + S, 8]
    """

    least = 2
    axis: Axis | None = None

    @when_known("axis")
    def shape(self, *xs: Tensor) -> Tensor:
        _needs_inputs("Concat", xs)
        first = xs[0]
        for x in xs[1:]:
            if x.rank != first.rank:
                title = f"`Concat` joins inputs of one rank, got {pair(first, x)}"
                raise Mistake("E0302", title, None, f"rank {first.rank} and {x.rank}", helps=_lift(first, x))
        need_axes("Concat", first, 1)
        axis = self.joined(*xs)
        sizes = list(first.sizes)
        for x in xs[1:]:
            for i, (a, b) in enumerate(zip(first.sizes, x.sizes, strict=True)):
                if i != axis and not same(a, b):
                    title = f"axis {i} of the inputs of `Concat` is {brief(a)} and {brief(b)}"
                    notes = (f"only axis {axis}, where they are joined, may differ: {first} and {x}",)
                    raise Mistake("E0311", title, None, pair(first, x), notes=notes)
                if sizes[i] is UNKNOWN:
                    sizes[i] = b
        total: Size = 0
        for x in xs:
            total = total + x.sizes[axis]
        sizes[axis] = total
        return ids(tuple(sizes), promoted(*(x.dtype for x in xs)), widest([range_of(x) for x in xs]))

    def joined(self, *xs: Tensor) -> int:
        """The axis along which the inputs are joined."""
        asks = self.axis is None and xs[0].rank == 3
        return layout_axis("Concat", self.axis, xs[0], _possible(xs) if asks else None)

    def dependence(self, *xs: Traced) -> Steps:
        axis = self.joined(*(x.type for x in xs))
        return _one_after_another(xs, axis)

    def torch(self, *xs: Tensor) -> Code:
        axis = self.joined(*xs)
        return apply("torch.cat", Input(0, rest=True), dim=axis)

    def onnx(self, g: Onnx, *xs: Wire) -> str:
        dtype = promoted(*(x.dtype for x in xs))
        axis = self.joined(*(x.type for x in xs))
        return g.concat([g.typed(x, dtype) for x in xs], axis)

    def because(self, output: Tensor, *xs: Tensor) -> str:
        axis = self.joined(*xs)
        return " + ".join(text(x.sizes[axis]) for x in xs)


def _possible(xs: tuple[Tensor, ...]) -> dict[int, str]:
    """What joining along axis 1 and along axis 2 would give, where the other sizes allow it."""
    found: dict[int, str] = {}
    for axis in (1, 2):
        if all(
            len(x.sizes) > axis
            and all(i == axis or same(a, b) for i, (a, b) in enumerate(zip(xs[0].sizes, x.sizes, strict=True)))
            for x in xs
        ):
            parts = [x.sizes[axis] for x in xs]
            known = [size for size in parts if isinstance(size, int)]
            total = str(sum(known)) if len(known) == len(parts) else " + ".join(map(str, parts))
            found[axis] = f"[{', '.join(total if i == axis else str(s) for i, s in enumerate(xs[0].sizes))}]"
    return found or {1: "", 2: ""}


def _lift(a: Tensor, b: Tensor) -> tuple[str, ...]:
    low, high = (a, b) if a.rank < b.rank else (b, a)
    return (f"`Unsqueeze` gives {low} another axis",) if high.rank == low.rank + 1 else ()


class Stack(Operator, kind="shape"):
    """Puts inputs of one shape side by side along a new axis, after the batch by default.

    ([B, 8], [B, 8], [B, 8]) -> Stack    # [B, 3, 8]
    ([2, 3], [2, 3]) -> Stack(axis=-1)    # [2, 3, 2]
    """

    least = 2
    axis: Axis = 1

    @when_known("axis")
    def shape(self, *xs: Tensor) -> Tensor:
        _needs_inputs("Stack", xs)
        first = xs[0]
        for x in xs[1:]:
            if x.rank != first.rank or not all(map(same, first.sizes, x.sizes)):
                title = f"`Stack` wants equal shapes, got {pair(first, x)}"
                raise Mistake("E0311", title, None, helps=("`Concat` joins along an axis where they differ",))
        axis = axis_of("Stack", self.axis, first, more=1)
        sizes = (*first.sizes[:axis], len(xs), *first.sizes[axis:])
        return ids(sizes, promoted(*(x.dtype for x in xs)), widest([range_of(x) for x in xs]))

    def dependence(self, *xs: Traced) -> Steps:
        axis = axis_of("Stack", self.axis, xs[0].type, more=1)
        return join(inserted(x, axis) for x in xs).because("side by side")

    def torch(self, *xs: Tensor) -> Code:
        return apply("torch.stack", Input(0, rest=True), dim=self.axis)

    def onnx(self, g: Onnx, *xs: Wire) -> str:
        dtype = promoted(*(x.dtype for x in xs))
        axis = axis_of("Stack", self.axis, xs[0].type, more=1)
        return g.concat([g.unsqueeze(g.typed(x, dtype), axis) for x in xs], axis)

    def because(self, output: Tensor, *xs: Tensor) -> str:
        return f"{len(xs)} inputs side by side"


class Prepend(Operator, kind="shape"):
    """Puts rows of a side input before axis 1; one row set ([1, n, d]) goes before every sample.

    [B, 196, 768] -> Prepend with [1, 1, 768]    # [B, 197, 768]
    [B, T, 8] -> Prepend with [B, S, 8]    # [B, S + T, 8]
    """

    def shape(self, x: Tensor, first: Tensor) -> Tensor:
        need_axes("Prepend", x, 2)
        if first.rank != x.rank:
            title = f"`Prepend` puts rows like those of {kind_of(x, 20)} first, got {kind_of(first, 20)}"
            raise Mistake("E0302", title, "first", f"wants rank {x.rank}")
        for i, (a, b) in enumerate(zip(x.sizes, first.sizes, strict=True)):
            if i != 1 and not same(a, b) and not (i == 0 and b == 1):
                wanted = f"1 or {brief(a)}" if i == 0 else brief(a)
                title = f"`Prepend`: axis {i} of the side input is {brief(b)}, not {wanted}"
                raise Mistake("E0311", title, "first", pair(first, x))
        sizes = (x.sizes[0], first.sizes[1] + x.sizes[1], *x.sizes[2:])
        return Tensor(sizes, promoted(x.dtype, first.dtype))

    def dependence(self, x: Traced, first: Traced) -> Steps:
        return _one_after_another((first, x), 1)

    def torch(self, x: Tensor, first: Tensor) -> Code:
        rows: Any = Y
        if first.sizes[0] == 1 and x.sizes[0] != 1:
            rows = method(Y, "expand", x.sizes[0], *(-1 for _ in x.sizes[1:]))
        return apply("torch.cat", (rows, X), dim=1)

    def onnx(self, g: Onnx, x: Wire, first: Wire) -> str:
        dtype = promoted(x.dtype, first.dtype)
        rows = g.typed(first, dtype)
        if first.sizes[0] == 1 and x.sizes[0] != 1:
            rows = g.expand(rows, (x.sizes[0], *first.sizes[1:]))
        return g.concat((rows, g.typed(x, dtype)), 1)

    def because(self, output: Tensor, x: Tensor, first: Tensor) -> str:
        return f"{text(first.sizes[1])} before {text(x.sizes[1])}"


class Repeat(Operator, kind="shape"):
    """Tiles an axis: the whole of it again and again.

    [B, 1, 32] -> Repeat(49, axis=1)    # [B, 49, 32]
    [2, 3] -> Repeat(2, axis=-1)    # [2, 6]
    """

    n: Extent
    axis: Axis

    @when_known("axis")
    def shape(self, x: Tensor) -> Tensor:
        axis = axis_of("Repeat", self.axis, x)
        return x.with_shape(*x.sizes[:axis], x.sizes[axis] * self.n, *x.sizes[axis + 1 :])

    def dependence(self, x: Traced) -> Steps:
        # what was at i is at i and later
        return x.steps

    def torch(self, x: Tensor) -> Code:
        axis = axis_of("Repeat", self.axis, x)
        if self.n == 1:
            return X
        if x.sizes[axis] == 1:
            return method(X, "expand", *(self.n if i == axis else -1 for i in range(x.rank)))
        return method(X, "repeat", *(self.n if i == axis else 1 for i in range(x.rank)))

    def onnx(self, g: Onnx, x: Wire) -> str:
        axis = axis_of("Repeat", self.axis, x.type)
        return g.op("Tile", x, g.sizes(tuple(self.n if i == axis else 1 for i in range(x.rank))))

    def because(self, output: Tensor, x: Tensor) -> str:
        return f"{x.sizes[axis_of('Repeat', self.axis, x)]}, {self.n} times"


class Pairs(Operator, kind="shape"):
    """Every row beside every row, (i, j) at i * N + j (Santoro et al., 2017).

    [B, 64, 24] -> Pairs    # [B, 4096, 48]
    [B, N, D] -> Pairs    # [B, N ** 2, 2 * D]
    """

    def shape(self, x: Tensor) -> Tensor:
        if x.rank != 3:
            raise Mistake("E0302", f"`Pairs` wants objects [B, N, D], got {kind_of(x)}", None, f"rank {x.rank}")
        batch, rows, width = x.sizes
        return Tensor((batch, rows * rows, 2 * width), x.dtype)

    def dependence(self, x: Traced) -> Steps:
        return across(x, [1, 2], "pairs every step with every step")

    def torch(self, x: Tensor) -> Code:
        return apply("pairs", X)

    def onnx(self, g: Onnx, x: Wire) -> str:
        batch, rows, width = x.sizes
        square = (batch, rows, rows, width)
        left, right = (g.expand(g.unsqueeze(x, axis), square) for axis in (2, 1))
        return g.reshape(g.concat((left, right), 3), (), self.shape(x.type).sizes)

    def because(self, output: Tensor, x: Tensor) -> str:
        rows = text(x.sizes[1])
        return f"{rows} * {rows} pairs"


class Pick(Operator, kind="shape"):
    """One row of each sample, at the index that a side input [B] gives.

    [B, 77, 512] -> Pick by [B] long    # [B, 512]
    [2, 3, 4] -> Pick(axis=2) by [2] long    # [2, 3]
    """

    axis: Axis = 1

    @when_known("axis")
    def shape(self, x: Tensor, index: Tensor) -> Tensor:
        axis = self._axis(x)
        if index.dtype != "long":
            raise Mistake(
                "E0316",
                f"`Pick` wants whole numbers to pick by, got {kind_of(index)} {index.dtype}",
                "index",
                "an index is `long`",
            )
        if index.rank != 1 or not same(index.sizes[0], x.sizes[0]):
            title = f"`Pick` wants one index for each row, [{brief(x.sizes[0])}] long, got {kind_of(index, 20)}"
            raise Mistake("E0302" if index.rank != 1 else "E0311", title, "index")
        need_range(index, x.sizes[axis], "index", f"axis {axis}")
        return x.with_shape(*x.sizes[:axis], *x.sizes[axis + 1 :])

    def _axis(self, x: Tensor) -> int:
        need_axes("Pick", x, 2)
        axis = axis_of("Pick", self.axis, x)
        if axis == 0:
            raise Mistake("E0308", "`Pick` takes one of each sample, axis 0 is the samples", "axis")
        return axis

    def dependence(self, x: Traced, index: Traced) -> Steps:
        axis = self._axis(x.type)
        rows = reduced(x, [axis], why="any step may be picked")
        return join([rows, index.steps]).because(rows.why)

    def torch(self, x: Tensor, index: Tensor) -> Code:
        axis = self._axis(x)
        flow = X if axis == 1 else method(X, "movedim", axis, 1)
        samples = apply("torch.arange", x.sizes[0], device=Attr(X, "device"))
        return Subscript(flow, (samples, Y))  # a gather along the axis has no dynamic sizes in torch.export

    def onnx(self, g: Onnx, x: Wire, index: Wire) -> str:
        axis = self._axis(x.type)
        flow = x.name if axis == 1 else g.transpose(x, 0, axis, *(i for i in range(1, x.rank) if i != axis))
        return g.op("GatherND", flow, g.unsqueeze(index, 1), batch_dims=1)


def _one_after_another(xs: tuple[Traced, ...], axis: int) -> Steps:
    """The steps along an axis where inputs are put one after another: what is at i moves to i + what is before."""
    parts: list[Steps] = []
    before: Size = 0
    for x in xs:
        low = bounds(before)[0]
        parts.append(shifted(x.steps, axis, None if low is None else -low, "of an unknown length"))
        before = before + x.type.sizes[axis]
    total = join(parts)
    return total.because(total.why if total.everything else "one after another")
