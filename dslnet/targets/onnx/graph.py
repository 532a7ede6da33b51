"""Nodes, constants and weights of a graph that grows.

Enters: kinds of nodes and their operands. Leaves: records in an order in which each value is made before it is
read. Names are paths of the spec, made unique; a value has the name of the node that makes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ...source import NOWHERE, Span
from .nodes import Constant, Made, Operand, Wire

_ODD = re.compile(r"[^A-Za-z0-9_.\-/]+")


class Unsupported(Exception):
    """Something that cannot be exported: `title` says what, `help` what to do instead."""

    def __init__(self, title: str, help: str = "", span: Span = NOWHERE) -> None:
        super().__init__(title)
        self.title, self.help, self.span = title, help, span


class Graph:
    """The graph, and where in it the rules build now."""

    def __init__(self, opset: int) -> None:
        self.opset = opset
        #: Nodes that depend on the sizes of the inputs only, before all others: extents, masks, tables.
        self.early: list[Made] = []
        self.nodes: list[Made] = []
        self.constants: dict[Constant, str] = {}
        #: Arrays that were computed from weights, by name.
        self.arrays: dict[str, Callable[[], Any]] = {}
        #: Weights that are read: their names, which are their paths, with those paths.
        self.weights: dict[str, str] = {}
        #: Names of inputs and outputs, which nothing else has.
        self.taken: set[str] = set()
        self._names: dict[str, int] = {}
        self._known: dict[Any, Any] = {}
        self.stem = ""
        self.place = ""

    # -------------------------------------------------------------------------------------------------- names

    def name(self, wanted: str) -> str:
        """A name that nothing else has, near the one that is wanted."""
        text = _ODD.sub("_", wanted)[:160] or "value"
        count = self._names.get(text)
        if count is None:
            self._names[text] = 1
            return text
        while True:
            count += 1
            found = f"{text}_{count}"
            if found not in self._names:
                self._names[text] = count
                self._names[found] = 1
                return found

    # -------------------------------------------------------------------------------------------------- nodes

    def op(self, kind: str, *inputs: Operand, **attributes: Any) -> str:
        """A node with one output; the name of that is the result. Attributes that are None are left out."""
        return self.ops(1, kind, *inputs, **attributes)[0]

    def ops(self, count: int, kind: str, *inputs: Operand, **attributes: Any) -> tuple[str, ...]:
        """A node with several outputs."""
        stem = self.stem
        name = self.name(stem if stem not in self._names else f"{stem}/{kind}")
        outputs = [name, *(self.name(f"{name}/{i}") for i in range(1, count))]
        read = ["" if x is None else x.name if isinstance(x, Wire) else x for x in inputs]
        while read and not read[-1]:
            read.pop()
        given = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(Made(kind, read, outputs, name, given, self.place))
        return tuple(outputs)

    @contextmanager
    def within(self, stem: str, place: str = "") -> Iterator[None]:
        """Nodes made inside are called after `stem`."""
        before = self.stem, self.place
        self.stem, self.place = _ODD.sub("_", stem) or "graph", place or self.place
        try:
            yield
        finally:
            self.stem, self.place = before

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Nodes made inside come before all others, so they may read nothing but inputs and each other."""
        nodes, self.nodes = self.nodes, self.early
        try:
            yield
        finally:
            self.nodes = nodes

    def once(self, key: Any, make: Callable[[], str], stem: str = "sizes") -> str:
        """A value that depends on the sizes of the inputs only, computed once however often it is asked for."""
        found: str | None = self._known.get(key)
        if found is None:
            with self.ahead(), self.within(stem, "dslnet"):
                found = self._known[key] = make()
        return found

    # ---------------------------------------------------------------------------------------------- constants

    def number(self, value: float | bool, dtype: str = "float") -> str:
        """A scalar."""
        return self._constant(Constant(dtype, (), (_number(value, dtype),)))

    def vector(self, values: Any, dtype: str = "long") -> str:
        """A list of numbers as a tensor of one axis."""
        found = tuple(_number(v, dtype) for v in values)
        return self._constant(Constant(dtype, (len(found),), found))

    def _constant(self, constant: Constant) -> str:
        # -0.0 and 0.0, 1 and True are equal, their texts are not
        key: Any = (constant.dtype, constant.shape, str(constant.values))
        name: str | None = self._known.get(key)
        if name is None:
            shown = "_".join(map(str, constant.values[:6]))
            name = self._known[key] = self.name(f"constant/{constant.dtype}/{shown}")
            self.constants[constant] = name
        return name

    def array(self, wanted: str, make: Callable[[], Any]) -> str:
        """A larger constant, computed when the file is written: the function gives a numpy array."""
        found: str | None = self._known.get(("array", wanted))
        if found is None:
            found = self._known["array", wanted] = self.name(wanted)
            self.arrays[found] = make
        return found

    def stored(self, path: str) -> str:
        """The weight at a path, under that very name, unless an output of the model has it."""
        name = f"{path}/weight" if path in self.taken else path
        self.weights[name] = path
        return name


def _number(value: Any, dtype: str) -> Any:
    return float(value) if dtype == "float" else bool(value) if dtype == "bool" else int(value)
