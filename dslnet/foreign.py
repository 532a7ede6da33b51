"""What people write by habit of other languages: `nn.Linear(4)`, `Linear 4`, `a => b`, `a | B`, `concat(a, b)`.

Enters: a line and the token where the grammar stopped. Leaves: repairs that write it as it is written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from .diagnostics import Help
from .habits import edited, opening
from .repair import Line, Repair

#: The tokens from one to another, and the token (or nothing) and the text that come in their place.
Change = tuple[int, int, tuple[tuple[str, str], ...], str]


def foreign(line: Line, at: int) -> Iterator[Repair]:
    """What was meant at the token where the grammar stopped."""
    kinds = line.kinds
    yield from _packages(line, at)
    yield from _arrows(line, at)
    if at and kinds[at] in "|,":
        yield from _joined(line, at)
    if at and kinds[at - 1] == "A" and kinds[at] in '01"c':
        yield from _settings(line, at)
    if at > 2 and kinds[at - 1] == ")" and kinds[at] in ";>":
        yield from _called(line, at)


def _packages(line: Line, at: int) -> Iterator[Repair]:
    """`nn.Linear(4)`, wherever it stands on the line."""
    found = [match.span() for match in re.finditer(r"(?<![.)\]])(?:a\.)+(?=A)", line.kinds)]
    here = next((span for span in found if span[0] < at <= span[1]), None)
    if here is None:
        return
    begin, end = here
    place = line.start(begin), line.end(end)
    if line.word(end) == "T":
        wire = line.text(begin, end - 2)
        help = Help(f"write `({wire} -> Transpose)`")
        yield Repair("E0100", f"`{wire[:40]}` has no `T`", place, help=help, replaces=False)
        return
    changes: list[Change] = [(first, last, (), "") for first, last in found]
    title = f"a box has no `{line.text(begin, end - 1)[:30]}` before its name"
    yield from _surely(line, title, f"write `{line.word(end)}`", changes, place)


def _arrows(line: Line, at: int) -> Iterator[Repair]:
    """`a => B`, `a >> B`, `a |> B`, `a --> B`."""
    changes: list[Change] = []
    for match in re.finditer(r"[=|<]<|->", line.kinds):
        begin, end = match.span()
        sign = line.word(begin) + line.word(begin + 1)
        if begin and sign in ("=>", ">>", "|>", "-->") and line.end(begin) == line.start(begin + 1):
            changes.append((begin, end, ((">", "->"),), "->"))
    here = next((change for change in changes if change[0] <= at < change[1]), None)
    if here is not None:
        begin, end = here[:2]
        sign = line.word(begin) + line.word(begin + 1)
        place = line.start(begin), line.end(end - 1)
        yield from _surely(line, f"an arrow is `->`, not `{sign}`", "write `->`", changes, place)


def _joined(line: Line, at: int) -> Iterator[Repair]:
    """`a || b`; and `Linear(4), ReLU`, which may mean one after the other."""
    kinds = line.kinds
    if kinds[at : at + 2] == "||":
        place = line.start(at), line.end(at + 1)
        yield from _surely(line, "`||` is written `or`", "write `or`", [(at, at + 2, (("v", "or"),), "or")], place)
    if kinds[at] == ",":
        changes: list[Change] = []
        depth = 0
        for offset in range(len(kinds) - 1):
            depth += (kinds[offset] in "([") - (kinds[offset] in ")]")
            if depth == 0 and kinds[offset : offset + 2] == ",A":
                changes.append((offset, offset + 1, ((">", "->"),), " ->"))
        if changes and changes[0][0] == at:
            advice = "write `->`, if one comes after the other"
            place = line.start(at), line.end(at)
            yield _changed(line, "steps are joined with `->`", advice, changes, place, sure=False)


def _settings(line: Line, at: int) -> Iterator[Repair]:
    """`Linear 4`."""
    kinds = line.kinds
    settings = re.compile(r'[01"c](?:,[01"c])*').match(kinds, at)
    if settings is None or kinds[0] in "Du" or re.match(r"[-|]?(?:aa?:)?[irl]", kinds):
        return
    if sum((kind in "([") - (kind in ")]") for kind in kinds[:at]):
        return
    end = settings.end()
    place = line.start(at), line.end(end - 1)
    tokens = (("(", "("), *((kinds[offset], line.word(offset)) for offset in range(at, end)), (")", ")"))
    # The text of the help may be cut; that of its edit is whole.
    whole = line.driver.text.mistakes.source.text[place[0] : place[1]]
    text = f"write `{line.word(at - 1)}({line.text(at, end - 1)})`"
    help = edited(line, text, [(line.end(at - 1), place[1], f"({whole})")])
    yield Repair("E0100", "settings stand in parentheses", place, at, end, tokens, "", help)


def _called(line: Line, at: int) -> Iterator[Repair]:
    """`concat(a, b)`."""
    opened = opening(line.kinds, at - 1)
    word = line.word(opened - 1) if opened else ""
    if word not in ("concat", "add", "mul", "stack") or opened + 1 == at - 1 or "=" in line.kinds[opened:at]:
        return
    if line.kinds[opened + 1] == "A":
        advice = f"write `{word}:`, and below it a line `| ...` for each branch"
    else:
        advice = f"such as `({line.text(opened + 1, at - 2)}) -> {word.title()}`"
    place = line.start(opened - 1), line.end(at - 1)
    yield Repair("E0100", f"`{word}` opens a block of branches", place, help=Help(advice), replaces=False)


def _surely(line: Line, title: str, text: str, changes: list[Change], place: tuple[int, int]) -> Iterator[Repair]:
    """A change that is due also where it is not all that is wrong with the line."""
    yield _changed(line, title, text, changes, place)
    yield replace(_changed(line, title, text, changes, place, sure=False), replaces=False)


def _changed(
    line: Line, title: str, text: str, changes: list[Change], place: tuple[int, int], sure: bool = True
) -> Repair:
    first, done = changes[0][0], changes[0][0]
    tokens: list[tuple[str, str]] = []
    edits: list[tuple[int, int, str]] = []
    for begin, end, new, written in changes:
        tokens += ((line.kinds[offset], line.word(offset)) for offset in range(done, begin))
        tokens += new
        # What is left out goes with the blanks after it.
        edits.append((line.start(begin), line.end(end - 1) if written else line.start(end), written))
        done = end
    return Repair("E0100", title, place, first, done, tuple(tokens), "", edited(line, text, edits, sure))
