"""Where a walk stands.

Leaves: `Scope`, a definition with where its values come from in the picture, and `Anchor`, such a place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ...graph import Definition, Instance, Type
from .formula import Formula
from .view import Cluster


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a value comes from in the picture. `text` is its shape by the names of a block that is drawn for many
    uses; empty where there is no such text. A tuple of lanes that are drawn one by one comes from all of `lanes`."""

    box: str
    type: Type
    name: str = ""
    stop: bool = False
    frozen: bool = False
    side: str = ""
    text: str | None = None
    lanes: tuple[Anchor, ...] = ()


@dataclass(frozen=True, slots=True)
class Lent:
    """A module that a body has from outside: what it is called where it stands, its instance where that is known, and
    how many others use it."""

    name: str
    instance: Instance | None
    others: int


@dataclass(slots=True)
class Scope:
    """A definition being walked. `variants` are all definitions that this drawing stands for, itself first; `modules`
    says how many use each module, `lent` which of them come from outside, `inside` which are of blocks called here."""

    definition: Definition
    variants: list[Definition]
    env: dict[str, Anchor]
    into: Cluster
    path: str
    frozen: bool = False
    skip: bool = False
    lane: str = ""
    nesting: tuple[str, ...] = ()
    uses: dict[str, int] = field(default_factory=dict)
    modules: dict[str, int] = field(default_factory=dict)
    formulas: dict[int, Formula | None] = field(default_factory=dict)
    wanted: set[int] | None = None
    title: str = ""
    shortcut: set[str] = field(default_factory=set)
    lent: dict[str, Lent] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)
    inside: dict[str, int] = field(default_factory=dict)

    def instance(self, path: str | None) -> Instance | None:
        """What a module is, here or where it comes from."""
        if path is None:
            return None
        lent = self.lent.get(path)
        return self.definition.instance(path) if lent is None or lent.instance is None else lent.instance

    def tag(self, path: str | None) -> str:
        """The name of a module that has several users; else nothing."""
        if not path or self.modules.get(path, 0) < 2:
            return ""
        return self.lent[path].name if path in self.lent else path

    def lend_inside(self, module: str | None) -> dict[str, Lent]:
        """The modules inside a block whose weights are read here, as the block calls them."""
        if module is None:
            return {}
        start = f"{module}." if module else ""
        read = {**{path: Lent(path, None, count) for path, count in self.inside.items()}, **self.lent}
        return {path[len(start) :]: lent for path, lent in read.items() if path.startswith(start)}

    def lend(self, held: Sequence[str], names: Sequence[str]) -> dict[str, Lent]:
        """Modules of this scope as a body has them that calls them `names`."""
        found = {}
        for name, path in zip(names, held, strict=False):
            label = self.lent[path].name if path in self.lent else path
            found[name] = Lent(label, self.instance(path), self.modules.get(path, 1) - 1)
        return found


def replace_scope(scope: Scope, cluster: Cluster) -> Scope:
    """The same scope, drawing into a cluster."""
    made = replace(scope, into=cluster)
    made.env = scope.env
    return made
