"""The table of a model: its numbers, and what it leaves out."""

from pathlib import Path

import pytest

from dslnet.diagnostics import Report
from dslnet.graph import Fact, Model
from dslnet.targets.names import names
from dslnet.targets.summary import example_sizes, summary

SPECS = Path(__file__).parent.parent / "specs"


def model(text: str, folder: Path, name: str = "M") -> Model:
    from dslnet.build import build_model, read_program

    path = folder / "m.net"
    path.write_text(text)
    report = Report()
    program = read_program(path, report)
    assert program is not None
    found = build_model(program, name, {}, report)
    assert found is not None, report.sorted()
    return found


def shipped(file: str, name: str) -> Model:
    from dslnet.build import build_model, read_program

    report = Report()
    program = read_program(SPECS / file, report)
    assert program is not None
    found = build_model(program, name, {}, report)
    assert found is not None
    return found


def row(text: str, path: str) -> list[str]:
    """The cells of the row of a path."""
    return next(line.split() for line in text.splitlines() if line.split()[:1] == [path])


def test_resnet18() -> None:
    """1,814,073,344 multiply-adds of convolutions and of the last layer, counted by hand layer by layer."""
    text = summary(shipped("resnet.net", "ResNet18"))
    assert "parameters  11,689,512 (44.6 MiB)" in text
    assert "at          B = 1, H = 224, W = 224" in text
    assert row(text, "fc") == "fc Linear(1000) [B, 1000] 513,000 1.02 M 3.9 KiB".split()
    assert "FLOPs       3.65 G" in text  # 3.63 of them in convolutions and the last layer


def test_numbers(tmp_path: Path) -> None:
    text = summary(
        model(
            "model M:\n  input image: [B, 3, 8, 8]\n  param scale: [4] = 1\n  - conv: Conv(4, 3)\n"
            "  - pooled: GlobalAvgPool\n  output y: pooled * scale -> Linear(2)\n",
            tmp_path,
        )
    )
    assert row(text, "scale") == ["scale", "param", "[4]", "4"]
    assert row(text, "conv")[-5:] == ["112", f"{8 * 8 * 4 * 2 * 3 * 9 / 1000:.3g}", "k", "1.0", "KiB"]
    assert row(text, "y")[-4:] == ["10", str(2 * 4 * 2), "8", "B"]
    assert f"parameters  {112 + 10 + 4} (504 B)" in text


def test_what_was_shown_is_not_shown_again(tmp_path: Path) -> None:
    text = summary(
        model(
            "block Layer(d):\n  - Linear(d) -> ReLU\n\nmodel M:\n  input x: [B, 8]\n"
            "  - a: Layer(8) -> Layer(8)\n  - repeat 3: Layer(8)\n  output y: Linear(2)\n",
            tmp_path,
        )
    )
    assert text.count("ReLU") == 1
    assert "Layer, as a.layer1" in text and "repeat x3" in text
    assert f"parameters  {72 * 5 + 18} " in text


def test_shared_modules_count_once(tmp_path: Path) -> None:
    text = summary(
        model(
            "model M:\n  input a: [B, 8]\n  input b: [B, 8]\n  tower: Linear(4)\n"
            "  x: a -> tower\n  y: b -> tower\n  output z: x + y\n",
            tmp_path,
        )
    )
    assert "parameters  36 (144 B)" in text
    assert text.count(" 36 ") == 2 and text.count("shared") == 1
    assert " +  " in text


@pytest.mark.parametrize(
    ("name", "fact", "size"),
    [
        ("B", Fact(), 1),
        ("H", Fact(), 224),
        ("H", Fact(multiple=32), 224),
        ("H", Fact(multiple=100), 300),
        ("H", Fact(multiple=100, remainder=1), 301),
        ("H", Fact(high=10), 10),
        ("H", Fact(high=10, multiple=4), 8),
        ("n", Fact(), 16),
        ("n", Fact(low=20), 20),
    ],
)
def test_example_sizes(name: str, fact: Fact, size: int, tmp_path: Path) -> None:
    one = model("model M:\n  input x: [B, 8]\n  output y: Linear(4)\n", tmp_path)
    from dataclasses import replace

    assert example_sizes(replace(one, free={name: fact})) == {name: size}


def test_names_are_those_of_the_checkpoint() -> None:
    lines = names(shipped("resnet.net", "ResNet18")).splitlines()
    assert len(lines) == 122
    assert lines[0].split(maxsplit=1) == ["conv1.weight", "[64, 3, 7, 7]"]
    assert lines[5].split() == ["bn1.num_batches_tracked", "[]", "buffer", "long"]
    assert lines[-1].split() == ["fc.bias", "[1000]"]


def test_a_latent_that_is_another_name_costs_nothing(tmp_path: Path) -> None:
    text = """\
model M:
  input x: [B, T, 8]
  encoder read: x -> GRU(16)
  latent z: read.state
  decoder d: z -> Linear(8)
  output y: d
"""
    rows = summary(model(text, tmp_path)).splitlines()
    assert ["z", "latent", "[B,", "16]"] in [row.split() for row in rows]
    assert not any("Identity" in row for row in rows)
