"""The plan of a model, read off its graph.

Enters: a checked `Model`. Leaves: its steps in the order of the text, with the paths that each updates, what it
descends and by which optimizer; then the paths of what is frozen, of teachers and of averaged copies. Paths are the
shortest that say the same: `net` where everything below it is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...analysis.training import Training, within
from ...graph import Instance, Loss, Model, Node, Optimizer, Train, join
from ...ops.optimizers import OPTIMIZERS
from ...ops.schedules import SCHEDULES
from ...weights import parts

#: What a `train` line may be made of beside losses.
_SUMS = frozenset({"Plus", "Minus", "Times", "Divide", "Negative"})


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `value` is the wire that it descends, None for the sum of all losses; `paths` are the instances and
    free parameters that it updates, `updates` says the same in short."""

    name: str
    value: str | None
    losses: tuple[Loss, ...]
    paths: frozenset[str]
    updates: tuple[str, ...]
    descends: str
    optimizer: Optimizer | None


@dataclass(frozen=True, slots=True)
class Copy:
    """An averaged copy: its path, that of what it follows, and how slowly."""

    path: str
    source: str
    decay: float


class Planner:
    """What one model says of its training."""

    def __init__(self, model: Model) -> None:
        self.model, self.objectives = model, model.objectives
        self.training = Training(model)
        self.losses = [loss for loss in self.objectives.losses if loss.kind == "loss"]
        self.metrics = [loss for loss in self.objectives.losses if loss.kind == "metric"]

    @cached_property
    def steps(self) -> list[Step]:
        trains = self.objectives.trains or ((Train((), ""),) if self.losses else ())
        return [self._step(train) for train in trains]

    def _step(self, train: Train) -> Step:
        training = self.training
        if train.modules:
            wanted = set().union(*(training.modules(name) for name in train.modules))
            paths = training.trainable(wanted)
            updates = self.shortest(paths)
        else:
            paths, updates = training.everything | training.own, ("",)
        losses = self.losses if not train.value else self.descended(train.value)
        text = train.text or " + ".join(loss.name for loss in losses)
        name = train.modules[0] if train.modules else "model"
        made = next((o for o in self.objectives.optimizers if o.module == name), None)
        general = next((o for o in self.objectives.optimizers if o.module is None), None)
        return Step(name, train.value or None, tuple(losses), frozenset(paths), updates, text, made or general)

    def descended(self, value: str) -> list[Loss]:
        """The losses that a value is put together of, in the order of the text."""
        named = {loss.value for loss in self.losses}
        found: set[str] = set()
        stack, seen = [value], set()
        while stack:
            name = stack.pop()
            if name in named:
                found.add(name)
                continue
            node = self.training.producers.get(name)
            if node is not None and id(node) not in seen:
                seen.add(id(node))
                stack += [i for i in node.inputs if i is not None]
        return [loss for loss in self.losses if loss.value in found]

    # ------------------------------------------------------------------------------------------------- paths

    @cached_property
    def instances(self) -> dict[str, Instance]:
        return {i.path: i for i in self.training.definition.instances}

    def shortest(self, paths: Iterable[str]) -> tuple[str, ...]:
        """The paths with every group that is meant as a whole said by its own name, in the order of the model."""
        wanted = set(paths)
        can = self.training.everything | wanted
        made: dict[str, None] = {}
        for path in (p for p in self.instances if p in wanted):
            segments = path.split(".")
            for depth in range(1, len(segments) + 1):
                start = ".".join(segments[:depth])
                if all(other in wanted for other in can if within(other, start)):
                    made[start] = None
                    break
        return tuple(made)

    @cached_property
    def frozen(self) -> tuple[str, ...]:
        """What no step may ever update."""
        still = [i.path for i in self.instances.values() if i.frozen or i.copy_of is not None]
        inside = [copy.path for copy in self.copies if copy.path not in self.instances]
        return tuple(dict.fromkeys([*self.whole(still), *self.objectives.frozen, *inside]))

    @cached_property
    def teachers(self) -> tuple[str, ...]:
        """What is always in evaluation mode."""
        inside = [path for path, _, _ in self.everywhere(is_teacher) if path not in self.instances]
        return (*self.whole([i.path for i in self.instances.values() if is_teacher(i)]), *inside)

    @cached_property
    def copies(self) -> list[Copy]:
        """The averaged copies, those inside blocks too."""
        found = self.everywhere(lambda instance: instance.copy_of is not None)
        return [Copy(path, join(owner, i.copy_of or ""), i.decay or 0.0) for path, owner, i in found]

    def everywhere(self, wanted: Callable[[Instance], bool]) -> list[tuple[str, str, Instance]]:
        """Every instance of a kind, of each round: its path, the path of the body that has it, and itself."""
        table = self.model.definitions
        if not any([wanted(instance) for definition in table.values() for instance in definition.instances]):
            return []
        known: dict[str, bool] = {}

        def holds(key: str) -> bool:
            if key not in known:
                here = table[key].instances
                known[key] = any(wanted(i) or any(holds(k) for k in _below(i)) for i in here)
            return known[key]

        def below(key: str, prefix: str) -> Iterator[tuple[str, str, Instance]]:
            for instance in table[key].instances:
                path = join(prefix, instance.path)
                if wanted(instance):
                    yield path, prefix, instance
                    continue
                for segment, child in parts(instance):
                    if holds(child):
                        yield from below(child, join(path, segment))

        start = self.model.training or self.model.entry
        return list(below(start, "")) if holds(start) else []

    def whole(self, paths: list[str]) -> tuple[str, ...]:
        """Paths, with the name of a group for all that is in it."""
        made: dict[str, None] = {}
        for path in paths:
            segments = path.split(".")
            starts = (".".join(segments[:depth]) for depth in range(1, len(segments) + 1))
            made[next(s for s in starts if all(p in paths for p in self.instances if within(p, s)))] = None
        return tuple(made)


def details(optimizer: Optimizer) -> dict[str, Any]:
    """The fields of a step that an `optimizer` line gives, without what is the default anyway. Of arguments those
    that differ from PyTorch's, but a learning rate always."""
    bound = OPTIMIZERS[optimizer.name](**optimizer.arguments)
    found: dict[str, Any] = {"optimizer": (optimizer.name, bound.call[1])}
    if optimizer.every != 1:
        found["every"] = optimizer.every
    for name in ("clip_norm", "clip_value", "clip_weights"):
        if getattr(optimizer, name) is not None:
            found[name] = getattr(optimizer, name)
    if optimizer.schedules:
        bounds = [SCHEDULES[s.name](**s.arguments) for s in optimizer.schedules]
        found["schedules"] = tuple((b.name, _told(b.values(), b.changed())) for b in bounds)
    return found


def _told(values: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a schedule that differ from PyTorch's defaults; its unit and a known length always."""
    always = ("unit", "total_iters", "T_max", "total_steps")
    return {n: v for n, v in values.items() if v is not None and (n in changed or n in always)}


def is_teacher(instance: Instance) -> bool:
    return instance.role == "teacher"


def _below(instance: Instance) -> Iterator[str]:
    """The bodies below an instance, each once."""
    yield from (key for key in (instance.definition, instance.body) if key is not None)
    yield from {part.definition: None for part in instance.rounds}


def is_sum(node: Node) -> bool:
    """Whether a node only puts losses together."""
    return node.kind == "box" and node.operator is not None and node.operator.name in _SUMS
