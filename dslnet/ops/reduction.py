"""Boxes that make one number of many: sums, means, extremes, norms.

Enters: one tensor. Leaves: the same without the axes that were reduced, or with size 1 in their place (`keep=true`).
Without `axis` everything is reduced to a scalar.
"""

from typing import Any, ClassVar

from ..shape import Size, Tensor, numel
from .arguments import Axes, Axis, Flag, Real, Whole
from .axes import axes_of, axis_of, when_known
from .base import Onnx, Operator, Wire
from .code import Code, Expression, X, apply, as_floats, method
from .dependence import Steps, Traced, reduced, shifted


def as_float(x: Tensor, code: Expression = X) -> Expression:
    """Whole numbers and truth values as floats."""
    return code if x.dtype == "float" else as_floats(code)


class Reduction(Operator, abstract=True, kind="reduction"):
    """What the family has in common. `word` is the verb of the history; `made` is the dtype, None for the input's."""

    word: ClassVar[str] = "reduces"
    made: ClassVar[str | None] = None

    axis: Axes | None = None
    keep: Flag = False

    def reduced(self, x: Tensor) -> tuple[int, ...]:
        """The axes that go, as indices."""
        if self.axis is None:
            return tuple(range(x.rank))
        return tuple(sorted(axes_of(self.name, self.axis, x)))

    @when_known("axis", "keep")
    def shape(self, x: Tensor) -> Tensor:
        gone = self.reduced(x)
        sizes = (1 if i in gone else size for i, size in enumerate(x.sizes) if self.keep or i not in gone)
        return Tensor(tuple(sizes), self.made or x.dtype)

    def flops(self, x: Tensor) -> Size:
        return numel(x.sizes)

    def options(self, x: Tensor) -> dict[str, Any]:
        """`dim` and `keepdim` as PyTorch has them."""
        if self.axis is None and not self.keep:
            return {}
        gone = self.reduced(x)
        given = self.axis if self.axis is not None else gone
        dim: Any = given[0] if len(given) == 1 else given
        return {"dim": dim, **({"keepdim": True} if self.keep else {})}

    def because(self, output: Tensor, x: Tensor) -> str:
        gone = self.reduced(x)
        if len(gone) == x.rank:
            return f"{self.word} everything"
        return f"{self.word} axis " + " and ".join(map(str, gone))

    def dependence(self, x: Traced) -> Steps:
        return reduced(x, self.reduced(x.type), bool(self.keep), f"{self.word} the steps")

    def onnx(self, g: Onnx, x: Wire) -> str:
        """The node `node` in the dtype that the result has, truth values as 0 and 1 on the way."""
        dtype = self.made or ("long" if x.dtype == "bool" else x.dtype)
        made = self.node(g, g.wire(g.typed(x, dtype), Tensor(x.sizes, dtype)))
        output = self.shape(x.type).dtype
        return made if output == dtype else g.cast(made, output)

    def node(self, g: Onnx, x: Wire) -> str:
        return g.reduce(f"Reduce{self.name}", x, self.reduced(x.type), bool(self.keep))


class Counting(Reduction, abstract=True):
    """A reduction for which truth values are 0 and 1."""

    @when_known("axis", "keep")
    def shape(self, x: Tensor) -> Tensor:
        reduced = Reduction.shape(self, x)
        return Tensor(reduced.shape, "long" if x.dtype == "bool" else x.dtype)


class Sum(Counting):
    """Sum over axes; of truth values, how many are true.

    [2, 3, 4] -> Sum(axis=1)    # [2, 4]
    [B, T, 8] -> Sum(axis=[1, 2], keep=true)    # [B, 1, 1]
    [B, 5] bool -> Sum    # [] long
    """

    word = "sums"

    def torch(self, x: Tensor) -> Code:
        return method(X, "sum", **self.options(x))


class Mean(Reduction):
    """Arithmetic mean over axes.

    [B, T, 8] -> Mean(axis=1)    # [B, 8]
    [2, 3] -> Mean    # []
    """

    word = "averages"
    made = "float"

    def torch(self, x: Tensor) -> Code:
        return method(as_float(x), "mean", **self.options(x))


class Max(Reduction):
    """The largest element over axes.

    [B, T, 8] -> Max(axis=1)    # [B, 8]
    [2, 3, 4] long -> Max(axis=[0, 2], keep=true)    # [1, 3, 1] long
    """

    word = "takes the largest over"

    def torch(self, x: Tensor) -> Code:
        return method(X, "amax", **self.options(x))


class Min(Reduction):
    """The smallest element over axes.

    [B, T, 8] -> Min(axis=-1)    # [B, T]
    [2, 3] -> Min    # []
    """

    word = "takes the smallest over"

    def torch(self, x: Tensor) -> Code:
        return method(X, "amin", **self.options(x))


class Prod(Counting):
    """Product over axes.

    [B, 3, 4] -> Prod(axis=1)    # [B, 4]
    [2, 3] -> Prod    # []
    [2, 3, 4] -> Prod(axis=[1, 2])    # [2]
    """

    word = "multiplies over"

    def torch(self, x: Tensor) -> Code:
        if self.axis is None and not self.keep:
            return method(X, "prod")
        if not x.rank:
            return method(X, "long") if x.dtype == "bool" else X
        code: Expression = X
        for axis in reversed(self.reduced(x)):
            code = method(code, "prod", dim=axis, **({"keepdim": True} if self.keep else {}))
        return code


class LogSumExp(Reduction):
    """log of the sum of exponentials over axes, computed without overflow.

    [B, 10] -> LogSumExp(axis=1)    # [B]
    [2, 3] -> LogSumExp    # []
    """

    word = "sums in the exponent over"
    made = "float"

    def flops(self, x: Tensor) -> Size:
        return 3 * numel(x.sizes)

    def torch(self, x: Tensor) -> Code:
        options = self.options(x)
        return method(as_float(x), "logsumexp", **(options or {"dim": self.reduced(x)}))

    def node(self, g: Onnx, x: Wire) -> str:
        gone = self.reduced(x.type)
        top = g.reduce("ReduceMax", x, gone, True)
        total = g.op("Log", g.reduce("ReduceSum", g.op("Exp", g.op("Sub", x, top)), gone, True))
        made = g.op("Add", total, top)
        return made if self.keep or not gone else g.squeeze(made, *gone)


class Variance(Reduction):
    """Variance over axes, with `correction` taken off the count: 1 for the unbiased estimate, 0 for the mean square.

    [B, T, 8] -> Variance(axis=1)    # [B, 8]
    [4, 5] -> Variance(correction=0)    # []
    """

    word = "varies over"
    made = "float"

    correction: Whole = 1

    def flops(self, x: Tensor) -> Size:
        return 3 * numel(x.sizes)

    def torch(self, x: Tensor) -> Code:
        more = {} if self.correction == 1 else {"correction": self.correction}
        return method(as_float(x), "var", **self.options(x), **more)

    def node(self, g: Onnx, x: Wire) -> str:
        gone = self.reduced(x.type)
        centred = g.op("Sub", x, g.reduce("ReduceMean", x, gone, True))
        total = g.reduce("ReduceSum", g.op("Mul", centred, centred), gone, bool(self.keep))
        return g.op("Div", total, g.scalar(numel(x.sizes[i] for i in gone) - self.correction, "float"))


class Norm(Reduction):
    """The p-norm over axes, (sum |x|^p)^(1/p).

    [B, 64] -> Norm(axis=1)    # [B]
    [B, T, 8] -> Norm(p=1, axis=-1, keep=true)    # [B, T, 1]
    """

    word = "takes the norm over"
    made = "float"

    p: Real = 2

    def flops(self, x: Tensor) -> Size:
        return 2 * numel(x.sizes)

    def torch(self, x: Tensor) -> Code:
        more = {} if self.p == 2 else {"ord": self.p}
        return apply("torch.linalg.vector_norm", as_float(x), **more, **self.options(x))

    def node(self, g: Onnx, x: Wire) -> str:
        return g.norm(x, self.p, self.reduced(x.type), bool(self.keep))


class _Place(Operator, kind="reduction", abstract=True):
    """Where the most extreme element is: an index along an axis, or in the flattened whole."""

    axis: Axis | None = None
    keep: Flag = False

    @when_known("axis", "keep")
    def shape(self, x: Tensor) -> Tensor:
        if self.axis is None:
            return Tensor((1,) * x.rank if self.keep else (), "long", numel(x.sizes))
        axis = axis_of(self.name, self.axis, x)
        middle = (1,) if self.keep else ()
        return Tensor((*x.sizes[:axis], *middle, *x.sizes[axis + 1 :]), "long", x.sizes[axis])

    def flops(self, x: Tensor) -> Size:
        return numel(x.sizes)

    def dependence(self, x: Traced) -> Steps:
        return reduced(x, range(x.rank) if self.axis is None else [self.axis], bool(self.keep), "compares the steps")

    def torch(self, x: Tensor) -> Code:
        code = method(X, "long") if x.dtype == "bool" else X
        if self.axis is None and not self.keep:
            return method(code, self.name.lower())
        return method(code, self.name.lower(), dim=self.axis, **({"keepdim": True} if self.keep else {}))

    def onnx(self, g: Onnx, x: Wire) -> str:
        flow = g.counted(x)
        if self.axis is not None:
            return g.op(self.name, flow, axis=self.axis, keepdims=int(bool(self.keep)))
        best = g.op(self.name, g.op("Reshape", flow, g.vector((-1,))), axis=0, keepdims=0)
        return g.op("Reshape", best, g.vector((1,) * x.rank)) if self.keep else best


class ArgMax(_Place):
    """The index of the largest element along an axis, or in the flattened whole.

    [B, 77] long -> ArgMax(axis=1)    # [B] long < 77
    [2, 3, 4] -> ArgMax(axis=-1, keep=true)    # [2, 3, 1] long < 4
    [2, 3] -> ArgMax    # [] long < 6
    """


class ArgMin(_Place):
    """The index of the smallest element along an axis, or in the flattened whole: the nearest code of a codebook.

    [B, T, 512] -> ArgMin(axis=-1)    # [B, T] long < 512
    [2, 3, 4] -> ArgMin(axis=0, keep=true)    # [1, 3, 4] long < 2
    [2, 3] -> ArgMin    # [] long < 6
    """


class CumSum(Operator, kind="reduction"):
    """The running sum along an axis.

    [B, T, 8] -> CumSum(axis=1)    # [B, T, 8]
    [2, 3] bool -> CumSum(axis=1)    # [2, 3] long
    """

    axis: Axis

    @when_known("axis")
    def shape(self, x: Tensor) -> Tensor:
        axis_of("CumSum", self.axis, x)
        return Tensor(x.sizes, "long" if x.dtype == "bool" else x.dtype)

    def flops(self, x: Tensor) -> Size:
        return numel(x.sizes)

    def dependence(self, x: Traced) -> Steps:
        return shifted(x.steps, axis_of("CumSum", self.axis, x.type), 0, "", exact=False)

    def torch(self, x: Tensor) -> Code:
        return method(X, "cumsum", dim=self.axis)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op("CumSum", g.counted(x), g.number(self.axis, "long"))
