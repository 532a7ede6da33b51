"""What sizes are made of: numbers that know where they were written, and names with what is known of them.

Enters: numbers and names of a spec. Leaves: `Number`, a whole number like any other, and `Symbol`. Facts only add up:
what contradicts what is known is refused, and changes nothing.
"""

from __future__ import annotations

from math import gcd, lcm

from .limits import INTEGER_MAX, LimitReached
from .source import Span


class Number(int):
    """A known size that remembers the text it came from."""

    origin: Span | None

    def __new__(cls, value: int, origin: Span | None = None) -> Number:
        number = int.__new__(cls, value)
        number.origin = origin
        return number


class Symbol:
    """A named size that is not known, and what is known of it: `low <= n <= high`, `n % multiple == remainder`.

    Symbols are compared by name: the free dimensions of one model have different names.
    """

    __slots__ = ("name", "low", "high", "multiple", "remainder", "origin")

    def __init__(self, name: str, origin: Span | None = None) -> None:
        self.name = name
        self.low, self.high = 1, None  # type: int, int | None
        self.multiple, self.remainder = 1, 0
        self.origin = origin

    def divides(self, multiple: int, remainder: int = 0) -> bool:
        """Learn `n % multiple == remainder`; False when that contradicts what is known."""
        common = gcd(multiple, self.multiple)
        if not 0 <= remainder < multiple or (remainder - self.remainder) % common:
            return False
        both = lcm(multiple, self.multiple)
        if both > INTEGER_MAX:
            raise LimitReached("E0904", f"a common multiple of {both}; a whole number must fit 64 bits")
        # the Chinese remainder theorem
        times = (remainder - self.remainder) // common * pow(self.multiple // common, -1, multiple // common)
        self.multiple, self.remainder = both, (self.remainder + self.multiple * times) % both
        return True

    def lies(self, low: int | None, high: int | None) -> bool:
        """Learn `low <= n <= high`; False when that contradicts what is known."""
        least = self.low if low is None else max(self.low, low)
        most = self.high if high is None else high if self.high is None else min(self.high, high)
        if most is not None and least > most:
            return False
        self.low, self.high = least, most
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Symbol) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __str__(self) -> str:
        return self.name


#: How many vectors a router sends to one expert: data decide it, so it is equal to no other size, and may be 0. No name
#: of a spec has that dot.
ROUTED = "routed·vectors"


def routed() -> Symbol:
    symbol = Symbol(ROUTED)
    symbol.low = 0
    return symbol
