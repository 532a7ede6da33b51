"""Where a plan is computed.

Enters: a module with its plan, and batches. Leaves: objectives, gradients and weights that were moved. `Engine` is one
process on one device and nothing but PyTorch; `fabric.py` has the same for several.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from .plan import Plan, Step, make_optimizer

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer


class Engine:
    """One process, one device. `rank` and `world` are its number and how many there are."""

    rank, world = 0, 1
    name = "one"

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.optimizers: dict[str, Optimizer] = {}
        #: What each step updates, and what must stand still meanwhile: looked up once.
        self.moved: dict[str, list[nn.Parameter]] = {}
        self.still: dict[str, list[nn.Parameter]] = {}

    def prepare(self, model: nn.Module, plan: Plan) -> None:
        """Put the module on the device and make the optimizers."""
        self.model: Any = model.to(self.device)
        self.remember(plan)
        self.optimizers = {step.name: make_optimizer(step, model) for step in plan.steps}

    def remember(self, plan: Plan) -> None:
        for step in plan.steps:
            moved = step.parameters(self.model)
            ids = set(map(id, moved))
            self.moved[step.name] = moved
            self.still[step.name] = [p for p in self.model.parameters() if p.requires_grad and id(p) not in ids]

    @contextmanager
    def updating(self, step: Step) -> Iterator[None]:
        """Gradients come to what the step updates, and to nothing else."""
        still = self.still[step.name]
        for parameter in still:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in still:
                parameter.requires_grad_(True)

    def objective(self, step: Step, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """The scalar that a step descends, and the losses in it."""
        made: tuple[Tensor, dict[str, Tensor]] = self.model.objective(step.name, batch)
        return made

    def losses(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Every loss and metric by name."""
        made: dict[str, Tensor] = self.model.losses(batch)
        return made

    def descend(self, step: Step, value: Tensor) -> None:
        """Gradients of a scalar, bounded as the spec asks, one step of the optimizer, and weights bounded."""
        optimizer = self.optimizers[step.name]
        optimizer.zero_grad()
        self.backward(value)
        self.clip(step, optimizer)
        optimizer.step()
        if step.clip_weights is not None:
            with torch.no_grad():
                for parameter in self.moved[step.name]:
                    parameter.clamp_(-step.clip_weights, step.clip_weights)

    def backward(self, value: Tensor) -> None:
        value.backward()  # type: ignore[no-untyped-call]

    def clip(self, step: Step, optimizer: Any) -> None:
        if step.clip_norm is not None:
            clip_grad_norm_(self.moved[step.name], step.clip_norm)
        if step.clip_value is not None:
            clip_grad_value_(self.moved[step.name], step.clip_value)

    # ------------------------------------------------------------------------- what processes tell each other

    def totals(self, values: list[float]) -> list[float]:
        """Sums over all processes."""
        return values

    def any(self, flag: bool) -> bool:
        """Whether it holds in any process."""
        return flag

    def gather(self, value: Any) -> list[Any]:
        """What each process has, in their order."""
        return [value]

    def wait(self) -> None:
        """Until all processes are here."""

    def weights(self) -> dict[str, Tensor]:
        """The state_dict of the module, whole."""
        found: dict[str, Tensor] = self.model.state_dict()
        return found

    def optimizer_state(self, step: Step) -> dict[str, Any]:
        """The state of an optimizer, whole."""
        return self.optimizers[step.name].state_dict()

    def load(self, weights: dict[str, Tensor], optimizers: dict[str, dict[str, Any]], name: str) -> None:
        """Put back what `weights` and `optimizer_state` gave."""
        from .checkpoint import load_weights

        load_weights(self.model, weights, name)
        for step, state in optimizers.items():
            self.optimizers[step].load_state_dict(state)
