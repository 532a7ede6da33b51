"""Titles, clusters and arrows that an arrow crosses, and words on the border of a cluster.

Enters: the SVG of a panel as `dot` lays it out. Leaves: where a reader would stumble, so that another layout can be
tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import hypot

_GROUP = re.compile(r'<g id="([^"]*)" class="(cluster|edge)\b[^"]*">\n(.*?)(?=\n<g id="[^"]*" class="|\Z)', re.DOTALL)
_TEXT = re.compile(r"<text ([^>]*)>([^<]*)</text>")
Point = tuple[float, float]
Area = tuple[float, float, float, float]


@dataclass(slots=True)
class Faults:
    """Where a reader would stumble: the ids of clusters whose title an arrow crosses, the numbers of the arrows whose
    words lie on the border of a cluster, how many arrows go through a cluster in which they have no end, how often two
    arrows cross, and how long all of them are."""

    titles: set[str] = field(default_factory=set)
    words: set[int] = field(default_factory=set)
    through: int = 0
    crossings: int = 0
    length: float = 0.0

    def cost(self) -> float:
        """What is avoided, in crossings: a way around is no better than what it goes around."""
        return 4 * (len(self.titles) + len(self.words) + self.through) + self.crossings + self.length / DETOUR

    def any(self) -> bool:
        """Whether another layout is worth a trial; a single crossing of two arrows is not."""
        return bool(self.titles) or self.tangled()

    def tangled(self) -> bool:
        return self.through > 0 or self.crossings > 1 or bool(self.words)


#: In a picture of more arrows no two are compared; and how many points of arrows weigh as much as a crossing.
ARROWS, DETOUR = 120, 150


def faults(svg: str) -> Faults:
    """What is wrong in the picture of a panel."""
    titles: list[tuple[str, Area]] = []
    borders: list[Area] = []
    lines: list[list[Point]] = []
    words: list[tuple[int, Area]] = []
    for name, kind, inside in _GROUP.findall(svg):
        places = list(_words(inside))
        if kind == "edge":
            paths = re.findall(r'<path [^>]*\bd="([^"]*)"', inside)
            lines += [line for line in map(list, map(_along, paths)) if line]
            words += [(int(re.sub(r"\D", "", name) or 1) - 1, place) for place in places]
        elif places:
            titles += [(name, place) for place in places]
            borders += [_around(path) for path in re.findall(r'<path [^>]*\bd="([^"]*)"', inside)[:1]]
    few = lines if len(lines) <= ARROWS else []
    spread = [(_extent(line), line) for line in lines]
    return Faults(
        {
            name
            for name, place in titles
            if any(_inside(place, p, 0) for extent, line in spread if _meet(extent, place) for p in line)
        },
        {number for number, place in words if any(_cuts(border, place) for border in borders)},
        sum(any(_inside(border, p) for p in line) for line in few for border in borders if not _ends(border, line)),
        sum(_crossings(a, b) for number, a in enumerate(few) for b in few[number + 1 :]),
        sum(hypot(p[0] - q[0], p[1] - q[1]) for line in few for p, q in pairwise(line)),
    )


def _extent(line: list[Point]) -> Area:
    xs, ys = zip(*line, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _meet(a: Area, b: Area) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def _inside(border: Area, point: Point, slack: float = 1.0) -> bool:
    return border[0] + slack < point[0] < border[2] - slack and border[1] + slack < point[1] < border[3] - slack


def _ends(border: Area, line: list[Point]) -> bool:
    """Whether a line begins or ends in a cluster, or at its border."""
    return _inside(border, line[0], -3.0) or _inside(border, line[-1], -3.0)


def _crossings(a: list[Point], b: list[Point]) -> int:
    """How often two lines cross, but for where they come from one box or go to one."""
    if not _meet(_extent(a), _extent(b)):
        return 0
    return sum(_cross(*s, *t) for s in pairwise(a[1:-1:3]) for t in pairwise(b[1:-1:3]))


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    def side(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def _around(path: str) -> Area:
    numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", path)]
    xs, ys = numbers[::2], numbers[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def _cuts(border: Area, words: Area) -> bool:
    """Whether words are neither inside nor outside."""
    left, top, right, bottom = words
    if right < border[0] or left > border[2] or bottom < border[1] or top > border[3]:
        return False
    return not (border[0] < left and right < border[2] and border[1] < top and bottom < border[3])


def _words(inside: str) -> Iterator[Area]:
    """About where the words of a title are."""
    for attributes, text in _TEXT.findall(inside):
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', attributes))
        size = float(found.get("font-size", 14))
        wide = 0.56 * size * len(re.sub(r"&[#\w]+;", "x", text))
        x, y = float(found["x"]), float(found["y"])
        left = x - wide / 2 if found.get("text-anchor") == "middle" else x
        yield left - 2, y - 0.7 * size, left + wide + 2, y + 0.2 * size


def _along(path: str) -> Iterator[Point]:
    """Points of a spline: `M` a point, `C` three for each curve."""
    numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", path)]
    points = list(zip(numbers[::2], numbers[1::2], strict=False))
    for start in range(0, len(points) - 3, 3):
        a, b, c, d = points[start : start + 4]
        for step in range(17):
            t = step / 16
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            xs, ys = zip(a, b, c, d, strict=True)
            yield (
                sum(w * x for w, x in zip(weights, xs, strict=True)),
                sum(w * y for w, y in zip(weights, ys, strict=True)),
            )
