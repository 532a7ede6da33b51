"""Boxes that do what the next one does again, and boxes that read padding.

Enters: a model. Leaves: W0420 for a softmax before a loss that has its own, W0421 for a sigmoid, W0431 for the last
step or the mean of sequences that are padded.
"""

from __future__ import annotations

import re

from ..diagnostics import Edit, Help, Label, Report
from ..graph import Definition, Input, Model, Node
from ..shape import Dim, Tensor, same
from ..source import Span
from .reading import text
from .training import Training

#: Losses with a softmax of their own, with the inputs that go through it.
SOFTMAX = {"CrossEntropy": (0,), "Distill": (0, 1)}
#: Boxes that leave what matters here as it is.
SILENT = ("Identity", "StopGrad", "Categorical", "Bernoulli")


def check_doubled(model: Model, report: Report, training: Training) -> None:
    """Look at the losses of a model, and at the ends of its sequences."""
    for node in training.definition.nodes():
        operator = node.operator
        if operator is None:
            continue
        for port in SOFTMAX.get(operator.name, ()):
            found = _before(training, node.inputs[port], "Softmax")
            if found is not None:
                _softmax(node, found, report)
                break
        if operator.name == "BCELogits":
            found = _before(training, node.inputs[0], "Sigmoid")
            if found is not None:
                _sigmoid(node, found, report)
    for key, other in model.definitions.items():
        if key != model.entry or not model.training or model.training == model.entry:
            _padding(other, report)


def _before(training: Training, value: str | None, name: str) -> Node | None:
    """The box called `name` that a value comes straight from, inside a block perhaps."""
    producers = training.producers
    for _ in range(64):
        node = producers.get(value or "")
        if node is None or value is None:
            return None
        if node.operator is not None:
            if node.operator.name == name:
                return node
            if node.operator.name not in SILENT:
                return None
            value = node.inputs[0]
        elif node.kind == "call" and node.definition is not None:
            number = [v.name for v in node.outputs].index(value)
            producers = training.producers_in(node.definition)
            value = training.model.definitions[node.definition].outputs[number][1]
        else:
            return None
    return None


def _softmax(loss: Node, found: Node, report: Report) -> None:
    assert loss.operator is not None
    report.error(
        "W0420", f"Softmax before {loss.operator.name}", loss.span, "applies log-softmax itself", severity="warning",
        secondary=[Label(found.span, "makes probabilities")],
        notes=("softmax twice flattens the gradients: training is slow and nothing fails",),
        helps=[_without(found.span, report)],
    )  # fmt: skip


def _without(span: Span, report: Report) -> str:
    """The line without its softmax at the end."""
    source = report.sources.get(span.file)
    if source is not None:
        line = source.line(source.position(span.start)[0])
        end = re.escape(text(source, span))
        plain = re.compile(rf"^\s*((?:[a-z_]\w*\s+)?)([a-z_]\w*): (.*?) -> {end}\s*(?:#.*)?$").match(line)
        if plain is not None:
            return f"`{plain[1]}logits: {plain[3]}`, and give `logits` to the loss"
    return "give the loss what goes into `Softmax`"


def _sigmoid(loss: Node, found: Node, report: Report) -> None:
    written = text(report.sources.get(loss.span.file), loss.span)
    help = Help("leave one of the two out: `BCE` takes probabilities")
    if written == "BCELogits":
        help = Help("`BCE` takes probabilities", (Edit(loss.span, "BCE"),), sure=True)
    report.error(
        "W0421", "Sigmoid before BCELogits", loss.span, "applies a sigmoid itself", severity="warning",
        secondary=[Label(found.span, "makes probabilities")],
        notes=("the sigmoid of a probability is between 0.5 and 0.73: no example is ever a sure no",),
        helps=[help],
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------- padding


def _padding(definition: Definition, report: Report) -> None:
    """W0431: a mask says which steps count, and a later box reads a step, or the mean of all, without it."""
    masks = [i for i in definition.inputs if _is_mask(i)]
    if not masks:
        return
    nodes = list(definition.nodes())
    producer = {value.name: node for node in nodes for value in node.outputs}
    types = definition.values()
    for node in nodes:
        name = node.operator.name if node.operator is not None else ""
        if name not in ("Last", "Mean") or node.inputs[0] is None:
            continue
        if name == "Mean" and getattr(node.operator, "axis", None) not in ((1,), 1):
            continue
        x = types[node.inputs[0]].type
        for mask in masks:
            if _long(x, mask) and _masked(node, mask.value.name, producer):
                _read(node, name, mask, report)
                break


def _is_mask(entry: Input) -> bool:
    type = entry.value.type
    return isinstance(type, Tensor) and type.dtype == "bool" and type.shape is not None and type.rank == 2


def _long(x: object, mask: Input) -> bool:
    """Whether a tensor has the steps that a mask is about."""
    type = mask.value.type
    if not isinstance(x, Tensor) or not isinstance(type, Tensor) or x.shape is None or x.rank < 2:
        return False
    return isinstance(x.sizes[1], Dim) and same(x.sizes[1], type.sizes[1]) and same(x.sizes[0], type.sizes[0])


def _masked(node: Node, mask: str, producer: dict[str, Node]) -> bool:
    """Whether the mask is used before a node as a mask of attention, and nowhere as a factor."""
    seen: set[int] = set()
    stack = [node]
    attended = False
    while stack:
        current = stack.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        if current.operator is not None and current.operator.name in ("Times", "Mul", "Where", "Divide"):
            if any(_from(name, mask, producer) for name in current.inputs):
                return False
        attended = attended or (mask in current.inputs and _attends(current, mask))
        stack += [producer[name] for name in current.inputs if name in producer]
    return attended


def _attends(node: Node, mask: str) -> bool:
    if node.operator is None:
        return True
    ports = [port.name for port in node.operator.ports]
    return any(port == "mask" and name == mask for port, name in zip(ports, node.inputs, strict=False))


def _from(name: str | None, mask: str, producer: dict[str, Node]) -> bool:
    """Whether a value is the mask in another shape."""
    while name is not None and name != mask:
        node = producer.get(name)
        name = node.inputs[0] if node is not None and node.operator is not None and node.inputs else None
    return name == mask


def _read(node: Node, name: str, mask: Input, report: Report) -> None:
    wire = mask.value.name
    last = name == "Last"
    help = "`First` is never padding, or `Pick` a step by its index" if last else f"weigh the steps with `{wire}`"
    report.error(
        "W0431", f"`{name}` reads padding", node.span,
        "of a short sequence, this is padding" if last else "the steps that are padding count, too",
        secondary=[Label(mask.value.span, "says which steps are no padding")], severity="warning", helps=[help],
    )  # fmt: skip
