"""Paths of unnamed boxes, read off the text: "Names of parameters" of docs/language.md.

Enters: the body of a block. Leaves: a `Naming`: for every box, `repeat` and `each` that may have parameters, its
segment below the nearest named scope; the empty segment says that it takes the scope's own name. Only the text
counts, never arguments or options, so an option renames nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..node import field, record
from ..ops import Combinator, Operator
from ..source import Span
from ..syntax import (
    Attribute,
    Bad,
    Binary,
    Body,
    BoxRef,
    Call,
    Choice,
    Conditional,
    Declaration,
    Expression,
    Flow,
    Index,
    Item,
    Key,
    Lane,
    Nest,
    Paren,
    Pipeline,
    Ref,
    Repeat,
    Side,
    Statement,
    Suite,
    Unary,
    Valued,
    Wrap,
)
from .blocks import Block, PythonClass

#: Roles whose line builds nothing.
UNBUILT = frozenset("input target require state metric optimizer freeze train autoregressive".split())


@record
class _Scope:
    """What a named scope holds: claims on a segment in text order, and whether a named thing inside has weights."""

    claims: list[tuple[object, str]] = field(default_factory=list)
    named: bool = False
    integer: int | None = None

    @property
    def weighted(self) -> bool:
        return self.named or bool(self.claims)


class Naming:
    """The segments of one block's text. `segments`, `starts` and `lines` (the line of a `repeat` that names its rounds,
    as `- "layer{i}": …` does) are keyed by the identity of a syntax node."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.segments: dict[int, str] = {}
        self.starts: dict[int, int] = {}
        self.lines: dict[int, Item] = {}
        self.boxes = {p.name.text for p in block.syntax.parameters if p.name.text[0].isupper()}
        self.declared = dict(_declared(block.syntax.body))
        scope = _Scope()
        self._body(block.syntax.body, scope)
        self._settle(scope, collapse=not block.is_model)
        self.weighted = scope.weighted

    @classmethod
    def blank(cls) -> Naming:
        """The naming of no text, for expressions outside blocks."""
        made = cls.__new__(cls)
        made.segments, made.starts, made.lines = {}, {}, {}
        made.boxes, made.declared, made.weighted = set(), {}, False
        return made

    def segment(self, node: object) -> str:
        """The segment of a box, repeat or each; empty for one that takes its scope's name."""
        return self.segments.get(id(node), "")

    # ------------------------------------------------------------------------------------------ the walk

    def _settle(self, scope: _Scope, collapse: bool) -> None:
        if collapse and not scope.named and len(scope.claims) == 1:
            self.segments[id(scope.claims[0][0])] = ""
            return
        counts: Counter[str] = Counter()
        for node, short in scope.claims:
            counts[short] += 1
            self.segments[id(node)] = f"{short}{counts[short]}"

    def _inner(self, body: Body | None) -> _Scope:
        """A scope of its own: a named line, the body of a repeat."""
        scope = _Scope()
        if body is not None:
            self._body(body, scope)
        self._settle(scope, collapse=True)
        return scope

    def _statement(self, statement: Statement, scope: _Scope) -> None:
        if isinstance(statement, Bad):
            return
        if isinstance(statement, Declaration):
            role = statement.key.words[0].text
            if role in ("param", "buffer"):
                scope.named = True
            elif role not in UNBUILT:
                scope.named |= self._inner(statement.body).weighted
            return
        assert isinstance(statement, (Item, Lane))
        if statement.key is None:
            self._body(statement.body, scope)
            return
        scope.named |= self._inner(statement.body).weighted
        scope.integer = _integer(statement.key)

    def _body(self, body: Body, scope: _Scope) -> None:
        if isinstance(body, Valued):
            self._expression(body.value, scope)
        elif isinstance(body, Suite):
            for statement in body.statements:
                self._statement(statement, scope)
        elif isinstance(body, Flow):
            self._expression(body.source, scope)
            self._body(body.suite, scope)
        else:
            self._nest(body, scope)

    def _nest(self, nest: Nest, scope: _Scope) -> None:
        combinator = nest.combinator
        if isinstance(combinator, Repeat):
            line = self._line(combinator, nest.body)
            if line is not None:
                if self._inner(line.body).weighted:
                    self.lines[id(combinator)] = line
                    scope.claims.append((combinator, combinator.word))
                return
            if not self._inner(nest.body).weighted:
                return
            if combinator.word == "repeat" and scope.integer is not None:
                self.starts[id(combinator)] = scope.integer + 1
                self.segments[id(combinator)] = ""
                scope.named, scope.integer = True, None  # how far it counts is not in the text
                return
            scope.claims.append((combinator, combinator.word))
        elif isinstance(combinator, Wrap):
            target = self.block.file.find(combinator.name.name)
            if isinstance(target, type) and issubclass(target, Combinator) and target.numbered:
                scope.named |= self._numbered(nest.body)
            elif isinstance(target, type) and issubclass(target, Combinator) and not target.inline:
                self._inner(nest.body)
                scope.claims.append((combinator, target.short))
            else:
                self._body(nest.body, scope)
        else:
            self._body(nest.body, scope)

    def _numbered(self, body: Body) -> bool:
        """Name what is inside the steps of a body whose boxes are numbered. Whether it has weights."""
        if isinstance(body, Nest) and isinstance(body.combinator, (Repeat, Choice)):
            return self._numbered(body.body)
        if not isinstance(body, Suite):
            return self._inner(body).weighted
        weighted = False
        for statement in body.statements:
            if isinstance(statement, Item) and statement.key is None:
                weighted |= self._numbered(statement.body)
            else:
                scope = _Scope()
                self._statement(statement, scope)
                weighted |= scope.weighted
        return weighted

    def _line(self, combinator: Repeat, body: Body) -> Item | None:
        """The line `- "layer{i}": …` of a repeat over `i`, when nothing else in its body has weights."""
        if combinator.word != "repeat" or combinator.variable is None or not isinstance(body, Suite):
            return None
        ending = f"{{{combinator.variable.text}}}"
        lines = [s for s in body.statements if isinstance(s, Item) and _stem(s, ending)]
        if len(lines) != 1:
            return None
        others = _Scope()
        for statement in body.statements:
            if statement is not lines[0]:
                self._statement(statement, others)
        return None if others.weighted else lines[0]

    def _expression(self, expression: Expression, scope: _Scope) -> None:
        """Claims of an expression, left to right. A loop, because a sum may be a thousand terms deep to the left."""
        stack: list[Expression] = [expression]
        while stack:
            node = stack.pop()
            if isinstance(node, Pipeline):
                stack.extend(reversed(node.steps))
            elif isinstance(node, Binary):
                stack.extend((node.right, node.left))
            elif isinstance(node, Unary):
                stack.append(node.operand)
            elif isinstance(node, Conditional):
                stack.extend((node.otherwise, node.then))
            elif isinstance(node, Paren):
                stack.extend(a.value for a in reversed(node.arguments))
            elif isinstance(node, Side):
                stack.extend((node.inputs, node.step))
            elif isinstance(node, (Attribute, Index)):
                stack.append(node.value)
            elif isinstance(node, Call) and isinstance(node.callee, Ref):
                stack.extend(a.value for a in reversed(node.arguments))
            elif isinstance(node, (BoxRef, Call)):
                self._box(node, scope)

    def _box(self, node: BoxRef | Call, scope: _Scope) -> None:
        callee = node.callee if isinstance(node, Call) else node
        assert isinstance(callee, BoxRef)
        name = callee.name
        if name in self.boxes:
            scope.claims.append((node, name.lower()))
            return
        if name in self.block.dimensions and isinstance(node, BoxRef) and name not in self.block.file.blocks:
            return
        target = self.block.file.find(name)
        if isinstance(target, Block):
            if weighted(target):
                scope.claims.append((node, target.name.lower()))
        elif isinstance(target, PythonClass):
            scope.claims.append((node, target.name.lower()))
        elif isinstance(target, type) and issubclass(target, Operator) and target.weighted:
            scope.claims.append((node, target.short))


def stem_of(line: Item) -> str:
    """What stands before the number in the name of a line `- "layer{i}": …`."""
    assert line.key is not None
    return line.key.words[0].text.partition("{")[0]


def _stem(item: Item, ending: str) -> bool:
    return item.key is not None and item.key.quoted and item.key.words[0].text == stem_of(item) + ending


def _integer(key: Key) -> int | None:
    return int(key.words[-1].text) if key.number else None


_BUSY = object()


def naming(block: Block) -> Naming:
    """The naming of a block's text, made once."""
    made = block.__dict__.get("_naming")
    if made is None or made is _BUSY:
        block.__dict__["_naming"] = _BUSY
        made = block.__dict__["_naming"] = Naming(block)
    assert isinstance(made, Naming)
    return made


def weighted(block: Block) -> bool:
    """Whether the text of a block holds a box that can have parameters. A block inside itself adds nothing new."""
    root = block.root
    made = root.__dict__.get("_naming")
    if made is _BUSY:
        return _scan(root)
    return naming(root).weighted if made is None else made.weighted


def _scan(block: Block) -> bool:
    """Whether a recursive block has weights, seen while it is being named: some box of its text other than a block
    that is being named itself."""
    known = block.__dict__.get("_scanned")
    if known is None:
        block.__dict__["_scanned"] = False
        block.__dict__["_scanned"] = known = Naming(block).weighted
    return bool(known)


def _declared(body: Body) -> Iterator[tuple[str, Span]]:
    """Every name that some statement of a body gives, with its place: to tell "later" from "never"."""
    stack: list[object] = [body]
    while stack:
        node = stack.pop()
        if isinstance(node, (Item, Lane, Declaration)):
            if node.key is not None:
                name = node.key.words[-1]
                yield name.text, name.span
            stack.append(node.body)
        elif isinstance(node, Suite):
            stack.extend(reversed(node.statements))
        elif isinstance(node, Flow):
            stack.append(node.suite)
        elif isinstance(node, Nest):
            stack.append(node.body)
