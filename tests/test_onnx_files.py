"""The file that `compile -o x.onnx` writes: weights, seals, large models, and what is said when it cannot be."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

import numpy  # noqa: E402
import torch  # noqa: E402
from onnx_harness import difference, session  # noqa: E402

import dslnet  # noqa: E402
from dslnet.checkpoints import WeightsMistake, read_tensors  # noqa: E402
from dslnet.cli import main  # noqa: E402
from dslnet.diagnostics import NetError, Report  # noqa: E402
from dslnet.onnx import export  # noqa: E402
from dslnet.seals import unchanged  # noqa: E402
from dslnet.targets.onnx import Weights  # noqa: E402
from dslnet.targets.onnx import export as write_model  # noqa: E402

SPEC = """
## A small one.
## paper: None, 2024
model M(width=6):
  input image: [B, 3, H, W]
  - Conv(width, 3, bias=false) -> BatchNorm -> ReLU
  - residual: Conv(width, 3) -> BatchNorm
  - GlobalAvgPool
  - head: Linear(4)
  output logits: [B, 4]
"""


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "main.net"
    path.write_text(SPEC, "utf-8")
    return path


def module_of(net: Path) -> Any:
    torch.manual_seed(1)
    module = dslnet.load(net).M().eval()
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point() and name.startswith(("bn", "running")):
            tensor.copy_(torch.rand_like(tensor) + 0.5)
    return module


def safetensors(path: Path, tensors: dict[str, Any]) -> Path:
    """A file in that format, by hand."""
    names = {"float32": "F32", "int64": "I64", "float16": "F16"}
    table, body = {}, b""
    for name, value in tensors.items():
        array = value.numpy() if hasattr(value, "numpy") else value
        data = numpy.ascontiguousarray(array).tobytes()
        place = [len(body), len(body) + len(data)]
        table[name] = {"dtype": names[str(array.dtype)], "shape": list(array.shape), "data_offsets": place}
        body += data
    head = json.dumps(table).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + body)
    return path


def test_command(net: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "m.onnx"
    weights = safetensors(tmp_path / "w.safetensors", module_of(net).state_dict())
    assert main(["compile", str(net), "-o", str(out), "--weights", str(weights)]) == 0
    assert "onnxruntime differs by" in capsys.readouterr().err
    proto = onnx.load(str(out))
    about = {entry.key: entry.value for entry in proto.metadata_props}
    assert about["paper"] == "None, 2024" and about["spec"] == "main.net" and len(about["spec_sha256"]) == 64
    assert (proto.producer_name, proto.producer_version) == ("dslnet", dslnet.__version__)
    assert (proto.opset_import[0].version, proto.ir_version) == (20, 9)
    assert {node.name for node in proto.graph.node} >= {"conv1", "bn1", "head"}
    assert next(node for node in proto.graph.node if node.name == "head").doc_string == "main.net:9"
    shape = [d.dim_param or d.dim_value for d in proto.graph.input[0].type.tensor_type.shape.dim]
    assert shape == ["B", 3, "H", "W"]


def test_what_is_ours_is_written_again(net: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.onnx"
    words = ["compile", str(net), "-o", str(out)]
    assert main(words) == 0
    first = out.read_bytes()
    assert unchanged(first)
    assert main(words) == 0
    assert out.read_bytes() == first, "the same bytes every time"
    out.write_bytes(first + b" ")
    assert main(words) == 1
    assert out.read_bytes() == first + b" "
    assert main([*words, "--force"]) == 0
    assert out.read_bytes() == first


def test_without_torch(net: Path, tmp_path: Path) -> None:
    weights = safetensors(tmp_path / "w.safetensors", module_of(net).state_dict())
    out = tmp_path / "m.onnx"
    code = (
        "import sys; sys.modules['torch'] = sys.modules['safetensors'] = sys.modules['onnxruntime'] = None\n"
        "from dslnet.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    words = ["compile", str(net), "-o", str(out), "--weights", str(weights)]
    run = [sys.executable, "-c", code, *words]
    done = subprocess.run([*run, "--no-verify"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    image = torch.randn(2, 3, 9, 11)
    (found,) = session(out.read_bytes()).run(None, {"image": image.numpy()})
    with torch.no_grad():
        assert difference(module_of(net)(image), found) <= 1e-5
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 2 and "needs the package torch" in done.stderr


def test_live_module(net: Path, tmp_path: Path) -> None:
    module = module_of(net)
    module.train()
    assert export(module, tmp_path / "m.onnx") <= 1e-5  # type: ignore[operator]
    assert module.training
    assert export(module, tmp_path / "m.onnx", verify=False) is None
    with pytest.raises(TypeError, match="Linear was not made from a spec"):
        export(torch.nn.Linear(2, 3), tmp_path / "m.onnx")
    with pytest.raises(ValueError, match="opset 7"):
        export(module, tmp_path / "m.onnx", opset=7)
    (tmp_path / "yours.onnx").write_bytes(b"yours")
    with pytest.raises(NetError, match="E0810"):
        export(module, tmp_path / "yours.onnx")


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_other_precisions(net: Path, tmp_path: Path, dtype: torch.dtype) -> None:
    """The file is in single precision; the module stays as it is."""
    module = module_of(net).to(dtype)
    assert export(module, tmp_path / "m.onnx") <= 1e-5  # type: ignore[operator]
    assert {p.dtype for p in module.parameters()} == {dtype}
    proto = onnx.load(str(tmp_path / "m.onnx"))
    assert {i.data_type for i in proto.graph.initializer if not i.name.startswith("constant")} == {1}


def test_a_compiled_module(net: Path, tmp_path: Path) -> None:
    assert export(torch.compile(module_of(net)), tmp_path / "m.onnx") <= 1e-5  # type: ignore[arg-type, operator]


def test_fold(net: Path, tmp_path: Path) -> None:
    module = module_of(net)
    assert export(module, tmp_path / "m.onnx", fold=True) <= 1e-5  # type: ignore[operator]
    kinds = [node.op_type for node in onnx.load(str(tmp_path / "m.onnx")).graph.node]
    assert "BatchNormalization" not in kinds and kinds.count("Conv") == 2


def test_weights_beside_the_file(net: Path, tmp_path: Path) -> None:
    """As for more than 2 GB, at a smaller limit; the file and the weights that it names belong together."""
    graph = dslnet.load(net).M.graph(width=40)
    module = dslnet.load(net).M(width=40).eval()
    out, report = tmp_path / "m.onnx", Report()
    done = write_model(graph, str(out), Weights(module.state_dict()), report, module=module, largest=1000)
    assert done is not None and done.difference is not None and done.difference <= 1e-5
    (beside,) = tmp_path.glob("*.data")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["main.net", "m.onnx", beside.name])
    assert out.stat().st_size < beside.stat().st_size and unchanged(out.read_bytes())
    image = torch.randn(2, 3, 9, 11)
    import onnxruntime

    runner = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        assert difference(module(image), runner.run(None, {"image": image.numpy()})[0]) <= 1e-5
    # a file of the user's is not replaced, and nothing is left beside it
    yours = tmp_path / "yours.onnx"
    yours.write_bytes(b"yours")
    assert write_model(graph, str(yours), Weights(module.state_dict()), report, largest=1000) is None
    assert yours.read_bytes() == b"yours" and report.diagnostics[0].code == "E0810"
    assert list(tmp_path.glob("*.data")) == [beside]


def test_a_graph_that_differs_is_not_written(net: Path, tmp_path: Path) -> None:
    made = dslnet.load(net).M
    report, out = Report(), tmp_path / "m.onnx"
    other = made().eval()
    assert write_model(made.graph(), str(out), Weights(made().state_dict()), report, module=other) is None
    assert [d.code for d in report.diagnostics] == ["E0821"] and not out.exists()


def test_what_has_no_form_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "main.net"
    (tmp_path / "their_boxes.py").write_text("from torch import nn\n\n\nclass Wave(nn.Linear):\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    text = 'use python Wave from "their_boxes"\nmodel M:\n  input x: [B, 3]\n  output z: x -> Wave(3, 4) -> [B, 4]\n'
    path.write_text(text, "utf-8")
    words = ["compile", str(path), "-o", str(tmp_path / "m.onnx")]
    assert main(words) == 1
    assert "E0818" in capsys.readouterr().err
    for more in ((), ("--no-verify",)):
        assert main([*words, "--allow-python", "their_boxes", *more]) == 1
        error = capsys.readouterr().err
        assert "E0820" in error and "`Wave` is Python code and has no ONNX form" in error and "main.net:4" in error
    assert not (tmp_path / "m.onnx").exists()
    module = dslnet.load(path, allow_python=["their_boxes"]).M()
    with pytest.raises(NetError, match="E0820"):
        export(module, tmp_path / "m.onnx")


@pytest.mark.parametrize(
    "lines, said",
    [
        (
            "input x: [B, 3, T, 8]\n  output y: x -> MaxPool([T // 2, 2])",
            "a window of a size that is known only at run",
        ),
        ("input x: [B, T, 8]\n  - MoE(2):\n      - SinePositions\n  output y", "the number of vectors that an expert"),
    ],
)
def test_sizes_that_cannot_be(lines: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "main.net"
    path.write_text(f"model M:\n  {lines}\n", "utf-8")
    assert main(["compile", str(path), "-o", str(tmp_path / "m.onnx")]) == 1
    error = capsys.readouterr().err
    assert "E0820" in error and said in error and "main.net:" in error, error
    assert not (tmp_path / "m.onnx").exists()


@pytest.mark.parametrize(
    "words, said",
    [
        (["--weights", "{}/none.safetensors"], "E0801"),
        (["--weights", "{}/main.net"], "E0817"),
        (["--weights", "{}/less.safetensors"], "E0823"),
        (["--weights", "{}/other.safetensors"], "E0823"),
        (["--opset", "19"], "none of 20 to"),
    ],
)
def test_mistakes(net: Path, tmp_path: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    state = dict(module_of(net).state_dict())
    safetensors(tmp_path / "other.safetensors", {**state, "head.bias": torch.zeros(7)})
    del state["head.bias"]
    safetensors(tmp_path / "less.safetensors", state)
    out = tmp_path / "m.onnx"
    assert main(["compile", str(net), "-o", str(out), *(w.format(tmp_path) for w in words)]) in (1, 2)
    assert said in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x01", struct.pack("<Q", 2**62) + b"{}", struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 2) + b"\xff\xff",
        *(
            struct.pack("<Q", len(head)) + head + b"\0" * 8
            for head in (
                b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,80]}}',
                b'{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}',
                b'{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}',
                b'{"a":{"dtype":"X","shape":[2],"data_offsets":[0,8]}}',
                b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}',
                b'{"a":{"dtype":"F32","shape":[2]}}', b'{"a":3}', b"[" * 100_000,
            )
        ),
    ],
)  # fmt: skip
def test_a_broken_weights_file(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(data)
    with pytest.raises(WeightsMistake):
        read_tensors(str(path))


def test_half_precision_is_read_as_single(tmp_path: Path) -> None:
    values = numpy.array([[1.5, -2.25]], "f2")
    weights = Weights(read_tensors(str(safetensors(tmp_path / "w.safetensors", {"a": values}))))
    assert weights.array("a").dtype == numpy.float32 and (weights.array("a") == values).all()
    bits = (numpy.array([1.5, -2.25], "f4").view("u4") >> 16).astype("u2").tobytes()
    head = json.dumps({"b": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    (tmp_path / "b.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + bits)
    assert Weights(read_tensors(str(tmp_path / "b.safetensors"))).array("b").tolist() == [1.5, -2.25]
