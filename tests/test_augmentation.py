"""Boxes that change images in training: what they draw, that evaluation and export see nothing, what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from interpret import Box  # noqa: E402
from operator_harness import mistake, read  # noqa: E402

import dslnet  # noqa: E402

IMAGE = torch.arange(2.0 * 3 * 6 * 8).view(2, 3, 6, 8) + 1


def train(line: str, x: Any, seed: int = 0) -> Any:
    """The box of an example line in training."""
    torch.manual_seed(seed)
    example = read(line)
    return Box(example.operator(), example.types).train()(x)


LINES = [
    "[B, 3, 6, 8] -> RandomFlip",
    "[B, 3, 6, 8] -> RandomCrop(2)",
    "[B, 3, 6, 8] -> RandomErasing(1)",
    "[B, 3, 6, 8] -> RandomAffine(20, translate=0.2, scale=[0.8, 1.2])",
    "[B, 3, 6, 8] -> ColorJitter(0.2, 0.3)",
]


@pytest.mark.parametrize("line", LINES)
def test_only_training_changes_anything(line: str) -> None:
    example = read(line)
    box = Box(example.operator(), example.types)
    assert box.eval()(IMAGE) is IMAGE
    made = [train(line, IMAGE, seed) for seed in (0, 0, 1, 2, 3)]
    assert torch.equal(made[0], made[1]), "a seed makes it repeatable"
    assert any(not torch.equal(made[0], other) for other in made[2:])
    assert all(m.dtype == IMAGE.dtype and m.shape == IMAGE.shape for m in made)


@pytest.mark.parametrize("line", LINES)
def test_samples_are_drawn_apart_and_channels_together(line: str) -> None:
    same = IMAGE[:1, :1].expand(64, 3, 6, 8)
    made = train(line, same)
    assert len({tuple(sample.flatten().tolist()) for sample in made}) > 1
    if "Color" not in line:
        torch.testing.assert_close(made[:, 0], made[:, 1])


def test_flip() -> None:
    assert torch.equal(train("[B, 3, 6, 8] -> RandomFlip(1)", IMAGE), IMAGE.flip(-1))
    assert torch.equal(train("[B, 3, 6, 8] -> RandomFlip(1, axis=2)", IMAGE), IMAGE.flip(2))
    assert torch.equal(train("[B, 3, 6, 8] -> RandomFlip(0)", IMAGE), IMAGE)
    ones = torch.arange(2.0).expand(4000, 1, 2)
    share = (train("[B, 1, 2] -> RandomFlip(0.25)", ones)[:, 0, 0] == 1).float().mean()
    assert abs(share - 0.25) < 0.03


@pytest.mark.parametrize("mode", ["constant", "replicate"])
def test_crop_is_a_window_of_the_padded_image(mode: str) -> None:
    """Every sample is one of the windows of what `F.pad` makes, and all windows occur."""
    amounts = (1, 2)
    x = IMAGE[:1].expand(600, 3, 6, 8)
    made = train(f'[B, 3, 6, 8] -> RandomCrop([1, 2], mode="{mode}")', x)
    padded = torch.nn.functional.pad(IMAGE[:1], (2, 2, 1, 1), mode=mode)[0]
    windows = {
        tuple(padded[:, top : top + 6, left : left + 8].flatten().tolist())
        for top in range(2 * amounts[0] + 1)
        for left in range(2 * amounts[1] + 1)
    }
    assert {tuple(sample.flatten().tolist()) for sample in made} == windows


def test_erasing_keeps_its_bounds() -> None:
    ones = torch.ones(500, 2, 40, 30)
    made = train("[B, 2, 40, 30] -> RandomErasing(1, scale=[0.1, 0.2], ratio=[0.5, 2], value=7)", ones)
    gone = made == 7
    assert ((made == 1) | gone).all() and torch.equal(gone[:, 0], gone[:, 1])
    share = gone[:, 0].float().mean((1, 2))
    assert share.min() > 0.08 and share.max() < 0.23  # whole pixels
    rows, columns = gone[:, 0].any(2), gone[:, 0].any(1)
    assert (rows.sum(1) * columns.sum(1) == gone[:, 0].sum((1, 2))).all(), "a rectangle"
    ratio = rows.sum(1) / columns.sum(1)
    assert ratio.min() > 0.4 and ratio.max() < 2.5
    assert rows[:, 0].any() and rows[:, -1].any() and columns[:, 0].any() and columns[:, -1].any()
    some = train("[B, 2, 40, 30] -> RandomErasing(0.3)", torch.ones(2000, 2, 40, 30))
    assert abs((some == 0).flatten(1).any(1).float().mean() - 0.3) < 0.04


def test_affine_turns_shifts_and_scales() -> None:
    x = torch.zeros(400, 1, 21, 41)
    x[:, :, 10, 10:31] = 1  # a line of 21 pixels through the middle
    assert torch.allclose(train("[B, 1, 21, 41] -> RandomAffine(0)", x), x, atol=1e-5)
    turned = train("[B, 1, 21, 41] -> RandomAffine(30)", x)
    row, column = torch.meshgrid(torch.arange(21.0) - 10, torch.arange(41.0) - 20, indexing="ij")
    mass = turned[:, 0].sum((1, 2))
    assert (mass - 21).abs().max() < 1.5, "a turn keeps lengths, also where the sides differ"
    tilt = (turned[:, 0] * row * column).sum((1, 2)) / (turned[:, 0] * column**2).sum((1, 2))
    angles = torch.atan(tilt) * 180 / torch.pi
    assert angles.min() < -25 and angles.max() > 25 and angles.abs().max() < 31
    moved = train("[B, 1, 21, 41] -> RandomAffine(translate=[0, 0.2])", x)
    centre = (moved[:, 0] * column).sum((1, 2)) / moved[:, 0].sum((1, 2))
    assert 6 < centre.max() < 8.3 and -8.3 < centre.min() < -6
    assert (moved[:, 0] * row).abs().max() < 1e-4
    scaled = train("[B, 1, 21, 41] -> RandomAffine(scale=[0.5, 0.5])", x)
    assert (scaled[:, 0].amax(1) > 0.3).sum(1).float().mean().round() in (10, 11)


def test_jitter() -> None:
    x = torch.rand(2000, 3, 4, 4) + 1
    brighter = train("[B, 3, 4, 4] -> ColorJitter(0.25)", x) / x
    factor = brighter.flatten(1)
    assert (factor.std(1) < 1e-5).all() and 0.75 <= factor.min() < 0.77 and 1.23 < factor.max() <= 1.2501
    other = train("[B, 3, 4, 4] -> ColorJitter(contrast=0.5)", x)
    torch.testing.assert_close(other.mean((1, 2, 3)), x.mean((1, 2, 3)))
    spread = other.flatten(1).std(1) / x.flatten(1).std(1)
    assert 0.5 <= spread.min() < 0.52 and 1.48 < spread.max() <= 1.5001


def test_what_is_refused() -> None:
    for line, code, words in [
        ("[B, 3, 6, 8] -> RandomFlip(axis=1)", "E0308", "mirrors space"),
        ("[B, 8] -> RandomFlip", "E0302", "3 to 5 axes"),
        ("[B, 3, 6, 8] long -> RandomFlip", "E0316", "works on numbers"),
        ("[B, 3, 6, 8] -> RandomCrop(6)", "E0307", "size of 6"),
        ("[B, 3, 6, 8] -> RandomCrop([1, 2, 3])", "E0301", "3 sizes"),
        ("[B, 3, 6, 8] -> RandomErasing(scale=[0.4, 0.1])", "E0301", "down to"),
        ("[B, 3, 6, 8] -> RandomErasing(scale=[0.4, 1.1])", "E0301", "past 1"),
        ("[B, 3, 6, 8] -> RandomErasing(ratio=[0, 1])", "E0301", "above 0"),
        ("[B, 3, 6, 8] -> RandomErasing(scale=0.4)", "E0301", "a least and a greatest"),
        ("[B, 3, 8] -> RandomAffine(10)", "E0302", "[B, C, H, W]"),
        ("[B, 3, 6, 8] -> RandomAffine(scale=[0, 1])", "E0301", "above 0"),
        ("[B, 3, 6, 8] -> RandomAffine(translate=[0.1, 0.1, 0.1])", "E0301", "3 numbers"),
        ("[B, 3, 6, 8] -> ColorJitter(1.5)", "E0301", "from 0 to 1"),
    ]:
        found = mistake(line)
        assert (found.code, words in str(found) + found.label) == (code, True), (line, found, found.label)


SPEC = """\
model Augmented:
  input image: [B, 3, 16, 16]
  - RandomCrop(2) -> RandomFlip -> RandomAffine(10) -> RandomErasing -> ColorJitter(0.1, 0.1)
  - Conv(4, 3) -> GlobalAvgPool
  output y: Linear(2)
"""


def test_pruned_from_inference_and_export(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    (tmp_path / "a.net").write_text(SPEC)
    (tmp_path / "b.net").write_text("\n".join(line for line in SPEC.split("\n") if "Random" not in line))
    made, plain = dslnet.load(tmp_path / "a.net").Augmented(), dslnet.load(tmp_path / "b.net").Augmented()
    plain.load_state_dict(made.state_dict())
    x = torch.randn(4, 3, 16, 16)
    assert torch.equal(made.eval()(x), plain.eval()(x))
    assert not torch.equal(made.train()(x), made(x))
    from dslnet.onnx import export

    nodes = []
    for module, name in ((made.eval(), "a"), (plain, "b")):
        export(module, tmp_path / f"{name}.onnx", verify=False)
        nodes.append([node.op_type for node in onnx.load(tmp_path / f"{name}.onnx").graph.node])
    assert nodes[0] == nodes[1]
