"""A laid-out picture as rectangles and lines, for the tests of drawings.

Enters: an SVG of ours. Leaves: boxes, clusters, words and lines with their places in points, and what lies on what.
The width of a text is taken from the widths of Helvetica, which all the fonts that a picture names share.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as xml
from collections.abc import Iterator
from dataclasses import dataclass, field

SVG = "{http://www.w3.org/2000/svg}"
# Adobe's metrics of Helvetica and Helvetica-Bold, in thousandths of the size, for the characters 32 to 126
_PLAIN = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 "
    "584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 "
    "278 556 500 722 500 500 500 334 260 334 584"
)
_BOLD = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 333 "
    "584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 333 278 333 584 556 333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 "
    "333 611 556 778 556 556 500 389 280 389 584"
)
NARROW = "·²³⌈⌉⌊⌋′"
PLAIN, BOLD = [int(n) for n in _PLAIN.split()], [int(n) for n in _BOLD.split()]


def width(text: str, size: float, bold: bool) -> float:
    """How wide a text is, in points."""
    table = BOLD if bold else PLAIN
    return sum(table[ord(c) - 32] if 32 <= ord(c) < 127 else 333 if c in NARROW else 584 for c in text) * size / 1000


@dataclass
class Area:
    """A rectangle, its name, and what it is."""

    left: float
    top: float
    right: float
    bottom: float
    name: str = ""

    def overlaps(self, other: Area, slack: float = 0.0) -> bool:
        return (
            self.left + slack < other.right
            and other.left + slack < self.right
            and self.top + slack < other.bottom
            and other.top + slack < self.bottom
        )

    def holds(self, other: Area, slack: float = 0.0) -> bool:
        return (
            self.left - slack <= other.left
            and other.right <= self.right + slack
            and self.top - slack <= other.top
            and other.bottom <= self.bottom + slack
        )

    def has(self, x: float, y: float, slack: float = 0.0) -> bool:
        return self.left + slack < x < self.right - slack and self.top + slack < y < self.bottom - slack


@dataclass
class Line:
    """An arrow: points along it, and the ids of what it joins."""

    points: list[tuple[float, float]]
    name: str
    words: list[Area] = field(default_factory=list)


@dataclass
class Picture:
    """What lies where."""

    width: float
    height: float
    boxes: list[Area] = field(default_factory=list)
    clusters: list[Area] = field(default_factory=list)
    titles: list[Area] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    words: dict[str, list[Area]] = field(default_factory=dict)


def read(svg: str) -> Picture:
    """A picture's rectangles and lines."""
    root = xml.fromstring(svg)
    size = root.attrib["viewBox"].split()
    made = Picture(float(size[2]), float(size[3]))
    for part in root.findall(f"{SVG}g"):
        x, y = _moved(part)
        for graph in part.findall(f"{SVG}g"):
            dx, dy = _moved(graph)
            for group in graph.findall(f"{SVG}g"):
                _group(made, group, x + dx, y + dy)
    return made


def _moved(element: xml.Element) -> tuple[float, float]:
    found = re.search(r"translate\(([-\d.]+)[ ,]([-\d.]+)\)", element.attrib.get("transform", ""))
    return (float(found[1]), float(found[2])) if found else (0.0, 0.0)


def _group(made: Picture, group: xml.Element, x: float, y: float) -> None:
    kind, name = group.attrib.get("class", "").partition(" ")[0], group.attrib.get("id", "")
    words = [_word(t, x, y) for t in group.iter(f"{SVG}text")]
    if kind == "edge":
        path = next(group.iter(f"{SVG}path"))
        made.lines.append(Line([(a + x, b + y) for a, b in _along(path.attrib["d"])], name, words))
        return
    shape = next((e for e in group.iter() if e.tag[len(SVG) :] in ("path", "polygon", "ellipse")), None)
    area = shape_area(shape, x, y) if shape is not None else None
    if kind == "cluster":
        if words and area is not None:
            area.name = name
            made.clusters.append(area)
            made.titles += words
    elif kind == "node":
        caption = re.fullmatch(r".*\.node\d+", name)
        plain = _around(words) if caption or area is None else area
        plain.name = name
        made.boxes.append(plain)
        made.words[name] = words


def _around(words: list[Area]) -> Area:
    return Area(
        min(w.left for w in words), min(w.top for w in words), max(w.right for w in words), max(w.bottom for w in words)
    )


def _word(text: xml.Element, x: float, y: float) -> Area:
    size = float(text.attrib.get("font-size", 14))
    long = width("".join(text.itertext()), size, text.attrib.get("font-weight") == "bold")
    middle = {"middle": 0.5, "end": 1.0}.get(text.attrib.get("text-anchor", "start"), 0.0)
    left, base = float(text.attrib["x"]) + x - middle * long, float(text.attrib["y"]) + y
    return Area(left, base - 0.62 * size, left + long, base + 0.12 * size, "".join(text.itertext()))


def shape_area(shape: xml.Element, x: float, y: float) -> Area:
    """The rectangle around a shape that is moved by x and y."""
    if shape.tag == f"{SVG}ellipse":
        a = {n: float(shape.attrib[n]) for n in ("cx", "cy", "rx", "ry")}
        return Area(a["cx"] - a["rx"] + x, a["cy"] - a["ry"] + y, a["cx"] + a["rx"] + x, a["cy"] + a["ry"] + y)
    numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", shape.attrib.get("d") or shape.attrib["points"])]
    xs, ys = numbers[::2], numbers[1::2]
    return Area(min(xs) + x, min(ys) + y, max(xs) + x, max(ys) + y)


def _along(path: str) -> Iterator[tuple[float, float]]:
    """Points of a spline of Graphviz: `M` a point, `C` three points for each curve."""
    numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", path)]
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    for start in range(0, len(points) - 3, 3):
        a, b, c, d = points[start : start + 4]
        for step in range(13):
            t = step / 12
            s = 1 - t
            yield (
                s**3 * a[0] + 3 * s * s * t * b[0] + 3 * s * t * t * c[0] + t**3 * d[0],
                s**3 * a[1] + 3 * s * s * t * b[1] + 3 * s * t * t * c[1] + t**3 * d[1],
            )


def faults(picture: Picture) -> list[str]:
    """What a reader would stumble over."""
    found = []
    page = Area(0, 0, picture.width, picture.height)
    for box in picture.boxes:
        for word in picture.words[box.name]:
            if not box.holds(word, 2.0):
                found.append(f"`{word.name}` sticks out of {box.name}")
        if not page.holds(box, 1.0):
            found.append(f"{box.name} is not on the page")
    for number, box in enumerate(picture.boxes):
        found += [f"{box.name} lies on {o.name}" for o in picture.boxes[number + 1 :] if box.overlaps(o, 1.0)]
    for cluster in picture.clusters:
        for title in picture.titles:
            if cluster.overlaps(title) and not cluster.holds(title, 1.0):
                found.append(f"the title `{title.name}` is cut by {cluster.name}")
    for line in picture.lines:
        for word in line.words:
            found += [f"`{word.name}` lies on {b.name}" for b in picture.boxes if b.overlaps(word, 1.5)]
            found += [f"`{word.name}` lies on the title `{t.name}`" for t in picture.titles if t.overlaps(word, 1.0)]
            for cluster in picture.clusters:
                if cluster.overlaps(word, 1.5) and not cluster.holds(word, 1.5):
                    found.append(f"`{word.name}` lies on the border of {cluster.name}")
        for cluster in picture.clusters:
            ends = [cluster.has(x, y, -3.0) for x, y in (line.points[0], line.points[-1])]
            if not any(ends) and any(cluster.has(x, y, 1.0) for x, y in line.points):
                found.append(f"{line.name} crosses {cluster.name}")
        for title in picture.titles:
            if any(title.has(x, y) for x, y in line.points):
                found.append(f"{line.name} crosses the title `{title.name}`")
        for box in picture.boxes:
            if sum(box.has(x, y, 2.0) for x, y in line.points[1:-1]) > 1 and not _joins(line, box):
                found.append(f"{line.name} crosses {box.name}")
    words = [w for line in picture.lines for w in line.words]
    for number, word in enumerate(words):
        found += [f"`{word.name}` lies on `{o.name}`" for o in words[number + 1 :] if word.overlaps(o, 1.0)]
    return list(dict.fromkeys(found))


def _joins(line: Line, box: Area) -> bool:
    return any(box.has(x, y, -4.0) for x, y in (line.points[0], line.points[-1]))
