"""A model as one graph: definitions, rounds and shared modules written out where they are used.

Enters: a checked `Model`. Leaves: an `Onnx` graph whose nodes are called after the paths of the spec. A definition
that is used ten times is built ten times, for ONNX has no definitions that every runtime reads; its weights are
found by path, so a module that is shared has its weights once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ...graph import Definition, Instance, Model, Node, State, Type, join
from ...ops.base import Combinator, Operator
from ...shape import Dim, Tensor
from ...source import Source, Span
from ...weights import definition_weights
from .aligning import Aligning
from .graph import Unsupported
from .nodes import Body, Wire
from .weights import Weights

Given = Wire | tuple[Wire, ...] | None


@dataclass(frozen=True, slots=True)
class Owned:
    """An instance and where its weights are."""

    instance: Instance
    path: str


Find = Callable[[str], Owned]


class Onnx(Aligning):
    """The graph of a model, and the builder that the rules of operators are given.

    A rule is called with this and its inputs as `Wire`s (None for a port that is not fed) and gives the name of a
    value, or one for each output.
    """

    def __init__(
        self, model: Model, weights: Weights, opset: int = 20, sources: Mapping[str, Source] | None = None
    ) -> None:
        super().__init__(opset)
        self.model, self.source, self.sources = model, weights, sources or {}
        self.held = str
        definition = model.definition
        self.inputs: list[Wire] = []
        for given in definition.inputs:
            assert isinstance(given.value.type, Tensor), "an input of a model is a tensor"
            self.inputs.append(Wire(self.name(given.value.name), given.value.type))
        self.given = self.inputs
        for name, _ in definition.outputs:
            self.name(name)
        self.taken = set(self._names)
        self._names.update((weight.name, 1) for weight in definition_weights(model, model.entry))
        made = self.definition(definition, "", list(self.inputs), {}, [])
        self.outputs: list[tuple[str, Wire]] = []
        for (name, _), value in zip(definition.outputs, made, strict=False):
            parts = value if isinstance(value, tuple) and not isinstance(value, Wire) else (value,)
            for number, part in enumerate(parts):
                assert isinstance(part, Wire), "an output is computed"
                self.outputs.append((name if len(parts) == 1 else self.name(f"{name}.{number}"), part))

    # -------------------------------------------------------------------------------------------- definitions

    def definition(
        self, d: Definition, path: str, inputs: list[Given], held: Mapping[str, Owned], states: list[Wire]
    ) -> list[Given]:
        """What a definition at a path makes of inputs: its outputs, then the next states."""
        values: dict[str, Given] = {i.value.name: v for i, v in zip(d.inputs, inputs, strict=False)}
        values.update({s.value.name: v for s, v in zip(d.states, states, strict=True)})
        for param in d.params:
            assert isinstance(param.value.type, Tensor)
            values[param.value.name] = Wire(self.stored(join(path, param.path)), param.value.type)
        instances = {instance.path: instance for instance in d.instances}

        def find(name: str) -> Owned:
            if name in held:
                return held[name]
            instance = instances.get(name) or self.model.instance(d, name)
            assert instance is not None, name
            return Owned(instance, join(path, name))

        for node in d.nodes():
            fed = [None if name is None else values[name] for name in node.inputs]
            owned = None if node.module is None else find(node.module)
            with self.within(join(path, node.outputs[0].name), self._line(node.span)):
                made = self._node(node, path, fed, owned, find)
            for value, result in zip(node.outputs, made, strict=False):
                values[value.name] = _wired(result, value.type)
        return [values[name] for _, name in d.outputs] + [values[s.next] for s in d.states]

    def _node(self, node: Node, path: str, fed: list[Given], owned: Owned | None, find: Find) -> list[Any]:
        if node.kind == "box":
            assert node.operator is not None
            with self.within(owned.path if owned is not None and owned.path else self.stem):
                return self._box(node.operator, node, fed, owned, find)
        where = path if owned is None else owned.path
        passed = [find(name) for name in node.held]
        if node.kind == "call":
            return self._call(node.definition or "", where, fed, passed)
        if node.kind == "scan":
            return self._scan(node, where, fed, passed)
        return self._rounds(node, where, owned, fed, passed)

    def _call(self, key: str, path: str, fed: list[Given], passed: list[Owned], states: Any = ()) -> list[Given]:
        callee = self.model.definitions[key]
        return self.definition(callee, path, fed, dict(zip(callee.held, passed, strict=True)), list(states))

    def _rounds(self, node: Node, path: str, owned: Owned | None, fed: list[Given], passed: list[Owned]) -> list[Any]:
        index = 0
        flow = fed[0] if fed else None
        taps: list[list[Given]] = [[] for _ in node.outputs]
        for part in node.rounds:
            for _ in range(part.count):
                where = path if owned is None else join(path, owned.instance.round(index))
                if node.kind == "repeat":
                    flow, *others = self._call(part.definition, where, [flow, *fed[1:]], passed)
                    for tap, value in zip(taps[1:], others, strict=False):
                        tap.append(value)
                else:
                    taps[0].append(self._call(part.definition, where, fed, passed)[0])
                index += 1
        if node.kind == "repeat":
            return [flow, *map(tuple, taps[1:])]
        return [tuple(taps[0])]

    # ------------------------------------------------------------------------------------------------- boxes

    def _box(self, operator: Operator, node: Node, fed: list[Given], owned: Owned | None, find: Find) -> list[Any]:
        wires: list[Wire | None] = []
        for value in fed:
            if isinstance(value, tuple) and not isinstance(value, Wire):
                wires += value
            else:
                wires.append(value)
        before = self.path, self.parametrization, self.held
        self.path = "" if owned is None else self._weights_path(owned)
        self.parametrization = None if owned is None else owned.instance.parametrization
        self.held = lambda name: find(name).path
        copies = None if owned is None or owned.instance.body is None else owned.instance.body
        try:
            if copies is not None and owned is not None and isinstance(operator, Combinator) and not operator.inline:
                self.body = self._copies(copies, join(owned.path, operator.body_path))
            made = operator.onnx(self, *wires)
        except Unsupported as problem:
            if not problem.span.file:
                problem.span = node.span
            raise
        finally:
            self.path, self.parametrization, self.held = before
        if made is None:
            advice = "write it with other boxes, or leave its part to the program that runs the graph"
            what = "is Python code and has" if operator.kind == "python" else "has"
            raise Unsupported(f"`{getattr(operator, 'cls', operator.name)}` {what} no ONNX form", advice, node.span)
        return [made] if len(node.outputs) == 1 else list(made)

    def _weights_path(self, owned: Owned) -> str:
        """Where the weights are; an averaged copy without any of its own begins as what it copies."""
        copied = owned.instance.copy_of
        if copied is None or any(path.startswith(f"{owned.path}.") for path in self.source.tensors):
            return owned.path
        return join(owned.path.removesuffix(owned.instance.path).rstrip("."), copied)

    def _copies(self, key: str, stem: str) -> Callable[[int, tuple[Wire, ...]], tuple[Wire, ...]]:
        def body(number: int, inputs: tuple[Wire, ...]) -> tuple[Wire, ...]:
            before, self.unsized = self.unsized, "the number of vectors that an expert gets is not known"
            try:
                made = self._call(key, join(stem, str(number)), list(inputs), [])
            finally:
                self.unsized = before
            return cast(tuple[Wire, ...], tuple(made))

        return body

    # -------------------------------------------------------------------------------------------------- scans

    def _scan(self, node: Node, path: str, fed: list[Given], passed: list[Owned]) -> list[Any]:
        """A cell along axis 1, as `Scan`. Constants of the cell, and its weights, are read from outside."""
        cell = self.model.definitions[node.definition or ""]
        count = len(cell.states)
        declared, begins = fed[: len(fed) - count], fed[len(fed) - count :]
        starts = [self._start_of(s, b) for s, b in zip(cell.states, begins, strict=True)]
        name = self.name(f"{self.stem}/step")
        states = [Wire(self.name(f"{name}/{s.name}"), _tensor(s.value.type)) for s in cell.states]
        cut = [Wire(self.name(f"{name}/{i.value.name}"), _tensor(i.value.type)) for i in cell.inputs[: node.sequences]]
        body = Body(name, [(w.name, w.type) for w in (*states, *cut)], [])
        before, self.nodes = self.nodes, body.nodes
        try:
            with self.within(f"{name}/cell"):
                inputs: list[Given] = [*cut, *declared[node.sequences :]]
                made = self._call(node.definition or "", path, inputs, passed, states)
                # an output of a body is made in it, and by itself
                ends = [Wire(self.op("Identity", cast(Wire, w)), cast(Wire, w).type) for w in made]
        finally:
            self.nodes = before
        outputs, nexts = ends[: len(cell.outputs)], ends[len(cell.outputs) :]
        body.outputs = [(w.name, w.type) for w in (*nexts, *outputs)]
        found = self.ops(
            count + len(outputs),
            "Scan",
            *starts,
            *cast(list[Wire], declared[: node.sequences]),
            body=body,
            num_scan_inputs=node.sequences,
            scan_input_axes=(1,) * node.sequences,
            scan_output_axes=(1,) * len(outputs),
        )
        return [*found[count:], *found[:count]]

    def _start_of(self, state: State, given: Given) -> str:
        if isinstance(given, Wire):
            return given.name
        initial = state.initial
        if initial is None or initial.kind != "number":
            raise Unsupported(f"the state `{state.name}` begins with random numbers", "let it begin at a number")
        shape = _tensor(state.value.type).sizes
        value, dtype = initial.arguments[0], _tensor(state.value.type).dtype
        if not any(isinstance(size, Dim) for size in shape):
            return self.expand(self.number(value, dtype), shape)
        return self.filled(value, shape, dtype)

    def _line(self, span: Span) -> str:
        """`file.net:12`."""
        source = self.sources.get(span.file)
        if source is None:
            return ""
        return f"{span.file.replace(chr(92), '/').rpartition('/')[2]}:{source.position(span.start)[0]}"


def _tensor(type_: Type) -> Tensor:
    assert isinstance(type_, Tensor), "a state or a sequence is a tensor"
    return type_


def _wired(result: Any, type_: Type) -> Given:
    """A result of a node with its type."""
    if isinstance(type_, Tensor):
        return Wire(result.name if isinstance(result, Wire) else str(result), type_)
    return tuple(
        part if isinstance(part, Wire) else Wire(str(part), each) for part, each in zip(result, type_, strict=True)
    )
