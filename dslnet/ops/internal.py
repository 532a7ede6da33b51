"""Operators that no spec writes by name: what the builder puts between boxes."""

from typing import Any

from ..shape import UNKNOWN_TENSOR, Tensor
from .arguments import Anything, Real, Whole, Word
from .base import Onnx, Operator, Wire
from .code import Code, Input, X, apply, module
from .dependence import NO_STEPS, Steps, Traced
from .ranges import ids, range_of


class Fill(Operator, kind="op", abstract=True):
    """A constant of the shape of its input: the 1 of `BCELogits to 1`."""

    value: Real

    def shape(self, x: Tensor) -> Tensor:
        return ids(x.sizes, x.dtype, range_of(x, self.value))

    def dependence(self, x: Traced) -> Steps:
        return NO_STEPS

    def torch(self, x: Tensor) -> Code:
        return apply("torch.full_like", X, self.value)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op("Expand", g.number(self.value, x.dtype), g.op("Shape", x))


class Pick(Operator, kind="shape", abstract=True):
    """One element of a tuple: `stages.out[0]`."""

    index: Whole

    def shape(self, *xs: Tensor) -> Tensor:
        return xs[self.index]  # type: ignore[index]

    def dependence(self, *xs: Traced) -> Steps:
        return xs[self.index].steps  # type: ignore[index]

    def torch(self, *xs: Tensor) -> Code:
        return Input(self.index)  # type: ignore[arg-type]

    def onnx(self, g: Onnx, *xs: Wire) -> str:
        return xs[self.index].name  # type: ignore[index]


class PythonBox(Operator, kind="python", weighted=True, abstract=True):
    """A class of the user's own Python; its shape is the assertion written after it."""

    module: Word
    cls: Word
    positional: Anything = ()
    sizes: Anything = None

    def shape(self, *xs: Tensor) -> Tensor:
        return UNKNOWN_TENSOR

    def torch(self, *xs: Tensor) -> Code:
        named: dict[str, Any] = self.sizes or {}
        return module(f"{self.module}.{self.cls}", *self.positional, **named)
