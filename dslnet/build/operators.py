"""Nodes of operators, and what their shape rules say.

Enters: an operator and what its ports get. Leaves: a node and the wires that it makes; a mistake of a shape rule is
told by `Complaints`.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import Label
from ..ops import Mistake, Operator
from ..ops.code import Module
from ..ops.divergences import NLL
from ..ops.heads import Head
from ..ops.internal import Pick
from ..ops.passing import Passing
from ..shape import UNKNOWN, UNKNOWN_TENSOR, Dim, LimitReached, Tensor, origin, shape_text
from ..source import Span
from .binding import Extras
from .complaints import WHOLE, Complaints
from .expressions import Flow
from .guards import may_relate
from .initial import starts
from .values import (
    DraftDefinition,
    DraftInstance,
    DraftNode,
    DraftRegion,
    Wire,
    Wires,
)


def _head(wire: Any) -> str | None:
    """The head that made a prediction, here or at the end of a block."""
    while isinstance(wire, Wire):
        node = wire.node
        if node is None or isinstance(node.operator, Head):
            return node.operator.name if node is not None and node.operator is not None else None
        wire = node.inputs[0] if isinstance(node.operator, Passing) else wire.inner
    return None


class Operators(Complaints):
    """The part of a frame that runs operators."""

    def make_instance(self, path: str, span: Span, operator: Operator | None, extras: Extras) -> DraftInstance:
        initial = (extras.initial or self.initial) if operator is not None else None
        if initial is not None and self.parametrization is not None:
            self.error("E0206", f"`init=` cannot start a weight that `{self.parametrization}` computes", span)
        return self.instance(
            path, span, operator, frozen=extras.frozen, weights_file=extras.weights_file, initial=initial
        )

    def run_operator(
        self,
        operator: Operator,
        inputs: list[Any],
        span: Span,
        at: Span | None = None,
        spans: dict[str, Span] | None = None,
        instance: DraftInstance | None = None,
        module: str | None = None,
        body: DraftDefinition | None = None,
        **details: Any,
    ) -> Flow:
        """Add a node for an operator; its mistakes are reported with their places."""
        at = at or span
        types: list[Any] = []
        for value in inputs:
            if isinstance(value, Wires):
                types.extend(w.type for w in value.items)
            else:
                types.append(None if value is None else value.type)
        node = DraftNode(
            "box",
            list(inputs),
            [],
            operator=operator,
            instance=instance,
            module=module,
            span=span,
            definition=body.key if body else None,
        )
        outputs = self.infer(operator, inputs, types, at, {**(spans or {}), WHOLE: span}, body)
        if isinstance(outputs, Tensor) and outputs.below is not None and may_relate(self, operator, inputs):
            outputs = Tensor(outputs.shape, outputs.dtype)
        if instance is not None:
            instance.inputs = instance.inputs or tuple(types)
            if outputs is not UNKNOWN_TENSOR:
                weighed = self.check_weights(operator, types, at, instance)
                if not weighed and not isinstance(operator.torch(*types), Module):
                    # there is no module to build: `LayerNorm(elementwise_affine=false)` is only a function
                    self.instances.remove(instance)
                    node.instance = None
        made = self.emit(node, operator, outputs, span)
        if isinstance(made, Wire) and inputs and all(isinstance(v, Wire) and v.loose for v in inputs):
            made.loose = True  # what is computed from free parameters has no batch either
        return made

    def emit(self, node: DraftNode, operator: Operator, outputs: Any, span: Span) -> Flow:
        """Add a node with outputs of these types: a wire, or a tuple for an operator that makes one."""
        short = operator.short
        if isinstance(outputs, tuple) and len(operator.outputs) == 1:
            wires = Wires(tuple(self.wire(short, t, span, node) for t in outputs), span, None, self)
            node.outputs = list(wires.items)
            self.add(node)
            return wires
        types = outputs if isinstance(outputs, tuple) else (outputs,) + (UNKNOWN_TENSOR,) * (len(operator.outputs) - 1)
        names = (short, *(f"{short}.{n}" for n in operator.outputs[1:]))
        node.outputs = [self.wire(n, t, span, node) for n, t in zip(names, types, strict=False)]
        self.add(node)
        first = node.outputs[0]
        assert isinstance(first, Wire)
        return first

    def infer(
        self,
        operator: Operator,
        inputs: list[Any],
        types: list[Any],
        at: Span,
        spans: dict[str, Span],
        body: DraftDefinition | None = None,
    ) -> Any:
        """The types that an operator makes; unknown after a report."""
        if any(t is not None and t.shape is None for t in types):
            return UNKNOWN_TENSOR
        extra: dict[str, Any] = {}
        if body is not None:
            extra["body"] = tuple(wire.type for _, wire in body.outputs)
            if any(t.shape is None for t in extra["body"]):
                return UNKNOWN_TENSOR
        try:
            outputs = operator.shape(*types, **extra)
            if isinstance(operator, NLL) and (head := _head(inputs[0])) is not None:
                operator.under(head, *types)
            warn = getattr(operator, "warning", None)
            if warn is not None and (mistake := warn(*types)) is not None:
                self.mistake(mistake, operator, inputs, at, spans, severity="warning")
        except Mistake as mistake:
            self.mistake(mistake, operator, inputs, at, spans)
            return UNKNOWN_TENSOR
        except LimitReached as reached:
            self.error(reached.code, reached.title, at)
            return UNKNOWN_TENSOR
        except (TypeError, AttributeError, ValueError, IndexError):
            unknowns = [
                v for v in operator.values().values() if v is UNKNOWN or (isinstance(v, tuple) and UNKNOWN in v)
            ]
            if unknowns or any(s is UNKNOWN for t in types if t for s in t.sizes):
                return UNKNOWN_TENSOR
            raise
        if isinstance(outputs, tuple):
            self.session.step(at, len(outputs))
        made = {id(t): t for t in outputs}.values() if isinstance(outputs, tuple) else (outputs,)
        return outputs if all([self.countable(type, at) for type in made]) else UNKNOWN_TENSOR

    def check_weights(self, operator: Operator, types: list[Any], at: Span, instance: DraftInstance) -> bool:
        """Whether there are weights. Every size that fixes one must be known, and its shape must suit how it starts."""
        initial = instance.initial
        if any(t is not None and t.shape is None for t in types):
            return True
        try:
            weights = list(operator.weights(*types))
        except (TypeError, AttributeError, ValueError, IndexError):
            return True
        self.session.step(at, len(weights))
        for shape in (weight.shape for weight in weights):
            for size in shape:
                if isinstance(size, Dim) and size is not UNKNOWN:
                    name = next(iter(size.symbols()), "H")
                    place = origin(size)
                    self.error(
                        "E0312",
                        f"`{operator.name}` needs a known size here, and {size} is free; give `{name}`"[:80],
                        at,
                        f"a weight would be {shape_text(shape)}"[:49],
                        secondary=[Label(place, f"{name} is free")] if place and place != at else (),
                        helps=(f"e.g. `--set {name}=224`, or write the number in the input's shape",),
                    )
                    return True
        if instance.parametrization is not None and weights and all(weight.name != "weight" for weight in weights):
            holder = instance.parametrization.title().replace("_", "")
            title = f"`{holder}` holds the `weight` of a box, and `{operator.name}` has none of that name"
            self.error("E0215", title, at, f"its weights begin with `{weights[0].name}`"[:49])
        if initial is not None:
            named = [w for w in weights if w.trained and w.name.startswith("weight")]
            flat = next((w for w in named if not starts(initial.kind, len(w.shape))), None)
            if flat is not None:
                self.error(
                    "E0301",
                    f"`{initial.kind}` starts a matrix; `{flat.name}` of {operator.name} is {shape_text(flat.shape)}",
                    at,
                )
        return bool(weights)

    def placed(self, value: Flow, role: str | None, region: DraftRegion, span: Span) -> Flow:
        """What a line makes. A latent that is another name for a wire that is there gets a place of its own, for the
        promise that nothing leads around it."""
        if role == "latent" and isinstance(value, Wire) and not value.unknown and not region.lanes[0]:
            from ..ops.dense import Identity

            return self.run_operator(Identity(), [value], span)
        return value

    def pick(self, wires: Wires, number: int, span: Span) -> Wire:
        if wires.value is None:
            return wires.items[number]
        made = wires.items[number]
        node = DraftNode("box", [wires], [], operator=Pick(index=number), span=span)
        wire = self.wire(made.name, made.type, span, node)
        node.outputs = [wire]
        self.add(node, 0)
        return wire
