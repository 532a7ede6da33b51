"""What the phases of reading have found so far.

Enters: mistakes, from the lexer's words to the parser, in that order. Leaves: at most one diagnostic for each line
of a file: the first phase to complain about a line knows best, and what comes after it is an echo.
"""

from __future__ import annotations

from collections.abc import Iterable

from .diagnostics import Edit, Help, Label, Report
from .node import replace
from .source import Source, Span


class Mistakes:
    """The syntax errors of one file, one a line."""

    def __init__(self, source: Source, report: Report) -> None:
        self.source = source
        self.report = report
        #: The lines that have a mistake, and which diagnostic of the report that is.
        self.lines: dict[int, int | None] = {}

    def add(
        self,
        code: str,
        title: str,
        start: int,
        end: int,
        label: str = "",
        *,
        secondary: Iterable[Label] = (),
        notes: Iterable[str] = (),
        helps: Iterable[Help | str] = (),
    ) -> None:
        """Report a mistake at `[start, end)`, unless its line has one."""
        line = self.source.position(start)[0]
        if line in self.lines:
            self._doubt(line)
            return
        span = Span(self.source.name, start, end)
        self.report.error(code, title, span, label, secondary=secondary, notes=notes, helps=helps)
        self.lines[line] = len(self.report.diagnostics) - 1

    def _doubt(self, line: int) -> None:
        """There is more than one mistake on a line: no help for one of them makes it right."""
        number = self.lines[line]
        if number is not None:
            first = self.report.diagnostics[number]
            if any(help.sure for help in first.helps):
                helps = tuple(replace(help, sure=False) for help in first.helps)
                self.report.diagnostics[number] = replace(first, helps=helps)

    def more_between(self, start: int, end: int) -> bool:
        """Whether a line of the text from `start` to `end` has a mistake: one more of them is not reported."""
        if not self.lines:
            return False
        first, last = self.source.position(start)[0], self.source.position(max(start, end))[0]
        found = [line for line in range(first, last + 1) if line in self.lines]
        for line in found:
            self._doubt(line)
        return bool(found)

    def label(self, start: int, end: int, text: str) -> Label:
        return Label(Span(self.source.name, start, end), text)

    def put(self, text: str, start: int, end: int, new: str, *, sure: bool = True) -> Help:
        """The help `text`, whose edit writes `new` in the place of `[start, end)`."""
        return Help(text, (Edit(Span(self.source.name, start, end), new),), sure)


def quoted(word: str, limit: int = 40) -> str:
    """A word of the user's, as a title shows it: cut when long, nothing unprintable."""
    shown = "".join(c if c.isprintable() else f"<U+{ord(c):04X}>" for c in word[:limit])
    return f"`{shown}...`" if len(word) > limit else f"`{shown}`"
