"""Attention, positions and tables of distances as nodes.

Enters: queries, keys and values [..., heads, T, e]. Leaves: names of values. What depends on lengths only (causal
masks, the angles of rotary positions) is computed once for the whole graph.
"""

from __future__ import annotations

from typing import Any

from ...shape import Dim, Size, same
from .graph import Unsupported
from .nodes import Operand, Wire
from .windows import Windows

#: The opset from which ONNX has `Attention`, `RotaryEmbedding` and `RMSNormalization`.
MODERN = 23


class Attending(Windows):
    """A graph with words for sequences."""

    def attend(
        self, q: Wire, k: Wire, v: Wire, mask: str | None, position: Wire | None, causal: bool, scale: float | None
    ) -> str:
        """softmax(q k^T scale + position) v over the keys that are kept; `mask` broadcasts to the scores."""
        heads, served = q.sizes[-3], k.sizes[-3]
        grouped = not same(heads, served)
        width = q.sizes[-1]
        if scale is None and isinstance(width, int):
            scale = width**-0.5
        if self.opset >= MODERN and q.rank == 4:
            side: Operand = position if mask is None else mask
            if mask is not None and position is not None:
                side = self.op("Where", mask, position, self.number(float("-inf")))
            if side is not None:  # its last two axes are those of the scores, the others broadcast
                side = self.expand(side, (q.sizes[-2], k.sizes[-2]))
            return self.op("Attention", q, k, v, side, is_causal=int(causal) or None, scale=scale and float(scale))
        rank = q.rank
        if scale is None:
            scaled = self.op("Div", q, self.op("Sqrt", self.scalar(width, "float")))
        else:
            scaled = self.op("Mul", q, self.number(scale))
        rows = q.sizes[-2]
        together = (*q.sizes[:-3], served, heads // served * rows)
        if grouped:  # the queries that a head of keys serves stand one after another
            scaled = self.reshape(scaled, q.sizes, (*together, q.sizes[-1]))
        scores = self.op("MatMul", scaled, self.swapped(k, rank))
        whole, part = (*q.sizes[:-1], k.sizes[-2]), (*together, k.sizes[-2])
        if grouped:
            scores = self.reshape(scores, part, whole)
        if position is not None:
            scores = self.op("Add", scores, position)
        if causal and mask is not None:
            mask = self.op(
                "And", mask, self.once(("earlier", rows, k.sizes[-2]), lambda: self._earlier(rows, k.sizes[-2]))
            )
        elif causal:
            scores = self.op("Add", scores, self.past(rows, k.sizes[-2]))
        if mask is not None:
            scores = self.op("Where", mask, scores, self.number(float("-inf")))
        weights = self.op("Softmax", scores, axis=-1)
        if position is not None:  # a query without any key has weights of 0
            most = self.reduce("ReduceMax", scores, (rank - 1,), keep=True)
            weights = self.op("Where", self.op("Equal", most, self.number(float("-inf"))), self.number(0.0), weights)
        elif mask is not None:
            weights = self.op("Where", mask, weights, self.number(0.0))
        if grouped:
            weights = self.reshape(weights, whole, part)
        made = self.op("MatMul", weights, v)
        if grouped:
            made = self.reshape(made, (*together, v.sizes[-1]), (*q.sizes[:-1], v.sizes[-1]))
        return made

    def past(self, queries: Size, keys: Size) -> str:
        """0 for keys up to the query and minus infinity for the others, [queries, keys]."""

        def make() -> str:
            later = self.later(queries, keys)
            return self.op("Where", later, self.number(float("-inf")), self.number(0.0))

        return self.once(("past", queries, keys), make, "causal")

    def _earlier(self, queries: Size, keys: Size) -> str:
        return self.op("Not", self.later(queries, keys))

    def later(self, queries: Size, keys: Size) -> str:
        """Whether a key comes after the query, [queries, keys] bool."""

        def make() -> str:
            return self.op("Less", self.unsqueeze(self.steps(queries), 1), self.unsqueeze(self.steps(keys), 0))

        return self.once(("later", queries, keys), make, "causal")

    # ---------------------------------------------------------------------------------------------- positions

    def frequencies(self, width: Size, base: float) -> str:
        """base ^ (-2 i / width) for i below width / 2."""
        if isinstance(width, Dim):
            raise Unsupported(f"positions in `{width}` features need a known width", f"give `{width}` a value")

        def make() -> Any:
            import numpy

            steps = numpy.arange(0, width, 2, dtype=numpy.float32) / numpy.float32(-width)
            return numpy.power(numpy.float32(base), steps, dtype=numpy.float32)

        return self.array(f"frequencies/{width}/{base:g}", make)

    def angles(self, steps: Size, width: Size, base: float) -> str:
        """The step times each frequency, [steps, width / 2]."""

        def make() -> str:
            places = self.unsqueeze(self.cast(self.steps(steps), "float"), 1)
            return self.op("Mul", places, self.frequencies(width, base))

        return self.once(("angles", steps, width, base), make, "angles")

    def turned(self, function: str, steps: Size, width: Size, base: float) -> str:
        """`Sin` or `Cos` of the angles."""
        return self.once(
            (function, steps, width, base), lambda: self.op(function, self.angles(steps, width, base)), "angles"
        )

    def rotate(self, x: Wire, width: Size, base: float, interleaved: bool) -> str:
        """Rotary positions: pairs of features of [..., T, e] turn by the step times their frequency."""
        steps = x.sizes[-2]
        cos, sin = (self.turned(function, steps, width, base) for function in ("Cos", "Sin"))
        if self.opset >= MODERN and x.rank == 4:
            shape = (x.sizes[0], steps)
            places = self.once(("places", shape), lambda: self.expand(self.unsqueeze(self.steps(steps), 0), shape))
            return self.op("RotaryEmbedding", x, cos, sin, places, interleaved=int(interleaved) or None)
        last = x.rank - 1
        half = width // 2
        if interleaved:
            pairs = self.reshape(x, x.sizes, (*x.sizes[:-1], half, 2))
            a, b = (self.take(pairs, i, last + 1) for i in (0, 1))
        else:
            a, b = self.split(x, (half, half), last)
        first = self.op("Sub", self.op("Mul", a, cos), self.op("Mul", b, sin))
        second = self.op("Add", self.op("Mul", a, sin), self.op("Mul", b, cos))
        if not interleaved:
            return self.concat((first, second), last)
        stacked = self.concat((self.unsqueeze(first, last + 1), self.unsqueeze(second, last + 1)), last + 1)
        return self.reshape(stacked, (*x.sizes[:-1], half, 2), x.sizes)

    def sine_positions(self, steps: Size, width: Size, base: float) -> str:
        """Sines (even features) and cosines (odd features) of the steps, [steps, width]."""

        def make() -> str:
            both = [self.unsqueeze(self.turned(f, steps, width, base), 2) for f in ("Sin", "Cos")]
            return self.reshape(self.concat(both, 2), (steps, width // 2, 2), (steps, width))

        return self.once(("sines", steps, width, base), make, "angles")

    def distances(self, steps: Size, buckets: int, distance: int, bidirectional: bool) -> str:
        """The row of a table of distances for each query and key, [steps, steps] long."""

        def make() -> str:
            from math import log

            places = self.steps(steps)
            offset = self.op("Sub", self.unsqueeze(places, 0), self.unsqueeze(places, 1))  # of the key from the query
            rows = buckets // 2 if bidirectional else buckets
            exact = rows // 2
            zero, one = self.number(0, "long"), self.number(1, "long")
            far = self.op("Abs", offset) if bidirectional else self.op("Max", self.op("Neg", offset), zero)
            ratio = self.op("Div", self.cast(self.op("Max", far, one), "float"), self.number(exact))
            share = self.op("Div", self.op("Log", ratio), self.number(log(distance / exact)))
            more = self.cast(self.op("Mul", share, self.number(rows - exact)), "long")
            grown = self.op("Min", self.op("Add", more, self.number(exact, "long")), self.number(rows - 1, "long"))
            row = self.op("Where", self.op("Less", far, self.number(exact, "long")), far, grown)
            if not bidirectional:
                return row
            after = self.cast(self.op("Greater", offset, zero), "long")
            return self.op("Add", row, self.op("Mul", after, self.number(rows, "long")))

        return self.once(("distances", steps, buckets, distance, bidirectional), make, "distances")
