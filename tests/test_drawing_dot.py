"""The DOT of each shipped spec, byte for byte, and what Graphviz makes of it.

A changed golden must be looked at as a picture: `UPDATE_GOLDEN=1 pytest tests/test_drawing_dot.py` rewrites them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from functools import cache
from pathlib import Path

import pytest

from dslnet.build import build_model, read_program
from dslnet.diagnostics import Report
from dslnet.graph import Model
from dslnet.limits import DEFAULT
from dslnet.source import Source
from dslnet.targets.drawing import Drawing, LayoutFailed, Options, draw
from dslnet.targets.drawing.escape import ident
from dslnet.targets.drawing.layout import layout

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden" / "dot"
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")

SMALL = ("autoencoder", "film_vqa", "mlp", "siamese")
MODELS = [("resnet", "ResNet18"), ("resnet", "ResNet152"), ("unet", "UNet"), ("unet", "PaperUNet"), ("lstm", "Tagger")]
MODELS += [("transformer", "Transformer"), ("film_vqa", "FiLMVQA"), ("siamese", "Siamese"), ("gpt2", "GPT2")]
MODELS += [("mlp", ""), ("autoencoder", ""), ("vgg", ""), ("vit", ""), ("lstm", "Sentiment")]
CASES = [(file, name, level) for file, name in MODELS for level in ("overview", "block")]
CASES += [(file, name, "full") for file, name in MODELS if file in SMALL]


@cache
def built(file: str, name: str) -> tuple[Model, dict[str, Source]]:
    report = Report()
    program = read_program(str(ROOT / "specs" / f"{file}.net"), report, DEFAULT, None)
    assert program is not None
    model = build_model(program, name or program.models[0], {}, report)
    assert model is not None
    return model, report.sources


def drawn(file: str, name: str, level: str = "block", mode: str = "auto") -> Drawing:
    model, sources = built(file, name)
    return draw(model, Options(level=level, sources=sources), mode)


@pytest.mark.parametrize(("file", "name", "level"), CASES)
def test_golden(file: str, name: str, level: str) -> None:
    picture = drawn(file, name, level)
    path = GOLDEN / f"{picture.view.caption.name}.{level}.dot"
    text = picture.dot
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert path.read_text(encoding="utf-8") == text, f"{path.name} changed; look at the picture, then update"
    assert not re.search(r"IMG|image=|shapefile|fontpath|HREF|/root|/home", text)


def test_two_hash_seeds_give_one_text() -> None:
    code = (
        "import sys; sys.argv = ['dslnet', 'draw', 'specs/transformer.net:Transformer', '-o', '-'];"
        "from dslnet.cli import main; main()"
    )
    texts = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)
        texts.add(done.stdout)
    assert len(texts) == 1 and texts.pop().startswith(b"digraph")


@needs_dot
def test_dot_accepts_every_golden() -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(GOLDEN.glob("*.dot"))]
    assert len(layout(texts, 60)) == len(texts)  # raises when dot says anything


# ---------------------------------------------------------------------------------------------------- SVG

SVG = "{http://www.w3.org/2000/svg}"


@needs_dot
@pytest.mark.parametrize("case", [("resnet", "ResNet18"), ("transformer", "Transformer"), ("film_vqa", "FiLMVQA")])
def test_svg(case: tuple[str, str]) -> None:
    picture = drawn(*case)
    text = picture.svg
    tree = xml.fromstring(text)
    assert len(tree.findall(f".//{SVG}title")) == len(tree.findall(f".//{SVG}desc")) == 1
    assert "<script" not in text and "javascript:" not in text and "href" not in text.replace("xlink:title", "")
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    for box in picture.view.main.boxes():
        assert f"p0.{ident(box.id)}" in ids
    assert "@media(prefers-color-scheme:dark)" in text and "@media" not in picture.in_mode("light")
    assert picture.view.main.boxes()[0].title in tree.findall(f".//{SVG}desc")[0].text  # type: ignore[operator]


@needs_dot
def test_text_lies_inside_the_picture() -> None:
    for case in (("resnet", "ResNet152"), ("unet", "PaperUNet"), ("gpt2", "GPT2")):
        tree = xml.fromstring(drawn(*case).in_mode("light"))
        width = float(tree.attrib["viewBox"].split()[2])
        assert all(0 <= float(t.attrib["x"]) <= width for t in tree.iter(f"{SVG}text"))


@needs_dot
def test_depth_adds_no_height() -> None:
    def height(name: str) -> float:
        model, sources = built("resnet", name)
        text = draw(model, Options(sources=sources)).in_mode("light")
        return float(text.split('height="', 1)[1].split("pt", 1)[0])

    assert abs(height("ResNet152") / height("ResNet18") - 1) < 0.1


@needs_dot
def test_overview_is_one_page() -> None:
    for file, name in MODELS:
        box = drawn(file, name, "overview").in_mode("light").split('viewBox="0 0 ', 1)[1].split('"', 1)[0]
        width, height = map(float, box.split())
        assert width <= 1000 and height <= 1000, f"{name or file}: {width} x {height}"


@needs_dot
def test_html_is_one_file_without_script() -> None:
    text = drawn("transformer", "Transformer").data(".html").decode()
    assert "<script" not in text and "http" not in re.sub(r"http://www\.w3\.org/[^\"]*|http-equiv", "", text)
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    for target in re.findall(r'href="#([^"]+)"', text):
        assert target in ids


def test_mermaid_has_every_box() -> None:
    picture = drawn("resnet", "ResNet18")
    text = picture.data(".mmd").decode()
    assert text.startswith("flowchart TB\n")
    assert all(f"n{number}" in text for number in range(picture.view.count()))


@needs_dot
def test_a_slow_layout_is_a_message() -> None:
    model, sources = built("gpt2", "GPT2")
    with pytest.raises(LayoutFailed, match="--timeout"):
        draw(model, Options(level="full", sources=sources), timeout=0.001).data(".svg")


def test_a_thousand_boxes_take_less_than_a_second() -> None:
    report = Report()
    program = read_program(str(ROOT / "specs" / "resnet.net"), report, DEFAULT, None)
    assert program is not None
    model = build_model(program, "ResNet152", {}, report)
    assert model is not None
    begin = time.process_time()
    picture = draw(model, Options(level="full", sources=report.sources))
    assert picture.dot and picture.view.count() > 500
    assert time.process_time() - begin < 20  # a second, on a machine that does nothing else
