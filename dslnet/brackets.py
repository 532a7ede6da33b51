"""Lines whose brackets go on, or go wrong.

Enters: the layout pass at a line that its own brackets do not balance. Leaves: one logical line more in it, with
every bracket closed by its own kind. What is said of the brackets of a line is said once.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING

from .diagnostics import Edit, Help
from .kinds import COMMENT, EQUAL, ERROR, MINUS, NEWLINE, OPENING

if TYPE_CHECKING:
    from .layout import Layout

CLOSING = {close: open_ for open_, close in OPENING.items()}

#: What a line inside brackets never begins with: a lane, `name:`, `role name:`, or a step with a key.
_OUTSIDE = re.compile(r"\||-?(?:aa?|[0\"]|[rSile]):|D")


def read_brackets(layout: Layout, number: int, line: str) -> int:
    """Read the logical line that begins on line `number`, whose kinds are `line`. Returns the line after it."""
    return _Reader(layout, number, line).read()


class _Reader:
    def __init__(self, layout: Layout, number: int, line: str) -> None:
        self.layout = layout
        self.words, self.ends = layout.lexed.words, layout.lexed.ends
        self.number = number
        self.line = line
        self.column = layout.columns[-1]
        #: Kinds and positions (among the lexer's tokens) of the brackets that are open.
        self.open: list[tuple[str, int]] = []
        self.kinds: list[str] = []
        #: The first line inside that begins with a dash, with how much was emitted before it: a step, or a minus.
        self.dash: tuple[int, int] | None = None
        self.size = len(layout.words)
        #: Up to which line they are inside though they are not indented deeper; it is told.
        self.shallow = 0
        #: How deep the brackets of the physical line are after each token, and the least of it from there on.
        self.depths: list[int] = []
        self.lowest: list[int] = []

    def read(self) -> int:
        layout = self.layout
        first = layout.firsts[self.number]
        while True:
            self.tokens(layout.firsts[self.number])
            if not self.open:
                following = self.number + 1
                break
            inner = self.next_line()
            if inner is None:
                following = self.unclosed()
                break
            self.number = inner
        # The parts are one piece for the layout pass, which may have to forget or to continue them.
        if not self.kinds:
            # Nothing was left of it.
            self.kinds.append(ERROR)
            layout.words.append("")
            layout.ends.append(self.start(first))
        kinds = "".join(self.kinds)
        layout.kinds.append(kinds)
        if len(kinds) > min(layout.limits.operators, layout.colon_limit):
            layout.check_operators(kinds, first)
        layout.emit(NEWLINE, "", layout.ends[-1])
        return following

    def emit(self, kind: str, index: int) -> None:
        self.kinds.append(kind)
        self.layout.words.append(self.words[index])
        self.layout.ends.append(self.ends[index])

    def close(self, end: int) -> None:
        """Make up the closing bracket of the innermost open one."""
        kind, _ = self.open.pop()
        self.kinds.append(OPENING[kind])
        self.layout.words.append("")
        self.layout.ends.append(end)

    def start(self, index: int) -> int:
        return self.ends[index] - len(self.words[index])

    # ------------------------------------------------------------------------------------------------- lines

    def next_line(self) -> int | None:
        """The next line with something on it, if it is inside the brackets; its kinds become `self.line`."""
        layout = self.layout
        number = self.number + 1
        skipped: list[int] = []
        while number < len(layout.lines):
            line = layout.lines[number].rstrip(" ")
            if line.rstrip(COMMENT):
                break
            if line:
                skipped.append(layout.firsts[number])
            number += 1
        else:
            return None
        first = layout.firsts[number]
        began = self.ends[first - 1]
        if _OUTSIDE.match(line):
            return None
        if line[0] not in CLOSING and self.start(first) - began <= self.column and number > self.shallow:
            self.shallow = self.closed_at(number)
            if not self.shallow:
                return None
            self.not_deeper(number)
        for index in skipped:
            layout.comment(index, False)
        if line[-1] == COMMENT:
            line = line[:-1]
            layout.comment(first + len(line), True)
        if line[0] == MINUS and self.dash is None:
            self.dash = number, len(layout.words)
        self.line = line
        return number

    def closed_at(self, number: int) -> int:
        """The line that closes all that is open, from line `number` on; 0 where something new begins before it."""
        layout = self.layout
        depth = len(self.open)
        for below in range(number, len(layout.lines)):
            line = layout.lines[below]
            layout.patience -= len(line) + 1
            if layout.patience < 0 or ":" in line or line[:1] in ("-", "|", ">", "u"):
                break
            for kind in line:
                depth += (kind in OPENING) - (kind in CLOSING)
                if depth == 0:
                    return below
        return 0

    def unclosed(self) -> int:
        """The brackets that are open were never closed. Returns the line to go on at."""
        layout = self.layout
        following = self.number + 1
        if self.dash is not None:
            # A line inside that begins with a dash was a step of the flow after all: read it again as one.
            number, size = self.dash
            cost = layout.firsts[following] - layout.firsts[number]
            if cost <= layout.patience:
                layout.patience -= cost
                begin = self.start(layout.firsts[number])
                while layout.comments and layout.comments[-1].span.start >= begin:
                    layout.comments.pop()
                self.open = [pair for pair in self.open if self.ends[pair[1]] <= begin]
                del layout.words[size:], layout.ends[size:]
                del self.kinds[size - self.size :]
                following = number
        end = layout.ends[-1]
        # The step that shows it: the next line, if there is one.
        shows = next((n for n in range(following, len(layout.lines)) if layout.lines[n].strip("# ")), None)
        position = None if shows is None else self.start(layout.firsts[shows])
        for kind, index in reversed(self.open):
            self.never_closed(kind, index, position)
            self.close(end)
        return following

    # ------------------------------------------------------------------------------------------------ tokens

    def tokens(self, first: int) -> None:
        """Read the tokens of one physical line."""
        opened = self.open
        self.depths = []
        for offset, kind in enumerate(self.line):
            index = first + offset
            if kind in OPENING:
                if len(opened) >= self.layout.limits.brackets:
                    self.too_deep(index)
                opened.append((kind, index))
            elif kind in CLOSING:
                if not opened:
                    self.closes_nothing(kind, index)
                    continue
                if opened[-1][0] != CLOSING[kind]:
                    if len(opened) > 1 and opened[-2][0] == CLOSING[kind]:
                        self.never_closed(*opened[-1], self.start(index))
                        self.close(self.start(index))
                    else:
                        self.wrong(kind, index)
                        kind = OPENING[opened[-1][0]]
                opened.pop()
            elif kind == ":" and opened:
                if self.is_setting(offset):
                    self.colon_setting(index)
                    kind = EQUAL
                elif opened[-1][0] == "[" and self.closes(offset):
                    self.slice(index)
                    continue
                else:
                    position = self.start(index)
                    for pair in reversed(opened.copy()):
                        self.never_closed(*pair, position)
                        self.close(position)
            self.emit(kind, index)

    def is_setting(self, offset: int) -> bool:
        """Whether the colon at `offset` stands where `=` should: `stride: 2)`, and the bracket is closed later on."""
        name = offset >= 2 and self.line[offset - 1] in "aA" and self.line[offset - 2] in "(,"
        return name and self.closes(offset)

    def closes(self, offset: int) -> bool:
        """Whether the innermost bracket is closed after `offset`, on the same line."""
        if not self.depths:
            # Once for a line, which may have a colon in every third token.
            self.depths = list(accumulate((kind in OPENING) - (kind in CLOSING) for kind in self.line))
            self.lowest = list(accumulate(reversed(self.depths), min))[::-1]
        return self.lowest[offset] < self.depths[offset]

    # ---------------------------------------------------------------------------------------------- mistakes

    def never_closed(self, kind: str, index: int, position: int | None) -> None:
        mistakes = self.layout.mistakes
        secondary = []
        if position is not None:
            secondary.append(mistakes.label(position, position + 1, f"a `{OPENING[kind]}` is missing before this"))
        mistakes.add(
            "E0104",
            f"this `{kind}` is never closed",
            self.start(index),
            self.ends[index],
            secondary=secondary,
            helps=[f"write `{OPENING[kind]}` where it ends"],
        )

    def not_deeper(self, number: int) -> None:
        """Line `number` is inside, as the brackets show that are closed on line `self.shallow`."""
        layout, mistakes = self.layout, self.layout.mistakes
        edits = []
        for below in range(number, self.shallow + 1):
            first = layout.firsts[below]
            if layout.lines[below].strip(" #") and layout.lines[below][0] not in CLOSING:
                began, start = self.ends[first - 1], self.start(first)
                if start - began <= self.column:
                    edits.append(Edit(mistakes.source.span(began, start), " " * (self.column + 4)))
        kind, opened = self.open[-1]
        first = layout.firsts[number]
        mistakes.add(
            "E0102",
            "inside brackets a line is indented deeper than the one that began them",
            self.start(first),
            self.ends[first],
            secondary=[mistakes.label(self.start(opened), self.ends[opened], f"this `{kind}` is open")],
            helps=[Help(f"indent by {self.column + 4} what is inside", tuple(edits), sure=True)],
        )

    def closes_nothing(self, kind: str, index: int) -> None:
        mistakes = self.layout.mistakes
        start, end = self.start(index), self.ends[index]
        mistakes.add(
            "E0106",
            f"this `{kind}` closes nothing",
            start,
            end,
            f"no `{CLOSING[kind]}` is open here",
            helps=[mistakes.put("leave it out", start, end, "", sure=False)],
        )

    def wrong(self, kind: str, index: int) -> None:
        mistakes = self.layout.mistakes
        opener, opened_at = self.open[-1]
        start, end = self.start(index), self.ends[index]
        mistakes.add(
            "E0107",
            f"`{opener}` is closed by `{kind}`",
            start,
            end,
            secondary=[mistakes.label(self.start(opened_at), self.ends[opened_at], "opened here")],
            helps=[mistakes.put(f"write `{OPENING[opener]}`", start, end, OPENING[opener])],
        )

    def colon_setting(self, index: int) -> None:
        mistakes = self.layout.mistakes
        start, end = self.start(index), self.ends[index]
        name = self.words[index - 1]
        # The blanks around it go: `stride: 2` becomes `stride=2`.
        after = self.start(index + 1)
        before = self.ends[index - 1]
        mistakes.add(
            "E0100",
            "a setting is given with `=`",
            start,
            end,
            helps=[mistakes.put(f"write `{name}={self.words[index + 1][:20]}`", before, after, "=")],
        )

    def slice(self, index: int) -> None:
        self.layout.mistakes.add(
            "E0100",
            "a tensor is cut by a box, not in brackets",
            self.start(index),
            self.ends[index],
            helps=["such as `x -> Slice(0, 5, axis=1)`, `x -> First` or `x -> Last`"],
        )

    def too_deep(self, index: int) -> None:
        limit = self.layout.limits.brackets
        self.layout.mistakes.add(
            "E0902",
            f"brackets are nested more than {limit} deep",
            self.start(index),
            self.ends[index],
            "the limit is reached here",
            helps=["give the inner part a name, on a line of its own"],
        )
