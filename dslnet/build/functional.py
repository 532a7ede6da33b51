"""Boxes that are called as functions, which is how other tools feed them: `Linear(x, 20)`, `ReLU(Linear(x, 20))`.

Enters: a box whose parentheses hold a wire. Leaves: one diagnostic, and the same written with arrows; or, for a box
that is given a module, with the module on the side.
"""

from __future__ import annotations

import re
from typing import Any

from ..diagnostics import Edit, Help, Label
from ..ops import Combinator, Operator
from ..ops.arguments import ModuleType
from ..source import Span
from .frame import Frame
from .values import BoxValue, Wire, Wires


def fed_inside(box: BoxValue) -> bool:
    """Whether the first thing in the parentheses is a wire, or a box that is fed so itself."""
    first = box.positional[0][0] if box.positional else None
    if isinstance(first, BoxValue):
        return fed_inside(first) or _takes_no_box(box)
    return isinstance(first, (Wire, Wires))


def _takes_no_box(box: BoxValue) -> bool:
    """Whether a box has nothing in its parentheses that could be a box: `Tanh(Linear(8))`."""
    target = box.target
    operator = isinstance(target, type) and issubclass(target, Operator) and not issubclass(target, Combinator)
    return operator and not _takes_module(box)


def tell(frame: Frame, box: BoxValue, span: Span, flow: Any = None) -> None:
    """Report a box that is `fed_inside`. `flow` is what flows into it besides, where it is a step."""
    held = _takes_module(box)
    if held and not isinstance(box.positional[0][0], BoxValue):
        wire, place = box.positional[0]
        frame.error(
            "E0215",
            f"`{held}` of {box.name} is a module, and `{_part(frame, place)}` is a wire"[:80],
            place,
            "what a step makes",
            secondary=[Label(wire.span, "makes it")] if isinstance(wire, Wire) and wire.span != place else (),
            helps=[_aside(frame, wire, place) if isinstance(wire, Wire) else Help("one module, by its name")],
        )
        return
    already = flow is not None and box.positional[0][0] is flow
    written = _step(frame, box) if already else _arrows(frame, box)
    if not already and not _alone(_text(frame, span), span):
        written = f"({written})"
    shown = written if len(written) <= 60 and "\n" not in written else "feed it by an arrow"
    frame.error(
        "E0215",
        f"`{box.name}` is fed by an arrow, not in its parentheses"[:80],
        span,
        "parentheses configure, arrows carry",
        helps=[Help(f"write `{shown}`", (Edit(span, written),), sure=flow is None or already or not _wired(box))],
    )


def _takes_module(box: BoxValue) -> str:
    """The first argument of an operator, where that is a module."""
    arguments = getattr(box.target, "arguments", None)
    first = next(iter(arguments.values()), None) if isinstance(arguments, dict) else None
    return first.name if first is not None and isinstance(first.type, ModuleType) else ""


def _wired(box: BoxValue) -> bool:
    """Whether the innermost of what is fed in is a wire; else what flows goes into it."""
    first = box.positional[0][0] if box.positional else None
    return _wired(first) if isinstance(first, BoxValue) else isinstance(first, (Wire, Wires))


def _aside(frame: Frame, wire: Wire, span: Span) -> Help:
    """`words: Embedding(...)` and `- words` in the place of `- words: Embedding(...)`."""
    while wire.inner is not None:
        wire = wire.inner
    node = wire.node
    source = frame.report.sources.get(node.span.file) if node is not None else None
    if node is None or node.operator is None or not node.operator.weighted or source is None:
        return Help("define the box on the side, `words: Embedding(...)`, let `x -> words` flow, and give `words`")
    begin = source.starts[source.position(node.span.start)[0] - 1]
    before, made = source.text[begin : node.span.start], source.text[node.span.start : node.span.end]
    head = re.fullmatch(r"( *)- ([a-z_][A-Za-z0-9_]*): ", before)
    name = head[2] if head else wire.name
    advice = f"define it on the side, `{name}: {made}`, and use it: `- {name}`"
    follows = source.text[node.span.end : source.text.find("\n", node.span.end)]
    if head is None or follows.split("#")[0].strip() or node.span.file != span.file:
        return Help(advice)
    changed = (Edit(Span(span.file, begin, node.span.end), f"{head[1]}{name}: {made}\n{head[1]}- {name}"),)
    return Help(advice, changed, sure=True)


def through(frame: Frame, name: str, wires: list[Span], span: Span) -> Help:
    """The help that writes `name(x)` as `x -> name`."""
    written = f"{_joined([_part(frame, each) for each in wires])} -> {name}"
    if not _alone(_text(frame, span), span):
        written = f"({written})"
    return Help(f"an arrow carries: `{written}`"[:80], (Edit(span, written),), sure=True)


def _arrows(frame: Frame, box: BoxValue) -> str:
    first, span = box.positional[0]
    inside = isinstance(first, BoxValue) and fed_inside(first)
    source = _arrows(frame, first) if inside else _part(frame, span)
    return f"{source} -> {_step(frame, box)}"


def _step(frame: Frame, box: BoxValue) -> str:
    """The box without what flows in first; further wires stand after `with`."""
    others = [_part(frame, span) for value, span in box.positional[1:] if isinstance(value, (Wire, Wires))]
    settings = [_part(frame, span) for value, span in box.positional[1:] if not isinstance(value, (Wire, Wires))]
    settings += [f"{name}={_part(frame, span)}" for name, _, span, _ in box.named]
    written = box.name + (f"({', '.join(settings)})" if settings else "")
    if others:
        written += f" with {_joined(others)}"
    return written


def _joined(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def _text(frame: Frame, span: Span) -> str:
    source = frame.report.sources.get(span.file)
    return source.text if source is not None else ""


def _part(frame: Frame, span: Span) -> str:
    return _text(frame, span)[span.start : span.end]


def _alone(text: str, span: Span) -> bool:
    """Whether what stands at a place is a value of its own, or the beginning of a pipeline."""
    after = text[span.end :].lstrip(" ")
    return text[: span.start].rstrip(" ")[-1:] in (":", "-", "|") and (not after or after.startswith(("\n", "#", "->")))
