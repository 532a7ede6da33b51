"""The rules of the operators run again, on numbers that know what they are in the spec.

Enters: the bodies of a model, each after those that it refers to. Leaves: the same bodies, their arguments and types
made of `Named` numbers where a name of the block says what they are, and for each use of a body what its names are in
the words of the body that uses it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...graph import Model, Node, Type, Value
from ...node import replace
from ...ops import Operator
from ...ops.base import Mistake
from ...shape import Dim, Size, Tensor, free, origin
from ...source import Source, Span
from .bodies import Body
from .formulas import Equalities, Named, NamedFloat, Words, renamed

Env = dict[str, Size]


@dataclass(slots=True)
class Meaning:
    """What the names of a body are. `values` are the numbers that they stand for, those that are read off an input
    first; `places` says of these which input shows them, `unnamed` are those that the spec has no name for.
    `alike` are the names that an unnamed size may go by."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    unnamed: set[str] = field(default_factory=set)
    alike: dict[str, list[str]] = field(default_factory=dict)
    equal: Equalities = field(default_factory=list)


class Tracer:
    """Traces the bodies of one model. `uses` has what the names of a body are where it is used: for the node, and
    for the path of the module."""

    def __init__(self, model: Model, bodies: dict[str, Body], sources: Mapping[str, Source]) -> None:
        self.model, self.bodies, self.sources = model, bodies, sources
        self.meanings: dict[str, Meaning] = {}
        self.uses: dict[tuple[str, object, str], Env] = {}
        for body in bodies.values():
            _Body(self, body).run()

    def text(self, place: Span) -> str | None:
        whole = self.sources.get(place.file)
        return None if whole is None else whole.text[place.start : place.end]

    def line(self, place: Span) -> str | None:
        """The line that a place is in."""
        whole = self.sources.get(place.file)
        return None if whole is None else whole.line(whole.position(place.start)[0])

    def use(self, body: Body, at: object, key: str) -> Env:
        """What the names of the definition `key` are where `body` uses it: at a node (its id), or as a module."""
        return self.uses.get((body.key, at, key), {})


class _Body:
    def __init__(self, tracer: Tracer, body: Body) -> None:
        self.tracer, self.body = tracer, body
        self.shown = [
            (n, axis, size)
            for n, value in enumerate(body.inputs)
            if isinstance(value.type, Tensor) and value.type.shape is not None
            for axis, size in enumerate(value.type.shape)
        ]
        self.own = body.kind in ("block", "model")
        self.words = Words(body.bindings, self._inferred(), body.span, tracer.text)
        self.types: dict[str, Any] = {}
        self.meaning = tracer.meanings[body.key] = Meaning(equal=self.words.equal)

    def run(self) -> None:
        body = self.body
        self._inputs()
        body.params = [replace(p, value=self._typed(p.value)) for p in body.params]
        body.below = [replace(p, value=self._typed(p.value)) for p in body.below]
        body.states = tuple(replace(s, value=self._typed(s.value)) for s in body.states)
        self.boxes: dict[str, tuple[Operator, tuple[Any, ...]]] = {}
        body.nodes = [self._traced(node) for node in body.nodes]
        for number, instance in enumerate(body.instances):
            if instance.operator is None:
                continue
            operator, inputs = self.boxes.get(instance.path) or (self._operator(instance.operator), ())
            if inputs != instance.inputs:
                inputs = tuple(map(self.words.typed, instance.inputs))
            body.instances[number] = replace(instance, operator=operator, inputs=inputs)
        body.values = {**body.values, **{n: replace(body.values[n], type=t) for n, t in self.types.items()}}
        body.inputs = [body.values[v.name] for v in body.inputs]

    def _traced(self, node: Node) -> Node:
        self.entered: dict[str, Env] = {}
        node = replace(node, operator=self._operator(node.operator))
        made = dict(zip((v.name for v in node.outputs), self._node(node), strict=False))
        values = []
        for value in node.outputs:
            if made.get(value.name) == value.type:
                value = replace(value, type=made[value.name])
            values.append(value)
            self.types[value.name] = value.type
        node = replace(node, outputs=tuple(values))
        uses = self.tracer.uses
        for key, env in self.entered.items():
            uses[self.body.key, id(node), key] = env
            uses.setdefault((self.body.key, node.module, key), env)
        return node

    # ------------------------------------------------------------------------------------------------- names

    def _inputs(self) -> None:
        """Name the sizes of the inputs: those of a block by its patterns, the others by where they stand."""
        body, meaning = self.body, self.meaning
        sizes: dict[tuple[int, int], Named] = {}
        for n, axis, size in self.shown:
            if not isinstance(size, int):
                continue
            alike = [w for w, v in self.words.values.items() if v == size and origin(v) == origin(size)]
            shown_by = [w for w in self.words.inferred if w in alike and self.own]
            name = next((w for w in shown_by if w not in meaning.places), next(iter(shown_by), None))
            if name is None:
                name = self._told(body.inputs[n], size)
            if name is not None and name not in self.words.inferred:
                sizes[n, axis] = Named(size, free(name), self.words.equal)  # the pattern compares with an argument
                continue
            if name is None:
                name = f"#{n}.{axis}"
                meaning.unnamed.add(name)
                if not self.own and origin(size) is not None:
                    meaning.alike[name] = alike
            meaning.places.setdefault(name, (n, axis))
            meaning.values.setdefault(name, int(size))
            sizes[n, axis] = Named(size, free(name), self.words.equal)
        for n, value in enumerate(body.inputs):
            type_ = value.type
            if isinstance(type_, Tensor) and type_.shape is not None:
                whole = tuple(sizes.get((n, axis), size) for axis, size in enumerate(type_.shape))
                type_ = Tensor(whole, type_.dtype, type_.below)
            self.types[value.name] = type_
        for name, bound in body.bindings.items():
            if isinstance(bound, (int, float)):
                plain = bound if isinstance(bound, (bool, float)) else int(bound)
                meaning.values.setdefault(name, plain)

    def _told(self, value: Value, size: int) -> str | None:
        """The argument that the pattern of an input says a size to be."""
        if not self.own or not self.words.inferred:
            return None
        equal = [w for w, v in self.words.values.items() if w not in self.words.inferred and v == size]
        line = self.tracer.line(value.span)
        if line is not None:
            equal = [w for w in equal if re.search(rf"\b{w}\b", line)]
        return equal[0] if len(equal) == 1 and size > 3 else None

    def _inferred(self) -> list[str]:
        """The names that the patterns of the inputs bind, in order: they come after the arguments."""
        bindings = self.body.bindings
        names = list(bindings)
        for number, name in enumerate(names):
            if isinstance(bindings[name], Dim):
                return names[number:]
        found: list[str] = []
        left = [size for *_, size in self.shown]
        while names:
            value = bindings[names[-1]]
            places = [k for k, s in enumerate(left) if type(value) not in (bool, float, str) and s == value]
            if not places:
                break
            left = left[: places[-1]]
            found.insert(0, names.pop())
        return found

    def _typed(self, value: Value) -> Value:
        made = replace(value, type=self.words.typed(value.type))
        self.types[value.name] = made.type
        return made

    def _operator(self, operator: Operator | None) -> Operator | None:
        if operator is None:
            return None
        old = operator.values()
        new = {name: self.words.named(value) for name, value in old.items()}
        return type(operator)(**new) if any(new[n] is not old[n] for n in old) else operator

    # ------------------------------------------------------------------------------------------------- nodes

    def _node(self, node: Node) -> list[Any]:
        """The types that a node makes."""
        fed = [None if name is None else self.types.get(name) for name in node.inputs]
        if node.kind == "box":
            return self._box(node, fed)
        if node.kind == "call":
            return self._call(node.definition or "", fed)
        if node.kind == "scan":
            cell = self.tracer.bodies[node.definition or ""]
            steps = [_step(t) if n < node.sequences else t for n, t in enumerate(fed)]
            made = self._call(cell.key, steps)
            return [_whole(t, fed[0]) for t in made[: len(cell.outputs)]] + made[len(cell.outputs) :]
        return self._rounds(node, fed)

    def _box(self, node: Node, fed: list[Any]) -> list[Any]:
        assert node.operator is not None
        flat: list[Any] = []
        for type_ in fed:
            flat += type_ if isinstance(type_, tuple) else [type_]
        if node.module is not None:
            self.boxes.setdefault(node.module, (node.operator, tuple(flat)))
            instance = self.body.instance(node.module)
            if instance is not None and instance.body is not None:
                self._enter(instance.body, fed)
        try:
            made = node.operator.shape(*flat)
        except Mistake:  # the rule knows more than the types that are left
            return []
        return list(made) if len(node.outputs) != 1 and isinstance(made, tuple) else [made]

    def _enter(self, key: str, fed: list[Any]) -> Env:
        """What the names of a callee are here."""
        callee, meaning = self.tracer.bodies[key], self.tracer.meanings[key]
        shared = callee.kind not in ("block", "model")
        env: Env = {}
        for name, value in meaning.values.items():
            if isinstance(value, bool):
                continue
            if name in meaning.places:
                number, axis = meaning.places[name]
                position = callee.kept[number]
                env[name] = _shown(fed[position] if position < len(fed) else None, callee, number, axis, value)
                continue
            if shared:
                given = self.body.bindings.get(name)
                known = given == value and not isinstance(given, bool)
                env[name] = free(name) if known else value
            else:
                bound = self.words.named(callee.bindings[name])
                env[name] = bound.formula if isinstance(bound, (Named, NamedFloat)) else value
        self.entered.setdefault(key, env)
        for a, b in meaning.equal:
            left, right = renamed(a, env), renamed(b, env)
            if left is not None and right is not None and left != right:
                self.words.equal.append((left, right))
        return env

    def _call(self, key: str, fed: list[Any]) -> list[Any]:
        callee = self.tracer.bodies[key]
        env = self._enter(key, fed)
        names = [v for _, v in callee.outputs] + [s.next for s in callee.states]
        return [self._moved(callee.values[v].type, env) for v in names]

    def _moved(self, type_: Type, env: Env) -> Any:
        """A type of a callee in the words of this body."""
        if isinstance(type_, tuple):
            return tuple(self._moved(t, env) for t in type_)
        if type_.shape is None:
            return type_
        return Tensor(tuple(self._size(s, env) for s in type_.shape), type_.dtype, type_.below)

    def _size(self, size: Size, env: Env) -> Size:
        if not isinstance(size, int):
            return size
        formula = renamed(size.formula, env) if isinstance(size, Named) else None
        return int(size) if formula is None else Named(size, formula, self.words.equal)

    def _rounds(self, node: Node, fed: list[Any]) -> list[Any]:
        taps: list[list[Any]] = [[] for _ in node.outputs]
        flow = list(fed)
        for part in node.rounds:
            for turn in range(min(part.count, 2)):
                made = self._call(part.definition, flow)
                if node.kind == "repeat":
                    if turn == 0 and part.count > 1 and isinstance(made[0], Tensor) and isinstance(flow[0], Tensor):
                        _ = made[0].shape == flow[0].shape  # the next round takes what this one gives
                    flow[0] = made[0]
                for tap, type_ in zip(taps, made, strict=False):
                    tap += [type_] * (part.count - 1 if turn else 1)
        if node.kind == "repeat":
            return [flow[0], *(tuple(t) for t in taps[1:])]
        return [tuple(t) for t in taps]


def _step(type_: Any) -> Any:
    return Tensor((type_.sizes[0], *type_.sizes[2:]), type_.dtype, type_.below) if isinstance(type_, Tensor) else type_


def _whole(type_: Any, over: Any) -> Any:
    """A step as the sequence of all."""
    if isinstance(type_, Tensor) and isinstance(over, Tensor):
        return Tensor((type_.sizes[0], over.sizes[1], *type_.sizes[1:]), type_.dtype, type_.below)
    return type_


def _shown(type_: Any, callee: Body, number: int, axis: int, value: int) -> Size:
    """The size of what is fed that a name of the callee is read off."""
    wanted = callee.inputs[number].type
    if isinstance(type_, Tensor) and type_.shape is not None and isinstance(wanted, Tensor):
        at = axis if type_.rank == wanted.rank else axis - wanted.rank
        if -type_.rank <= at < type_.rank and type_.shape[at] == value:
            size = type_.shape[at]
            return size.formula if isinstance(size, Named) else value
    return value
