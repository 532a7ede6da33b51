"""Positions in a sequence: indices, sinusoids, rotations, learned tables of distances.

Enters: a sequence [B, T, ...], or queries and keys [..., T, e]. Leaves: the positions, or the sequence with them.
"""

from collections.abc import Iterator
from typing import Any

from ..shape import UNKNOWN, Size, Tensor, numel
from .arguments import Axis, Count, Extent, Positive
from .base import Mistake, Onnx, Operator, Weight, Wire
from .code import Attr, Code, Floats, X, apply, module
from .dependence import NO_STEPS, Steps, Traced, across, pointwise
from .rules import brief, known_axis, need_divisor, need_float, need_known, need_rank


class RoPE(Operator, kind="embedding"):
    """Rotates pairs of features by angles that grow with the position, after Su et al., "RoFormer", 2021.

    Pair i of e / 2 turns by t * base ^ (-2 i / e) at step t. A pair is the features i and i + e / 2 or, when
    `interleaved`, 2 i and 2 i + 1.

    [2, 8, 10, 64] -> RoPE    # [2, 8, 10, 64]
    [B, h, T, 8] -> RoPE(500000, interleaved=true)    # [B, h, T, 8]
    """

    base: Positive = 10000
    interleaved: bool = False

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(2, 17), "[..., T, e]", "x")
        need_float(self, x, "x")
        width = x.sizes[-1]
        need_divisor(self, 2, width, f"`RoPE` turns pairs of features, the width is {brief(width)}", "x", "numbers")
        return x

    def flops(self, x: Tensor) -> Size:
        return 3 * numel(x.sizes)

    def dependence(self, x: Traced) -> Steps:
        return across(x, [-1])

    def torch(self, x: Tensor) -> Code:
        return apply("rotate", X, self.base, **({"interleaved": True} if self.interleaved else {}))

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.rotate(x, x.sizes[-1], self.base, self.interleaved)


class Positions(Operator, kind="embedding"):
    """0, 1, 2, ... for the steps of a sequence, or for what stands along another axis.

    [8, 12] long < 100 -> Positions    # [12] long
    [B, T, d] -> Positions    # [T] long
    [N, d] -> Positions(axis=0)    # [N] long
    """

    axis: Axis = 1

    def shape(self, x: Tensor) -> Tensor:
        axis: Any = self.axis
        if axis == 1:
            need_rank(self, x, range(2, 17), "[B, T, ...]", "x")
        axis = known_axis(self, x)
        count = UNKNOWN if axis is None else x.sizes[axis]
        return Tensor((count,), "long", count)

    def dependence(self, x: Traced) -> Steps:
        return NO_STEPS  # the number of steps, not what they hold

    def torch(self, x: Tensor) -> Code:
        return apply("torch.arange", x.sizes[known_axis(self, x) or 0], device=Attr(X, "device"))

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.steps(x.sizes[known_axis(self, x.type) or 0])

    def because(self, output: Tensor, x: Tensor) -> str:
        return f"counts {brief(output.sizes[0])} steps"


class SineEmbedding(Operator, kind="embedding"):
    """Numbers, such as the times of a diffusion, as sines and cosines of `width / 2` frequencies each.

    [sin(x w_0), ..., cos(x w_0), ...] with w_i = base ^ (-2 i / width), after Vaswani et al., 2017.

    [8] -> SineEmbedding(128)    # [8, 128]
    [B] long < 1000 -> SineEmbedding(6)    # [B, 6]
    [B, T] -> SineEmbedding(8, base=100)    # [B, T, 8]
    """

    width: Extent
    base: Positive = 10000

    def shape(self, x: Tensor) -> Tensor:
        if x.dtype == "bool":
            need_float(self, x, "x")
        width = self.width
        need_divisor(self, 2, width, f"`SineEmbedding` makes pairs, the width is {brief(width)}", "width", "numbers")
        return Tensor((*x.sizes, width))

    def flops(self, x: Tensor) -> Size:
        return 2 * numel(x.sizes) * self.width

    def dependence(self, x: Traced) -> Steps:
        return x.steps._replace(triangle=None)

    def torch(self, x: Tensor) -> Code:
        return apply("sine_embedding", X, self.width, self.base, *(() if x.dtype == "float" else (Floats(),)))

    def onnx(self, g: Onnx, x: Wire) -> str:
        number = g.unsqueeze(g.typed(x, "float"), x.rank)
        angles = g.op("Mul", number, g.frequencies(self.width, self.base))
        return g.concat((g.op("Sin", angles), g.op("Cos", angles)), x.rank)

    def because(self, output: Tensor, x: Tensor) -> str:
        return f"makes vectors of {brief(self.width)}"


class SinePositions(Operator, kind="embedding"):
    """Adds sines and cosines of the position to a sequence, after Vaswani et al., 2017.

    Feature 2 i gets sin(t w_i) and feature 2 i + 1 cos(t w_i), with w_i = base ^ (-2 i / d).

    [8, 12, 64] -> SinePositions    # [8, 12, 64]
    [B, T, 6] -> SinePositions(base=100)    # [B, T, 6]
    """

    base: Positive = 10000

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(3, 4), "[B, T, d]", "x")
        need_float(self, x, "x")
        width = x.sizes[-1]
        need_divisor(self, 2, width, f"`SinePositions` makes pairs, the width is {brief(width)}", "x", "numbers")
        return x

    def flops(self, x: Tensor) -> Size:
        return numel(x.sizes) + 2 * numel(x.sizes[1:])

    def dependence(self, x: Traced) -> Steps:
        return pointwise(x)

    def torch(self, x: Tensor) -> Code:
        return apply("add_sine_positions", X, self.base)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op("Add", x, g.sine_positions(x.sizes[1], x.sizes[2], self.base))


class RelativeBias(Operator, kind="embedding", weighted=True):
    """A learned number for each head and each distance between query and key, added to scores, after Raffel et al.,
    "T5", 2020.

    Half of the buckets are single distances, the others grow like their logarithm up to `distance`; with
    `bidirectional` half of them all are for keys after the query.

    [8, 12] long < 100 -> RelativeBias(4)    # [1, 4, 12, 12]
    [B, T, d] -> RelativeBias(8, buckets=16, distance=64, bidirectional=false)    # [1, 8, T, T]
    """

    heads: Extent
    buckets: Count = 32
    distance: Count = 128
    bidirectional: bool = True

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(2, 17), "[B, T, ...]", "x")
        for argument in ("heads", "buckets", "distance"):
            need_known(self, argument)
        least = 4 if self.bidirectional else 2
        if UNKNOWN not in (self.buckets, self.distance):
            if self.buckets < least:
                raise Mistake("E0301", f"`buckets` of RelativeBias is {least} or more, got {self.buckets}", "buckets")
            exact = self.buckets // least
            if self.distance <= exact:
                raise Mistake(
                    "E0301",
                    f"`distance` of RelativeBias is above {exact}, got {self.distance}",
                    "distance",
                    f"{exact} buckets hold one distance each",
                )
        return Tensor((1, self.heads, x.sizes[1], x.sizes[1]))

    def weights(self, x: Tensor) -> Iterator[Weight]:
        yield Weight("weight", (self.buckets, self.heads))

    def dependence(self, x: Traced) -> Steps:
        return NO_STEPS  # the number of steps, not what they hold

    def torch(self, x: Tensor) -> Code:
        given = {"buckets": self.buckets, "distance": self.distance, "bidirectional": self.bidirectional}
        defaults = {"buckets": 32, "distance": 128, "bidirectional": True}
        options: dict[str, Any] = {name: value for name, value in given.items() if value != defaults[name]}
        return module("RelativeBias", self.heads, **options)

    def onnx(self, g: Onnx, x: Wire) -> str:
        rows = g.distances(x.sizes[1], self.buckets, self.distance, self.bidirectional)
        return g.unsqueeze(g.transpose(g.op("Gather", g.weight("weight"), rows), 2, 0, 1), 0)

    def because(self, output: Tensor, x: Tensor) -> str:
        return f"a table for {brief(x.sizes[1])} steps"
