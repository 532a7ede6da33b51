"""Names that nothing uses, names that are easily confused, and names of what is frozen.

Enters: a file's text, and its models. Leaves: W0401 and W0403, and E0201 for a `freeze` that names nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..build import Block, Program
from ..diagnostics import Edit, Help, Label, Report, did_you_mean
from ..graph import Definition, Model
from ..source import Span
from ..syntax import (
    Attribute,
    BoxRef,
    Call,
    Declaration,
    Expression,
    Flow,
    Name,
    Paren,
    Pipeline,
    Ref,
    Side,
    Use,
    Valued,
)
from .reading import Line, lines, mentions

#: Words before a name that stands for something already there.
READERS = ("train", "optimizer", "freeze", "autoregressive", "next", "require")


def check_names(program: Program, report: Report) -> None:
    """The lints of the text of the entry file, where there is no mistake in it."""
    if report.errors:
        return
    statements = tuple(s for s in program.entry.spec.statements if not isinstance(s, Use))
    tapped = {item.name.text for item in mentions(statements) if isinstance(item, Attribute)}
    for name in (*program.models, *program.blocks):
        block = program.entry.blocks[name]
        assert isinstance(block, Block)
        if block.root is not block:
            continue
        found = lines(block)
        read = _read(block, found)
        _unused_wires(block, found, read | tapped, report)
        _unused_parameters(block, read, report)
        _alike(block, found, report)


def _read(block: Block, found: list[Line]) -> set[str]:
    """The names that a body reads."""
    syntax = block.syntax
    read = {
        item.name.text if isinstance(item, Attribute) else item.name
        for item in mentions((syntax.body, tuple(p.default for p in syntax.parameters)))
    }
    for line in found:
        if line.name is not None and (line.role in READERS or (line.role == "output" and line.body is None)):
            read.add(line.name.text)
    return read


# ---------------------------------------------------------------------------------------------------- use


def _unused_wires(block: Block, found: list[Line], read: set[str], report: Report) -> None:
    """Wires and sizes on the side of a model, and further inputs of any body, that nothing reads."""
    inputs = [line for line in found if line.role == "input"]
    for line in found:
        if line.name is None or line.name.text in read or not isinstance(line.statement, Declaration):
            continue
        name = line.name
        if line.role in ("input", "target"):
            if line in inputs[:1]:
                continue
            what = "input" if line.role == "input" else "target"
            _warn(report, f"nothing reads the {what} `{name.text}`", name.span, "not used")
        elif block.is_model and line.role in (None, "encoder", "decoder", "latent") and _is_wire(line):
            _warn(report, f"nothing uses `{name.text}`", name.span, "its value goes nowhere")


def _is_wire(line: Line) -> bool:
    """Whether a value on the side begins with a wire or a size, not with a box."""
    body = line.body
    first: object = body.source if isinstance(body, Flow) else body.value if isinstance(body, Valued) else None
    while isinstance(first, (Pipeline, Side, Call)) or (isinstance(first, Paren) and len(first.arguments) == 1):
        if isinstance(first, Pipeline):
            first = first.steps[0]
        elif isinstance(first, Side):
            first = first.step
        elif isinstance(first, Call):
            first = first.callee
        else:
            first = first.arguments[0].value
    return first is not None and not isinstance(first, BoxRef)


def _unused_parameters(block: Block, read: set[str], report: Report) -> None:
    for parameter in block.syntax.parameters:
        name = parameter.name
        if name.text not in read:
            title = f"nothing uses the parameter `{name.text}`"
            _warn(report, title, name.span, f"`{block.name}` is the same without it")


def _warn(report: Report, title: str, span: Span, label: str) -> None:
    report.error("W0401", title[:80], span, label[:49], severity="warning")


# ------------------------------------------------------------------------------------------- look-alikes


def _alike(block: Block, found: list[Line], report: Report) -> None:
    """Two names of one scope that differ in case only. Capitals alone are sizes, which are meant to differ."""
    seen: dict[tuple[str, str], Name] = {}
    names = [("", p.name) for p in block.syntax.parameters]
    names += [(line.prefix, line.name) for line in found if line.name is not None and line.role not in READERS]
    for prefix, name in names:
        if not name.text[:1].islower():
            continue
        first = seen.setdefault((prefix, name.text.lower()), name)
        if first.text != name.text:
            report.error(
                "W0403", f"`{name.text}` and `{first.text}` differ in upper and lower case only"[:80], name.span,
                "easily taken for the other", secondary=[Label(first.span, "the other")], severity="warning",
            )  # fmt: skip


# ------------------------------------------------------------------------------------------------- freeze


def check_freeze(model: Model, block: Block, report: Report) -> None:
    """E0201 where a path of `freeze` names no module."""
    definition = model.definitions[model.training or model.entry]
    for line in lines(block):
        if line.role != "freeze" or not isinstance(line.body, Valued):
            continue
        value = line.body.value
        for part in [a.value for a in value.arguments] if isinstance(value, Paren) else [value]:
            names = _dotted(part)
            if names:
                _frozen(model, definition, names, report)


def _dotted(expression: Expression) -> list[Name]:
    names: list[Name] = []
    while isinstance(expression, Attribute):
        names.append(expression.name)
        expression = expression.value
    if isinstance(expression, Ref):
        names.append(Name(expression.name, expression.span))
        return names[::-1]
    return []


def _frozen(model: Model, definition: Definition, names: list[Name], report: Report) -> None:
    """Follow a path as far as it goes; what is left out of the graph altogether is not looked for."""
    here = list(_children(model, definition))
    for number, name in enumerate(names):
        found = [(rest, below) for segment, rest, below in here if segment == name.text]
        if not found:
            if number:
                near = did_you_mean(name.text, dict.fromkeys(segment for segment, _, _ in here))
                whole = ".".join(n.text for n in names[:number])
                helps = [Help(f"did you mean `{n}`?", (Edit(name.span, n),), sure=not i) for i, n in enumerate(near)]
                title = f"`{whole}` has no module `{name.text}`"
                report.error("E0201", title[:80], name.span, "`freeze` names modules", helps=helps)
            return
        here = [child for rest, below in found for child in _descend(model, rest, below)]


Child = tuple[str, tuple[str, ...], tuple[str, ...]]


def _children(model: Model, definition: Definition) -> Iterator[Child]:
    """The first segments below a definition: the segment, the rest of the path, the definitions at its end."""
    for instance in definition.instances:
        keys = tuple(k for k in (instance.definition,) if k is not None)
        parts = tuple(instance.path.split(".")) if instance.path else ()
        rounds: list[Child] = []
        for part in instance.rounds:
            for _ in range(min(part.count, 1000)):
                rounds.append((instance.round(len(rounds)), (), (part.definition,)))
        if parts:
            yield from ([(parts[0], (*parts[1:], r[0]), r[2]) for r in rounds] or [(parts[0], parts[1:], keys)])
        elif rounds:
            yield from rounds
        else:
            for key in keys:
                yield from _children(model, model.definitions[key])
    for param in definition.params:
        yield param.path, (), ()


def _descend(model: Model, rest: tuple[str, ...], below: tuple[str, ...]) -> Iterator[Child]:
    if rest:
        yield rest[0], rest[1:], below
        return
    for key in below:
        yield from _children(model, model.definitions[key])
