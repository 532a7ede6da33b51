"""The same plan on several devices and machines, through Lightning Fabric.

Enters: what `--devices`, `--nodes`, `--strategy` and `--precision` say. Leaves: an `Engine` in each process. Every
step of the plan is wrapped by itself, with what it updates and nothing else, so that a generator and a critic do not
wait for each other's gradients. A batch is dealt out to the processes and each one's mean is weighted by its rows: the
gradients are those of one process with the whole batch, as long as a loss is a mean over rows and no batch norm looks
at them.
"""

from __future__ import annotations

from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from .engine import Engine
from .plan import Plan, Step, make_optimizer


class Objective(nn.Module):
    """One step of a plan as a module: what is wrapped for several processes."""

    def __init__(self, model: nn.Module, step: str) -> None:
        super().__init__()
        self.model, self.step = model, step

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        made: tuple[Tensor, dict[str, Tensor]] = self.model.objective(self.step, batch)  # type: ignore[operator]
        return made


class FabricEngine(Engine):
    """A process of several. `fabric` is launched already."""

    name = "ddp"

    def __init__(self, fabric: Fabric) -> None:
        super().__init__(fabric.device)
        self.fabric = fabric
        self.rank, self.world = fabric.global_rank, fabric.world_size
        self.steps: dict[str, Any] = {}

    @classmethod
    def launched(
        cls, device: str, devices: int, strategy: str | None, precision: str | None, nodes: int
    ) -> FabricEngine:
        """Start the processes; each of them comes back from here with its own engine."""
        processes = devices * nodes
        chosen: Any = strategy or ("ddp" if processes > 1 else "auto")
        made: type[FabricEngine] = cls
        if chosen == "fsdp":
            from .sharded import ShardedEngine, sharding

            chosen, made = sharding(processes), ShardedEngine
        number: Any = precision
        fabric = Fabric(accelerator=device, devices=devices, num_nodes=nodes, strategy=chosen, precision=number)
        fabric.launch()
        return made(fabric)

    def prepare(self, model: nn.Module, plan: Plan) -> None:
        self.model = model.to(self.device)
        self.remember(plan)
        for step in plan.steps:
            with self.updating(step):
                self.steps[step.name] = self.fabric.setup_module(Objective(model, step.name))
            optimizer = make_optimizer(step, model)
            self.optimizers[step.name] = self.fabric.setup_optimizers(optimizer)  # type: ignore[assignment]

    def objective(self, step: Step, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        made: tuple[Tensor, dict[str, Tensor]] = self.steps[step.name](batch)
        return made

    def losses(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        with self.fabric.autocast():
            return super().losses(batch)

    def backward(self, value: Tensor) -> None:
        self.fabric.backward(value)

    def clip(self, step: Step, optimizer: Any) -> None:
        module = self.steps[step.name]
        if step.clip_norm is not None:
            self.fabric.clip_gradients(module, optimizer, max_norm=step.clip_norm)
        if step.clip_value is not None:
            self.fabric.clip_gradients(module, optimizer, clip_val=step.clip_value)

    def totals(self, values: list[float]) -> list[float]:
        if self.world == 1:
            return values
        number = torch.float32 if self.device.type == "mps" else torch.float64
        summed: Any = self.fabric.all_reduce(torch.tensor(values, dtype=number, device=self.device), reduce_op="sum")
        return [float(x) for x in summed]

    def any(self, flag: bool) -> bool:
        return flag if self.world == 1 else self.totals([float(flag)])[0] > 0

    def gather(self, value: Any) -> list[Any]:
        if self.world == 1:
            return [value]
        import torch.distributed

        found: list[Any] = [None] * self.world
        torch.distributed.all_gather_object(found, value)
        return found

    def wait(self) -> None:
        self.fabric.barrier()

    def optimizer_state(self, step: Step) -> dict[str, Any]:
        optimizer: Any = self.optimizers[step.name]
        state: dict[str, Any] = optimizer.optimizer.state_dict()
        return state

    def load(self, weights: dict[str, Tensor], optimizers: dict[str, dict[str, Any]], name: str) -> None:
        from .checkpoint import load_weights

        load_weights(self.model, weights, name)
        for step, state in optimizers.items():
            wrapped: Any = self.optimizers[step]
            wrapped.optimizer.load_state_dict(state)
