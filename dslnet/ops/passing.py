"""Boxes that make what they are given.

Enters: one value. Leaves: that value. What such a box changes is something else: where gradients go, how weights are
held, how the boxes of its body are named.
"""

from __future__ import annotations

from ..shape import Tensor
from .base import Onnx, Operator, Wire
from .code import Code, X
from .dependence import Steps, Traced


class Passing(Operator, abstract=True):
    """The same value, computed by nothing."""

    def shape(self, x: Tensor) -> Tensor:
        return x

    def dependence(self, x: Traced) -> Steps:
        return x.steps

    def torch(self, x: Tensor) -> Code:
        return X

    def onnx(self, g: Onnx, x: Wire) -> str:
        return x.name
