"""Arguments of a box, met with what it declares.

Enters: a `BoxValue` with its arguments evaluated. Leaves: an operator, or a block's values by name, with the span
of each; every mistake (`E0206`, `E0301`, `E0401`, `E0404`) is reported where it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..diagnostics import Edit, Help, Label, did_you_mean
from ..files import weights_path
from ..graph import Initial
from ..node import field, record
from ..ops import Combinator, Operator, literal
from ..ops.arguments import WholeType, Wrong
from ..shape import UNKNOWN
from ..source import NOWHERE, Span
from .blocks import Block
from .expressions import Expressions
from .foreign import ACTIVATIONS, ARGUMENTS, INFERRED
from .functional import fed_inside, tell
from .initial import INITIALISERS
from .values import UNKNOWN_VALUE, BoxValue, ModuleValue, Wire, Wires, describe

#: Arguments that every box takes besides its own.
COMMON = ("weights", "frozen", "init")


@record
class Extras:
    """The arguments that any box takes."""

    frozen: bool = False
    weights_file: str | None = None
    initial: Initial | None = None


@record
class Bound:
    """Arguments by name, and where each was written."""

    values: dict[str, Any] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)
    extras: Extras = field(default_factory=Extras)
    broken: bool = False


def bind(
    frame: Expressions,
    box: BoxValue,
    names: list[str],
    signature: Callable[[], str],
    at: Span,
    variadic: str | None = None,
    open_names: bool = False,
    flow: Any = None,
) -> Bound:
    """Arguments to names. `at` is the box's name in the text, `flow` what flows in where the box is a step."""
    bound = Bound()
    positional = list(box.positional)
    if fed_inside(box):
        tell(frame, box, box.span if box.span != NOWHERE else at, flow)
        bound.broken = True
        return bound
    for value in (*(v for v, _ in positional), *(n[1] for n in box.named)):
        if isinstance(value, ModuleValue):
            value.used = True  # what it is given to answers for it
    if variadic is not None:
        if positional:
            bound.values[variadic] = (
                tuple(v for v, _ in positional)
                if len(positional) > 1 or not isinstance(positional[0][0], tuple)
                else positional[0][0]
            )
            if any(value is UNKNOWN_VALUE for value, _ in positional):
                bound.values[variadic] = UNKNOWN_VALUE
            bound.spans[variadic] = positional[0][1].to(positional[-1][1])
        positional = []
    for number, (value, span) in enumerate(positional):
        if number >= len(names):
            takes = f"{len(names)} argument{'s' if len(names) != 1 else ''}" if names else "no arguments"
            body = " -> ".join(frame.text_of(s) for _, s in positional)
            wraps = isinstance(box.target, type) and issubclass(box.target, Combinator)
            frame.error(
                "E0404",
                f"`{box.name}` takes {takes}, here {'is' if len(positional) == 1 else 'are'} {len(positional)}",
                span,
                "one too many",
                notes=(signature(),),
                helps=(f"its body follows a colon: `{box.name}: {body}`"[:90],) if wraps else (),
            )
            bound.values.clear()  # which of them is the one too many, nobody knows
            bound.broken = True
            break
        bound.values[names[number]], bound.spans[names[number]] = value, span
    extra: dict[str, Any] = {}
    for name, value, span, place in box.named:
        if name in names:
            if name in bound.values:
                frame.error(
                    "E0203",
                    f"`{name}` of {box.name} is given twice",
                    span,
                    "given again here",
                    secondary=[Label(bound.spans[name], "first here")],
                )
            bound.values[name], bound.spans[name] = value, span
        elif name in COMMON:
            _extra(frame, bound.extras, name, value, span)
        elif open_names and not name[0].isupper():
            extra[name] = value
            bound.spans[name] = span
        else:
            _no_such_argument(frame, box, names, name, place, signature)
            bound.broken = True
    if open_names:
        bound.values["sizes"] = {n: UNKNOWN if v is UNKNOWN_VALUE else v for n, v in extra.items()}
    return bound


def _no_such_argument(
    frame: Expressions, box: BoxValue, names: list[str], name: str, place: Span, signature: Callable[[], str]
) -> None:
    if name in INFERRED:
        frame.error(
            "E0206",
            f"`{box.name}` has no argument `{name}`",
            place,
            "input sizes are inferred",
            notes=(signature(),),
            helps=("leave it out: shapes flow, nobody writes an input size",),
        )
        return
    if name in ACTIVATIONS:
        frame.error(
            "E0206",
            f"`{box.name}` has no argument `{name}`",
            place,
            "an activation is a box of its own",
            notes=(signature(),),
            helps=(f"let it follow: `{box.name} -> ReLU`",),
        )
        return
    near = did_you_mean(name, names, ARGUMENTS)
    helps = [
        Help(
            f"called `{n}` here" if ARGUMENTS.get(name) == n else f"did you mean `{n}`?", (Edit(place, n),), sure=i == 0
        )
        for i, n in enumerate(near)
    ]
    frame.error("E0206", f"`{box.name}` has no argument `{name}`", place, notes=(signature(),), helps=helps)


def _extra(frame: Expressions, extras: Extras, name: str, value: Any, span: Span) -> None:
    if value is UNKNOWN_VALUE:
        return
    if name == "frozen" and isinstance(value, bool):
        extras.frozen = value
    elif name == "weights" and (value is None or isinstance(value, str)):
        if isinstance(value, str) and not value.endswith(".safetensors"):
            frame.error(
                "E0817",
                f"weights are a .safetensors file, not {literal(value)}",
                span,
                helps=("convert it with `safetensors.torch.save_file`",),
            )
            return
        if isinstance(value, str) and (refusal := weights_path(value)) is not None:
            frame.error(refusal.code, refusal.title, span, refusal.label, helps=refusal.helps)
            return
        extras.weights_file = value
    elif name == "init":
        extras.initial = initial(frame, value, span)
    else:
        wanted = {"frozen": "true or false", "weights": "a string"}[name]
        frame.error("E0301", f"`{name}` is {wanted}, not {describe(value)}", span)


def initial(frame: Expressions, value: Any, span: Span) -> Initial | None:
    """An initialiser from a value: a number or an `Initialiser`."""
    if isinstance(value, Initial):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Initial("number", (value,))
    if value is not UNKNOWN_VALUE:
        frame.error(
            "E0301", f"an initialiser is a number or one of {', '.join(INITIALISERS)}, not {describe(value)}", span
        )
    return None


# -------------------------------------------------------------------------------------------------- operators


def bind_operator(frame: Expressions, box: BoxValue, at: Span, flow: Any = None) -> tuple[Operator, Bound] | None:
    """The operator with its arguments checked; None after a report."""
    cls = box.target
    assert isinstance(cls, type)
    arguments = cls.arguments
    names = [n for n in arguments if n != "sizes"] if cls.open_arguments else list(arguments)
    bound = bind(frame, box, names, cls.signature, at, cls.variadic, cls.open_arguments, flow)
    accepted: dict[str, Any] = {}
    for name, argument in arguments.items():
        if name not in bound.values:
            if argument.required and not bound.broken:
                _missing(frame, box, name, cls, at, flow)
                bound.broken = True
            continue
        value = bound.values[name]
        if value is UNKNOWN_VALUE:
            accepted[name] = UNKNOWN
            continue
        if cls.open_arguments and name == "sizes":
            accepted[name] = value
            continue
        span = bound.spans[name]
        if isinstance(value, (Wire, Wires)):
            frame.error(
                "E0215",
                f"`{name}` of {box.name} is {argument.type.text}, not a wire",
                span,
                "parentheses configure, arrows carry",
                helps=(f"feed a wire with `{box.name} with …`",),
            )
            bound.broken = True
            continue
        try:
            accepted[name] = argument.type.accept(_passed(frame, value, span))
        except Wrong as wrong:
            _wrong(frame, box, name, value, wrong, span)
            frame.spoil(span)
            bound.broken = True
    if bound.broken:
        return None
    return cls(**accepted), bound


def _passed(frame: Expressions, value: Any, span: Span) -> Any:
    """A module argument as an operator holds it."""
    return frame.module_argument(value, span) if isinstance(value, ModuleValue) else value


def _missing(frame: Expressions, box: BoxValue, name: str, cls: type[Operator], at: Span, flow: Any) -> None:
    from ..ops.arguments import ListType, SizesType

    kind = cls.arguments[name].type
    size = isinstance(kind, (WholeType, SizesType))
    title = (
        f"`{box.name}` needs its size"
        if size and sum(a.required for a in cls.arguments.values()) == 1
        else f"`{box.name}` needs `{name}`"
    )
    required = [a for a in cls.arguments.values() if a.required]
    shown = ["20" if isinstance(a.type, (WholeType, SizesType, ListType)) else a.name for a in required]
    example = f"{box.name}({', '.join(shown)})"
    advice = f"`{example}`"
    if size and cls.weighted and not (isinstance(flow, Wire) and flow.type.dtype == "long"):
        known = flow.type.sizes if isinstance(flow, Wire) and not flow.unknown else ()
        axis = 1 if "kernel_size" in cls.arguments else -1  # of the features
        shown_size = f" ({known[axis]})" if len(known) > 1 else ""
        advice += f"; the input size{shown_size} is inferred"
    frame.error("E0401", title, at, notes=(cls.signature(),), helps=[Help(advice, (Edit(at, example),), sure=size)])


def _wrong(frame: Expressions, box: BoxValue, name: str, value: Any, wrong: Wrong, span: Span) -> None:
    shown = describe(value)
    title = f"`{name}` of {box.name} is {wrong.expected}, "
    title += f"got {shown}" if not shown.startswith("the ") else f"got {shown}"
    if len(title) > 80:
        title = f"`{name}` of {box.name} cannot be {shown}"[:80]
    helps: list[Help] = [Help(h) for h in wrong.helps]
    if name == "bias" and len(box.positional) == 2 and type(value) is not bool and isinstance(value, int):
        first = box.positional[0][1]
        advice = f"an input size is inferred: `{box.name}({shown})`"
        helps.append(Help(advice, (Edit(Span(span.file, first.start, span.start), ""),), sure=True))
    if isinstance(value, str) and value.isdigit() and "number" in wrong.expected:
        written = frame.text_of(span)
        if written.startswith('"'):
            helps.append(Help(f"drop the quotes: `{box.name}({value})`", (Edit(span, value),), sure=True))
        else:
            helps.append(Help(f"drop the quotes where `{written}` gets its value"))
    elif wrong.code == "E0208" and isinstance(value, str):
        words = [w.strip().strip('"') for w in wrong.expected.removeprefix("one of ").split(",")]
        near = did_you_mean(value, words)
        helps += [Help(f'did you mean "{n}"?', (Edit(span, f'"{n}"'),), sure=True) for n in near[:1]]
    elif isinstance(value, float) and value == int(value) and "whole" in wrong.expected:
        helps.append(Help(f"write `{int(value)}`; for a whole quotient use `//`"))
    notes = () if title.find(wrong.expected) >= 0 else (f"`{name}` is {wrong.expected}",)
    frame.error(wrong.code, title, span, notes=notes, helps=helps)


# ----------------------------------------------------------------------------------------------------- blocks


def block_signature(block: Block) -> str:
    shown = []
    for parameter in block.parameters:
        default = parameter.default
        source = block.root.file.spec.source
        shown.append(
            parameter.name.text
            if default is None
            else f"{parameter.name.text}={source.text[default.span.start : default.span.end]}"
        )
    return block.name + (f"({', '.join(shown)})" if shown else "")


def bind_block(frame: Expressions, box: BoxValue, at: Span, flow: Any = None) -> Bound | None:
    """The given arguments of a block by parameter; None after a report."""
    block = box.target
    assert isinstance(block, Block)
    names = [p.name.text for p in block.parameters]
    bound = bind(frame, box, names, lambda: block_signature(block), at, flow=flow)
    preset: Block | None = block
    given_by_preset: set[str] = set()
    while preset is not None and preset.base is not None:
        base, call = preset.base
        outer = frame.bare(preset.file)
        configured = outer.configured(call)
        if configured is not None:
            inner = bind(
                outer,
                BoxValue(base, configured.positional, configured.named),
                names,
                partial(block_signature, base),
                call.span,
            )
            bound.broken |= inner.broken
            for name, value in inner.values.items():
                given_by_preset.add(name)
                if name not in bound.values:
                    bound.values[name], bound.spans[name] = value, inner.spans[name]
        preset = base
    for parameter in block.parameters:
        name = parameter.name.text
        if name not in bound.values:
            if parameter.default is None and not bound.broken:
                frame.error(
                    "E0401",
                    f"`{box.name}` needs `{name}`",
                    at,
                    notes=(block_signature(block),),
                    helps=(f"`{box.name}({name}=…)`",),
                    secondary=[Label(parameter.span, "has no default")] if not block.file.prelude else (),
                )
                bound.broken = True
            continue
        value, span = bound.values[name], bound.spans[name]
        capital = name[0].isupper()
        if isinstance(value, (Wire, Wires)):
            frame.error(
                "E0215",
                f"`{name}` of {box.name} is a size or a module, not a wire",
                span,
                "parentheses configure, arrows carry",
                helps=(f"declare `input {name}: …` in the block and feed it: `{box.name} with …`",),
            )
            bound.values[name] = UNKNOWN_VALUE
        elif capital and not isinstance(value, BoxValue) and value is not UNKNOWN_VALUE:
            frame.error(
                "E0301",
                f"`{name}` of {box.name} is a box, not {describe(value)}",
                span,
                helps=(f"a box is a Capital name in a file: `{box.name}({name}=LayerNorm)`, or a preset of it",),
            )
            bound.values[name] = UNKNOWN_VALUE
        elif not capital and isinstance(value, BoxValue):
            frame.error(
                "E0301",
                f"`{name}` of {box.name} is not a box, but `{value.name}` is one",
                span,
                helps=("a parameter that takes a box is written with a Capital",),
            )
            bound.values[name] = UNKNOWN_VALUE
    return None if bound.broken else bound
