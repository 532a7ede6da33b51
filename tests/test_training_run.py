"""Runs of training: they repeat under a seed, go on exactly after any interruption, and stop before harm is done."""

from __future__ import annotations

import csv
import os
import random
import signal
import threading
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numpy")
pytest.importorskip("safetensors")

import dslnet  # noqa: E402
from dslnet.training import Stopped, fit  # noqa: E402
from dslnet.training.checkpoint import CheckpointError, read_checkpoint, restore  # noqa: E402
from dslnet.training.run import NotFinite, Run  # noqa: E402
from dslnet.training.watch import Watch  # noqa: E402

CLASSIFIER = """\
model Net(classes=3):
  input image: [B, 1, 6, 6]
  target label: [B] long < classes
  - RandomCrop(1) -> GaussianNoise(0.1)
  - Conv(4, 3) -> BatchNorm -> ReLU -> Dropout(0.2) -> Flatten
  output logits: Linear(classes)
  loss ce: logits -> CrossEntropy to label
  metric accuracy: logits -> Accuracy to label
"""
ADVERSARIAL = """\
model Net:
  input z: [B, 4]
  target real: [B, 6]
  generator g: Linear(16) -> BatchNorm -> ReLU -> Linear(6)
  critic c: Linear(16) -> LeakyReLU(0.2) -> Linear(1)
  output fake: z -> g
  loss on_real: real -> c -> BCELogits to 1
  loss on_fake: fake -> StopGrad -> c -> BCELogits to 0
  loss fool: fake -> c -> BCELogits to 1
  train c: on_real + on_fake
  train g: fool
  optimizer c: SGD(lr=0.05, momentum=0.9)
  optimizer g: Adam(lr=2e-3, betas=[0.5, 0.999])
"""
AVERAGED = """\
model Net:
  input x: [B, 6]
  target y: [B, 2]
  student s: Linear(8) -> Dropout(0.5) -> Linear(2)
  teacher t: EMA(s, decay=0.9)
  output guess: x -> s
  loss fit: guess -> MSE to y
  loss agree: guess -> MSE to (x -> t)
  train s: fit + 0.5 * agree
"""


def rows(name: str, count: int = 45) -> dict[str, Any]:
    """Data of a spec; 45 rows make batches of 8 and a last one of 5."""
    made = torch.Generator().manual_seed(1)
    if name == "averaged":
        return {"x": torch.randn(count, 6, generator=made), "y": torch.randn(count, 2, generator=made)}
    if name == "adversarial":
        return {"real": torch.randn(count, 6, generator=made)}
    label = torch.randint(0, 3, (count,), generator=made)
    image = torch.randn(count, 1, 6, 6, generator=made) + label.view(-1, 1, 1, 1)
    return {"image": image, "label": label}


SPECS = {"classifier": CLASSIFIER, "adversarial": ADVERSARIAL, "averaged": AVERAGED}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One thread, since these models are tiny, and no TensorBoard, which takes seconds to load."""
    monkeypatch.setattr("dslnet.training.folder._writer", lambda folder: False)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=list(SPECS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def make(folder: Path, name: str, seed: int = 0) -> Any:
    path = folder / f"{name}.net"
    if not path.exists():
        path.write_text(SPECS[name])
    torch.manual_seed(seed)
    return dslnet.load(path).Net()


def train(model: Any, name: str, **options: Any) -> Any:
    chosen: dict[str, Any] = {
        "epochs": 3, "batch_size": 8, "seed": 7, "progress": False, "validation": 0.2,
        "draw": ["z"] if name == "adversarial" else [],
    }  # fmt: skip
    return fit(model, rows(name), **{**chosen, **options})


def equal(one: Any, other: Any) -> bool:
    a, b = one.state_dict(), other.state_dict()
    return list(a) == list(b) and all(torch.equal(a[key], b[key]) for key in a)


class Killed(Exception):
    """A process that is killed has no time for anything; this goes through all that would write."""


class Killer(Watch):
    """Kills the run after some batches."""

    def __init__(self, after: int) -> None:
        self.after = after

    def batch(self, run: Run) -> None:
        self.after -= 1
        if self.after < 0:
            raise Killed


# ----------------------------------------------------------------------------------------- the same again


def test_a_seed_makes_a_run_repeatable(name: str, tmp_path: Path) -> None:
    one, other, third = (make(tmp_path, name) for _ in range(3))
    torch.manual_seed(1)
    first = train(one, name)
    torch.manual_seed(2)  # what the caller drew before is of no account
    state = torch.get_rng_state()
    second = train(other, name)
    assert torch.equal(torch.get_rng_state(), state), "the caller's random numbers are as they were"
    train(third, name, seed=8)
    assert equal(one, other) and not equal(one, third) and not equal(one, make(tmp_path, name))
    for a, b in zip(first.rows, second.rows, strict=True):
        assert {**a, "seconds": 0} == {**b, "seconds": 0}


def test_training_learns(tmp_path: Path) -> None:
    model = make(tmp_path, "classifier")
    history = train(model, "classifier", epochs=25)
    assert history.last["validation/accuracy"] > 0.9 and history.last["train/ce"] < history.rows[0]["train/ce"] / 2
    assert not model.training and [row["step"] for row in history.rows[:2]] == [5, 10]


def test_resuming_gives_the_weights_of_an_unbroken_run(name: str, tmp_path: Path) -> None:
    """Killed at random moments, again and again, with a checkpoint every two batches and after every epoch."""
    whole = make(tmp_path, name)
    history = train(whole, name)
    numbers = random.Random(name)
    for trial in range(4):
        out, kills = tmp_path / f"run{trial}", 0
        while True:
            model = make(tmp_path, name, seed=0 if not kills else 90 + kills)  # resuming brings the weights
            resume = (out / "last.safetensors").exists()
            if not resume:
                model = make(tmp_path, name)
            try:
                found = train(
                    model, name, out=out, resume=resume, save_every=2, progress=Killer(numbers.randrange(1, 8))
                )
                break
            except Killed:
                kills += 1
                torch.rand(numbers.randrange(5))
        assert kills >= 2 and equal(model, whole), f"trial {trial}"
        for a, b in zip(found.rows, history.rows, strict=True):
            assert {**a, "seconds": 0} == {**b, "seconds": 0}
        with open(out / "log.csv", newline="") as file:
            logged = [{key: float(x) for key, x in row.items() if key != "seconds"} for row in csv.DictReader(file)]
        assert logged == [{key: x for key, x in row.items() if key != "seconds"} for row in history.rows]


def test_a_finished_run_can_be_made_longer(tmp_path: Path) -> None:
    whole, short = make(tmp_path, "classifier"), make(tmp_path, "classifier")
    train(whole, "classifier", epochs=4)
    train(short, "classifier", epochs=2, out=tmp_path / "run")
    longer = make(tmp_path, "classifier", seed=5)
    assert len(train(longer, "classifier", epochs=4, out=tmp_path / "run", resume=True).rows) == 4
    assert equal(longer, whole)
    again = make(tmp_path, "classifier", seed=6)
    assert len(train(again, "classifier", epochs=4, out=tmp_path / "run", resume=True).rows) == 4
    assert equal(again, whole), "nothing is left to train"


def test_a_run_is_resumed_exactly_or_not_at_all(tmp_path: Path) -> None:
    train(make(tmp_path, "classifier"), "classifier", out=tmp_path / "run", epochs=1)
    for changed, words in [
        ({"seed": 8}, "--seed 7"),
        ({"batch_size": 9}, "--batch-size 8"),
        ({"validation": 0.3}, "other data"),
    ]:
        with pytest.raises(CheckpointError, match=words):
            train(make(tmp_path, "classifier"), "classifier", out=tmp_path / "run", resume=True, **changed)
    with pytest.raises(CheckpointError, match="holds a run already"):
        train(make(tmp_path, "classifier"), "classifier", out=tmp_path / "run")
    with pytest.raises(CheckpointError, match="to go on from"):
        train(make(tmp_path, "classifier"), "classifier", out=tmp_path / "other", resume=True)
    other = CLASSIFIER.replace("loss ce: logits", "loss ce: logits * 2").replace("[B, 1, 6, 6]", "[B, 1, 6, 6] ")
    (tmp_path / "other.net").write_text(other.replace("Conv(4, 3)", "Conv(5, 3)"))
    with pytest.raises(CheckpointError, match="is \\[4, 1, 3, 3\\]"):
        train(dslnet.load(tmp_path / "other.net").Net(), "classifier", out=tmp_path / "run", resume=True)
    train(make(tmp_path, "classifier"), "classifier", out=tmp_path / "run", force=True, epochs=1, seed=9)


# -------------------------------------------------------------------------------------------- checkpoints


def test_a_checkpoint_holds_the_spec(name: str, tmp_path: Path) -> None:
    model = make(tmp_path, name)
    train(model, name, out=tmp_path / "run")
    (tmp_path / f"{name}.net").unlink()
    made = restore(tmp_path / "run" / "last.safetensors")
    assert equal(made, model) and not made.training and type(made).__name__ == "Net"
    found = read_checkpoint(str(tmp_path / "run" / "last.safetensors"))
    assert found.origin.texts == {f"{name}.net": SPECS[name]} and found.summary["epoch"] == 3
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"last.safetensors", "log.csv", "curves.svg"} <= names
    assert ("best.safetensors" in names) == (name != "adversarial")
    assert not [n for n in names if "tmp" in n]


def test_imported_files_and_settings_are_in_it_too(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "head.net").write_text("block Head(n):\n  input x: [B, C]\n  - Linear(n)\n")
    text = 'use Head from "parts/head.net"\nmodel Net(n=2):\n  input x: [B, 3]\n  target y: [B] long < n\n'
    text += "  output logits: Head(n)\n  loss: logits -> CrossEntropy to y\n"
    (tmp_path / "main.net").write_text(text)
    model = dslnet.load(tmp_path / "main.net").Net(n=5)
    data = {"x": torch.randn(16, 3), "y": torch.arange(16) % 5}
    fit(model, data, epochs=1, out=tmp_path / "run", progress=False)
    made = restore(tmp_path / "run" / "best.safetensors")
    assert equal(made, model) and made(data["x"]).shape == (16, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the state of the run, which the file has too, is not told
        again = dslnet.load(tmp_path / "main.net").Net(n=5, weights=tmp_path / "run" / "last.safetensors")
    torch.testing.assert_close(again.eval()(data["x"]), model.eval()(data["x"]))


def test_best_is_the_best_epoch(tmp_path: Path) -> None:
    class Weights(Watch):
        def __init__(self) -> None:
            self.seen: list[tuple[Mapping[str, float], dict[str, Any]]] = []

        def epoch(self, run: Run, row: Mapping[str, float], best: bool) -> None:
            self.seen.append((row, {key: x.clone() for key, x in run.model.state_dict().items()}))

    for wish, column, pick in [(None, "validation/ce", min), ("accuracy", "validation/accuracy", max)]:
        watch = Weights()
        train(
            make(tmp_path, "classifier"), "classifier", epochs=8, out=tmp_path / "run", force=True, best=wish,
            progress=watch,
        )  # fmt: skip
        row, weights = pick(watch.seen, key=lambda seen: seen[0][column])
        found = read_checkpoint(str(tmp_path / "run" / "best.safetensors"))
        assert found.summary["epoch"] == row["epoch"]
        assert all(torch.equal(found.weights[key], weights[key]) for key in weights)
    with pytest.raises(ValueError, match="no loss or metric"):
        train(make(tmp_path, "classifier"), "classifier", out=tmp_path / "other", best="acuracy")


@pytest.mark.parametrize("damage", ["cut", "flipped", "foreign", "empty"])
def test_damaged_checkpoints_are_refused(damage: str, tmp_path: Path) -> None:
    train(make(tmp_path, "classifier"), "classifier", out=tmp_path / "run", epochs=1)
    path = tmp_path / "run" / "last.safetensors"
    data = path.read_bytes()
    if damage == "foreign":
        from safetensors.torch import save_file

        save_file({"a": torch.zeros(2)}, path)
    else:
        broken = {"cut": data[: len(data) // 2], "flipped": b"\xff" * 64 + data[64:], "empty": b""}[damage]
        path.write_bytes(broken)
    with pytest.raises(CheckpointError) as caught:
        train(make(tmp_path, "classifier"), "classifier", out=tmp_path / "run", resume=True)
    assert caught.value.code == "E0837" and len(caught.value.title) <= 80


def test_a_checkpoint_cannot_write_elsewhere(tmp_path: Path) -> None:
    """The paths of the texts inside are kept below the folder that they are unpacked in."""
    import json

    from safetensors.torch import save_file

    for name in ("../evil.net", "/tmp/evil.net", "x.py"):
        head = {
            "dslnet": "0", "layout": 1, "model": "Net", "settings": {"dict": []}, "spec": {name: CLASSIFIER},
            "summary": {}, "state": None,
        }  # fmt: skip
        save_file({"a": torch.zeros(1)}, tmp_path / "x.safetensors", {"dslnet": json.dumps(head)})
        with pytest.raises(CheckpointError, match="names a file"):
            restore(tmp_path / "x.safetensors")


# ------------------------------------------------------------------------------------------ interruptions


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_a_checkpoint_to_go_on_from(number: int, tmp_path: Path) -> None:
    whole = make(tmp_path, "classifier")
    train(whole, "classifier")

    class Interrupter(Watch):
        left = 8

        def batch(self, run: Run) -> None:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), number)

    model, before = make(tmp_path, "classifier"), signal.getsignal(number)
    with pytest.raises(Stopped) as caught:
        train(model, "classifier", out=tmp_path / "run", progress=Interrupter())
    assert caught.value.number == number and isinstance(caught.value, KeyboardInterrupt)
    assert signal.getsignal(number) is before
    found = read_checkpoint(str(tmp_path / "run" / "last.safetensors"))
    assert found.state["place"]["epoch"] == 1 and found.state["place"]["batch"] > 0, "in the middle of an epoch"
    resumed = make(tmp_path, "classifier", seed=3)
    train(resumed, "classifier", out=tmp_path / "run", resume=True)
    assert equal(resumed, whole)


def test_training_in_a_thread(tmp_path: Path) -> None:
    """Signals belong to the main thread; elsewhere training does without."""
    made: list[Any] = []
    thread = threading.Thread(target=lambda: made.append(train(make(tmp_path, "classifier"), "classifier", epochs=1)))
    thread.start()
    thread.join()
    assert len(made[0].rows) == 1


def test_a_loss_that_is_no_number_stops_before_the_step(tmp_path: Path) -> None:
    text = CLASSIFIER.replace("  loss ce", "  loss wild: logits -> Mean -> Scale(1e38)\n  loss ce")
    (tmp_path / "wild.net").write_text(text + "  train: ce + wild * wild * wild\n  optimizer: SGD(lr=1e-9)\n")
    model = dslnet.load(tmp_path / "wild.net").Net()
    before = {key: x.clone() for key, x in model.state_dict().items() if "running" not in key and "num" not in key}
    with pytest.raises(NotFinite, match=r"ce \+ wild.*(inf|nan) in epoch 1, step 1"):
        train(model, "classifier", out=tmp_path / "run")
    assert all(torch.equal(model.state_dict()[key], x) for key, x in before.items())
    assert not (tmp_path / "run" / "last.safetensors").exists()


def test_the_last_good_checkpoint_stays(tmp_path: Path) -> None:
    """Weights that go out of bounds in a step are never written; the checkpoint of the epoch before is whole."""
    text = CLASSIFIER + "  optimizer: SGD(lr=0.01)\n"
    (tmp_path / "net.net").write_text(text)
    model = dslnet.load(tmp_path / "net.net").Net()

    class Breaker(Watch):
        def batch(self, run: Run) -> None:
            if run.epoch == 1 and run.batch == 4:
                next(run.model.parameters()).data.fill_(float("nan"))

    with pytest.raises(NotFinite, match="`ce` is nan in epoch 2, step 10"):
        train(model, "classifier", out=tmp_path / "run", progress=Breaker(), save_every=None)
    found = read_checkpoint(str(tmp_path / "run" / "last.safetensors"))
    assert found.summary["epoch"] == 1 and all(x.isfinite().all() for x in found.weights.values())


def test_misuse_from_python(tmp_path: Path) -> None:
    model = make(tmp_path, "classifier")
    with pytest.raises(dslnet.NetError, match="E0831"):
        fit(model, {"image": rows("classifier")["image"]}, epochs=1)
    with pytest.raises(TypeError, match="mapping"):
        fit(model, [1, 2], epochs=1)
    with pytest.raises(TypeError, match="was not made from a spec|has no plan"):
        fit(torch.nn.Linear(2, 2), {}, epochs=1)
    with pytest.raises(ValueError, match="no input of Net"):
        fit(model, rows("classifier"), epochs=1, draw=["noise"])
    (tmp_path / "plain.net").write_text("model Plain:\n  input x: [B, 2]\n  output y: Linear(2)\n")
    with pytest.raises(TypeError, match="has no plan"):
        fit(dslnet.load(tmp_path / "plain.net").Plain(), {"x": torch.zeros(4, 2)}, epochs=1)
