"""The plan of a model as a module of Lightning, for those who train with its `Trainer`.

Enters: a module that a spec made. Leaves: a `LightningModule` that takes the same steps as `fit`, with optimizers and
learning rates of the spec. It optimizes by hand, since a plan may have several steps; a batch is a dictionary by the
names of the spec.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .plan import clip_gradients, clip_weights, make_optimizer, plan_of, updating
from .run import objective_name
from .schedules import Schedule, make_schedule

if TYPE_CHECKING:
    from torch import Tensor, nn


def as_lightning_module(model: nn.Module) -> Any:
    """A `LightningModule` around a model; `module.model` is the model itself.

    Logs `train/NAME` and `validation/NAME` for every loss and metric, as the columns of `log.csv` are called. Raises
    `ImportError` without Lightning, `TypeError` for a model without a plan.
    """
    lightning = _package()
    plan = plan_of(model)

    class Trained(lightning.LightningModule):  # type: ignore[name-defined,misc]
        """The model and its plan."""

        def __init__(self) -> None:
            super().__init__()
            self.model, self.plan = model, plan
            self.automatic_optimization = False
            self.schedules: dict[str, Schedule] = {}
            self.taken = 0

        def forward(self, *inputs: Tensor) -> Any:
            return self.model(*inputs)

        def configure_optimizers(self) -> list[Any]:
            made = {step.name: make_optimizer(step, self.model) for step in plan.steps}
            total, epochs = int(self.trainer.estimated_stepping_batches), int(self.trainer.max_epochs or 1)
            for step in plan.steps:
                schedule = make_schedule(step, made[step.name], epochs, total // step.every)
                if schedule is not None:
                    self.schedules[step.name] = schedule
            return list(made.values())

        def on_train_epoch_start(self) -> None:
            modules = dict(self.model.named_modules())
            for path in plan.frozen:  # what is frozen stays as it is, its running statistics too
                if path in modules:
                    modules[path].eval()

        def training_step(self, batch: dict[str, Tensor], index: int) -> None:
            found = self.optimizers()
            optimizers: list[Any] = found if isinstance(found, list) else [found]
            self.taken += 1
            for step, optimizer in zip(plan.steps, optimizers, strict=True):
                if self.taken % step.every:
                    continue
                with updating(step, self.model):
                    value, losses = self.model.objective(step.name, batch)  # type: ignore[operator]
                    optimizer.zero_grad()
                    self.manual_backward(value)
                clip_gradients(step, self.model)
                optimizer.step()
                clip_weights(step, self.model)
                if step.name in self.schedules:
                    self.schedules[step.name].after_step()
                if plan.averages:
                    self.model.average()  # type: ignore[operator]
                self._told("train", {**losses, objective_name(plan, step): value.detach()}, batch)

        def on_train_epoch_end(self) -> None:
            for schedule in self.schedules.values():
                schedule.after_epoch()

        def validation_step(self, batch: dict[str, Tensor], index: int) -> None:
            self._told("validation", self.model.losses(batch), batch)  # type: ignore[operator]

        def _told(self, part: str, values: dict[str, Tensor], batch: dict[str, Tensor]) -> None:
            rows = len(next(iter(batch.values())))
            for name, value in values.items():
                self.log(f"{part}/{name}", value.detach(), on_step=False, on_epoch=True, batch_size=rows)

        def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
            checkpoint["dslnet"] = {
                "taken": self.taken,
                "schedules": {name: schedule.state_dict() for name, schedule in self.schedules.items()},
            }

        def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
            held = checkpoint["dslnet"]
            self.taken = held["taken"]
            for name, state in held["schedules"].items():
                self.schedules[name].load_state_dict(state)

    return Trained()


def _package() -> Any:
    """Lightning under either of its names."""
    for name in ("lightning.pytorch", "pytorch_lightning"):
        if find_spec(name.partition(".")[0]) is not None:
            return import_module(name)
    raise ImportError("this needs Lightning: `pip install lightning`", name="lightning")
