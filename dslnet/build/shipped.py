"""Specs that travel with the package: the prelude, and the architectures that `use … from specs.…` names.

Enters: their paths. Leaves: their trees and the names of the prelude's blocks. They are read once in a process, as
its modules are, however many files use them.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from .. import resources
from ..diagnostics import Report
from ..parse import parse
from ..source import Source
from ..syntax import Spec


@cache
def tree(path: Path, shown: str) -> Spec:
    """The tree of a shipped file, which diagnostics call `shown`."""
    return parse(Source(shown, path.read_text("utf-8")), Report())


@cache
def prelude() -> dict[str, Path]:
    """The file of each block that needs no import."""
    found: dict[str, Path] = {}
    for path in sorted((resources.specs() / "std").glob("*.net")):
        for name in re.findall(r"^block ([A-Z][A-Za-z0-9_]*)", path.read_text("utf-8"), re.MULTILINE):
            found[name] = path
    return found
