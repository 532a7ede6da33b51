"""Runs a graph node by node in torch, with no source text in between.

Enters: a model, a state_dict and inputs. Leaves: the outputs. It shares nothing with the emitter but the operators'
code trees, so what both compute must be equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from interpret import Box

from dslnet.graph import Definition, Instance, Model, join
from dslnet.ops.arguments import ModuleArgument
from dslnet.shape import Dim, Tensor, evaluate


@dataclass
class Owned:
    """An instance and where its weights are."""

    instance: Instance
    path: str


class Interpreter:
    def __init__(self, model: Model, state: dict[str, torch.Tensor], sizes: dict[str, int]) -> None:
        self.model, self.state, self.sizes = model, state, sizes

    def run(self, *inputs: torch.Tensor | None) -> list[Any]:
        return self.definition(self.model.definition, "", list(inputs), {})

    def definition(self, d: Definition, path: str, inputs: list[Any], held: dict[str, Owned]) -> list[Any]:
        """The outputs, then the next states."""
        values: dict[str, Any] = {i.value.name: v for i, v in zip(d.inputs, inputs, strict=False)}
        values.update({s.value.name: v for s, v in zip(d.states, inputs[len(d.inputs) :], strict=False)})
        values.update({p.value.name: self.state[join(path, p.path)] for p in d.params})
        types = {name: value.type for name, value in d.values().items()}

        def owned(name: str) -> Owned:
            if name in held:
                return held[name]
            instance = d.instance(name)
            assert instance is not None, name
            return Owned(instance, join(path, name))

        for node in d.nodes():
            fed = [None if n is None else values[n] for n in node.inputs]
            passed = [owned(h) for h in node.held]
            if node.kind == "box":
                flat: list[Any] = []
                flat_types: list[Any] = []
                for name, value in zip(node.inputs, fed, strict=True):
                    type_ = None if name is None else types[name]
                    many = isinstance(type_, tuple)
                    flat += list(value) if many else [value]
                    flat_types += list(type_) if many else [type_]
                module = None if node.module is None else owned(node.module)
                made = self.box(node.operator, flat, flat_types, module, owned)
                outputs = [made] if len(node.outputs) == 1 else list(made)
            elif node.kind == "call":
                where = owned(node.module).path if node.module is not None else path
                outputs = self.call(node.definition, where, fed, passed)
            elif node.kind in ("repeat", "each"):
                of = owned(node.module).instance if node.module is not None else None
                where = owned(node.module).path if node.module is not None else path
                outputs = self.rounds(node, of, where, fed, passed)
            else:
                outputs = self.scan(node, owned(node.module).path if node.module is not None else path, fed, passed)
            values.update({v.name: o for v, o in zip(node.outputs, outputs, strict=False)})
        return [values[v] for _, v in d.outputs] + [values[s.next] for s in d.states]

    def call(self, key: str | None, path: str, fed: list[Any], passed: list[Owned]) -> list[Any]:
        callee = self.model.definitions[key or ""]
        return self.definition(callee, path, fed, dict(zip(callee.held, passed, strict=True)))

    def rounds(self, node: Any, of: Any, path: str, fed: list[Any], passed: list[Owned]) -> list[Any]:
        number, flow = 0, fed[0] if fed else None
        taps: list[list[Any]] = [[] for _ in node.outputs]
        for part in node.rounds:
            for _ in range(part.count):
                where = path if of is None else join(path, of.round(number))
                if node.kind == "repeat":
                    flow, *others = self.call(part.definition, where, [flow, *fed[1:]], passed)
                    for tap, value in zip(taps[1:], others, strict=False):
                        tap.append(value)
                else:
                    taps[0].append(self.call(part.definition, where, fed, passed)[0])
                number += 1
        return [flow, *taps[1:]] if node.kind == "repeat" else taps

    def scan(self, node: Any, path: str, fed: list[Any], passed: list[Owned]) -> list[Any]:
        cell = self.model.definitions[node.definition]
        count = len(cell.states)
        declared, states = fed[: len(fed) - count], fed[len(fed) - count :]
        for n, state in enumerate(cell.states):
            if states[n] is None:
                assert isinstance(state.value.type, Tensor) and state.initial is not None
                sizes = [evaluate(s, self.sizes) if isinstance(s, Dim) else s for s in state.value.type.sizes]
                states[n] = torch.full(sizes, float(state.initial.arguments[0]))
        steps: list[list[Any]] = [[] for _ in cell.outputs]
        for t in range(declared[0].shape[1]):
            cut = [v[:, t] if n < node.sequences else v for n, v in enumerate(declared)]
            made = self.call(node.definition, path, [*cut, *states], passed)
            states = made[len(cell.outputs) :]
            for step, value in zip(steps, made, strict=False):
                step.append(value)
        return [torch.stack(s, 1) for s in steps] + states

    def box(self, op: Any, fed: list[Any], types: list[Any], module: Owned | None, owned: Any) -> Any:
        held = {}
        for name, value in op.values().items():
            if isinstance(value, ModuleArgument):
                other = owned(value.path)
                held[name] = self.filled(Box(other.instance.operator, other.instance.inputs), other.path).own
        if module is None:
            return Box(op, types, self.sizes, held).eval()(*fed)
        bodies: list[torch.nn.Module] = []
        if module.instance.body is not None:
            stem = join(module.path, op.body_path)
            bodies = [_Body(self, module.instance.body, join(stem, str(n))) for n in range(op.copies)]
        return self.filled(Box(op, types, self.sizes, held, bodies), module.path)(*fed)

    def filled(self, box: Box, path: str) -> Box:
        """The box with the weights at a path."""
        prefix = path + "."
        mine = {k[len(prefix) :]: v for k, v in self.state.items() if k.startswith(prefix)}
        if box.own is not None:
            own = box.own.state_dict()
            box.own.load_state_dict({k: v for k, v in mine.items() if k in own}, strict=False)
        return box.eval()


class _Body(torch.nn.Module):
    """One copy of a combinator's body."""

    def __init__(self, interpreter: Interpreter, key: str, path: str) -> None:
        super().__init__()
        self.interpreter, self.key, self.path = interpreter, key, path

    def forward(self, *inputs: Any) -> Any:
        return self.interpreter.call(self.key, self.path, list(inputs), [])[0]
