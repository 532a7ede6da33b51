"""Sizes as values of the graph.

Enters: sizes of the spec, numbers or polynomials over its free dimensions. Leaves: int64 tensors. A dimension is
read off an input's shape once, and each polynomial is computed once, before everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lcm

from ...shape import Dim, Shape, Size, bounds
from ...size import Quotient
from ...symbol import Symbol
from .graph import Graph, Unsupported
from .nodes import Wire


class Extents(Graph):
    """A graph that knows the sizes of its inputs."""

    #: The inputs that sizes are read from.
    given: Sequence[Wire] = ()
    #: Why sizes of the run are not known here, where they are not.
    unsized: str = ""

    def size(self, size: Size) -> str:
        """A size as a tensor of one element, [1] long."""
        if not isinstance(size, Dim):
            return self.vector((size,))
        if self.unsized:
            raise Unsupported(self.unsized)
        return self.once(("size", size), lambda: self._polynomial(size))

    def scalar(self, size: Size | float, dtype: str = "long") -> str:
        """A size, or any number, as a scalar of a dtype."""
        if not isinstance(size, Dim):
            return self.number(size, dtype)
        whole = self.once(("scalar", size), lambda: self.op("Squeeze", self.size(size), self.vector((0,))))
        if dtype == "long":
            return whole
        return self.once(("scalar", size, dtype), lambda: self.op("Cast", whole, to=1))

    def sizes(self, shape: Shape) -> str:
        """A shape as a tensor, [rank] long."""
        if not any(isinstance(size, Dim) for size in shape):
            return self.vector(shape)

        def make() -> str:
            parts: list[str] = []
            known: list[int] = []
            for size in shape:
                if isinstance(size, Dim):
                    parts += [self.vector(known)] if known else []
                    known = []
                    parts.append(self.size(size))
                else:
                    known.append(size)
            parts += [self.vector(known)] if known else []
            return parts[0] if len(parts) == 1 else self.op("Concat", *parts, axis=0)

        return self.once(("sizes", shape), make)

    def steps(self, count: Size) -> str:
        """0, 1, 2, ... as [count] long."""
        if not isinstance(count, Dim) and count <= 4096:
            return self.vector(range(count))
        first, by = self.number(0, "long"), self.number(1, "long")
        return self.once(("steps", count), lambda: self.op("Range", first, self.scalar(count), by))

    # ------------------------------------------------------------------------------------------- polynomials

    def _polynomial(self, size: Dim) -> str:
        """The terms over their common denominator: the sum divides exactly."""
        symbol = size.symbol()
        if symbol is not None:
            return self._symbol(symbol)
        below = lcm(*(coefficient.denominator for coefficient in size.terms.values()))
        total: str | None = None
        for monomial, coefficient in size.terms.items():
            scale = int(coefficient * below)
            term: str | None = None
            for atom, power in monomial:
                factor = self._symbol(atom) if isinstance(atom, Symbol) else self._quotient(atom)
                for _ in range(power):
                    term = factor if term is None else self.op("Mul", term, factor)
            if term is None:
                term = self.vector((scale,))
            elif scale != 1:
                term = self.op("Mul", term, self.vector((scale,)))
            total = term if total is None else self.op("Add", total, term)
        assert total is not None, "a size has terms"
        return self.op("Div", total, self.vector((below,))) if below != 1 else total

    def _quotient(self, atom: Quotient) -> str:
        def make() -> str:
            a, b = self.size(atom.dividend), self.size(atom.divisor)
            low = bounds(atom.dividend)[0]
            if low is None or low < 0:  # Div cuts off towards 0, a floor goes down
                a = self.op("Sub", a, self.op("Mod", a, b))
            return self.op("Div", a, b)

        return self.once(("quotient", atom), make)

    def _symbol(self, symbol: Symbol) -> str:
        return self.once(("symbol", symbol.name), lambda: self._measured(symbol.name), symbol.name)

    def _measured(self, name: str) -> str:
        """A free dimension, read off the first input that shows it, or solved for."""
        for wire in self.given:
            for axis, size in enumerate(wire.sizes):
                shown = size.symbol() if isinstance(size, Dim) else None
                if shown is not None and shown.name == name:
                    return self.op("Shape", wire, start=axis, end=axis + 1)
        for wire in self.given:
            for axis, size in enumerate(wire.sizes):
                if isinstance(size, Dim) and (found := _linear(size, name)) is not None:
                    factor, rest = found
                    there = self.op("Shape", wire, start=axis, end=axis + 1)
                    if rest:
                        there = self.op("Sub", there, self.vector((rest,)))
                    return self.op("Div", there, self.vector((factor,)))
        raise Unsupported(
            f"no input of the graph shows the size `{name}`", f"an input such as `input x: [B, {name}]` would"
        )


def _linear(size: Dim, name: str) -> tuple[int, int] | None:
    """(a, b) where a size is a * name + b."""
    factor = rest = 0
    for monomial, coefficient in size.terms.items():
        if coefficient.denominator != 1:
            return None
        if not monomial:
            rest = int(coefficient)
        elif len(monomial) == 1 and monomial[0][1] == 1 and getattr(monomial[0][0], "name", None) == name:
            factor = int(coefficient)
        else:
            return None
    return (factor, rest) if factor else None
