"""Learning rates of specs against PyTorch's schedulers, stepped by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.optim import lr_scheduler  # noqa: E402

import dslnet  # noqa: E402
from dslnet.ops.schedules import SCHEDULES  # noqa: E402
from dslnet.training.plan import make_optimizer, plan_of  # noqa: E402
from dslnet.training.schedules import Schedule, make_schedule  # noqa: E402

EPOCHS, BATCHES = 6, 4
Make = Callable[[str], tuple[Schedule | None, torch.optim.Optimizer]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(line: str) -> tuple[Schedule | None, torch.optim.Optimizer]:
        path = tmp_path / "case.net"
        path.write_text(
            "model M:\n  input x: [B, 4]\n  target y: [B, 2]\n  output out: Linear(2)\n"
            f"  loss: out -> MSE to y\n  optimizer: {line}\n",
            encoding="utf-8",
        )
        model = dslnet.load(path).M()
        (step,) = plan_of(model).steps
        optimizer = make_optimizer(step, model)
        return make_schedule(step, optimizer, EPOCHS, EPOCHS * BATCHES // step.every), optimizer

    return made


def rates(schedule: Schedule, optimizer: torch.optim.Optimizer, epochs: int = EPOCHS) -> list[float]:
    """The rate of each step of a training."""
    found = []
    for _ in range(epochs):
        for _ in range(BATCHES):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.after_step()
        schedule.after_epoch()
    return found


def by_hand(chosen: Callable[[torch.optim.Optimizer], object], each_step: bool) -> list[float]:
    """The same with a scheduler of PyTorch."""
    optimizer = torch.optim.SGD(nn.Linear(4, 2).parameters(), lr=0.1)
    scheduler: lr_scheduler.LRScheduler = chosen(optimizer)  # type: ignore[assignment]
    found = []
    for _ in range(EPOCHS):
        for number in range(BATCHES):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if (each_step or number == BATCHES - 1) and len(found) < EPOCHS * BATCHES:
                scheduler.step()
    return found


@pytest.mark.parametrize(
    ("line", "chosen", "each_step"),
    [
        ("StepLR(2)", lambda o: lr_scheduler.StepLR(o, 2), False),
        ('StepLR(5, gamma=0.5, unit="step")', lambda o: lr_scheduler.StepLR(o, 5, 0.5), True),
        ("MultiStepLR([1, 4], 0.3)", lambda o: lr_scheduler.MultiStepLR(o, [1, 4], 0.3), False),
        ("ExponentialLR(0.8)", lambda o: lr_scheduler.ExponentialLR(o, 0.8), False),
        ("ConstantLR", lambda o: lr_scheduler.ConstantLR(o), False),
        ("LinearLR", lambda o: lr_scheduler.LinearLR(o), False),
        ('LinearLR(0.01, total_iters=none, unit="step")', lambda o: lr_scheduler.LinearLR(o, 0.01, 1.0, 24), True),
        ("PolynomialLR(power=2)", lambda o: lr_scheduler.PolynomialLR(o, EPOCHS, 2.0), False),
        ("CosineAnnealingLR", lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS), False),
        ("CosineAnnealingLR(3, eta_min=0.01)", lambda o: lr_scheduler.CosineAnnealingLR(o, 3, 0.01), False),
        ("CosineAnnealingWarmRestarts(2, 2)", lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 2, 2), False),
        ("OneCycleLR(0.4)", lambda o: lr_scheduler.OneCycleLR(o, 0.4, EPOCHS * BATCHES), True),
        (
            "LinearLR(0.1, total_iters=2) -> CosineAnnealingLR",
            lambda o: lr_scheduler.SequentialLR(
                o, [lr_scheduler.LinearLR(o, 0.1, 1.0, 2), lr_scheduler.CosineAnnealingLR(o, 4)], [2]
            ),
            False,
        ),
    ],
)
def test_rates(line: str, chosen: Callable[[torch.optim.Optimizer], object], each_step: bool, make: Make) -> None:
    schedule, optimizer = make(f"SGD(lr=0.1) -> {line}")
    assert schedule is not None
    found = rates(schedule, optimizer)
    assert found == pytest.approx(by_hand(chosen, each_step), rel=1e-12)
    assert len(set(found)) > 1


def test_a_warm_up_and_half_a_cosine_in_numbers(make: Make) -> None:
    schedule, optimizer = make(
        'SGD(lr=0.1) -> LinearLR(0.5, total_iters=4, unit="step") -> CosineAnnealingLR(unit="step")'
    )
    assert schedule is not None
    found = rates(schedule, optimizer)
    assert found[:4] == pytest.approx([0.05 + 0.0125 * t for t in range(4)])
    assert found[4:] == pytest.approx([0.05 * (1 + math.cos(math.pi * t / 20)) for t in range(20)])


def test_every_counts_steps_and_not_batches(make: Make) -> None:
    """24 batches are 12 steps: half a cosine is 12 long."""
    schedule, optimizer = make('Every(2) -> SGD(lr=0.1) -> CosineAnnealingLR(unit="step")')
    assert schedule is not None
    found = []
    for _ in range(12):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.after_step()
    assert found == pytest.approx([0.05 * (1 + math.cos(math.pi * t / 12)) for t in range(12)])


def test_a_schedule_goes_on_from_its_state(make: Make) -> None:
    line = "SGD(lr=0.1) -> LinearLR(0.1, total_iters=2) -> CosineAnnealingLR"
    whole, optimizer = make(line)
    first, begun = make(line)
    again, other = make(line)
    assert whole is not None and first is not None and again is not None
    wanted = rates(whole, optimizer)
    rates(first, begun, 3)
    other.load_state_dict(begun.state_dict())
    again.load_state_dict(first.state_dict())
    assert rates(again, other, 3) == pytest.approx(wanted[3 * BATCHES :])


def test_without_a_schedule_there_is_none(make: Make) -> None:
    assert make("SGD(lr=0.1)")[0] is None


@pytest.mark.parametrize("name", SCHEDULES)
def test_names_and_defaults_are_those_of_torch(name: str) -> None:
    """But for lengths, which the training gives, and for what is no number."""
    from inspect import signature

    theirs = signature(getattr(lr_scheduler, name)).parameters
    for argument in SCHEDULES[name].arguments.values():
        if argument.name == "unit":
            continue
        assert argument.name in theirs
        if argument.name in ("total_iters", "T_max", "total_steps") and argument.default is None:
            continue
        if argument.required:
            assert theirs[argument.name].default is theirs[argument.name].empty
        else:
            assert argument.default == theirs[argument.name].default
