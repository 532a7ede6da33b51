"""What the training graph can train.

Enters: a model. Leaves: which modules a value depends on, which modules a name stands for, and which of them have
parameters that are not frozen.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from ..graph import Definition, Instance, Model, Node, Region
from ..node import field, record
from ..ops import Combinator
from ..ops.arguments import ModuleArgument


def uses(node: Node) -> set[str]:
    """The modules that a node runs or reads the weights of."""
    found = {node.module, *node.held} if node.module is not None else set(node.held)
    if node.operator is not None:
        found |= {a.path for a in node.operator.values().values() if isinstance(a, ModuleArgument)}
    return {path for path in found if path is not None}


@record
class Training:
    """The training graph of a model, seen from its entry."""

    model: Model
    known: dict[tuple[str, tuple[str, ...]], bool] = field(default_factory=dict)
    made: dict[str, dict[str, Node]] = field(default_factory=dict)

    @cached_property
    def definition(self) -> Definition:
        return self.model.definitions[self.model.training or self.model.entry]

    @cached_property
    def producers(self) -> dict[str, Node]:
        """What makes each value of the training graph."""
        return self.producers_in(self.definition.key)

    def producers_in(self, key: str) -> dict[str, Node]:
        """What makes each value of a definition."""
        if key not in self.made:
            nodes = self.model.definitions[key].nodes()
            self.made[key] = {value.name: node for node in nodes for value in node.outputs}
        return self.made[key]

    # ---------------------------------------------------------------------------------------------- modules

    @cached_property
    def named(self) -> dict[str, list[Node]]:
        """The nodes by every name that they belong to: uses of a module and of what is above it, steps of a group."""
        found: dict[str, list[Node]] = {}
        stack: list[tuple[Node | Region, tuple[str, ...]]] = [(item, ()) for item in reversed(self.definition.body)]
        while stack:
            item, groups = stack.pop()
            if isinstance(item, Region):
                inside = (*groups, item.path) if item.kind == "group" and item.path else groups
                stack += [(inner, inside) for lane in reversed(item.lanes) for inner in reversed(lane)]
                continue
            names = {*groups, *above(item.module or "")} | ({item.name} if item.name else set())
            for name in names:
                found.setdefault(name, []).append(item)
        return found

    @cached_property
    def held(self) -> dict[str, list[str]]:
        """The paths of modules by every path above them, and by their own."""
        found: dict[str, list[str]] = {}
        for instance in self.definition.instances:
            for name in above(instance.path):
                found.setdefault(name, []).append(instance.path)
        return found

    def nodes_of(self, path: str) -> list[Node]:
        """The nodes that belong to a name: uses of the module, or steps of the group."""
        return self.named.get(path, [])

    def modules(self, path: str) -> set[str]:
        """The modules that a name stands for, with those of elsewhere that they use."""
        return set(self.held.get(path, ())).union(*map(uses, self.nodes_of(path)))

    def trainable(self, paths: set[str]) -> set[str]:
        """Those of some modules that have parameters to train."""
        return paths & self.everything

    @cached_property
    def everything(self) -> set[str]:
        """All modules with parameters to train."""
        frozen = self.model.objectives.frozen
        return {i.path for i in self.definition.instances if self._instance(i, frozen)}

    def _instance(self, instance: Instance, frozen: tuple[str, ...]) -> bool:
        if instance.frozen or instance.copy_of is not None or (instance.path and instance.path in frozen):
            return False
        if any(instance.path.startswith(f + ".") for f in frozen):
            return False
        start = instance.path + "." if instance.path else ""
        below = tuple(f[len(start) :] for f in frozen if f.startswith(start))
        operator = instance.operator
        if operator is not None:
            if operator.name == "PythonBox" or any(w.trained for w in operator.weights(*instance.inputs)):
                return True
            inside = instance.body if isinstance(operator, Combinator) else None
            return inside is not None and self._definition(inside, ())
        if instance.definition is not None:
            return self._definition(instance.definition, below)
        return any(self._definition(r.definition, ()) for r in instance.rounds)

    def _definition(self, key: str, frozen: tuple[str, ...]) -> bool:
        if (key, frozen) not in self.known:
            definition = self.model.definitions[key]
            own = any(p.trained and p.path not in frozen for p in definition.params)
            self.known[key, frozen] = own or any(self._instance(i, frozen) for i in definition.instances)
        return self.known[key, frozen]

    # ----------------------------------------------------------------------------------------------- slices

    @cached_property
    def needed(self) -> set[int]:
        """The nodes that the losses and what `train` lines descend depend on, by identity."""
        seen: set[int] = set()
        stack = list(self.descended)
        while stack:
            node = self.producers.get(stack.pop())
            if node is None or id(node) in seen:
                continue
            seen.add(id(node))
            stack += [name for name in node.inputs if name is not None]
        return seen

    @cached_property
    def descended(self) -> dict[str, int]:
        """The values of losses and `train` lines, with a bit for each."""
        objectives = self.model.objectives
        values = [loss.value for loss in objectives.losses if loss.kind == "loss"]
        values += [train.value for train in objectives.trains]
        return {value: 1 << number for number, value in enumerate(dict.fromkeys(values))}

    @cached_property
    def gradients(self) -> dict[str, int]:
        """For each module, and each free parameter by its path, the values whose gradient comes to it, as bits: one
        walk from the end for all of them, however many losses there are."""
        arriving = dict(self.descended)
        found: dict[str, int] = {}
        for node in reversed(list(self.definition.nodes())):
            bits = 0
            for value in node.outputs:
                bits |= arriving.get(value.name, 0)
            if not bits or (node.operator is not None and node.operator.name == "StopGrad"):
                continue
            for path in uses(node):
                found[path] = found.get(path, 0) | bits
            for name in node.inputs:
                if name is not None:
                    arriving[name] = arriving.get(name, 0) | bits
        for param in self.definition.params:
            bits = arriving.get(param.value.name, 0)
            if param.trained and bits:
                found[param.path] = found.get(param.path, 0) | bits
        return found

    def reached(self, paths: Iterable[str], values: Iterable[str] | None) -> bool:
        """Whether the gradient of one of some values (None: of any) comes to some modules or free parameters."""
        bits = 0 if values is not None else -1
        for value in values or ():
            bits |= self.descended.get(value, 0)
        return any(self.gradients.get(path, 0) & bits for path in paths)

    @cached_property
    def own(self) -> set[str]:
        """The free parameters of the model itself."""
        return {p.path for p in self.definition.params if p.trained and p.path not in self.model.objectives.frozen}


def above(path: str) -> list[str]:
    """A path and all that are above it, the empty one left out: `a.b.c`, `a.b`, `a`."""
    found: list[str] = []
    while path:
        found.append(path)
        path = path.rpartition(".")[0]
    return found


def within(path: str, name: str) -> bool:
    """Whether a path is that of a name or below it."""
    return path == name or path.startswith(name + ".")
