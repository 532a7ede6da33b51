"""A model at given arguments: the entry of the build.

Enters: a program, a model's name, settings. Leaves: a `graph.Model`, or None with the mistakes in the report. The
free sizes of a model's inputs become symbols; what its `require` lines say of them is learned first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..diagnostics import Label, Report, did_you_mean
from ..graph import Autoregressive, Definition, Fact, Loss, Model, Objectives, Train
from ..limits import INTEGER_MAX
from ..node import replace
from ..shape import Dim, LimitReached, Size, compare
from ..source import Span
from ..weights import count_parameters
from .alone import run_alone
from .blocks import Block
from .body import Body
from .depth import deep, in_force
from .entry import enter, run_model
from .program import Program
from .prune import Pruner
from .session import Refused, Session
from .soundness import check_known, check_shared
from .values import DraftDefinition, Wire


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
    with _bounded(program, block, report):
        frame = enter(session, block, settings)
        if frame is not None:
            draft = run_model(frame, block)
            if report.errors == before and not (shared and report.errors):
                return _model(pruner, frame, draft, block, settings)
    return None


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
    with _bounded(program, block, report):
        run_alone(Session(program, report, program.limits, loose=True), block)
    program.elaborated.add(id(block.root))


@contextmanager
def _bounded(program: Program, block: Block, report: Report) -> Iterator[None]:
    """Turn the end of a build at a limit into a diagnostic, where it is not one already."""
    place = block.syntax.name.span
    try:
        with deep(), in_force(program.limits):
            yield
    except Refused:
        pass
    except LimitReached as reached:
        report.error(reached.code, reached.title, place)
    except RecursionError:
        title = f"`{block.name}` is nested too deeply"
        report.error("E0902", title, place, helps=("give its parts names of their own: `a: …`, then `b: a + …`",))


# ---------------------------------------------------------------------------------------------------- model


def _model(pruner: Pruner, frame: Body, draft: DraftDefinition, block: Block, settings: dict[str, Any]) -> Model | None:
    session = pruner.session
    report = session.report
    outputs = list(draft.outputs)
    entry = _without_targets(pruner, draft, outputs, frame)
    if report.errors:
        return None
    frame.next_token()
    losses = [(loss, wire) for loss, wire in frame.losses]
    training = entry
    extra = [(f"loss {loss.name}", wire) for loss, wire in losses] + [
        (f"train {i}", w) for i, (_, w, *_) in enumerate(frame.trains)
    ]
    if extra:
        training = pruner.prune(draft, [*outputs, *extra], keep_inputs=True).key
    objectives = Objectives(
        tuple(Loss(loss.name, wire.name, loss.kind, loss.span) for loss, wire in losses),
        tuple(Train(modules, wire.name, span, text) for modules, wire, span, text in frame.trains),
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
        block.name,
        entry,
        pruner.definitions,
        facts,
        objectives,
        training,
        _arguments(frame, block),
        _metadata(block),
        _caption(block),
        program_name(session),
        block.syntax.name.span,
    )
    found = replace(model, definitions=_reachable(pruner.definitions, entry, training))
    check_known(found, report)
    whole = count_parameters(found) if not report.errors else 0
    if compare(whole, INTEGER_MAX) == 1:
        title = f"`{block.name}` has more parameters than 64 bits count"
        report.error("E0904", title, block.syntax.name.span)
    if not report.errors:
        check_shared(found, report)
    if not report.errors:
        _check_count(model, whole, block, settings, report, losses, pruner, draft)
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
    whole: Size,
    block: Block,
    settings: dict[str, Any],
    report: Report,
    losses: list[Any],
    pruner: Pruner,
    draft: DraftDefinition,
) -> None:
    """`## params: N` holds for the default arguments; `whole` is the count of the inference graph."""
    written = model.metadata.get("params", "").replace(",", "").replace("_", "")
    if not written or settings:
        return
    name, place = block.syntax.name.span, _count_place(block)
    if re.fullmatch("[0-9]{1,30}", written) is None:
        report.error(
            "E0301", "`params` is a whole number", name, secondary=[Label(place, "this is none")] * (place != name)
        )
        return
    wanted = [*draft.outputs, *((f"loss {loss.name}", wire) for loss, wire in losses)]
    key = pruner.prune(draft, wanted, keep_inputs=True).key if losses else model.entry
    counted = replace(model, definitions=pruner.definitions)
    total = count_parameters(counted, key) if losses else whole
    for instance in pruner.definitions[key].instances:
        if instance.role in ("teacher", "critic") or instance.copy_of:
            total = total - _instance_total(counted, key, instance)
    if total != int(written):
        report.error(
            "E0403",
            f"`{block.name}` has {total:,} parameters, not {int(written):,}"
            if isinstance(total, int)
            else f"`{block.name}` has {total} parameters",
            name,
            "params in its comment says otherwise" if place == name else "",
            secondary=[Label(place, "says otherwise")] if place != name else (),
            notes=("`dslnet summary` shows where they are",),
        )


def _count_place(block: Block) -> Span:
    """The number of the `## params:` line above a model."""
    name, source = block.syntax.name.span, block.file.spec.source
    end = source.text.rfind("\n", 0, name.start) + 1
    while end:
        start = source.text.rfind("\n", 0, end - 1) + 1
        found = re.fullmatch(r"##[ ]*params[ ]*:[ ]*([^\n]*?)[ \r]*", source.text[start : end - 1])
        if found is not None and found[1]:
            return Span(name.file, start + found.start(1), start + found.end(1))
        if not source.text.startswith("#", start):
            break
        end = start
    return name


def _instance_total(model: Model, key: str, instance: Any) -> Size:
    alone = replace(model.definitions[key], key="", instances=(instance,), params=())
    return count_parameters(replace(model, definitions={**model.definitions, "": alone}), "")
