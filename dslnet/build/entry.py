"""The frame of a model: its parameters bound, its inputs made, its body run.

Enters: a model and settings for its parameters and free sizes. Leaves: the frame with a closed draft. What the shapes
of the inputs do not fix stays free; what the `require` lines say of it is learned before anything is computed.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import did_you_mean
from ..ops.rules import brief
from ..shape import UNKNOWN, UNKNOWN_TENSOR, Dim, Number, Size, Tensor, free, is_linear
from ..source import Span
from ..syntax import BoxRef, Declaration, Ellipsis, List, Ref, Valued
from .binding import bind_block
from .blocks import Block, meant
from .body import Body
from .frame import FrameInput
from .naming import naming
from .patterns import Matching, free_names
from .session import Session
from .values import BoxValue, DraftDefinition, Wire


def enter(session: Session, block: Block, settings: dict[str, Any]) -> Body | None:
    """The frame of a model with its parameters bound."""
    report = session.report
    root = block.root
    frame = Body(session, root.file, naming(root), "model", root.name, None)
    frame.entry = frame.objectives = True
    frame.doc, frame.text_span = block.syntax.doc, root.syntax.span
    names = {p.name.text for p in block.parameters}
    place = block.syntax.name.span
    given = {n: v for n, v in settings.items() if n in names}
    for name in settings:
        if name not in names and name not in root.dimensions and not _is_input(root, name):
            near = did_you_mean(name, [*sorted(names), *sorted(root.dimensions)])
            report.error(
                "E0206",
                f"`{block.name}` has no parameter or free size `{name}`",
                place,
                helps=[f"did you mean `{n}`?" for n in near],
            )
            return None
    box = BoxValue(block, named=tuple((n, v, place, place) for n, v in given.items()), span=place)
    bound = bind_block(frame, box, place)
    if bound is None:
        return None
    bound.spans = {n: s for n, s in bound.spans.items() if n not in given}
    frame.parameters(block, bound)
    frame.argument_spans = {}
    for name, value in settings.items():
        if name not in names and isinstance(value, int) and not isinstance(value, bool):
            frame.sizes[name] = Number(value, place)
    frame.settings = settings
    return frame


def _is_input(block: Block, name: str) -> bool:
    return any(d.key.words[-1].text == name for d in block.declarations("input"))


def run_model(frame: Body, block: Block) -> DraftDefinition:
    root = block.root
    before = frame.report.errors
    flow: Wire | None = None
    declared = root.declarations("input", "target")
    for state in root.states:
        frame.error("E0207", "a model has no `state`; a block under `scan:` has", state.key.span)
        frame.seen.add(id(state))
    optional: list[tuple[Declaration, Any]] = []
    for declaration in declared:
        frame.seen.add(id(declaration))
        pattern, _, default = frame.pattern_of(declaration)
        if default is not None and not frame.settings.get(declaration.key.words[-1].text):
            optional.append((declaration, default))
            continue
        wire = _input(frame, declaration, pattern)
        if meant(declaration.key.words) == "input":
            flow = flow or wire
    _need_told(frame)
    for declaration, default in optional:
        frame.default_input(root, declaration, default, Matching(frame, {}), frame, default.span)
    for declaration in root.declarations("require"):
        if isinstance(declaration.body, Valued):
            frame.learn(declaration.body.value)
    session = frame.session
    session.steps = 0
    session.facts = frozenset(
        (s.name, s.low, s.high, s.multiple, s.remainder)
        for size in frame.sizes.values()
        if isinstance(size, Dim)
        for s in size.symbols().values()
    )
    frame.settle_all(block)
    if flow is None and _configures_nothing(frame, root):
        return frame.close([("out", frame.unknown(block.syntax.name.span))])
    if flow is None:
        if frame.session.readable:  # else the line of the input may be one that could not be read
            frame.error(
                "E0212",
                f"`{block.name}` has no input",
                block.syntax.name.span,
                "nothing to compute",
                helps=("`input x: [B, …]`",),
            )
        flow = frame.unknown(block.syntax.name.span)
    draft = frame.finish(root, flow)
    first = draft.outputs[0][1]
    idle = first.node is None and not first.unknown and not frame.output_names
    if idle and frame.report.errors == before:
        sides = [n for n in frame.made.values() if n.named and n.node is not None]
        what = "has no output" if sides else "computes nothing"
        helps = (f"name what it gives out: `output {sides[-1].name}`",) if sides else ()
        label = "its wires lead nowhere" if sides else "no step and no output"
        frame.error("E0212", f"`{block.name}` {what}", block.syntax.name.span, label, helps=helps)
    return draft


def _configures_nothing(frame: Body, block: Block) -> bool:
    """Whether a model without an input was meant as a preset, and what it configures is not there; reported."""
    callee = block.configures
    if callee is None or block.file.find(callee.name) is None:
        return callee is not None and frame.box_named(callee.name, callee.span) is None
    if not isinstance(block.file.find(callee.name), Block):
        return False
    met = {block}
    target: Any = block
    while isinstance(target, Block) and target.configures is not None:
        target = target.file.find(target.configures.name)
        if target in met:
            if target is block:  # another preset, that only leads to the circle, has no mistake of its own
                title, advice = f"`{block.name}` configures itself", "a preset names another model, which has a body"
                frame.error("E0210", title, callee.span, helps=(advice,))
            return True
        met.add(target)
    limit = frame.session.limits.depth
    if len(met) == limit + 2:  # one deeper is told by this one
        frame.error("E0910", f"`{block.name}` is a preset of a preset, more than {limit} deep", callee.span)
    return True


def _input(frame: Body, declaration: Declaration, pattern: List | None) -> Wire:
    """An input of a model: what its shape does not fix stays free."""
    name = declaration.key.words[-1]
    type = UNKNOWN_TENSOR
    if pattern is not None:
        sizes: list[Size] = []
        for item in pattern.items:
            if isinstance(item, Ellipsis):
                frame.error(
                    "E0302",
                    "a model's input has a known rank",
                    item.span,
                    "any number of axes",
                    helps=("name the axes: `[B, T, d]`",),
                )
                sizes = []
                break
            for word in sorted(set(free_names(frame, item))):
                frame.sizes[word] = free(word, item.span)
            value = frame.evaluate(item)
            if isinstance(item, (Ref, BoxRef)) and isinstance(value, Dim) and value is not UNKNOWN:
                value = value.at(value.origin or item.span)
            sizes.append(frame.type_size(value, item.span, "a size"))
        else:
            dtype = pattern.dtype.text if pattern.dtype else "float"
            type = Tensor(tuple(sizes), dtype, _below(frame, declaration))
            type = type if frame.countable(type, pattern.span) else UNKNOWN_TENSOR
    wire = Wire(frame.fresh(name.text), type, frame, pattern.span if pattern else name.span, named=True)
    frame.inputs.append(FrameInput(wire, meant(declaration.key.words)))
    frame.define(name.text, wire, name.span)
    return wire


def _need_told(frame: Body) -> None:
    """E0309 for a free size that no shape of an input tells: bare, or linear in a dimension without any other."""
    shapes = [size for entry in frame.inputs for size in entry.wire.type.shape or () if isinstance(size, Dim)]
    names = {name for size in shapes for name in size.symbols()}
    told = {name for size in shapes if len(size.symbols()) == 1 for name in size.symbols() if is_linear(size, name)}
    for name in sorted(names - told):
        size = next(s for s in shapes if name in s.symbols())
        place = size.symbols()[name].origin or frame.text_span
        frame.error(
            "E0309", f"`{brief(size)}` does not tell `{name}`", place, "no shape of an input tells it",
            helps=(f"name the whole size: `N` in place of `{brief(size)}`", f"or give it: `--set {name}=32`"),
        )  # fmt: skip
        frame.sizes[name] = UNKNOWN


def _below(frame: Body, declaration: Declaration) -> Size | None:
    _, below, _ = frame.pattern_of(declaration)
    if below is None:
        return None
    if isinstance(below, BoxRef) and next(free_names(frame, below), None) is not None:
        frame.error(
            "E0312",
            f"nothing says what `{below.name}` is",
            below.span,
            "no input before has this size",
            helps=(f"an input with a size `{below.name}`, or a parameter of the model",),
        )
        frame.sizes[below.name] = UNKNOWN
        return None
    value = frame.evaluate(below)
    if isinstance(value, bool) or not isinstance(value, (int, Dim)):
        return None
    # the place is the text `< vocab`, which is what an error about ids points at
    span = Span(below.span.file, max(below.span.start - 2, 0), below.span.end)
    return Number(value, span) if isinstance(value, int) else value
