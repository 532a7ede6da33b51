"""Names in emitted source: whatever an author chooses, nothing hides anything else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import torch
from test_python_classes import with_text
from torch import nn

import dslnet
from dslnet.targets.python.layout import statement
from dslnet.targets.python.names import MODULE_ATTRIBUTES
from dslnet.targets.python.tree import Attribute, Binary, Call, Literal, Name, Tree

ROWS = """
block Cell(NAME, n):
  input x: [B, C, T]
  - Conv(NAME, 3, dilation=n) -> ReLU -> Conv(NAME, 1)

block Rows(NAME):
  input x: [B, C, T]
  - concat(axis=1):
      | each k in 3: BODY
  - Conv(NAME, 1)

model Net:
  input x: [B, 4, T]
  - Rows(3) -> Rows(5)
  output y: Mean(axis=2)
"""


def convolutions(path: Path, text: str) -> list[nn.Conv1d]:
    file = path / "spec.net"
    file.write_text(text, "utf-8")
    model = dslnet.load(file).Net()
    assert model(torch.randn(2, 4, 40)).isfinite().all()
    return [module for module in model.modules() if isinstance(module, nn.Conv1d)]


@pytest.mark.parametrize("name", ["i", "size", "padding", "dilation", "k"])
@pytest.mark.parametrize("body", ["Conv(NAME, 3, dilation=STEPS)", "Cell(NAME, STEPS)"])
@pytest.mark.parametrize("steps", ["k + 1", "[1, 5, 6][k]"])
def test_a_comprehension_hides_no_parameter(name: str, body: str, steps: str, tmp_path: Path) -> None:
    text = ROWS.replace("BODY", body).replace("STEPS", steps).replace("each k in 3", "each each_k in 3")
    text = text.replace("k + 1", "each_k + 1").replace("[k]", "[each_k]").replace("NAME", name)
    found = convolutions(tmp_path, text)
    wanted = [1, 2, 3] if "+" in steps else [1, 5, 6]
    dilated = [c for c in found if c.kernel_size == (3,)]
    assert [c.dilation[0] for c in dilated] == wanted * 2
    assert [c.out_channels for c in dilated] == [3] * 3 + [5] * 3


def test_a_comprehension_in_a_comprehension_has_a_variable_of_its_own(tmp_path: Path) -> None:
    text = """
block Rows(n):
  input x: [B, C, T]
  - concat(axis=1):
      | each k in 3: repeat j in 4: Conv(C, 3, dilation=j + 1 + 4 * k)

model Net:
  input x: [B, 4, T]
  - Rows(1) -> Rows(2)
  output y: Mean(axis=2)
"""
    assert [c.dilation[0] for c in convolutions(tmp_path, text)] == [*range(1, 13)] * 2


def test_lanes_beside_each_other_are_no_sequence(tmp_path: Path) -> None:
    text = with_text(ROWS.replace("BODY", "Conv(NAME, 3)").replace("NAME", "width"), tmp_path)
    assert re.search(r"self.each1 = nn.ModuleList\(\s*nn.Conv1d", text)
    assert "torch.cat([conv(x) for conv in self.each1], dim=1)" in text and "nn.Sequential" not in text


#: Capitals and words of the language, and what torch keeps for itself (E0204).
NO_NAMES = {"T_destination", "float", "to", "training"}


@pytest.mark.parametrize("name", sorted({"load", "ops", "jit", "open", "types"} | MODULE_ATTRIBUTES - NO_NAMES))
def test_a_part_may_be_called_as_something_of_torch(name: str, tmp_path: Path) -> None:
    file = tmp_path / "spec.net"
    file.write_text(
        f"""
model Net:
  input x: [B, 8]
  target z: [B, 8]
  - enc:
      - "{name}": Linear(8)
      - other: Linear(8)
  freeze: enc.{name}
  output y: Linear(8)
  loss l: y -> MSE to z
""",
        "utf-8",
    )
    model = dslnet.load(file).Net()
    assert model(torch.randn(2, 8)).shape == (2, 8)
    assert f"enc.{name}.weight" in model.state_dict()
    assert {key for key, p in model.named_parameters() if not p.requires_grad} == {
        f"enc.{name}.weight",
        f"enc.{name}.bias",
    }


LOSSES = """
model Net(classes=10):
  input image: [B, 8]
  target topic: [B] long
  - Linear(8) -> ReLU
  output logits: Linear(classes)
  loss entropy: logits -> CrossEntropy(ignore_index=-1) to topic
  metric surprise: logits -> Perplexity(ignore_index=-1) to topic
  metric accuracy: logits -> Accuracy(ignore_index=-1) to topic
"""


def test_losses_have_their_names_where_they_have_a_line(tmp_path: Path) -> None:
    text = with_text(LOSSES, tmp_path)
    assert re.search(
        r'return \{\s*"entropy": entropy,\s*"surprise": .*,\s*"accuracy": accuracy,?\s*\}', text, re.DOTALL
    )
    assert not re.search(r'": x\b', text)


CHAINS = [
    "accuracy = (\n    (logits.argmax(dim=1) == topic_of_it).masked_select(topic_of_it).float().mean()\n)",
    "accuracy = (\n    (logits.argmax(dim=1) == topic_of_all_of_them)\n    .masked_select(topic_of_all_of_them)\n"
    "    .float()\n    .mean()\n)",
    "accuracy = (\n    logits_of_all_of_them.argmax(dim=1)\n    .T.masked_select(topic_of_all_of_them_here)\n"
    "    .float()\n    .mean()\n)",
    "accuracy = (\n    logits_of_all_of_them.argmax(dim=1) == topic_of_all_of_them_together_here_now\n).mean()",
]


@pytest.mark.parametrize("text", CHAINS)
def test_chains_of_methods_are_broken_as_ruff_breaks_them(text: str) -> None:
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.Assign)
    assert "\n".join(statement(tree_of(node.value), "accuracy = ")) == text


def tree_of(node: ast.expr) -> Tree:
    match node:
        case ast.Name(id=name):
            return Name(name)
        case ast.Constant(value=value):
            return Literal(value)
        case ast.Attribute(value=owner, attr=name):
            return Attribute(tree_of(owner), name)
        case ast.Compare(left=left, comparators=[right]):
            return Binary("==", tree_of(left), tree_of(right))
        case ast.Call(func=function, args=args, keywords=keywords):
            named = tuple((k.arg or "", tree_of(k.value)) for k in keywords)
            return Call(tree_of(function), tuple(map(tree_of, args)), named)
    raise AssertionError(ast.dump(node))
