"""One run of training: where it stands, step by step.

Enters: a module, its plan, data and an engine. Leaves: trained weights, a `History`, and state that a later run goes on
from exactly: weights, optimizers, learning rates, the place in the data, sums of the unfinished epoch, random numbers.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..node import field, record
from .batches import Batches
from .checkpoint import CheckpointError
from .data import Data
from .engine import Engine
from .history import History
from .plan import Plan, Step
from .schedules import Schedule, make_schedule

if TYPE_CHECKING:
    from torch import nn


class NotFinite(Exception):
    """A loss, or a weight, that is no number any more."""

    def __init__(self, what: str, name: str, epoch: int, step: int, value: float) -> None:
        super().__init__(f"{what} is {value} in epoch {epoch}, step {step}")
        self.name = name
        self.value, self.epoch, self.step = value, epoch, step


@record
class Sums:
    """Sums of losses and metrics over rows, for the means of an epoch."""

    totals: dict[str, float] = field(default_factory=dict)
    rows: dict[str, float] = field(default_factory=dict)

    def add(self, names: list[str], values: list[float], rows: float) -> None:
        for name, value in zip(names, values, strict=True):
            self.totals[name] = self.totals.get(name, 0.0) + value * rows
            self.rows[name] = self.rows.get(name, 0.0) + rows

    def means(self, engine: Engine) -> dict[str, float]:
        """The means over the rows of all processes."""
        names = list(self.totals)
        sums = engine.totals([*(self.totals[n] for n in names), *(self.rows[n] for n in names)])
        return {name: sums[i] / sums[len(names) + i] for i, name in enumerate(names)}


@record
class Run:
    """A run in progress. `epoch` counts the epochs that are over, `batch` the batches of the one that goes on,
    `steps` the optimizers' steps by name of the step, `taken` all batches."""

    model: nn.Module
    plan: Plan
    engine: Engine
    data: Data
    validation: Data | None
    batches: Batches
    epochs: int
    seed: int
    history: History = field(default_factory=History)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    epoch: int = 0
    batch: int = 0
    taken: int = 0
    steps: dict[str, int] = field(default_factory=dict)
    sums: Sums = field(default_factory=Sums)
    best: float | None = None
    seconds: float = 0.0

    @property
    def step(self) -> int:
        """Steps of optimizers so far, of all kinds."""
        return sum(self.steps.values())

    def prepare(self) -> None:
        """Make optimizers and schedules; random numbers are drawn from the seed from here on."""
        self.engine.prepare(self.model, self.plan)
        total = self.epochs * len(self.batches)
        for step in self.plan.steps:
            made = make_schedule(step, self.engine.optimizers[step.name], self.epochs, total // step.every)
            if made is not None:
                self.schedules[step.name] = made
            self.steps[step.name] = 0
        torch.manual_seed(self.seed * 65_537 + self.engine.rank)

    # --------------------------------------------------------------------------------------------- training

    def train(self, after_batch: Callable[[], None], after_epoch: Callable[[dict[str, float]], None]) -> None:
        """All epochs that are left. Raises `NotFinite`, and whatever the two functions raise."""
        while self.epoch < self.epochs:
            start = time.perf_counter()
            self.learning()
            order = self.batches.order(self.epoch)
            while self.batch < len(order):
                rows, weight = self.batches.mine(order[self.batch])
                self.batch += 1
                self.taken += 1
                self.take(self.data.batch(rows, self.engine.device), len(rows), weight)
                if self.batch < len(order):
                    after_batch()
            for schedule in self.schedules.values():
                schedule.after_epoch()
            self.sums, sums = Sums(), self.sums
            self.epoch, self.batch = self.epoch + 1, 0
            row: dict[str, float] = {"epoch": self.epoch, "step": self.step, "seconds": 0.0}
            row |= {f"train/{name}": value for name, value in sums.means(self.engine).items()}
            row |= {f"validation/{name}": value for name, value in self.validate().items()}
            row["seconds"] = round(time.perf_counter() - start, 3)
            self.check_weights()
            self.history.add(row)
            after_epoch(row)

    def learning(self) -> None:
        """Training mode, but for what is frozen: that stays as it is, its running statistics too."""
        self.model.train()
        modules = dict(self.model.named_modules())
        for path in self.plan.frozen:
            if path in modules:
                modules[path].eval()

    def take(self, batch: dict[str, Tensor], rows: int, weight: float) -> None:
        """Every step of the plan on one batch."""
        for step in self.plan.steps:
            if self.taken % step.every:
                continue
            with self.engine.updating(step):
                value, losses = self.engine.objective(step, batch)
                names, values = self.read(step, value, losses)
                self.engine.descend(step, value if weight == 1.0 else value * weight)
            self.steps[step.name] += 1
            if step.name in self.schedules:
                self.schedules[step.name].after_step()
            if self.plan.averages:
                self.model.average()  # type: ignore[operator]
            self.sums.add(names, values, rows)

    def read(self, step: Step, value: Tensor, losses: dict[str, Tensor]) -> tuple[list[str], list[float]]:
        """Names and values of what a step computed, in one go from the device. Raises `NotFinite`."""
        names = list(losses)
        values: list[float] = torch.stack([*(x.detach() for x in losses.values()), value.detach()]).tolist()
        if not all(map(math.isfinite, values)):
            for name, number in zip(names, values, strict=False):
                if not math.isfinite(number) and name not in self.plan.metrics:
                    raise NotFinite(f"the loss `{name}`", name, self.epoch + 1, self.step + 1, number)
            if not math.isfinite(values[-1]):
                title = f"`{step.descends[:40]}`"
                raise NotFinite(title, step.name, self.epoch + 1, self.step + 1, values[-1])
        name = objective_name(self.plan, step)
        return (names, values[:-1]) if name in names else ([*names, name], values)

    def validate(self) -> dict[str, float]:
        """Means of all losses, metrics and objectives over the validation rows, in evaluation mode."""
        if self.validation is None:
            return {}
        self.model.eval()
        sums, engine = Sums(), self.engine
        size = max(self.batches.size, 1) if self.validation.columns else 0
        order = Batches(
            self.validation.rows, size, exact=self.batches.exact, shuffled=False, rank=engine.rank, world=engine.world
        )
        generator = torch.Generator().manual_seed(self.seed + engine.rank)  # the same noise for every epoch
        with torch.no_grad():
            for rows in order.order(0):
                part, _ = order.mine(rows)
                batch = self.validation.batch(part, engine.device, generator)
                found = engine.losses(batch)
                sums.add(list(found), [float(x) for x in found.values()], len(part))
                for step in self.plan.steps:
                    name = objective_name(self.plan, step)
                    if name not in found:
                        sums.add([name], [float(engine.objective(step, batch)[0])], len(part))
        self.learning()
        return sums.means(engine)

    def check_weights(self) -> None:
        """That every weight is a number, so that a checkpoint is one to go on from. Raises `NotFinite`."""
        for name, value in self.model.named_parameters():
            if value.requires_grad and not torch.isfinite(value).all():
                raise NotFinite(f"the weight `{name}`", name, self.epoch, self.step, math.nan)

    # ------------------------------------------------------------------------------------------------- state

    def state(self) -> dict[str, Any]:
        """Everything that a later run needs to go on exactly."""
        return {
            "settings": self.settings(),
            "place": {"epoch": self.epoch, "batch": self.batch, "taken": self.taken, "steps": self.steps},
            "sums": {"totals": self.sums.totals, "rows": self.sums.rows},
            "best": self.best,
            "history": self.history.rows,
            "optimizers": {step.name: self.engine.optimizer_state(step) for step in self.plan.steps},
            "schedules": {name: schedule.state_dict() for name, schedule in self.schedules.items()},
            "random": self.engine.gather(random_state()),
        }

    def settings(self) -> dict[str, Any]:
        """What must be the same when a run is resumed."""
        return {
            "seed": self.seed,
            "batch_size": self.batches.size,
            "epochs": self.epochs,
            "processes": self.engine.world,
            "strategy": self.engine.name,
            "rows": self.data.rows,
            "data": digest(self.data),
            "steps": {step.name: step.descends for step in self.plan.steps},
        }

    def resume(self, weights: dict[str, Tensor], state: dict[str, Any], name: str) -> None:
        """Go on from a state. Raises `CheckpointError` where it belongs to another run."""
        self.compare(state["settings"])
        self.engine.load(weights, state["optimizers"], name)
        for step, schedule in self.schedules.items():
            schedule.load_state_dict(state["schedules"][step])
        place = state["place"]
        self.epoch, self.batch, self.taken = place["epoch"], place["batch"], place["taken"]
        self.steps = dict(place["steps"])
        self.sums = Sums(dict(state["sums"]["totals"]), dict(state["sums"]["rows"]))
        self.best, self.history = state["best"], History([dict(row) for row in state["history"]])
        set_random_state(state["random"][self.engine.rank])

    def compare(self, before: dict[str, Any]) -> None:
        """That a checkpoint is of this run. More epochs may follow where no learning rate depends on their number."""
        now = self.settings()
        if before["steps"] != now["steps"]:
            raise CheckpointError("E0837", "the checkpoint is of a model that was trained in other steps")
        for key, word in (
            ("seed", "--seed"),
            ("batch_size", "--batch-size"),
            ("processes", "--devices"),
            ("strategy", "--strategy"),
        ):
            if before[key] != now[key]:
                title = f"the run began with `{word} {before[key]}`, not {now[key]}"
                raise CheckpointError("E0837", title, (f"`{word} {before[key]}` goes on with it",))
        if before["epochs"] != now["epochs"] and self.schedules:
            title = f"the learning rate was planned for {before['epochs']} epochs, not {now['epochs']}"
            raise CheckpointError("E0837", title, (f"`--epochs {before['epochs']}` goes on with it",))
        if (before["rows"], before["data"]) != (now["rows"], now["data"]):
            rows = "" if before["rows"] == now["rows"] else f" of {before['rows']:,} rows, not {now['rows']:,}"
            helps = ("a new run on other data begins at its weights: `--weights`",)
            raise CheckpointError("E0837", f"the run began with other data{rows}", helps)


def objective_name(plan: Plan, step: Step) -> str:
    """What the scalar of a step is called: its loss where it is that loss alone, `objective` of a single step."""
    if step.descends in plan.losses:
        return step.descends
    return "objective" if len(plan.steps) == 1 else f"objective {step.name}"


def digest(data: Data) -> str:
    """A short name of the data: what 1024 rows all over it hold."""
    found = hashlib.sha256()
    for name, tensor in sorted({**data.columns, **data.whole}.items()):
        found.update(f"{name} {list(tensor.shape)} {tensor.dtype} ".encode())
        rows = tensor if not tensor.dim() else tensor[:: max(len(tensor) // 1024, 1)][:1025]
        found.update(rows.cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes() if rows.numel() else b"")
    return found.hexdigest()[:16]


def random_state() -> dict[str, Any]:
    """The state of every generator that training draws from."""
    state: dict[str, Any] = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state_all()
    return state


def set_random_state(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
