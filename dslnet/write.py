"""Expressions as words, and words as lines.

Enters: a node of the tree, or words. Leaves: the words of its canonical text, each with a space before it or not;
or lines of them, broken where they would be too long. Nothing here recurses, so depth costs nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .syntax import (
    Argument,
    Attribute,
    Binary,
    BoxRef,
    Call,
    Conditional,
    Ellipsis,
    Expression,
    Index,
    List,
    Literal,
    Paren,
    Pipeline,
    Ref,
    Side,
    Unary,
)


class Piece(NamedTuple):
    """A word of a line. A `glued` one follows the word before it without a space."""

    text: str
    glued: bool = False


def write(node: Expression | tuple[Argument, ...], glued: bool = False) -> list[Piece]:
    """The words of an expression, or of a list of arguments in parentheses."""
    pieces: list[Piece] = []
    # Words, and nodes still to be written, each with whether its first word is glued; the last one is next.
    waiting: list[tuple[Any, bool]] = [(node, glued)]
    while waiting:
        item, close = waiting.pop()
        if type(item) is str:
            pieces.append(Piece(item, close))
            continue
        parts = _parts(item, close)
        parts.reverse()
        waiting += parts
    return pieces


def _parts(node: Any, glued: bool) -> list[tuple[Any, bool]]:
    kind = type(node)
    if kind is Literal:
        return [(node.text, glued)]
    if kind is Ref or kind is BoxRef:
        return [(node.name, glued)]
    if kind is Call:
        return [(node.callee, glued), ("(", True), *_listed(node.arguments), (")", True)]
    if kind is tuple:
        return [("(", True), *_listed(node), (")", True)]
    if kind is Argument:
        if node.name is None:
            return [(node.value, glued)]
        return [(node.name.text, glued), ("=", True), (node.value, True)]
    if kind is Binary:
        return [(node.left, glued), (node.operator, False), (node.right, False)]
    if kind is Unary:
        return [(node.operator, glued), (node.operand, node.operator == "-")]
    if kind is Pipeline:
        steps: list[tuple[Any, bool]] = [(node.steps[0], glued)]
        for step in node.steps[1:]:
            steps += [("->", False), (step, False)]
        return steps
    if kind is Paren:
        return [("(", glued), *_listed(node.arguments), (")", True)]
    if kind is List:
        dtype = [] if node.dtype is None else [(node.dtype.text, False)]
        return [("[", glued), *_listed(node.items), ("]", True), *dtype]
    if kind is Attribute:
        return [(node.value, glued), (".", True), (node.name.text, True)]
    if kind is Index:
        return [(node.value, glued), ("[", True), *_listed(node.arguments), ("]", True)]
    if kind is Side:
        return [(node.step, glued), (node.word, False), (node.inputs, False)]
    if kind is Conditional:
        return [
            (node.then, glued),
            ("if", False),
            (node.condition, False),
            ("else", False),
            (node.otherwise, False),
        ]
    assert kind is Ellipsis, kind
    return [("...", glued)]


def _listed(items: tuple[Any, ...]) -> list[tuple[Any, bool]]:
    parts: list[tuple[Any, bool]] = []
    for number, item in enumerate(items):
        if number:
            parts.append((",", True))
        parts.append((item, not number))
    return parts


def fill(pieces: list[Piece], indent: int, width: int) -> list[str]:
    """The lines of a statement at a column: one if it fits, else broken before arrows, else inside brackets too."""
    if indent + _width(pieces) <= width:
        return [" " * indent + join(pieces)]
    rows: list[list[Piece]] = [[]]
    used = indent
    for number, chunk in enumerate(_chunks(pieces)):
        size = _width(chunk) + 1
        if number and used + size > width:
            rows.append([])
            used = indent + 1
        rows[-1] += chunk
        used += size
    lines: list[str] = []
    for number, row in enumerate(rows):
        lines += _broken(row, indent + 2 if number else indent, indent + 4, width)
    return lines


def join(pieces: list[Piece]) -> str:
    return "".join(piece.text if piece.glued or not number else f" {piece.text}" for number, piece in enumerate(pieces))


def _width(pieces: list[Piece]) -> int:
    return sum(len(piece.text) + (not piece.glued) for piece in pieces) - (bool(pieces) and not pieces[0].glued)


def _chunks(pieces: list[Piece]) -> list[list[Piece]]:
    """The pieces in parts that begin with an arrow outside of brackets, but for the first."""
    chunks: list[list[Piece]] = [[]]
    depth = 0
    for number, piece in enumerate(pieces):
        # An arrow at the very end opens a list below: it does not begin a line.
        if piece.text == "->" and depth == 0 and number < len(pieces) - 1:
            chunks.append([])
        chunks[-1].append(piece)
        depth += (piece.text in ("(", "[")) - (piece.text in (")", "]"))
    return chunks


_AFTER = frozenset((",", "(", "[", "+", "*", "/", "//", "%", "@", "or", "and", "else"))


def _broken(row: list[Piece], indent: int, inner: int, width: int) -> list[str]:
    """A row in lines of a width, where its brackets allow: at the outermost comma that fits, and so on inwards."""
    if indent + _width(row) <= width:
        return [" " * indent + join(row)]
    lines: list[str] = []
    begin, used, depth = 0, indent, 0
    #: Where this line can be broken: by depth, and after a comma rather than an operator; the last of each.
    breaks: dict[int, int] = {}
    number = 0
    while number < len(row):
        piece = row[number]
        if depth and number > begin and (row[number - 1].text in _AFTER or piece.text == "->"):
            breaks[2 * depth + (row[number - 1].text not in ",([")] = number
        depth += (piece.text in ("(", "[")) - (piece.text in (")", "]"))
        used += len(piece.text) + (number > begin and not piece.glued)
        number += 1
        if used > width and breaks:
            stop = breaks[min(breaks)]
            lines.append(" " * (inner if lines else indent) + join(row[begin:stop]))
            # Read again from the break: each line is read at most twice.
            for undone in row[stop:number]:
                depth -= (undone.text in ("(", "[")) - (undone.text in (")", "]"))
            begin = number = stop
            used = inner
            breaks = {}
    lines.append(" " * (inner if lines else indent) + join(row[begin:]))
    return lines
