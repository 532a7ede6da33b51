"""Sizes.

Enters: whole numbers, symbols and arithmetic on them. Leaves: `Size`s, which are plain `int`s when known and
`Dim`s when not. A `Dim` is a polynomial with rational coefficients over symbols and floored quotients; it is
always in normal form, so equal polynomials are equal objects. What is known of a symbol (`require: H % 32 == 0`)
is used as the polynomial is made: `2 * (H // 2)` is then `H` itself.

Invariant: a `Dim` is never constant, and `UNKNOWN` absorbs every operation, so that one mistake gives one message.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import lcm
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from .limits import IN_FORCE, LimitReached
from .source import Span
from .symbol import Number, Symbol

if TYPE_CHECKING:
    from fractions import Fraction

Coefficient: TypeAlias = "int | Fraction"


class Quotient:
    """The atom `dividend // divisor`, where nothing can be taken out. `weight` is how many terms it is written with,
    those of the quotients inside it included: equal ones are shared here, and written again each time."""

    __slots__ = ("dividend", "divisor", "weight", "_hash")

    def __init__(self, dividend: Dim, divisor: int | Dim) -> None:
        self.dividend, self.divisor = dividend, divisor
        self.weight = _weight(dividend.terms) + (_weight(divisor.terms) if isinstance(divisor, Dim) else 0)
        if self.weight > IN_FORCE.get().terms:
            raise _too_long(self.weight)
        self._hash = hash((dividend, divisor))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quotient) and other.dividend == self.dividend and other.divisor == self.divisor

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        from .size_text import operand

        return f"{operand(self.dividend)} // {operand(self.divisor)}"


Atom = Union[Symbol, Quotient]
Monomial = tuple[tuple[Atom, int], ...]  # atoms with their powers, sorted by name; () is the constant


class Dim:
    """A size that is not known: a polynomial in normal form. `origin` is the text that it came from."""

    __slots__ = ("terms", "origin", "_hash")

    terms: dict[Monomial, Coefficient]

    def __init__(self, terms: dict[Monomial, Coefficient], origin: Span | None = None) -> None:
        self.terms = terms
        self.origin = origin
        self._hash = 0

    def __add__(self, other: Size) -> Size:
        if self is UNKNOWN or other is UNKNOWN:
            return UNKNOWN
        total = dict(self.terms)
        if isinstance(other, int) and type(constant := total.get((), 0)) is int:
            total[()] = constant + int(other)
            return _within(total if total[()] else {m: c for m, c in total.items() if m})
        for monomial, coefficient in _terms(other).items():
            total[monomial] = total.get(monomial, 0) + coefficient
        return normal(total)

    __radd__ = __add__

    def __neg__(self) -> Dim:
        return self if self is UNKNOWN else Dim({monomial: -c for monomial, c in self.terms.items()})

    def __sub__(self, other: Size) -> Size:
        return self + -other

    def __rsub__(self, other: Size) -> Size:
        return -self + other

    def __mul__(self, other: Size) -> Size:
        if self is UNKNOWN or other is UNKNOWN:
            return UNKNOWN
        total: dict[Monomial, Coefficient] = {}
        for a, x in self.terms.items():
            for b, y in _terms(other).items():
                product = _product(a, b)
                total[product] = total.get(product, 0) + x * y
        return normal(total)

    __rmul__ = __mul__

    def __pow__(self, power: int) -> Size:
        if self is UNKNOWN:
            return UNKNOWN
        if not isinstance(power, int) or power < 0:
            raise TypeError("the power of a size is a whole number from 0")
        if power > IN_FORCE.get().degree:
            raise LimitReached("E0908", f"a size of degree {power}; the limit is {IN_FORCE.get().degree}")
        result: Size = 1
        for _ in range(power):
            result = self * result
        return result

    def __floordiv__(self, other: Size) -> Size:
        return quotient(self, other)

    def __rfloordiv__(self, other: int) -> Size:
        return quotient(other, self)

    def __mod__(self, other: Size) -> Size:
        return self - other * quotient(self, other)

    def __rmod__(self, other: int) -> Size:
        return other - self * quotient(other, self)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from .schema import core_schema

        return core_schema((cls,))

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Any:
        from .schema import DIM_SCHEMA

        return dict(DIM_SCHEMA)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Dim) and self.terms == other.terms)

    def __hash__(self) -> int:
        if not self._hash:
            self._hash = hash(frozenset(self.terms.items()))
        return self._hash

    def __str__(self) -> str:
        if self is UNKNOWN:
            return "?"
        from .size_text import polynomial

        return polynomial(self)

    def __repr__(self) -> str:
        return f"Dim({str(self)!r})"

    def split(self) -> tuple[dict[Monomial, Coefficient], Dim | None, int]:
        """The terms with whole coefficients, and the others as one polynomial over their common denominator."""
        whole = {m: c for m, c in self.terms.items() if c.denominator == 1}
        rest = {m: c for m, c in self.terms.items() if c.denominator != 1}
        if not rest:
            return whole, None, 1
        divisor = lcm(*(c.denominator for c in rest.values()))
        return whole, Dim({m: int(c * divisor) for m, c in rest.items()}), divisor

    def at(self, origin: Span | None) -> Dim:
        """The same size, said to come from another place."""
        return self if self is UNKNOWN or origin is None else Dim(self.terms, origin)

    def symbols(self) -> dict[str, Symbol]:
        """The symbols that it is made of, those inside quotients included, by name."""
        found: dict[str, Symbol] = {}
        for monomial in self.terms:
            for atom, _ in monomial:
                if isinstance(atom, Symbol):
                    found[atom.name] = atom
                else:
                    for part in (atom.dividend, atom.divisor):
                        if isinstance(part, Dim):
                            found.update(part.symbols())
        return found

    def symbol(self) -> Symbol | None:
        """The symbol, when the size is one and nothing else."""
        if len(self.terms) == 1:
            (monomial, coefficient), *_ = self.terms.items()
            if coefficient == 1 and len(monomial) == 1 and monomial[0][1] == 1:
                atom = monomial[0][0]
                return atom if isinstance(atom, Symbol) else None
        return None


Size = Union[int, Dim]
Shape = tuple[Size, ...]

#: The size of something that has an error: it fits everything and is silent.
UNKNOWN = Dim({})


def free(name: str, origin: Span | None = None) -> Dim:
    """A new symbol as a size."""
    return Dim({((Symbol(name, origin), 1),): 1}, origin)


def origin(size: object) -> Span | None:
    """Where a size came from, if that is remembered."""
    return getattr(size, "origin", None)


def located(size: Size, span: Span | None) -> Size:
    """The same size, said to come from `span`."""
    return size.at(span) if isinstance(size, Dim) else Number(size, span)


def _terms(size: Size) -> Mapping[Monomial, Coefficient]:
    return size.terms if isinstance(size, Dim) else {(): size} if size else {}


def normal(terms: dict[Monomial, Coefficient]) -> Size:
    kept = {m: c.numerator if c.denominator == 1 else c for m, c in terms.items() if c}
    if not kept:
        return 0
    if len(kept) == 1 and () in kept:
        constant = kept[()]
        assert isinstance(constant, int), "a size is a whole number"
        return constant
    return _within(kept)


def _within(terms: dict[Monomial, Coefficient]) -> Dim:
    """A polynomial of as many terms as may be."""
    if len(terms) > FEW and (weight := _weight(terms)) > IN_FORCE.get().terms:
        raise _too_long(weight)
    return Dim(terms)


#: So many terms need not be weighed: each of their quotients was.
FEW = 16


def _weight(terms: Mapping[Monomial, Coefficient]) -> int:
    """How many terms a polynomial is written with."""
    total = len(terms)
    for monomial in terms:
        for atom, _ in monomial:
            if isinstance(atom, Quotient):
                total += atom.weight
    return total


def _too_long(weight: int) -> LimitReached:
    return LimitReached("E0908", f"a size of {weight} terms; the limit is {IN_FORCE.get().terms}")


def _over(value: Coefficient, divisor: Coefficient) -> Coefficient:
    if isinstance(value, int) and value % divisor == 0:
        return int(value // divisor)
    from fractions import Fraction  # seldom needed, and a tenth of a start

    return Fraction(value) / divisor


def _product(a: Monomial, b: Monomial) -> Monomial:
    if not a or not b:
        return a or b
    powers: dict[Atom, int] = dict(a)
    for atom, power in b:
        powers[atom] = powers.get(atom, 0) + power
    if sum(powers.values()) > IN_FORCE.get().degree:
        degree = sum(powers.values())
        raise LimitReached("E0908", f"a size of degree {degree}; the limit is {IN_FORCE.get().degree}")
    return tuple(sorted(powers.items(), key=lambda item: str(item[0])))


def _multiple(monomial: Monomial) -> int:
    """A number that certainly divides the value of a monomial."""
    product = 1
    for atom, power in monomial:
        if isinstance(atom, Symbol) and atom.remainder == 0:
            product *= atom.multiple**power
    return product


def quotient(a: Size, b: Size) -> Size:
    """`a // b`, exact where what is known of the symbols allows it, else a floored atom."""
    if a is UNKNOWN or b is UNKNOWN:
        return UNKNOWN
    if b == 0:
        raise ZeroDivisionError
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    if isinstance(b, Dim):
        exact = _divide(a, b)
        if exact is not None:
            return exact
        return normal({((Quotient(a if isinstance(a, Dim) else Dim({(): a}), b), 1),): 1})
    assert isinstance(a, Dim)
    if b == 1:
        return a  # whole as it is, though its terms may be fractions: (W - 3) * H / 16 where 8 divides W - 3 and H
    if b < 0:
        return quotient(-a, -b)
    exactly: dict[Monomial, Coefficient] = {}
    rest: dict[Monomial, Coefficient] = {}
    constant: Coefficient = a.terms.get((), 0)
    for monomial, coefficient in a.terms.items():
        if not monomial:
            continue
        part = coefficient * _multiple(monomial)
        if part % b == 0:
            exactly[monomial] = _over(coefficient, b)
            continue
        if len(monomial) == 1 and monomial[0][1] == 1 and isinstance(symbol := monomial[0][0], Symbol):
            if symbol.remainder and coefficient * symbol.multiple % b == 0:
                # n = multiple * k + remainder: n - remainder divides, the remainder joins the constant
                exactly[monomial] = _over(coefficient, b)
                exactly[()] = exactly.get((), 0) - _over(coefficient * symbol.remainder, b)
                constant += coefficient * symbol.remainder
                continue
        whole = coefficient // b
        if whole and isinstance(coefficient, int):
            exactly[monomial] = whole
            coefficient -= whole * b
        rest[monomial] = coefficient
    exactly[()] = exactly.get((), 0) + constant // b
    constant %= b
    if not rest:
        return normal(exactly)
    inner = Dim({**rest, (): constant} if constant else rest)
    atom = _flatten(inner, b)
    return normal(exactly) + Dim({((atom, 1),): 1})


def _flatten(dividend: Dim, divisor: int) -> Quotient:
    """`(x // a + c) // b` is `(x + a * c) // (a * b)`."""
    constant = dividend.terms.get((), 0)
    rest = [(m, c) for m, c in dividend.terms.items() if m]
    if len(rest) == 1 and rest[0][1] == 1 and len(rest[0][0]) == 1 and rest[0][0][0][1] == 1:
        atom = rest[0][0][0][0]
        if isinstance(atom, Quotient) and isinstance(atom.divisor, int) and isinstance(constant, int):
            inner = atom.dividend + atom.divisor * constant
            if isinstance(inner, Dim):
                return Quotient(inner, atom.divisor * divisor)
    return Quotient(dividend, divisor)


def _divide(a: Size, b: Dim) -> Size | None:
    """`a / b` where `b` has one term that every term of `a` holds; None otherwise."""
    if isinstance(a, Dim) and a.terms == b.terms:
        return 1
    if len(b.terms) != 1:
        return None
    (below, scale), *_ = b.terms.items()
    result: dict[Monomial, Coefficient] = {}
    for monomial, coefficient in _terms(a).items():
        powers = dict(monomial)
        for atom, power in below:
            left = powers.get(atom, 0) - power
            if left < 0:
                return None
            powers[atom] = left
        value = _over(coefficient, scale)
        if value.denominator != 1:
            return None
        result[tuple((atom, p) for atom, p in powers.items() if p)] = value
    return normal(result)
