"""A model as a picture.

Enters: a checked model and what the reader asks for. Leaves: a `View`: the main flow with its inputs, outputs and
losses, a definition for each block that stays closed, and the caption.
"""

from __future__ import annotations

from dataclasses import replace

from ...graph import Definition, Model
from .arrange import arrange, height, orientation
from .describe import describe, describe_block
from .expand import Expander
from .folding import fold_calls
from .fuse import finish, fuse
from .given import parameters
from .plan import Options, Plan
from .scope import Anchor, Scope
from .training import draw_losses, hidden, losses, needed, together
from .variants import draw_others
from .view import Box, Caption, Cluster, Link, Panel, View
from .wording import shape_text

#: More boxes than this are not laid out.
LIMIT = 20_000
#: A drawing with more ranks is set more tightly.
TALL = 14
#: An overview with more ranks has no labels.
LABELLED = 11
#: In a drawing with more boxes than this blocks that use themselves are closed, then all that play no role.
MANY = 45


class TooLarge(Exception):
    """A picture of more boxes than anyone can read."""


def make_view(model: Model, options: Options) -> View:
    """The picture. Raises `NothingMatches` and `TooLarge`."""
    if options.alone:
        return _alone(model, options)
    trained = options.training and bool(model.objectives.losses or model.objectives.trains)
    root = model.training if trained and model.training else model.entry
    view = _view(model, options, root, trained, False)
    if options.level != "full" and height(view.main) > TALL:
        view = _view(model, options, root, trained, True)
    for way in ("flat", "shut"):
        if options.level == "block" and len(view.main.boxes()) > MANY:
            view = _view(model, options, root, trained, height(view.main) > TALL, way)
    return view


def _view(model: Model, options: Options, root: str, trained: bool, loose: bool, way: str = "") -> View:
    whole = model
    model, inner = fold_calls(model, options, loose) if options.level != "full" else (model, {})
    plan = Plan(model, options, root, inner, way)
    main = Expander(model, plan)
    panel = _main(model, main, model.definitions[root], trained)
    definitions = _definitions(model, plan, main) if options.level == "block" else []
    plan.check()
    fuse(panel, options.level, loose or options.level == "overview", loose)
    panel.orient = options.orient or orientation(panel)
    for each in definitions:
        each.orient = panel.orient
        fuse(each, options.level)
    for each in (panel, *definitions):
        finish(each)
        arrange(each)
        if "sharing" in options.show:
            _sharing(each)
    turned = any(link.back for link in panel.links)
    if options.level == "overview":
        panel.gap = 0.22
        if height(panel) > LABELLED:  # each label is as high as a rank
            panel.gap = 0.17
            for link in panel.links:
                link.label = ""
    elif options.level == "block" and (turned or height(panel) > TALL):
        panel.gap = 0.22
    view = View(panel, definitions, Caption(model.name))
    _limited(view)
    describe(whole, view, root, plan.symbols.used)
    return view


def _sharing(panel: Panel) -> None:
    """Lines between the users of the same weights."""
    users: dict[str, str] = {}
    for box in panel.boxes():
        if box.share in users:
            panel.links.append(Link(users[box.share], box.id, "share", ordered=False))
        if box.share:
            users[box.share] = box.id


def _main(model: Model, to: Expander, definition: Definition, trained: bool) -> Panel:
    root = Cluster("model")
    scope = Scope(definition, [definition], {}, root, "")
    inference = model.definition
    parts = losses(to, definition) if trained else []
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
        told = to.told(scope, entry.value.name, entry.value.type)
        box.notes, box.role, box.span = [told], "io", entry.value.span
        box.tip = f"{entry.kind} {entry.value.name}"
        if entry.kind == "target" and not any(entry.value.name in p.formula.inputs for p in parts):
            if not any(entry.value.name in n.inputs for n in definition.nodes() if id(n) in wanted):
                continue
        to.put(scope, box)
        scope.env[entry.value.name] = Anchor(box.id, entry.value.type, text=told)
    to.prepare(scope)
    forward = needed(definition, [value for _, value in inference.outputs])
    scope.wanted = wanted & together(definition.body, forward)
    to.walk(scope, definition.body)
    outputs: dict[str, Box] = {}
    for name, value in inference.outputs:
        anchor = scope.env.get(value)
        if anchor is None:
            continue
        box = Box(to.name("output", name), "output", name, [to.told(scope, value, anchor.type)], role="op")
        box.tip = f"output {name}"
        to.put(scope, box)
        plain = replace(anchor, stop=False, frozen=False)
        to.link(scope, plain, box)
        if value not in outputs:
            # what only trains reads the output where it is drawn
            scope.env[value] = Anchor(box.id, anchor.type, "", anchor.stop, anchor.frozen, text=anchor.text)
        outputs.setdefault(value, box)
    scope.wanted = wanted - scope.wanted
    to.walk(scope, definition.body)
    if trained:
        draw_losses(to, scope, model, parts)
    for promise in model.objectives.autoregressive:
        tail = outputs.get(promise.logits)
        head = scope.env.get(promise.tokens)
        if tail is not None and head is not None:
            to.links.append(Link(tail.id, head.box, "next", name="next token"))
    _frozen(model, root)
    return Panel("main", root, to.links)


def _alone(model: Model, options: Options) -> View:
    """A block by itself: its definition, and those of the blocks that stay closed in it."""
    folded, inner = fold_calls(model, options, False) if options.level != "full" else (model, {})
    plan = Plan(folded, options, options.alone[0], inner)
    variants = [folded.definitions[key] for key in options.alone]
    to = Expander(folded, plan)
    panel = _definition(to, variants)
    definitions = _definitions(folded, plan, to) if options.level == "block" else []
    definitions = [d for d in definitions if d.id != f"def {variants[0].block}"]
    plan.check()
    for each in (panel, *definitions):
        fuse(each, options.level)
        each.orient = options.orient or "TB"
        finish(each)
        arrange(each)
    panel.gap = 0.22 if height(panel) > TALL else None
    view = View(panel, definitions, Caption(variants[0].block))
    _limited(view)
    describe_block(model, view, options.alone)
    return view


def _limited(view: View) -> None:
    if view.count() > LIMIT:
        raise TooLarge(f"{view.count():,} boxes are more than the {LIMIT:,} that can be drawn; try --level block")


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
    """A panel for each closed block, and for those closed inside them, over all uses that the picture has of it."""
    found: dict[str, Panel] = {}
    known = {block: list(keys) for block, keys in main.closed.items()}
    todo = list(known)
    while todo:
        block = todo.pop(0)
        inner = Expander(model, plan, f"{block}/")
        inner.called_as = main.called_as
        found[block] = _definition(inner, [model.definitions[key] for key in _with_own(model, known[block])])
        for name, keys in inner.closed.items():
            more = [key for key in keys if key not in known.setdefault(name, [])]
            known[name] += more
            if (more or name not in found) and name not in todo:
                todo.append(name)  # once more, if it is there with fewer uses
    return list(found.values())


def _with_own(model: Model, keys: list[str]) -> list[str]:
    """The definitions of a block, with those that it uses itself."""
    found = dict.fromkeys(keys)
    block = model.definitions[keys[0]].block
    seen: set[str] = set()
    todo = list(keys)
    while todo:
        for node in model.definitions[todo.pop()].nodes():
            for key in (*([node.definition] if node.definition else []), *(r.definition for r in node.rounds)):
                if key not in seen:
                    seen.add(key)
                    todo.append(key)
                    if model.definitions[key].block == block:
                        found[key] = None
    return list(found)


def _definition(to: Expander, variants: list[Definition]) -> Panel:
    definition = max(variants, key=lambda d: (len(list(d.nodes())), len(d.inputs)))
    called = to.called_as.get(definition.block, set())
    title = next(iter(called)) if len(called) == 1 else definition.block
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
        own = [(i.value.type, d.bindings) for d in variants for i in d.inputs if i.value.name == entry.value.name]
        shape = shape_text([t for t, _ in own], [b for _, b in own])
        if len(variants) == 1:
            shape = to.told(scope, entry.value.name, entry.value.type)
        elif shape and not entry.value.named and ("/" in shape or "·" in shape):
            shape = None  # what comes in follows from nothing that a block says which does not name it
        some = f"in {len(own)} of {len(variants)}" if len(own) < len(variants) else ""
        box.notes = [note for note in (shape, some) if note]
        to.put(scope, box)
        text = (shape or "") if len(variants) > 1 else None
        scope.env[entry.value.name] = Anchor(box.id, entry.value.type, text=text)
    from .opened import next_states, states

    states(to, scope, definition, [])
    to.prepare(scope)
    to.walk(scope, definition.body)
    next_states(to, scope, definition)
    others = draw_others(to, scope)
    for name, value in definition.outputs:
        anchor = scope.env.get(value)
        if anchor is None:
            continue
        box = Box(to.name("output", name), "output", name, role="op", tip=f"output {name}")
        shape = shape_text(
            [d.values()[dict(d.outputs)[name]].type for d in variants if name in dict(d.outputs)], bindings
        )
        if len(variants) == 1:
            shape = to.told(scope, value, anchor.type)
        box.notes = [shape] if shape else []
        to.put(scope, box)
        for each in (anchor, *others.get(name, ())):
            to.link(scope, each, box)
    if len(variants) > 1:
        names = [n for n in parameters(definition) if len({str(b.get(n)) for b in bindings}) > 1]
        if names:
            cluster.title = f"{title}({', '.join(names)})"
    return Panel(f"def {definition.block}", root, to.links)
