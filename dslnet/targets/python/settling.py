"""Numbers made literals or parameters.

Enters: a `Unit`, whose drafts are the same but for numbers, and what the names of their bodies mean. Leaves: the
unit with its parameters. A number is written as its formula in the names of its block, if that is its value in every
draft; what no formula explains is a literal where it is the same everywhere, and else a parameter with torch's name.

Invariant: the class makes for each definition what that definition says, whatever the formulas are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...limits import LimitReached
from ...node import replace
from ...shape import Dim, Size, free, solve, substitute
from .expressions import size
from .formulas import Named, agrees, simpler, whole_terms
from .names import MODULE_ATTRIBUTES, Names
from .tracing import Meaning
from .tree import Attribute, Binary, Call, Comprehension, Literal, Name, Number, Tree, rewrite, walk
from .units import Scalar, Unit, change, numbers

#: Numbers of this kind say nothing of where they come from; the same in all uses, they stay what they are.
SMALL = (0, 1, 2, 3, -1)
#: What torch calls a size that follows from another one, that of what flows in.
FOLLOWING = ("in_channels", "in_features", "input_size", "normalized_shape", "num_channels", "num_features")


def settle(unit: Unit, meanings: Mapping[str, Meaning], frame: str) -> None:
    """Make parameters of the numbers of a unit. `frame` is `entry`, `part` (of it) or `block`."""
    columns = [[(where, n) for where, tree in draft.trees() for n in numbers(tree)] for draft in unit.drafts]
    namer = _Namer(unit, [meanings[d.body.key] for d in unit.drafts], frame)
    rows = [(row[0][0], [n for _, n in row]) for row in zip(*columns, strict=True)]
    trees: list[Tree] = []
    for where, row in rows:
        tree = namer.tree(row)
        trees.append(namer.stored(tree) if where == "forward" and not unit.function else tree)
    queue = iter(trees)

    def new(tree: Tree) -> Tree:
        return tidy(rewrite(tree, lambda t: next(queue) if isinstance(t, Number) else None))

    draft = unit.draft
    unit.start = [new(t) for t in draft.start]
    unit.init = [replace(line, tree=new(line.tree)) for line in draft.init]
    unit.forward = change(draft.forward, new)
    unit.methods = [replace(m, statements=change(m.statements, new)) for m in draft.methods]
    unit.words = namer.words
    namer.finish()


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


def _equal(values: list[Any] | tuple[Any, ...]) -> bool:
    return all(v == values[0] and type(v) is type(values[0]) for v in values)


class _Namer:
    """Finds what to write for the numbers that one place has over the drafts of a unit."""

    def __init__(self, unit: Unit, meanings: list[Meaning], frame: str) -> None:
        self.unit, self.meanings, self.frame = unit, meanings, frame
        self.names = Names({"self"} | (set().union(*(d.locals for d in unit.drafts)) if unit.function else set()))
        for line in unit.draft.init:  # the variable of a comprehension would hide a parameter of its name
            self.names.taken.update(part.variable for part in walk(line.tree) if isinstance(part, Comprehension))
        self.attributes = {line.path.partition(".")[0] for line in unit.draft.init} | {"weight", "bias"}
        self.values: dict[str, tuple[Any, ...]] = {}
        for name in meanings[0].values:
            if all(name in m.values for m in meanings):
                self.values[name] = tuple(m.values[name] for m in meanings)
        self.symbols: dict[str, str] = {}  # the parameter of a name of the block
        self.plain: dict[str, list[Number]] = {}  # the numbers of a parameter that has no name in the block
        self.counts: set[str] = set()  # the names that are numbers of rounds
        self.instead = self._eliminated()

    # ------------------------------------------------------------------------------------------------ formulas

    def _eliminated(self) -> dict[str, Size]:
        """The sizes of inputs that are always something else of the block: both ends of a shortcut."""
        instead: dict[str, Size] = {}
        first = self.meanings[0]
        for name in first.unnamed:
            alike = [a for a in first.alike.get(name, []) if all(a in m.alike.get(name, []) for m in self.meanings)]
            if alike and name in self.values:
                instead[name] = free(alike[0])
        order = sorted(first.places, key=lambda n: (n not in first.unnamed, -list(first.places).index(n)))
        for a, b in dict.fromkeys(pair for m in self.meanings for pair in m.equal):
            left, right = self._put(a, instead), self._put(b, instead)
            difference = left - right
            if not isinstance(difference, Dim):
                continue
            holds = all(_value(left, m) is not None and _value(left, m) == _value(right, m) for m in self.meanings)
            for name in order:
                if not holds or name in instead or name not in difference.symbols():
                    continue
                solved = solve(difference, name, 0)
                if solved is not None and not (isinstance(solved, Dim) and name in solved.symbols()):
                    instead = {k: self._put(v, {name: solved}) for k, v in instead.items()}
                    instead[name] = solved
                    break
        return instead

    def _put(self, formula: Size, names: Mapping[str, Size]) -> Size:
        try:
            return substitute(formula, names) if names else formula
        except LimitReached:
            return formula

    def _constant(self, name: str) -> bool:
        """Whether a name stands for a literal in this class."""
        values = self.values.get(name, ())
        if not values or not _equal(values):
            return False
        return self.frame != "block" or isinstance(values[0], bool) or values[0] in SMALL

    def _formula(self, row: list[Number]) -> Size | None:
        """The formula that is right in every draft, constants put in; None when there is none."""
        if self.frame == "entry" or any(n.formula is None for n in row):
            return None
        for formula in dict.fromkeys(n.formula for n in row):
            assert formula is not None
            made = self._put(formula, self.instead)
            made = simpler(made, self.meanings[0].values) if isinstance(made, Dim) else made
            if isinstance(made, Dim) and all(
                agrees(made, m.values, n.value) for m, n in zip(self.meanings, row, strict=True)
            ):
                fixed = {n: self.values[n][0] for n in made.symbols() if self._constant(n)}
                whole = {n: v for n, v in fixed.items() if isinstance(v, int)}
                return None if len(fixed) != len(whole) else self._put(made, whole)
        return None

    def tree(self, row: list[Number]) -> Tree:
        """What is written for the numbers of one place."""
        values = [n.value for n in row]
        formula = self._formula(row)
        if isinstance(formula, Dim):
            written = size(formula, lambda part: self._resolved(part, row[0].hint, formula))
            if written is not None:
                return written
        if row[0].hint == "depth" and self.frame != "entry":
            counted = self._counted(values)
            if counted is not None:
                return counted
        if _equal(values):
            return Literal(values[0])
        for name, vector in self.values.items():
            if name not in self.meanings[0].places and _same(vector, values):
                return Name(self._parameter(name, name))
        for name, numbers_ in self.plain.items():
            if all(_alike(a, b) for a, b in zip(numbers_, row, strict=True)):
                return Name(name)
            if row[0].hint in FOLLOWING and not _equal(values) and _same([n.value for n in numbers_], values):
                return Name(name)
        name = self.names.new(row[0].hint)
        self.plain[name] = row
        return Name(name)

    def words(self, sizes: list[Size]) -> str:
        """The size that one axis has over the drafts, in the names of the parameters; empty when it has no name."""
        row = [Number(int(s), "n", s.formula) for s in sizes if isinstance(s, Named)]
        formula = self._formula(row) if len(row) == len(sizes) else None
        if not isinstance(formula, Dim):
            return "" if formula is None else str(formula)
        if any(name not in self.symbols for name in formula.symbols()):
            return ""
        return whole_terms(self._put(formula, {name: free(self.symbols[name]) for name in formula.symbols()}))

    def _resolved(self, part: Dim, hint: str, formula: Dim) -> Tree | None:
        symbol = part.symbol()
        if symbol is None:
            return None
        return Name(self._parameter(symbol.name, hint if formula == part else ""))

    def _parameter(self, name: str, hint: str) -> str:
        """The parameter for a name of the block, or for a size of an input that has none."""
        if name not in self.symbols:
            wanted = name
            if name in self.meanings[0].unnamed:
                axis = int(name.partition(".")[2])
                type_ = self.unit.draft.body.inputs[self.meanings[0].places[name][0]].type
                rank = getattr(type_, "rank", 2)
                wanted = "in_channels" if axis == 1 and rank != 2 else "in_features" if axis == rank - 1 else "size"
                wanted = hint if hint not in ("", "n", "size", "normalized_shape", "num_features") else wanted
            self.symbols[name] = self.names.new(wanted)
        return self.symbols[name]

    def _counted(self, values: list[Any]) -> Tree | None:
        """A number of rounds: an argument of the block, or one more or less than it."""
        found: dict[str, int] = {}
        for name, vector in self.values.items():
            if name in self.meanings[0].places or any(type(v) is not int for v in vector):
                continue
            more = values[0] - vector[0]
            if abs(more) <= 1 and all(v + more == w for v, w in zip(vector, values, strict=True)):
                found[name] = more
        told = {n: k for n, k in found.items() if not _equal(values)}
        if not told:  # a name that is a size as well is as large by chance
            sizes = self.symbols.keys() - self.counts
            told = {n: k for n, k in found.items() if k == 0 and not self._constant(n) and n not in sizes}
        if not told or (_equal(values) and len(told) > 1):
            return None
        name = min(told, key=lambda n: abs(told[n]))
        self.counts.add(name)
        tree = Name(self._parameter(name, name))
        return tree if not told[name] else Binary("+" if told[name] > 0 else "-", tree, Literal(abs(told[name])))

    # ---------------------------------------------------------------------------------------------- parameters

    def stored(self, tree: Tree) -> Tree:
        """The expression on what the constructor stored."""
        unit = self.unit

        def attribute_of(part: Tree) -> Tree | None:
            if not isinstance(part, Name):
                return None
            known = dict(unit.stored)
            if part.id not in known:
                attribute = part.id
                while attribute in self.attributes or attribute in MODULE_ATTRIBUTES:
                    attribute += "_"
                self.attributes.add(attribute)
                unit.stored.append((part.id, attribute))
                known[part.id] = attribute
            return Attribute(Name("self"), known[part.id])

        return rewrite(tree, attribute_of)

    def finish(self) -> None:
        """The parameters in the order of the spec: sizes of what flows in, arguments, then what has no name."""
        unit, first = self.unit, self.meanings[0]
        order = [*first.values]
        inputs = [n for n in first.places if n in self.symbols]
        others = sorted((n for n in self.symbols if n not in first.places), key=order.index)
        for name in [*inputs, *others]:
            unit.parameters.append(self.symbols[name])
            unit.kinds[self.symbols[name]] = _kind(self.values[name])
        for name, row in self.plain.items():
            unit.parameters.append(name)
            unit.kinds[name] = _kind(tuple(n.value for n in row))
        for number, (draft, meaning) in enumerate(zip(unit.drafts, self.meanings, strict=True)):
            values: dict[str, Scalar] = {}
            formulas: dict[str, Dim | None] = {}
            for name in [*inputs, *others]:
                values[self.symbols[name]], formulas[self.symbols[name]] = meaning.values[name], free(name)
            for name, row in self.plain.items():
                values[name], formulas[name] = row[number].value, row[number].formula
            unit.values[draft.body.key] = values
            unit.formulas[draft.body.key] = formulas


def _value(formula: Size, meaning: Meaning) -> int | None:
    if not isinstance(formula, Dim):
        return formula
    if any(type(meaning.values.get(n)) is not int for n in formula.symbols()):
        return None
    made = substitute(formula, {n: meaning.values[n] for n in formula.symbols()})
    return made if isinstance(made, int) else None


def _same(a: Any, b: Any) -> bool:
    return tuple(a) == tuple(b) and all(isinstance(x, bool) == isinstance(y, bool) for x, y in zip(a, b, strict=True))


def _alike(a: Number, b: Number) -> bool:
    """Whether two numbers may be one parameter."""
    if a.value != b.value or isinstance(a.value, bool) != isinstance(b.value, bool):
        return False
    return a.formula == b.formula if a.formula is not None else b.formula is None and a.hint == b.hint


def _kind(values: tuple[Any, ...]) -> str:
    kinds = {type(v) if isinstance(v, (bool, float)) else int for v in values}
    return "bool" if kinds == {bool} else "int" if kinds == {int} else "float"
