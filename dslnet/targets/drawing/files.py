"""Pictures into files.

Enters: a drawing and the paths that were asked for. Leaves: the files. Without Graphviz the `.dot` is still written,
and a note names the package; where a PNG would be too large, the `.svg` is. A file that is there and that dslnet did
not make is not replaced.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ...diagnostics import Report
from ...files import write_output
from ...settings import Misuse
from .drawing import ENDINGS, Drawing, TooManyPixels
from .layout import MISSING, LayoutFailed, NoGraphviz

#: How a comment begins and ends in the formats that are text.
_COMMENT = {".dot": ("// ", ""), ".svg": ("<!-- ", " -->"), ".html": ("<!-- ", " -->"), ".mmd": ("%% ", "")}
_MARK = b"made by dslnet"
#: A full drawing with more boxes than this is hard to read.
MANY = 120


def ending(path: str) -> str:
    return ".dot" if path == "-" else os.path.splitext(path)[1].lower()


def check_endings(paths: Sequence[str]) -> None:
    """Refuse names that do not say what is to be written."""
    for path in paths:
        if ending(path) not in ENDINGS:
            raise Misuse(f"`{path}` must end in one of {', '.join(ENDINGS)}")


def save(
    drawing: Drawing,
    paths: Sequence[str],
    report: Report,
    force: bool,
    inputs: Iterable[str | Path],
    put: Callable[[str], None],
) -> list[str]:
    """Write each file, and `put` what is to be printed; notes for the reader are returned, refusals are in the
    report."""
    notes = []
    count = drawing.view.count()
    if drawing.options.level == "full" and count > MANY:
        notes.append(f"note: {count:,} boxes; `--level block` is easier to read")
    made: dict[str, bytes] = {}
    instead: dict[str, tuple[list[str], str]] = {}  # what is written in the place of files that could not be made
    for path in dict.fromkeys(paths):
        kind = ending(path)
        try:
            made[path] = drawing.data(kind)
            continue
        except NoGraphviz:
            kind, why = ".dot", MISSING
        except TooManyPixels as error:
            kind, why = ".svg", f"{error}; a smaller `--dpi` or `--level` makes one"
        except LayoutFailed as error:
            if drawing.options.level != "overview":
                raise LayoutFailed(f"{error} (try `--level overview`)") from None
            raise
        drawing.missing = True
        other = os.path.splitext(path)[0] + kind
        instead.setdefault(other, ([], why))[0].append(path)
        made.setdefault(other, drawing.data(kind))
    for path, data in made.items():  # when all could be made
        if path == "-":
            put(data.decode())
            continue
        written = write_output(path, marked(data, ending(path)), report, force or _ours(path), inputs)
        missed, why = instead.get(path, ([], ""))
        if missed:
            notes.append(f"{' and '.join(missed)} not made; {why}" + (f"; {path} is written" if written else ""))
    return notes


def marked(data: bytes, kind: str) -> bytes:
    """The file with a sign that it is ours: sealed text, or a harmless comment in a binary format."""
    if kind in _COMMENT:
        left, right = _COMMENT[kind]
        text = data.decode()
        first = f"{left}{_MARK.decode()}, sha256: {hashlib.sha256(data).hexdigest()}{right}\n"
        return (first + text).encode()
    if kind == ".png":
        chunk = b"tEXtComment\0" + _MARK
        length, check = struct.pack(">I", len(chunk) - 4), struct.pack(">I", zlib.crc32(chunk))
        return data[:33] + length + chunk + check + data[33:]  # behind the signature and the header
    return data + b"\n% " + _MARK + b"\n"


def _ours(path: str) -> bool:
    """Whether a binary file that is there is a picture of ours, which a new drawing replaces."""
    if ending(path) not in (".png", ".pdf"):
        return False
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return False
    return _MARK in data[:100] or data.endswith(_MARK + b"\n")
