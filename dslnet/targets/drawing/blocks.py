"""Uses of blocks: what becomes of each, and the cards of those that stay closed.

Enters: a call, repeat, each or scan of a definition that is being walked. Leaves: its card, or (from `opened`) its
inside, in the expander's panel.
"""

from __future__ import annotations

from ...graph import Definition, Node, join
from ...weights import count_parameters
from .calls import ONCE, Site, badge, chain, counts, feed, leave, name_of, some, time_of, type_at
from .expand import Expander
from .formula import elementwise as plain
from .given import block_text
from .opened import inline, lanes, opened, unrolled
from .plan import from_prelude, weight
from .scope import Scope
from .style import ROLE_OF_KIND
from .view import Box, Row
from .wording import common, count_text


def draw_use(to: Expander, scope: Scope, node: Node) -> None:
    """One call, repeat, each or scan."""
    use = to.plan.use(node)
    definition = to.model.definitions[use.key]
    instance = scope.instance(node.module)
    role = node.role or (instance.role if instance is not None else None)
    module = node.module or use.lent
    # a module that only a repeat uses has one place in the picture
    shared = bool(scope.tag(module)) and (not use.lent or scope.modules.get(module, 0) > use.times)
    path = join(scope.path, node.module or node.outputs[0].name)
    frozen = scope.frozen or bool(instance is not None and instance.frozen)
    anchors = [scope.env.get(n) if n is not None else None for n in node.inputs]
    fed = [anchors[i] if i is not None and i < len(anchors) else None for i in use.inputs]
    site = Site(node, use, fed, path, role, frozen, shared)
    wish = to.plan.wishes.of(path, [definition.block, use.through, role or ""], definition.nodes())
    full = to.options.level == "full" and wish is not False
    if node.kind == "call" and from_prelude(definition) and not full and wish is None and chain(definition):
        inline(to, scope, site)
    elif node.kind == "call" and not full and wish is None and elementwise(definition):
        function(to, scope, site)
    elif node.kind == "repeat" and full:
        unrolled(to, scope, site)
    elif node.kind == "each" and wish is not False and (full or len({key for key, _ in use.rounds}) > 1):
        lanes(to, scope, site)
    elif to.plan.opened(use, wish, scope.nesting, role, shared) or (
        node.kind == "scan"
        and wish is not False
        and not from_prelude(definition)
        and to.options.level != "overview"
        and weight(definition) <= 16
        and not shared
    ):
        opened(to, scope, site)
    elif from_prelude(definition):
        layer(to, scope, site)
    else:
        closed(to, scope, site)


def closed(to: Expander, scope: Scope, site: Site) -> None:
    """A card with the block's name, its arguments, ×N, its count and its share of all parameters."""
    node, use, path = site.node, site.use, site.path
    definition = to.model.definitions[use.key]
    before, after = type_at(to, use, 0), node.outputs[0].type
    name = name_of(node, scope) or use.lent
    block = to.called(scope, node, definition) if definition.kind in ("block", "model") else use.through
    if definition.kind == "round" and not name:
        name = use.through
    title = name or block
    if block and definition.kind in ("block", "model"):
        to.called_as.setdefault(definition.block, set()).add(block)
    role = site.role
    if role is not None:
        title = f"{role} · {node.module or name}" if (node.module or name) != role else str(role)
    arguments = to.arguments(use, before, after) if definition.kind in ("block", "model") else ""
    symbols = to.symbolic(scope, node, use)
    arguments = arguments if symbols is None else symbols
    box = Box(to.name(path), "fold", title, span=node.span, frozen=site.frozen, block=definition.block)
    first = f"{block} {arguments}".strip() if title != block else arguments
    total, told = counts(to, use)
    if symbols is not None and len({str(counts(to, u)[0]) for u, _ in to.twin_uses(scope, node)}) > 1:
        told, total = "", 0
    if definition.kind == "round":
        first = first or to.inside(scope, list(definition.nodes()))
    box.notes = [n for n in (first, told) if n]
    if node.kind == "scan":
        box.notes.insert(0, f"scan over {time_of(scope, node)}")
    box.badge = badge(to, scope, node, use)
    box.title = title or (node.module if node.kind == "call" else "") or ("" if box.badge else node.kind)
    if use.lent and use.times > 1:
        box.notes.append(ONCE)
    if some(to, scope, node):
        box.notes.append(some(to, scope, node))
    box.amount = total if isinstance(total, int) else None
    box.bar = None if site.shared else to.share(total)
    box.share = scope.tag(node.module or use.lent) if site.shared else ""
    box.tip = f"{path}: {block or definition.block}"
    to.put(scope, box)
    feed(to, scope, site, box)
    leave(to, scope, site, box)
    if not from_prelude(definition):
        noted(to, scope, site)


def noted(to: Expander, scope: Scope, site: Site) -> None:
    """Remember that a block is closed, so that it is defined."""
    known = to.closed.setdefault(to.model.definitions[site.use.key].block, [])
    for other in [site.use, *(u for u, _ in to.twin_uses(scope, site.node))]:
        known += [key for key, _ in other.rounds if key not in known]


def layer(to: Expander, scope: Scope, site: Site) -> None:
    """A shipped block is a layer like any other: `Attention 8 heads`."""
    node, use, path = site.node, site.use, site.path
    definition = to.model.definitions[use.key]
    variants = to.variants(use)
    twins = []
    for other in scope.variants:
        found = to.same(scope.definition, node, other)
        if found is not None and found.kind == node.kind:
            twins.append((to.model.definitions[to.plan.use(found).key], other.bindings))
    symbols = to.symbolic(scope, node, use)
    flags = [n for n in to.given(use) if all(t.bindings.get(n) is True for t, _ in twins)]
    told = block_text([t for t, _ in twins] or variants, to.given(use), None, None)
    arguments = told if symbols is None else ", ".join(p for p in (symbols, *flags) if p)
    sizes = [count_parameters(to.model, t.key) for t, _ in twins] or [count_parameters(to.model, use.key)]
    count = count_text(sizes[0]) if all(s == sizes[0] for s in sizes) else common(sizes, [b for _, b in twins]) or ""
    role = kind_of(definition, to)
    row = Row(
        definition.block, arguments, count + (" each" if use.times > 1 and count and not use.lent else ""), role, False
    )
    box = Box(to.name(path), "card", definition.block, [], [row], role, fusable=use.times == 1, span=node.span)
    box.badge = (f"×{use.times}" + (" ⇄" if use.lent else "")) if use.times > 1 else ""
    box.frozen, box.share, box.tip = (
        site.frozen,
        scope.tag(node.module or use.lent) if site.shared else "",
        f"{path}: {definition.block}",
    )
    if to.options.apart:
        box.block = definition.block
        noted(to, scope, site)
    if node.kind == "scan":
        row.arguments = f"{row.arguments}, scan over {time_of(scope, node)}".strip(", ")
    to.put(scope, box)
    feed(to, scope, site, box)
    leave(to, scope, site, box)


def elementwise(definition: Definition) -> bool:
    """Whether a block is a function of each number, like those that a layer has for its activation."""
    if definition.kind != "block" or len(definition.inputs) != 1 or definition.params or definition.states:
        return False
    return all(
        n.operator is not None and not n.operator.weighted and (n.operator.kind == "activation" or plain(n.operator))
        for n in definition.nodes()
    )


def function(to: Expander, scope: Scope, site: Site) -> None:
    """A function of each number is a thin row, and is defined like every block."""
    node, use = site.node, site.use
    definition = to.model.definitions[use.key]
    row = Row(definition.block, to.arguments(use, None, None), "", "act", True)
    box = Box(to.name(site.path or definition.block), "card", definition.block, [], [row], "act", fusable=True)
    box.span, box.tip, box.frozen = node.span, f"{site.path}: {definition.block}", site.frozen
    to.put(scope, box)
    feed(to, scope, site, box)
    leave(to, scope, site, box)
    if to.options.apart:
        box.block = definition.block
    if to.options.apart or not from_prelude(definition):
        noted(to, scope, site)


def kind_of(definition: Definition, to: Expander) -> str:
    """The colour of a shipped block: attention and modulation are told by their parts, the rest by their weights."""
    operators = [n.operator for n in definition.nodes() if n.operator is not None]
    below = [kind_of(to.model.definitions[n.definition], to) for n in definition.nodes() if n.definition]
    kinds = [o.kind for o in operators]
    first = next((n.span.file for n in definition.nodes()), "")
    if "modulation" in first:
        return "cond"
    if {"attention", "attn"} & {*kinds, *below} or "SegmentSoftmax" in [o.name for o in operators]:
        return "attn"
    if "recurrent" in first:
        return "recur"
    return next((ROLE_OF_KIND.get(o.kind, "pool") for o in operators if o.weighted), next(iter(below), "pool"))
