"""Sizes that are known at run time only, bound to names or read where they are used.

Enters: the items of a function with `Extent`s. Leaves: the items with expressions on shapes: `x.shape[1]` where one
box needs it, else a line such as `T = tokens.shape[1]` at the top. A size that is not itself an extent of an input
is solved for: `2 * H` where the input shows `H`. What no shape shows becomes an argument of `forward`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...graph import Type
from ...shape import Dim, Tensor, free, quotient, solve
from .allowlist import InternalError
from .expressions import size
from .reading import BoxReader, Item
from .statements import reads
from .tree import Attribute, Binary, Extent, Literal, Ref, Slice, Subscript, Tree, Unary, rewrite, walk

#: Stands for an extent while a symbol is solved for.
_HIDDEN = free("?")


def bind_sizes(
    reader: BoxReader, items: list[Item], inputs: list[tuple[str, Type]], names: Mapping[str, Any] | None
) -> tuple[list[Item], dict[Dim, str]]:
    """The items with every `Extent` replaced, and the lines that bind names; then the wires of the sizes that only
    the caller knows. `names` is what the block calls its sizes, None where there is no caller."""
    needed = [size for item in _everything(items) for size in _extents(item)]
    if not needed:
        return items, {}
    binder = _Binder(reader, inputs, needed, names)
    return binder.run(items), binder.asked


def _everything(items: list[Item]) -> Iterator[Item]:
    for item in items:
        yield item
        if item.loop is not None:
            yield from _everything(item.loop.body)


def _extents(item: Item) -> list[Dim]:
    trees = [item.tree] if item.tree is not None else [item.loop.iterable] if item.loop is not None else []
    return [part.size for tree in trees for part in walk(tree) if isinstance(part, Extent)]


class _Binder:
    def __init__(
        self,
        reader: BoxReader,
        inputs: list[tuple[str, Type]],
        needed: list[Dim],
        names: Mapping[str, Any] | None,
    ) -> None:
        self.reader, self.names = reader, names
        self.asked: dict[Dim, str] = {}
        self.inputs = [(w, t) for w, t in inputs if isinstance(t, Tensor) and t.shape is not None]
        self.count = {d: needed.count(d) for d in needed}
        self.bound: dict[tuple[str, int], str] = {}
        self.later: dict[str, list[tuple[str, int]]] = {}

    def run(self, items: list[Item]) -> list[Item]:
        made = self._list(items, [])
        return self._top() + made

    def _list(self, items: list[Item], made_before: list[str]) -> list[Item]:
        result: list[Item] = []
        made = list(made_before)
        for item in items:
            if item.loop is not None:
                item.loop.iterable = self._replace(item.loop.iterable, item, made)
                item.loop.body = self._list(item.loop.body, made + item.loop.values + [c[1] for c in item.loop.carried])
            elif item.tree is not None:
                item.tree = self._replace(item.tree, item, made)
            result.append(item)
            made += item.outputs
        final: list[Item] = []
        for item in result:
            final.append(item)
            for wire in item.outputs:
                for name, axis in self.later.pop(wire, []):
                    final.append(Item([name], _axis(wire, axis)))
        return final

    def _replace(self, tree: Tree, item: Item, made: list[str]) -> Tree:
        return rewrite(tree, lambda t: self._size(t.size, item, made) if isinstance(t, Extent) else None)

    def _size(self, wanted: Dim, item: Item, made: list[str]) -> Tree:
        found = self._exact(wanted, item)
        if found is None:
            found = self._expression(wanted, item)
        if found is None:
            for wire in reversed(made):
                type_ = self.reader.wires[wire].type
                if isinstance(type_, Tensor) and type_.shape is not None and wanted in type_.shape:
                    name = self._name(wanted)
                    self.later.setdefault(wire, []).append((name, type_.shape.index(wanted)))
                    return Ref(name)
        return self._ask(wanted) if found is None else found

    def _ask(self, wanted: Dim) -> Tree:
        """A size that the caller gives."""
        if self.names is None:
            raise InternalError(f"no shape shows the size {wanted}")
        if wanted not in self.asked:
            known = [n for n, v in self.names.items() if isinstance(v, Dim) and v == wanted]
            self.asked[wanted] = self._name(wanted)
            if known:
                self.reader.wires[self.asked[wanted]].name = known[0]
        return Ref(self.asked[wanted])

    def _exact(self, wanted: Dim, item: Item | None) -> Tree | None:
        """A size that is an extent of an input, or of what the box reads."""
        read = [] if item is None else reads(item)
        for wire, type_ in self.inputs:
            assert isinstance(type_, Tensor)
            if wanted in type_.sizes:
                axis = type_.sizes.index(wanted)
                if self.count.get(wanted, 2) == 1 and wire in read:
                    return _axis(wire, axis)
                return Ref(self._bind(wire, axis, wanted))
        for wire in read:
            seen = self.reader.wires[wire].type
            if isinstance(seen, Tensor) and seen.shape is not None and wanted in seen.shape:
                return _axis(wire, seen.shape.index(wanted))
        return None

    def _expression(self, wanted: Dim, item: Item) -> Tree | None:
        """A size that can be computed from one extent of an input, or from its symbols."""
        for wire, type_ in self.inputs:
            assert isinstance(type_, Tensor)
            for axis, shown in enumerate(type_.sizes):
                if not isinstance(shown, Dim):
                    continue
                made = _simple(wanted, shown)
                if made is not None:
                    times, plus, over, before = made
                    tree: Tree = Ref(self._bind(wire, axis, shown))
                    if before:
                        tree = Binary("+" if before > 0 else "-", tree, Literal(abs(before)))
                    if over != 1:
                        tree = Binary("//", tree, Literal(over))
                    if times != 1:
                        tree = Unary("-", tree) if times == -1 else Binary("*", Literal(times), tree)
                    if plus:
                        tree = Binary("+" if plus > 0 else "-", tree, Literal(abs(plus)))
                    return tree
        return size(wanted, lambda part: self._symbol(part, wanted))

    def _symbol(self, part: Dim, wanted: Dim) -> Tree | None:
        exact = self._exact(part, None)
        if exact is not None:
            return exact
        symbol = part.symbol()
        if symbol is None:
            return None
        for wire, type_ in self.inputs:
            assert isinstance(type_, Tensor)
            for axis, shown in enumerate(type_.sizes):
                if isinstance(shown, Dim) and symbol.name in shown.symbols():
                    solved = solve(shown, symbol.name, _HIDDEN)
                    if isinstance(solved, Dim):
                        bound = Ref(self._bind(wire, axis, shown))
                        return size(solved, lambda p, b=bound: b if p == _HIDDEN else None)  # type: ignore[misc]
        return None

    # ------------------------------------------------------------------------------------------------ names

    def _name(self, wanted: Dim) -> str:
        symbol = wanted.symbol()
        name = symbol.name if symbol is not None else "size"
        wire = self.reader.extra(name, ())
        self.reader.wires[wire].named = True
        return wire

    def _bind(self, wire: str, axis: int, shown: Dim) -> str:
        if (wire, axis) not in self.bound:
            self.bound[wire, axis] = self._name(shown)
        return self.bound[wire, axis]

    def _top(self) -> list[Item]:
        """The lines that bind sizes of inputs: all of one shape at once where that reads well."""
        made: list[Item] = []
        for wire, type_ in self.inputs:
            assert isinstance(type_, Tensor)
            axes = sorted(axis for w, axis in self.bound if w == wire)
            if not axes:
                continue
            names = [self.bound[wire, a] for a in axes]
            shape = Attribute(Ref(wire), "shape")
            if len(axes) == 1:
                made.append(Item(names, _axis(wire, axes[0])))
            elif axes == list(range(axes[0], type_.rank)):
                cut = shape if axes[0] == 0 else Subscript(shape, (Slice(Literal(axes[0])),))
                made.append(Item(names, cut))
            elif axes == list(range(len(axes))):
                made.append(Item(names, Subscript(shape, (Slice(None, Literal(len(axes))),))))
            else:
                every = [self.bound.get((wire, a)) or self.reader.extra("_", ()) for a in range(type_.rank)]
                made.append(Item(every, shape))
        return made


def _axis(wire: str, axis: int) -> Tree:
    return Subscript(Attribute(Ref(wire), "shape"), (Literal(axis),))


def _simple(wanted: Dim, shown: Dim) -> tuple[int, int, int, int] | None:
    """(times, plus, over, before) with wanted = times * ((shown + before) // over) + plus."""
    for monomial, coefficient in shown.terms.items():
        other = wanted.terms.get(monomial)
        if monomial and other is not None and isinstance(other / coefficient, (int, float)):
            times = other / coefficient
            if times == int(times) and times:
                rest = wanted - shown * int(times)
                if isinstance(rest, int):
                    return int(times), rest, 1, 0
    for over in (2, 4, 8, 16, 32, 3):
        for before in (0, 1, over - 1):
            divided = quotient(shown + before, over)
            if not isinstance(divided, Dim):
                continue
            if divided == wanted:
                return 1, 0, over, before
            rest = wanted - divided
            if isinstance(rest, int):
                return 1, rest, over, before
    return None
