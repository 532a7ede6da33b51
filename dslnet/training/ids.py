"""Which whole numbers an input may have.

Enters: the training graph, and the sizes of the data. Leaves: for an input of ids what they stay under and who says so,
and the numbers that a loss passes over. What looks ids up is followed into blocks.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..graph import Definition, Input, Model, Node
from ..ops.losses import class_axis
from ..shape import Size, substitute
from ..shape import Tensor as Type

#: What looks something up by the numbers it gets, so that they cannot be negative.
_INDEXING = ("Embedding", "OneHot", "Gather", "Pick")


def bound(model: Model, wanted: Input, symbols: dict[str, int]) -> tuple[int | None, str]:
    """What numbers stay under, by the input itself, by the losses that compare it with classes, or by the table that
    they choose rows of; and who says so."""
    type = wanted.value.type
    assert isinstance(type, Type)
    if type.below is not None:
        return _known(type.below, symbols), f"`< {type.below}`"
    found: list[tuple[int, str]] = []
    for node, definition in _consumers(model, wanted.value.name):
        made = _limit(node, definition, type)
        size = _known(made[0], symbols) if made is not None else None
        if made is not None and size is not None:
            found.append((size, made[1]))
    return min(found, default=(None, "ids are whole numbers from 0"), key=lambda pair: pair[0])


def _limit(node: Node, definition: Definition, type: Type) -> tuple[Size, str] | None:
    """What a box wants its numbers to stay under."""
    operator = node.operator
    assert operator is not None
    if operator.name == "Embedding":
        rows: Size = operator.values()["num_embeddings"]
        return rows, f"`Embedding` has {rows} rows"
    if operator.name == "OneHot":
        places: Size = operator.values()["n"]
        return places, f"`OneHot` has {places} places"
    if operator.kind not in ("loss", "metric") or len(node.inputs) < 2 or node.inputs[0] is None:
        return None
    prediction = definition.values()[node.inputs[0]].type
    axis = class_axis(operator.name, prediction, type) if isinstance(prediction, Type) else None
    if axis is None:
        return None
    assert isinstance(prediction, Type)
    return prediction.sizes[axis], f"`{operator.name}` has {prediction.sizes[axis]} classes"


def ignored(model: Model, name: str) -> list[int]:
    """The numbers that a loss or metric passes over."""
    found = [getattr(node.operator, "ignore_index", None) for node, _ in _consumers(model, name)]
    return [number for number in found if isinstance(number, int)]


def index(model: Model, name: str) -> bool:
    """Whether a box looks things up by the numbers of an input, so that they cannot be negative."""
    return any(node.operator is not None and node.operator.name in _INDEXING for node, _ in _consumers(model, name))


def _known(size: Size, symbols: dict[str, int]) -> int | None:
    value = substitute(size, symbols)
    return value if isinstance(value, int) else None


def _consumers(model: Model, name: str) -> Iterator[tuple[Node, Definition]]:
    """The boxes that get an input as it is, or parts of it, with the definitions that they stand in. A prediction is
    no such: a loss gets the input second."""
    stack = [(model.training or model.entry, name)]
    seen = set(stack)
    while stack:
        key, wire = stack.pop()
        definition = model.definitions[key]
        for node in definition.nodes():
            places = [n for n, given in enumerate(node.inputs) if given == wire]
            if not places:
                continue
            if node.operator is not None:
                if node.operator.kind not in ("loss", "metric") or places != [0]:
                    yield node, definition
                more = [(key, value.name) for value in node.outputs] if node.operator.kind == "shape" else []
            else:
                below = [node.definition] if node.definition is not None else [r.definition for r in node.rounds]
                inner = [model.definitions[k].inputs for k in below]
                more = [
                    (k, inputs[n].value.name)
                    for k, inputs in zip(below, inner, strict=True)
                    for n in places
                    if n < len(inputs)
                ]
            for pair in more:
                if pair not in seen:
                    seen.add(pair)
                    stack.append(pair)
