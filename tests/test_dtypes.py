"""Dtypes: what a wire is said to be is what runs, and a model in double precision is that throughout.

`checking.runs` compares the dtypes of outputs in single precision, and sees that all that is not whole is double in a
model made so. Here are the boxes that make numbers with a point out of whole ones, and states whose dtype is not that
of the sequence.
"""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from checking import check_text, codes, runs

from dslnet.targets.python import emit

ARITHMETIC = """\
n / 2
n * 0.5
b * 1.0
1 / (n + 1)
(n + 1) ** -1
n // 2
n % 2
sqrt(n)
exp(b)
abs(n)
max(n, 0.5)
max(0.5, n)
min(b, 0.5)
n ** 2
n ** 0.5
2 ** n
0.5 ** n
-b
b + b
n - b
n == b
n / b
n // 0.5
n @ (x -> Transpose)
x @ (b -> Transpose)
b @ (n -> Transpose)
(n -> Mean(axis=1))
(b -> Sum(axis=1))
(b -> Variance(axis=1))
(n -> LogSumExp(axis=1))
(n -> Norm(axis=1))
(n -> Clamp(0.5, 2))
(b -> Clamp(0, 2))
(n -> CumSum(axis=1))
(b -> Max(axis=1))
(n -> ArgMax(axis=1))
((n, x) -> Concat)
((n, b) -> Concat)
((b, n, x) -> Where)
((n, x) -> Add)
((b, b) -> Mul)
(n -> OneHot(9))
(b -> Scale(2))
(n -> Scale(0.5))
((n, x) -> Einsum("bi,bi->b"))
(n -> SineEmbedding(8))
"""


def module(text: str, folder: Path) -> torch.nn.Module:
    report, models = check_text(text, folder)
    assert not codes(report), codes(report)
    return runs(models["M"])


@pytest.mark.parametrize("weight", ["", "  param w: [4] = 1\n"], ids=["no weight", "a weight"])
@pytest.mark.parametrize("expression", ARITHMETIC.splitlines())
def test_arithmetic(expression: str, weight: str, tmp_path: Path) -> None:
    text = f"model M:\n  input x: [B, 4]\n  input n: [B, 4] long < 9\n  input b: [B, 4] bool\n{weight}"
    text += f"  output y: {expression}\n" + ("  output z: x * w\n" if weight else "  output z: x\n")
    module(text, tmp_path)


def test_double_precision_is_not_rounded_on_the_way(tmp_path: Path) -> None:
    """A third of a whole number is exact to 16 digits, though its sum with a weight would be double anyway."""
    text = "model M:\n  input n: [B] long < 9\n  param w: [] = 0\n  output y: n / 3 + w\n"
    made = module(text, tmp_path).double()
    assert made(torch.tensor([1, 2])).tolist() == [1 / 3, 2 / 3]


STATES = {
    "floats over ids": ("input w: [B] long < 9", "state h: [B, 5] = 0", "(w -> Embedding(9, 5)) + h", "long < 9"),
    "a fraction over ids": ("input w: [B] long < 9", "state h: [B] = 0.5", "h * 0.5 + w", "long < 9"),
    "a count over floats": ("input w: [B]", "state h: [B] long = 0", "h + 1", ""),
    "a flag over floats": ("input w: [B]", "state h: [B] bool = true", "w > 100", ""),
    "a flag over ids": ("input w: [B] long < 9", "state h: [B] bool = false", "w > 3", "long < 9"),
}


@pytest.mark.parametrize("name", STATES)
def test_states(name: str, tmp_path: Path) -> None:
    given, state, following, dtype = STATES[name]
    text = f"block Cell:\n  {given}\n  {state}\n  next h: {following}\n  output before: h\n\n"
    text += f"model M:\n  input w: [B, T] {dtype}\n  - s: scan: Cell\n  output y: s\n  output h: s.h\n"
    made = module(text, tmp_path)
    words = torch.ones(2, 3, dtype=torch.long if dtype else torch.float32)
    first = made(words)[0][:, 0]
    wanted = {"0": 0.0, "0.5": 0.5, "true": 1.0, "false": 0.0}[state.rpartition(" ")[2]]
    assert first.double().unique().tolist() == [wanted]


def test_buffers(tmp_path: Path) -> None:
    text = "model M:\n  input x: [B, 4]\n  buffer n: [4] long < 4 = range(4)\n  buffer on: [4] bool = true\n"
    text += "  buffer off: [4] bool = 0\n  output a: x * n\n  output b: on\n  output c: off == on\n"
    made = module(text, tmp_path)
    kinds = {name: value.dtype for name, value in made.state_dict().items()}
    assert kinds == {"n": torch.long, "on": torch.bool, "off": torch.bool}


def test_losses_of_whole_targets(tmp_path: Path) -> None:
    """A target of whole numbers is as exact as the weights."""
    text = "model M:\n  input x: [B, 4]\n  target t: [B] long < 2\n  output y: Linear(1) -> Squeeze(1)\n"
    text += "  loss a: y -> MSE to t\n  loss b: y -> BCELogits to t\n"
    report, models = check_text(text, tmp_path)
    assert not codes(report)
    from dslnet.runtime import instantiate

    made = copy.deepcopy(instantiate(models["M"])).double()
    found = made.losses({"x": torch.randn(2, 4, dtype=torch.float64), "t": torch.tensor([0, 1])})
    assert all(loss.dtype == torch.float64 for loss in found.values()), emit(models["M"])
    sum(found.values()).backward()


TABLES = """
model M(n=2, d=3):
  input x: [B, n, d]
  param whole: [n, d] = range(n * d)
  param row: [n, d] = log(range(d) + 1)
  buffer block: [2, n, d] = range(n * d) / 2
  buffer ids: [4, 2] long < 9 = range(2)
  param eye: [n, n] = Eye
  param turn: [d, d] = Orthogonal
  output y: eye @ x @ turn * whole * row + (block -> Mean(axis=0))
  output z: ids
"""


def test_tables_fill_a_tensor_row_by_row_or_its_last_axes(tmp_path: Path) -> None:
    weights = module(TABLES, tmp_path).state_dict()
    numbers = torch.arange(6.0).reshape(2, 3)
    assert torch.equal(weights["whole"], numbers)
    assert torch.equal(weights["row"], torch.log(torch.arange(3) + 1).expand(2, 3))
    assert torch.equal(weights["block"], (numbers / 2).expand(2, 2, 3))
    assert torch.equal(weights["ids"], torch.tensor([[0, 1]] * 4))
    assert torch.equal(weights["eye"], torch.eye(2))
    assert torch.allclose(weights["turn"] @ weights["turn"].T, torch.eye(3), atol=1e-6)
    assert all(weights[name].is_contiguous() for name in weights)
