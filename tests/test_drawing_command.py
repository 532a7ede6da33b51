"""`dslnet draw` on the command line."""

from __future__ import annotations

import re
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
    svg, png, text = (str(tmp_path / f"net{ending}") for ending in (".svg", ".png", ".mmd"))
    assert draw("-o", svg, "-o", png, "-o", text) == 1
    assert "digraph" in (tmp_path / "net.dot").read_text(encoding="utf-8") and Path(text).exists()
    said = capsys.readouterr().err
    assert "apt install graphviz" in said and said.count("net.dot is written") == 1
    assert f"{svg} and {png} not made" in said and not Path(svg).exists()
    (tmp_path / "net.dot").write_text("mine")
    assert draw("-o", svg) == 1 and (tmp_path / "net.dot").read_text() == "mine"
    said = capsys.readouterr().err
    assert "E0810" in said and "is written" not in said and "apt install graphviz" in said
    assert draw("-o", text) == 0


@needs_dot
def test_a_png_that_would_be_too_large_is_an_svg(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.png"
    transformer = SPEC.replace("mlp.net", "transformer.net:Transformer")
    assert main(["draw", transformer, "--level", "full", "--dpi", "1200", "-o", str(path)]) == 1
    said = capsys.readouterr().err
    assert "pixels is too large" in said and "net.svg is written" in said and "--level block" in said
    assert not path.exists() and "<svg" in (tmp_path / "net.svg").read_text(encoding="utf-8")


@needs_dot
def test_a_name_that_was_not_chosen_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert draw() == 0 and "MLP.svg is written" in capsys.readouterr().err and (tmp_path / "MLP.svg").exists()
    assert draw("-o", "other.svg") == 0 and capsys.readouterr().err == ""


def test_links_lead_to_a_place_and_run_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert draw("-o", "-", "--link", "https://a.b/{file}#L{line}") == 0
    assert 'URL="https://a.b/mlp.net#L' in capsys.readouterr().out
    for link, told in (("javascript:alert(1)", "is not a link"), ("", "is not a link"), ("x/{fil}", "`{fil}`")):
        assert draw("-o", "-", "--link", link) == 2 and told in capsys.readouterr().err


def test_names_of_blocks_are_told_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    resnet = SPEC.replace("mlp.net", "resnet.net")
    assert main(["draw", f"{resnet}:BasicBlok"]) == 2 and "resnet.net:BasicBlock`?" in capsys.readouterr().err
    assert main(["draw", f"{resnet}:Nothing"]) == 2 and "and the blocks BasicBlock" in capsys.readouterr().err
    path = tmp_path / "block.net"
    path.write_text("block Foo:\n  - ReLU\n", encoding="utf-8")
    assert main(["draw", str(path)]) == 2 and "block.net:Foo" in capsys.readouterr().err


def test_dot_to_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    assert draw("-o", "-", "--no-caption") == 0
    assert capsys.readouterr().out.startswith("digraph")


def test_wrong_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert draw("-o", "net.gif") == 2 and ".svg" in capsys.readouterr().err
    assert draw("-o", "-", "--open", "nowhere") == 2 and "nowhere" in capsys.readouterr().err
    assert draw("--level", "half") == 2


def closed(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """What is one card in a picture of the shipped Transformer."""
    target = SPEC.replace("mlp.net", "transformer.net:Transformer")
    assert main(["draw", target, "-o", "-", *words]) == 0
    return re.findall(r'class="fold", tooltip="([^"]*)"', capsys.readouterr().out)


LAYERS = ["memory: EncoderLayer", "hidden: DecoderLayer"]


def test_open_and_close_go_in_the_order_of_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert closed(capsys) == []
    assert closed(capsys, "--close", "*Layer") == LAYERS
    assert closed(capsys, "--close", "EncoderLayer") == LAYERS[:1]
    assert closed(capsys, "--open", "*Layer", "--close", "*Layer") == LAYERS
    assert closed(capsys, "--close", "*Layer", "--open", "*Layer") == []
    assert closed(capsys, "--close", "*Layer", "--open", "Enc*", "--close", "FeedForward") == LAYERS[1:]


def test_a_part_is_named_by_path_block_or_role(capsys: pytest.CaptureFixture[str]) -> None:
    encoder = "encoder · memory"
    for name in ("memory", "encoder"):
        assert closed(capsys, "--close", name) == [encoder]
    assert closed(capsys, "--level", "overview") == [encoder, "decoder · hidden"]
    # what a part stands in is opened with it, at any level, and a path may be one of `dslnet names`
    for name in ("memory.*", "EncoderLayer", "memory.3.attention1"):
        assert closed(capsys, "--level", "overview", "--open", name) == ["decoder · hidden"], name
    assert closed(capsys, "--level", "overview", "--open", "encoder") == [LAYERS[0], "decoder · hidden"]
    full = closed(capsys, "--level", "full", "--close", "EncoderLayer")
    assert full == [f"memory.{n}.encoderlayer: EncoderLayer" for n in range(6)]
    assert closed(capsys, "--level", "full", "--close", "memory.2.*") == full[2:3]


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("layer9", "did you mean layer1?"),
        ("x", "there are BasicBlock, Stage, layer1"),
        ("fc", "`fc` is a layer"),
        ("layer1.0.conv1", "is a layer"),
    ],
)
def test_a_pattern_that_fits_nothing_is_told(pattern: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    target = SPEC.replace("mlp.net", "resnet.net:ResNet18")
    for word in ("--open", "--close"):
        assert main(["draw", target, "-o", "-", word, pattern]) == 2
        said = capsys.readouterr().err
        assert f"`{pattern}`" in said and told in said


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
