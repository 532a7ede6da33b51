"""Dense layers: maps of the feature axis, tables, dropout.

Enters: [..., d] or ids. Leaves: [..., features].
"""

from collections.abc import Iterator
from typing import Any

from ..shape import UNKNOWN, Size, Tensor, compare, numel, origin, same
from .arguments import Extent, Held, Probability, Whole
from .base import Mistake, Onnx, Operator, Weight, Wire
from .code import Attr, Code, Training, X, apply, module
from .code import Held as HeldModule
from .dependence import Steps, Traced, across, join, pointwise
from .passing import Passing
from .ranges import need_from_zero
from .rules import brief, need_float, need_known, need_known_input, need_long, need_rank, need_same, shown


class Linear(Operator, kind="linear", weighted=True, aliases=("Dense",)):
    """Affine map of the last axis, y = x W^T + b.

    [8, 10] -> Linear(20)    # [8, 20]
    [B, T, 64] -> Linear(128, bias=false)    # [B, T, 128]
    [10] -> Linear(2)    # [2]
    """

    out_features: Extent
    bias: bool = True

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(1, 17), "[..., d]", "x")
        need_float(self, x, "x")
        need_known(self, "out_features")
        need_known_input(self, x, -1, "x")
        return x.last(self.out_features)

    def weights(self, x: Tensor) -> Iterator[Weight]:
        yield Weight("weight", (self.out_features, x.sizes[-1]))
        if self.bias:
            yield Weight("bias", (self.out_features,))

    def flops(self, x: Tensor) -> Size:
        return 2 * numel(x.sizes) * self.out_features

    def dependence(self, x: Traced) -> Steps:
        return across(x, [-1])

    def torch(self, x: Tensor) -> Code:
        options: dict[str, Any] = {} if self.bias else {"bias": False}
        return module("nn.Linear", x.sizes[-1], self.out_features, **options)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.linear(x, g.weight("weight"), g.weight("bias") if self.bias else None)


class Bilinear(Operator, kind="linear", weighted=True):
    """A form of two vectors, y_k = a^T W_k b + bias_k, over the last axes.

    ([8, 10], [8, 12]) -> Bilinear(20)    # [8, 20]
    ([B, T, 6], [B, T, 4]) -> Bilinear(3, bias=false)    # [B, T, 3]
    """

    out_features: Extent
    bias: bool = True

    def shape(self, a: Tensor, b: Tensor) -> Tensor:
        for port, x in (("a", a), ("b", b)):
            need_rank(self, x, range(1, 17), "[..., d]", port)
            need_float(self, x, port)
            need_known_input(self, x, -1, port)
        need_known(self, "out_features")
        need_same(
            a.sizes[:-1],
            b.sizes[:-1],
            f"the inputs of `Bilinear` differ: {shown(a)} and {shown(b)}",
            "b",
            "all axes but the last must agree",
        )
        return a.last(self.out_features)

    def weights(self, a: Tensor, b: Tensor) -> Iterator[Weight]:
        yield Weight("weight", (self.out_features, a.sizes[-1], b.sizes[-1]))
        if self.bias:
            yield Weight("bias", (self.out_features,))

    def flops(self, a: Tensor, b: Tensor) -> Size:
        # W_k b for every k, then the product with a
        return 2 * numel(a.sizes) * b.sizes[-1] * self.out_features + 2 * numel(a.sizes) * self.out_features

    def dependence(self, a: Traced, b: Traced) -> Steps:
        return join([across(a, [-1]), across(b, [-1])]).because("over the features")

    def torch(self, a: Tensor, b: Tensor) -> Code:
        options: dict[str, Any] = {} if self.bias else {"bias": False}
        return module("nn.Bilinear", a.sizes[-1], b.sizes[-1], self.out_features, **options)

    def onnx(self, g: Onnx, a: Wire, b: Wire) -> str:
        # W_k b for every k, then the product with a
        rows = g.op("Einsum", a, g.weight("weight"), b, equation="...i,kij,...j->...k")
        return g.op("Add", rows, g.weight("bias")) if self.bias else rows


class Embedding(Operator, kind="embedding", weighted=True):
    """A table of vectors, one for each id. The row `padding_idx` begins at 0 and is not trained.

    [8, 12] long < 1000 -> Embedding(1000, 64)    # [8, 12, 64]
    [B, T] long < 50257 -> Embedding(50257, 768)    # [B, T, 768]
    [B] long < 10 -> Embedding(10, 16, padding_idx=0)    # [B, 16]
    """

    num_embeddings: Extent
    embedding_dim: Extent
    padding_idx: Whole | None = None

    def shape(self, x: Tensor) -> Tensor:
        need_long(self, x, "x", "ids")
        need_known(self, "num_embeddings")
        need_known(self, "embedding_dim")
        need_from_zero(x, None, "`Embedding`")
        rows, below = self.num_embeddings, x.below
        if below is not None and compare(below, rows) == 1:
            place = origin(below)
            advice = f"`Embedding({{x.below}}, {brief(self.embedding_dim)})`"
            raise Mistake(
                "E0313",
                f"ids go up to {brief(below - 1)}, `Embedding` has {rows} rows",
                "num_embeddings",
                f"{rows} rows",
                others=((place, f"ids below {brief(below)}"),) if place is not None else (),
                fixes=((advice, "num_embeddings", "{x.below}"),),
            )
        if self.padding_idx is not None:
            need_known(self, "padding_idx")
            last = compare(self.padding_idx, rows)
            if compare(self.padding_idx, -rows) == -1 or last in (0, 1):
                raise Mistake("E0313", f"`Embedding` has {rows} rows, none is {self.padding_idx}", "padding_idx")
        return Tensor((*x.sizes, self.embedding_dim))

    def weights(self, x: Tensor) -> Iterator[Weight]:
        yield Weight("weight", (self.num_embeddings, self.embedding_dim))

    def dependence(self, x: Traced) -> Steps:
        return x.steps._replace(triangle=None, why=x.steps.why if x.steps.everything else "row by row")

    def torch(self, x: Tensor) -> Code:
        options: dict[str, Any] = {} if self.padding_idx is None else {"padding_idx": self.padding_idx}
        return module("nn.Embedding", self.num_embeddings, self.embedding_dim, **options)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op("Gather", g.weight("weight"), x)

    def because(self, output: Tensor, x: Tensor) -> str:
        return f"makes vectors of {brief(self.embedding_dim)}"


class Unembed(Operator, kind="linear"):
    """Scores of all the rows of a table that is used elsewhere too, y = x W^T: tied embeddings, after Press and
    Wolf, "Using the Output Embedding to Improve Language Models", 2017. With `table: Embedding(100, 64)`:

    [8, 64] -> Unembed(table)    # [8, 100]
    [B, T, 64] -> Unembed(table)    # [B, T, 100]
    """

    module: Held

    def _table(self) -> tuple[Size, Size]:
        """Rows and width of the table."""
        if self.module is UNKNOWN or not self.module.weights:  # type: ignore[comparison-overlap]
            return UNKNOWN, UNKNOWN
        weight = self.module.weights.get("weight", ())
        if len(weight) != 2:
            raise Mistake(
                "E0301",
                f"`Unembed` wants a module with one table, `{self.module.path[:30]}` is none",
                "module",
                helps=("a lower-case name for `Embedding(...)` or `Linear(...)`",),
            )
        return weight[0], weight[1]

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(1, 17), "[..., d]", "x")
        need_float(self, x, "x")
        rows, width = self._table()
        if not same(width, x.sizes[-1]):
            raise Mistake(
                "E0501",
                f"`{self.module.path[:20]}` has rows of {brief(width)}, this is {shown(x)}",
                "module",
                f"a table [{brief(rows)}, {brief(width)}]",
                helps=(f"bring it to that width first: `Linear({brief(width)}) -> Unembed(...)`",),
            )
        return x.last(rows)

    def flops(self, x: Tensor) -> Size:
        return 2 * numel(x.sizes) * self._table()[0]

    def dependence(self, x: Traced) -> Steps:
        return across(x, [-1])

    def torch(self, x: Tensor) -> Code:
        return apply("F.linear", X, Attr(HeldModule("module"), "weight"))

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.linear(x, g.of_module(self.module, "weight"), None)

    def because(self, output: Tensor, x: Tensor) -> str:
        return f"scores {brief(output.sizes[-1])} rows"


class Dropout(Operator, kind="dropout", stochastic=True):
    """Zeroes each element with probability `p` while training, and multiplies the others by 1 / (1 - p).

    [8, 10] -> Dropout(0.1)    # [8, 10]
    [B, T, d] -> Dropout    # [B, T, d]
    """

    p: Probability = 0.5

    def shape(self, x: Tensor) -> Tensor:
        need_float(self, x, "x")
        return x

    def flops(self, x: Tensor) -> Size:
        return 0  # nothing is computed at inference

    def dependence(self, x: Traced) -> Steps:
        return pointwise(x, keeps="zero")

    def torch(self, x: Tensor) -> Code:
        return apply("F.dropout", X, self.p, Training())

    def onnx(self, g: Onnx, x: Wire) -> str:
        return x.name


class Identity(Passing, kind="shape"):
    """What comes in goes out.

    [B, 8] -> Identity    # [B, 8]
    [B, T] long < 10 -> Identity    # [B, T] long
    """
