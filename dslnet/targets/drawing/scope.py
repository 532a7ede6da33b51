"""Where a walk stands.

Leaves: `Scope`, a definition with where its values come from in the picture, and `Anchor`, such a place.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ...graph import Definition, Type
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


@dataclass(slots=True)
class Scope:
    """A definition being walked. `variants` are all definitions that this drawing stands for, itself first."""

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


def replace_scope(scope: Scope, cluster: Cluster) -> Scope:
    """The same scope, drawing into a cluster."""
    made = replace(scope, into=cluster)
    made.env = scope.env
    return made
