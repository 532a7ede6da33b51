"""Weights by path: of a module, or of a safetensors file.

Enters: a state_dict, or a file. Leaves: numpy arrays, float32 for everything with a point. A safetensors file is
read here by itself, so that torch is not needed: eight bytes with the length of a header, the header as JSON (name
to dtype, shape and place), then the bytes of the tensors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...graph import Model, join
from ...shape import Dim
from ...weights import definition_weights

#: The dtypes of safetensors that are read, by numpy's names; BF16 is the upper half of a float32.
_FORMATS = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U8": "u1", "BOOL": "?",
}  # fmt: skip
_HEADER = 100_000_000


class WeightsMistake(Exception):
    """Weights that cannot be used. `code` is that of the diagnostic."""

    def __init__(self, code: str, title: str) -> None:
        super().__init__(title)
        self.code, self.title = code, title


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

    def parametrized(self, path: str, kind: str) -> Any:
        """The weight that a parametrization computes in evaluation."""
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
        rows = weight
        if weight.shape[0] != u.shape[0]:  # transposed convolutions have their outputs in axis 1
            rows = numpy.swapaxes(weight, 0, 1)
        return weight / (u @ (rows.reshape(rows.shape[0], -1) @ v)).astype(numpy.float32)


def fits(model: Model, weights: Weights, name: str) -> None:
    """That a file has every weight of a model, in its shape. Raises `WeightsMistake`."""
    missing = []
    for weight in definition_weights(model, model.entry):
        value = weights.tensors.get(weight.name)
        if value is None:
            if not weight.name.endswith("num_batches_tracked"):
                missing.append(weight.name)
            continue
        wanted = [size for size in weight.shape if not isinstance(size, Dim)]
        if list(value.shape) != wanted:
            raise WeightsMistake("E0817", f"`{weight.name}` is {list(value.shape)} in `{name}`, not {wanted}")
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise WeightsMistake("E0817", f"`{name}` has no `{missing[0]}`{more}")


def read_safetensors(path: str) -> Weights:
    """The tensors of a file, mapped and not copied. Raises `WeightsMistake`."""
    import numpy

    shown = f"`{path}`"
    if not path.endswith(".safetensors"):
        raise WeightsMistake("E0817", f"{shown} is not a .safetensors file")
    try:
        data = numpy.memmap(path, dtype=numpy.uint8, mode="r")
    except FileNotFoundError:
        raise WeightsMistake("E0801", f"there is no file {shown}") from None
    except (OSError, ValueError) as error:
        raise WeightsMistake("E0808", f"{shown} cannot be read: {str(error).lower()[:60]}") from None
    try:
        return Weights(_tensors(data))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise WeightsMistake("E0817", f"{shown} cannot be read as safetensors") from None


def _tensors(data: Any) -> dict[str, Any]:
    import numpy

    if data.size < 8:
        raise ValueError
    length = int.from_bytes(data[:8].tobytes(), "little")
    if length > _HEADER or 8 + length > data.size:
        raise ValueError
    table = json.loads(data[8 : 8 + length].tobytes())
    body, found = data[8 + length :], {}
    for name, entry in table.items():
        if name == "__metadata__":
            continue
        start, stop = entry["data_offsets"]
        shape = tuple(entry["shape"])
        if not (0 <= start <= stop <= body.size) or not all(isinstance(n, int) and n >= 0 for n in shape):
            raise ValueError
        part = numpy.frombuffer(body[start:stop], dtype=numpy.dtype(_FORMATS[entry["dtype"]]))
        if entry["dtype"] == "BF16":
            part = (part.astype("<u4") << 16).view("<f4")
        found[name] = part.reshape(shape)
    return found
