"""`dslnet train`: what it writes and says, its exit codes, kills and interruptions of a real process."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
numpy = pytest.importorskip("numpy")
pytest.importorskip("safetensors")

from safetensors.torch import load_file  # noqa: E402

from dslnet.cli import main  # noqa: E402

ROOT = Path(__file__).parent.parent
SPEC = """\
model Net(classes=3):
  input image: [B, 1, 6, 6]
  target label: [B] long < classes
  - GaussianNoise(0.1) -> Conv(4, 3) -> BatchNorm -> ReLU -> Dropout(0.2) -> Flatten
  output logits: Linear(classes)
  loss ce: logits -> CrossEntropy to label
  metric accuracy: logits -> Accuracy to label
  optimizer: AdamW(lr=3e-3)
"""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)  # the model is tiny
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dslnet.training.folder._writer", lambda folder: False)
    (tmp_path / "net.net").write_text(SPEC)
    numbers = numpy.random.default_rng(0)
    label = numbers.integers(0, 3, 60)
    image = (numbers.normal(size=(60, 1, 6, 6)) + label[:, None, None, None]).astype("float32")
    numpy.savez("rows.npz", image=image, label=label, unused=label)


def command(*words: str, out: str = "run", epochs: int = 3) -> list[str]:
    return [
        "train",
        "net.net",
        "--data",
        "rows.npz",
        "--epochs",
        str(epochs),
        "--out",
        out,
        "--batch-size",
        "8",
        *words,
    ]


def weights(folder: str) -> dict[str, Any]:
    return {name: x for name, x in load_file(f"{folder}/last.safetensors").items() if not name.startswith("/")}


def same(one: str, other: str) -> bool:
    a, b = weights(one), weights(other)
    return list(a) == list(b) and all(torch.equal(a[name], b[name]) for name in a)


def test_what_it_writes_and_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command("--validation", "0.2", "--best", "accuracy")) == 0
    said = capsys.readouterr()
    assert said.out == "run: best.safetensors, curves.svg, last.safetensors, log.csv\n"
    lines = said.err.splitlines()
    assert len(lines) == 3 and lines[2].startswith("epoch 3 of 3   ce ") and "accuracy" in lines[2]
    assert sum(line.endswith("best") for line in lines) >= 1
    log = Path("run/log.csv").read_text().splitlines()
    assert log[0] == "epoch,step,seconds,train/ce,train/accuracy,validation/ce,validation/accuracy"
    assert [row.split(",")[:2] for row in log[1:]] == [["1", "6"], ["2", "12"], ["3", "18"]]
    picture = Path("run/curves.svg").read_text()
    assert "ce, training:" in picture and "accuracy, validation:" in picture
    assert main(["compile", "net.net", "-o", "net.onnx", "--weights", "run/best.safetensors"]) == 0


def test_it_resumes_and_begins_anew(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(out="whole")) == 0
    assert main(command(epochs=2)) == 0
    assert main(command()) == 1 and "holds a run already" in capsys.readouterr().err
    assert main(command("--resume")) == 0 and same("run", "whole")
    assert main(command("--force", "--seed", "1")) == 0 and not same("run", "whole")
    assert main(command("--resume")) == 1 and "`--seed 1` goes on with it" in capsys.readouterr().err


def test_it_begins_at_given_weights(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(epochs=20)) == 0
    capsys.readouterr()
    assert main(command("--weights", "run/last.safetensors", "--seed", "9", out="more", epochs=1)) == 0
    assert main(command("--seed", "9", out="new", epochs=1)) == 0
    told = capsys.readouterr().err.splitlines()
    first, second = (float(line.split("ce ")[1].split()[0]) for line in told[:2])
    assert first < 0.8 * second, told
    assert main(command("--weights", "absent.safetensors", out="other")) == 1
    assert "E0801" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--validation", "1.5"], 2, "a share between 0 and 1"),
        (["--validation", "absent.npz"], 1, "error[E0801]: there is no file `absent.npz`"),
        (["--best", "acuracy"], 2, "no loss or metric of the spec; it has ce, accuracy"),
        (["--best", "accuracy"], 2, "computed on validation rows"),
        (["--data", "rows.csv"], 1, "error[E0830]"),
        (["--draw", "noise"], 2, "no input of Net"),
        (["--set", "classes=2"], 1, "error[E0834]: `label` has 2 in row"),
        (["--device", "cuda"], 2, "no device `cuda`") if not torch.cuda.is_available() else (["--epochs", "0"], 2, ""),
        (["--limit", "data_bytes=100"], 1, "unpacks to more than 100 bytes"),
    ],
)
def test_mistakes(words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(*words)) == code
    text = capsys.readouterr()
    assert said in text.err and "Traceback" not in text.err
    assert not Path("run/last.safetensors").exists()


def test_a_spec_without_a_loss_and_one_with_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    without = [line for line in SPEC.split("\n") if "loss" not in line and "optimizer" not in line]
    Path("net.net").write_text("\n".join(without))
    assert main(command()) == 2 and "has no loss" in capsys.readouterr().err
    Path("net.net").write_text(SPEC.replace("Linear(classes)", "Linaer(classes)"))
    assert main(command()) == 1 and "E0202" in capsys.readouterr().err


def test_a_loss_that_is_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    Path("net.net").write_text(SPEC.replace("AdamW(lr=3e-3)", "SGD(lr=1e38)"))
    assert main(command()) == 1
    said = capsys.readouterr().err
    assert "error[E0836]: the loss `ce` is " in said and "--> net.net:6:8" in said


def test_a_function_gives_the_data(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("my_training_rows.py").write_text(
        "import numpy\n"
        "def load():\n"
        "    rows = dict(numpy.load('rows.npz'))\n"
        "    return {k: x[10:] for k, x in rows.items()}, {k: x[:10] for k, x in rows.items()}\n"
    )
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert main([*command(), "--data", "my_training_rows:load"]) == 0
    assert "validation" in capsys.readouterr().err
    assert main([*command(out="b"), "--data", "my_training_rows:lead"]) == 1
    assert "has no function `lead`" in capsys.readouterr().err


def start(*words: str, **options: Any) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "dslnet", *command(*words, **options)]
    return subprocess.Popen(line, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_killed_and_resumed_it_ends_at_the_same_weights() -> None:
    """SIGKILL at random moments, until a run comes to its end."""
    whole = start("--seed", "3", out="whole", epochs=25)
    assert whole.wait(timeout=300) == 0, whole.stderr and whole.stderr.read()
    numbers, killed = random.Random(5), 0
    for _ in range(40):
        last = Path("run/last.safetensors")
        process = start("--seed", "3", "--save-every", "3", "--resume" if last.exists() else "--force", epochs=25)
        before = last.stat().st_mtime_ns if last.exists() else 0
        if killed < 3:
            while process.poll() is None and (not last.exists() or last.stat().st_mtime_ns == before):
                time.sleep(0.01)  # once it trains, at any moment: in a step, in a checkpoint, in the log
            time.sleep(numbers.uniform(0.0, 0.3))
            process.kill()
            killed += process.wait(timeout=60) == -signal.SIGKILL
            continue
        assert process.wait(timeout=300) == 0, process.stderr and process.stderr.read()
        break
    assert killed == 3 and same("run", "whole")
    rows = [[line.split(",")[i] for i in (0, 1, 3)] for line in Path("run/log.csv").read_text().splitlines()]
    assert rows == [[line.split(",")[i] for i in (0, 1, 3)] for line in Path("whole/log.csv").read_text().splitlines()]


def test_interrupted_it_says_how_to_go_on() -> None:
    process = start(epochs=100000)
    last = Path("run/last.safetensors")
    while process.poll() is None and not last.exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert said.splitlines()[-1] == f"stopped; `--resume` goes on from {Path('run', 'last.safetensors')}"
    assert Path("run/curves.svg").exists()


def test_events_for_tensorboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorboard")
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert main(command(epochs=2)) == 0
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator("run/tensorboard")
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"train/ce", "train/accuracy", "seconds"}
    assert [event.step for event in events.Scalars("train/ce")] == [1, 2]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def rows():\n    raise ValueError('mine')\n", "ValueError: mine"),
        ("import surely_not_there\n", "ModuleNotFoundError: No module named 'surely_not_there'"),
        ("def rows(:\n", "SyntaxError: invalid syntax"),
    ],
)
def test_what_a_function_of_the_caller_raises_is_the_callers(
    code: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"mine{abs(hash(code))}"
    (tmp_path / f"{name}.py").write_text(code)
    assert main(["train", "net.net", "--data", f"{name}:rows", "--epochs", "1", "--out", "run"]) == 1
    told = capsys.readouterr().err
    assert "error[E0830]" in told and said in told and f"{name}.py:" in told and "E9001" not in told


def test_a_precision_that_is_none_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("lightning_fabric")
    assert main(command("--precision", "coarse")) == 2
    assert "coarse" in capsys.readouterr().err


def test_memory_that_is_not_there_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def taken(*given: Any, **more: Any) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:115] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr("dslnet.training.engine.Engine.objective", taken)
    assert main(command()) == 1
    assert "--batch-size" in capsys.readouterr().err
