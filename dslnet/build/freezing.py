"""Drafts as plain data of the graph IR: names, values and bindings.

Enters: wires and frames. Leaves: what a definition says of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..graph import Type, Value
from .values import DraftDefinition, DraftNode, DraftRegion, Wire, Wires


def nodes_of(items: list[DraftNode | DraftRegion]) -> Iterator[DraftNode]:
    """The nodes of an outline in execution order."""
    for item in items:
        if isinstance(item, DraftNode):
            yield item
        else:
            for lane in item.lanes:
                yield from nodes_of(lane)


def value_of(wire: Wire | Wires) -> Value:
    """A wire as a value; a tuple of wires is one value."""
    if isinstance(wire, Wires):
        kind: Type = tuple(w.type for w in wire.items)
        assert wire.value is not None
        return Value(wire.value, kind, wire.span)
    return Value(wire.name, wire.type, wire.span, wire.named)


def output_name(draft: DraftDefinition, wire: Wire | Wires) -> str:
    """What a definition calls the output that a wire of it is."""
    if not draft.called:
        draft.called.update((id(w), n) for n, w in reversed(draft.outputs))
    return draft.called.get(id(wire)) or value_of(wire).name


def distinct(wanted: list[tuple[str, Wire]]) -> list[tuple[str, Wire]]:
    """Output names are unique; the same wire may be wanted under several."""
    names: set[str] = set()
    made = []
    for name, wire in wanted:
        number, candidate = 1, name
        while candidate in names:
            number += 1
            candidate = f"{name}_{number}"
        names.add(candidate)
        made.append((candidate, wire))
    return made


def unused(name: str, taken: set[str]) -> str:
    """A name that is not taken, and now is."""
    candidate = name
    while candidate in taken:
        candidate += "_"
    taken.add(candidate)
    return candidate


def bindings_of(frame: Any) -> dict[str, Any]:
    """The arguments and sizes that names of a body stand for, as plain values."""
    plain = {n: v for n, v in frame.bindings.items() if isinstance(v, (int, float, str, tuple, bool)) or v is None}
    return {**plain, **{n: v for n, v in frame.sizes.items() if n not in plain}}
