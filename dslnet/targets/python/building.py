"""What a constructor builds: modules, lists of modules, free parameters.

Enters: the instances and params of a body. Leaves: expressions such as `nn.Conv2d(3, 64, 7, stride=2)` and
`nn.ModuleList(Block(768, 12) for _ in range(12))`. A repeat never takes more lines than it has different rounds,
and rounds whose numbers follow a rule are one comprehension.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from math import prod
from typing import Any

from ...graph import Initial, Instance, Param, State
from ...node import replace
from ...shape import Dim, Tensor
from .allowlist import InternalError
from .literals import lit
from .names import LoopNames
from .tree import (
    Attribute,
    Binary,
    Call,
    Comprehension,
    Extent,
    Literal,
    Name,
    Number,
    Numbered,
    Pair,
    Sequence,
    Star,
    Tree,
    number,
    rewrite,
    walk,
)
from .units import numbers

_INIT = {
    "Normal": ("normal_", "std"), "TruncatedNormal": ("trunc_normal_", "std"), "Uniform": ("uniform_", ""),
    "Xavier": ("xavier_uniform_", ""), "Kaiming": ("kaiming_uniform_", ""),
    "Orthogonal": ("orthogonal_", ""), "Eye": ("eye_", ""),
}  # fmt: skip


def initialised(target: Tree, initial: Initial) -> Tree:
    """A call that fills a tensor in place."""
    if initial.kind == "number":
        value = initial.arguments[0]
        return Call(Name("nn.init.constant_"), (target, Number(value, "value")))
    function, keyword = _INIT[initial.kind]
    values = [Number(v, "std") for v in initial.arguments]
    if initial.kind == "Uniform" and values:
        bound = values[0]
        return Call(Name("nn.init.uniform_"), (target, Number(-bound.value, "low"), bound))
    keywords = tuple((keyword, v) for v in values[:1]) if keyword else ()
    return Call(Name(f"nn.init.{function}"), (target, *(() if keyword else values)), keywords)


def free_tensor(param: Param) -> Tree:
    """The tensor that a `param` or a `buffer` starts as."""
    type_ = param.value.type
    assert isinstance(type_, Tensor)
    sizes = tuple(number(_known(s), "size") for s in type_.sizes)
    initial = param.initial
    if initial.kind == "table":
        tree = table(initial.arguments[0])
        if type_.dtype == "float" and is_whole(initial.arguments[0]):
            tree = Call(Attribute(tree, "float"))
        return _filled(tree, _length_of(initial.arguments[0]), sizes)
    if initial.kind == "number":
        value = initial.arguments[0]
        if type_.dtype == "float" and value in (0, 1):
            return Call(Name("torch.zeros" if value == 0 else "torch.ones"), sizes or (Sequence("(", ()),))
        if type_.dtype == "bool":
            return Call(Name("torch.full"), (Sequence("(", sizes), Literal(bool(value))))
        if type_.dtype == "float":
            value = float(value)
        return Call(Name("torch.full"), (Sequence("(", sizes), Number(value, "value")))
    if initial.kind == "Normal" and initial.arguments:
        drawn = Call(Name("torch.randn"), sizes or (Sequence("(", ()),))
        return Binary("*", Number(initial.arguments[0], "std"), drawn)
    return initialised(Call(Name("torch.empty"), sizes or (Sequence("(", ()),)), initial)


def _length_of(tree: Any) -> int:
    """How many numbers a table has: as many as each `range` in it."""
    stack = [tree]
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            if part[0] == "range":
                return int(part[1])
            stack += part[1:]
    return 1


def _filled(tree: Tree, length: int, sizes: tuple[Tree, ...]) -> Tree:
    """A table as a tensor of these sizes: its numbers are those of the last axes, and the others repeat them."""
    whole = [int(size.value) for size in sizes if isinstance(size, Number)]
    ends = [axis for axis in range(len(whole)) if prod(whole[axis:]) == length]
    if len(whole) == 1 or not ends:
        return tree
    axis = min(ends)
    if axis < len(whole) - 1:
        tree = Call(Attribute(tree, "reshape"), sizes[axis:])
    return Call(Attribute(tree, "repeat"), (*sizes[:axis], *[Literal(1)] * (len(whole) - axis))) if axis else tree


def first_state(state: State, flow: Tree, dtype: Tree | None) -> Tree:
    """The first value of a recurrent state, made from what flows; `dtype` is written where it is not that of the
    flow."""
    type_ = state.value.type
    assert isinstance(type_, Tensor) and state.initial is not None and state.initial.kind == "number"
    sizes = tuple(Extent(s) if isinstance(s, Dim) else number(s, "width") for s in type_.sizes)
    more = () if dtype is None else (("dtype", dtype),)
    value = state.initial.arguments[0]
    if value == 0:
        return Call(Attribute(flow, "new_zeros"), sizes or (Sequence("(", ()),), more)
    whole = Literal(bool(value)) if type_.dtype == "bool" else number(value, "value")
    return Call(Attribute(flow, "new_full"), (Sequence("(", sizes), whole), more)


def is_whole(tree: Any) -> bool:
    """Whether torch makes a table of whole numbers of this one."""
    if not isinstance(tree, tuple):
        return isinstance(tree, int)
    return tree[0] in ("range", "+", "-", "*", "//", "%", "**", "abs") and all(map(is_whole, tree[1:]))


def table(tree: Any) -> Tree:
    """Arithmetic on `range(n)`: `("*", ("range", 8), 0.5)`."""
    if isinstance(tree, (int, float)):
        return Number(tree, "value")
    word, *rest = tree
    if word == "range":
        return Call(Name("torch.arange"), tuple(Number(r, "size") for r in rest))
    parts = [table(part) for part in rest]
    if word in ("+", "-", "*", "/", "//", "%", "**", "@") and len(parts) == 2:
        return Binary(word, parts[0], parts[1])
    if word == "-" and len(parts) == 1:
        return Binary("*", Literal(-1), parts[0])
    if word in ("exp", "log", "sqrt", "abs", "sin", "cos") and len(parts) == 1:
        return Call(Attribute(parts[0], word))
    raise InternalError(f"a table has no operation {word!r}")


def _known(size: Any) -> int:
    if not isinstance(size, int):
        raise InternalError(f"the size {size} of a parameter is not known")
    return size


def parametrized(tree: Tree, instance: Instance) -> Tree:
    """A module with what the spec asks of it: normalised weights, no gradient."""
    if instance.parametrization is not None:
        tree = Call(Name(f"nn.utils.parametrizations.{instance.parametrization}"), (tree,))
    if instance.frozen:
        tree = Call(Attribute(tree, "requires_grad_"), (Literal(False),))
    return tree


# ------------------------------------------------------------------------------------------------- rounds


def rounds(parts: list[tuple[Tree, int]], loop_name: LoopNames) -> list[Tree]:
    """The arguments of a container: one item for each run of equal modules, or a comprehension over those that are of
    one class with numbers that follow a rule."""
    merged: list[tuple[Tree, int]] = []
    for tree, count in parts:
        if merged and merged[-1][0] == tree:
            merged[-1] = (tree, merged[-1][1] + count)
        else:
            merged.append((tree, count))
    alike = [list(run) for _, run in groupby(merged, lambda part: _blank(part[0]))]
    items: list[Tree] = []
    for run in alike:
        fitted = _fitted(run, loop_name) if len(run) > 2 else None
        if fitted is not None:
            items.append(fitted if len(alike) == 1 else Star(fitted))
            continue
        for tree, count in run:
            if count == 1:
                items.append(tree)
            else:
                many = Call(Name("range"), (Number(count, "depth"),))
                made = Comprehension("(", tree, "_", many)
                items.append(made if len(merged) == 1 else Star(made))
    return items


def _blank(tree: Tree) -> str:
    """A module without its numbers."""
    return repr(rewrite(tree, lambda p: Name("#") if isinstance(p, Number) else None))


def named_rounds(instance: Instance, trees: list[tuple[Tree, int]], loop_name: LoopNames) -> Tree:
    """A dict of rounds by name: `layer1`, `layer2`, …."""
    made = rounds(trees, loop_name)
    first, index = instance.start, loop_name.new("i")

    def named(tree: Comprehension, start: int, total: int) -> Comprehension:
        number: Tree = Name(index)
        if tree.variable == "_":
            ends = (Number(start, "start"), Number(start + total, "stop"))
            made = Comprehension("{", tree.element, index, Call(Name("range"), ends if start else ends[1:]))
        elif tree.variable == index:
            number = Binary("+", number, Number(start, "start")) if start else number
            made = replace(tree, bracket="{")
        else:
            begin = (Number(start, "start"),) if start else ()
            listed = Call(Name("enumerate"), (tree.iterable, *begin))
            made = Comprehension("{", tree.element, f"{index}, {tree.variable}", listed)
        return replace(made, element=Pair(Numbered(instance.stem, number), made.element))

    total = sum(count for _, count in trees)
    if len(made) == 1 and isinstance(made[0], Comprehension):
        return named(made[0], first, total)
    entries: list[Tree] = []
    for item in made:
        if isinstance(item, Star):
            assert isinstance(item.operand, Comprehension)
            depth = _length(item.operand)
            entries.append(Star(named(item.operand, first, depth), "**"))
            first += depth
        else:
            entries.append(Pair(f"{instance.stem}{first}", item))
            first += 1
    return Sequence("{", tuple(entries))


def _length(tree: Comprehension) -> int:
    """How many rounds a comprehension of `rounds` makes."""
    if isinstance(tree.iterable, Sequence):
        return len(tree.iterable.items)
    assert isinstance(tree.iterable, Call) and isinstance(tree.iterable.args[0], Number)
    return int(tree.iterable.args[0].value)


def _fitted(merged: list[tuple[Tree, int]], loop_name: LoopNames) -> Tree | None:
    """One comprehension for rounds that are the same but for numbers that follow a rule, or are listed."""
    columns = [list(column) for column in zip(*(numbers(t) for t, _ in merged), strict=True)]
    rows = [[n for n, (_, count) in zip(column, merged, strict=True) for _ in range(count)] for column in columns]
    total = sum(count for _, count in merged)
    inner = _variables(tree for tree, _ in merged)
    index = loop_name.new("i", inner)
    made: list[Tree | None] = [_rule(row, index) for row in rows]
    if all(tree is not None for tree in made):
        queue = iter(made)
        element = rewrite(merged[0][0], lambda p: next(queue) if isinstance(p, Number) else None)
        if all(tree is row[0] for tree, row in zip(made, rows, strict=True)):
            index = "_"
        return Comprehension("(", element, index, Call(Name("range"), (Number(total, "depth"),)))
    values = [[n.value for n in row] for row in rows]
    varying = [n for n, row in enumerate(values) if len(set(row)) > 1]
    if len({tuple(values[n]) for n in varying}) == 1 and len(rows[varying[0]]) <= 16:
        hints = [columns[n][0].hint for n in varying]
        hint = next((h for h in hints if h != "padding"), hints[0])  # which follows from the others
        variable = loop_name.new(hint if hint != "n" else "size", inner)
        place = iter(range(len(columns)))
        element = rewrite(
            merged[0][0],
            lambda p: (Name(variable) if next(place) in varying else p) if isinstance(p, Number) else None,
        )
        listed = tuple(replace(n, hint=hint) for n in rows[varying[0]])
        return Comprehension("(", element, variable, Sequence("(", listed))
    return None


def _variables(trees: Iterable[Tree]) -> set[str]:
    """The variables of the comprehensions in some expressions."""
    return {part.variable for tree in trees for part in walk(tree) if isinstance(part, Comprehension)}


def _steps(row: list[Number], index: str) -> Tree | None:
    """A rule for numbers that grow by the same amount, in the words of their block: `width + growth * i`."""
    if len(row) < 3 or not all(isinstance(n.value, int) and not isinstance(n.value, bool) for n in row):
        return None
    sizes: list[Any] = [n.value if n.formula is None else n.formula for n in row]
    values: list[Any] = [n.value for n in row]
    grown, step = sizes[1] - sizes[0], values[1] - values[0]
    places = range(1, len(row))
    if any(sizes[n] - sizes[n - 1] != grown or values[n] - values[n - 1] != step for n in places):
        return None
    amount = Number(step, "step", grown if isinstance(grown, Dim) else None)
    return Binary("+", row[0], Binary("*", amount, Name(index)))


def _rule(row: list[Number], index: str) -> Tree | None:
    """A rule for a sequence of numbers: constant, linear, powers, or one of these with a period."""
    values: list[Any] = [n.value for n in row]
    hint = row[0].hint
    if all(v == values[0] and type(v) is type(values[0]) for v in values):
        return row[0]
    if any(n.formula is not None for n in row):
        return _steps(row, index)
    if not all(isinstance(v, int) and not isinstance(v, bool) for v in values):
        return None
    for period in range(2, len(values) + 1):
        if any(values[n] != values[n % period] for n in range(len(values))):
            continue
        if period < len(values) and (period < 3 or len(values) < 2 * period):
            continue
        i: Tree = Name(index)
        if period < len(values):
            i = Binary("%", i, Number(period, "period"))
        cycle = values[:period]
        step = cycle[1] - cycle[0]
        if all(v == cycle[0] + n * step for n, v in enumerate(cycle)):
            scaled = i if step == 1 else Binary("*", Number(step, "step"), i)
            return scaled if cycle[0] == 0 else Binary("+", Number(cycle[0], hint), scaled)
        ratio = cycle[1] // cycle[0] if cycle[0] > 0 and cycle[1] % cycle[0] == 0 else 0
        if ratio > 1 and all(v == cycle[0] * ratio**n for n, v in enumerate(cycle)):
            power = Binary("**", Number(ratio, "ratio"), i)
            return power if cycle[0] == 1 else Binary("*", Number(cycle[0], hint), power)
        return None
    return None


__all__ = ["free_tensor", "initialised", "lit", "named_rounds", "parametrized", "rounds"]
