"""What the text of a model says: its statements, the names that they define and the names that they read.

Enters: a block's syntax. Leaves: flat lists, in text order.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..below import below
from ..build import Block
from ..build.roles import ROLES
from ..node import node
from ..source import Source, Span
from ..syntax import Attribute, Body, BoxRef, Declaration, Flow, Item, Lane, Name, Nest, Ref, Statement, Suite


@node
class Line:
    """A statement with the path of the groups around it. `role` is the word before the name; a step or a lane
    without a name has none."""

    statement: Statement
    prefix: str
    role: str | None
    name: Name | None

    @property
    def path(self) -> str:
        assert self.name is not None
        return f"{self.prefix}.{self.name.text}" if self.prefix else self.name.text

    @property
    def key(self) -> Span:
        """The place of `role name`."""
        key = getattr(self.statement, "key", None)
        assert key is not None
        span: Span = key.span
        return span

    @property
    def body(self) -> Body | None:
        body: Body | None = getattr(self.statement, "body", None)
        return body


def lines(block: Block) -> list[Line]:
    """Every statement of a block, those inside others too."""
    return list(_lines(block.root.syntax.body, ""))


def _lines(body: Body | None, prefix: str) -> Iterator[Line]:
    for statement in _statements(body):
        line = _line(statement, prefix)
        yield line
        inside = prefix
        if line.name is not None and isinstance(statement, (Item, Lane, Declaration)):
            inside = line.path
        yield from _lines(line.body, inside)


def _statements(body: Body | None) -> tuple[Statement, ...]:
    if isinstance(body, Suite):
        return body.statements
    if isinstance(body, Flow):
        return body.suite.statements
    return _statements(body.body) if isinstance(body, Nest) else ()


def _line(statement: Statement, prefix: str) -> Line:
    key = getattr(statement, "key", None)
    if key is None:
        return Line(statement, prefix, None, None)
    words = key.words
    if len(words) == 2:
        return Line(statement, prefix, words[0].text, words[1])
    role = words[0].text if words[0].text in ROLES and not key.quoted else None
    return Line(statement, prefix, role, words[0])


#: What reads: wires and sizes, boxes, and what is read with a dot.
_READS = (Ref, BoxRef, Attribute)


def mentions(node: object) -> Iterator[Ref | BoxRef | Attribute]:
    """The names that an expression or a body reads."""
    return (item for item in below(node) if type(item) in _READS)


def references(node: object) -> Iterator[tuple[str, Span]]:
    """The lower-case names that an expression or a body reads, with their places."""
    for item in mentions(node):
        if isinstance(item, Ref):
            yield item.name, item.span
        elif isinstance(item, Attribute):
            yield item.name.text, item.name.span


def text(source: Source | None, span: Span) -> str:
    """What stands at a place."""
    return source.text[span.start : span.end] if source is not None and source.name == span.file else ""
