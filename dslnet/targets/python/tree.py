"""The expressions of emitted Python, and their text on one line.

Enters: what the emitter puts together. Leaves: text with parentheses where precedence asks for them and spaces as
`ruff format` puts them. `Number` is a number that may become a parameter of its class, `Ref` a wire of the
function that is being written, `Extent` a size that is bound when the function is complete, `Late` a class whose
name is given when all are known.

Invariant: no node holds text of a spec. Names come from the allocator, values are printed by `literals.lit`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...shape import Dim, Size
from .formulas import renamed
from .literals import lit


class Tree:
    """An expression."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Name(Tree):
    """A name that the allocator gave, or a dotted one of torch."""

    id: str


@dataclass(frozen=True, slots=True)
class Literal(Tree):
    value: Any


@dataclass(frozen=True, slots=True)
class Number(Tree):
    """A number of the spec. `formula` says what it is in the words of its block; `hint` names the parameter that it
    becomes when it differs between uses of a class and no formula is known."""

    value: int | float | bool
    hint: str = "n"
    formula: Dim | None = field(default=None, compare=False, repr=False)


def number(value: Any, hint: str = "n") -> Number:
    """A number with the formula that it may carry."""
    plain = value if isinstance(value, bool) else int(value) if isinstance(value, int) else float(value)
    return Number(plain, hint, getattr(value, "formula", None))


@dataclass(frozen=True, slots=True)
class Ref(Tree):
    """A wire."""

    value: str


@dataclass(frozen=True, slots=True)
class Extent(Tree):
    """A size that is known at run time only."""

    size: Dim


@dataclass(frozen=True, slots=True, eq=False)
class Late(Tree):
    """A class or function of the emitted file: the text is its `name`, which is settled last."""

    target: Any


@dataclass(frozen=True, slots=True)
class Attribute(Tree):
    owner: Tree
    name: str


@dataclass(frozen=True, slots=True)
class Call(Tree):
    """`defaults` are the keywords that may be left out when their value is this."""

    function: Tree
    args: tuple[Tree, ...] = ()
    keywords: tuple[tuple[str, Tree], ...] = ()
    defaults: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Subscript(Tree):
    owner: Tree
    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Slice(Tree):
    start: Tree | None = None
    stop: Tree | None = None
    step: Tree | None = None


@dataclass(frozen=True, slots=True)
class Binary(Tree):
    operator: str
    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Unary(Tree):
    operator: str
    operand: Tree


@dataclass(frozen=True, slots=True)
class Sequence(Tree):
    """A list `[`, a tuple `(` or a dictionary `{` of pairs."""

    bracket: str
    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Numbered(Tree):
    """A string that ends in a number: `f"layer{i}"`."""

    stem: str
    number: Tree


@dataclass(frozen=True, slots=True)
class Pair(Tree):
    """`"key": value` in a dictionary."""

    key: str | Numbered
    value: Tree


@dataclass(frozen=True, slots=True)
class Star(Tree):
    operand: Tree
    sign: str = "*"


@dataclass(frozen=True, slots=True)
class Comprehension(Tree):
    """`[element for variable in iterable]`, a generator with `(`, or a dict with `{`, whose element is an entry."""

    bracket: str
    element: Tree
    variable: str
    iterable: Tree


@dataclass(frozen=True, slots=True)
class Choice(Tree):
    """`yes if condition else no`."""

    yes: Tree
    condition: Tree
    no: Tree


ATOM = 20
CHOICE = 0
PRECEDENCE = {
    "or": 1, "and": 2, "not": 3, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "is": 4, "|": 5, "^": 6, "&": 7,
    "+": 9, "-": 9, "*": 10, "/": 10, "//": 10, "%": 10, "@": 10, "u-": 11, "u~": 11, "**": 12,
}  # fmt: skip
#: These form chains in Python, so neither side of one is another one.
COMPARISONS = frozenset(word for word, level in PRECEDENCE.items() if level == PRECEDENCE["=="])


def rank(tree: Tree) -> int:
    """The precedence of the outermost operator."""
    if isinstance(tree, Binary):
        return PRECEDENCE[tree.operator]
    if isinstance(tree, Unary):
        return PRECEDENCE["not" if tree.operator == "not" else "u" + tree.operator]
    if isinstance(tree, Choice):
        return CHOICE
    if isinstance(tree, (Literal, Number)) and _negative(tree):
        return PRECEDENCE["u-"]
    return ATOM


def _negative(tree: Literal | Number) -> bool:
    return isinstance(tree.value, (int, float)) and not isinstance(tree.value, bool) and lit(tree.value)[0] == "-"


def flat(tree: Tree, ref: Callable[[Tree], str] | None = None) -> str:
    """The text on one line; `ref` gives the text of a `Ref`, `Number` or `Extent` that is not settled."""

    def inner(part: Tree, least: int = 0) -> str:
        text = show(part)
        return f"({text})" if rank(part) < least else text

    def show(tree: Tree) -> str:
        if isinstance(tree, (Ref, Extent)) or (isinstance(tree, Number) and ref is not None):
            assert ref is not None, f"unsettled {tree}"
            return ref(tree)
        if isinstance(tree, Name):
            return tree.id
        if isinstance(tree, Late):
            return str(tree.target.name)
        if isinstance(tree, (Literal, Number)):
            return lit(tree.value)
        if isinstance(tree, Attribute):
            text = inner(tree.owner, ATOM)
            return (f"({text})" if text.isdigit() else text) + "." + tree.name
        if isinstance(tree, Call):
            return inner(tree.function, ATOM) + "(" + ", ".join(arguments(tree, inner)) + ")"
        if isinstance(tree, Subscript):
            return inner(tree.owner, ATOM) + "[" + ", ".join(map(item, tree.items)) + "]"
        if isinstance(tree, Slice):
            return item(tree)
        if isinstance(tree, Binary):
            return binary(tree)
        if isinstance(tree, Unary):
            space = " " if tree.operator == "not" else ""
            return tree.operator + space + inner(tree.operand, rank(tree))
        if isinstance(tree, Sequence):
            shown = ", ".join(map(inner, tree.items))
            if tree.bracket in "[{":
                return f"[{shown}]" if tree.bracket == "[" else f"{{{shown}}}"
            return f"({shown},)" if len(tree.items) == 1 else f"({shown})"
        if isinstance(tree, Pair):
            return f"{pair_key(tree)}: {inner(tree.value)}"
        if isinstance(tree, Star):
            return tree.sign + inner(tree.operand, PRECEDENCE["|"])
        if isinstance(tree, Numbered):
            return "f" + lit(f"{tree.stem}{{{inner(tree.number)}}}")
        if isinstance(tree, Comprehension):
            text = comprehension(tree, inner)
            return tree.bracket + text + {"[": "]", "(": ")", "{": "}"}[tree.bracket]
        if isinstance(tree, Choice):
            return f"{inner(tree.yes, 1)} if {inner(tree.condition, 1)} else {inner(tree.no)}"
        raise TypeError(tree)

    def binary(tree: Binary) -> str:
        level = PRECEDENCE[tree.operator]
        if tree.operator == "**":
            left, right = inner(tree.left, level + 1), inner(tree.right, PRECEDENCE["u-"])
            hug = _simple_power(tree.left) and _simple_power(tree.right)
            return f"{left}**{right}" if hug else f"{left} ** {right}"
        left = inner(tree.left, level + (tree.operator in COMPARISONS))  # Python would read a < b < c as a chain
        return f"{left} {tree.operator} {inner(tree.right, level + 1)}"

    def item(part: Tree) -> str:
        if not isinstance(part, Slice):
            return show(part)
        ends = [part.start, part.stop]
        texts = ["" if e is None else inner(e) for e in ends]
        spaced = any(e is not None and not _simple(e) for e in (*ends, part.step))
        left = f"{texts[0]} :" if spaced and texts[0] else f"{texts[0]}:"
        text = f"{left} {texts[1]}" if spaced and texts[1] else left + texts[1]
        if part.step is not None:
            step = inner(part.step)
            text += (" : " if spaced and texts[1] else ": " if spaced else ":") + step
        return text

    return show(tree)


def pair_key(tree: Pair) -> str:
    """The text of the key of a pair."""
    return lit(tree.key) if isinstance(tree.key, str) else flat(tree.key)


def comprehension(tree: Comprehension, inner: Callable[..., str]) -> str:
    return f"{inner(tree.element)} for {tree.variable} in {inner(tree.iterable, 1)}"


def arguments(tree: Call, inner: Callable[..., str]) -> list[str]:
    """The texts of the arguments of a call."""
    if len(tree.args) == 1 and not tree.keywords and isinstance(only := tree.args[0], Comprehension):
        if only.bracket == "(":
            return [comprehension(only, inner)]
    return [*map(inner, tree.args), *(f"{k}={inner(v)}" for k, v in tree.keywords)]


def _simple(tree: Tree) -> bool:
    """What `ruff format` puts no spaces around a slice's colon for."""
    if isinstance(tree, Unary):
        return tree.operator != "not" and _simple(tree.operand)
    return isinstance(tree, (Name, Literal, Number, Ref)) and not (isinstance(tree, Name) and "." in tree.id)


def _simple_power(tree: Tree) -> bool:
    if isinstance(tree, Unary):
        return tree.operator == "-" and isinstance(tree.operand, (Number, Literal))
    if isinstance(tree, Attribute):
        return _simple_power(tree.owner) and not isinstance(tree.owner, (Number, Literal))
    return isinstance(tree, (Name, Literal, Number, Ref))


def children(tree: Tree) -> Iterator[Tree]:
    """The parts of an expression, in order of evaluation."""
    if isinstance(tree, Attribute):
        yield tree.owner
    elif isinstance(tree, Call):
        yield tree.function
        yield from tree.args
        yield from (v for _, v in tree.keywords)
    elif isinstance(tree, Subscript):
        yield tree.owner
        yield from tree.items
    elif isinstance(tree, Slice):
        yield from (e for e in (tree.start, tree.stop, tree.step) if e is not None)
    elif isinstance(tree, Binary):
        yield tree.left
        yield tree.right
    elif isinstance(tree, (Unary, Star)):
        yield tree.operand
    elif isinstance(tree, Pair):
        if not isinstance(tree.key, str):
            yield tree.key
        yield tree.value
    elif isinstance(tree, Sequence):
        yield from tree.items
    elif isinstance(tree, Numbered):
        yield tree.number
    elif isinstance(tree, Comprehension):
        yield tree.iterable
        yield tree.element
    elif isinstance(tree, Choice):
        yield tree.condition
        yield tree.yes
        yield tree.no


def walk(tree: Tree) -> Iterator[Tree]:
    """An expression and all its parts."""
    yield tree
    for child in children(tree):
        yield from walk(child)


def rewrite(tree: Tree, change: Callable[[Tree], Tree | None]) -> Tree:
    """The expression with parts replaced: `change` gives the new part, or None to look inside."""
    new = change(tree)
    if new is not None:
        return new

    def again(part: Tree) -> Tree:
        return rewrite(part, change)

    def maybe(part: Tree | None) -> Tree | None:
        return None if part is None else again(part)

    if isinstance(tree, (Name, Literal, Number, Ref, Extent, Late)):
        return tree
    if isinstance(tree, Attribute):
        return Attribute(again(tree.owner), tree.name)
    if isinstance(tree, Call):
        function, args = again(tree.function), tuple([again(a) for a in tree.args])
        return Call(function, args, tuple([(k, again(v)) for k, v in tree.keywords]), tree.defaults)
    if isinstance(tree, Subscript):
        return Subscript(again(tree.owner), tuple([again(i) for i in tree.items]))
    if isinstance(tree, Slice):
        return Slice(maybe(tree.start), maybe(tree.stop), maybe(tree.step))
    if isinstance(tree, Binary):
        return Binary(tree.operator, again(tree.left), again(tree.right))
    if isinstance(tree, (Unary, Star)):
        return replace(tree, operand=again(tree.operand))
    if isinstance(tree, Pair):
        key = tree.key if isinstance(tree.key, str) else Numbered(tree.key.stem, again(tree.key.number))
        return Pair(key, again(tree.value))
    if isinstance(tree, Sequence):
        return Sequence(tree.bracket, tuple([again(i) for i in tree.items]))
    if isinstance(tree, Numbered):
        return Numbered(tree.stem, again(tree.number))
    if isinstance(tree, Comprehension):
        return replace(tree, element=again(tree.element), iterable=again(tree.iterable))
    if isinstance(tree, Choice):
        return Choice(again(tree.yes), again(tree.condition), again(tree.no))
    return tree


def reworded(tree: Tree, env: Mapping[str, Size]) -> Tree:
    """The expression with the formulas of its numbers in the words of another body."""

    def moved(part: Tree) -> Tree | None:
        if isinstance(part, Number) and part.formula is not None:
            return Number(part.value, part.hint, renamed(part.formula, env))
        return None

    return rewrite(tree, moved)
