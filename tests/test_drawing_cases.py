"""Each construct of the language, and what is drawn of it: the pages of `tests/cases/drawing/`.

`pytest tests/test_drawing_cases.py --update` writes the `view` fences anew; what changed is to be read.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from view_text import written

import dslnet

PAGES = sorted((Path(__file__).parent / "cases" / "drawing").glob("*.md"))
CASE = re.compile(r"^## ([^\n]+)\n.*?^```net\n(.*?)^```\n\n```view\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
CASES = [(page, *found.groups()) for page in PAGES for found in CASE.finditer(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("page", "title", "text", "view"), CASES, ids=[title for _, title, _, _ in CASES])
def test_drawn(page: Path, title: str, text: str, view: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = tmp_path / "m.net"
    path.write_text(text, encoding="utf-8")
    drawn = written(dslnet.load(path).draw("M").view)
    if request.config.getoption("--update"):
        whole = page.read_text(encoding="utf-8")
        page.write_text(whole.replace(f"{text}```\n\n```view\n{view}```", f"{text}```\n\n```view\n{drawn}```"), "utf-8")
    else:
        assert drawn == view


def test_every_case_is_read() -> None:
    fences = sum(len(re.findall(r"^```view$", page.read_text("utf-8"), re.MULTILINE)) for page in PAGES)
    assert len(CASES) == fences > 20 and all(view for *_, view in CASES)
