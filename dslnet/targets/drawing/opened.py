"""Open blocks: clusters with everything inside, the states of a scan, rounds and lanes one by one.

Enters: a use of a block that is to be open. Leaves: its inside, in the expander's panel.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ...graph import Definition, Node, Type, join
from ...ops.base import Combinator
from .calls import ONCE, Site, badge, counts, indexed, name_of, some, time_of, type_at
from .expand import Expander
from .scope import Anchor, Scope
from .variants import draw_others
from .view import Box, Cluster, Link
from .wording import count_text, operator_text

#: More lanes than this are not all drawn.
LANES = 6


def begin(
    to: Expander,
    scope: Scope,
    definition: Definition,
    variants: list[Definition],
    into: Cluster,
    path: str,
    frozen: bool,
    held: Sequence[str] = (),
    module: str | None = None,
) -> Scope:
    inner = Scope(definition, variants, {}, into, path, frozen, scope.skip, scope.lane)
    inner.lent = {**scope.lend_inside(module), **scope.lend(held, definition.held)}
    inner.nesting = (*scope.nesting, definition.block)
    return inner


def inline(to: Expander, scope: Scope, site: Site) -> None:
    """The boxes of a small shipped block in the place of the block."""
    definition = to.model.definitions[site.use.key]
    inner = begin(
        to, scope, definition, [definition], scope.into, site.path, scope.frozen, site.use.held, site.node.module
    )
    if site.fed[0] is not None:
        inner.env[definition.inputs[0].value.name] = site.fed[0]
    to.prepare(inner)
    to.walk(inner, definition.body)
    scope.env[site.node.outputs[0].name] = inner.env[definition.outputs[0][1]]


def opened(to: Expander, scope: Scope, site: Site) -> None:
    """The inside of a block in a cluster; equal rounds are one of them with ×N."""
    node, use, fed, path, role, frozen = site.node, site.use, indexed(site.fed), site.path, site.role, site.frozen
    twins = [u for u, _ in to.twin_uses(scope, node)]
    keys = dict.fromkeys(k for u in [use, *twins] for k, _ in u.rounds)
    variants = [to.model.definitions[k] for k in keys]
    definition = max(variants, key=lambda d: len(list(d.nodes())))
    name = name_of(node, scope) or use.lent
    block = to.called(scope, node, definition) if definition.kind in ("block", "model") else use.through
    title = " · ".join(dict.fromkeys(p for p in (role or "", (node.module if role else name) or "", block) if p))
    total, told = counts(to, use)
    once = [ONCE] if use.lent and use.times > 1 else []
    cluster = Cluster(to.name(path), title, span=node.span, frozen=frozen)
    arguments = ""
    if len(twins) > 1 and len(keys) > len(use.rounds):
        told = ""
    elif block and len(use.rounds) == 1:
        arguments = to.arguments(use, type_at(to, use, 0), node.outputs[0].type)
    cluster.note = " · ".join(
        n for n in (arguments if node.kind != "scan" else f"scan over {time_of(scope, node)}", told) if n
    )
    cluster.badge = badge(to, scope, node, use)
    cluster.title = title or ("" if cluster.badge else node.kind)  # ×N alone says that something is repeated
    cluster.note = " · ".join(n for n in (cluster.note, *once, some(to, scope, node)) if n)
    cluster.share = scope.tag(node.module or use.lent) if site.shared else ""
    to.open(scope, cluster)
    inner = begin(to, scope, definition, variants, cluster, path, frozen, use.held, node.module)
    inner.skip = False
    inputs = to.model.definitions[use.key].inputs  # those of another use may be more
    given = {entry.value.name: anchor for entry, anchor in zip(inputs, fed, strict=False)}
    for position, entry in enumerate(definition.inputs):
        anchor = given.get(entry.value.name)
        if anchor is None:
            continue
        if position == 0:
            inner.env[entry.value.name] = to.port(scope, anchor, cluster)
        else:
            inner.env[entry.value.name] = replace(anchor, side=re.sub(r"\.\d+$", "", entry.value.name))
    states(to, inner, definition, fed[len(inputs) :])
    to.prepare(inner)
    to.walk(inner, definition.body)
    next_states(to, inner, definition)
    others = draw_others(to, inner)
    results = [several(inner.env.get(value), others.get(name, ())) for name, value in definition.outputs]
    if node.kind == "scan":
        results += [inner.env.get(f"next {state.name}") for state in definition.states]
    inner_names = to.plan.inner.get((scope.definition.key, node.outputs[0].name), [])
    results[1:1] = [results[0]] * len(inner_names)
    names = ["", *(f".{name}" for name in inner_names)]
    for position, (value, anchor) in enumerate(zip(node.outputs, results, strict=False)):
        if anchor is not None:
            told = names[position] if position < len(names) else ""
            leaving = Anchor(anchor.box, value.type, told or anchor.name, anchor.stop, anchor.frozen)
            scope.env[value.name] = replace(leaving, lanes=anchor.lanes)


def several(anchor: Anchor | None, others: Sequence[Anchor]) -> Anchor | None:
    """A value that comes from other places in other uses."""
    return replace(anchor, lanes=(anchor, *others)) if anchor is not None and others else anchor


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


def unrolled(to: Expander, scope: Scope, site: Site) -> None:
    """Every round by itself, for the level at which nothing is folded."""
    anchors = list(site.fed)
    number = 0
    definition = to.model.definitions[site.use.key]
    every: list[list[Anchor]] = [[] for _ in site.node.outputs]
    for key, count in site.use.rounds:
        definition = to.model.definitions[key]
        for _ in range(count):
            inner = _round(to, scope, definition, site, number, anchors)
            for into, (_, value) in zip(every, definition.outputs, strict=False):
                if value in inner.env:
                    into.append(inner.env[value])
            anchors[0] = inner.env.get(definition.outputs[0][1])
            number += 1
    for made, found in zip(site.node.outputs, every, strict=False):
        if found:
            scope.env[made.name] = found[-1]


def _round(
    to: Expander, scope: Scope, definition: Definition, site: Site, number: int, fed: list[Anchor | None]
) -> Scope:
    """One round or lane in a cluster of its own: `layers`, 1 of 12. Where a round is one call of a block, the block's
    own cluster is enough."""
    path = join(site.path, str(number))
    place = f"{'lane ' if site.node.kind == 'each' else ''}{number + 1} of {site.use.times}"
    name = name_of(site.node, scope)
    only = definition.body[0] if len(definition.body) == 1 else None
    if isinstance(only, Node) and only.kind == "call" and definition.outputs[0][1] == only.outputs[0].name:
        inner = begin(
            to, scope, definition, [definition], scope.into, path, scope.frozen, site.node.held, site.node.module
        )
        inner.env.update(_fed(definition, fed))
        count = len(scope.into.items)
        to.prepare(inner)
        to.walk(inner, definition.body)
        for item in scope.into.items[count:]:
            if isinstance(item, Cluster):
                item.title = " · ".join(dict.fromkeys(part for part in (name, item.title) if part))
                item.note = " · ".join(part for part in (place, item.note) if part)
            elif item.shape == "fold":
                item.notes.insert(0, place)
        return inner
    cluster = Cluster(to.name(path), name or place, place if name else "", frozen=scope.frozen)
    inner = begin(
        to,
        scope,
        definition,
        [definition],
        to.open(scope, cluster),
        path,
        scope.frozen,
        site.node.held,
        site.node.module,
    )
    inner.env.update(_fed(definition, fed))
    if fed and fed[0] is not None:
        inner.env[definition.inputs[0].value.name] = to.port(scope, fed[0], cluster)
    to.prepare(inner)
    to.walk(inner, definition.body)
    return inner


def _fed(definition: Definition, fed: list[Anchor | None]) -> dict[str, Anchor]:
    """What stands for the inputs of a definition."""
    pairs = zip(definition.inputs, fed, strict=False)
    return {entry.value.name: anchor for entry, anchor in pairs if anchor is not None}


def lanes(to: Expander, scope: Scope, site: Site) -> None:
    """Lanes that differ, each by itself; of more than six the first, "…" and the last."""
    every = [to.model.definitions[key] for key, count in site.use.rounds for _ in range(count)]
    shown: list[Definition | None] = list(every)
    if len(every) > LANES and to.options.level != "full":
        shown = [every[0], None, every[-1]]
    found: list[Anchor] = []
    lane = scope.lane
    for place, definition in enumerate(shown):
        number = place if place + 1 < len(shown) else len(every) - 1
        scope.lane = f"{lane}/{len(to.ids)}.{place}"
        if definition is None:
            found.append(skipped(to, scope, site.path, len(every) - 2, site.fed[0], site.node.outputs[0].type))
            continue
        path = join(site.path, str(number))
        if to.options.level == "full":
            inner = _round(to, scope, definition, site, number, site.fed)
        else:
            inner = begin(to, scope, definition, [definition], scope.into, path, site.frozen, site.node.held)
            for entry, anchor in zip(definition.inputs, site.fed, strict=False):
                if anchor is not None:
                    inner.env[entry.value.name] = anchor
            to.prepare(inner)
            to.walk(inner, definition.body)
        result = inner.env.get(definition.outputs[0][1])
        if result is not None:
            found.append(result)
    scope.lane = lane
    if found:
        scope.env[site.node.outputs[0].name] = replace(found[0], lanes=tuple(found))


def skipped(to: Expander, scope: Scope, path: str, count: int, fed: Anchor | None, type: Type) -> Anchor:
    """What stands for lanes that are not drawn."""
    box = Box(to.name(path, "lanes"), "text", "…", [f"{count} more lanes"], tip=f"{count} more lanes")
    to.put(scope, box)
    to.link(scope, fed, box)
    return Anchor(box.id, type, text="")


def draw_combinator(to: Expander, scope: Scope, node: Node, operator: Combinator, body: str, fed: Anchor) -> None:
    """A library combinator: its name and arguments around its body."""
    definition = to.model.definitions[body]
    cluster = Cluster(
        to.name(scope.path, node.module or "", "body"), operator.name, span=node.span, frozen=scope.frozen
    )
    told = operator_text([operator], fed.type, [{}])
    told = told.removeprefix(str(operator.copies)).removeprefix(", ") if operator.copies > 1 else told
    instance = scope.instance(node.module)
    total = count_text(to.parameters(instance)) if instance is not None else ""
    cluster.note = " · ".join(part for part in (told, f"{total} in all" if total else "") if part)
    cluster.badge = f"×{operator.copies} lanes" if operator.copies > 1 else ""
    to.open(scope, cluster)
    inner = begin(
        to,
        scope,
        definition,
        [definition],
        cluster,
        join(scope.path, node.module or "", "body"),
        scope.frozen,
        node.held,
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
