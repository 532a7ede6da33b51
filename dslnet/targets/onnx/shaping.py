"""Short words for what many rules need: other shapes, other dtypes, parts, sums.

Enters: operands and sizes of the spec. Leaves: names of values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...shape import Dim, Shape, Size, Tensor
from .extents import Extents
from .nodes import DTYPES, Operand, Wire

#: Ends of a slice that mean "to the end" and "from the end, to the beginning".
END = 2**63 - 1


class Shaping(Extents):
    """A graph with words for shapes."""

    def wire(self, name: str, type_: Tensor) -> Wire:
        """A value with its type, for words that want to know it."""
        return Wire(name, type_)

    # ------------------------------------------------------------------------------------------------- dtypes

    def cast(self, x: Operand, dtype: str) -> str:
        return self.op("Cast", x, to=DTYPES[dtype])

    def typed(self, x: Wire, dtype: str) -> str:
        """The wire in a dtype, cast where it has another one."""
        return x.name if x.dtype == dtype else self.cast(x, dtype)

    def counted(self, x: Wire) -> str:
        """The wire, truth values as 0 and 1."""
        return self.cast(x, "long") if x.dtype == "bool" else x.name

    # ------------------------------------------------------------------------------------------------- shapes

    def reshape(self, x: Operand, before: Shape, after: Shape) -> str:
        """The same elements in another shape. Sizes that stay in their place, and one more, need not be known."""
        if before == after:
            return x.name if isinstance(x, Wire) else str(x)
        wanted: list[Size] = []
        holes = 0
        for axis, size in enumerate(after):
            if isinstance(size, Dim) and axis < len(before) and before[axis] == size:
                wanted.append(0)
            elif isinstance(size, Dim) and not holes:
                wanted.append(-1)
                holes = 1
            else:
                wanted.append(size)
        return self.op("Reshape", x, self.sizes(tuple(wanted)))

    def transpose(self, x: Operand, *order: int) -> str:
        """The axes in another order."""
        if order == tuple(range(len(order))):
            return x.name if isinstance(x, Wire) else str(x)
        return self.op("Transpose", x, perm=order)

    def swapped(self, x: Operand, rank: int) -> str:
        """The last two axes swapped."""
        return self.transpose(x, *range(rank - 2), rank - 1, rank - 2)

    def unsqueeze(self, x: Operand, *axes: int) -> str:
        if not axes:
            return x.name if isinstance(x, Wire) else str(x)
        return self.op("Unsqueeze", x, self.vector(axes))

    def squeeze(self, x: Operand, *axes: int) -> str:
        return self.op("Squeeze", x, self.vector(axes))

    def expand(self, x: Operand, shape: Shape) -> str:
        """Axes of size 1 repeated up to a shape."""
        return self.op("Expand", x, self.sizes(shape))

    def concat(self, parts: Sequence[Operand], axis: int) -> str:
        return self.op("Concat", *parts, axis=axis)

    def slice(self, x: Operand, axis: int, start: Size = 0, stop: Size | None = None, step: int = 1) -> str:
        """A part of an axis; without `stop` up to its end."""
        end = self.vector((END,)) if stop is None else self.size(stop)
        return self.op("Slice", x, self.size(start), end, self.vector((axis,)), self.vector((step,)))

    def split(self, x: Operand, sizes: Shape, axis: int) -> tuple[str, ...]:
        """An axis cut into pieces."""
        return self.ops(len(sizes), "Split", x, self.sizes(sizes), axis=axis)

    def take(self, x: Operand, index: int, axis: int) -> str:
        """One place of an axis, which goes; negative ones count from the end."""
        return self.op("Gather", x, self.number(index, "long"), axis=axis)

    # ------------------------------------------------------------------------------------------------- numbers

    def reduce(self, kind: str, x: Operand, axes: Sequence[int], keep: bool = False) -> str:
        """`ReduceSum` and its kin over axes."""
        if not axes:  # ONNX takes no axes for all of them
            return x.name if isinstance(x, Wire) else str(x)
        return self.op(kind, x, self.vector(axes), keepdims=int(keep))

    def scaled(self, x: Operand, k: float) -> str:
        return (x.name if isinstance(x, Wire) else str(x)) if k == 1 else self.op("Mul", x, self.number(k))

    def filled(self, value: float, shape: Shape, dtype: str = "float") -> str:
        """A tensor of one number."""
        if not any(isinstance(size, Dim) for size in shape) and len(shape) < 2:
            return self.vector((value,) * (shape[0] if shape else 1), dtype) if shape else self.number(value, dtype)  # type: ignore[operator]
        return self.once(("filled", value, dtype, shape), lambda: self.expand(self.number(value, dtype), shape))

    def norm(self, x: Operand, p: float, axes: Sequence[int], keep: bool = False) -> str:
        """(sum |x|^p)^(1/p) over axes."""
        if p == 2:
            return self.reduce("ReduceL2", x, axes, keep) if axes else self.op("Abs", x)
        size = self.op("Abs", x)
        if p in (1, float("inf"), float("-inf")):
            kind = {1: "ReduceSum", float("inf"): "ReduceMax", float("-inf"): "ReduceMin"}[p]
            return self.reduce(kind, size, axes, keep)
        if p == 0:
            return self.reduce("ReduceSum", self.cast(self.cast(size, "bool"), "float"), axes, keep)
        total = self.reduce("ReduceSum", self.op("Pow", size, self.number(p)), axes, keep)
        return self.op("Pow", total, self.number(1 / p))

    # ---------------------------------------------------------------------------------------------- arithmetic

    def binary(self, sign: str, left: Any, right: Any, both: str, made: str) -> str:
        """`left sign right` of wires or numbers, for the dtype that holds both and the one that comes out."""
        compared = sign in _COMPARED
        dtype = both if compared else made
        dtype = "long" if dtype == "bool" else dtype
        a, b = (
            self.typed(side, dtype) if isinstance(side, Wire) else self.scalar(side, dtype) for side in (left, right)
        )
        if sign == "!=":
            return self.op("Not", self.op("Equal", a, b))
        if sign == "%" or sign == "//":
            return self._floored(sign, a, b, dtype)
        return self.op(_COMPARED.get(sign) or _SIGNS[sign], a, b)

    def _floored(self, sign: str, a: str, b: str, dtype: str) -> str:
        """The quotient rounded down, or the remainder, which has the sign of the divisor."""
        if dtype == "long":
            rest = self.op("Mod", a, b)
            return rest if sign == "%" else self.op("Div", self.op("Sub", a, rest), b)
        zero = self.number(0.0)
        rest = self.op("Mod", a, b, fmod=1)
        crossed = self.op("Less", self.op("Mul", self.op("Sign", rest), self.op("Sign", b)), zero)
        rest = self.op("Where", crossed, self.op("Add", rest, b), rest)
        return rest if sign == "%" else self.op("Round", self.op("Div", self.op("Sub", a, rest), b))


_SIGNS = {"+": "Add", "-": "Sub", "*": "Mul", "/": "Div", "**": "Pow", "@": "MatMul", "min": "Min", "max": "Max"}
_COMPARED = {
    "==": "Equal", "!=": "Equal", "<": "Less", "<=": "LessOrEqual", ">": "Greater", ">=": "GreaterOrEqual",
}  # fmt: skip
