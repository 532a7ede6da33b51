"""What must hold of a whole model.

Enters: a pruned model without mistakes so far. Leaves: a report for each value whose shape nobody knows, and for each
shared module whose uses would need different weights: a lower-case name is one set of weights, whatever flows
through it.
"""

from __future__ import annotations

from ..diagnostics import Label, Report
from ..graph import Definition, Instance, Model, Node
from ..ops import Weight
from ..ops.internal import PythonBox
from ..shape import UNKNOWN, Tensor
from ..source import Span
from ..weights import definition_weights


def check_known(model: Model, report: Report) -> None:
    """Report every value without a shape: a Python box without its assertion, or an output made from a target."""
    for definition in model.definitions.values():
        for node in definition.nodes():
            for value in node.outputs:
                types = (value.type,) if isinstance(value.type, Tensor) else value.type
                if all(t.shape is not None and not any(size is UNKNOWN for size in t.shape) for t in types):
                    continue
                if isinstance(node.operator, PythonBox):
                    helps = ("write its shape after the step: `-> [B, 64]`",)
                    report.error("E0312", f"the shape of `{node.operator.cls}` is not known", node.span, helps=helps)
                else:
                    report.error("E0312", f"the shape of `{value.name}` is not known", node.span)
                return


def check_shared(model: Model, report: Report) -> None:
    """Report every shared module whose uses differ in their weights."""
    for definition in model.definitions.values():
        for instance in definition.instances:
            if instance.shared and instance.definition is not None:
                _check(model, definition, instance, report)


def _check(model: Model, definition: Definition, instance: Instance, report: Report) -> None:
    uses = _uses(model, definition, instance.path)
    first: list[Weight] | None = None
    place: Span | None = None
    for node in uses:
        weights = list(definition_weights(model, node.definition or ""))
        if first is None:
            first, place = weights, node.span
        elif weights != first:
            a, b = _difference(first, weights)
            report.error(
                "E0402",
                f"`{instance.path}` is one module; its weights cannot fit both inputs",
                node.span,
                f"here it would have {b}"[:49],
                secondary=[Label(place or instance.span, f"here it has {a}"[:49])],
                helps=("write its boxes in both places, or as a `block`: a Capital makes a new box",),
            )
            return


def _uses(model: Model, definition: Definition, name: str) -> list[Node]:
    """The calls of a module, in the definition that holds it and in those that it is passed to."""
    found: list[Node] = []
    for node in definition.nodes():
        if node.module == name and node.kind == "call":
            found.append(node)
        if name in node.held:
            for key in (node.definition, *(r.definition for r in node.rounds)):
                if key is not None:
                    inner = model.definitions[key]
                    for outer, held in zip(node.held, inner.held, strict=True):
                        if outer == name:
                            found += _uses(model, inner, held)
    return found


def _difference(first: list[Weight], second: list[Weight]) -> tuple[str, str]:
    for a, b in zip(first, second, strict=False):
        if a != b:
            return f"{a.name} {list(a.shape)}", f"{b.name} {list(b.shape)}"
    return f"{len(first)} weights", f"{len(second)} weights"
