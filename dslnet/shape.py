"""Shapes, and what is known of sizes.

Enters: sizes. Leaves: comparisons that say yes, no or "that depends", solutions of linear equations, and `Tensor`,
the type of a wire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from math import ceil, floor, lcm

from .limits import LimitReached
from .node import node
from .size import (
    UNKNOWN,
    Atom,
    Coefficient,
    Dim,
    Monomial,
    Quotient,
    Shape,
    Size,
    free,
    located,
    normal,
    origin,
    quotient,
)
from .symbol import ROUTED, Number, Symbol, routed

# ----------------------------------------------------------------------------------------- what is known


def bounds(size: Size) -> tuple[int | None, int | None]:
    """The least and the greatest value that a size can have; None where there is no bound."""
    if isinstance(size, int):
        return size, size
    if size is UNKNOWN:
        return None, None
    low, high = _term_bounds(size)
    if (low is None or high is None) and _balances(size):
        # a quotient stands beside its dividend: T - T // 2 is bounded by its parts together, not by each alone
        relaxed = _relaxed(size, -1), _relaxed(size, 1)
        low = _term_bounds(relaxed[0])[0] if low is None and isinstance(relaxed[0], Dim) else low
        high = _term_bounds(relaxed[1])[1] if high is None and isinstance(relaxed[1], Dim) else high
    return low, high


def _balances(size: Dim) -> bool:
    """Whether a quotient stands beside something of the other sign."""
    signs = {coefficient > 0 for monomial, coefficient in size.terms.items() if monomial}
    return len(signs) == 2 and any(isinstance(atom, Quotient) for monomial in size.terms for atom, _ in monomial)


def _relaxed(size: Dim, sign: int) -> Size:
    """A polynomial that is nowhere greater (`sign` -1) or less (1): d // k is between (d - k + 1) / k and d / k."""
    total: dict[Monomial, Coefficient] = {}

    def add(monomial: Monomial, coefficient: Coefficient) -> None:
        total[monomial] = total.get(monomial, 0) + coefficient

    for monomial, coefficient in size.terms.items():
        atom, power = monomial[0] if len(monomial) == 1 else (None, 0)
        if not isinstance(atom, Quotient) or power != 1 or not isinstance(atom.divisor, int) or atom.divisor <= 0:
            add(monomial, coefficient)
            continue
        for inner, factor in atom.dividend.terms.items():
            add(inner, Fraction(coefficient) * factor / atom.divisor)
        if coefficient * sign < 0:
            add((), Fraction(coefficient) * (1 - atom.divisor) / atom.divisor)
    return Dim({m: c for m, c in total.items() if c})


def _term_bounds(size: Dim) -> tuple[int | None, int | None]:
    low: Coefficient | None = 0
    high: Coefficient | None = 0
    for monomial, coefficient in size.terms.items():
        least: int | None = 1
        most: int | None = 1
        for atom, power in monomial:
            a, b = (atom.low, atom.high) if isinstance(atom, Symbol) else _quotient_bounds(atom)
            if a is None or a < 0:
                least, most = None, None
                break
            least = None if least is None else least * a**power
            most = None if most is None or b is None else most * b**power
        if coefficient < 0:
            least, most = most, least
        low = None if low is None or least is None else low + coefficient * least
        high = None if high is None or most is None else high + coefficient * most
    return None if low is None else ceil(low), None if high is None else floor(high)


def _quotient_bounds(atom: Quotient) -> tuple[int | None, int | None]:
    if not isinstance(atom.divisor, int) or atom.divisor <= 0:
        return None, None
    low, high = bounds(atom.dividend)
    return None if low is None else low // atom.divisor, None if high is None else high // atom.divisor


def compare(a: Size, b: Size) -> int | None:
    """-1, 0 or 1 as `a` is certainly less than, equal to or greater than `b`; None when that depends."""
    if a is UNKNOWN or b is UNKNOWN:
        return None
    difference = a - b
    if isinstance(difference, int):
        return (difference > 0) - (difference < 0)
    low, high = bounds(difference)
    if low is not None and low > 0:
        return 1
    if high is not None and high < 0:
        return -1
    return None


def at_most(a: Size, b: Size) -> bool:
    """Whether `a` is known not to be greater than `b`; an unknown one fits everything."""
    if a is UNKNOWN or b is UNKNOWN:
        return True
    low = bounds(b - a)[0]
    return low is not None and low >= 0


def same(a: Size, b: Size) -> bool:
    """Whether two sizes are known to be equal; an unknown one fits everything."""
    return a is UNKNOWN or b is UNKNOWN or a == b


def differ(a: Size, b: Size) -> bool:
    """Whether two sizes are known to be different."""
    order = compare(a, b)
    return order is not None and order != 0


def fits(a: Shape, b: Shape) -> bool:
    """Whether two shapes are known to be equal, unknown sizes fitting everything."""
    return len(a) == len(b) and all(map(same, a, b))


def numel(shape: Iterable[Size]) -> Size:
    """The number of elements of a shape."""
    total: Size = 1
    for size in shape:
        total = total * size
    return total


# ------------------------------------------------------------------------------------- solving, replacing


def substitute(size: Size, values: Mapping[str, Size]) -> Size:
    """The size with symbols replaced by sizes."""
    if isinstance(size, int) or size is UNKNOWN:
        return size
    total: Size = 0
    divisor = lcm(*(coefficient.denominator for coefficient in size.terms.values()))
    for monomial, coefficient in size.terms.items():
        numerator: Size = 1
        for atom, power in monomial:
            if isinstance(atom, Symbol):
                value = values.get(atom.name, None)
                if value is None:
                    value = Dim({((atom, 1),): 1})
            else:
                value = quotient(substitute(atom.dividend, values), substitute(atom.divisor, values))
            for _ in range(power):
                numerator = numerator * value
        total = total + numerator * int(coefficient * divisor)
    if isinstance(total, int):
        return total // divisor
    # the sum divides exactly, as it did with the symbols
    return normal({m: Fraction(c, divisor) for m, c in total.terms.items()}) if divisor > 1 else total


def is_linear(size: Dim, name: str) -> bool:
    """Whether the value of a size tells that of a symbol, the others being known."""
    found = False
    for monomial in size.terms:
        if len(monomial) == 1 and monomial[0][1] == 1 and getattr(monomial[0][0], "name", None) == name:
            found = True
        elif monomial and name in Dim({monomial: 1}).symbols():
            return False
    return found


def solve(size: Dim, name: str, value: Size) -> Size | None:
    """The value of the symbol `name` for which `size` is `value`, when it stands in it linearly, else None."""
    coefficient: Coefficient = 0
    rest: dict[Monomial, Coefficient] = {}
    for monomial, c in size.terms.items():
        if len(monomial) == 1 and monomial[0][1] == 1 and getattr(monomial[0][0], "name", None) == name:
            coefficient = c
        else:
            rest[monomial] = c
            part = Dim({monomial: 1}) if monomial else None
            if part is not None and name in part.symbols():
                return None
    if not isinstance(coefficient, int) or coefficient == 0:
        return None
    left = value - normal(rest)
    result = quotient(left, coefficient)
    return result if result * coefficient == left else None


def evaluate(size: Size, values: Mapping[str, int]) -> int:
    """The number that a size is for given values of its symbols."""
    result = substitute(size, values)
    if not isinstance(result, int):
        raise KeyError(f"no value for {', '.join(result.symbols())}")
    return result


# ------------------------------------------------------------------------------------------------- text


def shape_text(shape: Iterable[Size] | None, dtype: str = "float") -> str:
    """A shape as a spec writes it: `[B, 3, H // 2, W // 2]`, with the dtype unless it is float."""
    if shape is None:
        return "[?]"
    return "[" + ", ".join(map(str, shape)) + "]" + ("" if dtype == "float" else f" {dtype}")


# ------------------------------------------------------------------------------------------------ tensors


@node
class Tensor:
    """The type of a wire: a shape, a dtype (`float`, `long` or `bool`) and, for ids, the bound `below` that they
    stay under, and `low`, from which they begin where that is not 0. `shape` is None when even the rank is unknown,
    which only happens after a mistake."""

    shape: Shape | None
    dtype: str = "float"
    below: Size | None = None
    low: Size | None = None

    @property
    def rank(self) -> int:
        assert self.shape is not None
        return len(self.shape)

    @property
    def sizes(self) -> Shape:
        """The shape of a tensor whose rank is known: what a shape rule is given."""
        assert self.shape is not None
        return self.shape

    def with_shape(self, *shape: Size) -> Tensor:
        """The same dtype in another shape."""
        return Tensor(shape, self.dtype, self.below, self.low)

    def last(self, size: Size) -> Tensor:
        """The same tensor with another last size."""
        return Tensor((*self.sizes[:-1], size), self.dtype)

    def __str__(self) -> str:
        return shape_text(self.shape, self.dtype)


#: The type of a wire that has an error.
UNKNOWN_TENSOR = Tensor(None)

Rule = Callable[..., "Tensor | tuple[Tensor, ...]"]

__all__ = [
    "UNKNOWN",
    "UNKNOWN_TENSOR",
    "Atom",
    "Coefficient",
    "Dim",
    "LimitReached",
    "Monomial",
    "Number",
    "Quotient",
    "Rule",
    "Shape",
    "Size",
    "Symbol",
    "Tensor",
    "bounds",
    "compare",
    "differ",
    "evaluate",
    "fits",
    "ROUTED",
    "free",
    "routed",
    "located",
    "numel",
    "origin",
    "quotient",
    "same",
    "shape_text",
    "solve",
    "substitute",
]
