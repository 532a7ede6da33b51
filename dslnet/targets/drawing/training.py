"""The training part of a picture: losses, what they are summed to, and what they need.

Enters: the objectives of a model and its training definition. Leaves: which nodes are told by a hexagon instead of
being drawn, and the hexagons.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...graph import Definition, Loss, Model, Node, Region, Train, walk
from ...ops.arithmetic import Arithmetic
from ...ops.base import Operator
from ...weights import count_parameters
from .expand import Expander
from .formula import Formula, Wiring, number, weights
from .plan import from_prelude
from .scope import Anchor, Scope
from .view import Box


@dataclass(slots=True)
class Part:
    """A loss and the nodes that are told by its hexagon; `block` is the block that it is a call of, and `key` the
    definition of that."""

    loss: Loss
    formula: Formula
    block: str = ""
    key: str = ""


def needed(definition: Definition, values: Iterable[str]) -> set[int]:
    """The nodes that these values come from (by identity)."""
    makers = {v.name: n for n in definition.nodes() for v in n.outputs}
    found: set[int] = set()
    todo = list(values)
    while todo:
        node = makers.get(todo.pop())
        if node is not None and id(node) not in found:
            found.add(id(node))
            todo += [name for name in node.inputs if name is not None]
    return found


def together(items: Sequence[Node | Region], wanted: set[int]) -> set[int]:
    """These nodes, and all that stand in one group with one of them."""
    found = set(wanted)
    for item in items:
        inside = {id(node) for node in walk((item,))}
        if inside & wanted:
            found |= inside
    return found


def losses(to: Expander, definition: Definition) -> list[Part]:
    """Each loss (and metric, where asked for) with the light nodes that only serve it. A block without weights that
    computes one is its hexagon, but where everything is drawn, or that block is to be open."""
    model = to.model
    kinds = {"loss", "metric"} if "metrics" in to.options.show else {"loss"}
    parts = []
    wiring = Wiring(definition)
    makers = wiring.makers

    def light(node: Node) -> bool:
        operator = node.operator
        return node.kind == "box" and operator is not None and not operator.weighted and operator.name != "StopGrad"

    for loss in model.objectives.losses:
        node = makers.get(loss.value)
        if loss.kind in kinds and node is not None and node.kind == "call":
            called = model.definitions[node.definition or ""]
            path = node.module or node.outputs[0].name
            wish = to.plan.wishes.of(path, [called.block], called.nodes())
            shut = from_prelude(called) or (to.options.level != "full" and wish is not True)
            if shut and not count_parameters(model, called.key):
                parts.append(Part(loss, Formula(wiring, node, lambda _: False), called.block, called.key))
                continue
        if loss.kind in kinds and node is not None and light(node):
            parts.append(Part(loss, Formula(wiring, node, light)))
    return parts


def hidden(definition: Definition, parts: list[Part], trains: tuple[Train, ...]) -> set[int]:
    """Nodes that are not drawn: inside hexagons, and the sums of `train` lines."""
    found = {id(n) for part in parts for n in part.formula.nodes}
    makers = {v.name: n for n in definition.nodes() for v in n.outputs}
    known = {part.loss.value for part in parts}
    todo = [t.value for t in trains]
    while todo:
        value = todo.pop()
        node = makers.get(value)
        if value in known or node is None or id(node) in found or node.kind != "box":
            continue
        if node.operator is not None and node.operator.weighted:
            continue
        found.add(id(node))
        todo += [name for name in node.inputs if name is not None]
    return found


def draw_losses(to: Expander, scope: Scope, model: Model, parts: list[Part]) -> None:
    """The hexagons with their inputs, and a sum for each `train` line."""
    trains = model.objectives.trains
    weight: dict[str, str] = {}
    for train in trains:
        for value, factor in weights(scope.definition, train.value):
            weight.setdefault(value, number(round(factor, 10)) if factor != 1 else "")
    drawn: dict[str, Box] = {}
    for part in parts:
        drawn[part.loss.value] = _hexagon(to, scope, part, weight.get(part.loss.value, ""))
    _weights(to, scope, {box.id: box for box in drawn.values()})
    for position, train in enumerate(trains, 1):
        terms = [value for value, _ in weights(scope.definition, train.value) if value in drawn]
        words = " ".join(("train", *train.modules))
        if len(trains) > 1:
            words = f"{position} {words}"
        if not terms or (len(trains) == 1 and len(terms) == 1 and not train.modules):
            continue
        total = Box(to.name(f"train {position}"), "sum", "Σ" if len(terms) > 1 else "", role="op", tip=words)
        if train.modules or len(trains) > 1 or len(terms) == 1:
            total.notes = [words]
        to.put(scope, total)
        for value in dict.fromkeys(terms):
            to.link(scope, scope.env[value], total, "loss")


def _weights(to: Expander, scope: Scope, losses: dict[str, Box]) -> None:
    """A learned number that only losses read is told in their hexagons, and is no box."""
    for box in [b for b in scope.into.items if isinstance(b, Box) and b.shape == "param"]:
        read = [link for link in to.links if link.tail == box.id]
        if box.notes in (["scalar"], []) and read and all(link.head in losses for link in read):
            for link in read:
                losses[link.head].notes.append(f"{box.title} is learned")
                to.links.remove(link)
            scope.into.items.remove(box)


def _settings(operator: Operator) -> str:
    """The arguments of a loss, each with its name."""
    told = []
    for name, value in operator.changed().items():
        told.append(f"{name} {value}" if not isinstance(value, float) else f"{name} {number(value)}")
    return ", ".join(told)[:40]


def _hexagon(to: Expander, scope: Scope, part: Part, weight: str) -> Box:
    last = part.formula.last
    if isinstance(last.operator, Arithmetic) and last.operator.sign == "*" and len(part.formula.nodes) > 1:
        factor = last.operator.left if last.operator.left is not None else last.operator.right
        inner = part.formula.makers.get(last.inputs[0] or "")
        if isinstance(factor, (int, float)) and inner is not None and inner.operator is not None:
            if inner.operator.kind == "loss" and any(inner is n for n in part.formula.nodes):
                last, weight = inner, weight or number(factor)
    operator = last.operator
    loss = part.loss
    if operator is None:
        title, extra = part.block, ""
    elif operator.kind in ("loss", "metric"):
        title, extra = operator.name, _settings(operator)
    else:
        title, extra = loss.name, part.formula.text()
    box = Box(to.name(loss.name), "loss", title, role="loss", span=loss.span)
    name = loss.name if loss.name not in ("loss", title) else ""
    box.notes = [n for n in (name, extra, f"weight {weight}" if weight else "") if n]
    box.tip = f"{loss.kind} {loss.name}"
    box.block = loss.kind
    to.put(scope, box)
    if part.key and not from_prelude(to.model.definitions[part.key]):
        known = to.closed.setdefault(part.block, [])
        known += [part.key] if part.key not in known else []
    constants = [n.operator.value for n in part.formula.nodes if n.operator is not None and n.operator.name == "Fill"]  # type: ignore[attr-defined]
    if constants:
        box.notes.insert(0 if not name else 1, f"target {number(constants[0])}")
    for value in part.formula.inputs:
        anchor = scope.env.get(value)
        if anchor is None:
            continue
        to.link(scope, anchor, box, "loss", "")
    scope.env[loss.value] = Anchor(box.id, part.formula.last.outputs[0].type)
    return box
