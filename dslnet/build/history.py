"""How a shape came to be: the note under a shape error, and the label at the step that made it."""

from __future__ import annotations

import re

from ..diagnostics import Report
from ..shape import Tensor
from ..source import Span
from .values import DraftNode, Wire, Wires

MOST = 8
#: The columns of the note start where the widest usual label ends.
LABEL_WIDTH = 13


def note(wire: Wire, report: Report) -> tuple[str, ...]:
    """The steps that made a wire, oldest first, as one note; empty when there is nothing to tell."""
    rows: list[tuple[str, str, str]] = []
    current: Wire | None = wire
    while current is not None and len(rows) < MOST:
        node = current.node
        first = _first(node)
        if node is not None and node.kind == "repeat":
            rows += reversed(_rounds(node, report))
        elif node is None or node.operator is None or first is None or first.type != current.type:
            rows.append((_label(current, node), str(current.type), _because(node, current, first, report)))
        current = first
    rows = rows[:MOST]
    if len(rows) < 2:
        return ()
    rows.reverse()
    wide = max(LABEL_WIDTH, *(len(r[0]) for r in rows))
    tall = max(len(r[1]) for r in rows)
    lines = [f"{label:<{wide}}  {shape:<{tall}}  {why}".rstrip() for label, shape, why in rows]
    return ("\n".join([f"how {wire.type} came to be", *lines]),)


def producer(wire: Wire) -> tuple[Span, str]:
    """The step that made a wire, looked for inside rounds, and a label that says what it did."""
    node = wire.node
    if node is None:
        single = wire.type.shape is not None and len(wire.type.shape) == 1 and wire.type.dtype == "float"
        return wire.span, "one number a row" if single else f"is {wire.type}"
    if node.kind == "repeat":
        drafts, _, _ = node.callee
        inner = drafts[-1][0].value
        if inner.node is not None and inner.node.operator is not None:
            return inner.node.span, _series(node, inner) or f"makes {wire.type}"
    return wire.span, f"makes {wire.type}"


def _series(node: DraftNode, inner: Wire) -> str:
    """`halves: 32, 16, 8, 4`: what the last step of every round does to the last axis."""
    drafts, _, _ = node.callee
    first = _first(node)
    found = re.fullmatch(r"(\w+) \d+", _because(inner.node, inner, _first(inner.node), None))
    if found is None or first is None or first.type.shape is None:
        return ""
    sizes = [first.type.shape[-1], *(d.value.type.sizes[-1] for d, n in drafts for _ in range(n) if d.value.type.shape)]
    return f"{found.group(1)}: {', '.join(map(str, sizes))}" if 2 < len(sizes) < 9 else ""


def _rounds(node: DraftNode, report: Report) -> list[tuple[str, str, str]]:
    """One row for each round that changes the shape."""
    drafts, _, _ = node.callee
    rows: list[tuple[str, str, str]] = []
    number = 0
    for draft, count in drafts:
        inner = draft.value
        step = _first(inner.node)
        why = _because(inner.node, inner, step, report)
        if why and inner.node is not None:
            source = report.sources.get(inner.node.span.file)
            text = source.text[inner.node.span.start : inner.node.span.end] if source else ""
            why = f"{text} {why}" if text and "\n" not in text else why
        for _ in range(min(count, MOST)):
            rows.append((f"repeat {number}", str(inner.type), why))
            number += 1
    return rows[-MOST:]


def _first(node: DraftNode | None) -> Wire | None:
    if node is None or not node.inputs:
        return None
    first = node.inputs[0]
    return first.items[0] if isinstance(first, Wires) and first.items else first if isinstance(first, Wire) else None


def _label(wire: Wire, node: DraftNode | None) -> str:
    if node is None:
        return wire.name
    if node.operator is not None:
        return node.operator.name
    return node.kind if node.kind != "call" else str(getattr(getattr(node.callee, "frame", None), "hint", "block"))


def _because(node: DraftNode | None, wire: Wire, first: Wire | None, report: Report | None) -> str:
    if node is None:
        source = report.sources.get(wire.span.file) if report else None
        return f"input, line {source.position(wire.span.start)[0]}" if source else "input"
    if node.operator is None or first is None:
        return ""
    types: list[Tensor | None] = []
    for value in node.inputs:
        types.extend([w.type for w in value.items] if isinstance(value, Wires) else [value.type if value else None])
    try:
        return node.operator.because(wire.type, *types)
    except (TypeError, AttributeError, IndexError):
        return ""
