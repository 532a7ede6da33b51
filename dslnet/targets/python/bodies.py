"""Definitions made ready to be written: named groups become bodies of their own.

Enters: a `Model`. Leaves: a `Body` for each definition that the outputs need. A named group that owns several
modules is outlined: what it uses from outside becomes its inputs, what is used of it outside its outputs.

Invariant: a body's nodes are in execution order; module names in nodes are paths below the body or names in `held`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ...graph import Definition, Instance, Model, Node, Param, Region, State, Value, join
from ...node import replace
from ...ops.arguments import ModuleArgument
from ...source import NOWHERE, Span
from .names import camel

Part = TypeVar("Part", Instance, Param)


@dataclass(slots=True)
class Body:
    """A function on tensors with the modules that it owns. `modules` maps a module's path in the text of the
    definition to the path or held name that it has here; `kept` are the positions of inputs that are read, `below` the
    free parameters of its groups, `called` the block or the preset of it that was named."""

    key: str
    block: str
    kind: str
    bindings: dict[str, Any]
    inputs: list[Value]
    optional: set[str]
    held: list[str]
    params: list[Param]
    states: tuple[State, ...]
    instances: list[Instance]
    nodes: list[Node]
    outputs: list[tuple[str, str]]
    values: dict[str, Value]
    kept: list[int]
    modules: dict[str, str] = field(default_factory=dict)
    doc: tuple[str, ...] = ()
    span: Span = NOWHERE
    below: list[Param] = field(default_factory=list)
    called: str = ""
    places: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def instance(self, path: str | None) -> Instance | None:
        if len(self.places) != len(self.instances):  # which are changed in their places only
            self.places = {}
            for number, instance in enumerate(self.instances):
                self.places.setdefault(instance.path, number)
        place = self.places.get(path) if path is not None else None
        return None if place is None else self.instances[place]

    @property
    def results(self) -> list[str]:
        """The values that a call returns: the outputs, then the next states, each once; a model's outputs all."""
        names = [v for _, v in self.outputs] + [s.next for s in self.states]
        return names if self.kind == "model" else list(dict.fromkeys(names))

    def children(self) -> Iterator[str]:
        """The keys of the bodies that this one refers to."""
        for instance in self.instances:
            yield from (k for k in (instance.definition, instance.body) if k is not None)
            yield from (r.definition for r in instance.rounds)
        for node in self.nodes:
            if node.definition is not None:
                yield node.definition
            yield from (r.definition for r in node.rounds)


def needed(definition: Definition, values: Iterable[str]) -> set[str]:
    """The values that some values are made of, and these."""
    makers = {v.name: node for node in definition.nodes() for v in node.outputs}
    found: set[str] = set()
    stack = list(values)
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            node = makers.get(name)
            stack += [i for i in node.inputs if i is not None] if node is not None else []
    return found


def taught(definition: Definition) -> set[str]:
    """The values that are made in the groups of teachers."""
    found: set[str] = set()
    stack: list[tuple[Node | Region, bool]] = [(item, False) for item in definition.body]
    while stack:
        item, inside = stack.pop()
        inside = inside or item.role == "teacher"
        if isinstance(item, Region):
            stack += [(each, inside) for lane in item.lanes for each in lane]
        elif inside:
            found.update(value.name for value in item.outputs)
    return found


def prepare(model: Model, inference: set[str] | None = None) -> dict[str, Body]:
    """The bodies that the entry needs, each after those that it refers to. Of a group of the training graph in which
    some things are made for inference, only these are the group's: `inference` are all such values."""
    bodies: dict[str, Body] = {}
    done: dict[str, Body] = {}

    def add(key: str) -> None:
        if key in done:
            return
        if key not in bodies:
            entry = key == model.entry
            _Outliner(model.definitions[key], entry, bodies, inference if entry else None).run()
        body = bodies[key]
        for child in body.children():
            add(child)
        done[key] = body

    add(model.entry)
    _settle_optional(done, model)
    return done


def _settle_optional(bodies: dict[str, Body], model: Model) -> None:
    """An input that every caller feeds is not optional."""
    unfed: dict[str, set[int]] = {}
    for body in bodies.values():
        for node in body.nodes:
            keys = [node.definition] if node.definition is not None else [r.definition for r in node.rounds]
            for key in keys:
                arity = len(model.definitions[key].inputs) if key in model.definitions else len(bodies[key].inputs)
                given = {n for n, name in enumerate(node.inputs) if name is not None}
                unfed.setdefault(key, set()).update(set(range(arity)) - given)
    for body in bodies.values():
        if body.key != model.entry:
            missing = unfed.get(body.key, set())
            body.optional = {v.name for n, v in zip(body.kept, body.inputs, strict=True) if n in missing}


class _Outliner:
    """Turns one definition into a body, and its named groups into further bodies."""

    def __init__(
        self, definition: Definition, entry: bool, bodies: dict[str, Body], inference: set[str] | None = None
    ) -> None:
        self.definition, self.entry, self.bodies, self.inference = definition, entry, bodies, inference
        self.values = definition.values()
        self.groups: set[str] = set()
        self.instances = _by_group((i.path, i) for i in definition.instances)
        self.params = _by_group((p.path, p) for p in definition.params)
        self.uses: dict[str, int] = {}
        for node in definition.nodes():
            self._count(node, 1)
        for _, value in definition.outputs:
            self.uses[value] = self.uses.get(value, 0) + 1
        for state in definition.states:
            self.uses[state.next] = self.uses.get(state.next, 0) + 1

    def _count(self, node: Node, step: int) -> None:
        for name in node.inputs:
            if name is not None:
                self.uses[name] = self.uses.get(name, 0) + step

    def run(self) -> None:
        d = self.definition
        nodes = self._flatten(d.body)
        used = {n for node in nodes for n in node.inputs} | {v for _, v in d.outputs} | {s.next for s in d.states}
        kept = [n for n, i in enumerate(d.inputs) if self.entry or i.value.name in used]
        outlined = {p.path for p in d.params if self._outlined(p.path)}
        self.bodies[d.key] = Body(
            d.key, d.block, d.kind, d.bindings, [d.inputs[n].value for n in kept],
            {d.inputs[n].value.name for n in kept if d.inputs[n].optional}, list(d.held),
            [p for p in d.params if p.path not in outlined], d.states,
            self._remaining(""), nodes, list(d.outputs), self.values, kept, {}, d.doc, d.span,
            [p for p in d.params if p.path in outlined], d.called or d.block,
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------- groups

    def _remaining(self, path: str) -> list[Instance]:
        """The instances directly below a path, a group being one."""
        prefix = path + "." if path else ""
        depth = len(_starts(path)) if path else 0
        found: dict[str, Instance] = {}
        for instance in self.instances.get(path, []) if path else self.definition.instances:
            group = next((start for start in _starts(instance.path)[depth:] if start in self.groups), None)
            if group is None:
                found[instance.path] = replace(instance, path=instance.path[len(prefix) :])
            elif group not in found:
                key = f"{self.definition.key}/{group}"
                found[group] = Instance(group[len(prefix) :], definition=key, span=self.bodies[key].span)
        return list(found.values())

    def _outlined(self, param: str, below: str = "") -> bool:
        """Whether a free parameter belongs to a group, that stands below another one."""
        depth = len(_starts(below)) if below else 0
        return any(path in self.groups for path in _starts(param)[depth:-1])

    def _flatten(self, items: Iterable[Node | Region]) -> list[Node]:
        nodes: list[Node] = []
        for item in items:
            if isinstance(item, Node):
                nodes.append(item)
                continue
            inside = [node for lane in item.lanes for node in self._flatten(lane)]
            path = item.path
            if item.kind == "group" and path and inside and self._owns_several(path):
                inside, after = self._parted(inside)
                nodes += [self._outline(item, path, inside), *after]
            else:
                nodes += inside
        return nodes

    def _parted(self, nodes: list[Node]) -> tuple[list[Node], list[Node]]:
        """The nodes of a group: what inference needs of it, and what only training does, which is written behind."""
        if self.inference is None:
            return nodes, []
        inference = self.inference
        here = [n for n in nodes if any(v.name in inference for v in n.outputs)]
        if not here:
            return nodes, []
        chosen = set(map(id, here))
        return here, [n for n in nodes if id(n) not in chosen]

    def _owns_several(self, path: str) -> bool:
        here = self.instances.get(path, [])
        own = next((i for i in here if i.path == path), None)
        several = any(i.path != path for i in here) or any(p.path != path for p in self.params.get(path, []))
        return several and (own is None or bool(own.rounds))

    def _outline(self, region: Region, path: str, nodes: list[Node]) -> Node:
        d, prefix = self.definition, path + "."
        params = [p for p in self.params.get(path, []) if p.path != path]
        made = {v.name for node in nodes for v in node.outputs} | {p.value.name for p in params}
        inner_uses: dict[str, int] = {}
        inputs: dict[str, Value] = {}
        for node in nodes:
            for name in node.inputs:
                if name is None:
                    continue
                inner_uses[name] = inner_uses.get(name, 0) + 1
                if name not in made:
                    inputs[name] = self.values[name]
        outputs = [v for node in nodes for v in node.outputs if self.uses.get(v.name, 0) > inner_uses.get(v.name, 0)]
        for name in list(inner_uses):  # from now on the group is one node
            self.uses[name] -= inner_uses[name] - (1 if name in inputs else 0)
        modules: dict[str, str] = {}
        held: dict[str, str] = {}

        def local(name: str) -> str:
            if (name + ".").startswith(prefix):
                modules[name] = name[len(prefix) :]
            elif name not in modules:
                modules[name] = _fresh(name.rpartition(".")[2] or "module", {*held.values(), *made, *inputs})
                held[name] = modules[name]
            return modules[name]

        rewritten = []
        for node in nodes:
            module = None if node.module is None else local(node.module)
            for argument in module_arguments(node):
                local(argument.path)
            rewritten.append(replace(node, module=module, held=tuple(map(local, node.held))))
        key = f"{d.key}/{path}"
        name = region.name or path.rpartition(".")[2]
        block = ("" if d.kind == "model" else d.block) + (camel(name) if not name.isdigit() else camel(f"part{name}"))
        instances = self._remaining(path)
        self.bodies[key] = Body(
            key, block, "group", d.bindings, list(inputs.values()), set(), list(held.values()),
            [replace(p, path=p.path[len(prefix) :]) for p in params if not self._outlined(p.path, below=path)],
            (), instances, rewritten, [(v.name, v.name) for v in outputs], self.values,
            list(range(len(inputs))), modules, region.doc, region.span,
        )  # fmt: skip
        self.groups.add(path)
        return Node(
            "call", tuple(inputs), tuple(outputs), definition=key, module=path, held=tuple(held),
            name=region.name, role=region.role, doc=region.doc, span=region.span,
        )  # fmt: skip


def _starts(path: str) -> list[str]:
    """A path's beginnings, itself last: `a`, `a.b`, `a.b.c`."""
    segments = path.split(".")
    return [".".join(segments[:depth]) for depth in range(1, len(segments) + 1)]


def _by_group(entries: Iterable[tuple[str, Part]]) -> dict[str, list[Part]]:
    """What stands at each path or below it, in order."""
    found: dict[str, list[Part]] = {}
    for path, entry in entries:
        for start in _starts(path):
            found.setdefault(start, []).append(entry)
    return found


def module_arguments(node: Node) -> list[ModuleArgument]:
    """The modules that a node's operator was given."""
    if node.operator is None:
        return []
    return [v for v in node.operator.values().values() if isinstance(v, ModuleArgument)]


def _fresh(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}{number}", number + 1
    return name


__all__ = ["Body", "join", "module_arguments", "prepare"]
