"""Graphviz as a process.

Enters: the text of digraphs. Leaves: an SVG for each. `dot` is started without a shell, with a time limit, and what
it complains of is an error: a label that it cannot read would be drawn as its id.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

#: What a reader is told who has no `dot`.
MISSING = (
    "`dot` lays pictures out, and is missing: install Graphviz "
    "(apt install graphviz, brew install graphviz, winget install graphviz)"
)


class NoGraphviz(Exception):
    """`dot` is not installed."""


class LayoutFailed(Exception):
    """`dot` could not lay the picture out, or not in time."""


def find(name: str = "dot") -> str | None:
    """The path of a program."""
    return shutil.which(name)


def run(program: str, arguments: Sequence[str], data: bytes, timeout: float) -> bytes:
    """What a program makes of its input."""
    path = find(program)
    if path is None:
        raise NoGraphviz(MISSING if program == "dot" else program)
    try:
        done = subprocess.run([path, *arguments], input=data, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        raise LayoutFailed(f"{program} took more than {timeout:g} s; try a smaller level, or --timeout") from None
    complaint = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode or (complaint and program == "dot"):
        raise LayoutFailed(f"{program}: {complaint[:300] or f'exit code {done.returncode}'}")
    return done.stdout


def layout(digraphs: Sequence[str], timeout: float) -> list[str]:
    """The SVG of each digraph, from one process."""
    out = run("dot", ["-Tsvg"], "".join(digraphs).encode(), timeout).decode()
    found = []
    for part in out.split("<svg ")[1:]:
        found.append("<svg " + part[: part.index("</svg>") + 6])
    if len(found) != len(digraphs):
        raise LayoutFailed("dot: a picture is missing")
    return found
