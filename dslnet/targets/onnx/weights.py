"""Weights by path, as numpy has them.

Enters: a state_dict, or the tensors of a file under the model's names. Leaves: arrays, float32 for everything with a
point.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...checkpoints import WeightsMistake
from ...graph import join


class Weights:
    """Arrays by path."""

    def __init__(self, tensors: Mapping[str, Any]) -> None:
        self.tensors = tensors

    def array(self, path: str) -> Any:
        """A weight as a numpy array."""
        import numpy

        value = self.tensors.get(path)
        if value is None:
            raise WeightsMistake("E0817", f"the weights have no `{path}`")
        if hasattr(value, "detach"):
            value = value.detach().cpu()
            if value.is_floating_point():
                value = value.float()
            value = value.contiguous().numpy()
        if value.dtype.kind == "f" and value.dtype != numpy.float32:
            value = value.astype(numpy.float32)
        elif value.dtype.kind in "iu" and value.dtype != numpy.int64:
            value = value.astype(numpy.int64)
        return value

    def parametrized(self, path: str, kind: str, rows: int) -> Any:
        """The weight that a parametrization computes in evaluation; `rows` is the axis of what it makes."""
        import numpy

        stem = join(path, "parametrizations.weight")
        if kind == "weight_norm":
            length, direction = self.array(f"{stem}.original0"), self.array(f"{stem}.original1")
            axes = tuple(range(1, direction.ndim))
            return length * direction / numpy.sqrt(numpy.square(direction).sum(axis=axes, keepdims=True))
        weight = self.array(f"{stem}.original")
        if weight.ndim == 1:
            return weight / max(float(numpy.sqrt(numpy.square(weight).sum())), 1e-12)
        u, v = self.array(f"{stem}.0._u"), self.array(f"{stem}.0._v")
        matrix = numpy.moveaxis(weight, rows, 0).reshape(weight.shape[rows], -1)
        return weight / (u @ (matrix @ v)).astype(numpy.float32)
