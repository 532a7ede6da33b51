"""Rows by index: what graphs and sets are made of.

Enters: rows [E, ...] and ids of where they come from or go to. Leaves: rows [N, ...]. The number of rows that a
`Scatter` makes is the range of its ids, `[E] long < N`, unless `rows` says it.
"""

from typing import TYPE_CHECKING, Literal

from ..shape import UNKNOWN, Size, Tensor, numel
from .arguments import Axis, Extent
from .base import Mistake, Onnx, Operator, Wire
from .code import Code, Cut, Subscript, X, Y, apply
from .dependence import Steps, Traced, across, all_steps, dropped, join, moved
from .ranges import need_from_zero, need_range
from .rules import brief, known_axis, need_float, need_long, need_rank, need_same, shown


class Gather(Operator, kind="shape"):
    """The rows that the ids name; the axes of the index take the place of the axis.

    ([10, 16], [30] long < 10) -> Gather    # [30, 16]
    ([N, F], [E] long < N) -> Gather    # [E, F]
    [B, T, 8] -> Gather(axis=1) with [7, 3] long < 4    # [B, 7, 3, 8]
    """

    axis: Axis = 0

    def shape(self, x: Tensor, index: Tensor) -> Tensor:
        need_rank(self, x, range(1, 17), "1 axis or more", "x")
        need_long(self, index, "index", "index")
        axis = known_axis(self, x)
        if axis is None:
            return Tensor((UNKNOWN,) * (x.rank - 1 + index.rank), x.dtype)
        need_range(index, x.sizes[axis], "index", f"axis {axis}")
        return x.with_shape(*x.sizes[:axis], *index.sizes, *x.sizes[axis + 1 :])

    def dependence(self, x: Traced, index: Traced) -> Steps:
        axis, more = known_axis(self, x.type) or 0, index.rank - 1
        rows = dropped(across(x, [axis], "any step may be picked"), [axis])
        picked = moved(rows, lambda a: a if a < axis else a + more + 1)
        return join([picked, moved(index.steps, lambda a: a + axis)]).because(picked.why)

    def torch(self, x: Tensor, index: Tensor) -> Code:
        axis = known_axis(self, x) or 0
        return Subscript(X, (*(Cut(),) * axis, Y))

    def onnx(self, g: Onnx, x: Wire, index: Wire) -> str:
        return g.op("Gather", x, index, axis=known_axis(self, x.type) or 0)

    def because(self, output: Tensor, x: Tensor, index: Tensor) -> str:
        return f"{' x '.join(map(brief, index.sizes)) or '1'} rows by index"


class Segmented(Operator, abstract=True):
    """What joins the rows that have the same id."""

    if TYPE_CHECKING:
        rows: Extent | None

    def _count(self, x: Tensor, index: Tensor) -> Size:
        """The number of segments, after all checks."""
        need_rank(self, x, range(1, 17), "rows [E, ...]", "x")
        need_float(self, x, "x")
        need_long(self, index, "index", "index")
        need_rank(self, index, range(1, 2), "ids [E]", "index")
        title = f"`{self.name}` wants an id for each row, got {brief(index.sizes[0])} for {brief(x.sizes[0])}"
        need_same(x.sizes[:1], index.sizes, title, "index", "one id for each row")
        need_from_zero(index, "index", f"`{self.name}`")
        if self.rows is not None:
            need_range(index, self.rows, "rows", f"`{self.name}`")
            return self.rows
        if index.below is None:
            raise Mistake(
                "E0312",
                f"`{self.name}` needs the number of rows, the ids {shown(index)} have no range",
                "index",
                "below what?",
                helps=("`input edges: [2, E] long < N`", f"`{self.name}(rows=N)`"),
            )
        return index.below

    def dependence(self, x: Traced, index: Traced) -> Steps:
        if index.steps.depends:
            return all_steps("joins rows by id")
        return across(x, [0], "joins rows by id")


class Scatter(Segmented, kind="shape"):
    """Joins the rows that have the same id: their sum, mean, largest or smallest; 0 for an id that no row has.

    ([30, 16], [30] long < 10) -> Scatter    # [10, 16]
    [E, F] -> Scatter("mean") with [E] long < N    # [N, F]
    [E, 4, 2] -> Scatter("max", rows=N) with [E] long < N    # [N, 4, 2]
    """

    reduce: Literal["sum", "mean", "max", "min"] = "sum"
    rows: Extent | None = None

    def shape(self, x: Tensor, index: Tensor) -> Tensor:
        return Tensor((self._count(x, index), *x.sizes[1:]))

    def flops(self, x: Tensor, index: Tensor) -> Size:
        return numel(x.sizes)

    def torch(self, x: Tensor, index: Tensor) -> Code:
        options = {} if self.reduce == "sum" else {"reduce": self.reduce}
        return apply("scatter_rows", X, Y, self._count(x, index), **options)

    def onnx(self, g: Onnx, x: Wire, index: Wire) -> str:
        return g.scatter(x, index.name, self._count(x.type, index.type), self.reduce)

    def because(self, output: Tensor, x: Tensor, index: Tensor) -> str:
        return f"joins {brief(x.sizes[0])} rows by id"


class SegmentSoftmax(Segmented, kind="activation"):
    """A softmax over the rows that have the same id, for each of the other axes by itself.

    ([30], [30] long < 10) -> SegmentSoftmax    # [30]
    [E, h] -> SegmentSoftmax with [E] long < N    # [E, h]
    """

    rows: Extent | None = None

    def shape(self, x: Tensor, index: Tensor) -> Tensor:
        self._count(x, index)
        return x

    def flops(self, x: Tensor, index: Tensor) -> Size:
        return 5 * numel(x.sizes)

    def torch(self, x: Tensor, index: Tensor) -> Code:
        return apply("segment_softmax", X, Y, self._count(x, index))

    def onnx(self, g: Onnx, x: Wire, index: Wire) -> str:
        rows = self._count(x.type, index.type)
        top = g.op("Gather", g.scatter(x, index.name, rows, "max"), index)
        weights = g.wire(g.op("Exp", g.op("Sub", x, top)), x.type)
        return g.op("Div", weights, g.op("Gather", g.scatter(weights, index.name, rows, "sum"), index))
