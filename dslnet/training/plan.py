"""What is trained by what: the plan of a model, and what a loop needs to follow it.

Enters: a module made from a spec with objectives. Its class holds its plan as plain data (`model.plan`), and methods
that compute: `model.losses(batch)`, `model.objective(step, batch)`, `model.average()`. Leaves: the plan with types
(`plan_of`), optimizers, learning rates, and the context in which one step computes its gradients.

    plan = plan_of(model)
    optimizers = {step.name: make_optimizer(step, model) for step in plan.steps}
    for number, batch in enumerate(batches, 1):
        for step in plan.steps:
            if number % step.every:
                continue
            with updating(step, model):
                value, losses = model.objective(step.name, batch)
                optimizers[step.name].zero_grad()
                value.backward()
            clip_gradients(step, model)
            optimizers[step.name].step()
            clip_weights(step, model)
            model.average()

`make_schedule` of `schedules.py` gives what changes the learning rates. A batch is a mapping from the names of the
spec's inputs and targets to tensors. Every loss is a scalar; what a distributed loop averages are the gradients.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer


@dataclass(frozen=True, slots=True)
class Named:
    """A class of PyTorch by name with its arguments, such as `AdamW` of `torch.optim`."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `model.objective(name, batch)` is descended by what is in `updates`, and by nothing else.

    `updates` are paths of modules and parameters as `get_submodule` and `get_parameter` take them; "" stands for
    everything that is not frozen. `losses` are the losses that it descends, and `descends` says how, in the words of
    the spec (`0.1 * hard + 0.9 * soft`). Without `optimizer` the spec names none.

    `every` is how many batches go by for each step of this kind (a critic with five steps to one of its generator:
    the generator's is 5; its step is taken with the batches number 5, 10, …). `clip_norm` and `clip_value` bound the
    gradients before each step, `clip_weights` every weight after it. `schedules` are classes of
    `torch.optim.lr_scheduler`, one after another.
    """

    name: str
    updates: tuple[str, ...]
    losses: tuple[str, ...]
    descends: str
    optimizer: Named | None = None
    every: int = 1
    clip_norm: float | None = None
    clip_value: float | None = None
    clip_weights: float | None = None
    schedules: tuple[Named, ...] = ()

    def parameters(self, model: nn.Module) -> list[nn.Parameter]:
        """What the step updates: each parameter once, in the order of the model, without the frozen ones."""
        return [
            parameter
            for name, parameter in model.named_parameters()
            if parameter.requires_grad and any(_within(name, path) for path in self.updates)
        ]


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in the order of the text, the names of all losses and metrics, and which modules are what: `frozen`
    are never trained, `teachers` of these always in evaluation mode, `averages` copies that `model.average()` moves
    on after each step of an optimizer."""

    steps: tuple[Step, ...] = ()
    losses: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    teachers: tuple[str, ...] = ()
    averages: tuple[str, ...] = ()

    def step(self, name: str) -> Step:
        """The step of a name. Raises `KeyError`."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(f"the plan has no step {name!r}; it has " + ", ".join(s.name for s in self.steps))


def plan_of(model: nn.Module) -> Plan:
    """The plan of a module that was made from a spec, or of a class that was compiled from one.

    Raises `TypeError` for a module without a plan: its spec has no loss, or it was made for inference only.
    """
    written: Any = getattr(model, "plan", None)
    if not hasattr(written, "steps"):
        raise TypeError(f"{type(model).__name__} has no plan: its spec has no loss, or it was made for inference only")
    steps = tuple(
        Step(
            s.name, tuple(s.updates), tuple(s.losses), s.descends, _named(s.optimizer), s.every,
            s.clip_norm, s.clip_value, s.clip_weights, tuple(Named(n, dict(a)) for n, a in s.schedules),
        )
        for s in written.steps
    )  # fmt: skip
    return Plan(
        steps,
        tuple(written.losses),
        tuple(written.metrics),
        tuple(written.frozen),
        tuple(written.teachers),
        tuple(written.averages),
    )


def _named(pair: Any) -> Named | None:
    return None if pair is None else Named(pair[0], dict(pair[1]))


def _within(name: str, path: str) -> bool:
    return not path or name == path or name.startswith(path + ".")


@contextmanager
def updating(step: Step, model: nn.Module) -> Iterator[None]:
    """The context in which a step computes its objective and its gradients: no other parameter requires one.

    A gradient still passes through the modules of others (a critic's, on the way to the generator), and comes to
    rest in `step.parameters(model)` only. Afterwards everything is as it was.
    """
    mine = {id(p) for p in step.parameters(model)}
    others = [p for p in model.parameters() if p.requires_grad and id(p) not in mine]
    for parameter in others:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in others:
            parameter.requires_grad_(True)


def make_optimizer(step: Step, model: nn.Module, default: Named | None = None) -> Optimizer:
    """The optimizer of a step over what it updates; `default`, or AdamW, where the spec names none."""
    import torch

    chosen = step.optimizer or default or Named("AdamW")
    made: Optimizer = getattr(torch.optim, chosen.name)(step.parameters(model), **chosen.arguments)
    return made


def clip_gradients(step: Step, model: nn.Module) -> None:
    """Bound the gradients as the spec asks, before the optimizer's step."""
    from torch.nn.utils import clip_grad_norm_, clip_grad_value_

    if step.clip_norm is not None:
        clip_grad_norm_(step.parameters(model), step.clip_norm)
    if step.clip_value is not None:
        clip_grad_value_(step.parameters(model), step.clip_value)


def clip_weights(step: Step, model: nn.Module) -> None:
    """Bound each weight to [-c, c] as the spec asks, after the optimizer's step (Arjovsky et al., 2017)."""
    import torch

    if step.clip_weights is not None:
        with torch.no_grad():
            for parameter in step.parameters(model):
                parameter.clamp_(-step.clip_weights, step.clip_weights)
