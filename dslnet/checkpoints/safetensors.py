"""Files of tensors, read without torch.

Enters: the path of a `.safetensors` file, or of the `.safetensors.index.json` of one in several pieces. Leaves: numpy
arrays by name, mapped and not copied. A file is eight bytes with the length of a header, the header as JSON (name to
dtype, shape and place), then the bytes of the tensors.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

from .mistakes import WeightsMistake

#: The dtypes that are read, by numpy's names; BF16 is the upper half of a float32.
_FORMATS = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U8": "u1", "BOOL": "?",
}  # fmt: skip
_HEADER = 100_000_000
#: More tensors than any model has.
_TENSORS = 500_000
_INDEX = ".safetensors.index.json"
_PIECE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*\.safetensors")


def read_tensors(path: str) -> dict[str, Any]:
    """The tensors of a file by name. Raises `WeightsMistake`."""
    if not path.endswith((".safetensors", _INDEX)):
        helps = ('`safetensors.torch.save_file(model.state_dict(), "model.safetensors")` writes one',)
        raise WeightsMistake("E0817", f"`{path}` is not a .safetensors file", helps=helps)
    if not path.endswith(_INDEX):
        return _file(path)
    pieces: dict[str, list[str]] = {}
    for name, piece in _index(path).items():
        pieces.setdefault(piece, []).append(name)
    found: dict[str, Any] = {}
    for piece, names in pieces.items():
        tensors = _file(os.path.join(os.path.dirname(path), piece))
        for name in names:
            if name not in tensors:
                raise WeightsMistake("E0817", f"`{piece}` has no `{name}`, which `{path}` says it has")
            found[name] = tensors[name]
    return found


def _index(path: str) -> dict[str, str]:
    """Which piece has which tensor. Pieces lie beside the index and nowhere else."""
    _regular(path)
    try:
        with open(path, "rb") as file:
            data = file.read(_HEADER + 1)
        table = json.loads(data)["weight_map"] if len(data) <= _HEADER else None
    except OSError as error:
        raise _unreadable(path, error) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        table = None
    if not isinstance(table, dict) or not all(isinstance(piece, str) for piece in table.values()):
        raise WeightsMistake("E0817", f"`{path}` cannot be read as an index of safetensors")
    for piece in table.values():
        if not _PIECE.fullmatch(piece):
            raise WeightsMistake("E0804", f"`{piece[:60]}` in `{path}` is not a .safetensors file beside it")
    return table


def _regular(path: str) -> None:
    if os.path.exists(path) and not os.path.isfile(path):
        raise WeightsMistake("E0806", f"`{path}` is not a file")


def _unreadable(path: str, error: OSError | ValueError) -> WeightsMistake:
    if isinstance(error, FileNotFoundError):
        return WeightsMistake("E0801", f"there is no file `{path}`")
    return WeightsMistake("E0808", f"`{path}` cannot be read: {str(error).lower()[:60]}")


def _file(path: str) -> dict[str, Any]:
    import numpy

    _regular(path)
    try:
        data = numpy.memmap(path, dtype=numpy.uint8, mode="r")
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    try:
        return _tensors(data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise WeightsMistake("E0817", f"`{path}` cannot be read as safetensors") from None


def _tensors(data: Any) -> dict[str, Any]:
    import numpy

    if data.size < 8:
        raise ValueError
    length = int.from_bytes(data[:8].tobytes(), "little")
    if length > _HEADER or 8 + length > data.size:
        raise ValueError
    table = json.loads(data[8 : 8 + length].tobytes())
    if len(table) > _TENSORS:
        raise ValueError
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
