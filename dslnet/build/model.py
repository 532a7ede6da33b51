"""A model at given arguments: the entry of the build.

Enters: a program, a model's name, settings. Leaves: a `graph.Model`, or None with the mistakes in the report. The
free sizes of a model's inputs become symbols; what its `require` lines say of them is learned first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..diagnostics import Report, did_you_mean
from ..graph import Autoregressive, Definition, Fact, Loss, Model, Objectives, Train
from ..shape import UNKNOWN, UNKNOWN_TENSOR, Dim, LimitReached, Number, Size, Tensor, free
from ..source import Span
from ..syntax import BoxRef, Declaration, Ellipsis, List, Ref, Valued
from ..weights import count_parameters
from .binding import Bound, bind_block
from .blocks import Block
from .body import Body
from .frame import FrameInput
from .naming import naming
from .patterns import free_names
from .program import Program
from .prune import Pruner
from .session import Refused, Session
from .soundness import check_known, check_shared
from .values import UNKNOWN_VALUE, BoxValue, DraftDefinition, Wire


def build_model(
    program: Program, name: str, settings: dict[str, Any], report: Report, pruner: Pruner | None = None
) -> Model | None:
    """The model called `name` (of the entry file) with `settings` for its parameters and free sizes.

    None when there is a mistake in it; the report then says what. With the `pruner` of other models of the program,
    what they have in common is elaborated once.
    """
    block = program.entry.blocks.get(name)
    place = Span(program.entry.spec.source.name, 0, 0)
    if not isinstance(block, Block):
        near = did_you_mean(name, [*program.models, *program.blocks])
        report.error(
            "E0809", f"there is no model `{name}` in this file", place, helps=[f"did you mean `{n}`?" for n in near]
        )
        return None
    shared = pruner is not None
    pruner = pruner or Pruner(Session(program, report, program.limits))
    session = pruner.session
    before = report.errors
    try:
        frame = _entry(session, block, settings)
        if frame is None:
            return None
        draft = _body(frame, block)
        if report.errors > before or (shared and report.errors):
            return None
        return _model(pruner, frame, draft, block, settings)
    except Refused:
        return None
    except LimitReached as reached:
        report.error(reached.code, reached.title, block.syntax.name.span)
        return None
    except RecursionError:
        _too_deep(block, report)
        return None


def _too_deep(block: Block, report: Report) -> None:
    report.error(
        "E0902",
        f"an expression of `{block.name}` is nested too deeply",
        block.syntax.name.span,
        helps=("give its parts names of their own: `a: …`, then `b: a + …`",),
    )


def check_program(program: Program, report: Report) -> dict[str, Model]:
    """Every model of the entry file with its defaults, and every block that none of them uses."""
    models: dict[str, Model] = {}
    pruner = Pruner(Session(program, report, program.limits))
    for name in program.models:
        block = program.entry.blocks[name]
        assert isinstance(block, Block)
        if any(p.default is None for p in block.parameters) and block.base is None:
            check_block(program, block, report)
            continue
        model = build_model(program, name, {}, report, pruner)
        if model is not None:
            models[name] = model
    for name in program.blocks:
        block = program.entry.blocks[name]
        assert isinstance(block, Block)
        if id(block.root) not in program.elaborated:
            check_block(program, block, report)
    return models


def check_block(program: Program, block: Block, report: Report) -> None:
    """A block by itself: every size is unknown, so only what is wrong for all sizes is found."""
    session = Session(program, report, program.limits, loose=True)
    try:
        frame = Body(session, block.root.file, naming(block.root), "block", block.root.name, None)
        box = BoxValue(block, span=block.syntax.name.span)
        bound = bind_block(frame, box, block.syntax.name.span) if block.base else Bound()
        if bound is None:
            return
        for parameter in block.parameters:
            if parameter.default is None and parameter.name.text not in bound.values:
                bound.values[parameter.name.text] = UNKNOWN_VALUE
        frame.parameters(block, bound)
        flow: Any = None
        for declaration in block.root.declarations("input", "target", "state"):
            frame.seen.add(declaration)
            name = declaration.key.words[-1]
            pattern, _, default = frame.pattern_of(declaration)
            rank_known = pattern is not None and not any(isinstance(i, Ellipsis) for i in pattern.items)
            if pattern is not None:
                for item in pattern.items:
                    for word in set(free_names(frame, item)):
                        frame.sizes[word] = UNKNOWN
            dtype = pattern.dtype.text if pattern is not None and pattern.dtype else "float"
            type = Tensor(tuple(UNKNOWN for _ in pattern.items), dtype) if rank_known and pattern else UNKNOWN_TENSOR
            wire = Wire(frame.fresh(name.text), type, frame, name.span, named=True)
            if declaration.key.words[0].text == "state":
                frame.state_names.append(name.text)
                frame.state_wires[name.text] = (wire, None)
            else:
                frame.inputs.append(FrameInput(wire))
            frame.define(name.text, wire, name.span)
            if declaration.key.words[0].text == "input":
                flow = flow or wire
        frame.settle_all(block)
        session.stack.append((block, block.syntax.name.span))
        frame.finish(block.root, flow or frame.unknown(block.syntax.name.span))
    except Refused:
        pass
    except RecursionError:
        _too_deep(block, report)
    program.elaborated.add(id(block.root))


# ---------------------------------------------------------------------------------------------------- entry


def _entry(session: Session, block: Block, settings: dict[str, Any]) -> Body | None:
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


def _body(frame: Body, block: Block) -> DraftDefinition:
    root = block.root
    flow: Wire | None = None
    declared = root.declarations("input", "target")
    for state in root.states:
        frame.error("E0207", "a model has no `state`; a block under `scan:` has", state.key.span)
        frame.seen.add(state)
    optional: list[tuple[Declaration, Any]] = []
    for declaration in declared:
        frame.seen.add(declaration)
        pattern, _, default = frame.pattern_of(declaration)
        if default is not None and not frame.settings.get(declaration.key.words[-1].text):
            optional.append((declaration, default))
            continue
        wire = _input(frame, declaration, pattern)
        if declaration.key.words[0].text == "input":
            flow = flow or wire
    for declaration, default in optional:
        name = declaration.key.words[-1]
        value = frame.evaluate(default)
        frame.define(name.text, value, name.span)
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
    if first.node is None and not first.unknown and not frame.output_names and not frame.failed:
        frame.error("E0212", f"`{block.name}` computes nothing", block.syntax.name.span, "no step and no output")
    return draft


def _configures_nothing(frame: Body, block: Block) -> bool:
    """Whether a model without an input was meant as a preset, and what it configures is not there; reported."""
    callee = block.configures
    if callee is None or block.file.find(callee.name) is None:
        return callee is not None and frame.box_named(callee.name, callee.span) is None
    if not isinstance(block.file.find(callee.name), Block):
        return False
    title = f"`{block.name}` configures itself"
    frame.error("E0210", title, callee.span, helps=("a preset names another model, which has a body",))
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
    wire = Wire(frame.fresh(name.text), type, frame, pattern.span if pattern else name.span, named=True)
    frame.inputs.append(FrameInput(wire, declaration.key.words[0].text))
    frame.define(name.text, wire, name.span)
    return wire


def _below(frame: Body, declaration: Declaration) -> Size | None:
    _, below, _ = frame.pattern_of(declaration)
    if below is None:
        return None
    value = frame.evaluate(below)
    if isinstance(value, bool) or not isinstance(value, (int, Dim)):
        return None
    # the place is the text `< vocab`, which is what an error about ids points at
    span = Span(below.span.file, max(below.span.start - 2, 0), below.span.end)
    return Number(value, span) if isinstance(value, int) else value


# ---------------------------------------------------------------------------------------------------- model


def _model(pruner: Pruner, frame: Body, draft: DraftDefinition, block: Block, settings: dict[str, Any]) -> Model | None:
    session = pruner.session
    report = session.report
    outputs = list(draft.outputs)
    entry = _without_targets(pruner, draft, outputs, frame)
    if report.errors:
        return None
    losses = [(loss, wire) for loss, wire in frame.losses]
    training = entry
    extra = [(f"loss {loss.name}", wire) for loss, wire in losses] + [
        (f"train {i}", w) for i, (_, w, _) in enumerate(frame.trains)
    ]
    if extra:
        training = pruner.prune(draft, [*outputs, *extra], keep_inputs=True).key
    objectives = Objectives(
        tuple(Loss(loss.name, wire.name, loss.kind, loss.span) for loss, wire in losses),
        tuple(Train(modules, wire.name, span) for modules, wire, span in frame.trains),
        tuple(frame.optimizers),
        tuple(Autoregressive(t.name, o.name, promise.span) for promise, t, o in frame.promises),
        tuple(path for path, _ in frame.frozen),
    )
    symbols: dict[str, Any] = {}
    for item in frame.inputs:
        for size in item.wire.type.shape or ():
            if isinstance(size, Dim):
                symbols.update(size.symbols())
    facts = {n: Fact(s.low, s.high, s.multiple, s.remainder) for n, s in sorted(symbols.items())}
    model = Model(
        block.name, entry, pruner.definitions, facts, objectives, training, _arguments(frame, block), _metadata(block),
        _caption(block), program_name(session), block.syntax.name.span,
    )  # fmt: skip
    found = replace(model, definitions=_reachable(pruner.definitions, entry, training))
    check_known(found, report)
    if not report.errors:
        check_shared(found, report)
    _check_count(model, frame, block, settings, report, losses, pruner, draft)
    return found if not report.errors else None


def program_name(session: Session) -> str:
    return session.program.entry.spec.source.name


def _without_targets(pruner: Pruner, draft: DraftDefinition, outputs: list[tuple[str, Wire]], frame: Body) -> str:
    """The inference graph: whatever the outputs need from the inputs."""
    targets = [e for e in frame.inputs if e.kind == "target"]
    kept = frame.inputs
    frame.inputs = [e for e in kept if e.kind != "target"]
    key = pruner.prune(draft, outputs, keep_inputs=True, held=[]).key
    frame.inputs = kept
    read = {name for node in pruner.definitions[key].nodes() for name in node.inputs}
    for entry in targets:
        if entry.wire.name in read:
            frame.error(
                "E0511",
                f"the target `{entry.wire.name}` is needed by an output",
                entry.wire.span,
                "an input of the training graph only",
                helps=(f"write `input {entry.wire.name}: …` if inference needs it",),
            )
            break
    return key


def _reachable(definitions: dict[str, Definition], *keys: str) -> dict[str, Definition]:
    """The definitions that these use, in the order they were made."""
    wanted: set[str] = set()
    stack = list(keys)
    while stack:
        key = stack.pop()
        if key in wanted:
            continue
        wanted.add(key)
        definition = definitions[key]
        for node in definition.nodes():
            stack += [k for k in (node.definition, *(r.definition for r in node.rounds)) if k]
        for instance in definition.instances:
            stack += [k for k in (instance.definition, instance.body, *(r.definition for r in instance.rounds)) if k]
    return {k: d for k, d in definitions.items() if k in wanted}


def _arguments(frame: Body, block: Block) -> dict[str, Any]:
    """The arguments in the order of the parameters."""
    plain = frame.bindings_plain()
    return {p.name.text: plain[p.name.text] for p in block.parameters if p.name.text in plain}


def _caption(block: Block) -> tuple[str, ...]:
    keys = ("paper", "authors", "url", "params")
    return tuple(line for line in block.syntax.doc if line.partition(":")[0].strip() not in keys)


def _metadata(block: Block) -> dict[str, str]:
    """The `## key: value` lines; a preset inherits those of its base, but for the count."""
    found = _metadata(block.base[0]) if block.base else {}
    found.pop("params", None)
    for line in block.syntax.doc:
        key, mark, value = line.partition(":")
        if mark and key.strip() in ("paper", "authors", "url", "params"):
            found[key.strip()] = value.strip()
    return found


def _check_count(
    model: Model,
    frame: Body,
    block: Block,
    settings: dict[str, Any],
    report: Report,
    losses: list[Any],
    pruner: Pruner,
    draft: DraftDefinition,
) -> None:
    """`## params: N` holds for the default arguments."""
    written = model.metadata.get("params", "").replace(",", "").replace("_", "")
    if not written or settings:
        return
    name = block.syntax.name.span
    if not written.isdigit():
        report.error("E0301", "`params` is a whole number", name)
        return
    wanted = [*draft.outputs, *((f"loss {loss.name}", wire) for loss, wire in losses)]
    key = pruner.prune(draft, wanted, keep_inputs=True).key if losses else model.entry
    counted = replace(model, definitions=pruner.definitions)
    total = count_parameters(counted, key)
    for instance in pruner.definitions[key].instances:
        if instance.role in ("teacher", "critic") or instance.copy_of:
            total = total - _instance_total(counted, key, instance)
    if total != int(written):
        report.error(
            "E0403", f"`{block.name}` has {total:,} parameters, not {int(written):,}" if isinstance(total, int) else f"`{block.name}` has {total} parameters",
            name, "params in its comment says otherwise", notes=("`dslnet summary` shows where they are",),
        )  # fmt: skip


def _instance_total(model: Model, key: str, instance: Any) -> Size:
    alone = replace(model.definitions[key], key="", instances=(instance,), params=())
    return count_parameters(replace(model, definitions={**model.definitions, "": alone}), "")
