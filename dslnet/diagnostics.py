"""Mistakes as values.

Enters: what a phase found wrong. Leaves: a `Report`, a sorted list of `Diagnostic`s without repetitions, which
`render` prints. No phase raises for a user's mistake; only the end of the pipeline does, with `NetError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

from .node import field, node, record
from .source import Source, Span


@node
class Label:
    """A fact about a place in the text, under 50 characters."""

    span: Span
    text: str = ""


@node
class Edit:
    """Put `text` in the place of `span`."""

    span: Span
    text: str


@node
class Help:
    """What to write instead. A `sure` help has edits that give a file which passes this check."""

    text: str
    edits: tuple[Edit, ...] = ()
    sure: bool = False


@node
class Diagnostic:
    """One mistake: a code, a title that stands alone, one primary place, facts, context and advice."""

    code: str
    title: str
    primary: Label
    secondary: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    helps: tuple[Help, ...] = ()
    severity: str = "error"


class NetError(Exception):
    """A `.net` file has mistakes. `str()` of it is all of them, rendered; `report` holds them as values."""

    def __init__(self, report: Report, rendered: str) -> None:
        super().__init__(rendered)
        self.report = report


@record
class Report:
    """The mistakes found so far, and the sources that they point into."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    _seen: set[tuple[str, Span]] = field(default_factory=set)
    _counted: int = 0
    _errors: int = 0
    _misread: bool = False

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep a diagnostic, unless the same code was already reported at the same place."""
        key = (diagnostic.code, diagnostic.primary.span)
        if key not in self._seen:
            self._seen.add(key)
            self.diagnostics.append(diagnostic)

    def error(
        self,
        code: str,
        title: str,
        span: Span,
        label: str = "",
        *,
        secondary: Iterable[Label] = (),
        notes: Iterable[str] = (),
        helps: Iterable[Help | str] = (),
        severity: str = "error",
    ) -> None:
        """Add a diagnostic from its parts; a help given as a string has no edits."""
        advice = tuple(Help(h) if isinstance(h, str) else h for h in helps)
        self.add(Diagnostic(code, title, Label(span, label), tuple(secondary), tuple(notes), advice, severity))

    def withdraw(self, untrue: Callable[[Diagnostic], bool], since: int) -> None:
        """Take back what turned out to be no mistake of its own, among what was said after the first `since`."""
        kept = [d for d in self.diagnostics[since:] if not untrue(d)]
        self.diagnostics[since:] = kept
        self._counted = self._errors = 0

    def _count(self) -> None:
        """Look at what is new: this is asked for each block and each line, and there may be thousands of both."""
        for new in self.diagnostics[self._counted :]:
            self._errors += new.severity == "error"
            self._misread |= new.code.startswith(("E00", "E01"))
        self._counted = len(self.diagnostics)

    @property
    def errors(self) -> int:
        self._count()
        return self._errors

    @property
    def misread(self) -> bool:
        """Whether there is a line that could not be read."""
        self._count()
        return self._misread

    @property
    def warnings(self) -> int:
        return sum(d.severity == "warning" for d in self.diagnostics)

    def sorted(self) -> list[Diagnostic]:
        """By file, then by place; what comes first in the text comes first."""
        return sorted(self.diagnostics, key=lambda d: (d.primary.span, d.code))


def distance(a: str, b: str, limit: int) -> int:
    """Damerau-Levenshtein distance (optimal string alignment), or `limit + 1` when it is larger."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]


def did_you_mean(word: str, candidates: Iterable[str], foreign: dict[str, str] | None = None) -> list[str]:
    """At most three names close to `word`: by edit distance, then by what other frameworks call it."""
    limit = max(1, len(word) // 3)
    names = list(dict.fromkeys(islice(candidates, 500)))
    low = word.lower()
    letters = set(low)
    scored: list[tuple[int, str]] = []
    for name in names:
        # an edit takes one letter from a word and gives it one at most: nearly every name is told apart by that
        if abs(len(name) - len(word)) > limit or len(letters.symmetric_difference(name.lower())) > 2 * limit:
            continue
        far = min(distance(word, name, limit), distance(low, name.lower(), limit))
        if far <= limit and far < max(len(word), len(name)):  # one letter in place of another is another name
            scored.append((far, name))
    scored.sort()
    exact = [name for far, name in scored if not far]
    found = exact or [name for _, name in scored]
    translated = (foreign or {}).get(word)
    if translated in names and translated not in found:
        found.append(translated)
    return found[:3]
