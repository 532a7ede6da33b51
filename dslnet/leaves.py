"""Nodes of one token.

Enters: the number of a token. Leaves: the node it is by itself (`ReLU`, `64`, `true`), or the span, start or text
of it. These look at nothing but the tokens, so they are shared by all parses.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isinf
from typing import Any

from .limits import INTEGER_MAX
from .mistakes import Mistakes
from .source import Span
from .syntax import BoxRef, Choice, Ellipsis, Key, Literal, Name, Ref, Structure, UseName, Wrap


class Text:
    """What the functions below read: the tokens, and whom to tell of a literal that is too large."""

    __slots__ = ("docs", "ends", "file", "kinds", "mistakes", "words")

    def __init__(
        self,
        file: str,
        kinds: list[str],
        words: list[str],
        ends: list[int],
        docs: dict[int, tuple[str, ...]],
        mistakes: Mistakes,
    ) -> None:
        self.file = file
        self.kinds = kinds
        self.words = words
        self.ends = ends
        self.docs = docs
        self.mistakes = mistakes


Values = list[Any]
Leaf = Callable[[Text, int], Any]
Builder = Callable[[Values, Text], None]

new: Callable[[type[Span], tuple[str, int, int]], Span] = tuple.__new__


def make_span(t: Text, start: int, end: int) -> Span:
    # What `Span(...)` does, without its Python-level constructor: half of all objects are spans.
    return new(Span, (t.file, start, end))


def token_span(t: Text, i: int) -> Span:
    end = t.ends[i]
    return new(Span, (t.file, end - len(t.words[i]), end))


def start_of(t: Text, i: int) -> int:
    return t.ends[i] - len(t.words[i])


# ------------------------------------------------------------------------------------------------ one token


def ref(t: Text, i: int) -> Ref:
    word = t.words[i]
    end = t.ends[i]
    return Ref(word, new(Span, (t.file, end - len(word), end)))


def box_ref(t: Text, i: int) -> BoxRef:
    word = t.words[i]
    end = t.ends[i]
    return BoxRef(word, new(Span, (t.file, end - len(word), end)))


def identifier(t: Text, i: int) -> Name:
    word = t.words[i]
    end = t.ends[i]
    return Name(word, new(Span, (t.file, end - len(word), end)))


_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "none": None}


def _literal(t: Text, i: int) -> Literal:
    word = t.words[i]
    span = token_span(t, i)
    if word.isdigit():
        return Literal(_integer(t, word, span), word, span)
    if word in _CONSTANTS:
        return Literal(_CONSTANTS[word], word, span)
    if word[0] == '"':
        return Literal(inside_quotes(word), word, span)
    value = float(word)
    if isinf(value):
        t.mistakes.add("E0903", "this number is too large for a float", span.start, span.end, "more than 1.8e308")
        value = 1.0
    return Literal(value, word, span)


def inside_quotes(word: str) -> str:
    """What a quoted string says. One that was never closed has no quote at its end; it is reported already."""
    inside = word[1:-1]
    if "\\" in inside:
        inside = inside.replace("\\\\", "\0").replace('\\"', '"').replace("\0", "\\")
    return inside


def _integer(t: Text, word: str, span: Span) -> int:
    digits = word.lstrip("0") if len(word) > 19 else word
    # Counted before `int`, which refuses thousands of digits and takes quadratic time for fewer.
    if len(digits) <= 19 and (value := int(digits or "0")) <= INTEGER_MAX:
        return value
    t.mistakes.add(
        "E0904", "this whole number does not fit 64 bits", span.start, span.end, f"the largest is {INTEGER_MAX}"
    )
    return 1


def _ellipsis(t: Text, i: int) -> Ellipsis:
    return Ellipsis(token_span(t, i))


def _key_name(t: Text, i: int) -> Key:
    name = identifier(t, i)
    return Key((name,), False, False, name.span)


def _key_number(t: Text, i: int) -> Key:
    name = identifier(t, i)
    return Key((name,), True, True, name.span)


def _key_string(t: Text, i: int) -> Key:
    span = token_span(t, i)
    return Key((Name(t.words[i][1:-1], span),), True, False, span)


def _structure(t: Text, i: int) -> Structure:
    return Structure(t.words[i], (), token_span(t, i))


def _otherwise(t: Text, i: int) -> Choice:
    return Choice(t.words[i], None, token_span(t, i))


def _wrap(t: Text, i: int) -> Wrap:
    box = box_ref(t, i)
    return Wrap(box, (), box.span)


def _mark(t: Text, i: int) -> int:
    return i


def _use_name(t: Text, i: int) -> UseName:
    return UseName(identifier(t, i), None)


def _one_name(t: Text, i: int) -> list[Name]:
    return [identifier(t, i)]


LEAVES: dict[str, Leaf] = {
    "ref": ref,
    "box": box_ref,
    "identifier": identifier,
    "literal": _literal,
    "ellipsis": _ellipsis,
    "key_name": _key_name,
    "key_number": _key_number,
    "key_string": _key_string,
    "structure": _structure,
    "otherwise": _otherwise,
    "wrap": _wrap,
    "mark": _mark,
    "use_name": _use_name,
    "one_name": _one_name,
}
