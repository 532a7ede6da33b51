"""How fast a module becomes an ONNX file, and how fast that file runs, beside torch's own exporter.

Export: 1,000 small Linear + ReLU layers, and ResNet-18 with its weights, each from a live module to a file, not
compared; torch's `torch.onnx.export(dynamo=True)` exports the same module. Result: ResNet-18, ViT and GPT-2, both
files in onnxruntime. All of it on one thread and in processor time, for others may be using the machine; the two sides
take turns, and the best of several runs counts. Run `python benchmarks/onnx_export.py`. Needs torch, onnx, onnxscript
and onnxruntime.
"""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnxruntime
import torch

import dslnet
from dslnet.onnx import export

SPECS = Path(__file__).parent.parent / "specs"
LAYERS = """
model Deep(layers=1000):
  input x: [B, 16]
  - body: repeat layers: Linear(16) -> ReLU
  output y: body
"""
#: What is run: the model, its arguments, and an example of its input.
MODELS: dict[str, tuple[str, dict[str, Any], Callable[[], torch.Tensor]]] = {
    "ResNet-18": ("resnet.net", {"model": "ResNet18"}, lambda: torch.randn(2, 3, 224, 224)),
    "ViT": ("vit.net", {"model": "ViT", "d": 192, "heads": 3}, lambda: torch.randn(2, 3, 224, 224)),
    "GPT-2": ("gpt2.net", {"model": "GPT2", "layers": 6, "vocab": 5000}, lambda: torch.randint(0, 5000, (2, 128))),
}


def best(runs: int, *calls: Callable[[], object]) -> list[float]:
    """The least processor time of each call, in seconds; they take turns."""
    found = [float("inf")] * len(calls)
    for _ in range(runs):
        for number, call in enumerate(calls):
            start = time.process_time()
            call()
            found[number] = min(found[number], time.process_time() - start)
    return found


def theirs(module: torch.nn.Module, example: torch.Tensor, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (example,), str(path), dynamo=True, verbose=False)


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def exporting(folder: Path) -> None:
    (folder / "deep.net").write_text(LAYERS, "utf-8")
    deep = dslnet.load(folder / "deep.net").Deep().eval()
    resnet = dslnet.load(SPECS / "resnet.net").ResNet18().eval()
    print("| export | dslnet | torch | ratio |\n|---|---|---|---|")
    for name, module, example in (
        ("1,000 Linear + ReLU", deep, torch.randn(2, 16)),
        ("ResNet-18", resnet, torch.randn(2, 3, 64, 64)),
    ):
        path = folder / "ours.onnx"
        (ours,) = best(5, lambda m=module, p=path: export(m, p, verify=False, force=True))  # type: ignore[misc]
        (other,) = best(1, lambda m=module, x=example: theirs(m, x, folder / "theirs.onnx"))  # type: ignore[misc]
        print(f"| {name} | {ours * 1000:.0f} ms | {other * 1000:.0f} ms | 1/{other / ours:.0f} |", flush=True)


def running(folder: Path, runs: int) -> None:
    print("\n| one run in onnxruntime | dslnet | torch | ratio |\n|---|---|---|---|")
    for name, (file, arguments, make) in MODELS.items():
        given = dict(arguments)
        module = dslnet.load(SPECS / file)[given.pop("model")](**given).eval()
        example = make()
        export(module, folder / f"{name}.onnx", verify=False)
        theirs(module, example, folder / f"{name}-torch.onnx")
        sides = [session(folder / f"{name}.onnx"), session(folder / f"{name}-torch.onnx")]
        feeds = [{side.get_inputs()[0].name: example.numpy()} for side in sides]
        outs = [side.run(None, feed)[0] for side, feed in zip(sides, feeds, strict=True)]
        assert abs(outs[0] - outs[1]).max() < 1e-3
        ours, other = best(
            runs,
            *(lambda s=side, f=feed: s.run(None, f) for side, feed in zip(sides, feeds, strict=True)),  # type: ignore[misc]
        )
        print(f"| {name} | {ours * 1000:.1f} ms | {other * 1000:.1f} ms | {ours / other:.2f} |", flush=True)


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as name:
        exporting(Path(name))
        running(Path(name), int(sys.argv[1]) if len(sys.argv) > 1 else 20)


if __name__ == "__main__":
    main()
