"""Putting the file in its place.

Enters: the bytes of a model, and weights that are too large for them. Leaves: the file, whole and compared, or no
change. Weights beside the file go first, under a name made of their hash, so that the file that stands there and the
weights it names always belong together.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ...diagnostics import Report
from ...files import write_output
from ...source import Span
from .writing import Written

Compare = Callable[[bytes | str], float] | None


@dataclass(frozen=True, slots=True)
class Placed:
    """What the comparison said."""

    difference: float | None


def place(
    path: str,
    written: Written,
    report: Report,
    force: bool,
    inputs: Iterable[str | os.PathLike[str]],
    compare: Compare,
) -> Placed | None:
    """Write the file, or report and leave everything as it was. What `compare` raises goes on."""
    given = [os.fspath(entry) for entry in inputs]
    if not written.weights:
        worst = compare(written.data) if compare is not None else None
        return Placed(worst) if write_output(path, written.data, report, force, given) else None
    folder = os.path.dirname(path) or "."
    try:
        with tempfile.TemporaryDirectory(prefix=".dslnet-", suffix=".tmp", dir=folder) as room:
            beside = os.path.join(room, written.beside)
            _stream(beside, written.weights)
            whole = os.path.join(room, "model.onnx")
            with open(whole, "xb") as file:
                file.write(written.data)
            worst = compare(whole) if compare is not None else None
            target = os.path.join(folder, written.beside)
            fresh = not os.path.lexists(target)
            os.replace(beside, target)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        report.error("E0816", f"`{path}` was not written: {reason}", Span(path, 0, 0))
        return None
    if write_output(path, written.data, report, force, given):
        return Placed(worst)
    if fresh:  # nothing names it
        os.unlink(target)
    return None


def _stream(path: str, arrays: list[Any]) -> None:
    """The bytes of arrays one after another in a new file."""
    with open(path, "xb") as file:
        for array in arrays:
            file.write(memoryview(array).cast("B"))
        file.flush()
        os.fsync(file.fileno())
