"""What the training graph can train.

Enters: a model. Leaves: which modules a value depends on, which modules a name stands for, and which of them have
parameters that are not frozen.
"""

from __future__ import annotations

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

    @cached_property
    def definition(self) -> Definition:
        return self.model.definitions[self.model.training or self.model.entry]

    @cached_property
    def producers(self) -> dict[str, Node]:
        return {value.name: node for node in self.definition.nodes() for value in node.outputs}

    @cached_property
    def regions(self) -> dict[str, Region]:
        """The named groups by path."""
        found: dict[str, Region] = {}
        stack: list[Node | Region] = list(self.definition.body)
        while stack:
            item = stack.pop()
            if isinstance(item, Region):
                if item.kind == "group" and item.path:
                    found[item.path] = item
                stack += [inner for lane in item.lanes for inner in lane]
        return found

    # ---------------------------------------------------------------------------------------------- modules

    def nodes_of(self, path: str) -> list[Node]:
        """The nodes that belong to a name: uses of the module, or steps of the group."""
        region = self.regions.get(path)
        inside = set() if region is None else {id(n) for n in _walk(region)}
        return [
            n for n in self.definition.nodes()
            if id(n) in inside or n.name == path or (n.module is not None and within(n.module, path))
        ]  # fmt: skip

    def modules(self, path: str) -> set[str]:
        """The modules that a name stands for, with those of elsewhere that they use."""
        found = {i.path for i in self.definition.instances if within(i.path, path)}
        for node in self.nodes_of(path):
            found |= self.uses(node)
        return found

    def uses(self, node: Node) -> set[str]:
        """The modules of the model that a node uses; one inside a block that was called is the block's."""
        return {self._holder(path) for path in uses(node)}

    def _holder(self, path: str) -> str:
        holder = path
        while holder and holder not in self._paths:
            holder = holder.rpartition(".")[0]
        return holder or path

    @cached_property
    def _paths(self) -> set[str]:
        return {i.path for i in self.definition.instances}

    def trainable(self, paths: set[str]) -> set[str]:
        """Those of some modules that have parameters to train."""
        frozen = self.model.objectives.frozen
        return {i.path for i in self.definition.instances if i.path in paths and self._instance(i, frozen)}

    @cached_property
    def everything(self) -> set[str]:
        """All modules with parameters to train."""
        return self.trainable({i.path for i in self.definition.instances})

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

    def slice(self, values: list[str], gradient: bool = False) -> list[Node]:
        """The nodes that values depend on; with `gradient`, those that a gradient comes back to."""
        seen: set[int] = set()
        found: list[Node] = []
        stack = list(values)
        while stack:
            node = self.producers.get(stack.pop())
            if node is None or id(node) in seen:
                continue
            seen.add(id(node))
            if gradient and node.operator is not None and node.operator.name == "StopGrad":
                continue
            found.append(node)
            stack += [name for name in node.inputs if name is not None]
        return found

    def reached(self, value: str) -> set[str]:
        """The modules that the gradient of a value comes to; free parameters stand by the names of their wires."""
        nodes = self.slice([value], gradient=True)
        read = {name for node in nodes for name in node.inputs}
        own = {p.path for p in self.definition.params if p.trained and p.value.name in read}
        return {path for node in nodes for path in self.uses(node)} | own

    @cached_property
    def own(self) -> set[str]:
        """The free parameters of the model itself."""
        return {p.path for p in self.definition.params if p.trained and p.path not in self.model.objectives.frozen}


def within(path: str, name: str) -> bool:
    """Whether a path is that of a name or below it."""
    return path == name or path.startswith(name + ".")


def _walk(region: Region) -> list[Node]:
    found: list[Node] = []
    for lane in region.lanes:
        for item in lane:
            found += [item] if isinstance(item, Node) else _walk(item)
    return found
