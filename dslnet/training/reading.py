"""Tables of data: an `.npz` or `.safetensors` file, or what a function of the caller returns.

Enters: where the data is, as the caller names it, and the names that a spec has. Leaves: arrays by name. Only arrays
of numbers are read: nothing is unpickled, and no more is taken from a file than it is long or the limit allows. A
function is called only when the caller writes `module:function`; a spec can never name one.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import traceback
from collections.abc import Collection, Mapping
from math import prod
from typing import Any

from ..limits import DEFAULT
from ..node import node

FUNCTION = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)")


class Unreadable(Exception):
    """Data that cannot be read. `code` is that of the diagnostic."""

    def __init__(self, code: str, title: str, notes: tuple[str, ...] = (), helps: tuple[str, ...] = ()) -> None:
        super().__init__(title)
        self.code, self.title, self.notes, self.helps = code, title, notes, helps


@node
class Table:
    """Arrays by name, and what diagnostics call them; `names` are all that the file has, read or not."""

    arrays: Mapping[str, Any]
    where: str = "the data"
    names: tuple[str, ...] | None = None


def read_table(where: str, wanted: Collection[str], limit: int = DEFAULT.data_bytes) -> Table:
    """The arrays of a file that have a wanted name. Raises `Unreadable`."""
    if not where.endswith((".npz", ".safetensors")):
        raise Unreadable(
            "E0830",
            f"`{where[:50]}` is no data that is read",
            helps=("a `.npz` or `.safetensors` file, or `module:function`",),
        )
    if not os.path.isfile(where):
        if os.path.exists(where):
            raise Unreadable("E0806", f"`{where[-60:]}` is not a file")
        raise Unreadable("E0801", f"there is no file `{where[-60:]}`")
    try:
        read = _npz if where.endswith(".npz") else _safetensors
        arrays, names = read(where, wanted, limit)
    except Unreadable:
        raise
    except ImportError as missing:
        raise Unreadable("E0830", f"reading `{os.path.basename(where)[:40]}` needs {missing.name}") from None
    except Exception as error:  # whatever a damaged archive makes a library raise
        title = f"`{os.path.basename(where)[:40]}` cannot be read"
        raise Unreadable("E0830", title, notes=(f"{type(error).__name__}: {str(error)[:200]}",)) from error
    return Table(arrays, f"`{os.path.basename(where)[:40]}`", tuple(names))


def _npz(where: str, wanted: Collection[str], limit: int) -> tuple[dict[str, Any], list[str]]:
    import zipfile

    import numpy

    found: dict[str, Any] = {}
    with zipfile.ZipFile(where) as archive:
        members = {i.filename.removesuffix(".npy"): i for i in archive.infolist() if i.filename.endswith(".npy")}
        total = 0
        for name in wanted:
            if name not in members:
                continue
            with archive.open(members[name]) as file:
                shape, fortran, dtype = _header(file)
                if dtype.hasobject:
                    title = f"`{name[:40]}` holds Python objects, which are never read"
                    raise Unreadable("E0830", title, helps=("save it as an array of numbers",))
                size = prod(shape) * dtype.itemsize
                total += size
                if total > limit:
                    raise Unreadable(
                        "E0830",
                        f"`{os.path.basename(where)[:40]}` unpacks to more than {limit:,} bytes",
                        helps=("if you trust this file: `--limit data_bytes=1e12`",),
                    )
                data = file.read(size)
                if len(data) != size or file.read(1):
                    raise ValueError(f"{name} has another length than its header says")
                array = numpy.frombuffer(data, dtype=dtype)
                found[name] = array.reshape(shape, order="F" if fortran else "C")
    return found, list(members)


def _header(file: Any) -> tuple[tuple[int, ...], bool, Any]:
    """The shape, the order and the dtype that an array in numpy's format begins with."""
    from numpy.lib import format

    version = format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version} of numpy's format")
    read: Any = format.read_array_header_1_0 if version == (1, 0) else format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    return shape, fortran, dtype


def _safetensors(where: str, wanted: Collection[str], limit: int) -> tuple[dict[str, Any], list[str]]:
    from safetensors import safe_open

    with safe_open(where, framework="pt") as file:
        names = list(file.keys())
        return {name: file.get_tensor(name) for name in wanted if name in names}, names


def call_function(where: str) -> tuple[Table, Table | None]:
    """What `module:function` returns: a mapping from names to arrays, or a pair of them, for training and validation.

    The current folder is searched for the module too, as `python -m` does. Raises `Unreadable`, for what the function
    or its module raises too: that says where.
    """
    match = FUNCTION.fullmatch(where)
    assert match is not None
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        module = importlib.import_module(match[1])
    except ModuleNotFoundError as error:
        if error.name is None or not f"{match[1]}.".startswith(f"{error.name}."):
            raise _raised(where, error) from error
        raise Unreadable("E0830", f"there is no module `{error.name[:50]}`") from None
    except Exception as error:
        raise _raised(where, error) from error
    function = getattr(module, match[2], None)
    if not callable(function):
        raise Unreadable("E0830", f"`{match[1][:40]}` has no function `{match[2][:30]}`")
    try:
        made = function()
    except Exception as error:
        raise _raised(where, error) from error
    pair = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
    if not isinstance(pair[0], Mapping) or not isinstance(pair[1], (Mapping, type(None))):
        raise Unreadable(
            "E0830",
            f"`{where[:50]}` returns a {type(made).__name__}",
            helps=("a mapping from names to arrays, or a pair of them for training and validation",),
        )
    trained, held = (None if arrays is None else Table(arrays, f"`{match[2][:40]}`") for arrays in pair)
    assert trained is not None
    return trained, held


def _raised(where: str, error: Exception) -> Unreadable:
    """What the caller's own code raised, with the places in it that led there."""
    ours = (__file__, importlib.__file__)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename not in ours and f.filename[:1] != "<"]
    places = [f"{frame.filename}:{frame.lineno}, in {frame.name}" for frame in frames[-8:]]
    if isinstance(error, SyntaxError):
        places.append(f"{error.filename}:{error.lineno}")
    words = str(error).strip().partition("\n")[0]
    notes = (f"{type(error).__name__}: {words[:200]}", *(("\n".join(places),) if places else ()))
    title = f"`{where[:40]}` raises {type(error).__name__[:30]}"
    return Unreadable("E0830", title, notes, ("this is Python of yours: see where it fails",))
