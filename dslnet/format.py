"""The canonical text of a spec.

Enters: a tree without mistakes. Leaves: its one text: 2 and 4 spaces of indentation, one space around binary
operators and after commas, a blank line between definitions, no line over 100 columns that can be broken. The text
has the same tree, all the comments, and is its own canonical text.

Expressions are written by write.py, which does not recurse; this file has the lines, and where comments go. A
comment on a line of its own stays before the statement that follows it; one at the end of a line keeps its column
where there is room; those inside a statement of several lines are gathered at the end of the line they were on, or
of the statement.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from .syntax import (
    Bad,
    Body,
    Choice,
    Combinator,
    Comment,
    Constant,
    Declaration,
    Definition,
    Flow,
    Item,
    Key,
    Lane,
    Nest,
    Repeat,
    Spec,
    Statement,
    Structure,
    Suite,
    Top,
    Use,
    Valued,
    Wrap,
)
from .write import Piece, fill, write

WIDTH = 100


def format_spec(spec: Spec) -> str:
    """The canonical text of a spec; the text itself where it has a statement that could not be read."""
    return _Printer(spec).print()


class _Printer:
    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.text = spec.source.text
        self.lines: list[str] = []
        self.comments = spec.comments
        self.starts = [comment.span.start for comment in spec.comments]
        #: The first comment that is not yet written.
        self.next = 0
        self.unreadable = False

    def print(self) -> str:
        previous: Top | None = None
        statements = self.spec.statements
        stops = [top.span.start for top in statements[1:]] + [len(self.text)]
        for top, stop in zip(statements, stops):  # noqa: B905 - a file of comments has a stop more
            self.unreadable = self.unreadable or type(top) is Bad
            begins = len(self.lines)
            gap = self.own_lines(top.span.start, 0, top=True)
            self.separate(previous, top, begins, gap)
            self.top(top, stop)
            previous = top
        self.own_lines(len(self.text), 0, top=True)
        if self.unreadable:
            return self.text
        return "\n".join(self.lines).strip("\n") + "\n" if self.lines else ""

    # ---------------------------------------------------------------------------------------------- comments

    def own_lines(self, stop: int, indent: int, *, top: bool = False) -> bool:
        """Write the comments before `stop`, each on its line. True if a blank line follows the last of them.

        One blank line between two of them, or before them, is kept.
        """
        blank = False
        while self.next < len(self.comments) and self.comments[self.next].span.start < stop:
            comment = self.comments[self.next]
            if self.blank_before(comment.span.start) and self.lines and self.lines[-1] and (top or not self.opens()):
                self.lines.append("")
            self.lines.append(" " * indent + comment.text)
            blank = self.blank_after(comment.span.end)
            self.next += 1
        return blank

    def opens(self) -> bool:
        """Whether the last line opens a block, which no blank line follows."""
        return bool(self.lines) and self.lines[-1].split("  #")[0].rstrip().endswith((":", "->"))

    def blank_before(self, position: int) -> bool:
        line = self.text.rfind("\n", 0, position)
        above = self.text.rfind("\n", 0, max(line, 0))
        return line >= 0 and not self.text[above + 1 : line].strip()

    def blank_after(self, position: int) -> bool:
        line = self.text.find("\n", position)
        below = self.text.find("\n", line + 1)
        return line >= 0 and not self.text[line + 1 : below if below >= 0 else len(self.text)].strip()

    def inside(self, stop: int) -> list[Comment]:
        """The comments before `stop`, and the one at the end of its line."""
        end = self.text.find("\n", stop)
        end = len(self.text) if end < 0 else end
        upto = bisect_left(self.starts, stop, self.next)
        if upto < len(self.starts) and self.starts[upto] < end and self.comments[upto].trailing:
            upto += 1
        found = list(self.comments[self.next : upto])
        self.next = max(self.next, upto)
        return found

    def column(self, position: int) -> int:
        return position - (self.text.rfind("\n", 0, position) + 1)

    def emit(self, lines: list[str], comments: Sequence[Comment]) -> None:
        """Lines with comments at the end of the last one."""
        if comments:
            gap = max(2, self.column(comments[0].span.start) - len(lines[-1])) if comments[0].trailing else 2
            lines[-1] += " " * gap + " ".join(comment.text for comment in comments)
        self.lines += lines

    # --------------------------------------------------------------------------------------------- top level

    def separate(self, previous: Top | None, top: Top, begins: int, gap: bool) -> None:
        """A blank line before a definition and its comments; between others, where there was one."""
        wanted = previous is not None and (type(top) is Definition or type(previous) is Definition)
        if begins < len(self.lines):
            kept = not self.lines[begins]
            if gap and self.lines[-1]:
                self.lines.append("")
        else:
            kept = self.blank_before(top.span.start)
        if begins and self.lines[begins - 1 : begins] != [""] and (wanted or kept):
            if self.lines[begins : begins + 1] != [""]:
                self.lines.insert(begins, "")

    def top(self, top: Top, stop: int) -> None:
        if type(top) is Use:
            names = ", ".join(n.name.text + (f" as {n.alias.text}" if n.alias else "") for n in top.names)
            origin = top.origin if top.dotted else self.text[top.origin_span.start : top.origin_span.end]
            line = f"use {'python ' if top.python else ''}{names} from {origin}"
            self.emit([line], self.inside(top.span.end))
        elif type(top) is Constant:
            pieces = [Piece(f"{top.name.text}:"), *write(top.value)]
            self.emit(fill(pieces, 0, WIDTH), self.inside(top.span.end))
        elif type(top) is Definition:
            pieces = [Piece(f"{top.word} {top.name.text}")]
            if top.parameters:
                for number, parameter in enumerate(top.parameters):
                    pieces.append(Piece(",", glued=True) if number else Piece("(", glued=True))
                    pieces.append(Piece(parameter.name.text, glued=not number))
                    if parameter.default is not None:
                        pieces += [Piece("=", glued=True), *write(parameter.default, glued=True)]
                pieces.append(Piece(")", glued=True))
            pieces.append(Piece(":", glued=True))
            self.body(0, 2, pieces, top.body, stop)

    # --------------------------------------------------------------------------------------------- statements

    def suite(self, statements: tuple[Statement, ...], indent: int, stop: int) -> None:
        """A list of statements; what follows it begins at `stop`."""
        following = [statement.span.start for statement in statements[1:]] + [stop]
        for statement, after in zip(statements, following, strict=True):
            blank = self.own_lines(statement.span.start, indent)
            if (
                (blank or self.blank_before(statement.span.start))
                and self.lines
                and self.lines[-1]
                and not self.opens()
            ):
                self.lines.append("")
            pieces: list[Piece] = []
            deeper = 2
            if type(statement) is Bad:
                self.unreadable = True
                continue
            if type(statement) is not Declaration:
                pieces.append(Piece("-" if type(statement) is Item else "|"))
                deeper = 4
            assert isinstance(statement, Item | Lane | Declaration)
            if statement.key is not None:
                colon = "" if statement.body is None else ":"
                pieces.append(Piece(self.key(statement.key) + colon))
            if statement.body is None:
                self.emit(fill(pieces, indent, WIDTH), self.inside(statement.span.end))
            else:
                self.body(indent, indent + deeper, pieces, statement.body, after)
        # Comments below the last statement, as far to the right as it or farther, are of this list.
        column = self.column(statements[0].span.start)
        upto = self.next
        while upto < len(self.starts) and self.starts[upto] < stop and self.column(self.starts[upto]) >= column:
            upto += 1
        if upto > self.next:
            self.own_lines(self.starts[upto - 1] + 1, indent)

    def key(self, key: Key) -> str:
        if key.quoted and not key.number:
            return self.text[key.span.start : key.span.end]
        return " ".join(word.text for word in key.words)

    def body(self, indent: int, deeper: int, pieces: list[Piece], body: Body, stop: int) -> None:
        """A line that goes on with a body, on it or under it; what follows both begins at `stop`."""
        while type(body) is Nest:
            pieces += self.combinator(body.combinator)
            body = body.body
        if type(body) is Valued:
            pieces += write(body.value)
            if body.default is not None:
                pieces += [Piece("="), *write(body.default)]
            self.emit(fill(pieces, indent, WIDTH), self.inside(body.span.end))
            return
        if type(body) is Flow:
            pieces += [*write(body.source), Piece("->")]
            body = body.suite
        assert type(body) is Suite
        self.head(indent, pieces, body)
        self.suite(body.statements, deeper, stop)

    def head(self, indent: int, pieces: list[Piece], suite: Suite) -> None:
        """The line above an indented list. Comments between them are at its end, or before the list."""
        first = bisect_left(self.starts, suite.span.start, self.next)
        between = self.comments[self.next : first]
        count = max((number for number, comment in enumerate(between, 1) if comment.trailing), default=0)
        # What does not document the list's first statement, though it would from there, was inside the head.
        marked = [
            number for number, comment in enumerate(between, 1) if comment.text.startswith("##") and number > count
        ]
        statement = suite.statements[0]
        spare = len(marked) - (0 if isinstance(statement, Bad) else len(statement.doc))
        if spare > 0:
            count = marked[spare - 1]
        self.next += count
        self.emit(fill(pieces, indent, WIDTH), between[:count])

    def combinator(self, combinator: Combinator) -> list[Piece]:
        if type(combinator) is Repeat:
            pieces = [Piece(combinator.word)]
            if combinator.variable is not None:
                pieces += [Piece(combinator.variable.text), Piece("in")]
            pieces += write(combinator.count)
        elif type(combinator) is Structure or type(combinator) is Wrap:
            pieces = [Piece(combinator.word if isinstance(combinator, Structure) else combinator.name.name)]
            if combinator.arguments:
                pieces += write(combinator.arguments)
        else:
            assert type(combinator) is Choice
            pieces = [Piece(combinator.word)]
            if combinator.condition is not None:
                pieces += write(combinator.condition)
        pieces.append(Piece(":", glued=True))
        return pieces
