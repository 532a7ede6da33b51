"""The expressions of emitted Python, and their text on one line.

Enters: what the emitter puts together. Leaves: text with parentheses where precedence asks for them and spaces as
`ruff format` puts them. `Number` is a number that may become a parameter of its class, `Ref` a wire of the
function that is being written, `Extent` a size that is bound when the function is complete, `Late` a class whose
name is given when all are known.

Invariant: no node holds text of a spec. Names come from the allocator, values are printed by `literals.lit`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Sequence as Seq
from dataclasses import dataclass, field
from typing import Any

from ...node import node
from ...shape import Dim, Size
from .formulas import renamed
from .literals import lit


class Tree:
    """An expression."""

    __slots__ = ()


@node
class Name(Tree):
    """A name that the allocator gave, or a dotted one of torch."""

    id: str


@node
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


@node
class Ref(Tree):
    """A wire."""

    value: str


@node
class Extent(Tree):
    """A size that is known at run time only."""

    size: Dim


@dataclass(frozen=True, slots=True, eq=False)
class Late(Tree):
    """A class or function of the emitted file: the text is its `name`, which is settled last."""

    target: Any


@node
class Attribute(Tree):
    owner: Tree
    name: str


@node
class Call(Tree):
    """`defaults` are the keywords that may be left out when their value is this."""

    function: Tree
    args: tuple[Tree, ...] = ()
    keywords: tuple[tuple[str, Tree], ...] = ()
    defaults: tuple[tuple[str, Any], ...] = ()


@node
class Subscript(Tree):
    owner: Tree
    items: tuple[Tree, ...]


@node
class Slice(Tree):
    start: Tree | None = None
    stop: Tree | None = None
    step: Tree | None = None


@node
class Binary(Tree):
    operator: str
    left: Tree
    right: Tree


@node
class Unary(Tree):
    operator: str
    operand: Tree


@node
class Sequence(Tree):
    """A list `[`, a tuple `(` or a dictionary `{` of pairs."""

    bracket: str
    items: tuple[Tree, ...]


@node
class Numbered(Tree):
    """A string that ends in a number: `f"layer{i}"`."""

    stem: str
    number: Tree


@node
class Pair(Tree):
    """`"key": value` in a dictionary."""

    key: str | Numbered
    value: Tree


@node
class Star(Tree):
    operand: Tree
    sign: str = "*"


@node
class Comprehension(Tree):
    """`[element for variable in iterable]`, a generator with `(`, or a dict with `{`, whose element is an entry."""

    bracket: str
    element: Tree
    variable: str
    iterable: Tree


@node
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


#: The parts of an expression, in order of evaluation, by class; what is not here has none.
_PARTS: dict[type, Callable[[Any], Seq[Tree]]] = {
    Attribute: lambda t: (t.owner,),
    Call: lambda t: (t.function, *t.args, *[value for _, value in t.keywords]),
    Subscript: lambda t: (t.owner, *t.items),
    Slice: lambda t: [end for end in (t.start, t.stop, t.step) if end is not None],
    Binary: lambda t: (t.left, t.right),
    Unary: lambda t: (t.operand,),
    Star: lambda t: (t.operand,),
    Pair: lambda t: (t.value,) if isinstance(t.key, str) else (t.key, t.value),
    Sequence: lambda t: t.items,
    Numbered: lambda t: (t.number,),
    Comprehension: lambda t: (t.iterable, t.element),
    Choice: lambda t: (t.condition, t.yes, t.no),
}

Again = Callable[[Tree], Tree]

#: The same expression of parts that are made again, by class.
_AGAIN: dict[type, Callable[[Any, Again], Tree]] = {
    Attribute: lambda t, again: Attribute(again(t.owner), t.name),
    Call: lambda t, again: Call(
        again(t.function), tuple(map(again, t.args)), tuple([(k, again(v)) for k, v in t.keywords]), t.defaults
    ),
    Subscript: lambda t, again: Subscript(again(t.owner), tuple(map(again, t.items))),
    Slice: lambda t, again: Slice(*[None if end is None else again(end) for end in (t.start, t.stop, t.step)]),
    Binary: lambda t, again: Binary(t.operator, again(t.left), again(t.right)),
    Unary: lambda t, again: Unary(t.operator, again(t.operand)),
    Star: lambda t, again: Star(again(t.operand), t.sign),
    Pair: lambda t, again: Pair(
        t.key if isinstance(t.key, str) else Numbered(t.key.stem, again(t.key.number)), again(t.value)
    ),
    Sequence: lambda t, again: Sequence(t.bracket, tuple(map(again, t.items))),
    Numbered: lambda t, again: Numbered(t.stem, again(t.number)),
    Comprehension: lambda t, again: Comprehension(t.bracket, again(t.element), t.variable, again(t.iterable)),
    Choice: lambda t, again: Choice(again(t.yes), again(t.condition), again(t.no)),
}


def children(tree: Tree) -> Seq[Tree]:
    """The parts of an expression, in order of evaluation."""
    parts = _PARTS.get(type(tree))
    return () if parts is None else parts(tree)


def walk(tree: Tree) -> Iterator[Tree]:
    """An expression and all its parts, each before its own."""
    stack = [tree]
    while stack:
        part = stack.pop()
        yield part
        stack.extend(reversed(children(part)))


def rewrite(tree: Tree, change: Callable[[Tree], Tree | None]) -> Tree:
    """The expression with parts replaced: `change` gives the new part, or None to look inside."""

    def again(part: Tree) -> Tree:
        new = change(part)
        if new is not None:
            return new
        made = _AGAIN.get(type(part))
        return part if made is None else made(part, again)

    return again(tree)


def reworded(tree: Tree, env: Mapping[str, Size]) -> Tree:
    """The expression with the formulas of its numbers in the words of another body."""

    def moved(part: Tree) -> Tree | None:
        if isinstance(part, Number) and part.formula is not None:
            return Number(part.value, part.hint, renamed(part.formula, env))
        return None

    return rewrite(tree, moved)
