"""The weights of a model shared out over processes, with PyTorch's `fully_shard`.

Enters: a Fabric whose strategy came from `sharding`. Leaves: an `Engine`. Each component of the model is sharded by
itself, so that its weights are whole only while it computes; a component whose weights others read, such as a table
that scores are tied to, belongs to the model itself, which is whole as long as an objective is computed.
"""

from __future__ import annotations

from typing import Any

import torch
from lightning_fabric.strategies.model_parallel import ModelParallelStrategy
from torch import Tensor, nn

from ..graph import Model
from ..ops.arguments import ModuleArgument
from .fabric import FabricEngine
from .plan import Plan, Step, make_optimizer


def sharding(processes: int) -> ModelParallelStrategy:
    """The strategy: data parallel over all processes, with the weights shared out."""
    return ModelParallelStrategy(parallelize_fn=_shard, data_parallel_size=processes, tensor_parallel_size=1)


def _shard(module: nn.Module, mesh: Any) -> nn.Module:
    from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method

    part = mesh["data_parallel"]
    for name in components(module):
        fully_shard(module.get_submodule(name), mesh=part)
    fully_shard(module, mesh=part)
    for method in ("objective", "losses"):
        register_fsdp_forward_method(module, method)
    return module


def components(module: nn.Module) -> list[str]:
    """The children that are sharded by themselves: with weights of their own that nobody reads from outside."""
    graph: Model = type(module).__graph__  # type: ignore[attr-defined]
    definition = graph.definitions[graph.training or graph.entry]
    held: set[str] = set()
    for node in definition.nodes():
        held.update(node.held)
        if node.operator is not None:
            held |= {a.path for a in node.operator.values().values() if isinstance(a, ModuleArgument)}
    outside = {path.partition(".")[0] for path in held}
    return [
        name
        for name, child in module.named_children()
        if name not in outside and any(True for _ in child.parameters()) and not isinstance(child, nn.ModuleList)
    ]


class ShardedEngine(FabricEngine):
    """A process that holds its share of the weights, of their gradients and of the optimizers' states."""

    name = "fsdp"

    def prepare(self, model: nn.Module, plan: Plan) -> None:
        self.model = self.fabric.setup_module(model)
        self.model = self.model.module
        self.remember(plan)
        for step in plan.steps:
            optimizer = make_optimizer(step, self.model)
            self.optimizers[step.name] = self.fabric.setup_optimizers(optimizer)  # type: ignore[assignment]

    def objective(self, step: Step, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        with self.fabric.autocast():
            made: tuple[Tensor, dict[str, Tensor]] = self.model.objective(step.name, batch)
        return made

    def clip(self, step: Step, optimizer: Any) -> None:
        if step.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.moved[step.name], step.clip_norm)
        if step.clip_value is not None:
            torch.nn.utils.clip_grad_value_(self.moved[step.name], step.clip_value)

    def weights(self) -> dict[str, Tensor]:
        from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

        options = StateDictOptions(full_state_dict=True, cpu_offload=True)
        found: Any = get_model_state_dict(self.model, options=options)
        return dict(found)

    def optimizer_state(self, step: Step) -> dict[str, Any]:
        from torch.distributed.checkpoint.state_dict import StateDictOptions, get_optimizer_state_dict

        options = StateDictOptions(full_state_dict=True, cpu_offload=True)
        wrapped: Any = self.optimizers[step.name]
        return dict(get_optimizer_state_dict(self.model, wrapped.optimizer, options=options))

    def load(self, weights: dict[str, Tensor], optimizers: dict[str, dict[str, Any]], name: str) -> None:
        from torch.distributed.checkpoint.state_dict import (
            StateDictOptions,
            set_model_state_dict,
            set_optimizer_state_dict,
        )

        options = StateDictOptions(full_state_dict=True, broadcast_from_rank0=True)
        whole: Any = weights
        set_model_state_dict(self.model, whole, options=options)
        for step, state in optimizers.items():
            wrapped: Any = self.optimizers[step]
            set_optimizer_state_dict(self.model, wrapped.optimizer, state, options=options)
