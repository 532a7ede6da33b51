"""What the reader asks to be open or closed.

Enters: the patterns of `--open` and `--close` in their order, and a model. Leaves: for a part, what is asked for it:
the last pattern that fits its path, its block's name or its role decides; to open a part opens what it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from ...diagnostics import did_you_mean
from ...graph import Model, Node, Region, join

#: How many parts of a model are looked at when a pattern has fitted nothing, and how many are named.
KNOWN, NAMED = 20_000, 8


class NothingMatches(Exception):
    """A pattern of `--open` or `--close` that fits no part of the model."""


class Wishes:
    """The patterns, and which of them have fitted something."""

    def __init__(self, model: Model, wishes: Sequence[tuple[bool, str]], unrolled: bool = False) -> None:
        """`unrolled` says that rounds are drawn one by one, so that their numbers count."""
        self.model = model
        self.wishes = [(wanted, pattern, (pattern,) if unrolled else _ways(pattern)) for wanted, pattern in wishes]
        self.matched: set[str] = set()

    def of(self, path: str, names: Iterable[str], inside: Iterable[Node]) -> bool | None:
        """What is asked for the part at a path, which is also called `names` (its block, its role) and has the nodes
        `inside`."""
        if not self.wishes:
            return None
        inside, names = list(inside), list(names)
        wish: bool | None = None
        plain = _unnumbered(path)
        for wanted, pattern, ways in self.wishes:
            if _fits(ways, (path, plain, *names)):
                self.matched.add(pattern)
                wish = wanted
            elif wanted and (_fits(_around(ways), (path, plain)) or any(self._holds(pattern, n) for n in inside)):
                wish = True
        return wish

    def _holds(self, pattern: str, node: Node) -> bool:
        """Whether a node is, or has inside it, a use of a block that a pattern names."""
        todo, seen = keys_of(node), set()
        while todo:
            key = todo.pop()
            if key not in seen:
                seen.add(key)
                definition = self.model.definitions[key]
                if definition.kind == "block" and fnmatchcase(definition.block, pattern):
                    return True
                todo += [below for inner in definition.nodes() for below in keys_of(inner)]
        return False

    def check(self, root: str) -> None:
        """Refuse patterns that fit nothing. Raises `NothingMatches`."""
        left = [(pattern, ways) for _, pattern, ways in self.wishes if pattern not in self.matched]
        if not left:
            return
        parts, layers = _parts(self.model, root)
        for pattern, ways in left:
            if any(_fits(ways, names) for names in parts):
                continue  # it stands in a part that is closed
            if any(_fits(ways, (path,)) for path in layers):
                raise NothingMatches(f"`{pattern}` is a layer: there is nothing inside to open or close")
            every = sorted({name for names in parts for name in names if name})
            near = did_you_mean(pattern, every)
            shown = ", ".join(every[:NAMED]) + (", …" if len(every) > NAMED else "")
            told = f"did you mean {near[0]}?" if near else f"there are {shown}" if every else "it has only layers"
            raise NothingMatches(f"no part of the drawing is called `{pattern}`; {told}")


def keys_of(node: Node) -> list[str]:
    """The definitions that a node uses."""
    return list(dict.fromkeys([*([node.definition] if node.definition else []), *(r.definition for r in node.rounds)]))


def _ways(pattern: str) -> tuple[str, ...]:
    """A pattern as it is, and without numbers of rounds: `layers.3.attention` is found where rounds are one."""
    return tuple(dict.fromkeys((pattern, _unnumbered(pattern))))


def _unnumbered(path: str) -> str:
    return re.sub(r"\.\d+(?=\.|$)", "", path)


def _fits(ways: Iterable[str], names: Iterable[str]) -> bool:
    told = [name for name in names if name]
    return any(fnmatchcase(name, way) for way in ways for name in told)


def _around(ways: Iterable[str]) -> list[str]:
    """Patterns of what the parts stand in that a pattern fits."""
    cuts = [way.split(".") for way in ways]
    return [".".join(parts[:n]) for parts in cuts for n in range(1, len(parts))]


def _parts(model: Model, root: str) -> tuple[list[tuple[str, ...]], list[str]]:
    """The parts that can be open or closed, each with all its names, and the paths of layers; in a large model, of
    those that come first."""
    parts: list[tuple[str, ...]] = []
    layers: list[str] = []
    todo = [(root, "")]
    while todo and len(parts) + len(layers) < KNOWN:
        key, path = todo.pop()
        definition = model.definitions[key]
        regions: list[object] = list(definition.body)
        for item in regions:
            if isinstance(item, Region):
                regions += [inner for lane in item.lanes for inner in lane]
                if item.kind == "group" and (item.name or item.role):
                    parts.append((join(path, item.path or item.name or ""), item.role or ""))
        for node in definition.nodes():
            here = join(path, node.module or "")
            if node.kind == "box":
                layers += [here] if node.module else []
                continue
            instance = definition.instance(node.module) if node.module is not None else None
            role = node.role or (instance.role if instance is not None else None) or ""
            for below in keys_of(node):
                inner = model.definitions[below]
                parts.append((here, inner.block if inner.kind == "block" else "", role))
                todo.append((below, here))
    return parts, layers
