"""The way from a sequence to the box that mixes its steps.

Enters: what a proof found of every value. Leaves: rows for each thing on the way, oldest first, down through blocks
and rounds; blocks of the prelude are one thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..graph import Definition, Instance, Model, Node, Region, join
from ..node import field, record
from ..ops.dependence import Steps
from .causality import Environment, Known, Prover, elements, leaks

#: Kinds of boxes that a reader of the path can do without, where they change nothing.
PLAIN = ("dropout", "op", "shape", "activation")


class Row(NamedTuple):
    """A line of the path: a thing, which steps its output depends on, and why."""

    label: str
    known: Known
    why: str = ""
    leak: bool = False


@record
class Path:
    """What was found on the way down to the leak. `rounds` are (first place, last place, how many, how many of them
    leak) for each repeat on the way; `chain` are the calls, outermost first."""

    rows: list[Row] = field(default_factory=list)
    node: Node | None = None
    prefix: str = ""
    last: str = ""
    rounds: list[tuple[int, int]] = field(default_factory=list)
    chain: list[Node] = field(default_factory=list)
    block: str = ""
    steps: Steps | None = None


def follow(
    prover: Prover, definition: Definition, environment: Environment, target: str, path: Path, prelude: frozenset[str]
) -> None:
    """Add the rows of one definition up to the leak, and go down into the box that makes it. What looks ahead and is
    brought back is no leak: the last box that looks ahead of what it is fed is."""
    way = [
        (node, value, [environment[n] for n in node.inputs if n is not None and n in environment])
        for node, value in _way(definition, environment, target)
    ]
    guilty = [n for n, (_, value, fed) in enumerate(way) if leaks(environment[value]) and not any(map(leaks, fed))]
    for number, (node, value, inside) in enumerate(way):
        known = environment[value]
        if definition.kind == "block":
            path.block = definition.block
        if not guilty or number != guilty[-1]:
            if not _plain(node, known, inside):
                path.rows.append(Row(_label(definition, node, path.prefix), known, why(known)))
            continue
        inner = None if _hidden(prover.model, node, prelude) else _inner(prover, environment, node, value)
        if inner is None:
            path.node, path.steps = node, next(s for s in elements(known) if s.ahead)
            path.rows.append(Row(_label(definition, node, path.prefix), known, why(known), leak=True))
            return
        callee, below, output, first, last, counts = inner
        path.chain.append(node)
        path.prefix, path.last = join(path.prefix, first), join(path.last, last)
        if counts is not None:
            path.rounds.append(counts)
        follow(prover, callee, below, output, path, prelude)
        return


def blame_first(definition: Definition, environment: Environment, target: str, path: Path) -> None:
    """Where nothing looks ahead, and yet a pixel itself is seen: the first box on the way let it pass."""
    way = _way(definition, environment, target)
    convolutions = [node for node, _ in way if node.operator is not None and node.operator.kind == "conv"]
    path.node = next(iter(convolutions or [node for node, _ in way]), None)
    if path.node is not None:
        known = environment[next(value for node, value in way if node is path.node)]
        path.steps = next((s for s in elements(known) if s.ahead), None)
        label = _label(definition, path.node, path.prefix)
        count = next((n for n, row in enumerate(path.rows) if row.label == label), 0)
        path.rows = [*path.rows[:count], Row(label, known, why(known), leak=True)]


def _way(definition: Definition, environment: Environment, target: str) -> list[tuple[Node, str]]:
    """The nodes from the sequence to a value, each with its output on the way."""
    producer = {v.name: n for n in definition.nodes() for v in n.outputs}
    found: list[tuple[Node, str]] = []
    value: str | None = target
    while value is not None and value in producer:
        node = producer[value]
        found.append((node, value))
        names = [n for n in node.inputs if n is not None and n in environment]
        guilty = [n for n in names if leaks(environment[n])]
        touched = [n for n in names if any(s.depends for s in elements(environment[n]))]
        value = next(iter(guilty or touched), None)
    found.reverse()
    return found


Inner = tuple[Definition, Environment, str, str, str, tuple[int, int] | None]


def _inner(prover: Prover, environment: Environment, node: Node, value: str) -> Inner | None:
    """The definition inside a node in which the leak is: its values, the one that leaks, where it stands."""
    model = prover.model
    inputs = [environment[n] if n is not None else Steps() for n in node.inputs]
    place = node.module or ""
    number = [v.name for v in node.outputs].index(value)
    if node.kind == "call":
        assert node.definition is not None
        callee = model.definitions[node.definition]
        return callee, prover.call(node, inputs), callee.outputs[number][1], place, place, None
    if node.kind == "scan":
        assert node.definition is not None
        callee = model.definitions[node.definition]
        below = prover.scanned(node, inputs)[1]
        output = callee.outputs[number][1] if number < len(callee.outputs) else callee.states[-1].next
        return (callee, below, output, place, place, None) if leaks(below[output]) else None
    if node.kind not in ("repeat", "each"):
        return None
    start = next((i.start for i in _owner(model, node) if i.path == node.module), 0)
    total = sum(r.count for r in node.rounds)
    guilty = 0
    first: Inner | None = None
    at = start
    for part in node.rounds:
        callee = model.definitions[part.definition]
        below = prover.run(part.definition, inputs)
        output = callee.outputs[0][1]
        if any(leaks(below[v]) for _, v in callee.outputs):
            output = next(v for _, v in callee.outputs if leaks(below[v]))
            guilty += part.count
            if first is None:
                last = join(place, str(start + total - 1))
                first = (callee, below, output, join(place, str(at)), last, (total, 0))
        at += part.count
    return (*first[:5], (total, guilty)) if first is not None else None


def _owner(model: Model, node: Node) -> Iterator[Instance]:
    for definition in model.definitions.values():
        if any(n is node for n in definition.nodes()):
            yield from definition.instances


def _hidden(model: Model, node: Node, prelude: frozenset[str]) -> bool:
    """Whether a call goes into a block of the prelude, which is shown as one box."""
    if node.kind not in ("call", "scan") or node.definition is None:
        return False
    inside = next(model.definitions[node.definition].nodes(), None)
    return inside is not None and inside.span.file in prelude


def _plain(node: Node, known: Known, inside: Sequence[Known]) -> bool:
    """Whether a step of the path says nothing."""
    operator = node.operator
    return operator is not None and operator.kind in PLAIN and any(reads(k) == reads(known) for k in inside)


def _label(definition: Definition, node: Node, prefix: str) -> str:
    place = join(prefix, _group(definition.body, node) or "")
    if node.name:
        return join(place, node.name)
    if node.module in definition.held or any(i.path == node.module and i.shared for i in definition.instances):
        name = node.module or ""
    elif node.operator is not None:
        name = getattr(node.operator, "sign", "") or node.operator.name
    else:
        name = _block(node)
    return f"{place} {name}".strip()


def _block(node: Node) -> str:
    return (node.definition or node.kind).partition(".")[0]


def _group(items: Sequence[Node | Region], node: Node) -> str | None:
    """The named group that a node stands in; None when it is not here."""
    for item in items:
        if item is node:
            return ""
        if isinstance(item, Region):
            for lane in item.lanes:
                found = _group(lane, node)
                if found is not None:
                    return found or (item.path if item.kind == "group" and item.path else "")
    return None


def reads(known: Known) -> str:
    """`step t`, as a row of the path says it."""
    steps = max(elements(known), key=lambda s: (s.everything, s.proved, [shift for _, shift in s.at]))
    if steps.everything:
        return "all steps" if steps.proved else "not known"
    if not steps.at:
        return "no step"
    if steps.order:
        return _place(steps)
    shift = max(shift for _, shift in steps.at)
    t = "t" + (f" + {shift}" if shift > 0 else f" - {-shift}" if shift < 0 else "")
    if len(steps.at) > 1:
        return f"steps {t}, s"
    return f"step {t}" if steps.exact else f"steps to {t}"


def own_place(steps: Steps) -> tuple[int, int]:
    """How many rows, and columns in that row, something of an image is ahead of the place that it stands at."""
    rows, columns = steps.shifts
    return rows, columns - 1


def _place(steps: Steps) -> str:
    rows, columns = own_place(steps)
    if rows:
        return "rows above" if rows < 0 else f"{rows} row{'s' if rows > 1 else ''} below"
    if columns:
        return "pixels before" if columns < 0 else f"{columns} column{'s' if columns > 1 else ''} on"
    return "the pixel" if steps.exact else "up to the pixel"


def why(known: Known) -> str:
    steps = max(elements(known), key=lambda s: (s.everything, s.ahead))
    return steps.why
