"""What a reader is told of one use of a block: its name, arguments, ×N and counts.

Enters: a call, repeat, each or scan of a definition that is being walked. Leaves: a `Site`, and texts about it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...graph import Definition, Node, Type
from ...shape import Size, Tensor
from ...weights import count_parameters
from .expand import Expander
from .plan import Use, distinct
from .scope import Anchor, Scope
from .uses import opaque
from .view import Box
from .wording import count_text, size_text

#: What is said of a repeat of one module.
ONCE = "one set of weights"


@dataclass(slots=True)
class Site:
    """A use of a block, and where it stands: what is fed to it, its path, its role, and whether its module is used
    elsewhere too."""

    node: Node
    use: Use
    fed: list[Anchor | None]
    path: str
    role: str | None = None
    frozen: bool = False
    shared: bool = False


def chain(definition: Definition) -> bool:
    """Whether a block is a short run of boxes, each fed by the one before, so that it can be rows of a card."""
    last = definition.inputs[0].value.name if definition.inputs else None
    nodes = list(definition.nodes())
    if len(definition.inputs) != 1 or definition.params or len(nodes) > 5:
        return False
    for node in nodes:
        fed = [name for name in node.inputs if name is not None]
        if node.kind != "box" or fed != [last] or len(node.outputs) != 1:
            return False
        last = node.outputs[0].name
    return definition.outputs[0][1] == last


def taps(to: Expander, scope: Scope, definition: Definition, node: Node) -> list[str]:
    """What a reader calls each output of a closed block: nothing, `.layer4`, …"""
    names = [f".{name}" for name, _ in definition.outputs[:1]]
    names += [f".{name}" for name in to.plan.inner.get((scope.definition.key, node.outputs[0].name), ())]
    names += [f".{name}" for name, _ in definition.outputs[1:]]
    if node.kind == "scan":
        names += [f".{state.name}" for state in definition.states]
    return ["", *names[1:]] + [""] * len(node.outputs)


def indexed(fed: list[Anchor | None]) -> list[Anchor | None]:
    """What is fed to rounds that are drawn as one: where each takes its own element of a tuple, `.state[i]`."""
    stems: dict[tuple[str, str], set[str]] = {}
    for anchor in fed:
        if anchor is not None and anchor.name.endswith("]"):
            stems.setdefault((anchor.box, anchor.name.rpartition("[")[0]), set()).add(anchor.name)
    many = {name for names in stems.values() if len(names) > 1 for name in names}
    return [replace(a, name=a.name.rpartition("[")[0] + "[i]") if a is not None and a.name in many else a for a in fed]


def feed(to: Expander, scope: Scope, site: Site, box: Box) -> None:
    """Links into a card: what flows first, then the side inputs by name."""
    definition = to.model.definitions[site.use.key]
    names = [i.value.name for i in definition.inputs] + [s.name for s in definition.states]
    told: set[tuple[str, str]] = set()
    for position, anchor in enumerate(indexed(site.fed) if site.use.times > 1 else site.fed):
        if anchor is not None and anchor.name.endswith("[i]"):
            if (anchor.box, anchor.name) in told:
                continue
            told.add((anchor.box, anchor.name))
        name = names[position] if position < len(names) else ""
        to.link(scope, anchor, box, "flow" if position == 0 else "side", "" if position == 0 else name)


def leave(to: Expander, scope: Scope, site: Site, box: Box) -> None:
    """From now on a card stands for what its block makes."""
    definition = to.model.definitions[site.use.key]
    for value, tap in zip(site.node.outputs, taps(to, scope, definition, site.node), strict=False):
        scope.env[value.name] = Anchor(box.id, value.type, tap, False, box.frozen)


def counts(to: Expander, use: Use) -> tuple[Size, str]:
    """All parameters of the rounds, and how that is told."""
    total, told = _counts(to, use)
    unknown = any(opaque(to.model, key) for key, _ in use.rounds)
    return total, f"{told or 0} + ?" if unknown else told


def _counts(to: Expander, use: Use) -> tuple[Size, str]:
    each = [count_parameters(to.model, key) for key, _ in use.rounds]
    if use.lent:
        return each[0], count_text(each[0])
    total: Size = 0
    for one, (_, count) in zip(each, use.rounds, strict=True):
        total = total + one * count
    if use.times > 1 and all(e == each[0] for e in each):
        text = count_text(each[0])
        return total, f"{text} each" if text else ""
    text = count_text(total)
    return total, f"{text} in all" if text and use.times > 1 else text


def badge(to: Expander, scope: Scope, node: Node, use: Use) -> str:
    """×N; where the enclosing block is drawn for several uses, all of their numbers."""
    times = distinct(str(u.times) for u, _ in to.twin_uses(scope, node)) or [str(use.times)]
    if times == ["1"]:
        return ""
    shown = ", ".join(times) if len(times) <= 4 else f"{times[0]}…{times[-1]}"
    return f"×{shown}" + (" lanes" if node.kind == "each" else " ⇄" if use.lent else "")


def some(to: Expander, scope: Scope, node: Node) -> str:
    """A remark on a part that not every copy of the enclosing block has."""
    found, every = len(to.twin_uses(scope, node)), len(scope.variants)
    return f"in {found} of {every}" if found < every and not scope.skip else ""


def type_at(to: Expander, use: Use, position: int) -> Type | None:
    inputs = to.model.definitions[use.key].inputs
    return inputs[position].value.type if position < len(inputs) else None


def name_of(node: Node, scope: Scope) -> str:
    """What the author calls the step: its own name, or that of a line that holds only it."""
    if node.name:
        return node.name
    return scope.title if node.outputs and node.outputs[0].name == scope.title else ""


def time_of(scope: Scope, node: Node) -> str:
    anchor = scope.env.get(node.inputs[0] or "")
    type = anchor.type if anchor is not None else None
    return size_text(type.sizes[1]) if isinstance(type, Tensor) and type.shape and type.rank > 1 else "time"
