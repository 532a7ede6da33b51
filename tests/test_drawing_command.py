"""`dslnet draw` on the command line."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from dslnet.cli import main

SPEC = str(Path(__file__).parent.parent / "specs" / "mlp.net")
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")


def draw(*words: str) -> int:
    return main(["draw", SPEC, *words])


@needs_dot
def test_each_ending_is_a_file(tmp_path: Path) -> None:
    paths = [tmp_path / f"net{ending}" for ending in (".svg", ".dot", ".html", ".mmd", ".pdf", ".png")]
    words = [word for path in paths for word in ("-o", str(path))]
    assert draw(*words) == 0 and all(path.stat().st_size > 300 for path in paths)
    assert draw(*words) == 0  # its own files are replaced
    assert paths[4].read_bytes().startswith(b"%PDF") and paths[5].read_bytes().startswith(b"\x89PNG")


@needs_dot
def test_a_file_of_others_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.svg"
    path.write_text("mine")
    assert draw("-o", str(path)) == 1 and path.read_text() == "mine"
    assert "E0810" in capsys.readouterr().err
    assert draw("-o", str(path), "--force") == 0 and "<svg" in path.read_text(encoding="utf-8")


def test_without_graphviz_the_dot_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dslnet.targets.drawing.layout.find", lambda name="dot": None)
    assert draw("-o", str(tmp_path / "net.svg")) == 1
    assert "digraph" in (tmp_path / "net.dot").read_text(encoding="utf-8")
    assert "apt install graphviz" in capsys.readouterr().err


def test_dot_to_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    assert draw("-o", "-", "--no-caption") == 0
    assert capsys.readouterr().out.startswith("digraph")


def test_wrong_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert draw("-o", "net.gif") == 2 and ".svg" in capsys.readouterr().err
    assert draw("-o", "-", "--open", "nowhere") == 2 and "nowhere" in capsys.readouterr().err
    assert draw("--level", "half") == 2


def test_no_torch() -> None:
    import subprocess

    code = (
        "import sys; from dslnet.cli import main; main(['draw', sys.argv[1], '-o', '-']);"
        "assert not {'torch', 'onnx', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, SPEC], capture_output=True, cwd=Path(SPEC).parent.parent)
    assert done.returncode == 0, done.stderr


def test_a_block_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    resnet = SPEC.replace("mlp.net", "resnet.net")
    assert main(["draw", f"{resnet}:BasicBlock", "-o", "-"]) == 0
    text = capsys.readouterr().out
    assert "BasicBlock(width, stride)" in text and "9·width²" in text and "definition" in text
    path = tmp_path / "unused.net"
    path.write_text("block Foo(width):\n  input x: [B, 8, H, W]\n  - Conv(width, 3)\n", encoding="utf-8")
    assert main(["draw", f"{path}:Foo", "-o", "-"]) == 1 and "needs `width`" in capsys.readouterr().err
    assert main(["draw", f"{path}:Foo", "-o", "-", "--set", "width=5"]) == 0
    assert "B×5×H×W" in capsys.readouterr().out


def test_nothing_is_written_when_one_file_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which("dot") is None:
        pytest.skip("Graphviz is not installed")
    paths = [tmp_path / "a.dot", tmp_path / "b.svg"]
    gpt2 = SPEC.replace("mlp.net", "gpt2.net:GPT2")
    assert main(["draw", gpt2, "--level", "full", "-o", str(paths[0]), "-o", str(paths[1]), "--timeout", "0.1"]) == 2
    said = capsys.readouterr().err
    assert "--timeout" in said and "--level overview" in said and not any(path.exists() for path in paths)


def test_a_place_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert draw("-o", str(tmp_path / "nowhere" / "net.dot")) == 1
    assert "E08" in capsys.readouterr().err
    assert draw("-o", str(tmp_path)) == 2 and draw("-o", "-", "--show", "everything") == 2
    assert "neither metrics nor sharing" in capsys.readouterr().err


def test_sizes_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    gpt2 = SPEC.replace("mlp.net", "gpt2.net:GPT2")
    for words, shape in (([], "B×T×d"), (["--sizes", "concrete"], "B×T×768"), (["--set", "d=24"], "B×T×24")):
        assert main(["draw", gpt2, "-o", "-", *words]) == 0
        assert shape in capsys.readouterr().out
