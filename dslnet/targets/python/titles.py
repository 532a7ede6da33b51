"""Names of classes and functions.

Enters: a `Project` whose units are settled. Leaves: their names. The plainest of a block's classes has the block's
name, the others say what they have that it has not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bodies import Body
from .expressions import idle
from .names import TRAINING_LOCALS, Names, camel, fits, safe, snake
from .tree import Late, Tree, walk
from .units import Unit

if TYPE_CHECKING:
    from .classes import Project


def name_units(project: Project) -> None:
    """Names for the classes: the plainest of a block's classes has the block's name, the others say why."""
    taken = Names({*(project.reserved - _functions(project)), *project.imports, "Tensor", *TRAINING_LOCALS})
    entry = project.classes[project.model.entry]
    entry.name = _class_name(project.model.name, taken)
    taken.new(entry.name + "Output")
    families: dict[tuple[str, bool], list[Unit]] = {}
    for unit in sorted(project.units, key=lambda u: u.draft.body.kind != "block"):
        if unit is not entry:
            families.setdefault((_family(project, unit), unit.function), []).append(unit)
    for (family, function), units in families.items():
        plain = min(units, key=lambda u: (len(_parts(u)), u.number))
        for place, unit in enumerate([plain, *(u for u in units if u is not plain)], 1):
            unit.family = plain.name
            suffix = "" if unit is plain else _difference(unit, plain, project.bodies) or str(place)
            if function:
                unit.name = taken.new(f"{snake(family)}_{snake(suffix)}" if suffix else snake(family))
            else:
                unit.name = _class_name(family + suffix, taken)


def _functions(project: Project) -> set[str]:
    return {snake(b.block) for b in project.bodies.values() if not b.instances and not b.params}


def _family(project: Project, unit: Unit) -> str:
    """What the classes of a unit's block are called: the block, or for a part of one what it holds."""
    body = unit.draft.body
    if body.kind == "block":
        called = {d.body.called for d in unit.drafts}
        return called.pop() if len(called) == 1 else body.block
    boxes = [n.operator for n in body.nodes if n.operator is not None and not idle(n.operator)]
    others = [n for n in body.nodes if n.operator is None]
    if body.kind in ("round", "body") and not others and len(boxes) <= 4:
        return "".join(_SHORT.get(op.name, op.name) for op in boxes)
    blocks = {u.block for u in project.units if u.draft.body.kind in ("block", "model")}
    parent = project.parent(body.key)
    owner = (parent.called or parent.block) if parent is not None else project.model.name
    if body.kind == "round":
        return owner + ("Stage" if any(i.rounds for i in body.instances) else "Layer")
    name = camel(body.block)
    if len({d.body.block for d in unit.drafts}) > 1:
        name = name.rstrip("0123456789")  # one for several lanes
    name = name if len(name) > 2 else name + "Branch"
    return name if name not in blocks else owner + name


#: Boxes whose short names are what everybody writes in the name of a class.
_SHORT = {"BatchNorm": "BN", "LayerNorm": "LN", "GroupNorm": "GN", "ConvTranspose": "ConvT"}


def _parts(unit: Unit) -> list[str]:
    return [line.path for line in unit.draft.init if line.path]


def _difference(unit: Unit, plain: Unit, bodies: dict[str, Body]) -> str:
    """A word for what a class has that the plain one of its block has not: best a block, else a box."""
    known = set(_parts(plain))
    words: list[str] = []
    for part in _parts(unit):
        if part in known or part.isdigit():
            continue
        instance = unit.draft.body.instance(part)
        inner = bodies[instance.definition] if instance is not None and instance.definition is not None else None
        if not part[-1].isdigit():
            words.insert(0, camel(part))
        elif inner is not None and inner.block != unit.block:
            words.insert(0, inner.block)
        elif instance is not None and instance.operator is not None:
            words.append(_SHORT.get(instance.operator.name, instance.operator.name))
    if words:
        return words[0]
    inputs = {p.name for p in plain.draft.inputs}
    for parameter in unit.draft.inputs:
        if parameter.name not in inputs:
            return "With" + camel(parameter.name)
    for built in (*unit.start, *(line.tree for line in unit.init)):
        for piece in walk(built):
            if isinstance(piece, Late) and piece.target.name.startswith(piece.target.block):
                suffix: str = piece.target.name[len(piece.target.block) :]
                if suffix and not suffix.isdigit() and not any(_mentions(t, piece.target) for t in plain.start):
                    return suffix
    return ""


def _mentions(tree: Tree, unit: Unit) -> bool:
    return any(isinstance(part, Late) and part.target is unit for part in walk(tree))


def _class_name(wanted: str, taken: Names) -> str:
    text = camel(safe(wanted)) if not wanted[:1].isupper() else safe(wanted)
    if not fits(text) and not text.endswith("_"):
        text += "Block"
    return taken.new(text)
