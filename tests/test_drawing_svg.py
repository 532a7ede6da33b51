"""What is made of the layout of Graphviz: SVG that a reader can read, and Mermaid."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as xml

import pytest
from geometry import SVG, faults, read
from pictures import MODELS, SPECS, drawn, models

from dslnet.targets.drawing import LayoutFailed
from dslnet.targets.drawing.escape import ident

pytestmark = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
#: The page of an overview, and the boxes on it.
PAGE, BOXES = 1000, 25
FILES = sorted(path.stem for path in SPECS.glob("*.net"))


def gallery() -> set[str]:
    """The models whose pictures are shown, and hold to more."""
    page = (SPECS.parent / "docs" / "gallery" / "README.md").read_text(encoding="utf-8")
    return set(re.findall(r"^## (\w+)$", page, re.MULTILINE))


def test_the_gallery_is_as_drawn() -> None:
    """Of each picture that is shown the boxes are those that are drawn now; where they stand, Graphviz says."""
    shown = gallery()
    assert len(shown) > 12
    for file, name in MODELS:
        if name in shown:
            text = (SPECS.parent / "docs" / "gallery" / f"{name}.svg").read_text(encoding="utf-8")
            words = set(re.findall(r"<text [^>]*>([^<]*)<", text))
            assert words == set(re.findall(r"<text [^>]*>([^<]*)<", drawn(file, name).svg)), f"{name}: draw it anew"


def size(svg: str) -> tuple[float, float]:
    width, height = svg.split('viewBox="0 0 ', 1)[1].split('"', 1)[0].split()
    return float(width), float(height)


@pytest.mark.parametrize(("file", "name"), MODELS, ids=[f"{file}-{name}" for file, name in MODELS])
def test_every_picture_is_sound(file: str, name: str) -> None:
    picture = drawn(file, name)
    text = picture.svg
    tree = xml.fromstring(text)
    assert len(tree.findall(f".//{SVG}title")) == len(tree.findall(f".//{SVG}desc")) == 1
    assert "<script" not in text and "javascript:" not in text and "href" not in text.replace("xlink:title", "")
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    for number, panel in enumerate(picture.view.panels):
        assert all(f"p{number}.{ident(box.id)}" in ids for box in panel.boxes())
    assert "@media(prefers-color-scheme:dark)" in text and "@media" not in picture.in_mode("light")
    assert picture.view.main.boxes()[0].title in (tree.findall(f".//{SVG}desc")[0].text or "")


@pytest.mark.parametrize("file", FILES)
def test_nothing_lies_on_anything(file: str) -> None:
    """No arrow crosses a title, a box or a cluster, no words lie on others or stick out: in no shipped model."""
    for name in models(SPECS / f"{file}.net"):
        for level in ("overview", "block"):
            assert faults(read(drawn(file, name, level=level).in_mode("light"))) == [], f"{name} at {level}"


@pytest.mark.parametrize("file", FILES)
def test_every_overview_is_one_page(file: str) -> None:
    for name in models(SPECS / f"{file}.net"):
        picture = drawn(file, name, level="overview")
        width, height = size(picture.in_mode("light"))
        assert width <= PAGE and height <= PAGE and picture.view.count() <= BOXES, name


def test_depth_adds_no_height() -> None:
    def heights(file: str, *names: str) -> list[float]:
        return [size(drawn(file, name, caption=False).in_mode("light"))[1] for name in names]

    low, high = heights("resnet", "ResNet18", "ResNet152")
    assert abs(high / low - 1) < 0.1
    assert len(set(heights("gpt2", "GPT2", "GPT2Medium", "GPT2XL"))) == 1


def test_several_files_share_one_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    from dslnet.targets.drawing import drawing

    laid: list[int] = []
    real = drawing.layout
    monkeypatch.setattr(drawing, "layout", lambda texts, timeout: laid.append(len(texts)) or real(texts, timeout))
    picture = drawn("mlp", "MLP")
    text, light = picture.data(".svg").decode(), picture.in_mode("light")
    picture.data(".png"), picture.data(".pdf")
    assert len(laid) == 1 and "@media" in text and "@media" not in light and xml.fromstring(light) is not None


def test_mermaid_has_every_box() -> None:
    picture = drawn("resnet", "ResNet18")
    text = picture.data(".mmd").decode()
    assert text.startswith("flowchart TB\n  accTitle: ResNet18\n")
    assert all(f"n{number}" in text for number in range(picture.view.count()))


def test_mermaid_goes_with_the_flow() -> None:
    """A way back is a line without an arrow: an arrow would turn the picture round."""
    text = drawn("gpt2", "GPT2").data(".mmd").decode()
    assert '-.-|"next token: back to tokens"|' in text and "-.->|" not in text
    names = dict(re.findall(r'(n\d+)\(\["(\w+)', text))
    back = re.search(r"(n\d+) -\.-\|[^|]*\| (n\d+)", text)
    assert back is not None and [names[n] for n in back.groups()] == ["tokens", "logits"]


def test_a_slow_layout_is_a_message() -> None:
    with pytest.raises(LayoutFailed, match="--timeout"):
        drawn("gpt2", "GPT2", level="full", timeout=0.001).data(".svg")
