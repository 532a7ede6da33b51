"""Words that the language does not know, or that are too long.

Enters: what the lexer made. Leaves: the same without JUNK: what was meant by it where that is plain, nothing in
its place where it is not. So the layout pass and the parser see known kinds only.
"""

from __future__ import annotations

from .kinds import FOREIGN_CONSTANTS, JUNK, LINE_END
from .lexer import Lexed
from .limits import Limits
from .mistakes import Mistakes, quoted

#: Signs that look like ours, with the kind and the spelling of what they are meant for.
LOOKALIKES: dict[str, tuple[str, str]] = {
    "\u2192": (">", "->"),
    "\u21d2": (">", "->"),
    "\u27f6": (">", "->"),
    "\u2212": ("-", "-"),
    "\u2013": ("-", "-"),
    "\u2014": ("-", "-"),
    "\u2022": ("-", "-"),
    "\u00d7": ("*", "*"),
    "\u00b7": ("*", "*"),
    "\u2217": ("*", "*"),
    "\u00f7": ("*", "/"),
    "\u2264": ("<", "<="),
    "\u2265": ("<", ">="),
    "\u2260": ("<", "!="),
    "\u2026": ("_", "..."),
    "\uff08": ("(", "("),
    "\uff09": (")", ")"),
    "\uff0c": (",", ","),
    "\uff1a": (":", ":"),
    "\uff1d": ("=", "="),
}
_QUOTES = {"'": "'", "`": "`", "\u2018": "\u2019", "\u201c": "\u201d", "\u00ab": "\u00bb", "\u201e": "\u201c"}
_SPACES = "\u00a0\u2002\u2003\u2009\u200b\u202f\u3000\x0b\x0c"


def settle_words(lexed: Lexed, mistakes: Mistakes, limits: Limits) -> Lexed:
    """Report every unknown word and every name or string over its limit."""
    over = {word for word in lexed.long if len(word) > (limits.string + 2 if word[0] == '"' else limits.name)}
    if over:
        _too_long(lexed, over, mistakes, limits)
    if JUNK not in lexed.kinds:
        return lexed
    return _Settler(lexed, mistakes).settle()


def _too_long(lexed: Lexed, over: set[str], mistakes: Mistakes, limits: Limits) -> None:
    for kind, word, end in zip(lexed.kinds, lexed.words, lexed.ends, strict=True):
        # Long numbers are the business of whoever reads their value.
        if word in over and kind not in "01?":
            text, limit = ("string", limits.string) if kind == '"' else ("name", limits.name)
            size = len(word) - 2 if kind == '"' else len(word)
            start = end - len(word)
            mistakes.add("E0905", f"this {text} has {size:,} characters; the limit is {limit:,}", start, end)


class _Settler:
    def __init__(self, lexed: Lexed, mistakes: Mistakes) -> None:
        self.lexed = lexed
        self.mistakes = mistakes
        self.kinds: list[str] = []
        self.words: list[str] = []
        self.ends: list[int] = []

    def settle(self) -> Lexed:
        """Copy the tokens; what stands between two unknown words is copied by slices."""
        kinds, words, ends, long = self.lexed
        done = 0
        index = kinds.find(JUNK)
        while index >= 0:
            self.copy(done, index)
            done = self.junk(index)
            index = kinds.find(JUNK, done)
        self.copy(done, len(words))
        return Lexed("".join(self.kinds), self.words, self.ends, long)

    def copy(self, start: int, stop: int) -> None:
        self.kinds.append(self.lexed.kinds[start:stop])
        self.words += self.lexed.words[start:stop]
        self.ends += self.lexed.ends[start:stop]

    def put(self, kind: str, word: str, start: int) -> None:
        """A word in the place of one that begins at `start`. It may be longer: where it begins counts."""
        self.kinds.append(kind)
        self.words.append(word)
        self.ends.append(start + len(word))

    def junk(self, index: int) -> int:
        """Settle the unknown word at `index`; returns the token to go on at."""
        word, end = self.lexed.words[index], self.lexed.ends[index]
        start = end - len(word)
        if word[0] == '"':
            self.string(word, start, end)
            return index + 1
        if word[0] in _QUOTES and (after := self.quotes(index, word[0], start)):
            return after
        before = "".join(self.kinds[-6:])[-80:]
        if word == "None" and before.rfind("[") > before.rfind("]") and before[-1:] in ("[", ","):
            self.free_size(start, end, "B" if before[-1] == "[" else "N")
            return index + 1
        if word in FOREIGN_CONSTANTS:
            meant = FOREIGN_CONSTANTS[word]
            self.mistakes.add(
                "E0100",
                f"`{word}` is written `{meant}`",
                start,
                end,
                helps=[self.mistakes.put(f"write `{meant}`", start, end, meant)],
            )
            self.put("c", meant, start)
            return index + 1
        if word in LOOKALIKES:
            kind, meant = LOOKALIKES[word]
            self.mistakes.add(
                "E0101",
                f"{quoted(word)} (U+{ord(word):04X}) only looks like `{meant}`",
                start,
                end,
                helps=[self.mistakes.put(f"write `{meant}`", start, end, meant)],
            )
            self.put(kind, meant, start)
            return index + 1
        if word[0] in ";{}\\&!?$~^" or word[0] in _SPACES:
            self.sign(index, word, start, end)
            return index + 1
        if word[0].isalnum():
            return self.foreign_name(index)
        self.unknown(word, start, end)
        return index + 1

    def free_size(self, start: int, end: int, name: str) -> None:
        """`None` in a shape, which is how Keras and ONNX leave a size open."""
        help = self.mistakes.put(f"call it `{name}`", start, end, name, sure=name == "B")
        self.mistakes.add("E0100", "`None` is no size: one that is free has a name", start, end, helps=[help])
        self.put("A", name, start)

    def unknown(self, word: str, start: int, end: int) -> None:
        more = f", and {len(word) - 1} more like it" if len(word) > 1 else ""
        title = f"{quoted(word[0])} (U+{ord(word[0]):04X}) is not part of the language{more}"
        self.mistakes.add(
            "E0101", title, start, end, helps=[self.mistakes.put("leave it out", start, end, "", sure=False)]
        )

    def sign(self, index: int, word: str, start: int, end: int) -> None:
        """A sign that other languages have."""
        sign = word[0]
        title = f"{quoted(sign)} (U+{ord(sign):04X}) is not part of the language"
        last = self.lexed.kinds[index + 1 : index + 2] in ("", LINE_END, "#")
        helps = [self.mistakes.put("leave it out", start, end, "", sure=False)]
        if word == ";" and last:
            title = "a line ends without a `;`"
            helps = [self.mistakes.put("leave it out", start, end, "")]
        elif sign == ";":
            title = "one statement a line, and no `;`"
            helps = []
        elif sign in "{}":
            title = f"blocks are made by indentation, not by `{sign}`"
            helps = []
        elif word == "&&":
            title = "`&&` is written `and`"
            helps = [self.mistakes.put("write `and`", start, end, "and")]
            self.put("&", "and", start)
        elif word == "!":
            title = "`!` is written `not`"
            # `!=` is a word of its own, so this is a negation.
            helps = [self.mistakes.put("write `not`", start, end, "not ")]
            self.put("~", "not", start)
        elif sign == "^":
            title = "a power is written `**`"
            helps = [self.mistakes.put("write `**`", start, end, "**")]
            self.put("^", "**", start)
        elif sign == "\\":
            title = "lines are not joined by `\\`"
            helps = [self.mistakes.put("leave it out, and begin the next line with `->`", start, end, "", sure=False)]
        elif sign in _SPACES:
            title = f"a space that is not an ordinary one (U+{ord(sign):04X})"
            helps = [self.mistakes.put("write an ordinary space", start, end, " " * len(word))]
        self.mistakes.add("E0101", title, start, end, helps=helps)

    def string(self, word: str, start: int, end: int) -> None:
        """A string with an escape that does not exist, or without an end."""
        position = 1
        while position < len(word) and word[position] not in '"\n':
            if word[position] == "\\":
                if word[position + 1 : position + 2] not in ('"', "\\"):
                    break
                position += 1
            position += 1
        if len(word) > 1 and word[-1] == '"' and position < len(word) - 1:
            escape = word[position : position + 2]
            self.mistakes.add(
                "E0112",
                f"{quoted(escape)} means nothing in a string",
                start + position,
                start + position + 2,
                'only `\\"` and `\\\\` are escapes',
                helps=[self.mistakes.put("double the backslash", start + position, start + position + 1, "\\\\")],
            )
        else:
            shown = len(word.rstrip())
            self.mistakes.add(
                "E0105",
                "this string is never closed",
                start,
                start + shown,
                "a string ends on its line",
                helps=['write `"` where it ends'],
            )
        self.put('"', word, start)

    def quotes(self, index: int, opening: str, start: int) -> int:
        """A string in other quotes: returns the token after it, or 0 when it has no end on its line."""
        line_end = self.lexed.kinds.find(LINE_END, index)
        stop = len(self.lexed.words) if line_end < 0 else line_end
        closing = {_QUOTES[opening], opening}
        text = self.lexed.words[index]
        if len(text) > 1 and text[-1] in closing:
            after = index + 1
        else:
            for after in range(index + 1, stop):
                if self.lexed.kinds[after] == JUNK and self.lexed.words[after][0] in closing:
                    after += 1
                    break
            else:
                return 0
        end = self.lexed.ends[after - 1]
        inside = "".join(_between(self.lexed, index, after))[1:-1]
        self.mistakes.add(
            "E0101",
            'a string is written with `"`',
            start,
            end,
            helps=[
                self.mistakes.put(
                    f'write `"{inside[:20]}"`' if len(inside) <= 20 else 'write `"`', start, end, f'"{inside}"'
                )
            ],
        )
        self.put('"', f'"{inside}"', start)
        return after

    def foreign_name(self, index: int) -> int:
        """A name with a letter that is not ASCII: one name, not several."""
        words, ends = self.lexed.words, self.lexed.ends
        start = ends[index] - len(words[index])
        text = words[index]
        if self.words and self.kinds[-1][-1:] in ("a", "A") and self.ends[-1] == start:
            text = self.words.pop() + text
            self.ends.pop()
            self.kinds[-1] = self.kinds[-1][:-1]
        after = index + 1
        while (
            after < len(words)
            and self.lexed.kinds[after] in "aA0?"
            and ends[after] - len(words[after]) == ends[after - 1]
        ):
            if self.lexed.kinds[after] == JUNK and not words[after][0].isalnum():
                break
            text += words[after]
            after += 1
        end = ends[after - 1]
        odd = next(c for c in text if not c.isascii())
        self.mistakes.add(
            "E0101",
            f"a name is written with a to z, not with {quoted(odd)} (U+{ord(odd):04X})",
            end - len(text),
            end,
        )
        self.put("A" if text[0].isupper() else "a", text, end - len(text))
        return after


def _between(lexed: Lexed, start: int, stop: int) -> list[str]:
    """The words from `start` to `stop`, with the blanks between them."""
    parts: list[str] = []
    for index in range(start, stop):
        word = lexed.words[index]
        gap = (
            lexed.ends[index] - len(word) - (lexed.ends[index - 1] if index > start else lexed.ends[index] - len(word))
        )
        parts += [" " * gap, word]
    return parts
