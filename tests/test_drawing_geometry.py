"""Where things stand in a laid-out picture: text in the middle of its box, bars at the left edge of their text, towers
at one height, short arrows between what follows each other."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as xml
from collections.abc import Iterator

import pytest
from geometry import SVG, Area, Picture, read, shape_area, width
from pictures import drawn

from dslnet.targets.drawing.escape import ident

pytestmark = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
#: The figures of the design, and what else has few towers.
FIGURES = [("resnet", "ResNet18"), ("resnet", "ResNet152"), ("transformer", "Transformer"), ("film_vqa", "FiLMVQA")]
FIGURES += [("distill", "Distilled"), ("lstm", "Tagger"), ("googlenet", "GoogLeNet"), ("vgg", "VGG16")]
#: How far below a line of text its letters are moved, and where the middle of a capital is, in sizes.
DOWN, MIDDLE = 0.1, 0.36


def nodes(file: str, name: str) -> Iterator[tuple[str, xml.Element]]:
    """The boxes of a picture with their classes."""
    for group in xml.fromstring(drawn(file, name).in_mode("light")).iter(f"{SVG}g"):
        kind = group.attrib.get("class", "").split()
        if kind[:1] == ["node"] and len(kind) > 1:
            yield kind[1], group


def shapes(group: xml.Element, *tags: str) -> list[tuple[xml.Element, Area]]:
    return [(e, shape_area(e, 0, 0)) for e in group.iter() if e.tag[len(SVG) :] in tags]


@pytest.mark.parametrize(("file", "name"), FIGURES)
def test_one_line_stands_in_the_middle_of_its_box(file: str, name: str) -> None:
    found = 0
    for kind, group in nodes(file, name):
        texts = list(group.iter(f"{SVG}text"))
        outer = shapes(group, "path", "polygon", "ellipse")
        if len({t.attrib["y"] for t in texts}) != 1 or not outer or kind == "text":
            continue
        text = max(texts, key=lambda t: float(t.attrib.get("font-size", 14)))
        assert all(t.attrib["dy"] == f"{DOWN}em" for t in texts)
        size = float(text.attrib.get("font-size", 14))
        box = outer[0][1]
        assert abs(float(text.attrib["y"]) + (DOWN - MIDDLE) * size - (box.top + box.bottom) / 2) < 1.3, text.text
        found += 1
    assert found > 1


@pytest.mark.parametrize(("file", "name"), FIGURES)
def test_number_of_a_badge_stands_in_its_middle(file: str, name: str) -> None:
    for _, group in nodes(file, name):
        for _, badge in [s for s in shapes(group, "path") if s[0].attrib.get("fill") == "#334155"]:
            for text in group.iter(f"{SVG}text"):
                words, x = "".join(text.itertext()), float(text.attrib["x"])
                if words.startswith("×") and badge.left < x < badge.right:
                    long = width(words, float(text.attrib["font-size"]), True)
                    middle = x + (0 if text.attrib["text-anchor"] == "middle" else long / 2)
                    assert abs(middle - (badge.left + badge.right) / 2) < 1.5, words


def test_bars_and_lines_of_closed_blocks_begin_at_one_edge() -> None:
    found = 0
    for file, name in (("resnet", "ResNet18"), ("depth", "DenseDepth"), ("googlenet", "GoogLeNet"), ("clip", "CLIP")):
        for kind, group in nodes(file, name):
            bars = [area for _, area in shapes(group, "polygon") if abs(area.bottom - area.top - 4) < 0.6]
            if kind != "fold" or not bars:
                continue
            above = [t for t in group.iter(f"{SVG}text") if float(t.attrib["y"]) < bars[0].bottom]
            words = [t for t in above if not "".join(t.itertext()).startswith("×")]  # a badge is no line
            lefts = [float(t.attrib["x"]) for t in words if t.attrib["text-anchor"] == "start"]
            assert max(lefts) - min(lefts) < 0.6, [t.text for t in words]
            assert abs(min(bar.left for bar in bars) - min(lefts)) < 0.6
            found += 1
    assert found > 10


def trunks(file: str, name: str) -> Iterator[tuple[float, float, float, str]]:
    """The arrows of straight lines that have no words, each with its top, its bottom and its length."""
    picture = drawn(file, name)
    for line in read(picture.in_mode("light")).lines:
        part = re.fullmatch(r"p(\d+)\.edge(\d+)", line.name)
        assert part is not None
        links = picture.view.panels[int(part[1])].links
        link = links[int(part[2]) - 1] if int(part[2]) <= len(links) else None
        if link is not None and link.trunk and not line.words and part[1] == "0":
            ys = [y for _, y in line.points]
            yield min(ys), max(ys), max(ys) - min(ys), link.head


def beside(picture: Picture, top: float, bottom: float) -> bool:
    """Whether a tower begins or ends at the height of an arrow, so that the arrow must be longer."""
    edges = [y for c in picture.clusters for y in (c.top, c.bottom)] + [
        y for b in picture.boxes for y in (b.top, b.bottom)
    ]
    return any(top + 3 < y < bottom - 3 for y in edges)


@pytest.mark.parametrize(("file", "name"), FIGURES)
def test_what_follows_is_near(file: str, name: str) -> None:
    """No arrow of a straight line is longer than 40 points without words, but where two towers meet."""
    picture = read(drawn(file, name).in_mode("light"))
    for top, bottom, long, head in trunks(file, name):
        assert long <= 40 or beside(picture, top, bottom), f"{long:.0f} points to {head}"


def test_towers_begin_at_one_height() -> None:
    """What the decoder reads of the encoder does not lift it."""
    for file, name in (("transformer", "Transformer"), ("t5", "T5Small"), ("seq2seq", "Seq2Seq")):
        view = drawn(file, name)
        assert view.view.main.orient == "BT"
        towers = [c for c in view.view.main.root.clusters() if c.title.startswith(("encoder", "decoder"))]
        areas = {a.name.split(".", 2)[2]: a for a in read(view.in_mode("light")).clusters}
        bottoms = [areas[c.id].bottom for c in towers]
        assert len(bottoms) == 2 and abs(bottoms[0] - bottoms[1]) < 2, name


def test_closed_towers_stand_at_one_height() -> None:
    for file, name in (("transformer", "Transformer"), ("t5", "T5Small"), ("seq2seq", "Seq2Seq")):
        drawing = drawn(file, name, level="overview")
        towers = [b for b in drawing.view.main.boxes() if b.title.startswith(("encoder", "decoder"))]
        areas = {a.name.split(".", 1)[1]: a for a in read(drawing.in_mode("light")).boxes}
        middles = [(areas[ident(b.id)].top + areas[ident(b.id)].bottom) / 2 for b in towers]
        assert len(middles) == 2 and abs(middles[0] - middles[1]) < 2, name
