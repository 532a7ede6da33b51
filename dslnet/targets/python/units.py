"""Drafts of classes, and classes: definitions whose source is the same but for numbers are one class.

Enters: a `Draft` for each definition. Leaves: `Unit`s. The numbers of the drafts of one unit are compared place by
place; those that differ become parameters, named after what they are in the spec: an argument of the block, a
size that it infers, a simple multiple of either; else after torch's own argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from .bodies import Body
from .names import MODULE_ATTRIBUTES, Names
from .statements import Assign, Delete, For, Return, Run, Statement
from .tree import Attribute, Binary, Call, Late, Literal, Name, Number, Tree, rewrite

Scalar = int | float | bool


@dataclass(slots=True)
class Set:
    """A line of the constructor: `target = tree`, or just `tree` where `target` is empty. `path` is the attribute."""

    target: str
    tree: Tree
    path: str = ""


@dataclass(slots=True)
class Parameter:
    """An argument of `forward`."""

    name: str
    annotation: str
    optional: bool = False


@dataclass(slots=True)
class Draft:
    """The source of one definition, its numbers still open. `base` is what the class inherits from, `start` are the
    arguments of its constructor."""

    body: Body
    base: Tree
    start: list[Tree]
    init: list[Set]
    inputs: list[Parameter]
    forward: list[Statement]
    returns: str
    locals: set[str] = field(default_factory=set)

    def trees(self) -> Iterator[tuple[str, Tree]]:
        """Every expression with where it stands, in the order of the text."""
        yield from (("init", t) for t in self.start)
        yield from (("init", line.tree) for line in self.init)
        yield from (("forward", t) for t in statement_trees(self.forward))

    def print(self) -> str:
        """The text but for numbers: equal for definitions that are one class."""
        shape = [repr(self.base), str(len(self.start)), repr([(line.target, line.path) for line in self.init])]
        shape += [repr(self.inputs), self.returns, _outline(self.forward)]
        return "\n".join(shape + [repr(_blank(t)) for _, t in self.trees()])


def statement_trees(statements: list[Statement]) -> Iterator[Tree]:
    for s in statements:
        if isinstance(s, (Assign, Run)):
            yield s.tree
        elif isinstance(s, Return):
            yield from s.trees
        elif isinstance(s, For):
            yield s.iterable
            yield from statement_trees(s.body)


def _outline(statements: list[Statement]) -> str:
    parts = []
    for s in statements:
        if isinstance(s, Assign):
            parts.append(" ".join(s.targets))
        elif isinstance(s, For):
            parts.append(f"for {' '.join(s.variables)} {{{_outline(s.body)}}}")
        elif isinstance(s, Delete):
            parts.append(f"del {' '.join(s.names)}")
        else:
            parts.append(type(s).__name__ + (str(len(s.trees)) if isinstance(s, Return) else ""))
    return ";".join(parts)


def _blank(tree: Tree) -> Tree:
    return rewrite(tree, lambda t: Name("#") if isinstance(t, Number) else None)


def change(statements: list[Statement], new: Callable[[Tree], Tree]) -> list[Statement]:
    """The statements with every expression replaced."""
    made: list[Statement] = []
    for s in statements:
        if isinstance(s, (Assign, Run)):
            made.append(replace(s, tree=new(s.tree)))
        elif isinstance(s, Return):
            made.append(replace(s, trees=[new(t) for t in s.trees]))
        elif isinstance(s, For):
            made.append(For(s.variables, new(s.iterable), change(s.body, new)))
        else:
            made.append(s)
    return made


@dataclass(slots=True, eq=False)
class Unit:
    """A class or function of the emitted file. `values` are the arguments with which each definition builds it."""

    number: int
    block: str
    function: bool
    drafts: list[Draft]
    parameters: list[str] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, Scalar]] = field(default_factory=dict)
    stored: list[tuple[str, str]] = field(default_factory=list)
    start: list[Tree] = field(default_factory=list)
    init: list[Set] = field(default_factory=list)
    forward: list[Statement] = field(default_factory=list)
    name: str = ""

    def __repr__(self) -> str:
        return f"<unit {self.number}>"

    @property
    def draft(self) -> Draft:
        return self.drafts[0]

    def arguments(self, key: str) -> tuple[tuple[Tree, ...], tuple[tuple[str, Tree], ...]]:
        """What one definition gives to the constructor: the first in order, what is no plain size by name."""
        args: list[Tree] = []
        keywords: list[tuple[str, Tree]] = []
        for number, name in enumerate(self.parameters):
            value = Number(self.values[key][name], name)
            if number < 3 and not keywords and self.kinds[name] == "int":
                args.append(value)
            else:
                keywords.append((name, value))
        return tuple(args), tuple(keywords)


@dataclass(slots=True)
class Function:
    """How a definition without modules is called."""

    unit: Unit
    key: str

    def call(
        self, args: tuple[Tree, ...], keywords: tuple[tuple[str, Tree], ...], training: Tree | None
    ) -> Tree:
        more_args, more = self.unit.arguments(self.key)
        extra: tuple[tuple[str, Tree], ...] = ()
        if any(p.name == "training" for p in self.unit.draft.inputs):
            extra = (("training", training or Attribute(Name("self"), "training")),)
        names = self.unit.parameters[: len(more_args)]
        return Call(Late(self.unit), args, (*keywords, *extra, *zip(names, more_args, strict=True), *more))


# ------------------------------------------------------------------------------------------------- numbers


def settle(unit: Unit) -> None:
    """Compare the numbers of the unit's drafts and make parameters of those that differ."""
    columns = [[(where, n) for where, tree in draft.trees() for n in numbers(tree)] for draft in unit.drafts]
    names = _Namer(unit)
    trees: list[Tree] = []
    for row in zip(*columns, strict=True):
        where, first = row[0]
        values = tuple(n.value for _, n in row)
        if all(v == values[0] and type(v) is type(values[0]) for v in values):
            known = names.constant(values, first.hint, where) if unit.draft.body.kind == "block" else None
            if known is None:
                trees.append(Literal(first.value))
            else:
                trees.append(_attributes(known, unit, names) if where == "forward" and not unit.function else known)
        else:
            tree = names.expression(values, first.hint)
            trees.append(_attributes(tree, unit, names) if where == "forward" and not unit.function else tree)
    queue = iter(trees)

    def new(tree: Tree) -> Tree:
        return tidy(rewrite(tree, lambda t: next(queue) if isinstance(t, Number) else None))

    draft = unit.draft
    unit.start = [new(t) for t in draft.start]
    unit.init = [replace(line, tree=new(line.tree)) for line in draft.init]
    unit.forward = change(draft.forward, new)
    for number, draft in enumerate(unit.drafts):
        unit.values[draft.body.key] = {name: names.vectors[name][number] for name in unit.parameters}


def numbers(tree: Tree) -> Iterator[Number]:
    """The numbers of an expression, in the order in which `rewrite` meets them."""
    found: list[Number] = []

    def note(part: Tree) -> Tree | None:
        if isinstance(part, Number):
            found.append(part)
            return part
        return None

    rewrite(tree, note)
    yield from found


def tidy(tree: Tree) -> Tree:
    """The expression without the keywords that say what torch assumes anyway."""

    def shorter(part: Tree) -> Tree | None:
        if not isinstance(part, Call) or not part.defaults:
            return None
        assumed = dict(part.defaults)
        kept = tuple((k, v) for k, v in part.keywords if not (k in assumed and _is(v, assumed[k])))
        return rewrite(replace(part, keywords=kept, defaults=()), shorter)

    return rewrite(tree, shorter)


def _is(tree: Tree, value: Any) -> bool:
    if not isinstance(tree, (Literal, Number)):
        return False
    return bool(tree.value == value) and isinstance(tree.value, bool) == isinstance(value, bool)


def _attributes(tree: Tree, unit: Unit, names: _Namer) -> Tree:
    """The expression on what the constructor stored."""

    def stored(part: Tree) -> Tree | None:
        if not isinstance(part, Name):
            return None
        known = dict(unit.stored)
        if part.id not in known:
            attribute = part.id
            while attribute in names.attributes or attribute in MODULE_ATTRIBUTES:
                attribute += "_"
            names.attributes.add(attribute)
            unit.stored.append((part.id, attribute))
            known[part.id] = attribute
        return Attribute(Name("self"), known[part.id])

    return rewrite(tree, stored)


class _Namer:
    """Finds a name, or a simple expression of names, for the numbers that one place has over the drafts."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.names = Names({"self"} | (set().union(*(d.locals for d in unit.drafts)) if unit.function else set()))
        self.attributes = {line.path.partition(".")[0] for line in unit.draft.init} | {"weight", "bias"}
        self.vectors: dict[str, tuple[Scalar, ...]] = {}
        self.known: dict[str, tuple[Scalar, ...]] = {}
        tables = [d.body.bindings for d in unit.drafts]
        for name in tables[0]:
            values = tuple(t.get(name) for t in tables)
            if all(isinstance(v, (int, float)) for v in values):
                self.known[name] = values  # type: ignore[assignment]
        self.given: dict[str, str] = {}

    def expression(self, values: tuple[Scalar, ...], hint: str) -> Tree:
        for name, vector in self.vectors.items():
            if _equal(vector, values):
                return Name(name)
        for name, vector in self.known.items():
            if _equal(vector, values):
                return Name(self._parameter(name, values))
        if all(isinstance(v, int) and not isinstance(v, bool) for v in values):
            whole: tuple[int, ...] = values  # type: ignore[assignment]
            for pool in (self.vectors, self.known):
                found = self._multiple(pool, whole, halves=not _is_input(hint))
                if found is not None:
                    return found
        return Name(self._parameter(hint, values))

    def constant(self, values: tuple[Scalar, ...], hint: str, where: str) -> Tree | None:
        """A name for a number that is the same in all uses: an argument of the block, a size that it infers, a
        multiple or a quotient of these. Small numbers are themselves, for they are too easily equal by chance."""
        value = values[0]
        if isinstance(value, bool) or abs(value) < 1 and not isinstance(value, float) or value in (0, 1, 2, 3, -1):
            return None
        pool = {n: v for n, v in self.known.items() if not isinstance(v[0], bool) and v[0] not in (0, 1)}
        for name, vector in pool.items():
            if vector == values and (value >= 8 or isinstance(value, float) or where == "init"):
                return Name(self._known(name, vector))
        if isinstance(value, float) or value < 16 or where == "forward":
            return None
        for name, vector in self.vectors.items():
            if _equal(vector, values):
                return Name(name)
        for name, vector in pool.items():
            whole = all(isinstance(v, int) for v in vector) and vector[0] >= 8
            for k in (2, 3, 4):
                if whole and all(k * v == w for v, w in zip(vector, values, strict=True)):
                    return Binary("*", Literal(k), Name(self._known(name, vector)))
        for a, left in pool.items():
            for b, right in pool.items():
                pairs = list(zip(left, right, values, strict=True))
                whole = all(isinstance(x, int) and isinstance(y, int) for x, y, _ in pairs)
                if a != b and whole and not _is_input(hint) and all(y > 1 and x == y * z for x, y, z in pairs):
                    return Binary("//", Name(self._known(a, left)), Name(self._known(b, right)))
        return Name(self._parameter(hint, values)) if _is_input(hint) else None

    def _multiple(
        self, pool: dict[str, tuple[Scalar, ...]], values: tuple[int, ...], halves: bool
    ) -> Tree | None:
        ints = {n: v for n, v in pool.items() if all(isinstance(e, int) and not isinstance(e, bool) for e in v)}
        for name, vector in ints.items():
            for k in (2, 3, 4, 6, 8, 16):
                if tuple(k * int(e) for e in vector) == values:
                    return Binary("*", Literal(k), Name(self._known(name, vector)))
            for k in (2, 3, 4, 8, 16):
                if halves and all(int(e) % k == 0 for e in vector) and tuple(int(e) // k for e in vector) == values:
                    return Binary("//", Name(self._known(name, vector)), Literal(k))
            for k in (-1, 1, 2):
                if tuple(int(e) + k for e in vector) == values:
                    return Binary("+" if k > 0 else "-", Name(self._known(name, vector)), Literal(abs(k)))
        for a, left in ints.items():
            for b, right in ints.items():
                pairs = [(int(x), int(y)) for x, y in zip(left, right, strict=True)]
                if a < b and tuple(x * y for x, y in pairs) == values and len(set(left)) > 1 and len(set(right)) > 1:
                    return Binary("*", Name(self._known(a, left)), Name(self._known(b, right)))
                exact = halves and a != b and all(y and x % y == 0 for x, y in pairs)
                if exact and tuple(x // y for x, y in pairs) == values:
                    return Binary("//", Name(self._known(a, left)), Name(self._known(b, right)))
                if a < b and tuple(x + y for x, y in pairs) == values:
                    return Binary("+", Name(self._known(a, left)), Name(self._known(b, right)))
        return None

    def _known(self, name: str, vector: tuple[Scalar, ...]) -> str:
        return name if name in self.vectors else self._parameter(name, vector)

    def _parameter(self, wanted: str, values: tuple[Scalar, ...]) -> str:
        for name, vector in self.vectors.items():
            if _equal(vector, values):
                return name
        name = self.names.new(wanted)
        self.vectors[name] = values
        self.unit.parameters.append(name)
        kinds = {type(v) if isinstance(v, (bool, float)) else int for v in values}
        self.unit.kinds[name] = "bool" if kinds == {bool} else "int" if kinds == {int} else "float"
        return name


def _is_input(hint: str) -> bool:
    """Whether a number is the size of something that flows in, which is nobody's fraction."""
    return hint.startswith("in_") or hint in ("num_features", "normalized_shape", "C", "D", "d", "m", "F", "E")


def _equal(a: tuple[Scalar, ...], b: tuple[Scalar, ...]) -> bool:
    return a == b and all(isinstance(x, bool) == isinstance(y, bool) for x, y in zip(a, b, strict=True))

