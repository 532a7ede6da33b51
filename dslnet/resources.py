"""Files that travel with the package.

Leaves: the folders `specs/` and `grammars/`. In a checkout they stand beside the package; in an installed wheel
they are inside it.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder called `name`: inside the package when it is installed, else beside it."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def specs() -> Path:
    """The shipped architectures; `std/` below it is the prelude."""
    return folder("specs")


def grammars() -> Path:
    """The grammar of the language."""
    return folder("grammars")


def pages() -> Path:
    """The pages that `dslnet explain` prints, one for each code."""
    return _PACKAGE / "pages"
