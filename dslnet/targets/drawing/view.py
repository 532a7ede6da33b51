"""A picture as data, before any syntax.

Enters: what `expand` finds in a model. Leaves: panels of boxes, clusters and links, from which DOT and Mermaid are
printed and which the tests read. All texts are as the spec has them: whoever prints escapes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ...source import NOWHERE, Span


@dataclass(slots=True)
class Row:
    """A layer: a line of a fused card. A thin one is small and has no count.

    `amount` is its number of parameters where that is one number, `closes` says that it pools: the next layer with
    weights begins another stage. A row with `times` > 1 and the `span` - 1 rows after it stand for as many equal runs.
    """

    name: str
    arguments: str = ""
    count: str = ""
    role: str = "pool"
    thin: bool = False
    amount: int | None = None
    closes: bool = False
    times: int = 1
    span: int = 1

    @property
    def text(self) -> str:
        first = self.arguments.split(",")[0].removeprefix("-")
        plain = "×" in first or len(self.arguments) < 2 or not first[:1].isalpha()
        comma = "" if plain else ","
        return f"{self.name}{comma} {self.arguments}".strip()


@dataclass(slots=True)
class Box:
    """Something drawn as one node.

    `shape` is `card` (one row or several), `fold` (a closed block), `op` (a circle), `port` (a dot), `input`,
    `output`, `target`, `latent`, `loss`, `sum`, `state`, `param`, `expression` or `text` (words alone).
    """

    id: str
    shape: str
    title: str = ""
    notes: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    role: str = "pool"
    badge: str = ""
    share: str = ""
    bar: float | None = None
    amount: int | None = None
    frozen: bool = False
    dashed: bool = False
    fusable: bool = False
    named: bool = False
    lane: str = ""
    group: str = ""
    made: str = ""
    line: str = ""
    tip: str = ""
    block: str = ""
    span: Span = NOWHERE


@dataclass(slots=True)
class Cluster:
    """An open block, a role, or (dashed) a definition."""

    id: str
    title: str = ""
    note: str = ""
    badge: str = ""
    frozen: bool = False
    dashed: bool = False
    depth: int = 0
    share: str = ""
    items: list[Box | Cluster] = field(default_factory=list)
    span: Span = NOWHERE

    def boxes(self) -> Iterator[Box]:
        for item in self.items:
            if isinstance(item, Box):
                yield item
            else:
                yield from item.boxes()

    def clusters(self) -> Iterator[Cluster]:
        for item in self.items:
            if isinstance(item, Cluster):
                yield item
                yield from item.clusters()


@dataclass(slots=True)
class Link:
    """An arrow. `kind` is `flow`, `skip`, `side`, `lead` (a side input up to its words), `loss`, `next` (another step
    or token), `share` (two uses of the same weights), `none` (not drawn), or `plain`.

    `type` is the shape of what flows, `name` what the reader must be told of it (an input's name, a tap), `stop`
    says that no gradient flows back. `ordered` says that its tail stands before its head; `back`, after it; `level`,
    beside it. `beside` is a box of the tail's cluster from whose height it leaves. `apart`: only some uses have
    what stands before it, and all have what stands behind.
    """

    tail: str
    head: str
    kind: str = "flow"
    type: str = ""
    name: str = ""
    stop: bool = False
    frozen: bool = False
    label: str = ""
    trunk: bool = False
    ordered: bool = True
    back: bool = False
    level: bool = False
    beside: str = ""
    apart: bool = False


@dataclass(slots=True)
class Panel:
    """One drawing laid out by itself: the main flow, or a definition. `gap` is between ranks, in inches, where it is
    not the usual one."""

    id: str
    root: Cluster
    links: list[Link] = field(default_factory=list)
    orient: str = "TB"
    gap: float | None = None

    def boxes(self) -> list[Box]:
        return list(self.root.boxes())


@dataclass(slots=True)
class Caption:
    """What stands under a drawing."""

    name: str
    facts: str = ""
    doc: str = ""
    roles: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)


@dataclass(slots=True)
class View:
    """A whole picture."""

    main: Panel
    definitions: list[Panel]
    caption: Caption
    summary: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def panels(self) -> list[Panel]:
        return [self.main, *self.definitions]

    def count(self) -> int:
        """How many boxes there are."""
        return sum(len(panel.boxes()) for panel in self.panels)
