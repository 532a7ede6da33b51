"""A line that cannot be read, and a change of it.

Enters: the driver where it stopped. Leaves: the line as kinds and words, and `Repair`, which is what repairs.py and
capitals.py propose and recovery.py tries.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .diagnostics import Help
from .driver import Driver
from .mistakes import quoted


@dataclass(slots=True)
class Line:
    """A logical line: the tokens from `first` to the NEWLINE at `stop`; the grammar stopped at `at`."""

    driver: Driver
    first: int
    at: int
    stop: int
    #: How many states there are where the line begins.
    depth: int
    kinds: str = field(init=False)

    def __post_init__(self) -> None:
        self.kinds = "".join(self.driver.text.kinds[self.first : self.stop + 1])

    def word(self, offset: int) -> str:
        return self.driver.text.words[self.first + offset]

    def start(self, offset: int) -> int:
        text = self.driver.text
        return text.ends[self.first + offset] - len(text.words[self.first + offset])

    def end(self, offset: int) -> int:
        return self.driver.text.ends[self.first + offset]

    def text(self, begin: int, end: int | None = None) -> str:
        """The text from token `begin` to the end of token `end` (by default, of the line), on one line and cut."""
        last = len(self.kinds) - 2 if end is None else end
        source = self.driver.text.mistakes.source.text
        shown = " ".join(source[self.start(begin) : self.end(last)].split())
        return shown if len(shown) <= 60 else shown[:57] + "..."


@dataclass(slots=True)
class Repair:
    """Read `tokens` in the place of the line's tokens from `begin` to `end`. Without `replaces`, give the line up."""

    code: str
    title: str
    place: tuple[int, int]
    begin: int = 0
    end: int = 0
    tokens: tuple[tuple[str, str], ...] = ()
    label: str = ""
    help: Help | None = None
    replaces: bool = True
    #: Tokens elsewhere that are read as names from now on.
    renamed: tuple[int, ...] = ()

    def kinds(self, line: str) -> str:
        return line[: self.begin] + "".join(kind for kind, _ in self.tokens) + line[self.end :]

    @staticmethod
    def insert(line: Line, offset: int, kind: str, word: str, why: str, shown: str | None = None) -> Repair:
        """One token missing before the token at `offset`."""
        before = line.end(offset - 1)
        gap = line.start(offset) - before
        written = word
        if kind in ">n=f":
            # Signs and words with a blank on each side; `=` with none.
            written = f" {word}" if kind != "=" else word
            written += " " if not gap and kind != "=" else ""
        elif not gap and line.kinds[offset] not in ";)]":
            written += " "
        place = before, before + (gap if kind == "=" else 0)
        help = line.driver.text.mistakes.put(
            shown or f"write `{word}` after {quoted(line.word(offset - 1))}", *place, written
        )
        # The place is the last character before the gap: a span has to have a width.
        return Repair("E0111", why, (max(before - 1, 0), before), offset, offset, ((kind, word),), "", help)
