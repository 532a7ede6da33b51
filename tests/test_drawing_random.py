"""Drawings of random specs: each view holds together, and Graphviz has nothing to say against it.

`DSLNET_EXAMPLES=100` looks at a hundred times as many.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from random_graphs import spec

import dslnet
from dslnet.targets.drawing.layout import layout
from dslnet.targets.drawing.mermaid import mermaid

MORE = int(os.environ.get("DSLNET_EXAMPLES", "1"))


@pytest.mark.parametrize("seed", range(12 * MORE))
def test_a_random_spec_is_drawn(seed: int, tmp_path: Path) -> None:
    text, _ = spec(seed)
    path = tmp_path / "m.net"
    path.write_text(text, encoding="utf-8")
    model = dslnet.load(path)["M"]
    texts = []
    for level in ("overview", "block", "full"):
        picture = model.draw(level=level, sizes="concrete")
        for panel in picture.view.panels:
            ids = [box.id for box in panel.boxes()]
            assert len(ids) == len(set(ids))
            ends = {end for link in panel.links for end in (link.tail, link.head)}
            assert ends <= set(ids)
            alone = {box.id for box in panel.boxes() if box.shape not in ("param", "input", "state")} - ends
            assert not alone, f"nothing leads to {alone}\n{text}"
        shapes = [box.shape for box in picture.view.main.boxes()]
        assert shapes.count("input") == len(picture.model.definition.inputs)
        assert shapes.count("output") == len(picture.model.definition.outputs)
        assert picture.view.count() >= len(shapes) and mermaid(picture.view).startswith("flowchart ")
        texts.append(picture.dot)
    if shutil.which("dot") is not None:
        assert len(layout(texts, 60)) == len(texts)  # raises when dot says anything
