"""What all frames of one build share: the report, the limits, and what was made already.

Enters: nothing but a program. Leaves: keys for definitions, and `Refused` when a limit is reached, which ends the
build of one model after its one diagnostic.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..diagnostics import Help, Label, Report
from ..limits import Limits
from ..node import field, record
from ..source import NOWHERE, Span
from .values import DraftDefinition

if TYPE_CHECKING:
    from .blocks import Block
    from .program import Program


#: What stands around the blocks of a file, and is no definition.
FILE = "(file)"


class Refused(Exception):
    """A limit was reached; it was reported, and the build of this model ends."""


@record
class Session:
    """What all frames of one build share. `loose` says that sizes may be unknown: a block is checked by itself.

    `facts` is what the model in hand knows of its free sizes: what was made under other facts is not used again.
    """

    program: Program
    report: Report
    limits: Limits
    loose: bool = False
    drafts: dict[str, DraftDefinition] = field(default_factory=dict)
    memo: dict[Any, Any] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    stack: list[tuple[Block, Span]] = field(default_factory=list)
    facts: frozenset[Any] = frozenset()
    steps: int = 0
    count: int = 0
    lines: set[tuple[str, int]] | None = None

    def key(self, hint: str) -> str:
        """A new key for a definition."""
        self.count += hint != FILE
        if self.count > self.limits.definitions:
            self.refuse("E0906", f"more than {self.limits.definitions:,} distinct definitions", None)
        number = self.keys[hint] = self.keys.get(hint, 0) + 1
        return hint if number == 1 else f"{hint}.{number}"

    def unreadable(self, span: Span) -> bool:
        """Whether the line of a span already has a syntax error: then what it seems to mean is not told."""
        if self.lines is None:
            self.lines = {
                self.line(d.primary.span) for d in self.report.diagnostics if d.code.startswith(("E00", "E01"))
            }
        return bool(self.lines) and self.line(span) in self.lines

    @cached_property
    def unread(self) -> frozenset[str]:
        """The words of the lines with a syntax error: one of these may be where a name is defined."""
        self.unreadable(NOWHERE)
        places = ((self.report.sources.get(file), number) for file, number in self.lines or ())
        return frozenset(w for source, n in places if source for w in re.findall(r"[A-Za-z_]\w*", source.line(n)))

    @property
    def readable(self) -> bool:
        """Whether every line could be read: only then is it certain that something is never used."""
        return not self.report.misread

    def line(self, span: Span) -> tuple[str, int]:
        source = self.report.sources.get(span.file)
        return span.file, source.position(span.start)[0] if source else 0

    def step(self, span: Span, work: int = 1) -> None:
        """Count units of work; an endless build ends here."""
        self.steps += work
        if self.steps > self.limits.steps:
            self.refuse("E0911", f"checking took more than {self.limits.steps:,} steps", span)

    def refuse(self, code: str, title: str, span: Span | None, **details: Any) -> None:
        place = span or (self.stack[0][1] if self.stack else Span(self.program.entry.spec.source.name, 0, 0))
        self.report.error(code, title, place, **details)
        raise Refused

    def bound(self, boxes: int, span: Span, others: Iterable[Label] = ()) -> None:
        """End the build when this many boxes are asked for and may not be."""
        limit = self.limits.boxes
        if boxes > limit:
            power = f"1e{len(str(boxes - 1))}"
            self.refuse(
                "E0907",
                f"this file asks for {boxes:,} boxes; the limit is {limit:,}",
                span,
                secondary=tuple(others),
                helps=(Help(f"if you trust this file: `--limit boxes={power}`"),),
            )
