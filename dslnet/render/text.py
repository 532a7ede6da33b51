"""Diagnostics for people.

Enters: a `Report`. Leaves: for each diagnostic its title, its place, the lines concerned with their marks, notes
and helps. Lines of the user always stand behind a gutter, so that nothing in them can pass for ours.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..diagnostics import Diagnostic, Label, Report
from ..node import node
from ..source import Source
from .characters import cells, columns, visible

SHOWN = 20
CUT = 120
MARGIN = 20

_COLORS = {"error": "31", "warning": "33", "note": "36", "help": "32", "gutter": "34", "other": "34"}


@node
class Paint:
    """Colours, or nothing."""

    on: bool

    def __call__(self, kind: str, text: str, bold: bool = True) -> str:
        if not self.on or not text:
            return text
        return f"\x1b[{'1;' if bold else ''}{_COLORS[kind]}m{text}\x1b[0m"

    def strong(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.on else text


@node
class Mark:
    """A part of one line that is underlined. `start` and `end` are offsets in the line."""

    start: int
    end: int
    text: str
    primary: bool


def render_text(report: Report, color: bool, width: int) -> str:
    """All diagnostics, at most 20 in full, with the count below."""
    if not report.diagnostics:
        return ""
    ordered = report.sorted()
    chosen = _chosen(ordered)
    paint = Paint(color)
    blocks = [render_diagnostic(d, report.sources, paint, width) for d in chosen]
    return "\n".join(blocks) + "\n" + _closing(ordered, chosen)


def _chosen(ordered: list[Diagnostic]) -> list[Diagnostic]:
    """The first 20, errors before the rest where there are more."""
    if len(ordered) <= SHOWN:
        return ordered
    by_weight = sorted(range(len(ordered)), key=lambda i: (ordered[i].severity != "error", i))
    return [ordered[i] for i in sorted(by_weight[:SHOWN])]


def _closing(ordered: list[Diagnostic], chosen: list[Diagnostic]) -> str:
    lines = []
    left = [
        f"{count} more {_plural(count, word)}"
        for word in ("error", "warning", "note")
        if (count := _count(ordered, word) - _count(chosen, word))
    ]
    if left:
        lines.append("and " + ", ".join(left))
    counts = [
        f"{count} {_plural(count, word)}" for word in ("error", "warning", "note") if (count := _count(ordered, word))
    ]
    code = next((d.code for d in chosen if d.severity == "error"), chosen[0].code)
    lines.append(f"{', '.join(counts)}; dslnet explain {code} for more")
    return "\n".join(lines) + "\n"


def _count(diagnostics: Iterable[Diagnostic], severity: str) -> int:
    return sum(d.severity == severity for d in diagnostics)


def _plural(count: int, word: str) -> str:
    return word if count == 1 else word + "s"


PLAIN = Paint(False)


def render_diagnostic(diagnostic: Diagnostic, sources: dict[str, Source], paint: Paint = PLAIN, width: int = 80) -> str:
    """One diagnostic, with a line feed at its end."""
    excerpts = _excerpts(diagnostic, sources)
    last = max((line for _, marks in excerpts for line in marks), default=0)
    indent = " " * (len(str(last)) if last else 1)
    severity = paint(diagnostic.severity, f"{diagnostic.severity}[{diagnostic.code}]")
    out = [f"{severity}{paint.strong(': ' + visible(diagnostic.title))}"]
    if diagnostic.primary.span.file:
        out.append(f"{indent} {paint('gutter', '-->')} {_place(diagnostic.primary, sources)}")
    for number, (source, marks) in enumerate(excerpts):
        if number or source.name != diagnostic.primary.span.file:
            first = next(label for label in diagnostic.secondary if label.span.file == source.name)
            out.append(f"{indent} {paint('gutter', ':::')} {_place(first, sources)}")
        out.extend(_excerpt(source, marks, len(indent), diagnostic.severity, paint))
    for note in diagnostic.notes:
        out.extend(_remark("note", note, indent, paint, width))
    for help in diagnostic.helps:
        out.extend(_remark("help", help.text, indent, paint, width))
    return "\n".join(line.rstrip() for line in out) + "\n"


def place(label: Label, sources: dict[str, Source]) -> str:
    """`file:line:column`, or the file alone where its text is not known."""
    source = sources.get(label.span.file)
    if source is None:
        return label.span.file
    line, column = source.position(min(label.span.start, len(source.text)))
    return f"{source.name}:{line}:{column}"


def _place(label: Label, sources: dict[str, Source]) -> str:
    return visible(place(label, sources))


def _remark(kind: str, text: str, indent: str, paint: Paint, width: int) -> list[str]:
    """A note or help; the lines of one that has several stand as they are."""
    head = f"{indent} = {kind}: "
    lines = text.split("\n")
    room = max(width, 100) - len(head)
    if len(lines) == 1 and len(text) > room:
        import textwrap

        lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    first, *rest = map(visible, lines)
    return [f"{indent} {paint('gutter', '=')} {paint.strong(kind + ':')} {first}"] + [
        " " * len(head) + line for line in rest
    ]


# ----------------------------------------------------------------------------------------------- excerpts


def _excerpts(diagnostic: Diagnostic, sources: dict[str, Source]) -> list[tuple[Source, dict[int, list[Mark]]]]:
    """For each file concerned, the primary one first, its marks by line."""
    found: dict[str, dict[int, list[Mark]]] = {}
    for label in (diagnostic.primary, *diagnostic.secondary):
        source = sources.get(label.span.file)
        if source is not None:
            marks = found.setdefault(source.name, {})
            for line, mark in _marks(label, source, label is diagnostic.primary):
                marks.setdefault(line, []).append(mark)
    return [(sources[name], dict(sorted(marks.items()))) for name, marks in found.items()]


def _marks(label: Label, source: Source, primary: bool) -> list[tuple[int, Mark]]:
    """A label as marks: one on a line; of a span over several lines, one on the first and one on the last."""
    start = min(label.span.start, len(source.text))
    end = min(max(label.span.end, start), len(source.text))
    if end > start and source.text[end - 1] == "\n":
        end -= 1
    first, column = source.position(start)
    last, stop = source.position(end)
    if first == last:
        return [(first, Mark(column - 1, max(stop - 1, column), label.text, primary))]
    text = source.line(first).rstrip()
    tail = source.line(last)
    indent = len(tail) - len(tail.lstrip())
    return [
        (first, Mark(column - 1, max(len(text), column), "", primary)),
        (last, Mark(min(indent, stop - 1), max(stop - 1, 1), label.text, primary)),
    ]


def _excerpt(source: Source, marks: dict[int, list[Mark]], width: int, severity: str, paint: Paint) -> list[str]:
    out: list[str] = []
    previous = None
    bar = paint("gutter", "|")
    for number, found in marks.items():
        if previous is not None and number > previous + 1:
            out.append("...")
        previous = number
        text, placed = _window(source.line(number), found)
        out.append(f"{paint('gutter', f'{number:>{width}}')} {bar} {text}")
        out.extend(f"{' ' * width} {bar} {line}" for line in _underlines(placed, severity, paint))
    return out


def _window(line: str, marks: list[Mark]) -> tuple[str, list[Mark]]:
    """The part of a line that is shown, 120 columns at most, and the marks in its columns."""
    pieces, starts = cells(line)
    total = starts[-1]

    def column(offset: int) -> int:
        return starts[offset] if offset < len(starts) else total + offset - len(pieces)

    spans = [(column(m.start), max(column(m.end), column(m.start) + 1)) for m in marks]
    if total <= CUT:
        return "".join(pieces), [Mark(a, b, m.text, m.primary) for m, (a, b) in zip(marks, spans, strict=True)]
    focus = next((a for m, (a, _) in zip(marks, spans, strict=True) if m.primary), min(a for a, _ in spans))
    low = 0 if focus < CUT - MARGIN else min(focus - MARGIN, total - CUT + 6)
    high = low + CUT - (3 if low == 0 else 6)
    if high >= total - 3:
        high = total
    kept = [p for p, a, b in zip(pieces, starts, starts[1:], strict=False) if a >= low and b <= high]
    before, after = "..." if low else "", "..." if high < total else ""
    first = next((a for a in starts if a >= low), low)
    text = before + "".join(kept) + after
    edge = columns(text)
    placed = []
    for mark, (a, b) in zip(marks, spans, strict=True):
        left = min(max(a - first + len(before), 0), edge - 1)
        right = min(max(b - first + len(before), left + 1), edge)
        placed.append(Mark(left, right, mark.text, mark.primary))
    return text, placed


def _underlines(marks: list[Mark], severity: str, paint: Paint) -> list[str]:
    """The line of `^^^` and `---`, with the label of the rightmost mark, and the labels below it."""
    signs: dict[int, str] = {}
    for mark in sorted(marks, key=lambda m: m.primary):
        for at in range(mark.start, mark.end):
            signs[at] = "^" if mark.primary else "-"
    rows: list[list[tuple[int, str, bool]]] = [[]]  # (column, text, primary); row 0 is the line of the marks
    labelled = sorted((m for m in marks if m.text), key=lambda m: (m.start, m.end, m.primary), reverse=True)
    end = max(signs) + 1
    for mark in labelled:
        text = visible(mark.text)
        if mark.end == end and not rows[0]:
            rows[0].append((end + 1, text, mark.primary))
            continue
        row = next(
            (r for r in range(1, len(rows)) if all(mark.start + columns(text) + 2 <= at for at, _, _ in rows[r])),
            len(rows),
        )
        if row == len(rows):
            rows.append([])
        for above in rows[1:row]:
            if all(at != mark.start for at, _, _ in above):
                above.append((mark.start, "|", mark.primary))
        rows[row].append((mark.start, text, mark.primary))
    lines = []
    for number, row_texts in enumerate(rows):
        parts: list[tuple[int, str, bool]] = list(row_texts)
        if number == 0:
            parts += [(at, sign, sign == "^") for at, sign in signs.items()]
        lines.append(_row(parts, severity, paint))
    return lines


def _row(parts: list[tuple[int, str, bool]], severity: str, paint: Paint) -> str:
    """Texts at their columns; neighbours of one kind share a colour."""
    out: list[str] = []
    at = 0
    run, run_primary = "", False
    for column, text, primary in sorted(parts):
        if column > at or primary != run_primary:
            out.append(paint(severity if run_primary else "other", run))
            run = ""
        out.append(" " * (column - at))
        run, run_primary = run + text, primary
        at = max(at, column) + columns(text)
    out.append(paint(severity if run_primary else "other", run))
    return "".join(out)
