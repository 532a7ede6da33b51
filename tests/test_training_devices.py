"""Several processes: the parameters of one process with the same global batch, and runs that go on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
numpy = pytest.importorskip("numpy")
pytest.importorskip("lightning_fabric")

from safetensors.torch import load_file  # noqa: E402
from training_specs import ADVERSARIAL  # noqa: E402

ROOT = Path(__file__).parent.parent
CLASSIFIER = """\
model Net(classes=3):
  input x: [B, 6]
  target label: [B] long < classes
  - hidden: Linear(16) -> ReLU
  output logits: Linear(classes)
  loss ce: logits -> CrossEntropy to label
  optimizer: AdamW(lr=1e-2)
"""
#: A table that the scores are tied to: weights that are read outside their module.
TIED = """\
model Net(vocab=12):
  input tokens: [B, T] long < vocab
  target next: [B, T] long < vocab
  wte: Embedding(vocab, 8)
  - tokens -> wte
  - body: Linear(8) -> Tanh
  output logits: Unembed(wte)
  loss ce: logits -> CrossEntropy to next
"""
SPECS = {"classifier": CLASSIFIER, "adversarial": ADVERSARIAL, "tied": TIED}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    numbers = numpy.random.default_rng(0)
    for name, text in SPECS.items():
        (tmp_path / f"{name}.net").write_text(text)
    # 27 rows: batches of 10, 10 and 7, of which the last is dealt out unevenly
    x, z = (numbers.normal(size=(27, size)).astype("float32") for size in (6, 4))
    numpy.savez("classifier.npz", x=x, label=numbers.integers(0, 3, 27))
    numpy.savez("adversarial.npz", real=x, z=z)
    numpy.savez("tied.npz", tokens=numbers.integers(0, 12, (27, 5)), next=numbers.integers(0, 12, (27, 5)))


def train(name: str, out: str, *words: str, epochs: int = 2) -> dict[str, Any]:
    """The weights after a run of the command."""
    line = [
        sys.executable, "-m", "dslnet", "train", f"{name}.net", "--data", f"{name}.npz", "--epochs", str(epochs),
        "--out", out, "--batch-size", "10", "--validation", f"{name}.npz", "--device", "cpu", *words,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr.count("epoch 2 of 2") <= 1, "one process speaks"
    assert done.stdout.count(f"{out}:") == 1
    return {key: x for key, x in load_file(f"{out}/last.safetensors").items() if not key.startswith("/")}


def compare(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert list(one) == list(other)
    for key, value in one.items():
        torch.testing.assert_close(value, other[key], rtol=1e-5, atol=1e-6)


def log(out: str) -> list[list[float]]:
    rows = [line.split(",") for line in (Path(out) / "log.csv").read_text().splitlines()[1:]]
    return [[float(x) for x in (*row[:2], *row[3:])] for row in rows]


@pytest.mark.parametrize("name", ["classifier", "adversarial"])
def test_two_processes_are_one_with_the_same_batch(name: str) -> None:
    one, two = train(name, "one"), train(name, "two", "--devices", "2")
    compare(one, two)
    for a, b in zip(log("one"), log("two"), strict=True):
        assert a == pytest.approx(b, rel=1e-5)


@pytest.mark.parametrize("name", ["adversarial", "tied"])
def test_shared_out_weights_are_those_of_one_process(name: str) -> None:
    one, two = train(name, "one"), train(name, "two", "--devices", "2", "--strategy", "fsdp")
    compare(one, two)


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_several_processes_resume(strategy: str) -> None:
    words = ("--devices", "2", "--strategy", strategy)
    whole = train("classifier", "whole", *words)
    train("classifier", "part", *words, epochs=1)
    resumed = train("classifier", "part", *words, "--resume")
    assert list(whole) == list(resumed) and all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_another_precision_on_one_device() -> None:
    half = train("classifier", "half", "--precision", "bf16-mixed")
    full = train("classifier", "full")
    assert all(half[key].dtype == torch.float32 for key in half)
    assert any(not torch.equal(half[key], full[key]) for key in half)
    for key in half:
        torch.testing.assert_close(half[key], full[key], rtol=0, atol=0.05)


def test_without_fabric_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from dslnet.cli import main

    monkeypatch.setitem(sys.modules, "lightning_fabric", None)
    monkeypatch.delitem(sys.modules, "dslnet.training.fabric", raising=False)
    words = ["train", "classifier.net", "--data", "classifier.npz", "--epochs", "1", "--out", "run", "--devices", "2"]
    assert main(words) == 2
    assert "need lightning_fabric: `pip install lightning-fabric`" in capsys.readouterr().err
