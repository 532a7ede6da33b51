"""Shapes as patterns: `[B, width, 2 * H, 2 * W]` binds, compares or solves.

Enters: a written shape and a tensor that meets it, in a frame whose symbols may be unbound. Leaves: the frame's
sizes with what was learned, or a report that names both origins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..diagnostics import Help, Label
from ..node import record
from ..shape import UNKNOWN, Dim, Quotient, Size, Tensor, compare, differ, free, located, same, shape_text, solve
from ..source import Span
from ..syntax import Attribute, Binary, BoxRef, Call, Conditional, Ellipsis, Expression, Index, List, Paren, Ref, Unary
from .expressions import Expressions


@record
class Bound:
    """Where a symbol got its value; `text` says what from, when somebody asks."""

    span: Span
    text: Callable[[], str]


@record
class Pair:
    """One position of a pattern and the size that meets it."""

    syntax: Expression
    size: Size


def free_names(frame: Expressions, expression: Expression) -> Iterator[str]:
    """The names in a size expression that mean nothing yet."""
    stack: list[Expression] = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, (Ref, BoxRef)):
            name = node.name
            known = frame.scope.where(name) is not None or frame.scope.find(name) is not None
            if not known and name not in frame.sizes and name not in frame.file.constants:
                yield name
        elif isinstance(node, Binary):
            stack += [node.left, node.right]
        elif isinstance(node, Unary):
            stack.append(node.operand)
        elif isinstance(node, Conditional):
            stack += [node.condition, node.then, node.otherwise]
        elif isinstance(node, (Paren, Call, Index)):
            stack += [a.value for a in node.arguments]
            if isinstance(node, Index):
                stack.append(node.value)
        elif isinstance(node, Attribute):
            stack.append(node.value)


def pairs(pattern: List, tensor: Tensor) -> list[Pair] | None:
    """The positions of a pattern beside the sizes of a tensor; None when the ranks differ."""
    items, shape = pattern.items, tensor.sizes
    gap = next((i for i, item in enumerate(items) if isinstance(item, Ellipsis)), None)
    if gap is None:
        return [Pair(i, s) for i, s in zip(items, shape, strict=False)] if len(items) == len(shape) else None
    after = len(items) - gap - 1
    if gap + after > len(shape):
        return None
    tail = shape[len(shape) - after :] if after else ()
    return [Pair(i, s) for i, s in zip((*items[:gap], *items[gap + 1 :]), (*shape[:gap], *tail), strict=False)]


Clash = Callable[[Pair, Size, Bound | None], None]


class Matching:
    """Meets patterns with tensors, in two passes: bare symbols of all the patterns first, then expressions."""

    def __init__(self, frame: Expressions, bounds: dict[str, Bound]) -> None:
        self.frame, self.bounds = frame, bounds
        self.waiting: list[tuple[Pair, Clash]] = []

    def meet(self, matched: list[Pair], source: Callable[[], str], clash: Clash) -> None:
        """First pass over one pattern: bind and compare bare symbols, keep the expressions for `finish`."""
        for pair in matched:
            syntax = pair.syntax
            if isinstance(syntax, (Ref, BoxRef)):
                name = syntax.name
                if name in self.frame.sizes:
                    self.compare(pair, self.frame.sizes[name], clash, self.bounds.get(name))
                    continue
                if next(free_names(self.frame, syntax), None) is not None:
                    self.frame.sizes[name] = pair.size
                    self.bounds[name] = Bound(syntax.span, source)
                    continue
            self.waiting.append((pair, clash))

    def finish(self) -> None:
        """Second pass: evaluate the expressions, solving one linear unknown."""
        for pair, clash in self.waiting:
            unknown = sorted(set(free_names(self.frame, pair.syntax)))
            if len(unknown) > 1:
                names = " and ".join(f"`{n}`" for n in unknown[:3])
                self.frame.error(
                    "E0309", f"two unknown sizes in one place: {names}", pair.syntax.span, "only one can be solved for"
                )
                self.frame.sizes.update((n, UNKNOWN) for n in unknown)
                continue
            if unknown:
                self.solve(unknown[0], pair, clash)
                continue
            value = self.frame.type_size(self.frame.evaluate(pair.syntax), pair.syntax.span, "a size")
            self.compare(pair, value, clash, None)
        self.waiting.clear()

    def solve(self, name: str, pair: Pair, clash: Clash) -> None:
        symbol = free(name)
        self.frame.sizes[name] = symbol
        value = self.frame.evaluate(pair.syntax)
        if pair.size is UNKNOWN or not isinstance(value, Dim):
            self.frame.sizes[name] = UNKNOWN
            return
        solution = solve(value, name, pair.size)
        if solution is None or compare(solution, 1) == -1:
            self.frame.sizes[name] = UNKNOWN
            clash(pair, value, None)
            return
        self.frame.sizes[name] = solution
        self.bounds[name] = Bound(pair.syntax.span, lambda: f"{pair.size}")

    def compare(self, pair: Pair, value: Size, clash: Clash, bound: Bound | None) -> None:
        if not same(pair.size, value):
            clash(pair, value, bound)


def missing_fact(a: Size, b: Size) -> tuple[Help, ...]:
    """The `require` line that would make two symbolic sizes equal, when divisibility is all that lacks."""
    found: dict[str, int] = {}
    for size in (a, b):
        stack = [size]
        while stack:
            part = stack.pop()
            if not isinstance(part, Dim):
                continue
            for monomial in part.terms:
                for atom, _ in monomial:
                    if isinstance(atom, Quotient) and isinstance(atom.divisor, int):
                        for name in atom.dividend.symbols():
                            found[name] = max(found.get(name, 1), atom.divisor)
                        stack.append(atom.dividend)
    if not found or differ(a, b):
        return ()
    facts = " and ".join(f"{name} % {n} == 0" for name, n in sorted(found.items()))
    return (Help(f"if the sizes always divide, say so: `require: {facts}`"),)


def rank_text(pattern: List) -> str:
    return "[" + ", ".join(_text(i) for i in pattern.items) + "]" + (f" {pattern.dtype.text}" if pattern.dtype else "")


def _text(expression: Expression) -> str:
    match expression:
        case Ref() | BoxRef():
            return expression.name
        case Ellipsis():
            return "..."
        case Binary():
            return f"{_text(expression.left)} {expression.operator} {_text(expression.right)}"
        case Paren() if len(expression.arguments) == 1:
            return f"({_text(expression.arguments[0].value)})"
        case Index():
            return f"{_text(expression.value)}[{', '.join(_text(a.value) for a in expression.arguments)}]"
    return getattr(expression, "text", "…")


__all__ = [
    "Bound",
    "Help",
    "Label",
    "Matching",
    "Pair",
    "free_names",
    "located",
    "missing_fact",
    "pairs",
    "rank_text",
    "shape_text",
]
