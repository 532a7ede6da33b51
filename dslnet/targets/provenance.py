"""Where the numbers of a graph come from, as a file of it keeps that.

Enters: a model, whose sizes know the text that they came from, and those texts. Leaves: the same model with names of
files that hold wherever it is read (relative to the folder of its own file), and the origins of its sizes as one list;
from both, the model with its origins again. What is written of a model names its parameters by them.

Invariant: origins only name. With none, or with those of another graph, a model is the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ..exchange import Unreadable
from ..graph import Model
from ..node import fields, replace
from ..ops.arguments import ModuleArgument
from ..ops.base import Operator
from ..shape import UNKNOWN, Dim, located, origin
from ..source import Span

Part = TypeVar("Part")


def portable(model: Model) -> tuple[Model, dict[str, str]]:
    """The model with files as they are named from the folder of its own, and the names that they had by these."""
    folder = model.span.file.rpartition("/")[0]
    found: dict[str, str] = {}

    def short(file: str) -> str:
        if folder and file.startswith(folder + "/"):
            name = file[len(folder) + 1 :]
        elif os.path.isabs(file):
            name = os.path.relpath(file, folder or ".").replace(os.sep, "/")
        else:
            name = file
        if file:
            found[name] = file
        return name

    def span(place: Span) -> Span:
        return Span(short(place.file), place.start, place.end)

    def size(value: Any) -> Any:
        place = origin(value)
        return value if place is None else located(value, span(place))

    moved = _rebuilt(model, size, span)
    return replace(moved, source=short(model.source)), found


def origins(model: Model) -> dict[str, Any]:
    """The places that numbers come from: each once in `spans`, and in `sizes` for all numbers in order that of its
    place, from 1, and for how many numbers on end it holds; 0 stands for no place. Fractions have no place: one that is
    the same again, for it is the argument of a block, has in place of it -1, -2, ... where it stood first."""
    spans: dict[Span, int] = {}
    sizes: list[int] = []
    fractions: dict[int, int] = {}

    def note(size: Any) -> Any:
        if isinstance(size, float):
            number = fractions.setdefault(id(size), -1 - len(fractions))
        else:
            place = origin(size)
            number = 0 if place is None else spans.setdefault(place, len(spans) + 1)
        if sizes and sizes[-2] == number:
            sizes[-1] += 1
        else:
            sizes.extend((number, 1))
        return size

    _rebuilt(model, note, lambda span: span)
    return {"spans": [list(span) for span in spans], "sizes": sizes}


def with_origins(model: Model, data: Any) -> Model:
    """The model whose sizes come from where `origins` said. Raises `Unreadable`."""
    match data:
        case {"spans": list() as spans, "sizes": list() as runs} if len(runs) % 2 == 0:
            pass
        case _:
            raise Unreadable("the origins of sizes are a list of spans and one of numbers")
    places: list[Span | None] = [None]
    for span in spans:
        match span:
            case [str() as file, int() as start, int() as end] if 0 <= start <= end:
                places.append(Span(file, start, end))
            case _:
                raise Unreadable("a span is a file and two places in it")
    if not all(type(number) is int for number in runs) or any(count < 1 for count in runs[1::2]):
        raise Unreadable("the origins of sizes are whole numbers")
    if any(number >= len(places) for number in runs[::2]):
        raise Unreadable("the origin of a size is none of the spans")
    left = _numbers(runs)
    fractions: dict[int, float] = {}

    def place(size: Any) -> Any:
        number = next(left, 0)
        if isinstance(size, float):
            known = fractions.setdefault(number, size * 1.0) if number < 0 else size  # an object of its own
            return known if known == size else size
        found = places[number] if number > 0 else None
        return size if found is None else located(size, found)

    return _rebuilt(model, place, lambda span: span)


def _numbers(runs: list[int]) -> Iterator[int]:
    for number, count in zip(runs[::2], runs[1::2], strict=True):
        for _ in range(count):
            yield number


def _rebuilt(whole: Part, size: Callable[[Any], Any], span: Callable[[Span], Span]) -> Part:
    """The same thing with each of its numbers and spans changed, in the order of its fields."""

    def made(part: Any) -> Any:
        if isinstance(part, Span):
            return span(part)
        if isinstance(part, bool) or part is None or isinstance(part, str):
            return part
        if isinstance(part, (int, float, Dim)):
            return part if part is UNKNOWN else size(part)
        if isinstance(part, tuple):
            return tuple([made(item) for item in part])
        if isinstance(part, dict):
            return {name: made(item) for name, item in part.items()}
        if isinstance(part, Operator):
            return type(part)(**{name: made(value) for name, value in part.values().items()})
        if isinstance(part, ModuleArgument):
            return ModuleArgument(part.path, span(part.span), made(part.weights))
        names = fields(type(part))
        return type(part)(**{name: made(getattr(part, name)) for name in names}) if names else part

    result: Part = made(whole)
    return result
