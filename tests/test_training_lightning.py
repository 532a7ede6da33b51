"""The plan as a module of Lightning takes the same steps as a loop by hand."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import torchvision_on_cpu  # noqa: E402
from training_specs import ADVERSARIAL  # noqa: E402

import dslnet  # noqa: E402
from dslnet.training import as_lightning_module, plan_of  # noqa: E402
from dslnet.training.engine import Engine  # noqa: E402


def make(folder: Path) -> Any:
    (folder / "net.net").write_text(ADVERSARIAL)
    torch.manual_seed(0)
    return dslnet.load(folder / "net.net").Net()


def test_it_takes_the_same_steps(tmp_path: Path) -> None:
    names = [name for name in ("lightning", "pytorch_lightning") if importlib.util.find_spec(name) is not None]
    if not names:
        pytest.skip("Lightning is not installed")
    torchvision_on_cpu.declare()
    package = pytest.importorskip("lightning.pytorch" if names[0] == "lightning" else names[0])
    rows = [{"z": torch.randn(8, 4), "real": torch.randn(8, 6)} for _ in range(5)]
    model, by_hand = make(tmp_path), make(tmp_path)
    trainer = package.Trainer(
        max_epochs=3, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, default_root_dir=tmp_path,
    )  # fmt: skip
    loader = torch.utils.data.DataLoader(rows, batch_size=None)
    trainer.fit(as_lightning_module(model), loader, loader)
    assert {"train/fool", "train/on_real", "validation/fool"} <= set(trainer.callback_metrics)

    engine, plan = Engine(), plan_of(by_hand)
    engine.prepare(by_hand, plan)
    for batch in rows * 3:
        for step in plan.steps:
            with engine.updating(step):
                engine.descend(step, engine.objective(step, batch)[0])
    for name, value in by_hand.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], value, rtol=1e-6, atol=1e-7)


def test_without_lightning_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dslnet.training.lightning.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pip install lightning"):
        as_lightning_module(make(tmp_path))
    with pytest.raises(TypeError, match="has no plan"):
        monkeypatch.undo()
        if importlib.util.find_spec("pytorch_lightning") is None and importlib.util.find_spec("lightning") is None:
            pytest.skip("Lightning is not installed")
        torchvision_on_cpu.declare()
        as_lightning_module(torch.nn.Linear(2, 2))
