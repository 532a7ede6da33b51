"""Names, comments and strings of a spec stay text; colours stay told apart."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dslnet
import dslnet.targets.drawing as drawing
from dslnet.targets.drawing import labels
from dslnet.targets.drawing.compose import compose, part
from dslnet.targets.drawing.dot import print_caption, print_panel
from dslnet.targets.drawing.escape import clean, ident, label, quoted, url
from dslnet.targets.drawing.layout import layout
from dslnet.targets.drawing.mermaid import mermaid
from dslnet.targets.drawing.style import theme
from dslnet.targets.drawing.view import Box, Caption, Cluster, Link, Panel, Row, View

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")

HOSTILE = [
    'a"b', "<script>alert(1)</script>", "&lt;", "&", "\\N", "\\", "]]>", "-->", "\x00", "\u202eabc", "😀", "a" * 10_000,
    "", " ", "\ud800", "</TABLE>", "<IMG SRC='/etc/passwd'/>", "javascript:alert(1)", "%N", "a:b", "{x|y}", "\r\n\t",
    "]", "]]",
]  # fmt: skip


def picture_of(text: str) -> View:
    card = Box("a", "card", text, [text], [Row(text, text, text, "conv"), Row(text, text, "", "norm", True)], "conv")
    card.tip, card.share, card.badge = text, text, "×3"
    fold = Box("b" + ident(text)[:50], "fold", text, [text], badge="×3 lanes", bar=0.4, share=text, frozen=True)
    shapes = ("input", "output", "op", "loss", "latent", "state", "expression", "sum", "param")
    more = [Box(f"c{n}", shape, text, [text]) for n, shape in enumerate(shapes)]
    inner = Cluster("in", text, text, "×3", items=[card])
    root = Cluster("model", items=[inner, fold, *more])
    panel = Panel("main", root, [Link("a", fold.id, label=text, type=text), Link("c0", "a", "side", label=text)])
    return View(panel, [], Caption(text, text, text, ["conv"], [text]), text)


@needs_dot
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    _check(text)


@needs_dot
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(st.characters(), max_size=40))
def test_any_text_stays_text(text: str) -> None:
    _check(text)


def _check(text: str) -> None:
    view = picture_of(text)
    colours = theme("light")
    pictures = layout([print_panel(view.main, colours), print_caption(view, colours, True)], 20)
    parts = [part(svg, f"p{n}.") for n, svg in enumerate(pictures)]
    svg = compose(parts[:1], parts[1:], False, text, view.summary, "auto")
    tree = xml.fromstring(svg)
    names = {element.tag.partition("}")[2] for element in tree.iter()}
    assert names <= {
        "svg",
        "title",
        "desc",
        "style",
        "g",
        "a",
        "path",
        "polygon",
        "polyline",
        "ellipse",
        "text",
        "rect",
    }
    assert not any("href" in name for element in tree.iter() for name in element.attrib)
    assert "\x00" not in mermaid(view)


@needs_dot
def test_links_with_an_ampersand_are_xml(tmp_path: Path) -> None:
    path = tmp_path / "a&'b<c>%N.net"
    path.write_text("model M:\n  input x: [B, 4]\n  - Linear(4)\n", encoding="utf-8")
    link = "https://a.b/?file={file}&line={line}#" + "x" * 500
    for ending in (".svg", ".html"):
        text = dslnet.load(path).draw("M", link=link).data(ending).decode()
        found = re.findall(r'xlink:href="(https[^"]*)"', text)
        assert found and all("&amp;line=3#xxx" in each and each.endswith("xxx") for each in found)
        assert all("file=a%26%27b%3Cc%3E%25N.net&" in each for each in found)
        if ending == ".svg":
            xml.fromstring(text)


def test_escapes() -> None:
    assert label("") == " " and label("<a&\"'>") == "&lt;a&amp;&quot;&#39;&gt;"
    assert quoted('a"\\N') == '"a\'/N"'
    assert ident("a:b c") == "a_3a_b_20_c" and ident("a_b") != ident("a b")
    assert clean("x" * 99) == "x" * 59 + "…"
    assert url("javascript:alert(1)") is None and url("//evil") is None and url("data:x") is None
    assert url("https://a.b/c d#L1") == "https://a.b/c%20d#L1" and url("resnet.net#L3") == "resnet.net#L3"


def test_long_words_are_cut_where_they_are_drawn() -> None:
    text = "a" * 99
    panel = print_panel(picture_of(text).main, theme("light"))
    shown = re.findall(r"<(?:B|FONT|TD)[^<>]*>([^<>]*a{9}[^<>]*)</", panel)
    assert len(shown) > 15 and all(len(each) <= 60 for each in shown)
    assert any(each.endswith("a…") for each in shown) and f'tooltip="{text}"' in panel


def test_a_long_expression_is_broken() -> None:
    assert labels.stacked("a + " * 30 + "b", [], theme("light")).count("<BR/>") >= 2


# ------------------------------------------------------------------------------------------------- colours

STYLE = json.loads((Path(drawing.__file__).parent / "style.json").read_text(encoding="utf-8"))["themes"]
ROLES = ("conv", "linear", "attn", "recur", "embed", "norm", "act", "pool", "cond", "loss")
# G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, A Physiologically-based Model for Simulation of Color Vision
# Deficiency, 2009: severity 1, on linear RGB
SEEN = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
APART = {"normal": 16, "protan": 9.5, "deutan": 9.5, "tritan": 9.5}
CONTRAST = {"light": (7, 4.5, 3), "dark": (6, 4.5, 3)}


def linear(colour: str) -> list[float]:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]


def contrast(a: str, b: str) -> float:
    light = sorted(sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear(c), strict=True)) for c in (a, b))
    return (light[1] + 0.05) / (light[0] + 0.05)


def lab(colour: str, eye: tuple[tuple[float, ...], ...]) -> tuple[float, float, float]:
    rgb = [min(1.0, max(0.0, sum(m * p for m, p in zip(row, linear(colour), strict=True)))) for row in eye]
    matrix = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = [
        sum(m * p for m, p in zip(row, rgb, strict=True)) / n for row, n in zip(matrix, (0.9505, 1, 1.089), strict=True)
    ]
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_roles_are_told_apart_by_every_eye(name: str) -> None:
    colours = STYLE[name]
    for eye, matrix in SEEN.items():
        for a, b in itertools.combinations(ROLES, 2):
            pair = zip(lab(colours[a][0], matrix), lab(colours[b][0], matrix), strict=True)
            assert sum((p - q) ** 2 for p, q in pair) ** 0.5 >= APART[eye], (eye, a, b)


def test_print_explains_no_colours() -> None:
    view = picture_of("x")
    view.caption.roles, view.caption.marks = ["conv", "frozen"], ["dashed red: training only"]
    light, grey = (print_caption(view, theme(name), True) for name in ("light", "print"))
    assert "convolution" in light and "dashed red" in light and theme("dark").coloured
    assert "convolution" not in grey and "dashed line: training only" in grey and "❄ with a dashed border" in grey


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_has_contrast(name: str) -> None:
    colours = STYLE[name]
    text, muted, stroke = CONTRAST[name]
    for role in (*ROLES, "block", "block2", "frozen"):
        assert contrast(colours["text"], colours[role][0]) >= text, role
        assert contrast(colours["muted"], colours[role][0]) >= muted, role
        assert contrast(colours[role][1], colours["bg"]) >= stroke, role
    assert contrast(colours["edge"], colours["bg"]) >= 3 and contrast(colours["skip"], colours["bg"]) >= 3


@pytest.mark.parametrize("name", ["light", "dark"])
def test_every_colour_has_one_purpose(name: str) -> None:
    every = [c.lower() for value in STYLE[name].values() for c in ([value] if isinstance(value, str) else value)]
    assert len(every) == len(set(every))
