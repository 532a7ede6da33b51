"""Text to tokens.

Enters: a text. Leaves: `Lexed`: a string of kinds, and lists of the words and of the offsets where they end, all
of one length. A word starts where its end minus its length is; blanks belong to no word. Every character of the text is
in a word or is a blank, whatever the text: what the language does not know is a word of kind JUNK.

The kind of a word depends on the word alone, so it is looked up once for each distinct word of a file, and the
loop over the text is one call of `findall`.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import NamedTuple

from .kinds import BLANK, COMMENT, FOREIGN_CONSTANTS, JUNK, KINDS, LINE_END, RESERVED
from .tables import TERMINALS

# Reserved words look like names here and are told apart by `RESERVED`.
_WORDS = "|".join(pattern for name, pattern in TERMINALS if KINDS[name] not in RESERVED.values())

#: A word with the blanks before it. The last alternatives take what is left: a string with an unknown escape, an
#: open string to the end of its line, a run of characters that start nothing, one character, blanks at the end.
_REST = r'"(?:\\.|[^"\\\n])*"|"[^\n]*|[^\s\w"#()\[\],:=.|+\-*/%@<>!]+|[^\x00-\x7f]+|[^ \t]'
SPLIT = re.compile(rf"[ \t]*(?:{_WORDS}|\r?\n|#[^\n]*|{_REST})|[ \t]+")

#: Only words longer than this can be over a limit, so the others are never looked at.
LONG = 64

#: How many characters are lexed at a time, at least.
CHUNK = 1 << 14

_KIND = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in TERMINALS))


class Lexed(NamedTuple):
    """The tokens of a text: `words[i]` is of `kinds[i]` and ends at `ends[i]`. `long` has the long words."""

    kinds: str
    words: list[str]
    ends: list[int]
    long: set[str]


class _Kinds(dict[str, str]):
    """The kind of a word with the blanks before it; found once for each."""

    def __missing__(self, spaced: str) -> str:
        kind = self[spaced] = kind_of(spaced.lstrip(" \t"))
        return kind


class _Bare(dict[str, str]):
    """A word without the blanks before it."""

    def __init__(self) -> None:
        self.long: set[str] = set()

    def __missing__(self, spaced: str) -> str:
        word = self[spaced] = spaced.lstrip(" \t")
        if len(word) > LONG and not word.startswith("#"):
            self.long.add(word)
        return word


def kind_of(word: str) -> str:
    """The kind of one word."""
    reserved = RESERVED.get(word)
    if reserved is not None:
        return reserved
    if word in FOREIGN_CONSTANTS:
        return JUNK
    if word.endswith("\n"):
        return LINE_END
    if word.startswith("#"):
        return COMMENT
    match = _KIND.fullmatch(word)
    if match is not None and match.lastgroup is not None:
        return KINDS[match.lastgroup]
    return JUNK if word else BLANK


def lex(text: str) -> Lexed:
    """The tokens of a text. A pure function of it: nothing is kept between calls."""
    kind, bare = _Kinds().__getitem__, _Bare()
    kinds: list[str] = []
    words: list[str] = []
    ends: list[int] = []
    # Whole lines at a time, a few hundred: so the words that `findall` makes are gone while they are in the cache.
    start = 0
    while start < len(text):
        stop = text.find("\n", start + CHUNK) + 1 or len(text)
        spaced = SPLIT.findall(text, start, stop)
        kinds += map(kind, spaced)
        words += map(bare.__getitem__, spaced)
        positions = accumulate(map(len, spaced), initial=start)
        next(positions)
        ends += positions
        start = stop
    return Lexed("".join(kinds), words, ends, bare.long)
