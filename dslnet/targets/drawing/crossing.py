"""Titles that an arrow crosses, and words on the border of a cluster.

Enters: the SVG of a panel as `dot` lays it out. Leaves: where a reader would stumble, so that a title can stand at the
other end of its line, and words inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_GROUP = re.compile(r'<g id="([^"]*)" class="(cluster|edge)\b[^"]*">\n(.*?)(?=\n<g id="[^"]*" class="|\Z)', re.DOTALL)
_TEXT = re.compile(r"<text ([^>]*)>([^<]*)</text>")
Point = tuple[float, float]
Area = tuple[float, float, float, float]


def crossed(svg: str) -> tuple[set[str], set[int]]:
    """The ids of clusters whose title an arrow crosses, and the numbers of the arrows whose words lie on the border of
    a cluster."""
    titles: list[tuple[str, Area]] = []
    borders: list[Area] = []
    lines: list[list[Point]] = []
    words: list[tuple[int, Area]] = []
    for name, kind, inside in _GROUP.findall(svg):
        places = list(_words(inside))
        if kind == "edge":
            lines += [list(_along(path)) for path in re.findall(r'<path [^>]*\bd="([^"]*)"', inside)]
            words += [(int(re.sub(r"\D", "", name) or 1) - 1, place) for place in places]
        elif places:
            titles += [(name, place) for place in places]
            borders += [_around(path) for path in re.findall(r'<path [^>]*\bd="([^"]*)"', inside)[:1]]
    return (
        {
            name
            for name, (left, top, right, bottom) in titles
            if any(left < x < right and top < y < bottom for line in lines for x, y in line)
        },
        {number for number, place in words if any(_cuts(border, place) for border in borders)},
    )


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
