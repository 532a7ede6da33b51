"""Text and the places in it.

Enters: a file's name and its text. Leaves: `Source`, which turns offsets into lines and columns, and `Span`,
which every later phase carries. Offsets count code points; lines and columns count from 1; a line ends at a
line feed and nowhere else (`str.splitlines` would also split at U+2028).
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range `[start, end)` of code points in the source called `file`."""

    file: str
    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The range from the beginning of this span to the end of `other`."""
        return Span(self.file, self.start, other.end)


#: The place of things that no text made.
NOWHERE = Span("", 0, 0)


class Source:
    """A named text. `name` is what diagnostics show: the path as the user wrote it."""

    __slots__ = ("name", "text", "_starts")

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        self._starts: list[int] = []

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Source) and (self.name, self.text) == (other.name, other.text)

    def __hash__(self) -> int:
        return hash((self.name, self.text))

    def __repr__(self) -> str:
        return f"Source({self.name!r})"

    @property
    def starts(self) -> list[int]:
        """The offset of the first character of each line."""
        if not self._starts:
            found = [0]
            position = self.text.find("\n")
            while position >= 0:
                found.append(position + 1)
                position = self.text.find("\n", position + 1)
            self._starts = found  # at once, for a shipped file is read by every thread that builds
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its line end."""
        start = self.starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end < 0 else end].removesuffix("\r")

    def span(self, start: int, end: int) -> Span:
        return Span(self.name, start, end)
