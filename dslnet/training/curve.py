"""Learning curves as a picture.

Enters: a `History`. Leaves: the text of an SVG: one panel for each loss and metric, with a line for the training rows
and one for the validation. It follows the reader's light or dark theme, says its numbers to a screen reader, and tells
its lines apart by dash and label as well as by colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, floor, isfinite, log10
from xml.sax.saxutils import escape

from ..node import node
from .history import History

Point = tuple[float, float]

#: Measures of a panel, in points.
WIDTH, HEIGHT = 300, 210
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 34, 36
HEAD = 58
#: More points than this are drawn as the least and the greatest of each column.
COLUMNS = 240

#: What each class of the style sheet is in light and in dark. Text has a contrast of 7 or more, lines of 3 or more.
_STYLE = """\
text{font-family:Helvetica,Arial,'Liberation Sans',sans-serif;font-size:11px;fill:#374151}
.title{font-size:16px;font-weight:bold;fill:#111827}.name{font-size:13px;font-weight:bold;fill:#111827}
.page{fill:#ffffff}.grid{stroke:#d3dae4;stroke-width:1}.axis{stroke:#6b7280;stroke-width:1}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.best{stroke-width:1.5;fill:#ffffff}
.train{stroke:#2566c1}.validation{stroke:#b45309}.validation.line{stroke-dasharray:6 4}
.dot.train{fill:#2566c1}.dot.validation{fill:#b45309}
@media(prefers-color-scheme:dark){text{fill:#c7ced9}.title,.name{fill:#e6eaf0}.page,.best{fill:#0f141b}
.grid{stroke:#2b3542}.axis{stroke:#8a94a3}.train{stroke:#8ab4ff}.validation{stroke:#f5a65b}
.dot.train{fill:#8ab4ff}.dot.validation{fill:#f5a65b}}"""

_WORDS = {"train": "training", "validation": "validation"}


def draw_curves(history: History, title: str, higher: Iterable[str] = ()) -> str:
    """The picture of all curves. `higher` names those of which the greatest value is the best."""
    curves = {name: parts for name, parts in history.curves().items() if any(parts.values())}
    columns = min(len(curves), 3) or 1
    rows = -(-len(curves) // columns) or 1
    width, height = columns * WIDTH + 20, rows * HEIGHT + HEAD + 8
    parts = list(dict.fromkeys(part for panel in curves.values() for part in panel))
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="curve-title curve-desc" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        f'<title id="curve-title">{escape(title)}: learning curves</title>',
        f'<desc id="curve-desc">{escape(_told(curves, set(higher)))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{width}" height="{height}"/>',
        f'<text class="title" x="14" y="26">{escape(_cut(title, width // 10))}</text>',
        *_legend(parts),
    ]
    for number, (name, lines) in enumerate(curves.items()):
        x, y = 10 + number % columns * WIDTH, HEAD + number // columns * HEIGHT
        out.append(_panel(name, lines, x, y, name in set(higher)))
    return "\n".join([*out, "</svg>"]) + "\n"


def _told(curves: dict[str, dict[str, list[Point]]], higher: set[str]) -> str:
    """The curves in words."""
    said = []
    for name, lines in curves.items():
        for part, points in lines.items():
            good = [p for p in points if isfinite(p[1])]
            if not good:
                continue
            best = _best(good, name in higher)
            said.append(
                f"{name}, {_WORDS.get(part, part)}: {number(good[0][1])} in epoch {good[0][0]:g}, "
                f"{number(good[-1][1])} in epoch {good[-1][0]:g}, best {number(best[1])} in epoch {best[0]:g}."
            )
    return " ".join(said) or "No epoch has ended yet."


def _best(points: Sequence[Point], higher: bool) -> Point:
    return max(points, key=lambda p: p[1]) if higher else min(points, key=lambda p: p[1])


def _legend(parts: list[str]) -> list[str]:
    out, x = [], 14
    for part in parts:
        word = _WORDS.get(part, part)
        out.append(f'<path class="line {part}" d="M{x} 43h26"/><text x="{x + 32}" y="47">{escape(word)}</text>')
        x += 48 + 7 * len(word)
    if parts:
        out.append(f'<circle class="best {parts[-1]}" cx="{x + 6}" cy="43" r="3.5"/>')
        out.append(f'<text x="{x + 16}" y="47">best</text>')
    return out


# --------------------------------------------------------------------------------------------------- a panel


@node
class Scale:
    """A range of values on a stretch of the page; `log` takes their logarithms."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high = (log10(self.low), log10(self.high)) if self.log else (self.low, self.high)
        at = log10(value) if self.log else value
        return self.start + (at - low) / ((high - low) or 1) * (self.end - self.start)


def _panel(name: str, lines: dict[str, list[Point]], x: int, y: int, higher: bool) -> str:
    drawn = {part: [p for p in points if isfinite(p[1])] for part, points in lines.items()}
    points = [p for line in drawn.values() for p in line]
    shown = escape(_cut(name, 30))
    out = [f'<g transform="translate({x} {y})">', f'<text class="name" x="{LEFT}" y="20">{shown}</text>']
    if not points:
        out.append(f'<text x="{LEFT}" y="{HEIGHT // 2}">no finite value</text></g>')
        return "\n".join(out)
    values, epochs = [p[1] for p in points], [p[0] for p in points]
    log = min(values) > 0 and max(values) / min(values) > 50
    marks = _decades(min(values), max(values)) if log else ticks(min(values), max(values))
    down = Scale(min(marks[0], *values), max(marks[-1], *values), HEIGHT - BOTTOM, TOP, log)
    along = Scale(min(epochs), max(max(epochs), min(epochs) + 1), LEFT, WIDTH - RIGHT)
    for mark in marks:
        at = round(down(mark), 1)
        out.append(f'<path class="grid" d="M{LEFT} {at}H{WIDTH - RIGHT}"/>')
        out.append(f'<text x="{LEFT - 6}" y="{round(at + 4, 1)}" text-anchor="end">{number(mark)}</text>')
    out.append(f'<path class="axis" d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>')
    for mark in _whole(along.low, along.high):
        at = round(along(mark), 1)
        out.append(f'<path class="axis" d="M{at} {HEIGHT - BOTTOM}v4"/>')
        out.append(f'<text x="{at}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{number(mark)}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{HEIGHT - 6}" text-anchor="middle">epoch</text>')
    for part, line in drawn.items():
        out.append(_line(part, [(along(a), down(b)) for a, b in _thinned(line)]))
    watched = drawn.get("validation") or next((line for line in reversed(drawn.values()) if line), [])
    part = "validation" if drawn.get("validation") else next(p for p, line in drawn.items() if line is watched)
    best = _best(watched, higher)
    at, over = along(best[0]), down(best[1])
    out.append(f'<circle class="best {part}" cx="{at:.1f}" cy="{over:.1f}" r="3.5"/>')
    label = f"best {number(best[1])} in epoch {best[0]:g}"
    out.append(f'<text x="{WIDTH - RIGHT}" y="20" text-anchor="end">{label}</text></g>')
    return "\n".join(out)


def _line(part: str, places: list[Point]) -> str:
    if len(places) == 1:
        return f'<circle class="dot {part}" cx="{places[0][0]:.1f}" cy="{places[0][1]:.1f}" r="3"/>'
    return f'<path class="line {part}" d="M' + "L".join(f"{a:.1f} {b:.1f}" for a, b in places) + '"/>' if places else ""


def _thinned(points: list[Point]) -> list[Point]:
    """The least and the greatest point of each column, where there are more points than columns."""
    if len(points) <= 2 * COLUMNS:
        return points
    found = []
    for column in range(COLUMNS):
        part = points[column * len(points) // COLUMNS : (column + 1) * len(points) // COLUMNS]
        ends = {min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])}
        found += sorted(ends)
    return found


# --------------------------------------------------------------------------------------------------- numbers


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers around a range: steps of 1, 2 or 5 times a power of ten, at most `most` + 1 of them."""
    if high <= low:
        low, high = (low - abs(low) / 2, low + abs(low) / 2) if low else (0.0, 1.0)
    power = 10.0 ** floor(log10((high - low) / most))
    step = next((m * power for m in (1, 2, 5, 10, 20) if (high - low) / (m * power) <= most - 1), 50 * power)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [round(n * step, 12 - floor(log10(step))) for n in range(first, last + 1)]


def _decades(low: float, high: float) -> list[float]:
    first, last = floor(log10(low)), ceil(log10(high))
    every = -(-(last - first) // 5)
    return [10.0**power for power in range(first, last + every, every)]


def _whole(low: float, high: float) -> list[float]:
    """Epochs to mark: whole numbers inside the range."""
    return [mark for mark in ticks(low, high) if low <= mark <= high and mark == int(mark)]


def number(value: float) -> str:
    """A number as a person writes it: three figures, no exponent where it is short."""
    if not isfinite(value):
        return str(value)
    if value and not 1e-3 <= abs(value) < 1e6:
        mantissa, _, exponent = f"{value:.2e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"
