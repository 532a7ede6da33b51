"""The programs of `docs/training.md` print what the page says."""

import re
from pathlib import Path

import pytest

pytest.importorskip("torch")

PAGE = Path(__file__).parent.parent / "docs" / "training.md"


def test_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    fences = re.findall(r"^```(net|python|output)(?: (\S+))?\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    names: dict[str, object] = {}
    compared = 0
    for kind, name, text in fences:
        if kind == "net":
            (tmp_path / name).write_text(text, encoding="utf-8")
        elif kind == "python":
            exec(compile(text, "training.md", "exec"), names)
        else:
            assert capsys.readouterr().out == text
            compared += 1
    assert compared == 2


def test_the_class_that_is_shown(tmp_path: Path) -> None:
    """The lines of the excerpt are those of the source, in order."""
    import dslnet
    from dslnet.targets.python import emit

    page = PAGE.read_text("utf-8")
    (spec,) = re.findall(r"^```net distilled.net\n(.*?)^```$", page, re.M | re.S)
    (shown,) = re.findall(r"^```\n(    def forward.*?)^```$", page, re.M | re.S)
    path = tmp_path / "distilled.net"
    path.write_text(spec, encoding="utf-8")
    assert shown.replace("        ...\n", "") in emit(dslnet.load(path).Distilled.graph())
