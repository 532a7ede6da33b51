"""A Capital where a name is defined: `input X: [B, 3]`, `Q: x -> Linear(64)`.

Papers write so, and here a Capital is a box. Enters: a line. Leaves: the repair that reads the word as a name, there
and wherever the same definition uses it, so that it is one mistake; its help writes the name in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .diagnostics import Edit, Help
from .driver import Driver
from .kinds import END, RESERVED
from .repair import Line, Repair
from .source import Span

#: Where a line defines a name, and what it is: after a role, before a value that is no box, in a `repeat`.
_DEFINES = re.compile(r'[-|]?a(?P<role>A)[:;]|(?P<wire>A):[a0"\[(]|[-|]?(?:aa?:)?r(?P<variable>A)n')


#: In a file with more mistakes than this, a name is mended in its own place only: the work has to stay linear.
MOST = 8


def capital(line: Line) -> Iterator[Repair]:
    """The repair of a line that gives a name with a Capital."""
    match = _DEFINES.match(line.kinds)
    if match is None or match.lastgroup is None:
        return
    offset = match.start(match.lastgroup)
    word = line.word(offset)
    what = "the name of a wire or a module"
    if match.lastgroup == "role":
        role = line.word(offset - 1)
        what = f"the name of {'an' if role[0] in 'aeiou' else 'a'} {role}"
    uses, dimension = _uses(line.driver, line.first + offset)
    yield Repair(
        "E0100",
        f"`{word}` is a box name; {what} is lower case",
        (line.start(offset), line.end(offset)),
        offset,
        offset + 1,
        (("a", word),),
        help=None if dimension else _lower(line.driver, word, uses),
        renamed=tuple(uses),
    )


def _uses(driver: Driver, defined: int) -> tuple[list[int], bool]:
    """The tokens of the same definition that mean the name, and whether a shape has a size that is called so."""
    text = driver.text
    if len(text.mistakes.lines) > MOST:
        return [defined], True
    first, last = _around(driver, defined)
    word, depth, dimension = text.words[defined], 0, False
    found: list[int] = []
    for index in range(first, last):
        kind = text.kinds[index]
        depth += (kind == "[") - (kind == "]")
        if kind == "A" and text.words[index] == word and text.kinds[index + 1] != "(":
            if depth > 0:
                dimension = True
            else:
                found.append(index)
    return found, dimension


def _around(driver: Driver, index: int) -> tuple[int, int]:
    """The tokens of the definition that a token stands in; of a file's constant, those of the whole file."""
    kinds = driver.text.kinds
    first = index
    while first and kinds[first] != "D":
        first -= 1
    last = index
    while kinds[last] not in ("D", END):
        last += 1
    return (first, last) if kinds[first] == "D" else (0, kinds.index(END))


def _lower(driver: Driver, word: str, uses: list[int]) -> Help | None:
    """The name in lower case, in every place; None where that is a name, or a word of the language, already."""
    text = driver.text
    name = word.lower() if word.isupper() else word[0].lower() + word[1:]
    first, last = _around(driver, uses[0])
    if name in RESERVED or name in text.words[first:last]:
        return Help("call it by another name, in lower case")
    places = [Span(text.file, text.ends[index] - len(word), text.ends[index]) for index in uses]
    everywhere = " everywhere" if len(places) > 1 else ""
    return Help(f"write `{name}`{everywhere}", tuple(Edit(place, name) for place in places), sure=True)
