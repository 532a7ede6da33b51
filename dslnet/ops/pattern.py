"""`Rearrange`: a pattern of named axes on both sides of an arrow.

Enters: a pattern such as `b c (h p) (w q) -> b (h w) (p q c)` and sizes for some of its names. Leaves: the same
elements in the order and grouping of the right side, with as few calls of PyTorch as that takes.

The notation is that of einops (Rogozhnikov, "Einops: Clear and Reliable Tensor Manipulations with Einstein-like
Notation", ICLR 2022).
"""

import re
from collections import Counter
from functools import lru_cache
from typing import Annotated, Any, ClassVar

from ..node import node
from ..shape import Dim, Size, Tensor, compare, numel, same
from .arguments import ArgumentType, Word, Wrong
from .axes import brief, counted, kind_of, when_known
from .base import Mistake, Onnx, Operator, Wire
from .code import Code, Expression, X, method
from .dependence import Steps, Traced, regrouped

Group = tuple[str, ...]
Change = tuple[int, list[Group]]


class NamedSizesType(ArgumentType):
    """Sizes by name."""

    text = "a size for each of some names"

    def accept(self, value: Any) -> Any:
        if isinstance(value, dict):
            return value
        raise Wrong(self.text)


NamedSizes = Annotated[dict[str, Size], NamedSizesType()]

_TOKEN = re.compile(r"\s*(?:(\.\.\.)|([A-Za-z_][A-Za-z0-9_]*)|([0-9]+)|([()])|(\S))")


@node
class Layout:
    """What a pattern means for one input: the names of each axis before and after, and the size of each name.
    The name `1` is an axis of one element."""

    before: tuple[Group, ...]
    after: tuple[Group, ...]
    sizes: dict[str, Size]


@lru_cache
def sides_of(pattern: str) -> tuple[str, tuple[Group, ...], tuple[Group, ...]]:
    """The text of the left side, and both sides as axes."""
    left, arrow, right = pattern.partition("->")
    if not arrow or "->" in right:
        raise _wrong("a pattern has one `->` between two sides", 'such as `"b c h w -> b (h w) c"`')
    before, after = tuple(groups_of(left)), tuple(groups_of(right))
    if sum(group.count("...") for group in before) > 1:
        raise _wrong("`...` stands once on the left side")
    return left, before, after


def groups_of(side: str) -> list[Group]:
    """One side of a pattern as a list of axes, each a tuple of names."""
    groups: list[Group] = []
    inside: list[str] | None = None
    for dots, name, number, bracket, strange in _TOKEN.findall(side):
        if strange:
            raise _wrong(f"`{strange}` is not part of a pattern")
        if number and number != "1":
            raise _wrong(
                f"the only number of a pattern is 1, not {number}", "give the axis a name, and `name=` its size"
            )
        if bracket == "(":
            if inside is not None:
                raise _wrong("the brackets of a pattern do not nest")
            inside = []
        elif bracket == ")":
            if inside is None:
                raise _wrong("this pattern closes a bracket that is not open")
            groups.append(tuple(inside))
            inside = None
        elif inside is not None:
            inside.append(dots or name or "1")
        else:
            groups.append((dots or name or "1",))
    if inside is not None:
        raise _wrong("this pattern never closes a bracket")
    return groups


def _wrong(title: str, *helps: str) -> Mistake:
    return Mistake("E0301", title, "pattern", helps=helps)


def _spread(groups: tuple[Group, ...], dots: Group) -> tuple[Group, ...]:
    """The groups with `...` replaced by the axes that it stands for, and the ones inside brackets dropped."""
    result: list[Group] = []
    for group in groups:
        if group == ("...",):
            result.extend((name,) for name in dots)
        else:
            names = tuple(n for name in group for n in (dots if name == "..." else (name,)))
            result.append(names if len(group) == 1 else tuple(n for n in names if n != "1"))
    return tuple(result)


def layout_of(pattern: str, given: dict[str, Size], x: Tensor) -> Layout:
    """Read a pattern for an input; every way of not fitting is a `Mistake`."""
    left, before, after = sides_of(pattern)
    plain = [group for group in before if "..." not in group]
    missing = x.rank - len(plain)
    open_ended = len(plain) < len(before)
    if missing < 0 or (missing and not open_ended):
        more = " or more" if open_ended else ""
        title = f"the pattern names {counted(len(plain), 'axis')}{more}, the input {kind_of(x, 24)} has {x.rank}"
        raise Mistake("E0302", title, "pattern", left.strip()[:40])
    dots = tuple(f"...{i}" for i in range(missing))
    before_axes, after_axes = _spread(before, dots), _spread(after, dots)
    names = [name for group in before_axes for name in group if name != "1"]
    others = [name for group in after_axes for name in group if name != "1"]
    left_side, right_side = Counter(names), Counter(others)
    for name in [*names, *others]:
        if left_side[name] > 1 or right_side[name] > 1:
            raise _wrong(f"`{name[:3] if name.startswith('...') else name}` stands twice on one side of the pattern")
        if (name in left_side) != (name in right_side):
            side = "left" if name in left_side else "right"
            shown = "..." if name.startswith("...") else name
            helps = ("`Repeat` or `Expand` adds copies",) if side == "right" else ("`Sum` or `Mean` drops an axis",)
            raise _wrong(f"`{shown}` stands on the {side} side of the pattern only", *helps)
    for name, size in given.items():
        if name not in left_side:
            raise Mistake("E0206", f"the pattern of `Rearrange` has no axis `{name}`", name, helps=_names(names))
        if isinstance(size, bool) or not isinstance(size, (int, Dim)):
            raise Mistake("E0301", f"`{name}` of Rearrange is a whole number", name)
        if compare(size, 1) == -1:
            raise Mistake("E0305", f"`{name}` of Rearrange is a size, from 1, got {size}", name)
    sizes: dict[str, Size] = {}
    for axis, (group, size) in enumerate(zip(before_axes, x.sizes, strict=True)):
        sizes.update(_solve(group, size, given, axis, x))
    return Layout(before_axes, after_axes, sizes)


def _names(names: list[str]) -> tuple[str, ...]:
    shown = [name for name in names if not name.startswith("...")]
    return ("its axes: " + ", ".join(shown),) if shown else ()


def _solve(group: Group, size: Size, given: dict[str, Size], axis: int, x: Tensor) -> dict[str, Size]:
    """The sizes of the names that make up one axis of the input."""
    if group in ((), ("1",)):
        if not same(size, 1):
            title = f"the pattern has 1 for axis {axis}, which is {brief(size)}"
            raise Mistake("E0303", title, "pattern", f"the input is {kind_of(x)}")
        return {}
    free = [name for name in group if name not in given]
    known = numel(given[name] for name in group if name in given)
    helps: tuple[str, ...]
    shown = " * ".join(str(given[name]) for name in group if name in given)
    named = f"`({' '.join(group)})`" if len(" ".join(group)) <= 24 else "a bracket"
    if len(free) > 1:
        helps = (f"give {'one' if len(free) == 2 else 'all but one'} of them: `{free[0]}=...`",)
        title = f"{named} splits {brief(size)}, {len(free)} of its sizes are open"
        raise Mistake("E0309", title, "pattern", "one may be left open", helps=helps)
    found = {name: given[name] for name in group if name in given}
    if not free:
        if not same(known, size):
            what = named if len(group) > 1 else f"`{group[0]}`"
            title = f"{what} is {brief(known)}, axis {axis} of the input is {brief(size)}"
            raise Mistake("E0303", title, "pattern", f"the input is {kind_of(x)}")
        return found
    rest = size // known
    if not same(rest * known, size):
        at = next(name for name in group if name in given)
        if isinstance(size, int) and isinstance(known, int):
            title = f"{shown} does not divide {size}, axis {axis} of the input"
            helps, label = (), f"{size} = {known}*{size // known} + {size % known}"
        else:
            title = f"{shown} may not divide {brief(size)}, axis {axis} of the input"
            helps, label = (f"`require: {size} % {known} == 0`",), f"the input is {kind_of(x)}"
        raise Mistake("E0306", title, at, label, helps=helps)
    return {**found, free[0]: rest}


class Rearrange(Operator, kind="shape"):
    """Splits, reorders and joins axes by name: brackets on the left split an axis, brackets on the right join.

    One name of a bracket on the left may be left without a size. `1` adds or drops an axis of one element, `...` is
    all the axes that are not named.

    [B, 64, 7, 7] -> Rearrange("b c h w -> b (h w) c")    # [B, 49, 64]
    [2, 3, 32, 32] -> Rearrange("b c (h p) (w q) -> b (h w) (p q c)", p=16, q=16)    # [2, 4, 768]
    [B, T, 64] -> Rearrange("b t (h e) -> b h t e", h=8)    # [B, 8, T, 8]
    [B, 8, T, 4] -> Rearrange("b h t e -> b t (h e)")    # [B, T, 32]
    [B, S, 12] -> Rearrange("b s (k e) -> b k 1 e s", k=3)    # [B, 3, 1, 4, S]
    [2, 3, 4, 5] -> Rearrange("... h w -> ... (h w)")    # [2, 3, 20]
    """

    open_arguments: ClassVar[bool] = True

    pattern: Word
    sizes: NamedSizes = {}

    @when_known("pattern")
    def shape(self, x: Tensor) -> Tensor:
        layout = layout_of(self.pattern, self.sizes, x)
        return x.with_shape(*(numel(layout.sizes.get(name, 1) for name in group) for group in layout.after))

    def dependence(self, x: Traced) -> Steps:
        layout = layout_of(self.pattern, self.sizes, x.type)
        before, after = (
            [tuple(n for n in group if layout.sizes.get(n, 1) != 1) for group in side]
            for side in (layout.before, layout.after)
        )
        return regrouped(x, before, after)

    def torch(self, x: Tensor) -> Code:
        layout = layout_of(self.pattern, self.sizes, x)
        code: Expression = X
        before = list(layout.before)
        for axis in reversed([i for i, group in enumerate(before) if group in ((), ("1",))]):
            code = method(code, "squeeze", axis)
            del before[axis]
        after = [group for group in layout.after if group not in ((), ("1",))]
        code = _regroup(code, before, after, layout.sizes)
        for axis, group in enumerate(layout.after):
            if group in ((), ("1",)):
                code = method(code, "unsqueeze", axis)
        return code

    def onnx(self, g: Onnx, x: Wire) -> str:
        layout = layout_of(self.pattern, self.sizes, x.type)
        sides = layout.before, layout.after
        before, after = ([group for group in side if group not in ((), ("1",))] for side in sides)
        units = _units(before, after)
        order = [units.index(unit) for group in after for unit in _cut(group, units)]
        apart = tuple(numel(layout.sizes[name] for name in unit) for unit in units)
        moved = g.transpose(g.reshape(x, x.sizes, apart), *order)
        return g.reshape(moved, tuple(apart[i] for i in order), self.shape(x.type).sizes)

    def because(self, output: Tensor, x: Tensor) -> str:
        return self.pattern


def _regroup(x: Expression, before: list[Group], after: list[Group], sizes: dict[str, Size]) -> Expression:
    """From one grouping of names to another: split, reorder, join, leaving out what changes nothing."""
    units = _units(before, after)
    order = [units.index(unit) for group in after for unit in _cut(group, units)]
    if order == sorted(order):
        return _resize(x, before, after, sizes)
    x = _resize(x, before, units, sizes)
    moved = [i for i, place in enumerate(order) if i != place]
    if len(moved) == 2:
        x = method(x, "transpose", *moved)
    else:
        x = method(x, "permute", *order)
    return _resize(x, [units[i] for i in order], after, sizes)


def _units(before: list[Group], after: list[Group]) -> list[Group]:
    """The longest runs of names that stay together: side by side on the left and inside one group on the right."""
    follows = {group[i]: group[i + 1] for group in after for i in range(len(group) - 1)}
    units: list[list[str]] = []
    last: str | None = None
    for name in (name for group in before for name in group):
        if last is not None and follows.get(last) == name:
            units[-1].append(name)
        else:
            units.append([name])
        last = name
    return [tuple(unit) for unit in units]


def _cut(group: Group, units: list[Group]) -> list[Group]:
    """A group of the right side as units."""
    starts = {unit[0]: unit for unit in units}
    return [starts[name] for name in group if name in starts]


def _resize(x: Expression, before: list[Group], after: list[Group], sizes: dict[str, Size]) -> Expression:
    """From one grouping to another of the same names in the same order."""
    if before == after:
        return x
    splits, joins = _changes(before, after)
    extents = [numel(sizes[name] for name in group) for group in after]
    simple = len(splits) + len(joins) == 1 and all(_openings(part, sizes) <= 1 for _, part in splits)
    if not simple and sum(isinstance(size, Dim) for size in extents) <= 1:
        return method(x, "reshape", *(-1 if isinstance(size, Dim) else size for size in extents))
    current = list(before)
    for axis, parts in reversed(splits):
        known: list[Any] = [numel(sizes[name] for name in part) for part in parts]
        open_at = next((i for i, size in enumerate(known) if isinstance(size, Dim)), None)
        if open_at is not None:
            known[open_at] = -1
        x = method(x, "unflatten", axis, tuple(known))
        current[axis : axis + 1] = parts
    _, joins = _changes(current, after)
    for axis, parts in reversed(joins):
        end = axis + len(parts) - 1
        x = method(x, "flatten", *((axis,) if end == len(current) - 1 else (axis, end)))
        current[axis : end + 1] = [tuple(name for part in parts for name in part)]
    return x


def _openings(parts: list[Group], sizes: dict[str, Size]) -> int:
    """How many parts of a split have a size that is only known at run time."""
    return sum(isinstance(numel(sizes[name] for name in part), Dim) for part in parts)


def _changes(before: list[Group], after: list[Group]) -> tuple[list[Change], list[Change]]:
    """The axes to split, as (axis before, its parts), and the axes to join, as (axis once split, its parts)."""
    edges = {0}
    for groups in (before, after):
        place = 0
        for group in groups:
            place += len(group)
            edges.add(place)

    def parts(group: Group, start: int) -> list[Group]:
        cuts = [e - start for e in sorted(edges) if start <= e <= start + len(group)]
        return [group[a:b] for a, b in zip(cuts, cuts[1:], strict=False)]

    splits, joins, place = [], [], 0
    for axis, group in enumerate(before):
        pieces = parts(group, place)
        if len(pieces) > 1:
            splits.append((axis, pieces))
        place += len(group)
    place = axis = 0
    for group in after:
        pieces = parts(group, place)
        if len(pieces) > 1:
            joins.append((axis, pieces))
        axis += len(pieces)
        place += len(group)
    return splits, joins
