"""The DOT of every shipped spec, byte for byte, and what Graphviz makes of it.

`pytest tests/test_drawing_dot.py --update` writes the files of `golden/dot` anew, for new specs too; a change must be
looked at as a picture. Each spec has its first model at two levels, and at the third where it is small.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pictures import MODELS, drawn

from dslnet.targets.drawing.layout import layout

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden" / "dot"
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
#: A picture at `full` with more boxes than this has no golden file.
SMALL = 40


@pytest.mark.parametrize(("file", "name"), MODELS, ids=[f"{file}-{name}" for file, name in MODELS])
def test_golden(file: str, name: str, request: pytest.FixtureRequest) -> None:
    for level in ("overview", "block", "full"):
        picture = drawn(file, name, level=level)
        path = GOLDEN / f"{file}-{name}.{level}.dot"
        if level == "full" and picture.view.count() > SMALL:
            assert not path.exists()
            continue
        text = picture.dot
        if request.config.getoption("--update"):
            path.write_text(text, encoding="utf-8", newline="\n")
        again = "look at the picture, then `pytest tests/test_drawing_dot.py --update`"
        assert path.exists(), f"{path.name} is new: {again}"
        assert path.read_text(encoding="utf-8") == text, f"{path.name} changed: {again}"
        assert not re.search(r"IMG|image=|shapefile|fontpath|HREF|/root|/home", text)


def test_a_thousand_boxes_take_less_than_a_second() -> None:
    """Of the processor, from the graph to DOT; an overview less than 0.3 s."""

    def took(file: str, name: str, **options: Any) -> float:
        begin = time.process_time()
        picture = drawn(file, name, **options)
        assert picture.dot and (options["level"] != "full" or picture.view.count() > 900)
        return time.process_time() - begin

    drawn("gpt2", "GPT2XL").view.count()  # the model is built
    assert min(took("gpt2", "GPT2XL", level="full") for _ in range(3)) < 1
    for file, name in MODELS:
        assert min(took(file, name, level="overview") for _ in range(2)) < 0.3, name


def test_no_golden_of_what_is_gone() -> None:
    known = {f"{file}-{name}" for file, name in MODELS}
    assert {path.name.rpartition(".")[0].rpartition(".")[0] for path in GOLDEN.glob("*.dot")} <= known


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
