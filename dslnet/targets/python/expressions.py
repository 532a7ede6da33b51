"""An operator's code tree as an expression of the emitted source.

Enters: what `Operator.torch` returns, and a `Site` that knows what the inputs and modules are called here. Leaves:
a `Tree`, in which numbers may still become parameters and symbolic sizes are `Extent`s.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ...ops import Operator, code
from ...shape import Dim, Tensor
from .allowlist import InternalError
from .torch_signatures import signature
from .tree import (
    Attribute,
    Binary,
    Call,
    Extent,
    Literal,
    Name,
    Number,
    Sequence,
    Slice,
    Subscript,
    Tree,
    Unary,
    number,
)

#: Functions of Python that a code tree may call by name.
BUILTINS = frozenset("abs float int len list max min sum tuple zip".split())


def idle(operator: Operator) -> bool:
    """Whether a box gives what it takes: the identity, or a dropout of nothing."""
    made = operator.torch(Tensor(())) if operator.name in ("Identity", "Dropout") else None
    if isinstance(made, code.Apply) and made.function == "F.dropout":
        return bool(made.args[1] == 0)
    return isinstance(made, code.Input)


def _missing(*_: Any) -> Tree:
    raise InternalError("a code tree refers to something that this box does not have")


@dataclass(slots=True)
class Site:
    """What the leaves of a code tree stand for at one box. `hints` maps numbers to the names of the operator's
    arguments; `support` collects the names of `boxes.py` that are used."""

    inputs: list[Tree | None] = field(default_factory=list)
    rest: Callable[[int], Tree] = _missing
    own: Callable[[], Tree] = _missing
    held: Callable[[str], Tree] = _missing
    bodies: Callable[[int], Tree] = _missing
    training: Callable[[], Tree] = lambda: Attribute(Name("self"), "training")
    floats: Callable[[], Tree] = lambda: Name("torch.float32")
    support: Callable[[str], Tree] = _missing
    hints: dict[Any, str] = field(default_factory=dict)
    call_own: Callable[[tuple[Tree, ...], tuple[tuple[str, Tree], ...]], Tree] | None = None


def translate(value: Any, site: Site, hint: str = "n") -> Tree:
    """A code tree, or a plain value in one, as a tree of the emitted source."""
    match value:
        case code.Input(index, rest):
            if rest:
                return site.rest(index)
            found = site.inputs[index] if index < len(site.inputs) else None
            return Literal(None) if found is None else found
        case code.Own():
            return site.own()
        case code.Held(name):
            return site.held(name)
        case code.Bodies(count):
            return site.bodies(count)
        case code.Training():
            return site.training()
        case code.Floats():
            return site.floats()
        case code.Global(name):
            return Name(name)
        case code.Apply(function, args, kwargs):
            if isinstance(function, code.Own) and site.call_own is not None:
                return site.call_own(_positional(args, site, []), _named(kwargs, site))
            if isinstance(function, str):
                return call(function, args, kwargs, site)
            return Call(translate(function, site), _positional(args, site, []), _named(kwargs, site))
        case code.Method(owner, name, args, kwargs):
            if name == "unflatten" and len(args) == 2 and isinstance(args[1], tuple) and _whole(args[1]):
                args = (args[0], (*args[1][:-1], -1))  # torch divides
            return Call(Attribute(translate(owner, site), name), _positional(args, site, []), _named(kwargs, site))
        case code.Attr(owner, name):
            return Attribute(translate(owner, site), name)
        case code.Infix(operator, left, right):
            return Binary(operator, translate(left, site, hint), translate(right, site, hint))
        case code.Prefix(operator, operand):
            return Unary(operator, translate(operand, site, hint))
        case code.Cut(start, stop, step):
            ends = (None if end is None else translate(end, site, hint) for end in (start, stop, step))
            return Slice(*ends)
        case code.Subscript(owner, items):
            return Subscript(translate(owner, site), tuple(translate(i, site, hint) for i in items))
        case code.Expression():
            raise InternalError(f"{type(value).__name__} cannot be written")
        case Dim():
            return Extent(value)
        case tuple():
            return Sequence("(", tuple(translate(v, site, hint) for v in value))
        case list():
            return Sequence("[", tuple(translate(v, site, hint) for v in value))
        case bool():
            return Number(value, site.hints.get(("bool", value), hint))
        case int():
            return number(value, site.hints.get(value, hint) if hint == "n" else hint)
        case float():
            return real(value, site.hints.get(value, hint) if hint == "n" else hint)
        case str() | None:
            return Literal(value)
    if value is Ellipsis:
        return Literal(value)
    raise InternalError(f"a {type(value).__name__} has no place in a code tree")


def _whole(sizes: tuple[Any, ...]) -> bool:
    return len(sizes) > 1 and all(isinstance(s, Dim) or (isinstance(s, int) and s > 0) for s in sizes)


def real(value: float, hint: str) -> Tree:
    """A number with a point; the square root of a whole number is written as one."""
    if len(repr(value)) > 12 and 0 < value < 4096:
        square, inverse = round(value * value), round(1 / (value * value))
        if square > 1 and math.sqrt(square) == value:
            return Call(Name("math.sqrt"), (Number(square, "n"),))
        if inverse > 1 and value in (1 / math.sqrt(inverse), inverse**-0.5):
            root = Call(Name("math.sqrt"), (Number(inverse, "n"),))
            if 1 / math.sqrt(inverse) == value:
                return Binary("/", Literal(1), root)
            return Binary("**", Number(inverse, "n"), Literal(-0.5))
    return number(value, hint)


def call(function: str, args: tuple[Any, ...], kwargs: dict[str, Any], site: Site) -> Call:
    """A call of torch, of a builtin or of a name of `boxes.py`."""
    if "." in function or function in BUILTINS:
        called: Tree = Name(function)
    else:
        called = site.support(function)
    names, assumed = signature(function)
    filled = {**{k: v for k, v in assumed.items() if k not in kwargs}, **kwargs} if assumed else kwargs
    order = [*assumed, *(k for k in kwargs if k not in assumed)] if assumed else list(kwargs)
    keywords = tuple((k, translate(filled[k], site, k)) for k in order)
    return Call(called, _positional(args, site, names), keywords, tuple(assumed.items()))


def _positional(args: tuple[Any, ...], site: Site, names: list[str]) -> tuple[Tree, ...]:
    hints = [*names, *["n"] * len(args)]
    return tuple(translate(a, site, h) for a, h in zip(args, hints, strict=False))


def _named(kwargs: dict[str, Any], site: Site) -> tuple[tuple[str, Tree], ...]:
    return tuple((k, translate(v, site, k)) for k, v in kwargs.items())


def size(value: Dim, resolve: Callable[[Dim], Tree | None]) -> Tree | None:
    """A polynomial as an expression, its symbols and quotients given by `resolve`; None when one is not known."""
    total: Tree | None = None
    others, rest, divisor = value.split()
    if rest is not None and len(value.terms) > 1:
        over = size(rest, resolve)
        if over is None:
            return None
        total = Binary("//", over, Literal(divisor))
        if not others:
            return total
        more = size(Dim(others), resolve) if any(others) else Literal(int(others[()]))
        return None if more is None else Binary("+", total, more)
    terms = sorted(value.terms.items(), key=lambda t: (not t[0], str(t[0] and [str(a) for a, _ in t[0]])))
    if terms[0][1] < 0 and any(c > 0 for _, c in terms):
        terms.sort(key=lambda t: t[1] < 0)
    for monomial, coefficient in terms:
        amount = abs(Fraction(coefficient))
        numerator, denominator = amount.numerator, amount.denominator
        part: Tree | None = Literal(numerator) if numerator != 1 or not monomial else None
        for atom, power in monomial:
            whole = Dim({((atom, 1),): 1})
            known = resolve(whole)
            if known is None and hasattr(atom, "dividend"):
                known = _quotient(atom, resolve)
            if known is None:
                return None
            factor: Tree = known if power == 1 else Binary("**", known, Literal(power))
            part = factor if part is None else Binary("*", part, factor)
        assert part is not None
        if denominator != 1:
            part = Binary("//", part, Literal(denominator))
        if total is None:
            total = Unary("-", part) if coefficient < 0 else part
        else:
            total = Binary("-" if coefficient < 0 else "+", total, part)
    return total


def _quotient(atom: Any, resolve: Callable[[Dim], Tree | None]) -> Tree | None:
    ends = []
    for part in (atom.dividend, atom.divisor):
        text: Tree | None
        if not isinstance(part, Dim):
            text = Literal(part)
        elif set(part.terms) == {()}:
            text = Literal(part.terms[()])
        else:
            text = resolve(part) or size(part, resolve)
        if text is None:
            return None
        ends.append(text)
    return Binary("//", ends[0], ends[1])
