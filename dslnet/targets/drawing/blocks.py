"""Uses of blocks: closed cards with ×N, open clusters, scans and lanes.

Enters: a call, repeat, each or scan of a definition that is being walked. Leaves: its card, or its cluster with
everything inside, in the expander's panel.
"""

from __future__ import annotations

from dataclasses import replace

from ...graph import Definition, Node, Type, join
from ...ops.base import Combinator
from ...shape import Size, Tensor
from ...weights import count_parameters
from .expand import Expander
from .plan import UNITS, Use, distinct, from_prelude, weight
from .scope import Anchor, Scope
from .style import ROLE_OF_KIND
from .view import Box, Cluster, Link, Row
from .wording import block_text, common, count_text, operator_text, size_text


def draw_use(to: Expander, scope: Scope, node: Node) -> None:
    """One call, repeat, each or scan."""
    use = to.plan.use(node)
    definition = to.model.definitions[use.key]
    instance = scope.definition.instance(node.module) if node.module is not None else None
    role = node.role or (instance.role if instance is not None else None)
    shared = node.module is not None and scope.modules.get(node.module, 0) > 1
    path = join(scope.path, node.module or node.outputs[0].name)
    frozen = scope.frozen or bool(instance is not None and instance.frozen)
    anchors = [scope.env.get(n) if n is not None else None for n in node.inputs]
    fed = [anchors[i] if i is not None and i < len(anchors) else None for i in use.inputs]
    if node.kind == "call" and from_prelude(definition) and to.options.level != "full" and chain(definition):
        inline(to, scope, node, definition, fed, path)
        return
    nesting = scope.nesting
    if node.kind == "repeat" and to.options.level == "full":
        unrolled(to, scope, node, use, fed, path)
        return
    if to.plan.opened(use, path, nesting, role, shared) or (
        node.kind == "scan"
        and not from_prelude(definition)
        and to.options.level != "overview"
        and weight(definition) <= 16
        and not shared
    ):
        opened(to, scope, node, use, fed, path, role, frozen)
    elif from_prelude(definition):
        layer(to, scope, node, use, fed, path, frozen, shared)
    else:
        closed(to, scope, node, use, fed, path, role, frozen, shared)


def weight_of(definition: Definition) -> int:
    from .plan import weight

    return weight(definition)


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


def begin(
    to: Expander,
    scope: Scope,
    definition: Definition,
    variants: list[Definition],
    into: Cluster,
    path: str,
    frozen: bool,
) -> Scope:
    inner = Scope(definition, variants, {}, into, path, frozen, scope.skip, scope.lane)
    inner.nesting = (*scope.nesting, definition.block)
    return inner


def inline(to: Expander, scope: Scope, node: Node, definition: Definition, fed: list[Anchor | None], path: str) -> None:
    """The boxes of a small shipped block in the place of the block."""
    inner = begin(to, scope, definition, [definition], scope.into, path, scope.frozen)
    if fed[0] is not None:
        inner.env[definition.inputs[0].value.name] = fed[0]
    to.prepare(inner)
    to.walk(inner, definition.body)
    scope.env[node.outputs[0].name] = inner.env[definition.outputs[0][1]]


def taps(definition: Definition, node: Node) -> list[str]:
    """What a reader calls each output of a closed block: nothing, `.layer4`, …"""
    names = [f".{name}" for name, _ in definition.outputs]
    if node.kind == "scan":
        names += [f".{state.name}" for state in definition.states]
    return ["", *names[1:]] + [""] * len(node.outputs)


def feed(to: Expander, scope: Scope, use: Use, node: Node, fed: list[Anchor | None], box: Box) -> None:
    """Links into a card: what flows first, then the side inputs by name."""
    definition = to.model.definitions[use.key]
    names = [i.value.name for i in definition.inputs] + [s.name for s in definition.states]
    for position, anchor in enumerate(fed):
        name = names[position] if position < len(names) else ""
        to.link(scope, anchor, box, "flow" if position == 0 else "side", "" if position == 0 else name)


def counts(to: Expander, use: Use) -> tuple[Size, str]:
    """All parameters of the rounds, and how that is told."""
    each = [count_parameters(to.model, key) for key, _ in use.rounds]
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
    return f"×{shown}" + (" lanes" if node.kind == "each" else "")


def some(to: Expander, scope: Scope, node: Node) -> str:
    """A remark on a part that not every copy of the enclosing block has."""
    found, every = len(to.twin_uses(scope, node)), len(scope.variants)
    return f"in {found} of {every}" if found < every and not scope.skip else ""


def closed(
    to: Expander,
    scope: Scope,
    node: Node,
    use: Use,
    fed: list[Anchor | None],
    path: str,
    role: str | None,
    frozen: bool,
    shared: bool,
) -> None:
    """A card with the block's name, its arguments, ×N, its count and its share of all parameters."""
    definition = to.model.definitions[use.key]
    before, after = _type(to, use, 0), node.outputs[0].type
    name = _name(node, scope)
    block = to.called(scope, node, definition) if definition.kind in ("block", "model") else use.through
    if definition.kind == "round" and not name:
        name = use.through or "repeat"
    title = name or block
    if role in UNITS or role is not None:
        title = f"{role} · {node.module or name}" if (node.module or name) != role else str(role)
    arguments = to.arguments(use, before, after) if definition.kind in ("block", "model") else ""
    symbols = to.symbolic(scope, node, use)
    arguments = arguments if symbols is None else symbols
    box = Box(to.name(path), "fold", title, span=node.span, frozen=frozen, block=definition.block)
    first = f"{block} {arguments}".strip() if title != block else arguments
    total, told = counts(to, use)
    if symbols is not None and len({str(counts(to, u)[0]) for u, _ in to.twin_uses(scope, node)}) > 1:
        told, total = "", 0
    if definition.kind == "round":
        first = first or to.inside(scope, list(definition.nodes()))
    box.notes = [n for n in (first, told) if n]
    if node.kind == "scan":
        box.notes.insert(0, f"scan over {_time(scope, node)}")
    box.badge = badge(to, scope, node, use)
    if some(to, scope, node):
        box.notes.append(some(to, scope, node))
    box.bar = None if shared and scope.modules.get(node.module or "", 0) > 1 else to.share(total)
    box.share = (node.module or "") if shared else ""
    box.tip = f"{path}: {definition.block}"
    to.put(scope, box)
    feed(to, scope, use, node, fed, box)
    for value, tap in zip(node.outputs, taps(definition, node), strict=False):
        scope.env[value.name] = Anchor(box.id, value.type, tap, False, box.frozen)
    if not from_prelude(definition):
        known = to.closed.setdefault(definition.block, [])
        for other in [use, *(u for u, _ in to.twin_uses(scope, node))]:
            known += [key for key, _ in other.rounds if key not in known]


def _type(to: Expander, use: Use, position: int) -> Type | None:
    inputs = to.model.definitions[use.key].inputs
    return inputs[position].value.type if position < len(inputs) else None


def _name(node: Node, scope: Scope) -> str:
    """What the author calls the step: its own name, or that of a line that holds only it."""
    if node.name:
        return node.name
    return scope.title if node.outputs and node.outputs[0].name == scope.title else ""


def _time(scope: Scope, node: Node) -> str:
    anchor = scope.env.get(node.inputs[0] or "")
    type = anchor.type if anchor is not None else None
    return size_text(type.sizes[1]) if isinstance(type, Tensor) and type.shape and type.rank > 1 else "time"


def layer(
    to: Expander, scope: Scope, node: Node, use: Use, fed: list[Anchor | None], path: str, frozen: bool, shared: bool
) -> None:
    """A shipped block is a layer like any other: `Attention 8 heads`."""
    definition = to.model.definitions[use.key]
    variants = to.variants(use)
    twins = []
    for other in scope.variants:
        found = next((n for n in other.nodes() if n.outputs[0].name == node.outputs[0].name), None)
        if found is not None and found.kind == node.kind:
            twins.append((to.model.definitions[to.plan.use(found).key], other.bindings))
    symbols = to.symbolic(scope, node, use)
    flags = [n for n in to.given(use) if all(t.bindings.get(n) is True for t, _ in twins)]
    told = block_text([t for t, _ in twins] or variants, to.given(use), None, None)
    arguments = told if symbols is None else ", ".join(p for p in (symbols, *flags) if p)
    sizes = [count_parameters(to.model, t.key) for t, _ in twins] or [count_parameters(to.model, use.key)]
    count = count_text(sizes[0]) if all(s == sizes[0] for s in sizes) else common(sizes, [b for _, b in twins]) or ""
    role = kind_of(definition)
    row = Row(definition.block, arguments, count + (" each" if use.times > 1 and count else ""), role, False)
    box = Box(to.name(path), "card", definition.block, [], [row], role, fusable=use.times == 1, span=node.span)
    box.badge = f"×{use.times}" if use.times > 1 else ""
    box.frozen, box.share, box.tip = frozen, (node.module or "") if shared else "", f"{path}: {definition.block}"
    if node.kind == "scan":
        row.arguments = f"{row.arguments}, scan over {_time(scope, node)}".strip(", ")
    to.put(scope, box)
    feed(to, scope, use, node, fed, box)
    for value, tap in zip(node.outputs, taps(definition, node), strict=False):
        scope.env[value.name] = Anchor(box.id, value.type, tap, False, box.frozen)


def kind_of(definition: Definition) -> str:
    """The colour of a shipped block: attention and modulation are told by their parts, the rest by their weights."""
    operators = [n.operator for n in definition.nodes() if n.operator is not None]
    kinds = [o.kind for o in operators]
    first = next((n.span.file for n in definition.nodes()), "")
    if "modulation" in first:
        return "cond"
    if "attention" in kinds or "SegmentSoftmax" in [o.name for o in operators]:
        return "attn"
    if "recurrent" in first:
        return "recur"
    return next((ROLE_OF_KIND.get(o.kind, "pool") for o in operators if o.weighted), "pool")


# --------------------------------------------------------------------------------------------------- open


def opened(
    to: Expander,
    scope: Scope,
    node: Node,
    use: Use,
    fed: list[Anchor | None],
    path: str,
    role: str | None,
    frozen: bool,
) -> None:
    """The inside of a block in a cluster; equal rounds are one of them with ×N."""
    twins = [u for u, _ in to.twin_uses(scope, node)]
    keys = dict.fromkeys(k for u in [use, *twins] for k, _ in u.rounds)
    variants = [to.model.definitions[k] for k in keys]
    definition = max(variants, key=lambda d: len(list(d.nodes())))
    name = _name(node, scope)
    block = to.called(scope, node, definition) if definition.kind in ("block", "model") else use.through
    title = (
        " · ".join(dict.fromkeys(p for p in (role or "", (node.module if role else name) or "", block) if p))
        or "repeat"
    )
    total, told = counts(to, use)
    cluster = Cluster(to.name(path), title, span=node.span, frozen=frozen)
    arguments = ""
    if len(twins) > 1 and len(keys) > len(use.rounds):
        told = ""
    elif block and len(use.rounds) == 1:
        arguments = to.arguments(use, _type(to, use, 0), node.outputs[0].type)
    cluster.note = " · ".join(
        n for n in (arguments if node.kind != "scan" else f"scan over {_time(scope, node)}", told) if n
    )
    cluster.badge = badge(to, scope, node, use)
    cluster.note = " · ".join(n for n in (cluster.note, some(to, scope, node)) if n)
    if node.module is not None and scope.modules.get(node.module, 0) > 1:
        cluster.share = node.module
    to.open(scope, cluster)
    inner = begin(to, scope, definition, variants, cluster, path, frozen)
    inner.skip = False
    for position, (entry, anchor) in enumerate(zip(definition.inputs, fed, strict=False)):
        if anchor is None:
            continue
        if position == 0:
            inner.env[entry.value.name] = to.port(scope, anchor, cluster)
        else:
            inner.env[entry.value.name] = replace(anchor, side=entry.value.name)
    states(to, inner, definition, fed[len(definition.inputs) :])
    to.prepare(inner)
    to.walk(inner, definition.body)
    next_states(to, inner, definition)
    results = [inner.env.get(value) for _, value in definition.outputs]
    if node.kind == "scan":
        results += [inner.env.get(f"next {state.name}") for state in definition.states]
    for value, anchor in zip(node.outputs, results, strict=False):
        if anchor is not None:
            scope.env[value.name] = Anchor(anchor.box, value.type, "", anchor.stop, anchor.frozen)


def states(to: Expander, scope: Scope, definition: Definition, initial: list[Anchor | None]) -> None:
    """`h at t − 1`, and what it begins as."""
    for number, state in enumerate(definition.states):
        box = Box(
            to.name(scope.path, state.name, "before"), "state", state.name, ["at t − 1"], role="recur", dashed=True
        )
        to.put(scope, box)
        scope.env[state.value.name] = Anchor(box.id, state.value.type)
        anchor = initial[number] if number < len(initial) else None
        to.link(scope, anchor, box, "side", "at t = 0" if anchor is not None else "")


def next_states(to: Expander, scope: Scope, definition: Definition) -> None:
    """`h at t`, and the way back to the next step."""
    for state in definition.states:
        anchor = scope.env.get(state.next)
        if anchor is None:
            continue
        box = Box(to.name(scope.path, state.name, "after"), "state", state.name, ["at t"], role="recur")
        to.put(scope, box)
        to.link(scope, anchor, box)
        scope.env[state.next] = Anchor(box.id, state.value.type)
        scope.env[f"next {state.name}"] = scope.env[state.next]
        to.links.append(_back(box.id, to.prefix + join(scope.path.strip("."), state.name, "before")))


def _back(tail: str, head: str) -> Link:
    return Link(tail, head, "next", name="t + 1")


def unrolled(to: Expander, scope: Scope, node: Node, use: Use, fed: list[Anchor | None], path: str) -> None:
    """Every round by itself, for the level at which nothing is folded."""
    anchors = list(fed)
    number = 0
    definition = to.model.definitions[use.key]
    every: list[list[Anchor]] = [[] for _ in node.outputs]
    for key, count in use.rounds:
        definition = to.model.definitions[key]
        for _ in range(count):
            here = join(path, str(number))
            cluster = to.open(
                scope, Cluster(to.name(here), here.split(".")[-2] + f" {number}" if "." in here else here)
            )
            inner = begin(to, scope, definition, [definition], cluster, here, scope.frozen)
            for entry, anchor in zip(definition.inputs, anchors, strict=False):
                if anchor is not None:
                    inner.env[entry.value.name] = anchor
            if anchors[0] is not None:
                inner.env[definition.inputs[0].value.name] = to.port(scope, anchors[0], cluster)
            to.prepare(inner)
            to.walk(inner, definition.body)
            for into, (_, value) in zip(every, definition.outputs, strict=False):
                if value in inner.env:
                    into.append(inner.env[value])
            anchors[0] = inner.env.get(definition.outputs[0][1])
            number += 1
    for made, found in zip(node.outputs, every, strict=False):
        if found:
            scope.env[made.name] = found[-1]


def draw_combinator(to: Expander, scope: Scope, node: Node, operator: Combinator, body: str, fed: Anchor) -> None:
    """A library combinator: its name and arguments around its body."""
    definition = to.model.definitions[body]
    cluster = Cluster(
        to.name(scope.path, node.module or "", "body"), operator.name, span=node.span, frozen=scope.frozen
    )
    told = operator_text([operator], fed.type, [{}])
    cluster.note = told if told != str(operator.copies) else ""
    cluster.badge = f"×{operator.copies} lanes" if operator.copies > 1 else ""
    to.open(scope, cluster)
    inner = begin(
        to, scope, definition, [definition], cluster, join(scope.path, node.module or "", "body"), scope.frozen
    )
    inner.skip = False
    if definition.inputs:
        inner.env[definition.inputs[0].value.name] = to.port(scope, fed, cluster)
    to.prepare(inner)
    to.walk(inner, definition.body)
    result = inner.env.get(definition.outputs[0][1])
    for value in node.outputs:
        if result is not None:
            scope.env[value.name] = Anchor(result.box, value.type)
