"""The paths of the weights of a body: which are taken, and where in the text.

Enters: paths as they are claimed, and the numbers of rounds that go on counting after a numbered step. Leaves: the
place that has a path already. Each question costs as much as the path is long, however many are taken.
"""

from __future__ import annotations

from ..source import Span


class Paths(dict[str, Span]):
    """Paths with their places."""

    def __init__(self) -> None:
        super().__init__()
        #: By the path before a number: the rounds of a repeat, and all numbers that are taken.
        self.rounds: dict[str, tuple[range, Span]] = {}
        self.numbered: dict[str, dict[int, Span]] = {}

    def taken(self, path: str) -> Span | None:
        """What has a path: something of that path, or the rounds of a repeat."""
        found = self.get(path)
        for before, number in _numbers(path) if self.rounds and found is None else ():
            numbers, span = self.rounds.get(before, (range(0), None))
            found = span if number in numbers else found
        return found

    def take(self, path: str, span: Span) -> None:
        self[path] = span
        for before, number in _numbers(path):
            self.numbered.setdefault(before, {}).setdefault(number, span)

    def first_among(self, path: str, numbers: range) -> tuple[int, Span] | None:
        """A number below a path that is taken and one of these."""
        return next(((n, span) for n, span in self.numbered.get(path, {}).items() if n in numbers), None)


def _numbers(path: str) -> list[tuple[str, int]]:
    """The segments of a path that are numbers, each with the path before it."""
    if not any(map(str.isdecimal, path)):
        return []
    parts = path.split(".")
    return [(".".join(parts[:place]), int(part)) for place, part in enumerate(parts) if part.isdecimal()]
