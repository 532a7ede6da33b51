"""Sizes by the names that the spec gives them: `B×T×d` where `d` is 512.

Enters: a model, and the same model at other values of the arguments that its shapes name. Leaves: for each value the
shape in these names. A size is told by a name only where it follows the argument: 512 is not `d` because both are
512, but because it is 1,024 where `d` is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ...graph import Definition, Model, Type
from ...shape import Size, Tensor
from ...source import Source
from .wording import common, size_text, type_text

Build = Callable[[dict[str, Any]], Model | None]


def named(model: Model, sources: Mapping[str, Source], given: Collection[str] = ()) -> list[str]:
    """The arguments of a model that shapes in its file name, but for those that the reader chose."""
    span = model.definition.span
    source = sources.get(span.file)
    if source is None:
        return []
    text = re.sub(r"#.*", "", source.text)
    words = {word for shape in re.findall(r"\[([^\[\]]*)\]", text) for word in re.findall(r"[A-Za-z_]\w*", shape)}
    numbers = [n for n, v in model.arguments.items() if isinstance(v, int) and not isinstance(v, bool)]
    return [n for n in numbers if n in words and n not in given]


def twins(model: Model, names: Sequence[str], build: Build) -> tuple[Model, ...]:
    """The same model with each of these arguments in turn doubled, or one larger where the doubled one is refused."""
    found = []
    for name in names:
        value = model.arguments[name]
        twin = build({name: 2 * value}) or build({name: value + 1})
        if twin is not None:
            found.append(twin)
    return tuple(found)


class Symbols:
    """The names of sizes in one model. `used` are those that were told."""

    def __init__(self, model: Model, root: str, others: Sequence[Model], names: Sequence[str]) -> None:
        self.used: dict[str, object] = {}
        self.models = [model, *others]
        self.bindings = [{n: m.arguments.get(n) for n in names} for m in self.models]
        self.types: dict[str, dict[str, list[Type]] | None] = {}
        if others:
            roots = [m.training if root == model.training and m.training else m.entry for m in self.models]
            self._pair([m.definitions[key] for m, key in zip(self.models, roots, strict=True)], {})

    def _pair(self, same: list[Definition], known: dict[str, list[str]]) -> None:
        """Learn the types of a definition's values in all models, and go on with the definitions that it uses."""
        key, keys = same[0].key, [d.key for d in same]
        if key in known:
            if known[key] != keys:
                self.types[key] = None  # two uses that differ elsewhere: no name fits both
            return
        known[key] = keys
        nodes = [list(d.nodes()) for d in same]
        if len({tuple((n.kind, n.outputs[0].name) for n in each) for each in nodes}) > 1:
            self.types[key] = None
            return
        values = [d.values() for d in same]
        self.types[key] = {n: [v[n].type for v in values] for n in values[0] if all(n in v for v in values)}
        for row in zip(*nodes, strict=True):
            parts = [[*([n.definition] if n.definition else []), *(r.definition for r in n.rounds)] for n in row]
            if len({len(p) for p in parts}) == 1:
                for inner in zip(*parts, strict=True):
                    self._pair([m.definitions[k] for m, k in zip(self.models, inner, strict=True)], known)

    def text(self, key: str, name: str, type: Type) -> str:
        """The shape of a value, by name where there is one."""
        types = (self.types.get(key) or {}).get(name, [])
        tensors = [t for t in types if isinstance(t, Tensor) and t.shape is not None]
        if len(tensors) < 2 or len(tensors) < len(types) or len({t.rank for t in tensors}) > 1:
            return type_text(type)
        sizes = [self._size([t.sizes[axis] for t in tensors]) for axis in range(tensors[0].rank)]
        return "×".join(sizes) + ("" if tensors[0].dtype == "float" else f" {tensors[0].dtype}")

    def _size(self, values: list[Size]) -> str:
        plain = size_text(values[0])
        told = None if all(v == values[0] for v in values) else common(values, self.bindings, (), False)
        if told is not None:
            for name in re.findall(r"[A-Za-z_]\w*", told):
                self.used[name] = self.bindings[0][name]
        text = told or plain
        return text if re.fullmatch(r"[\w·/⌈⌉⌊⌋′²]+", text) else f"({text})"
