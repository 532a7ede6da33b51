"""Numbers that know the formula of the spec that they are.

Enters: a definition's `bindings`, numbers with the text that they came from. Leaves: `Named` numbers, which are whole
numbers that carry a polynomial over the names of their block. They keep it through arithmetic, so the rules of
operators, run again on them, say that the `Concat` of [B, D] and [B, width] has `D + width` features.

Invariant: a formula's value at the names' values is the number. Where nothing sure is known, a number has no formula.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import lcm
from typing import Any

from ...limits import LimitReached
from ...shape import Dim, Quotient, Size, Tensor, evaluate, free, origin, substitute
from ...source import Span

#: Pairs of formulas that a rule found, and needs, to be equal.
Equalities = list[tuple[Dim, Dim]]


class Named(int):
    """A known size and what it is in the words of its block."""

    formula: Dim
    equal: Equalities

    def __new__(cls, value: int, formula: Dim, equal: Equalities) -> Named:
        number = int.__new__(cls, value)
        number.formula, number.equal = formula, equal
        return number

    def __eq__(self, other: object) -> bool:
        same = int.__eq__(self, other)
        if same is True and isinstance(other, Named) and self.formula != other.formula:
            self.equal.append((self.formula, other.formula))
        return same

    def __ne__(self, other: object) -> bool:
        same = self.__eq__(other)
        return same if same is NotImplemented else not same

    __hash__ = int.__hash__


class NamedFloat(float):
    """A number with a point that is an argument of its block."""

    formula: Dim

    def __new__(cls, value: float, formula: Dim) -> NamedFloat:
        number = float.__new__(cls, value)
        number.formula = formula
        return number


def _arithmetic(work: Callable[[Any, Any], Any], reflected: bool) -> Callable[[Named, Any], Any]:
    def method(self: Named, other: Any) -> Any:
        if not isinstance(other, int):
            return NotImplemented
        a, b = (other, self) if reflected else (self, other)
        result = work(int(a), int(b))
        if not isinstance(result, int):
            return result
        try:
            formula = work(getattr(a, "formula", int(a)), getattr(b, "formula", int(b)))
        except (LimitReached, ZeroDivisionError, TypeError):
            return result
        return Named(result, formula, self.equal) if isinstance(formula, Dim) else result

    return method


for _word, _work in (
    ("add", operator.add), ("sub", operator.sub), ("mul", operator.mul), ("floordiv", operator.floordiv),
    ("mod", operator.mod), ("pow", operator.pow),
):  # fmt: skip
    setattr(Named, f"__{_word}__", _arithmetic(_work, False))
    setattr(Named, f"__r{_word}__", _arithmetic(_work, True))
setattr(Named, "__neg__", lambda self: self * -1)  # noqa: B010


def renamed(formula: Dim | None, names: Mapping[str, Size]) -> Dim | None:
    """The formula in the words of another body; None where that is a plain number."""
    if formula is None or not all(name in names for name in formula.symbols()):
        return None
    try:
        made = substitute(formula, names)
    except LimitReached:
        return None
    return made if isinstance(made, Dim) else None


def agrees(formula: Dim, values: Mapping[str, Any], wanted: Any) -> bool:
    """Whether a formula has this value at these values of its names."""
    if isinstance(wanted, float) or any(isinstance(values.get(n), float) for n in formula.symbols()):
        symbol = formula.symbol()
        return symbol is not None and bool(values.get(symbol.name) == wanted)
    if any(not isinstance(values.get(n), int) for n in formula.symbols()):
        return False
    try:
        return bool(evaluate(formula, {n: int(values[n]) for n in formula.symbols()}) == wanted)
    except (ZeroDivisionError, LimitReached):
        return False


def simpler(formula: Dim, values: Mapping[str, Any]) -> Size:
    """The formula with `d // heads * heads` written as `d`, where `heads` divides `d`."""
    total: Size = 0
    for monomial, coefficient in formula.terms.items():
        parts = {atom: power for atom, power in monomial}
        for atom in list(parts):
            if not isinstance(atom, Quotient) or parts[atom] != 1 or not isinstance(atom.divisor, Dim):
                continue
            symbol = atom.divisor.symbol()
            exact = symbol in parts and agrees(atom.dividend % atom.divisor, values, 0)  # type: ignore[arg-type]
            if exact and symbol is not None and parts[symbol] == 1 and coefficient == 1:
                rest = Dim({tuple((a, p) for a, p in parts.items() if a not in (atom, symbol)): 1})
                total = total + (atom.dividend if len(parts) == 2 else atom.dividend * rest)
                break
        else:
            total = total + Dim({monomial: coefficient}) if monomial else total + int(coefficient)
    return total


def whole_terms(size: Size) -> str:
    """A size as text, a sum of fractions as one: `(H - 60) // 8`."""
    if not isinstance(size, Dim):
        return str(size)
    below = lcm(*(Fraction(c).denominator for c in size.terms.values()))
    above = size * below
    if below == 1 or not isinstance(above, Dim) or len(above.terms) == 1:
        return str(size)
    return f"({above}) // {below}"


class Words:
    """The names of one body and what numbers mean in it. `inferred` are those that are no arguments,
    `text` is what the spec says at a place, if that is known."""

    def __init__(
        self, bindings: Mapping[str, Any], inferred: list[str], span: Span, text: Callable[[Span], str | None]
    ) -> None:
        self.inferred = inferred
        self.values = {n: v for n, v in bindings.items() if isinstance(v, (int, float)) and not isinstance(v, bool)}
        self.span, self.text = span, text
        self.equal: Equalities = []
        self.known: dict[tuple[int, int, int], Dim | None] = {}

    def named(self, value: Any) -> Any:
        """The value, its numbers with their formulas; lists and tables of values too."""
        if isinstance(value, Named) or isinstance(value, bool):
            return value
        if isinstance(value, int):
            formula = self._formula(value)
            return int(value) if formula is None else Named(value, formula, self.equal)
        if isinstance(value, float):
            found = [n for n, v in self.values.items() if v is value]
            return NamedFloat(value, free(found[0])) if len(found) == 1 else value
        if isinstance(value, (tuple, list)):
            return type(value)(map(self.named, value))
        if isinstance(value, dict):
            return {k: self.named(v) for k, v in value.items()}
        return self.typed(value) if isinstance(value, Tensor) else value

    def typed(self, type_: Any) -> Any:
        """A type with named sizes."""
        if isinstance(type_, tuple):
            return tuple(map(self.typed, type_))
        if not isinstance(type_, Tensor) or type_.shape is None:
            return type_
        return Tensor(tuple(map(self.named, type_.shape)), type_.dtype, type_.below)

    def _formula(self, value: int) -> Dim | None:
        """What a number is: a name that came from the same place, or the expression that the text has there."""
        place = origin(value)
        names = [n for n, v in self.values.items() if type(v) is not float and v == value and origin(v) == place]
        if place is None:
            return free(names[0]) if names and value >= 8 else None
        if not names:
            return self._written(place, int(value), 0)
        if names[0] in self.inferred and self._inside(place):  # what flows in was made by this very text
            return self._written(place, int(value), 0)
        made: Dim = self._name(names[0])
        return made

    def _inside(self, place: Span) -> bool:
        return place.file == self.span.file and self.span.start <= place.start and place.end <= self.span.end

    def _written(self, place: Span, value: int, skip: int) -> Dim | None:
        """The expression at a place of this block's text, after so many characters; None for a plain number."""
        length = place.end - place.start - skip
        if not self._inside(place) or length < 1:
            return None
        key = (place.start, place.end, value)
        if key not in self.known:
            self.known[key] = None  # a default that uses itself
            text = self.text(place)
            if text is None:
                made = None if length == len(str(value)) else self._guess(value, length)
            else:
                made = self._read(text[skip:]) if not skip or text[skip - 1] == "=" else None
            good = made is not None and agrees(made, self.values, value)
            self.known[key] = made if good else None
        return self.known[key]

    def _name(self, name: str) -> Any:
        """A name, or what its default says that it is."""
        value = self.values[name]
        place = origin(value)
        if type(value) is float or place is None or name in self.inferred:
            return free(name)
        # the place of a default is its parameter, `ff=4 * d`
        made: Any = self._written(place, int(value), len(name) + 1)
        return made or free(name)

    def _read(self, text: str) -> Dim | None:
        if text.isdecimal():  # as most of them are
            return None
        try:
            made = self._evaluate(ast.parse(text.strip(), mode="eval").body)
        except (SyntaxError, ValueError, TypeError, ZeroDivisionError, LimitReached, RecursionError):
            return None
        return made if isinstance(made, Dim) else None

    def _evaluate(self, node: ast.expr) -> Any:
        if isinstance(node, ast.BinOp):
            work = _SIGNS.get(type(node.op).__name__)
            if work is not None:
                return work(self._evaluate(node.left), self._evaluate(node.right))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return self._evaluate(node.operand) * -1
        elif isinstance(node, ast.Constant) and type(node.value) is int:
            return node.value
        elif isinstance(node, ast.Name) and node.id in self.values:
            return self._name(node.id)
        raise ValueError

    def _guess(self, value: int, length: int) -> Dim | None:
        """The first simple expression of the names with this value that takes as much room as the text."""
        numbers = {n: int(v) for n, v in self.values.items() if type(v) is not float and v > 0}
        found: dict[Dim, None] = {}

        def note(text: str, make: Callable[[], Size]) -> None:
            if length == len(text):
                formula = make()
                if isinstance(formula, Dim):
                    found[formula] = None

        for a, x in numbers.items():
            if x == value:
                note(a, lambda a=a: self._name(a))  # type: ignore[misc]
            elif value % x == 0 and x > 3:
                note(f"{value // x} * {a}", lambda a=a, k=value // x: self._name(a) * k)  # type: ignore[misc]
            elif value and x // (x // value or 1) == value:
                note(f"{a} // {x // value}", lambda a=a, k=x // value: self._name(a) // k)  # type: ignore[misc]
            for b, y in numbers.items():
                for sign, work in _BETWEEN.items():
                    made = work(x, y)
                    if a != b and made == value and (x > 1 or sign in "+-"):
                        note(f"{a} {sign} {b}", lambda a=a, b=b, w=work: w(self._name(a), self._name(b)))  # type: ignore[misc]
                for c, z in numbers.items():
                    if len({a, b, c}) == 3 and x // y * z == value and x > y > 1:
                        note(
                            f"{a} // {b} * {c}",
                            lambda a=a, b=b, c=c: self._name(a) // self._name(b) * self._name(c),  # type: ignore[misc]
                        )
        return next(iter(found), None)


_BETWEEN: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv,
}  # fmt: skip
_SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "FloorDiv": operator.floordiv,
    "Mod": operator.mod, "Pow": operator.pow,
}  # fmt: skip
