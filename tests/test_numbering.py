"""Names by place: `Sequential:` is torch.nn.Sequential's numbering, and rounds have names of their own."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from checking import check_text, runs  # noqa: E402
from copy_weights import in_order  # noqa: E402
from torch import nn  # noqa: E402

import dslnet  # noqa: E402
from dslnet.weights import definition_weights  # noqa: E402


def net(folder: Path, text: str) -> Any:
    (folder / "case.net").write_text(text)
    return dslnet.load(folder / "case.net")


def keys(model: nn.Module) -> list[str]:
    return [name for name, _ in model.named_parameters()]


NUMBERED = """
block Half(width):
  - Sequential: Conv(width, 3, stride=2) -> ReLU

model Net(norm=false):
  input x: [B, 3, H, W]
  - Sequential:
      - Conv(4, 3) -> ReLU -> [B, 4, H, W]
      - repeat i in 2:
          - repeat i + 1: Conv(4, 3) -> Tanh
          - if norm: BatchNorm
      - Half(8)
      - residual: Conv(8, 3) -> BatchNorm
      - (Conv(8, 1) if norm else Identity)
      - named: Conv(6, 1)
      - GlobalAvgPool
      - Sequential: Dropout(0.5) -> Linear(5) -> Linear(2)
  output y
"""


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8)

    def forward(self, x: Any) -> Any:
        return x + self.bn1(self.conv1(x))


def by_torch(norm: bool) -> nn.Sequential:
    """The same with `append`, which names a module by how many there are."""

    def conv(width: int, inputs: int = 4) -> nn.Module:
        return nn.Conv2d(inputs, width, 3, padding=1)

    made = nn.Sequential(conv(4, 3), nn.ReLU())
    for rounds in (1, 2):
        for _ in range(rounds):
            made.append(conv(4)).append(nn.Tanh())
        if norm:
            made.append(nn.BatchNorm2d(4))
    made.append(nn.Sequential(nn.Conv2d(4, 8, 3, 2, 1), nn.ReLU()))
    made.append(Residual())
    made.append(nn.Conv2d(8, 8, 1) if norm else nn.Identity())
    made.add_module("named", nn.Conv2d(8, 6, 1))
    made.append(nn.AdaptiveAvgPool2d(1))
    made[-1] = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return made.append(nn.Sequential(nn.Dropout(0.5), nn.Linear(6, 5), nn.Linear(5, 2)))


@pytest.mark.parametrize("norm", [False, True])
def test_numbers_are_those_of_torch(tmp_path: Path, norm: bool) -> None:
    """Key by key, in order, and the same numbers come out. A block in a block of one box has its place too."""
    mine, theirs = net(tmp_path, NUMBERED).Net(norm=norm).eval(), by_torch(norm).eval()
    assert list(mine.state_dict()) == list(theirs.state_dict())
    mine.load_state_dict(theirs.state_dict(), strict=True)
    image = torch.randn(2, 3, 9, 8)
    torch.testing.assert_close(mine(image), theirs(image))


LAYERS = """
block Layer(width):
  - Linear(width) -> Tanh

model Named(depth=3, first=1):
  input x: [B, 8]
  - layers: repeat i in range(first, first + depth):
      - "layer_{i}": Layer(8)
  output y: Linear(2)

model Numbered(depth=3):
  input x: [B, 8]
  - layers: repeat depth: Layer(8)
  output y: Linear(2)
"""


@pytest.mark.parametrize("first", [0, 1, 7])
def test_rounds_may_have_names(tmp_path: Path, first: int) -> None:
    made = net(tmp_path, LAYERS)
    named, numbered = made.Named(first=first), made.Numbered()
    rounds = [f"layers.layer_{first + n}" for n in range(3)]
    assert keys(named) == [f"{r}.{p}" for r in rounds for p in ("weight", "bias")] + ["y.weight", "y.bias"]
    in_order(named, numbered)
    x = torch.randn(2, 8)
    assert torch.equal(named(x), numbered(x))


def test_named_rounds_are_one(tmp_path: Path) -> None:
    """A name is no reason to build a round again, and the source is a line however many there are."""
    graph = net(tmp_path, LAYERS).Named.graph(depth=5000)
    (instance,) = [i for i in graph.definition.instances if i.rounds]
    assert [r.count for r in instance.rounds] == [5000]
    names = [w.name for w in definition_weights(graph, graph.entry)]
    assert names[0] == "layers.layer_1.weight" and names[9999] == "layers.layer_5000.bias"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('- "conv{w}": Linear(w)', ["a.conv4", "a.conv8"]),
        ('- "conv{w}": Linear(w)\n      - other: Linear(w)', ["a.0.conv4", "a.0.other", "a.1.conv8", "a.1.other"]),
        ('- "conv{w}_x{k}": Linear(w)', ["a.0.conv4_x3", "a.1.conv8_x3"]),
        ('- if w > 4:\n          - "conv{w}": Linear(w)', ["a.1.conv8"]),
        ('- "in{k}": Linear(w)', ["a.0.in3", "a.1.in3"]),
        ('- "conv{w}": Linear(w)\n      - ReLU', ["a.conv4", "a.conv8"]),
    ],
)
def test_numbers_in_names(tmp_path: Path, body: str, expected: list[str]) -> None:
    text = f"model Net(k=3):\n  input x: [B, 2]\n  - a: repeat w in [4, 8]:\n      {body}\n  output y: Tanh\n"
    if "{k}" not in body:
        text = text.replace("(k=3)", "")
    made = net(tmp_path, text).Net()
    assert [k.removesuffix(".weight") for k in keys(made) if k.endswith(".weight")] == expected
    assert made(torch.randn(3, 2)).shape[0] == 3


def test_a_named_round_is_read_from_outside(tmp_path: Path) -> None:
    text = """
block Layer(width):
  - inner: Linear(width) -> Tanh

model Net:
  input x: [B, 8]
  layers: x ->
    - repeat i in 3:
        - "layer{i}": Layer(8)
  output y: layers -> Linear(2)
"""
    made = net(tmp_path, text).Net()
    assert keys(made)[::2] == ["layers.layer0.inner.weight", "layers.layer1.inner.weight", "layers.layer2.inner.weight",
                               "y.weight"]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('"a b": Linear(2)', "E0204"),
        ('"a{k}": Linear(2)', "E0301"),
        ('"a{nothing}": Linear(2)', "E0201"),
        ('"a{3}": Linear(2)', "E0204"),
        ('"{": Linear(2)', "E0204"),
    ],
)
def test_mistakes(tmp_path: Path, line: str, code: str) -> None:
    (tmp_path / "case.net").write_text(
        f"model Net(k=0.5):\n  input x: [B, 2]\n  - {line}\n  output y: Linear(k * 4 // 1)\n"
    )
    found = [d.code for d in dslnet.check(tmp_path / "case.net").diagnostics]
    assert code in found and "E9001" not in found


def test_rounds_that_are_written_out_are_limited(tmp_path: Path) -> None:
    text = "model Net:\n  input x: [B, 2]\n  - Sequential: repeat 200000: Linear(2)\n  output y: Tanh\n"
    (tmp_path / "case.net").write_text(text)
    assert [d.code for d in dslnet.check(tmp_path / "case.net").diagnostics] == ["E0907"]


# ------------------------------------------------------------- rounds that go on counting after a numbered step

STEPS = {
    "a gap": "- 0: Linear(8)\n- 1: ReLU\n- 2: Linear(8)\n- repeat n: Linear(8)\n- 9: Linear(8)",
    "none": "- 0: Linear(8)\n- repeat n: Linear(8)\n- 7: Linear(8)",
    "a list": "- 0: Linear(8)\n- repeat n: Linear(8)",
    "nothing before": "- 0: ReLU\n- repeat n: Linear(8)",
    "parts": "- 0: Linear(8)\n- 1: ReLU\n- repeat n:\n    - Linear(8) -> BatchNorm -> ReLU",
    "parts alone": "- 0: ReLU\n- repeat n:\n    - mid: Linear(8)\n    - BatchNorm -> ReLU",
    "differing": "- 0: Linear(8)\n- 1: ReLU\n- repeat w in [8, 4] + [8] * n: Linear(w) -> Tanh",
    "a name": "- 8: Linear(8)\n- head: Linear(8)\n- 1: Tanh\n- repeat n: Linear(8)\n- Linear(8)",
    "a second": "- 0: Linear(8)\n- repeat n: Linear(8)\n- repeat n: Linear(8)",
    "from outside": "- 0: Linear(8)\n- 1: ReLU\n- repeat n:\n    - Linear(8)\n    - Add with x",
    "a parameter": "- 0: Linear(8)\n- repeat n: Linear(8)\nparam w: [8] = 1\n- Mul with w",
}


@pytest.mark.parametrize("place", ["model", "group", "block"])
@pytest.mark.parametrize("steps", STEPS)
def test_a_repeat_goes_on_counting_after_a_numbered_step(steps: str, place: str, tmp_path: Path) -> None:
    """In a model, in a group and in a block: with the keys that the checker says, and of the inferred shape."""
    head = "  input x: [B, 8]\n"
    if place == "block":
        text = f"block Steps(n):\n{head}{indent(STEPS[steps], '  ')}\n\nmodel Net(n=2):\n{head}  - Steps(n)\n"
    elif place == "group":
        text = f"model Net(n=2):\n{head}  - f:\n{indent(STEPS[steps], '      ')}\n"
    else:
        text = f"model Net(n=2):\n{head}{indent(STEPS[steps], '  ')}\n"
    report, models = check_text(f"{text}  - Linear(8)\n  output y\n", tmp_path)
    assert not report.errors, report.diagnostics
    module = runs(models["Net"])
    numbers = {name.split(".")[1 if place != "model" else 0] for name in module.state_dict()}
    wanted = {"a gap": "0 2 3 4 9", "none": "0 1 2 7", "nothing before": "1 2", "differing": "0 2 3 4 5"}.get(steps, "")
    assert set(wanted.split()) <= numbers
