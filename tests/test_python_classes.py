"""Classes of emitted source: their parameters are the spec's, so the same class serves other arguments."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from test_python_target import SPECS, model_at, model_of

from dslnet.build import build_model, read_program
from dslnet.diagnostics import Report
from dslnet.limits import DEFAULT
from dslnet.targets.python import emit


def classes(text: str) -> dict[str, str]:
    """The text of each class but the model's own, without comments: these name what is the same in all uses."""
    parts = re.split(r"^(?=class )", text, flags=re.MULTILINE)[1:-1]
    return {p.split("(")[0]: re.sub(r" *# .*", "", p) for p in parts}


def with_text(text: str, tmp_path: Path) -> str:
    """The source of a spec's last model, emitted with the spec at hand."""
    path = tmp_path / "spec.net"
    path.write_text(text, "utf-8")
    report = Report()
    program = read_program(path, report, DEFAULT)
    assert program is not None
    model = build_model(program, program.models[-1], {}, report)
    assert model is not None and not report.errors
    return emit(model, program.report.sources)


@pytest.mark.parametrize(
    ("file", "name", "others"),
    [
        ("gpt2.net", "GPT2", {"d": 480, "heads": 6, "layers": 5}),
        ("transformer.net", "Transformer", {"d": 96, "heads": 4, "depth": 5}),
        ("lstm.net", "Tagger", {"width": 48}),
        ("resnet.net", "ResNet50", {"depths": (4, 5, 6, 7)}),
        ("resnet.net", "ResNeXt50", {"depths": (4, 5, 6, 7)}),
        ("unet.net", "UNet", {"width": 24}),
        ("unet.net", "PaperUNet", {"width": 20}),
        ("vit.net", "ViT", {"d": 96, "heads": 6}),
    ],
)
def test_a_class_does_not_depend_on_the_arguments_of_its_model(file: str, name: str, others: dict[str, Any]) -> None:
    """A class without arguments is a named group of the model's own body, whose numbers are the model's."""
    plain, changed = (classes(emit(model_at(SPECS / file, name, **more))) for more in ({}, others))
    fixed = {head for head, text in plain.items() if "def __init__(self) -> None:" not in text}
    assert fixed and {h: plain[h] for h in fixed} == {h: changed[h] for h in fixed}
    assert set(plain) == set(changed)


CHANCE = """
block Cell(width):
  input x: [B, D]
  input h: [B, width]
  - (x, h) -> Concat -> Linear(width, bias=false)

block Wide(width, ff=3 * width + 8):
  input x: [B, T, d]
  - Linear(ff) -> ReLU -> Linear(width) -> Linear(20) -> Linear(width // 4)

model Chance:
  input x: [B, 20]
  input h: [B, 40]
  h1: (x, h) -> Cell(40)
  seq: h1 -> Unsqueeze(1) -> Wide(20)
  output y: seq
"""


def test_numbers_that_are_equal_by_chance_are_not_taken_for_each_other(tmp_path: Path) -> None:
    text = with_text(CHANCE, tmp_path)
    assert "super().__init__(D + width, width, bias=False)" in text
    wide = classes(text)["class Wide"]
    assert "def __init__(self, d: int, width: int)" in wide
    assert "nn.Linear(d, 3 * width + 8)" in wide
    assert "nn.Linear(width, 20)" in wide and "nn.Linear(20, width // 4)" in wide
    # without the text, a number that no simple expression explains is an argument
    alone = emit(model_of(CHANCE, tmp_path))
    assert "super().__init__(D + width, width, bias=False)" in alone
    assert "def __init__(self, d: int, width: int, ff: int)" in alone and "Wide(40, 20, 68)" in alone


def test_classes_say_where_they_are_written_when_that_is_known(tmp_path: Path) -> None:
    text = with_text(CHANCE, tmp_path)
    assert "class Cell(nn.Linear):  # spec.net:2" in text and "class Wide(nn.Module):  # spec.net:7" in text
    assert "class Chance(nn.Module):  # spec.net:11" in text
    assert str(tmp_path) not in text and "spec.net:" not in emit(model_of(CHANCE, tmp_path))


NORMS = """
model Norms:
  input x: [B, 3, H, W]
  - SpectralNorm: Conv(4, 3) -> ReLU
  - WeightNorm: Conv(5, 3, stride=2)
  - GlobalAvgPool
  output y: SpectralNorm: Linear(2)
"""


def test_normalised_weights_are_torchs(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from torch import nn
    from torch.nn.utils import parametrizations

    from dslnet.runtime import instantiate

    torch.manual_seed(0)
    made = instantiate(model_of(NORMS, tmp_path))
    torch.manual_seed(0)
    wanted = nn.Sequential(
        parametrizations.spectral_norm(nn.Conv2d(3, 4, 3, padding=1)),
        nn.ReLU(),
        parametrizations.weight_norm(nn.Conv2d(4, 5, 3, stride=2, padding=1)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        parametrizations.spectral_norm(nn.Linear(5, 2)),
    )
    x = torch.randn(2, 3, 9, 7)
    for training in (True, True, False):  # a step of the power iteration with each run
        made.train(training), wanted.train(training)
        torch.testing.assert_close(made(x), wanted(x))
    made(x).sum().backward(), wanted(x).sum().backward()
    for a, b in zip(made.parameters(), wanted.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad)


def test_all_weights_of_a_recurrent_box_start_as_the_spec_says(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from dslnet.runtime import instantiate

    text = "model R:\n  input x: [B, T, 3]\n  - read: GRU(4, num_layers=2, bidirectional=true, init=0.25)\n  output y\n"
    module = instantiate(model_of(text, tmp_path))
    named = dict(module.read.named_parameters())
    weights = [name for name in named if name.startswith("weight")]
    assert len(weights) == 8 and all(torch.all(named[name] == 0.25) for name in weights)
    assert not any(torch.all(named[name] == 0.25) for name in named if name.startswith("bias"))


NAMES = """
block Taps(width):
  input x: [B, C, H, W]
  - fine: Conv(width, 3, stride=2) -> ReLU
  - coarse: Conv(width, 3, stride=2) -> ReLU
  - Conv(width, 3)

model Locals(code=8):
  input image: [B, 3, H, W]
  target truth: [B]
  seen: image -> Taps(16)
  - seen -> Conv(8, 1) -> ReLU -> Conv(8, 1) -> Tanh
  - middle: Conv(8, 3)
  output early: GlobalAvgPool
  - GlobalAvgPool
  - parallel:
      | mu: Linear(code)
      | logvar: Linear(code)
  - latent z: SampleGaussian
  - decoder: Linear(32) -> ReLU -> Linear(1)
  - told: Squeeze(1)
  output score: told
  output near: seen.fine -> GlobalAvgPool
  loss main: score -> MSE to truth
  loss more: (early -> Mean(axis=1)) + (near -> Mean(axis=1)) -> MSE to truth
"""


def test_locals_are_called_after_what_they_are(tmp_path: Path) -> None:
    """Steps of the flow are `x`, not what the flow will be called; a latent and what a block gives keep their names;
    and what the model gives out is called so where it is trained."""
    model = with_text(NAMES, tmp_path).partition("\nclass Locals(")[2]
    assert "seen, fine = self.seen(image)" in model
    assert "middle = self.middle(x)" in model and "middle = F.relu" not in model and "middle = torch.tanh" not in model
    assert "z = sample_gaussian(mu, logvar, self.training)" in model and "self.decoder(z)" in model
    assert "early, score, near = self(image)" in model and "F.mse_loss(score, truth)" in model


PRESETS = """
block Down(width, depth=2):
  - Conv(width, 3, stride=2) -> ReLU
  - repeat depth: Conv(width, 3) -> ReLU

model Base(width=4, depth=2):
  input x: [B, 3, H, W]
  - repeat w in [width, 2 * width]: Conv(w, 3) -> BatchNorm -> ReLU
  - Down(width, depth)
  output y: GlobalAvgPool

model Deep: Base(depth=4)

model Both:
  input x: [B, 3, H, W]
  a: x -> Deep
  b: x -> Base -> Linear(4)
  output y: a + b
"""


def test_a_preset_is_a_class_of_its_own_name(tmp_path: Path) -> None:
    """Or its base's, where that is there too and differs only by numbers."""
    text = with_text(PRESETS, tmp_path)
    assert "self.a = Base(4, 4)" in text and "self.base1 = Base(2, 4)" in text
    alone = with_text(PRESETS.replace("  b: x -> Base -> Linear(4)\n", "").replace("a + b", "a"), tmp_path)
    assert "class Deep(nn.Module)" in alone and "self.a = Deep(4, 4)" in alone and "class Base" not in alone


def test_a_size_that_follows_is_no_parameter(tmp_path: Path) -> None:
    text = with_text(PRESETS, tmp_path)
    assert "class ConvBNReLU(nn.Module)" in text
    assert "self.bn1 = nn.BatchNorm2d(out_channels)" in text and "num_features" not in text


def test_a_number_of_rounds_is_not_a_size_by_chance(tmp_path: Path) -> None:
    """`depth` is 4 as `width` is."""
    text = with_text(PRESETS.replace("  b: x -> Base -> Linear(4)\n", "").replace("a + b", "a"), tmp_path)
    assert "for _ in range(width)" not in text


LANES = """
block Pyramid(width, rates):
  input x: [B, C, H, W]
  - lanes: concat:
      | 0: Sequential: Conv(width, 1) -> BatchNorm -> ReLU
      | 1: Sequential: Conv(width, 3, dilation=rates[0]) -> BatchNorm -> ReLU
      | 2: Sequential: Conv(width, 3, dilation=rates[1]) -> BatchNorm -> ReLU

model Net:
  input x: [B, 3, H, W]
  - Pyramid(8, [2, 4])
  output y: GlobalAvgPool
"""


def test_lanes_that_differ_by_numbers_are_one_class(tmp_path: Path) -> None:
    text = with_text(LANES, tmp_path)
    assert text.count("nn.Conv2d(") == 1 and "class PyramidPart(nn.ModuleList)" in text
    assert len(re.findall(r" PyramidPart\(width, \d", text)) == 3
