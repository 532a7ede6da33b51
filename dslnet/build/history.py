"""How a shape came to be: the note under a shape error."""

from __future__ import annotations

from ..shape import Tensor
from .values import DraftNode, Wire, Wires

MOST = 8


def note(wire: Wire) -> tuple[str, ...]:
    """The steps that made a wire, oldest first, as one note; empty when there is nothing to tell."""
    rows: list[tuple[str, str, str]] = []
    current: Wire | None = wire
    while current is not None and len(rows) < MOST:
        node = current.node
        first = _first(node)
        if node is None or node.operator is None or first is None or first.type != current.type:
            rows.append((_label(current, node), str(current.type), _because(node, current, first)))
        current = first
    if len(rows) < 2:
        return ()
    rows.reverse()
    wide = max(len(r[0]) for r in rows)
    tall = max(len(r[1]) for r in rows)
    lines = [f"{label:<{wide}}  {shape:<{tall}}  {why}".rstrip() for label, shape, why in rows]
    return ("\n".join([f"how {wire.type} came to be", *lines]),)


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


def _because(node: DraftNode | None, wire: Wire, first: Wire | None) -> str:
    if node is None:
        return "input"
    if node.operator is None or first is None:
        return ""
    types: list[Tensor | None] = []
    for value in node.inputs:
        types.extend([w.type for w in value.items] if isinstance(value, Wires) else [value.type if value else None])
    try:
        return node.operator.because(wire.type, *types)
    except (TypeError, AttributeError, IndexError):
        return ""
