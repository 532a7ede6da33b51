"""What people write by habit of Python: `x.mean(1)`, `Linear(20)(x)`.

Enters: a line and the token where the grammar stopped. Leaves: repairs that only say how it is written here, for no
small change makes such a line right.
"""

from __future__ import annotations

from collections.abc import Iterator

from .diagnostics import Help
from .repair import Line, Repair


def habits(line: Line, at: int) -> Iterator[Repair]:
    """What a `(` after a name with a dot, or after a `)`, was meant to be."""
    kinds = line.kinds
    if kinds[at] != "(" or at < 3:
        return
    if kinds[at - 1] == "a" and kinds[at - 2] == ".":
        first = at - 3
        while first >= 2 and kinds[first] == "a" and kinds[first - 1] == ".":
            first -= 2
        method = line.word(at - 1)
        box = "".join(part.title() for part in method.split("_"))
        yield _told(
            line, first, at, f"a wire has no methods such as `{method[:20]}`", f"{line.text(first, at - 3)} -> {box}"
        )
    elif kinds[at - 1] == ")":
        opened, closed = _opening(kinds, at - 1), _closing(kinds, at)
        if opened and kinds[opened - 1] in "aA" and closed is not None and closed > at + 1:
            fed = line.text(at + 1, closed - 1)
            source = f"({fed})" if "," in kinds[at:closed] else fed
            yield _told(
                line, opened - 1, at, "a box is fed by an arrow", f"{source} -> {line.text(opened - 1, at - 1)}"
            )


def _told(line: Line, first: int, at: int, title: str, written: str) -> Repair:
    place = line.start(first), line.end(at)
    label = "parentheses configure, arrows carry"
    return Repair("E0100", title, place, label=label, help=Help(f"such as `{written}`"[:90]), replaces=False)


def _opening(kinds: str, close: int) -> int:
    """Where the bracket at `close` was opened; 0 when that is nowhere."""
    depth = 0
    for offset in range(close, 0, -1):
        depth += (kinds[offset] in ")]") - (kinds[offset] in "([")
        if depth == 0:
            return offset
    return 0


def _closing(kinds: str, opened: int) -> int | None:
    depth = 0
    for offset in range(opened, len(kinds)):
        depth += (kinds[offset] in "([") - (kinds[offset] in ")]")
        if depth == 0:
            return offset
    return None
