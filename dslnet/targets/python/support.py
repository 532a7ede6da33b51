"""The classes and functions of `boxes.py` and its neighbours that an emitted file needs, as text.

Enters: names. Leaves: their source, each after what it uses, and the modules that they import. The files are read
as text and parsed; they are never imported, for that would import torch.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

_FILES = sorted(Path(__file__).parents[1].glob("boxes*.py"))


@cache
def _table() -> tuple[dict[str, tuple[str, tuple[str, ...]]], dict[str, str]]:
    """Each top-level name with its text and the names that it reads; each imported name with its line."""
    made: dict[str, tuple[str, tuple[str, ...]]] = {}
    imports: dict[str, str] = {}
    for file in _FILES:
        _read(file.read_text("utf-8"), made, imports)
    return made, imports


def _read(text: str, made: dict[str, tuple[str, tuple[str, ...]]], imports: dict[str, str]) -> None:
    """Add what one file defines and imports."""
    lines = text.split("\n")
    for node in ast.parse(text).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                module = f"from {node.module} " if isinstance(node, ast.ImportFrom) else ""
                given = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
                imports[alias.asname or alias.name] = f"{module}import {given}"
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.Assign, ast.AnnAssign)):
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            source = "\n".join(lines[first - 1 : node.end_lineno])
            reads = tuple(dict.fromkeys(n.id for n in ast.walk(node) if isinstance(n, ast.Name)))
            for name in _targets(node):
                made[name] = (source, reads)


def _targets(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [t.id for t in targets if isinstance(t, ast.Name)]


class Support:
    """What one emitted file uses of `boxes.py`."""

    def __init__(self) -> None:
        self.made, self.lines = _table()
        self.used: dict[str, None] = {}

    @property
    def known(self) -> set[str]:
        return set(self.made)

    def use(self, name: str) -> None:
        """Take a name and, before it, all that it needs."""
        if name in self.used:
            return
        if name not in self.made:
            from .allowlist import InternalError

            raise InternalError(f"boxes.py has no {name}")
        for read in self.made[name][1]:
            if read in self.made and read != name:
                self.use(read)
        self.used[name] = None

    def texts(self) -> list[str]:
        return list(dict.fromkeys(self.made[name][0] for name in self.used))

    def imported(self) -> list[str]:
        """The import lines that the texts need beside torch's."""
        reads = {read for name in self.used for read in self.made[name][1]}
        usual = ("torch", "nn", "F", "Tensor")
        return sorted(self.lines[read] for read in reads if read in self.lines and read not in usual)
