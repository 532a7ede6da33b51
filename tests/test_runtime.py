"""Emitted source as modules: found by Python and torch, loaded with weights, allowed what it may."""

from __future__ import annotations

import copy
import inspect
import pickle
import traceback
import weakref
from pathlib import Path
from typing import Any

import pytest
from test_python_target import SMALL, examples, model_at, model_of, sizes_of

import dslnet
from dslnet.checkpoints import WeightsMistake
from dslnet.runtime import instantiate, module_from
from dslnet.runtime.filling import weights_path

torch: Any = pytest.importorskip("torch")
torch.set_num_threads(1)


def small(name: str, tmp_path: Path) -> tuple[Any, list[Any], list[Any]]:
    """A module with inputs of two sizes."""
    torch.manual_seed(0)
    model = model_of(SMALL[name], tmp_path)
    return instantiate(model).eval(), examples(model, sizes_of(model)), examples(model, sizes_of(model, 1))


def test_equal_text_is_one_module() -> None:
    text = "value = 1\n"
    assert module_from(text, "a") is module_from(text, "a")
    assert module_from(text, "a") is not module_from(text, "b")


def test_python_finds_the_source(tmp_path: Path) -> None:
    module, inputs, _ = small("decoder", tmp_path)
    assert inspect.getsource(type(module)).startswith("class Decoder(nn.Module):")
    assert "def forward" in inspect.getsource(type(module).forward)
    with pytest.raises(Exception) as caught:
        module(torch.randn(2, 3))
    shown = "".join(traceback.format_exception(caught.value))
    assert "self.wte(tokens)" in shown
    assert torch.equal(pickle.loads(pickle.dumps(module))(*inputs), module(*inputs))
    assert torch.equal(copy.deepcopy(module)(*inputs), module(*inputs))


def test_a_seed_gives_the_same_weights(tmp_path: Path) -> None:
    first, _, _ = small("residual", tmp_path)
    second, _, _ = small("residual", tmp_path)
    for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("name", ["decoder", "shared", "taps", "keys", "sizes"])
def test_torch_compile_takes_all_of_it(name: str, tmp_path: Path) -> None:
    module, inputs, others = small(name, tmp_path)
    compiled = torch.compile(module, fullgraph=True, backend="eager", dynamic=True)
    with torch.no_grad():
        for given in (inputs, others):
            torch.testing.assert_close(tuple(compiled(*given)), tuple(module(*given)))


@pytest.mark.parametrize("name", ["residual", "decoder", "taps"])
def test_torch_export_keeps_free_dimensions(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = model_of(SMALL[name], tmp_path)
    module = instantiate(model).eval()
    auto = torch.export.Dim.AUTO
    shapes = tuple(
        {axis: auto for axis, size in enumerate(i.value.type.sizes) if not isinstance(size, int)}
        for i in model.definition.inputs
    )
    program = torch.export.export(module, tuple(examples(model, sizes_of(model))), dynamic_shapes=shapes)
    others = examples(model, sizes_of(model, 1))
    with torch.no_grad():
        torch.testing.assert_close(tuple(program.module()(*others)), tuple(module(*others)))


def test_no_map_outlives_its_use(tmp_path: Path) -> None:
    """The highest level of a U-Net joins a skip and what comes up, and then holds the joined map only: 2 + 1 maps
    inside a layer, and one more that nn.Sequential keeps."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Peak(TorchDispatchMode):  # type: ignore[misc]
        live, peak = 0, 0

        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            made = function(*args, **(kwargs or {}))
            storage = made.untyped_storage() if isinstance(made, torch.Tensor) else None
            if storage is not None and storage._cdata not in self.known:
                size = storage.nbytes()
                self.known.add(storage._cdata)
                weakref.finalize(storage, self.free, storage._cdata, size)
                self.live += size
                self.peak = max(self.peak, self.live)
            return made

        def free(self, key: int, size: int) -> None:
            self.known.discard(key)
            self.live -= size

    specs = Path(__file__).parents[1] / "specs"
    module = instantiate(model_at(specs / "unet.net", "UNet", width=8)).eval()
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad(), Peak() as memory:
        memory.known = set()
        module(image)
    one = 8 * 64 * 64 * 4
    assert memory.peak <= 5 * one


def test_frozen_weights_have_no_gradient(tmp_path: Path) -> None:
    module, _, _ = small("params", tmp_path)
    assert not module.a.weight.requires_grad and module.scale.requires_grad


def test_weights_are_read_from_beside_the_spec(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.torch")
    text = 'model M:\n  input x: [B, 4]\n  - a: Linear(3, weights="w.safetensors")\n  output y: Linear(2)\n'
    model = model_of(text, tmp_path)
    with pytest.raises(WeightsMistake) as caught:
        instantiate(model)
    assert caught.value.code == "E0801"
    table = {"weight": torch.ones(3, 4), "bias": torch.zeros(3), "unused": torch.zeros(1)}
    safetensors.save_file(table, tmp_path / "w.safetensors")
    module = instantiate(model)
    assert torch.equal(module.a.weight, torch.ones(3, 4)) and not torch.equal(module.y.weight, torch.ones(2, 3))
    safetensors.save_file({"weight": torch.ones(3, 5), "bias": torch.zeros(3)}, tmp_path / "w.safetensors")
    with pytest.raises(WeightsMistake):
        instantiate(model)
    (tmp_path / "w.safetensors").write_bytes(b"nothing")
    with pytest.raises(WeightsMistake):
        instantiate(model)


@pytest.mark.parametrize(
    "name",
    [
        "/etc/w.safetensors",
        "../w.safetensors",
        "a\\b.safetensors",
        "C:w.safetensors",
        "w.pt",
        "a//b.safetensors",
        "~/w.safetensors",
        "w.safetensors ",
        "missing.safetensors",
    ],
)
def test_paths_of_weights(name: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsMistake):
        weights_path(name, tmp_path)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    inner = tmp_path / "specs"
    inner.mkdir()
    (tmp_path / "w.safetensors").write_bytes(b"")
    (inner / "w.safetensors").symlink_to(tmp_path / "w.safetensors")
    with pytest.raises(WeightsMistake):
        weights_path("w.safetensors", inner)


def test_python_boxes_come_only_from_allowed_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_boxes.py").write_text("from torch import nn\n\n\nclass My_Box(nn.Linear):\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    text = 'use python My_Box from "my_boxes"\nmodel M:\n  input x: [B, 4]\n  - My_Box(4, 3) -> [B, 3]\n  output y\n'
    model = model_of(text, tmp_path)
    for refused in ((), ("my",), ("other",)):
        with pytest.raises(PermissionError):
            instantiate(model, allow_python=refused)
    assert instantiate(model, allow_python=["my_boxes"])(torch.randn(2, 4)).shape == (2, 3)


def test_a_wire_under_two_names_is_two_outputs(tmp_path: Path) -> None:
    file = tmp_path / "twice.net"
    body = ("input x: [B, 8]", "- h: Linear(4)", "output h", "output again: h", "output y: Linear(2)")
    file.write_text("model M:\n" + "".join(f"  {line}\n" for line in body))
    made = dslnet.load(str(file)).M()(torch.zeros(3, 8))
    assert made._fields == ("h", "again", "y") and [tuple(o.shape) for o in made] == [(3, 4), (3, 4), (3, 2)]
