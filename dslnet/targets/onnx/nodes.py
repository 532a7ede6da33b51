"""What an ONNX graph is made of, before it is protobuf.

Leaves: plain records, quick to make and easy to look through. `writing` turns them into the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ...shape import Shape, Tensor

#: The element types that a spec can have, by ONNX's numbers.
DTYPES = {"float": 1, "long": 7, "bool": 9}


class Wire(NamedTuple):
    """A value of the graph with its type: what a rule is given."""

    name: str
    type: Tensor

    @property
    def sizes(self) -> Shape:
        return self.type.sizes

    @property
    def rank(self) -> int:
        return self.type.rank

    @property
    def dtype(self) -> str:
        return self.type.dtype


#: What a node can be fed: a wire, the name of a value, or None for an optional input that is left out.
Operand = Wire | str | None


class Constant(NamedTuple):
    """A small tensor: a scalar has the shape ()."""

    dtype: str
    shape: tuple[int, ...]
    values: tuple[Any, ...]


@dataclass(slots=True)
class Made:
    """A node. `place` is the line of the spec that it comes from."""

    kind: str
    inputs: list[str]
    outputs: list[str]
    name: str
    attributes: dict[str, Any]
    place: str = ""

    def reads(self) -> Iterator[str]:
        """The names of values that it needs, those that a body takes from outside included."""
        yield from self.inputs
        for value in self.attributes.values():
            if isinstance(value, Body):
                yield from value.reads()


@dataclass(slots=True)
class Body:
    """The graph inside a node: the cell of a `Scan`."""

    name: str
    inputs: list[tuple[str, Tensor]]
    outputs: list[tuple[str, Tensor]]
    nodes: list[Made] = field(default_factory=list)

    def reads(self) -> Iterator[str]:
        own = {name for name, _ in self.inputs}
        for node in self.nodes:
            yield from (name for name in node.reads() if name not in own)
            own.update(node.outputs)
        yield from (name for name, _ in self.outputs if name not in own)


def prune(nodes: list[Made], outputs: set[str]) -> list[Made]:
    """The nodes that the outputs need, in order; outputs that nothing reads are left unnamed where they are last."""
    needed = set(outputs)
    kept: list[Made] = []
    for node in reversed(nodes):
        if not needed.isdisjoint(node.outputs):
            while len(node.outputs) > 1 and node.outputs[-1] not in needed:
                node.outputs.pop()
            needed.update(node.reads())
            kept.append(node)
    kept.reverse()
    return kept
