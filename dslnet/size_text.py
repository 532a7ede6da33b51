"""Sizes as text: `2 * H + 1`, `(H - 60) // 8 + 1`.

Enters: a polynomial. Leaves: an expression of the language with its value. Terms with fractions divide only as a sum,
so they stand together over their common denominator.
"""

from __future__ import annotations

from collections.abc import Mapping

from .size import Coefficient, Dim, Monomial, Quotient, Size


def polynomial(size: Dim) -> str:
    """A size that is not known."""
    whole, rest, divisor = size.split()
    if rest is None:
        return _sum(whole)
    above = _sum(rest.terms)
    floored = f"{above} // {divisor}" if len(rest.terms) == 1 else f"({above}) // {divisor}"
    return f"{floored} + {_sum(whole)}".replace("+ -", "- ") if whole else floored


def operand(size: Size) -> str:
    """Any size, in brackets where an operator stands beside it."""
    text = str(size)
    return f"({text})" if " " in text else text


def _sum(terms: Mapping[Monomial, Coefficient]) -> str:
    parts = []
    for monomial, coefficient in sorted(terms.items(), key=lambda t: _rank(t[0])):
        amount = -coefficient if coefficient < 0 else coefficient
        parts.append(("- " if coefficient < 0 else "+ ") + _term(monomial, int(amount)))
    first = parts[0]
    return " ".join([first[2:] if first[0] == "+" else "-" + first[2:], *parts[1:]])


def _rank(monomial: Monomial) -> tuple[bool, str]:
    return not monomial, " ".join(f"{atom}{power}" for atom, power in monomial)


def _term(monomial: Monomial, coefficient: int) -> str:
    if not monomial:
        return str(coefficient)
    factors = []
    for atom, power in monomial:
        text = str(atom)
        if isinstance(atom, Quotient) and (power > 1 or len(monomial) > 1 or coefficient != 1):
            text = f"({text})"
        factors.append(f"{text} ** {power}" if power > 1 else text)
    product = " * ".join(factors)
    return product if coefficient == 1 else f"{coefficient} * {product}"
