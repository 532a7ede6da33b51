"""Tables of names: what somebody else's weights are called here.

Enters: the text of a `.names` file. Leaves: a `Table`, which says of any name where its tensor belongs.

    prefix transformer                                          # stands before all names, or before none
    drop h.{i}.attn.bias                                        # is no weight
    h.{i}.ln_{n}.{p} -> h.{i}.ln{n}.{p}
    h.{i}.attn.c_attn.weight -> transpose -> h.{i}.attention1.{q,k,v}.weight

A placeholder stands for letters, digits, `_` and `-` in one segment, at most one in each, and means on the right what
it meant on the left. A list in braces cuts the tensor along axis 0 into as many equal parts. The first line that fits a
name decides; a name that no line fits stays as it is. There are no patterns beyond these, so that a name is compared
with a line in one pass over it, whoever wrote the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..decode import decode
from ..diagnostics import Help, Report, did_you_mean
from ..files import read_names
from ..limits import DEFAULT, Limits
from ..node import node
from ..source import Source, Span

#: More than any architecture needs; a table is as long as its blocks are different.
LINES = 200
SEGMENTS = 24

_SEGMENT = re.compile(r"([A-Za-z0-9_-]*)(?:\{([a-z_][A-Za-z0-9_]*)\}([A-Za-z0-9_-]*))?")
_PARTS = re.compile(r"([A-Za-z0-9_-]*)\{([A-Za-z0-9_-]+(?:, ?[A-Za-z0-9_-]+)+)\}([A-Za-z0-9_-]*)")
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_WORDS = ("prefix", "drop")


@node
class Segment:
    """One segment of a pattern: `before`, then what the placeholder stands for, then `after`. Without a placeholder
    it is `before`; with `parts` it is one of these in the placeholder's place."""

    before: str
    placeholder: str | None = None
    after: str = ""
    parts: tuple[str, ...] = ()

    def match(self, text: str, found: dict[str, str]) -> bool:
        """Whether a segment of a name fits, given what the placeholders stand for so far."""
        if self.placeholder is None:
            return text == self.before
        if not (text.startswith(self.before) and text.endswith(self.after)):
            return False
        value = text[len(self.before) : len(text) - len(self.after)]
        if len(text) < len(self.before) + len(self.after) or not _PLAIN.fullmatch(value):
            return False
        return found.setdefault(self.placeholder, value) == value

    def fill(self, found: dict[str, str], part: int) -> str:
        middle = self.parts[part] if self.parts else found[self.placeholder] if self.placeholder else ""
        return self.before + middle + self.after


@node
class Rule:
    """One line: names that fit `theirs` are these of `ours`, one for each part; of nothing for `drop`."""

    theirs: tuple[Segment, ...]
    ours: tuple[Segment, ...]
    transpose: bool
    span: Span

    @property
    def parts(self) -> int:
        return max((len(s.parts) for s in self.ours), default=0) or 1

    def lead(self, segments: list[str]) -> list[str] | None:
        """Our names for one of theirs, or None where the line does not fit."""
        if len(segments) != len(self.theirs):
            return None
        for segment, text in zip(self.theirs, segments, strict=True):
            if segment.placeholder is None and text != segment.before:
                return None
        found: dict[str, str] = {}
        if not all(s.match(text, found) for s, text in zip(self.theirs, segments, strict=True)):
            return None
        if not self.ours:
            return []
        return [".".join(s.fill(found, part) for s in self.ours) for part in range(self.parts)]


@node
class Table:
    """All lines of a file, in order."""

    file: str
    prefix: str = ""
    rules: tuple[Rule, ...] = ()

    def lead(self, name: str) -> tuple[list[str], Rule | None]:
        """Our names for one of theirs, and the line that says so. Names that no line fits stay."""
        if self.prefix and name.startswith(self.prefix + "."):
            name = name[len(self.prefix) + 1 :]
        segments = name.split(".")
        for rule in self.rules:
            found = rule.lead(segments)
            if found is not None:
                return found, rule
        return [name], None


def read_table(path: str, report: Report, limits: Limits = DEFAULT) -> Table | None:
    """The table in a file, or None after a report."""
    data = read_names(path, report, limits)
    source = decode(path, data, report, limits) if data is not None else None
    return None if source is None else parse_table(source, report)


def parse_table(source: Source, report: Report) -> Table | None:
    """The table in a text, or None after a report of everything that is wrong with it."""
    reader = _Reader(source, report)
    before = report.errors
    prefix, rules = "", []
    for number, (place, words) in enumerate(_lines(source), 1):
        if number > LINES:
            report.error("E0907", f"this table has more than {LINES} lines", place)
            break
        if words[0] == "prefix":
            prefix = reader.prefix(place, words[1:], prefix)
        else:
            rule = reader.rule(place, words)
            if rule is not None:
                rules.append(rule)
    return Table(source.name, prefix, tuple(rules)) if report.errors == before else None


def _lines(source: Source) -> Iterator[tuple[Span, list[str]]]:
    """The lines that say something, as words with their place. Blanks in braces separate nothing."""
    start = 0
    for line in source.text.split("\n"):
        text = line.partition("#")[0].rstrip()
        body = text.lstrip()
        if body:
            span = source.span(start + len(text) - len(body), start + len(text))
            yield span, re.sub(r",[ \t]+", ",", body).split()
        start += len(line) + 1


class _Reader:
    """Reads lines, and reports those that cannot be read."""

    def __init__(self, source: Source, report: Report) -> None:
        self.source, self.report = source, report

    def wrong(self, place: Span, title: str, label: str = "", *helps: str | Help) -> None:
        self.report.error("E0822", title, place, label, helps=helps)

    def prefix(self, place: Span, words: list[str], before: str) -> str:
        if before:
            self.wrong(place, "a table has one `prefix`", "a second one", "delete this line")
        elif len(words) != 1 or not all(map(_PLAIN.fullmatch, words[0].split("."))):
            self.wrong(place, "`prefix` takes one name", "not a name", "`prefix transformer`")
        else:
            return words[0]
        return before

    def rule(self, place: Span, words: list[str]) -> Rule | None:
        form = [word for word in words if word in ("->", "transpose")]
        if words[0] == "drop":
            if len(words) != 2:
                self.wrong(place, "`drop` takes one name", "", "`drop h.{i}.attn.bias`")
                return None
            theirs = self.pattern(place, words[1], ours=False)
            return None if theirs is None else Rule(theirs, (), False, place)
        if form not in (["->"], ["->", "transpose", "->"]) or len(words) != 2 + len(form) or words[1] != "->":
            self.misread(place, words)
            return None
        theirs, ours = self.pattern(place, words[0], ours=False), self.pattern(place, words[-1], ours=True)
        if theirs is None or ours is None:
            return None
        known = {s.placeholder for s in theirs}
        for segment in ours:
            if segment.placeholder is not None and segment.placeholder not in known:
                word = "{" + segment.placeholder + "}"
                named = [k for k in known if k]
                near = did_you_mean(segment.placeholder, named) or named[:1] * (len(named) == 1)
                self.wrong(
                    self.word(place, word),
                    f"`{word}` stands for nothing",
                    "not on the left of this line",
                    *(f"did you mean `{{{name}}}`?" for name in near[:1]),
                )
                return None
        return Rule(theirs, ours, "transpose" in form, place)

    def misread(self, place: Span, words: list[str]) -> None:
        near = did_you_mean(words[0], _WORDS) if "->" not in words else []
        if near and words[0] not in _WORDS:
            self.wrong(
                self.word(place, words[0]), f"`{words[0][:40]}` begins no line", "", f"did you mean `{near[0]}`?"
            )
            return
        helps = ("`their.name -> our.name`", "`their.name -> transpose -> our.name`", "`drop their.name`")
        self.wrong(place, "this line leads from one name to another", "not of that form", *helps)

    def word(self, place: Span, word: str) -> Span:
        start = self.source.text.find(word, place.start, place.end)
        return place if start < 0 else self.source.span(start, start + len(word))

    def pattern(self, place: Span, text: str, ours: bool) -> tuple[Segment, ...] | None:
        """The segments of a pattern; only ours may be cut into parts."""
        made = []
        if text.count(".") >= SEGMENTS:
            self.wrong(place, f"a name here has more than {SEGMENTS} segments", "too long")
            return None
        for part in text.split("."):
            found, cut = _SEGMENT.fullmatch(part), _PARTS.fullmatch(part)
            if found and part:
                made.append(Segment(found[1], found[2], found[3] or ""))
            elif cut and ours and not any(s.parts for s in made):
                made.append(Segment(cut[1], None, cut[3], tuple(p.strip() for p in cut[2].split(","))))
            else:
                self.unfit(self.word(place, text), text, part, ours)
                return None
        return tuple(made)

    def unfit(self, place: Span, text: str, part: str, ours: bool) -> None:
        shown = f"`{part[:40]}`" if part else "an empty segment"
        if _PARTS.fullmatch(part):
            why = "parts are named on the right" if not ours else "a name is cut into parts once"
            self.wrong(place, f"{shown} cannot stand in `{text[:60]}`", why)
        elif part.count("{") > 1:
            self.wrong(place, f"{shown} has two placeholders", "one in each segment", "divide segments with dots")
        else:
            help = "letters, digits, `_`, `-`, and at most one `{placeholder}` in a segment"
            self.wrong(place, f"{shown} is not a segment of a name", "", help)
