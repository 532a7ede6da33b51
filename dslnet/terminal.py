"""The terminal: what a command prints, and what it says when dslnet itself is at fault.

Enters: texts and reports. Leaves: bytes on the standard streams, with colours only where a person looks at them.
A pipe that is closed by its reader ends the output and nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from . import __version__
from .diagnostics import Report
from .node import field, record
from .source import Source


@record
class Session:
    """One run of the command line: what it is doing, for the screen of an internal error."""

    phase: str = "the command line"
    file: str = ""
    report: Report = field(default_factory=Report)

    def doing(self, phase: str, file: str = "") -> None:
        self.phase, self.file = phase, file or self.file


def prepare() -> None:
    """Make the standard streams able to print anything, in any locale."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace", newline="\n")


def colorful(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal that shows colours and whose owner wants them."""
    return (
        stream is not None and stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def width(stream: TextIO | None) -> int:
    """The columns of a terminal, 80 for anything else."""
    if stream is None or not stream.isatty():
        return 80
    import shutil

    return shutil.get_terminal_size().columns


def put(text: str, stream: TextIO | None = None) -> None:
    """Print text as it is. When the reader has gone, this and all later output is dropped; where there is no stream,
    as without a console, so is this. Raises `OSError` where a disk is full."""
    stream = stream or sys.stdout
    if stream is None:
        return
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        # the interpreter flushes once more at its end, which must not fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if not isinstance(error, BrokenPipeError):
            raise


def tell(text: str) -> None:
    """Print on the error stream, wherever that leads: there is no other to say that it fails."""
    with suppress(OSError):
        if sys.stderr is not None:
            put(text, sys.stderr)


def show(report: Report, format: str = "text", stream: TextIO | None = None) -> None:
    """Print the diagnostics of a report."""
    from .render import render

    stream = stream or sys.stdout
    put(render(report, format, colorful(stream), width(stream)), stream)


@contextmanager
def progress(text: str, delay: float = 0.5) -> Iterator[None]:
    """Say on a terminal what takes long, once it does, and wipe it away at the end."""
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    import threading

    from .render.characters import visible

    said = threading.Event()

    def begin() -> None:
        said.set()
        put(f"\r{visible(text)} ...", sys.stderr)

    timer = threading.Timer(delay, begin)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if said.is_set():
            put("\r\x1b[K", sys.stderr)


def confess(error: BaseException, session: Session) -> str:
    """The screen of an internal error, and its traceback in a file that the screen names."""
    import platform
    import tempfile
    import traceback

    from .render.characters import visible

    where = f"`{visible(session.file)}`" if session.file else "no file"
    lines = [
        "error[E9001]: this is a bug in dslnet, not in your file",
        f"  = note: dslnet {__version__}, Python {platform.python_version()}, while doing: {session.phase}, on {where}",
    ]
    place = _place(session)
    if place:
        lines.append(f"  = note: it had come to {visible(place)}")
    try:
        descriptor, name = tempfile.mkstemp(prefix="dslnet-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(traceback.format_exception(error))
        lines.append(f"  = note: the traceback is in {visible(name)}")
    except OSError:
        lines.append(f"  = note: {type(error).__name__}: {visible(str(error))[:200]}")
    lines.append("  = help: please report it, with the traceback and the file if you can share it")
    return "\n".join(lines) + "\n"


def _place(session: Session) -> str:
    """The last place that a diagnostic pointed to, as a hint of how far the run had come."""
    ordered = session.report.sorted()
    if not ordered:
        return ""
    span = ordered[-1].primary.span
    source: Source | None = session.report.sources.get(span.file)
    return f"{span.file}:{source.position(min(span.start, len(source.text)))[0]}" if source else span.file
