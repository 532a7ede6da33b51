"""Whole models in onnxruntime beside torch: the shipped ones, and combinations of what they lack."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

import torch  # noqa: E402
from random_graphs import spec  # noqa: E402
from test_specs import SMALL, graph, names, net  # noqa: E402

import dslnet  # noqa: E402
from dslnet.cli import main  # noqa: E402
from dslnet.onnx import export  # noqa: E402
from dslnet.runtime import instantiate  # noqa: E402
from dslnet.targets.onnx import Weights  # noqa: E402
from dslnet.targets.onnx.folding import fold  # noqa: E402
from dslnet.targets.onnx.inlining import Onnx  # noqa: E402
from dslnet.targets.onnx.verifying import verify  # noqa: E402
from dslnet.targets.onnx.writing import write  # noqa: E402
from dslnet.weights import definition_weights  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


def made(text: str, folder: Path, name: str = "M", **settings: Any) -> Any:
    (folder / "main.net").write_text(text, "utf-8")
    module = dslnet.load(folder / "main.net")[name](**settings).eval()
    stir(module)
    return module


def stir(module: torch.nn.Module) -> None:
    """Statistics and scales that are neither 0 nor 1."""
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point() and tensor.numel() and bool((tensor == tensor.flatten()[0]).all()):
            tensor.copy_(torch.rand_like(tensor) + (0.5 if name.endswith("var") else 0))


@pytest.mark.parametrize("opset", [20, 23])
@pytest.mark.parametrize("name", SMALL)
def test_shipped(name: str, opset: int) -> None:
    """Two sizes of every free dimension, time and space included."""
    model = graph(name, small=True)
    module = instantiate(model).eval()
    stir(module)
    written = write(Onnx(model, Weights(module.state_dict()), opset), "dslnet")
    assert verify(written.data, model, module) <= 1e-5
    proto = onnx.load_from_string(written.data)
    entry = model.definition
    assert [i.name for i in proto.graph.input] == [i.value.name for i in entry.inputs]
    assert [o.name for o in proto.graph.output] == [name for name, _ in entry.outputs]
    for given, value in zip(proto.graph.input, entry.inputs, strict=True):
        shown = [d.dim_param or d.dim_value for d in given.type.tensor_type.shape.dim]
        assert shown == [s if isinstance(s, int) else str(s) for s in value.value.type.sizes]  # type: ignore[union-attr]
    assert {d.dim_param for i in proto.graph.input for d in i.type.tensor_type.shape.dim} - {""} == set(model.free)
    stored = {i.name for i in proto.graph.initializer}
    needed = {weight.name for weight in definition_weights(model, model.entry)}
    moved = {key for key in needed if any(part in key for part in ("_ih_l", "_hh_l", "num_batches"))}
    unread = set(SMALL[name].unread)
    assert needed - moved - unread <= stored, "weights have their paths as names"
    assert not unread & stored


@pytest.mark.parametrize("name", names())
def test_full_size(name: str) -> None:
    """The graph of every shipped model at its own arguments, weights left out."""
    model = graph(name)
    for opset in (20, 23):
        made = Onnx(model, Weights({}), opset)
        assert [name for name, _ in made.outputs] == [name for name, _ in model.definition.outputs]


@pytest.mark.parametrize(
    "file, name, like", [("resnet", "ResNet18", ""), ("unet", "UNet", ""), ("vgg", "VGG16BN", "VGG16")]
)
def test_folded(file: str, name: str, like: str) -> None:
    """No batch norm is left behind a convolution, and the numbers are the same to rounding."""
    model = net(file)[name].graph(**SMALL[f"{file}:{like or name}"].settings)
    module = instantiate(model).eval()
    stir(module)
    made = Onnx(model, Weights(module.state_dict()))
    norms = sum(node.kind == "BatchNormalization" for node in made.nodes)
    assert fold(made) == norms > 0
    assert verify(write(made, "dslnet").data, model, module) <= 1e-5


BLOCKS = {
    "attention": """
model M:
  input x: [B, T, 8]
  input memory: [B, S, 6]
  input mask: [B, S] bool
  - Attention(4, kv_heads=2) with (memory, mask)
  - Attention(2, causal=true, rope=10000)
  - Attention(2, causal=true)
  output y: SwiGLU(12) -> RMSNorm
""",
    "positions": """
model M:
  input x: [B, T, 8]
  input ids: [B, T] long < 9
  bias: ids -> RelativeBias(2)
  q: x -> Linear(8) -> Rearrange("b t (h e) -> b h t e", h=2)
  k: x -> Linear(8) -> Rearrange("b t (h e) -> b h t e", h=2)
  v: x -> Linear(8) -> Rearrange("b t (h e) -> b h t e", h=2)
  seen: (q, k, v) -> DotProductAttention(causal=true) with (position=bias)
  output y: seen -> Rearrange("b h t e -> b t (h e)")
""",
    "cells": """
block Cell(width):
  input x: [B, D]
  input all: [B, T, D]
  state h: [B, width] = 0.5
  more: all -> Mean(axis=1)
  new: (x, h, more) -> Concat -> Linear(width) -> Tanh
  next h: new
  output new
  output twice: new * 2

model M:
  input x: [B, T, 4]
  input start: [B, 5]
  first: x -> GRU(6)
  cell: x ->
    - scan: Cell(5) with x
  plain: x ->
    - scan: RNNCell(5) with (h=start)
  output y: first -> Last
  output z: cell.twice + plain
  output h: cell.h
""",
    "shared": """
model M:
  input a: [B, 8]
  input b: [B, 8]
  tower: Linear(6) -> ReLU -> Linear(6)
  one: a -> tower
  two: b -> tower
  output near: (one, two) -> CosineSimilarity
  output far: abs(one - two) -> Sum(axis=1)
""",
    "constraints": """
model M:
  input x: [B, 3, H, W]
  - SpectralNorm:
      - Conv(8, 3) -> ReLU
      - ConvTranspose(6, 2, stride=2) -> ConvTranspose(6, 3)
  - WeightNorm:
      - Conv(4, 3, stride=2)
  - GlobalAvgPool
  - WeightNorm: Linear(3)
  output y: Softmax
""",
    "graphs": """
model M:
  input x: [N, 6]
  input edges: [2, E] long < N
  - GraphConv(5) with edges -> ReLU
  - GraphAttention(4, heads=2) with edges
  - GraphSAGE(4) with edges
  output y: GINConv(3) with edges
""",
    "mixture": """
model M:
  input x: [B, T, 8]
  - residual:
      - RMSNorm
      - MoE(4, top=2):
          - Linear(16) -> GELU -> Linear(8)
  output y: Linear(2)
""",
    "names": """
model M:
  input x: [B, 4]
  param pos: [4] = Normal(0.02)
  - "a-b": Linear(4)
  head: x -> Linear(4)
  - residual:
      - g:
          weight: x -> ReLU
          - Linear(4)
          - Add with weight
  output y: Add with head
  output pos
  output x
""",
    "averaged": """
model M:
  input x: [B, T, 8]
  tower: Linear(6) -> Tanh -> Linear(5)
  slow: EMA(tower, 0.99)
  quick: x -> tower
  held: x -> slow
  output y: quick - held
  output z: held -> Linear(2)
""",
    "trained": """
model M:
  input x: [B, T, 8]
  target label: [B, T] long < 5
  student body: Linear(8) -> ReLU
  logits: x -> body -> Linear(5)
  teacher big: x -> Linear(9) -> ReLU -> Linear(5)
  slow: EMA(body, 0.9)
  far: x -> slow
  output logits
  loss hard: logits -> CrossEntropy to label
  loss soft: logits -> Distill(4) to big
  loss near: (x -> body) -> MSE to far
""",
    "compared": """
model M:
  input x: [B, T, 8]
  input label: [B, T] long < 5
  input image: [B, 1, H, W]
  logits: x -> Linear(5)
  output loss: logits -> CrossEntropy(label_smoothing=0.1) to label
  output right: logits -> Accuracy(top=2) to label
  masked: image -> Conv(1, 3) -> Sigmoid
  output overlap: masked -> Dice to image
  output fooled: x -> Linear(1) -> BCELogits to 1
""",
    "taps": """
model M:
  input x: [B, 3, H, W]
  require: H % 8 == 0 and W % 8 == 0
  - stages: repeat i in 3: Conv(4 * 2 ** i, 3) -> ReLU -> MaxPool(2)
  output all: Mean(axis=[2, 3])
  mix: x ->
    - concat:
        | Conv(4, 1)
        | Conv(4, 3) -> BatchNorm
  output wide: mix -> Upsample(2) -> Conv(1, 1)
  output input: x
""",
}


MORE = int(os.environ.get("DSLNET_EXAMPLES", "1"))


@pytest.mark.parametrize("batch", range(6))
def test_random_graphs(batch: int, tmp_path: Path) -> None:
    """`random_graphs.py` writes specs that are right by construction; at both opsets the graph is the module."""
    for seed in range(batch * 5 * MORE, (batch + 1) * 5 * MORE):
        text, _ = spec(seed)
        module = made(text, tmp_path)
        for opset in (20, 23):
            written = write(Onnx(type(module).__graph__, Weights(module.state_dict()), opset), "dslnet")
            assert verify(written.data, type(module).__graph__, module) <= 1e-5, text


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks(name: str, tmp_path: Path) -> None:
    module = made(BLOCKS[name].lstrip("\n"), tmp_path)
    assert export(module, tmp_path / "m.onnx") <= 1e-5  # type: ignore[operator]
    assert export(module, tmp_path / "m.onnx", opset=23) <= 1e-5  # type: ignore[operator]


def test_what_only_training_needs_is_left_out(tmp_path: Path) -> None:
    """Targets, losses, teachers and averaged copies: of their weights, none is in the file, from here or there."""
    module = made(BLOCKS["trained"].lstrip("\n"), tmp_path)
    assert any(name.startswith("big") for name in module.state_dict())
    export(module, tmp_path / "m.onnx")
    assert main(["compile", str(tmp_path / "main.net"), "-o", str(tmp_path / "n.onnx")]) == 0
    for name in ("m.onnx", "n.onnx"):
        proto = onnx.load(str(tmp_path / name))
        assert [i.name for i in proto.graph.input] == ["x"]
        stored = {i.name for i in proto.graph.initializer if not i.name.startswith("constant")}
        assert stored and all(n.startswith(("body", "logits")) for n in stored), stored
