"""A picture in words: its caption, its legend, and a summary for those who do not see it.

Enters: a finished view. Leaves: the same with its caption; nothing is explained that is not in the picture.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ...graph import Model, join
from ...node import replace
from ...shape import Size
from ...weights import count_parameters
from .style import LEGEND
from .uses import opaque
from .view import Cluster, View
from .wording import count_text

#: How many parts that nothing uses are named.
UNUSED = 6


def describe(model: Model, view: View, root: str, names: Mapping[str, object]) -> None:
    """Fill in the caption and the summary of a view."""
    total = count_parameters(model, root)
    unknown = " + ?" if opaque(model, root) else ""
    pills = {shape: [b.notes[0] for b in view.main.boxes() if b.shape == shape] for shape in ("input", "output")}
    sizes, outs = pills["input"], pills["output"]
    flow = (
        f"{sizes[0]} → {outs[0]}"
        if len(sizes) == len(outs) == 1
        else f"{_many(sizes, 'input')}, {_many(outs, 'output')}"
    )
    told = ", ".join(f"{name} = {value}" for name, value in names.items())
    facts = [f"{count_text(total) or 0}{unknown} parameters" if total or unknown else "", flow, told]
    inner = count_parameters(model)
    frozen = frozen_parameters(model, root)
    if root != model.entry and inner != total:
        facts[0] = f"{count_text(inner)}{unknown} parameters, {count_text(total)}{unknown} with what trains it"
    if frozen:
        facts[0] = f"{count_text(total - frozen)}{unknown} parameters trained, {count_text(frozen)} frozen"
    view.caption.facts = " · ".join(f for f in facts if f)
    view.caption.doc = sentences(model.doc)
    view.caption.unused = _unused(model, root)
    _legend(view)
    view.summary = _summary(view)


def sentences(doc: Sequence[str]) -> str:
    """What a doc comment says first: its first line, to the end of the sentence, which may stand in the next ones."""
    if not doc:
        return ""
    told, *rest = doc
    for line in rest:
        ended = told.rstrip().endswith((".", "!", "?"))
        if ended or not line.strip() or re.match(r"\w+:", line):
            break
        end = re.search(r"[.!?](\s|$)", line)
        told = f"{told.rstrip()} {(line[: end.end()] if end else line).strip()}"
    return told.strip()


def frozen_parameters(model: Model, root: str) -> Size:
    """The parameters of the parts that are frozen, at whatever depth."""
    total: Size = 0
    todo = [(root, "")]
    while todo:
        key, path = todo.pop()
        definition = model.definitions[key]
        for instance in definition.instances:
            here = join(path, instance.path)
            if instance.frozen or here in model.objectives.frozen:
                alone = replace(definition, key="", params=(), instances=(instance,))
                total = total + count_parameters(replace(model, definitions={**model.definitions, "": alone}), "")
            elif instance.definition is not None:
                todo.append((instance.definition, here))
    return total


def _unused(model: Model, root: str) -> list[str]:
    """What stands in the text and is not drawn, since nothing needs it: `features.fc`."""
    found: list[str] = []
    seen: set[str] = set()
    todo = [(root, "")]
    while todo:
        key, path = todo.pop()
        if key in seen:
            continue
        seen.add(key)
        definition = model.definitions[key]
        found += [join(path, name) for name in definition.unused]
        for instance in definition.instances:
            below = [instance.definition] if instance.definition else [r.definition for r in instance.rounds]
            todo += [(each, join(path, instance.path)) for each in below]
    told = sorted(dict.fromkeys(found))
    return [f"not used: {told[0]}", *told[1:UNUSED], *(["…"] if len(told) > UNUSED else [])] if told else []


def describe_block(model: Model, view: View, keys: Sequence[str]) -> None:
    """Fill in the caption and the summary of a block that is drawn by itself."""
    counts = {count_text(count_parameters(model, key)) for key in keys}
    uses = f"{len(keys)} different uses in {model.name}" if len(keys) > 1 else ""
    view.caption.facts = " · ".join(
        f for f in ("".join(counts) + " parameters" if len(counts) == 1 and "" not in counts else "", uses) if f
    )
    view.caption.doc = sentences(model.definitions[keys[0]].doc)
    _legend(view)
    view.summary = _summary(view)


def _legend(view: View) -> None:
    """The roles and the marks that are used."""
    boxes = [b for panel in view.panels for b in panel.boxes()]
    links = [k for panel in view.panels for k in panel.links]
    clusters = [c for panel in view.panels for c in panel.root.clusters()]
    used = {row.role for b in boxes for row in b.rows} | {
        b.role for b in boxes if b.shape in ("loss", "expression", "state")
    }
    if any(b.frozen for b in boxes) or any(c.frozen for c in clusters):
        used.add("frozen")
    view.caption.roles = [role for role in LEGEND if role in used]
    kinds = {k.kind for k in links}
    titles = {b.title for b in boxes if b.shape == "op"}
    shares = dict.fromkeys([b.share for b in boxes if b.share] + [c.share for c in clusters if c.share])
    badges = [x for x in (*(b.badge for b in boxes), *(c.badge for c in clusters)) if x]
    badges += [f"×{row.times}" for b in boxes for row in b.rows if row.times > 1]
    marks = [
        ("×N: block repeated, own weights", any("⇄" not in badge for badge in badges)),
        ("×N ⇄: the same weights N times", any("⇄" in badge for badge in badges)),
        ("bar: share of parameters", any(b.bar is not None for b in boxes)),
        *((f"⇄ {name}: the same weights", True) for name in list(shares)[:3]),
        ("∥ concat", "∥" in titles),
        ("grey arc: shortcut", "skip" in kinds),
        ("open arrowhead: side input", "side" in kinds),
        ("dashed red: training only", "loss" in kinds),
        ("bar at the tail: gradient stops", any(k.stop for k in links)),
        ("dashed: next step or token", "next" in kinds),
        ("H′: a size that follows from H", any("′" in k.label for k in links)),
        ("dotted: the same weights", "share" in kinds),
    ]
    view.caption.marks = [text for text, shown in marks if shown]


def _many(items: list[str], word: str) -> str:
    return f"{len(items)} {word}{'' if len(items) == 1 else 's'}"


def _summary(view: View) -> str:
    """The picture in words."""
    boxes = view.main.boxes()

    def listed(shape: str) -> str:
        return ", ".join(" ".join([b.title, *b.notes]) for b in boxes if b.shape == shape)

    steps = []
    for item in view.main.root.items:
        if isinstance(item, Cluster) or item.shape in ("fold", "card"):
            name = (
                item.title
                if isinstance(item, Cluster) or item.shape == "fold"
                else ", ".join(r.text + (f" ×{r.times}" if r.times > 1 else "") for r in item.rows)
            )
            steps.append(f"{name} {item.badge}".strip())
    frozen = [c.title for c in view.main.root.clusters() if c.frozen] + [b.title for b in boxes if b.frozen and b.title]
    parts = [
        f"{view.caption.name}: {view.caption.facts}.",
        f"Inputs: {listed('input')}.",
        f"Blocks in order: {'; '.join(steps[:40])}.",
        f"Outputs: {listed('output')}.",
        f"Frozen: {', '.join(frozen[:5])}." if frozen else "",
        f"Losses: {listed('loss')}." if listed("loss") else "",
    ]
    return " ".join(p for p in parts if p)
