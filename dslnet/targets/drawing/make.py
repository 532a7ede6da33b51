"""A model as a picture.

Enters: a checked model and what the reader asks for. Leaves: a `View`: the main flow with its inputs, outputs and
losses, a definition for each block that stays closed, and the caption.
"""

from __future__ import annotations

from collections import Counter

from ...graph import Definition, Model
from .describe import describe
from .expand import Expander
from .fuse import finish, fuse
from .plan import UNITS, Options, Plan
from .scope import Anchor, Scope
from .training import draw_losses, hidden, losses, needed
from .view import Box, Caption, Cluster, Link, Panel, View
from .wording import parameters, shape_text, type_text

#: More boxes than this are not laid out.
LIMIT = 20_000
#: A drawing with more ranks is set more tightly.
TALL = 14


class TooLarge(Exception):
    """A picture of more boxes than anyone can read."""


def make_view(model: Model, options: Options) -> View:
    """The picture. Raises `NothingMatches` and `TooLarge`."""
    trained = options.training and bool(model.objectives.losses or model.objectives.trains)
    root = model.training if trained and model.training else model.entry
    plan = Plan(model, options, root)
    plan.check()
    main = Expander(model, plan)
    panel = _main(model, main, model.definitions[root], trained)
    definitions = _definitions(model, plan, main) if options.level == "block" else []
    fuse(panel, options.level)
    panel.orient = options.orient or _orient(panel)
    for each in definitions:
        each.orient = panel.orient
        fuse(each, options.level)
    if panel.orient == "BT":
        _towers(panel)
    for each in (panel, *definitions):
        finish(each)
        _trunk(each)
    panel.tight = options.level == "overview" or (options.level == "block" and max(_depths(panel).values()) > TALL)
    view = View(panel, definitions, Caption(model.name))
    if view.count() > LIMIT:
        raise TooLarge(f"{view.count():,} boxes are more than the {LIMIT:,} that can be drawn; try --level block")
    describe(model, view, root)
    return view


def _main(model: Model, to: Expander, definition: Definition, trained: bool) -> Panel:
    root = Cluster("model")
    scope = Scope(definition, [definition], {}, root, "")
    inference = model.definition
    parts = losses(model, definition, to.options.show) if trained else []
    sinks = [value for _, value in definition.outputs if trained] + [value for _, value in inference.outputs]
    if trained and "metrics" not in to.options.show:
        metrics = {m.value for m in model.objectives.losses if m.kind == "metric"}
        sinks = [s for s in sinks if s not in metrics]
    wanted = needed(definition, sinks) - hidden(definition, parts, model.objectives.trains if trained else ())
    scope.wanted = wanted
    read = {name for n in definition.nodes() for name in n.inputs} | {v for _, v in definition.outputs}
    for entry in definition.inputs:
        if entry.value.name not in read:
            continue
        box = Box(to.name(entry.value.name), entry.kind if entry.kind == "target" else "input", entry.value.name)
        box.notes, box.role, box.span = [type_text(entry.value.type)], "io", entry.value.span
        box.tip = f"{entry.kind} {entry.value.name}"
        if entry.kind == "target" and not any(entry.value.name in p.formula.inputs for p in parts):
            if not any(entry.value.name in n.inputs for n in definition.nodes() if id(n) in wanted):
                continue
        to.put(scope, box)
        scope.env[entry.value.name] = Anchor(box.id, entry.value.type)
    to.prepare(scope)
    to.walk(scope, definition.body)
    outputs: dict[str, Box] = {}
    for name, value in inference.outputs:
        anchor = scope.env.get(value)
        if anchor is None:
            continue
        box = Box(to.name("output", name), "output", name, [type_text(anchor.type)], role="op", tip=f"output {name}")
        to.put(scope, box)
        plain = Anchor(anchor.box, anchor.type, anchor.name, False, False)
        to.link(scope, plain, box)
        outputs.setdefault(value, box)
    if trained:
        draw_losses(to, scope, model, parts, outputs)
    for promise in model.objectives.autoregressive:
        tail = outputs.get(promise.logits)
        head = scope.env.get(promise.tokens)
        if tail is not None and head is not None:
            to.links.append(Link(tail.id, head.box, "next", name="next token"))
    _frozen(model, root)
    return Panel("main", root, to.links)


def _frozen(model: Model, root: Cluster) -> None:
    """Mark what `freeze` lines name."""
    paths = model.objectives.frozen
    for box in root.boxes():
        if any(box.id == p or box.id.startswith(p + ".") for p in paths):
            box.frozen = True
    for cluster in root.clusters():
        if any(cluster.id == p or cluster.id.startswith(p + ".") for p in paths):
            cluster.frozen = True


def _definitions(model: Model, plan: Plan, main: Expander) -> list[Panel]:
    """A panel for each closed block, and for those closed inside them."""
    found: list[Panel] = []
    done: dict[str, int] = {}
    todo = dict(main.closed)
    while todo:
        block, keys = next(iter(todo.items()))
        del todo[block]
        if block in done:
            continue
        done[block] = len(found)
        variants = [model.definitions[key] for key in keys]
        inner = Expander(model, plan, f"{block}/")
        found.append(_definition(inner, variants))
        for name, more in inner.closed.items():
            if name not in done:
                todo.setdefault(name, [])
                todo[name] += [k for k in more if k not in todo[name]]
    return found


def _definition(to: Expander, variants: list[Definition]) -> Panel:
    definition = max(variants, key=lambda d: len(list(d.nodes())))
    title = definition.block
    if definition.kind == "module":
        title = title[:1].lower() + title[1:]
    cluster = Cluster(f"{to.prefix}block", title, "definition", dashed=True, span=definition.span)
    root = Cluster(f"{to.prefix}model", items=[cluster])
    bindings = [v.bindings for v in variants]
    scope = Scope(definition, variants, {}, cluster, "")
    scope.nesting = (definition.block,)
    for entry in definition.inputs:
        name = "in" if entry.value.name == "x" or not entry.value.named else entry.value.name
        box = Box(to.name("input", entry.value.name), "input", name, role="io", tip=f"input {entry.value.name}")
        position = definition.inputs.index(entry)
        shape = shape_text([d.inputs[position].value.type for d in variants if len(d.inputs) > position], bindings)
        box.notes = [shape] if shape else []
        to.put(scope, box)
        text = (shape or "") if len(variants) > 1 else None
        scope.env[entry.value.name] = Anchor(box.id, entry.value.type, text=text)
    from .blocks import next_states, states

    states(to, scope, definition, [])
    to.prepare(scope)
    to.walk(scope, definition.body)
    next_states(to, scope, definition)
    for name, value in definition.outputs:
        anchor = scope.env.get(value)
        if anchor is None:
            continue
        box = Box(to.name("output", name), "output", name, role="op", tip=f"output {name}")
        shape = shape_text(
            [d.values()[dict(d.outputs)[name]].type for d in variants if name in dict(d.outputs)], bindings
        )
        box.notes = [shape] if shape else []
        to.put(scope, box)
        to.link(scope, anchor, box)
    if len(variants) > 1:
        names = [n for n in parameters(definition) if len({str(b.get(n)) for b in bindings}) > 1]
        if names:
            cluster.title = f"{title}({', '.join(names)})"
    return Panel(f"def {definition.block}", root, to.links)


def _trunk(panel: Panel) -> None:
    """The straight line of a panel: of the links out of a box, one is the trunk."""
    boxes = {box.id: box for box in panel.boxes()}
    depth = _depths(panel)
    seen: set[str] = set()
    entered: set[str] = set()
    for link in panel.links:
        link.trunk = False
    for link in sorted(panel.links, key=lambda k: -depth.get(k.head, 0)):
        same = boxes[link.tail].lane == boxes[link.head].lane
        if link.kind == "flow" and same and link.tail not in seen and link.head not in entered:
            link.trunk = True
            seen.add(link.tail)
            entered.add(link.head)
    after = {link.tail: link.head for link in panel.links if link.trunk}
    for number, name in enumerate(n for n in boxes if n in seen and n not in entered):
        at: str | None = name
        while at is not None:
            boxes[at].line = f"{panel.id} {number}"
            at = after.get(at)


def _towers(panel: Panel) -> None:
    """Towers stand beside each other: what goes from one to another does not lift it."""
    tower = {b.id: c.id for c in panel.root.items if isinstance(c, Cluster) for b in c.boxes()}
    for link in panel.links:
        if link.kind == "side" and link.tail in tower and tower.get(link.head, tower[link.tail]) != tower[link.tail]:
            link.ordered = False


def _orient(panel: Panel) -> str:
    """Bottom to top for an encoder with a decoder; from the left for short towers side by side; else down."""
    tops = panel.root.items
    roles = {w for item in tops for w in item.title.split(" · ")[:1] if w in UNITS}
    ranks = max(_depths(panel).values(), default=0)
    towers = Counter(b.share for b in tops if isinstance(b, Box) and b.share and b.shape == "fold")
    if len(roles & set(UNITS)) > 1 and not {"encoder", "decoder"} <= roles and ranks <= 7:
        return "LR"
    if any(n > 1 for n in towers.values()) and ranks <= 7:
        return "LR"
    inputs = sum(b.shape == "input" for b in panel.boxes())
    return "BT" if {"encoder", "decoder"} <= roles and inputs > 1 else "TB"


def _depths(panel: Panel) -> dict[str, int]:
    """How far each box is from the end of the longest way that leads on from it."""
    after: dict[str, list[str]] = {}
    for link in panel.links:
        if link.kind != "next":
            after.setdefault(link.tail, []).append(link.head)
    depth: dict[str, int] = {}
    for start in [box.id for box in panel.boxes()]:
        trail, waiting = [start], [start]
        while waiting:
            name = waiting[-1]
            rest = [n for n in after.get(name, ()) if n not in depth and n not in trail]
            if name in depth or not rest:
                waiting.pop()
                depth.setdefault(name, 1 + max((depth.get(n, 0) for n in after.get(name, ())), default=0))
            else:
                waiting.append(rest[0])
                trail.append(rest[0])
    return depth
