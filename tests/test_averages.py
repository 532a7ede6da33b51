"""Averaged copies (`EMA`): wherever they stand, they are of the class of what they follow, are listed, exported, moved
on, and begin as it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from safetensors.torch import save_file

import dslnet
import dslnet.onnx
from dslnet.graph import Model
from dslnet.targets.names import names
from dslnet.targets.python import emit
from dslnet.weights import definition_weights

EMA = """
block Ema(k=1):
  input x: [B, d]
  net: Linear(8)
  slow: EMA(net, 0.9)
  - (x -> net) + k * (x -> slow -> StopGrad)

block Bodies:
  input x: [B, d]
BODY
  - last: Linear(8)

model Net:
  input x: [B, 8]
  target z: [B, 8]
USE
  output y: Linear(8)
  loss l: y -> MSE to z
"""
TAPPED = """
block Encoder:
  input x: [B, d]
  - h: Linear(8) -> ReLU
  - Linear(8)

model Net:
  input x: [B, 8]
  target z: [B, 8]
  net: Encoder
  slow: EMA(net, 0.9)
  a: x -> net
  b: x -> slow
  loss l: a -> MSE to z
  loss k: a.h -> MSE to (b -> StopGrad)
  output y: OUTPUT
"""
ALONE = """
model Net:
  input x: [B, 8]
  target z: [B, 8]
  net: BOX
  slow: EMA(net, 0.9)
  a: x -> net
  loss l: a -> MSE to z
  output y: x -> slow
"""


def written(folder: Path, text: str) -> Any:
    file = folder / "spec.net"
    file.write_text(text, "utf-8")
    return dslnet.load(file)


def keys(model: Model, training: bool = True) -> list[str]:
    return [w.name for w in definition_weights(model, model.training if training and model.training else model.entry)]


@pytest.mark.parametrize(
    "body",
    [
        "  - repeat 3: Ema",
        "  - layers: repeat 3: Ema",
        "  - 0: Linear(8)\n  - repeat 3: Ema",
        "  - 0: Linear(8)\n  - repeat i in 4: Ema(i * i)",
        '  - repeat i in 3:\n      - "layer{i}": Ema',
        "  - MoE(2, top=1):\n      - Ema",
        "  - concat:\n      | each 3: Ema",
    ],
)
@pytest.mark.parametrize("inside", [True, False])
def test_copies_move_on_wherever_they_stand(body: str, inside: bool, tmp_path: Path) -> None:
    text = EMA.replace("USE", "  - Bodies" if inside else body)
    text = text.replace("BODY", body) if inside else text
    model = written(tmp_path, text if inside else text.replace("BODY", "  - Tanh")).Net()
    assert list(model.state_dict()) == keys(type(model).__graph__)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 1
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "slow" not in name:
                parameter += 1
    model.average()
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name] + (0.1 if "slow" in name else 1))
    assert any("slow" in name for name in before)
    model.losses({"x": torch.randn(4, 8), "z": torch.randn(4, 8)})


@pytest.mark.parametrize("output", ["a", "b", "a + b", "a.h + b", "a.h", "b.h"])
def test_a_copy_gives_what_its_source_gives(output: str, tmp_path: Path) -> None:
    net = written(tmp_path, TAPPED.replace("OUTPUT", output))
    model = net.Net()
    x = torch.randn(4, 8)
    assert model(x).shape == (4, 8) and set(model.losses({"x": x, "z": x})) == {"l", "k"}
    graph = type(model).__graph__
    alone: dict[str, Any] = {}
    exec(compile(emit(graph, inference=True), "spec.py", "exec"), alone)
    only = alone["Net"]()
    assert list(only.state_dict()) == keys(graph, training=False)
    only.load_state_dict({name: model.state_dict()[name] for name in only.state_dict()})
    torch.testing.assert_close(only(x), model(x))


@pytest.mark.parametrize("box", ["Linear(8)", "Sequential: Linear(8) -> ReLU -> Linear(8)", "SpectralNorm: Linear(8)"])
def test_an_output_of_a_copy_is_listed_and_exported(box: str, tmp_path: Path) -> None:
    model = written(tmp_path, ALONE.replace("BOX", box)).Net()
    graph = type(model).__graph__
    listed = [line.split()[0] for line in names(graph).splitlines()]
    assert listed == [name for name in model.state_dict() if name.startswith("slow.")]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += torch.randn_like(parameter)
    model.eval()
    difference = dslnet.onnx.export(model, tmp_path / "net.onnx")
    assert difference is not None and difference < 1e-4


def test_a_copy_begins_as_what_it_follows_whatever_file_that_came_from(tmp_path: Path) -> None:
    ones = {"weight": torch.ones(8, 8), "bias": torch.ones(8)}
    save_file(ones, tmp_path / "ones.safetensors")
    model = written(tmp_path, ALONE.replace("BOX", 'Linear(8, weights="ones.safetensors")')).Net()
    assert all(bool((value == 1).all()) for value in model.state_dict().values())

    net = written(tmp_path, ALONE.replace("BOX", "Linear(8)").replace("x -> slow", "(x -> slow) + a"))
    save_file({f"net.{name}": value for name, value in ones.items()}, tmp_path / "net.safetensors")
    model = net.Net(weights=tmp_path / "net.safetensors")
    assert all(bool((value == 1).all()) for value in model.state_dict().values())

    whole = {name: value + name.startswith("slow") for name, value in model.state_dict().items()}
    save_file(whole, tmp_path / "whole.safetensors")
    model = net.Net(weights=tmp_path / "whole.safetensors")
    assert {name: float(value.flatten()[0]) for name, value in model.state_dict().items()} == {
        "net.weight": 1, "net.bias": 1, "slow.weight": 2, "slow.bias": 2
    }  # fmt: skip


def test_weights_of_boxes_inside_experts_are_read(tmp_path: Path) -> None:
    save_file({"weight": torch.ones(8, 8), "bias": torch.ones(8)}, tmp_path / "ones.safetensors")
    text = """
model Net:
  input x: [B, 8]
  - MoE(2, top=1): Linear(8, weights="ones.safetensors")
  output y: Tanh
"""
    model = written(tmp_path, text).Net()
    experts = {name: value for name, value in model.state_dict().items() if "experts" in name}
    assert len(experts) == 4 and all(bool((value == 1).all()) for value in experts.values())
    assert numpy.isfinite(model(torch.randn(4, 8)).detach().numpy()).all()
