"""Stages as a paper draws them: a card ends at its pooling, layers that are done again are folded to ×N."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pictures import drawn

import dslnet
from dslnet.targets.drawing.labels import rows
from dslnet.targets.drawing.style import theme
from dslnet.targets.drawing.view import Box, View

Make = Callable[..., View]


@pytest.fixture
def spec(tmp_path: Path) -> Make:
    """The view of a model called `M` in a spec of the given text."""

    def make(text: str, **options: object) -> View:
        path = tmp_path / "m.net"
        path.write_text(text, encoding="utf-8")
        return dslnet.load(path).draw("M", **options).view

    return make


def told(box: Box) -> list[tuple[str, str, int, int]]:
    return [(row.text, row.count, row.times, row.span) for row in box.rows]


def cards(view: View) -> list[list[tuple[str, str, int, int]]]:
    return [told(b) for b in view.main.boxes() if b.rows]


HEAD = "model M:\n  input x: [B, 8, 32, 32]\n"


def test_a_stage_ends_with_its_pool() -> None:
    for name, layers in (("VGG16", [2, 2, 3, 3, 3]), ("VGG19BN", [2, 2, 4, 4, 4])):
        stages = [c for c in cards(drawn("vgg", name).view) if c[0][0].startswith("Conv")]
        assert [c[0][2] for c in stages] == layers
        assert all(any(text.startswith("MaxPool") for text, *_ in c) for c in stages)
    assert [c[0][0] for c in cards(drawn("vgg", "VGG16").view)][-1] == "Linear 25088→4096"


def test_layers_that_are_done_again_are_one_run(spec: Make) -> None:
    text = HEAD + "  - Conv(16, 3) -> ReLU -> Conv(16, 3) -> ReLU -> Conv(16, 3) -> ReLU -> MaxPool(2) -> Conv(4, 1)\n"
    first, second = cards(spec(text))
    assert first == [("Conv 3×3, 16", "5.81 k in all", 3, 2), ("ReLU", "", 1, 1), ("MaxPool 2×2, /2", "", 1, 1)]
    assert second == [("Conv 1×1, 4", "68", 1, 1)]
    equal = HEAD + "  - Conv(8, 3) -> Conv(8, 3) -> Conv(8, 3) -> Tanh\n"
    assert cards(spec(equal)) == [[("Conv 3×3, 8", "584 each", 3, 1), ("Tanh", "", 1, 1)]]
    assert len(cards(spec(equal, level="full"))) == 4


def test_layers_that_differ_are_no_run(spec: Make) -> None:
    text = HEAD + "  - Conv(8, 3) -> ReLU -> Conv(8, 5) -> ReLU -> Conv(8, 3) -> ReLU -> Conv(8, 3) -> Tanh\n"
    assert [times for _, _, times, _ in cards(spec(text))[0]] == [1] * 8
    shared = HEAD + "  c: Conv(8, 3)\n  - c -> c -> ReLU\n"
    assert all(times == 1 for card in cards(spec(shared)) for _, _, times, _ in card)  # one set of weights


def test_a_run_has_a_bar_beside_its_rows(spec: Make) -> None:
    text = HEAD + "  - Conv(8, 3) -> ReLU -> Conv(8, 3) -> ReLU -> MaxPool(2)\n"
    box = next(b for b in spec(text).main.boxes() if b.rows)
    for upward in (False, True):
        label = rows(box, theme("light"), upward)
        assert label.count('ROWSPAN="2"') == 1 and label.count('COLSPAN="2"') == 1 and "×2" in label
    assert rows(box, theme("light"), True).index("MaxPool") < rows(box, theme("light"), True).index("ROWSPAN")
    assert "×N: block repeated, own weights" in spec(text).caption.marks


def test_what_pools_after_a_closed_block_ends_its_card() -> None:
    view = drawn("spectrogram", "CNN14", level="overview").view
    stages = [b for b in view.main.boxes() if b.shape == "fold" and b.rows]
    assert [(b.title, b.badge, b.notes) for b in stages] == [
        ("conv_block1 … conv_block5", "×5", ["ConvBlock 1→1024", "18.8 M in all"])
    ]
    assert [row.text for row in stages[0].rows] == ["AvgPool 2×2, /2", "Dropout 0.2"]
    ten = [b.title for b in drawn("spectrogram", "CNN10", level="overview").view.main.boxes() if b.shape == "fold"]
    assert ten == ["conv_block1", "conv_block2", "conv_block3", "conv_block4"]  # a page is large enough


def test_a_repeat_without_a_name_has_only_its_number() -> None:
    view = drawn("gan", "GAN").view
    assert [(b.title, b.badge) for b in view.main.boxes() if b.badge] == [("", "×3")]


def test_a_large_picture_defines_its_blocks_beside() -> None:
    view = drawn("inception", "InceptionV3").view
    assert len(view.main.boxes()) < 30 and {"def InceptionA", "def InceptionE"} <= {p.id for p in view.definitions}
    assert ("InceptionC", "×4") in [(b.title, b.badge) for b in view.main.boxes()]


def test_rounds_that_are_drawn_one_by_one_say_which_they_are(spec: Make) -> None:
    text = (
        "block Unit:\n  - Linear(8) -> ReLU\n\nmodel M:\n  input x: [B, 8]\n  - layers: repeat 2: Unit\n"
        "  - repeat 2: Linear(8) -> Tanh\n  - tail: repeat 2: Linear(8) -> GELU\n  output y\n"
    )
    told = [(c.title, c.note) for c in spec(text, level="full").main.root.clusters()]
    assert told == [
        ("layers · Unit", "1 of 2 · 72"),
        ("layers · Unit", "2 of 2 · 72"),
        ("1 of 2", ""),
        ("2 of 2", ""),
        ("tail", "1 of 2"),
        ("tail", "2 of 2"),
    ]


def test_what_pools_before_the_first_layer_ends_nothing(spec: Make) -> None:
    text = HEAD + "  - GlobalAvgPool -> Linear(16) -> ReLU -> Linear(4)\n"
    assert [row for row, *_ in cards(spec(text))[0]] == ["GlobalAvgPool", "Linear 8→16", "ReLU", "Linear 16→4"]
