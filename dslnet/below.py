"""Every node of a piece of the syntax tree.

Enters: a node, or a tuple of them. Leaves: it and all that is inside. What can hold nothing (a text, a place) is left
out by the annotations of the fields, so that a walk looks at nodes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

from .node import fields

#: Annotations of fields that hold no node.
_LEAVES = frozenset(("str", "bool", "int | float | str | bool | None", "tuple[str, ...]", "Span", "Source"))


class _Parts(dict[type, Callable[[Any], Any] | None]):
    """For a class, what gives the fields of an object that may hold nodes; None for one that has no such field."""

    def __missing__(self, kind: type) -> Callable[[Any], Any] | None:
        annotations = kind.__annotations__ if fields(kind) else {}
        names = [name for name in fields(kind) if annotations[name] not in _LEAVES]
        self[kind] = attrgetter(*names) if names else None
        return self[kind]


_PARTS = _Parts()


def below(node: object) -> Iterator[Any]:
    """A node and every node inside; what stands last in the text comes first."""
    stack: list[object] = [node]
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind is tuple:
            stack.extend(item)  # type: ignore[arg-type]  # a tuple, and no class made of one
            continue
        yield item
        parts = _PARTS[kind]
        if parts is not None:
            found = parts(item)
            if type(found) is tuple:
                stack.extend(found)
            else:
                stack.append(found)
