"""Characters as a terminal shows them.

Enters: text that anyone may have written. Leaves: text that moves no cursor and hides nothing, and the columns
that it takes: 2 for a wide character, 0 for a combining one.
"""

from __future__ import annotations

import unicodedata

TAB = 4


def visible(text: str) -> str:
    """The text with control characters as `\\x1b` and invisible ones as `<U+202E>`; line feeds too."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(shown, text))


def shown(character: str) -> str:
    """How one character is shown."""
    code = ord(character)
    if code < 0x20 or 0x7F <= code < 0xA0:
        return f"\\x{code:02x}"
    if code < 0x7F:
        return character
    return character if character.isprintable() else f"<U+{code:04X}>"


def columns(text: str) -> int:
    """The columns that visible text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def cells(line: str) -> tuple[list[str], list[int]]:
    """A source line as pieces, one for each character, and the column where each begins, with the end at last."""
    if line.isascii() and line.isprintable():
        return list(line), list(range(len(line) + 1))
    pieces: list[str] = []
    starts: list[int] = [0]
    for character in line:
        at = starts[-1]
        piece = " " * (TAB - at % TAB) if character == "\t" else shown(character)
        pieces.append(piece)
        starts.append(at + columns(piece))
    return pieces, starts
