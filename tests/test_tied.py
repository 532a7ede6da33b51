"""Weights that are read across the border of a block: `Unembed(bert.words)`."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

import torch  # noqa: E402
from checking import check_text, runs  # noqa: E402
from view_text import written  # noqa: E402

import dslnet  # noqa: E402
from dslnet.graph import Model  # noqa: E402
from dslnet.targets.json import read_json, write_json  # noqa: E402
from dslnet.targets.onnx import Weights  # noqa: E402
from dslnet.targets.onnx.inlining import Onnx  # noqa: E402
from dslnet.targets.onnx.verifying import verify  # noqa: E402
from dslnet.targets.onnx.writing import write  # noqa: E402

TEXT = """\
block Bert(vocab, d):
  input tokens: [B, T] long < vocab
  words: Embedding(vocab, d)
  - tokens -> words
  - residual: Linear(d)

block Deep(vocab, d):
  input tokens: [B, T] long < vocab
  - group:
      - bert: Bert(vocab, d)
  - ReLU

block Scores(table):
  input x: [B, T, d]
  - Unembed(table)

block Halves(vocab, d):
  input tokens: [B, T] long < vocab
  class: Embedding(vocab, d)
  other: Embedding(vocab, d)
  output first: tokens -> class
  output second: tokens -> other

model Plain(vocab=20):
  input tokens: [B, T] long < vocab
  bert: tokens -> Bert(vocab, 16)
  - bert -> Linear(16)
  output logits: Unembed(bert.words)

model Nested(vocab=20):
  input tokens: [B, T] long < vocab
  net: tokens -> Deep(vocab, 16)
  - net -> Linear(16)
  output logits: Unembed(net.group.bert.words)

model Passed(vocab=20):
  input tokens: [B, T] long < vocab
  bert: tokens -> Bert(vocab, 16)
  - bert
  - head:
      - Linear(16)
      - LayerNorm
      - Scores(bert.words)
  output logits

model Rounds(vocab=16):
  input tokens: [B, T] long < vocab
  bert: tokens -> Bert(vocab, 16)
  - bert
  - repeat 3: Linear(16) -> Unembed(bert.words)
  output logits

model Grouped(vocab=20):
  input tokens: [B, T] long < vocab
  - encoder:
      - bert: Bert(vocab, 16)
      - ReLU
      - Linear(16)
  output logits: Unembed(encoder.bert.words)

model Shared(vocab=20):
  input tokens: [B, T] long < vocab
  input more: [B, T] long < vocab
  bert: Bert(vocab, 16)
  a: tokens -> bert
  b: more -> bert
  output logits: a + b -> Unembed(a.words)

model Cut(vocab=20):
  input tokens: [B, T] long < vocab
  h: tokens -> Halves(vocab, 8)
  output logits: h.first -> Unembed(h.other)

model Trained(vocab=20):
  input tokens: [B, T] long < vocab
  target label: [B, T] long < vocab
  net: tokens -> Bert(vocab, 16)
  - tail: net -> Linear(16)
  output logits: Unembed(net.words)
  loss: logits -> CrossEntropy to label
  train net: loss
"""
KEYS = {
    "Plain": "bert.words.weight bert.linear1.weight bert.linear1.bias linear1.weight linear1.bias",
    "Nested": "net.group.bert.words.weight net.group.bert.linear1.weight net.group.bert.linear1.bias linear1.weight "
    "linear1.bias",
    "Passed": "bert.words.weight bert.linear1.weight bert.linear1.bias head.linear1.weight head.linear1.bias "
    "head.ln1.weight head.ln1.bias",
    "Rounds": "bert.words.weight bert.linear1.weight bert.linear1.bias repeat1.0.weight repeat1.0.bias "
    "repeat1.1.weight repeat1.1.bias repeat1.2.weight repeat1.2.bias",
    "Grouped": "encoder.bert.words.weight encoder.bert.linear1.weight encoder.bert.linear1.bias "
    "encoder.linear1.weight encoder.linear1.bias",
    "Shared": "bert.words.weight bert.linear1.weight bert.linear1.bias",
    "Cut": "h.class.weight h.other.weight",
    "Trained": "net.words.weight net.linear1.weight net.linear1.bias tail.weight tail.bias",
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    report, found = check_text(TEXT, tmp_path_factory.mktemp("tied"))
    assert not report.diagnostics
    return found


@pytest.mark.parametrize("name", KEYS)
def test_a_table_inside_a_block_is_one_table(name: str, models: dict[str, Model]) -> None:
    """The keys, the shapes at two sizes in two precisions, the graph through JSON, and the same in onnxruntime."""
    model = models[name]
    module = runs(model)
    assert list(module.state_dict()) == KEYS[name].split()
    assert write_json(read_json(write_json(model))) == write_json(model)
    made = write(Onnx(model, Weights(module.state_dict())), "dslnet")
    assert verify(made.data, model, module) <= 1e-5


def test_the_scores_are_those_of_the_table(models: dict[str, Model]) -> None:
    module = runs(models["Plain"])
    table, body = module.get_submodule("bert.words"), module.get_submodule("bert")
    tokens = torch.tensor([[1, 5, 3]])
    wanted = module.get_submodule("linear1")(body(tokens)) @ table.weight.T
    assert torch.equal(module(tokens), wanted)
    module(tokens).sum().backward()
    # each row is scored, also those that no token read
    assert bool((table.weight.grad != 0).any(dim=1).all())


def test_a_table_that_nothing_flows_through_is_there_all_the_same(models: dict[str, Model]) -> None:
    module = runs(models["Cut"])
    with torch.no_grad():
        tokens = torch.tensor([[1, 5, 3]])
        first = module.get_submodule("h.class")(tokens)
        assert torch.equal(module(tokens), first @ module.get_submodule("h.other").weight.T)


def test_training_knows_whose_table_it_is(models: dict[str, Model]) -> None:
    from dslnet.analysis.training import Training

    training = Training(models["Trained"])
    assert set(training.gradients) == {"net", "net.words", "tail"}
    assert training.reached(["net"], ["loss"]) and training.reached(["tail"], ["loss"])


@pytest.mark.parametrize(("model", "table"), [("Plain", "bert.words"), ("Nested", "net.group.bert.words")])
def test_both_uses_are_marked_in_a_drawing(model: str, table: str, tmp_path: Path) -> None:
    (tmp_path / "m.net").write_text(TEXT, "utf-8")
    view = written(dslnet.load(tmp_path / "m.net").draw(model, level="full").view)
    assert view.count(f"⇄ {table}") == 3, view  # the table, its other use, and what the sign means
