"""The static proof that a model is autoregressive.

Enters: a model and two of its wires. Leaves: for every value of every definition that is reached the steps that it
depends on (`ops/dependence.py`). This is abstract interpretation: a definition is run once for each distinct steps
of its inputs, a repeat until nothing changes any more, and no instance is ever walked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..graph import Definition, Model, Node
from ..node import field, record
from ..ops import Operator
from ..ops.attention import CausalMask
from ..ops.convolution import MaskedConv
from ..ops.dependence import MIXED, NO_STEPS, Body, Steps, Traced, all_steps, join, made, raster, shifted, unproved
from ..shape import Dim, Tensor
from ..source import Span

#: What is known of a value; of a tuple, of each element.
Known = Steps | tuple[Steps, ...]
Environment = dict[str, Known]

#: What is known of a value that nothing is known of.
NOTHING = all_steps("nothing is known of it", proved=False)

#: After so many rounds that all change something, a repeat is given up.
PATIENCE = 64


def elements(known: Known) -> tuple[Steps, ...]:
    return (known,) if isinstance(known, Steps) else known


def leaks(known: Known) -> bool:
    """Whether something sees later steps than its own."""
    return any(steps.ahead for steps in elements(known))


def holds(known: Known) -> bool:
    """Whether a value keeps the promise: index t depends on steps up to t."""
    return all(
        not steps.everything and (len(steps.at) <= 1 or steps.order) and not steps.ahead for steps in elements(known)
    )


def promised(type: Tensor) -> Steps:
    """The steps of the tensor that a promise begins at.

    Of an image [B, C, H, W], the places, row by row. Else a sequence is the first axis after the batch whose size is
    free, or the first after the batch.
    """
    if type.rank < 2:
        return Steps(((0, 0),))
    free = [i for i, size in enumerate(type.sizes) if i and isinstance(size, Dim)]
    if type.rank == 4 and type.dtype == "float" and free in ([], [2, 3]):
        return raster(2, 3)
    return Steps(((free[0] if free else 1, 0),))


@record
class Prover:
    """Runs definitions on steps. `fixes` are calls that are run as if they were causal; `pinned` are values of the
    entry whose steps are given."""

    model: Model
    fixes: frozenset[Span] = frozenset()
    pinned: dict[str, Steps] = field(default_factory=dict)
    memo: dict[Any, Environment] = field(default_factory=dict)
    types: dict[str, dict[str, Any]] = field(default_factory=dict)
    depth: int = 0
    forced: bool = False

    def run(self, key: str, inputs: Sequence[Known], states: Sequence[Steps] = ()) -> Environment:
        """What is known of every value of a definition."""
        place = (key, tuple(inputs), tuple(states), self.forced, self.depth)
        if place not in self.memo:
            definition = self.model.definitions[key]
            environment: Environment = {i.value.name: s for i, s in zip(definition.inputs, inputs, strict=False)}
            environment.update((p.value.name, NO_STEPS) for p in definition.params)
            environment.update((s.value.name, k) for s, k in zip(definition.states, states, strict=False))
            self.memo[place] = self.fill(definition, environment)
        return self.memo[place]

    def entry(self, key: str) -> Environment:
        """What is known of every value of the model, with the pinned ones as given."""
        definition = self.model.definitions[key]
        environment: Environment = {i.value.name: NO_STEPS for i in definition.inputs}
        environment.update((p.value.name, NO_STEPS) for p in definition.params)
        environment.update(self.pinned)
        self.memo[(key,)] = environment
        return self.fill(definition, environment, self.pinned)

    def fill(
        self, definition: Definition, environment: Environment, pinned: dict[str, Steps] | None = None
    ) -> Environment:
        for node in definition.nodes():
            found = self.node(definition, environment, node)
            for value, known in zip(node.outputs, found, strict=False):
                environment[value.name] = (pinned or {}).get(value.name, known)
        return environment

    def value_types(self, definition: Definition) -> dict[str, Any]:
        if definition.key not in self.types:
            self.types[definition.key] = {name: value.type for name, value in definition.values().items()}
        return self.types[definition.key]

    def seen(self, key: str) -> list[Environment]:
        """What was found of a definition, once for each distinct steps of its inputs."""
        return [environment for place, environment in self.memo.items() if place[0] == key]

    def outputs(self, key: str, environment: Environment) -> list[Known]:
        return [environment[value] for _, value in self.model.definitions[key].outputs]

    # ------------------------------------------------------------------------------------------------- nodes

    def node(self, definition: Definition, environment: Environment, node: Node) -> Sequence[Known]:
        if node.kind == "box":
            return self.box(definition, environment, node)
        inputs = [NO_STEPS if name is None else environment.get(name, NOTHING) for name in node.inputs]
        if node.kind == "call":
            assert node.definition is not None
            return self.outputs(node.definition, self.call(node, inputs))
        if node.kind == "repeat":
            return self.repeat(node, inputs)
        if node.kind == "each":
            lanes = [(r, self.outputs(r.definition, self.run(r.definition, inputs))[0]) for r in node.rounds]
            return [tuple(s for r, known in lanes for s in elements(known) * r.count)]
        return self.scan(node, inputs)

    def call(self, node: Node, inputs: Sequence[Known]) -> Environment:
        assert node.definition is not None
        before, self.forced = self.forced, self.forced or node.span in self.fixes
        found = self.run(node.definition, inputs)
        self.forced = before
        return found

    def box(self, definition: Definition, environment: Environment, node: Node) -> Sequence[Known]:
        operator = node.operator
        assert operator is not None
        types = self.value_types(definition)
        traced: list[Traced | None] = []
        for name in node.inputs:
            if name is None:
                traced.append(None)
                continue
            type = types[name]
            parts = type if isinstance(type, tuple) else (type,)
            traced += [Traced(t, s) for t, s in zip(parts, elements(environment.get(name, NOTHING)), strict=False)]
        if any(x is not None and x.type.shape is None for x in traced):
            return [unproved(operator.name, traced)] * len(node.outputs)
        if node.span in self.fixes or (self.forced and operator.name == "DotProductAttention"):
            operator = mended(operator, traced)
        more: dict[str, Any] = {}
        if node.definition is not None:
            more["body"] = self.body(node.definition)
        found = operator.dependence(*traced, **more)
        return [found] * len(node.outputs) if isinstance(found, Steps) else found

    def body(self, key: str) -> Body:
        """What answers for the body of a box."""
        return lambda fed: tuple(s for known in self.outputs(key, self.run(key, fed)) for s in elements(known))

    def rounds(self, node: Node, inputs: Sequence[Known]) -> list[tuple[str, Known, int]]:
        """For a repeat, (definition, what flows in, how many rounds alike) in order; at the end ("", out, 0)."""
        flow, rest = inputs[0], inputs[1:]
        found: list[tuple[str, Known, int]] = []
        for part in node.rounds:
            for number in range(part.count):
                out = self.outputs(part.definition, self.run(part.definition, (flow, *rest)))[0]
                if out == flow:
                    found.append((part.definition, flow, part.count - number))
                    break
                if number >= PATIENCE:
                    # what only ever gets less may be taken as it is now
                    flow = _least(join(elements(flow)), join(elements(out)))
                    found.append((part.definition, flow, part.count - number))
                    break
                found.append((part.definition, flow, 1))
                flow = out
        return [*found, ("", flow, 0)]

    def repeat(self, node: Node, inputs: Sequence[Known]) -> Sequence[Known]:
        *rounds, (_, out, _) = self.rounds(node, inputs)
        taps: list[list[Steps]] = [[] for _ in node.outputs[1:]]
        for key, flow, count in rounds:
            made = self.outputs(key, self.run(key, (flow, *inputs[1:])))
            for tap, known in zip(taps, made[1:], strict=False):
                tap += elements(known) * count
        return [out, *map(tuple, taps)]

    def scan(self, node: Node, inputs: Sequence[Known]) -> Sequence[Known]:
        assert node.definition is not None
        definition = self.model.definitions[node.definition]
        axis, environment = self.scanned(node, inputs)
        stacked: list[Known] = []
        for known in self.outputs(node.definition, environment):
            stacked.append(_onto(join(elements(known)), axis))
        final: list[Known] = []
        for state in definition.states:
            steps = join(elements(environment[state.next]))
            final.append(all_steps("the end of the sequence") if axis in dict(steps.at) else steps)
        return [*stacked, *final]

    def scanned(self, node: Node, inputs: Sequence[Known]) -> tuple[int, Environment]:
        """A cell along a sequence: the axis that stands for the sequence, and what is known in every round.

        A state that was set at step t is read at t + 1, which is where what is known stops changing.
        """
        assert node.definition is not None
        definition = self.model.definitions[node.definition]
        axis = -1 - self.depth
        count = len(inputs) - len(definition.states)
        fed: list[Known] = []
        for number, known in enumerate(inputs[:count]):
            fed.append(_cut(join(elements(known)), axis) if number < node.sequences else known)
        starts = [join(elements(k)) for k in inputs[count:]]
        states = starts
        self.depth += 1
        for _ in range(PATIENCE):
            environment = self.run(node.definition, fed, states)
            after = [shifted(join(elements(environment[s.next])), axis, -1, "", exact=False) for s in definition.states]
            new = [join(pair) for pair in zip(starts, after, strict=True)]
            new = [join(pair) for pair in zip(new, states, strict=True)]
            if new == states:
                break
            states = new
        else:
            states = [all_steps("adds up", False) for _ in definition.states]
            environment = self.run(node.definition, fed, states)
        self.depth -= 1
        return axis, environment


def _least(before: Steps, after: Steps) -> Steps:
    """What holds for all further rounds, where a round has made `after` of `before`."""
    both = join([before, after])
    less = not both.everything and both.at == before.at
    if less and before.order:
        return before._replace(exact=False)
    return made(dict(before.at), False, None, before.why) if less else all_steps("adds up over the rounds", False)


def _cut(steps: Steps, axis: int) -> Steps:
    """One step of a sequence: axis 1 becomes that of the scan."""
    if steps.everything:
        return steps
    if steps.order:
        return all_steps(MIXED, proved=False)
    return made({axis if a == 1 else a - (a > 1): shift for a, shift in steps.at}, steps.exact, None, steps.why)


def _onto(steps: Steps, axis: int) -> Steps:
    """All steps of a scan, one after another along axis 1."""
    if steps.everything:
        return steps
    at = {1 if a == axis else a + (a >= 1): shift for a, shift in steps.at}
    return made(at, steps.exact, None, "steps up to t" if not steps.exact else steps.why)


def mended(operator: Operator, inputs: list[Traced | None]) -> Operator:
    """The operator as it would keep steps in order, if one argument or a mask of its input does that."""
    values = operator.values()
    first = inputs[0] if inputs else None
    if first is None:
        return operator
    if operator.name == "DotProductAttention" and values["causal"] is False:
        keys = inputs[1]
        if keys is not None and first.type.sizes[-2] == keys.type.sizes[-2]:
            return type(operator)(**{**values, "causal": True})
    elif operator.name in ("Conv", "DepthwiseConv") and values["padding"] == "same" and first.rank == 3:
        return type(operator)(**{**values, "padding": "causal"})
    elif operator.name == "Conv" and first.steps.order and values["padding"] == "same":
        if values["stride"] == 1 and values["groups"] == 1:
            return MaskedConv(**{k: v for k, v in values.items() if k in MaskedConv.arguments})
    elif operator.name == "MaskedConv":
        return MaskedConv(**{**values, "mask": "A"})
    elif operator.name == "Softmax" and first.rank > 1 and first.type.sizes[-1] == first.type.sizes[-2]:
        inputs[0] = Traced(first.type, CausalMask().dependence(first))
    return operator
