"""What the commands do.

Enters: the options of one command. Leaves: its output, and its exit code. Mistakes in specs are printed by one
function; a wrong command line is `Misuse`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .diagnostics import Report, did_you_mean
from .render.characters import visible
from .settings import Misuse, limits, settings, target
from .terminal import Session, progress, put, show

if TYPE_CHECKING:
    from .build import Program
    from .graph import Model


def check(
    session: Session,
    files: tuple[str, ...],
    format: str = "text",
    limit: tuple[str, ...] = (),
    root: str | None = None,
    strict: bool = False,
) -> int:
    """`dslnet check`: every mistake of every file in one report."""
    from .build import read_program
    from .checking import check as check_program

    report, bound = session.report, limits(limit)
    good: list[str] = []
    for number, file in enumerate(files, 1):
        session.doing("check", file)
        before = report.errors
        with progress(f"checking {file}" + (f" ({number} of {len(files)})" if len(files) > 1 else "")):
            program = read_program(file, report, bound, _folder(root))
            if program is not None:
                check_program(program, report)
        if program is not None and report.errors == before:
            good.append(f"{visible(file)}: {_contents(program)}, no mistakes\n")
    show(report, format)
    if format == "text" and not report.errors:
        put("".join(good))
    return _code(report, strict)


def _contents(program: Program) -> str:
    models, blocks = len(program.models), len(program.blocks)
    parts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((models, "model"), (blocks, "block")) if n]
    return ", ".join(parts) or "no models"


def _folder(root: str | None) -> str | None:
    if root is not None and not os.path.isdir(root):
        raise Misuse(f"`--root {root}` is not a folder")
    return root


def _code(report: Report, strict: bool) -> int:
    return 1 if report.errors or (strict and report.warnings) else 0


# --------------------------------------------------------------------------------------------- one model


def _model(
    session: Session,
    where: str,
    words: tuple[str, ...],
    format: str,
    limit: tuple[str, ...],
    root: str | None,
    strict: bool,
    program: Program | None = None,
    blocks: Sequence[str] = (),
) -> tuple[Program | None, Model | None]:
    """The model that `FILE[:MODEL]` names, or None after its mistakes were printed; `blocks` may be named too."""
    from .build import read_program
    from .checking import compile_model

    file, name = target(where)
    values = settings(words)
    report = session.report
    session.doing("build", where)
    with progress(f"building {where}"):
        program = program or read_program(file, report, limits(limit), _folder(root))
        model = None
        if program is not None:
            chosen = _chosen(program, file, name, report, blocks)
            if chosen is not None:
                model = compile_model(program, chosen, values, report)
    show(report, format, sys.stderr)
    return program, None if _code(report, strict) else model


def _chosen(program: Program, file: str, name: str | None, report: Report, blocks: Sequence[str] = ()) -> str | None:
    models = program.models
    if name is not None and name in models:
        return name
    if name is None and len(models) == 1:
        return models[0]
    if report.errors:
        return None  # the model may be missing because of them
    if name is None and models:
        shown = ", ".join(f"`{file}:{m}`" for m in models[:8])
        raise Misuse(f"`{file}` has {len(models)} models; say which one: {shown}")
    if name is None or not (models or blocks):
        more = f", or name a block: `{file}:{blocks[0]}`" if blocks else ""
        raise Misuse(f"`{file}` has no model; a `model` line makes one{more}")
    near = did_you_mean(name, [*models, *blocks])
    known = ", ".join(models[:8]) + (" and the blocks " if models and blocks else "") + ", ".join(blocks[:8])
    told = f"did you mean `{file}:{near[0]}`?" if near else f"it has {known}"
    raise Misuse(f"`{file}` has no model {'or block ' if blocks else ''}`{name}`; {told}")


def compile(
    session: Session,
    target: str,
    settings: tuple[str, ...],
    output: str,
    force: bool,
    allow_python: tuple[str, ...],
    format: str,
    limit: tuple[str, ...],
    root: str | None,
    strict: bool,
    inference: bool = False,
    **exporting: Any,
) -> int:
    """`dslnet compile`: the suffix of the output says what is written."""
    suffix = os.path.splitext(output)[1] if output != "-" else ".py"
    _check_suffix(output, suffix, inference=inference, **exporting)
    program, model = _model(session, target, settings, format, limit, root, strict)
    if program is None or model is None:
        return 1
    if _forbidden(model, allow_python, session, format):
        return 1
    session.doing(f"compile to {suffix}")
    if suffix in (".onnx", ".pt2"):
        from .exporting import command

        inputs = [*program.files, *program.shipped]
        spec = program.path(model.definition.span.file)
        return command(session, model, output, inputs, force, allow_python, format, spec=spec, **exporting)
    with progress(f"writing {output}"):
        if suffix == ".py":
            from .targets.python import emit

            text = emit(model, program.report.sources, inference)
        else:
            from .targets.json import write_json

            text = write_json(model, program.report.sources)
    if output == "-":
        put(text)
        return 0
    from .files import write_output

    report = Report(sources=session.report.sources)
    inputs = [*program.files, *program.shipped]
    if write_output(output, text.encode(), report, force, inputs):
        return 0
    show(report, format, sys.stderr)
    return 1


def _check_suffix(
    output: str,
    suffix: str,
    inference: bool,
    opset: int | None = None,
    fold: bool = False,
    weights: str | None = None,
    names: str | None = None,
    verify: bool = True,
) -> None:
    """Refuse an ending that nothing is written as, and options that mean nothing for it."""
    if suffix not in (".py", ".json", ".onnx", ".pt2"):
        raise Misuse(f"`{output}` must end in .onnx, .pt2, .py (Python source) or .json (the graph)")
    if suffix != ".onnx" and (opset or fold):
        raise Misuse("`--opset` and `--fold` are for an output that ends in .onnx")
    if suffix not in (".onnx", ".pt2") and (weights or not verify):
        raise Misuse("`--weights` and `--no-verify` are for an output that ends in .onnx or .pt2")
    if names and not weights:
        raise Misuse("`--names` says what the tensors of `--weights FILE` are called here")
    if suffix != ".py" and inference:
        raise Misuse("`--inference` is for an output that ends in .py; ONNX never has what only training needs")


def _forbidden(model: Model, allowed: tuple[str, ...], session: Session, format: str) -> bool:
    """Whether the model has a Python box from a package that the caller has not allowed; each is reported."""
    from .ops.internal import PythonBox

    report = Report(sources=session.report.sources)  # what the other has was shown
    for definition in model.definitions.values():
        for node in definition.nodes():
            box = node.operator
            if isinstance(box, PythonBox) and not any(f"{box.module}.".startswith(f"{name}.") for name in allowed):
                package = box.module.partition(".")[0]
                report.error(
                    "E0818",
                    f"`{box.cls}` is Python code, from `{box.module}`",
                    node.span,
                    "not allowed",
                    helps=[f"if you trust that package: `--allow-python {package}`"],
                )
    if report.errors:
        show(report, format, sys.stderr)
    return report.errors > 0


def draw(
    session: Session,
    target: str,
    settings: tuple[str, ...],
    outputs: tuple[str, ...],
    wishes: tuple[tuple[bool, str], ...],
    theme: str,
    dpi: int,
    timeout: float,
    force: bool,
    options: dict[str, Any],
    **reading: Any,
) -> int:
    """`dslnet draw`: one picture in any number of files; their endings say what they are."""
    from .loading import sizes_by_name
    from .settings import settings as values
    from .targets.drawing import LayoutFailed, NothingMatches, Options, TooLarge
    from .targets.drawing import draw as make
    from .targets.drawing.files import check_endings, save

    check_endings(outputs)
    program, model, keys = _drawn(session, target, settings, **reading)
    if program is None or model is None:
        return 1
    session.doing("draw")
    sizes = {} if options.pop("sizes") == "concrete" or keys else sizes_by_name(program, model, values(settings))
    chosen = Options(wishes=wishes, sources=session.report.sources, alone=tuple(keys), **options, **sizes)
    try:
        with progress(f"drawing {model.name}"):
            drawing = make(model, chosen, theme, timeout, dpi)
            paths = outputs or (f"{drawing.view.caption.name}.svg",)
            report = Report(sources=session.report.sources)
            notes = save(drawing, paths, report, force, [*program.files, *program.shipped], put)
            if not outputs and not report.errors and not drawing.missing:
                notes.append(f"{paths[0]} is written")  # a name that the reader did not choose
    except (NothingMatches, TooLarge, LayoutFailed) as error:
        raise Misuse(str(error)) from None
    put("".join(f"dslnet: {note}\n" for note in notes), sys.stderr)
    if report.errors:
        show(report, reading["format"], sys.stderr)
    return 1 if report.errors or drawing.missing else 0


def _drawn(
    session: Session, where: str, words: tuple[str, ...], **reading: Any
) -> tuple[Program | None, Model | None, list[str]]:
    """The model that `FILE[:MODEL]` names, or for the name of a block the model that uses it and its definitions."""
    from .build import read_program
    from .checking import compile_block

    file, name = target(where)
    program = read_program(file, session.report, limits(reading["limit"]), _folder(reading["root"]))
    if program is None or name is None or name in program.models or name not in program.blocks:
        blocks = program.blocks if program is not None else ()
        return *_model(session, where, words, program=program, blocks=blocks, **reading), []
    session.doing("build", where)
    with progress(f"building {where}"):
        model, keys = compile_block(program, name, settings(words), session.report)
    show(session.report, reading["format"], sys.stderr)
    return program, None if _code(session.report, reading["strict"]) else model, keys


def summary(session: Session, target: str, settings: tuple[str, ...], **reading: Any) -> int:
    """`dslnet summary`."""
    from .targets.summary import summary

    _, model = _model(session, target, settings, **reading)
    if model is None:
        return 1
    session.doing("summary")
    put(summary(model))
    return 0


def names(session: Session, target: str, settings: tuple[str, ...], **reading: Any) -> int:
    """`dslnet names`."""
    from .targets.names import names

    _, model = _model(session, target, settings, **reading)
    if model is None:
        return 1
    session.doing("names")
    put(names(model))
    return 0


def train(
    session: Session,
    target: str,
    settings: tuple[str, ...],
    format: str,
    limit: tuple[str, ...],
    root: str | None,
    strict: bool,
    **options: Any,
) -> int:
    """`dslnet train`: the spec is checked before torch is imported."""
    from .settings import settings as values

    program, model = _model(session, target, settings, format, limit, root, strict)
    if program is None or model is None:
        return 1
    if _forbidden(model, options["allow_python"], session, format):
        return 1
    from .train import train

    return train(session, program, model, values(settings), limit=limit, format=format, **options)


# -------------------------------------------------------------------------------------------------- files


def fmt(session: Session, files: tuple[str, ...], check: bool, diff: bool, format: str, limit: tuple[str, ...]) -> int:
    """`dslnet fmt`: each file by itself; a file with mistakes in its syntax is left alone."""
    session.doing("fmt")
    from .decode import decode
    from .files import read_spec, replace
    from .format import format_spec
    from .parse import parse

    report, bound = session.report, limits(limit)
    changed = 0
    for file in files:
        session.doing("fmt", file)
        before = report.errors
        data = read_spec(file, report, bound)
        source = decode(file, data, report, bound) if data is not None else None
        if data is None or source is None:
            continue
        report.sources[source.name] = source
        spec = parse(source, report, bound)
        if report.errors > before:
            continue
        text = format_spec(spec)
        if text.encode() == data:
            continue
        changed += 1
        if diff:
            put(_difference(file, source.text, text))
        elif check:
            put(f"{visible(file)} would change\n")
        else:
            refusal = replace(file, text.encode())
            if refusal is None:
                put(f"{visible(file)} written\n")
            else:
                from .source import Span

                refusal.tell(report, Span(file, 0, 0))
    show(report, format, sys.stderr)
    return 1 if report.errors or (changed and (check or diff)) else 0


def _difference(file: str, old: str, new: str) -> str:
    import difflib

    lines = difflib.unified_diff(old.split("\n"), new.split("\n"), file, f"{file} (formatted)", lineterm="")
    return "".join(visible(line) + "\n" for line in lines)
