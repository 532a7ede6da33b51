"""Arithmetic on static values: numbers, sizes, lists, booleans, strings.

Enters: plain values. Leaves: a plain value, or `Trouble`, which `Expressions` turns into a diagnostic.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, TypeGuard

from ..limits import IN_FORCE, INTEGER_MAX, INTEGER_MIN
from ..shape import UNKNOWN, Dim, LimitReached, Size, compare, quotient
from .values import UNKNOWN_VALUE, describe


class Trouble(Exception):
    """What is wrong with an operation on static values."""

    def __init__(self, code: str, title: str, helps: tuple[str, ...] = ()) -> None:
        super().__init__(title)
        self.code, self.title, self.helps = code, title, helps


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_size(value: object) -> TypeGuard[Size]:
    return isinstance(value, (int, Dim)) and not isinstance(value, bool)


def checked(value: Any) -> Any:
    """A result within the limits of numbers."""
    if isinstance(value, int) and not INTEGER_MIN <= value <= INTEGER_MAX:
        raise Trouble("E0904", "a whole number must fit 64 bits")
    if isinstance(value, float) and not math.isfinite(value):
        raise Trouble("E0904", "a number must be finite")
    return value


def bound(count: int) -> None:
    """Refuse a list of so many elements."""
    most = IN_FORCE.get().elements
    if count > most:
        raise Trouble("E0903", f"a list of more than {most:,} elements")


def within(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """A list within its limit; the elements of lists in it count."""
    total = 0
    stack: list[Any] = [items]
    while stack:
        part = stack.pop()
        total += len(part)
        bound(total)
        stack += [item for item in part if isinstance(item, tuple)]
    return items


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def arithmetic(sign: str, left: Any, right: Any) -> Any:
    """`left sign right`."""
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if isinstance(left, tuple) or isinstance(right, tuple):
        return _lists(sign, left, right)
    for side in (left, right):
        if not is_number(side) and not isinstance(side, Dim):
            raise Trouble("E0301", f"`{sign}` works on numbers, not on {describe(side)}")
    try:
        if sign == "**":
            return checked(_power(left, right))
        if sign == "/":
            if isinstance(left, Dim) or isinstance(right, Dim):
                raise Trouble("E0312", f"`/` needs known numbers; for whole sizes write `{left} // {right}`")
            return checked(left / right)
        if isinstance(left, Dim) or isinstance(right, Dim):
            for side in (left, right):
                if isinstance(side, float):
                    raise Trouble(
                        "E0301", f"a size times {side:g} is not a whole number", ("write `//` to divide a size",)
                    )
            if sign == "//":
                return quotient(left, right)
        return checked(_ARITHMETIC[sign](left, right))
    except ZeroDivisionError:
        raise Trouble("E0318", f"`{left} {sign} {right}` divides by zero") from None
    except OverflowError:
        raise Trouble("E0904", "a number must be finite") from None
    except LimitReached as reached:
        raise Trouble(reached.code, reached.title) from None


def _power(left: Any, right: Any) -> Any:
    if isinstance(right, Dim):
        raise Trouble("E0312", "a power must be a known number")
    if isinstance(left, Dim):
        if not isinstance(right, int) or right < 0:
            raise Trouble("E0301", "the power of a size is a whole number from 0")
        return left**right
    most = IN_FORCE.get().exponent
    if abs(right) > most:
        raise Trouble("E0904", f"an exponent is at most {most}")
    if left == 0 and right < 0:
        raise ZeroDivisionError
    result = left**right
    if isinstance(result, complex):
        raise Trouble("E0301", "a root of a negative number is not a number")
    return result


def _lists(sign: str, left: Any, right: Any) -> Any:
    if sign == "+" and isinstance(left, tuple) and isinstance(right, tuple):
        return within(left + right)
    if sign == "*":
        items, count = (left, right) if isinstance(left, tuple) else (right, left)
        if isinstance(count, int) and not isinstance(count, bool) and isinstance(items, tuple):
            bound(count * len(items))
            return within(items * count)
    raise Trouble("E0301", f"`{sign}` does not work on {describe(left)} and {describe(right)}")


def comparison(sign: str, left: Any, right: Any) -> Any:
    """`left sign right`: True, False, UNKNOWN_VALUE, or Trouble where it depends on a free size."""
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN_VALUE
    if isinstance(left, Dim) or isinstance(right, Dim):
        if not (is_size(left) and is_size(right)):
            if isinstance(left, float) or isinstance(right, float):
                raise Trouble("E0312", f"`{left} {sign} {right}` depends on a size that is not known here")
            if sign in ("==", "!="):
                return sign == "!="
            other = right if isinstance(left, Dim) else left
            raise Trouble("E0301", f"`{sign}` compares numbers, not {describe(other)}")
        order = compare(left, right)
        if order is None and sign in ("<=", ">="):
            order = {"<=": compare(left, right + 1), ">=": compare(left, right - 1)}[sign]
            order = order if order == (-1 if sign == "<=" else 1) else None
        if order is None:
            names = sorted({n for side in (left, right) if isinstance(side, Dim) for n in side.symbols()})
            raise Trouble(
                "E0312",
                f"`{left} {sign} {right}` needs a known size; give {' and '.join(f'`{n}`' for n in names)}",
                (f"e.g. `--set {names[0]}=224`",) if names else (),
            )
        return _ORDER[sign](order, 0)
    if sign in ("==", "!="):
        same = left == right and isinstance(left, bool) == isinstance(right, bool)
        return same == (sign == "==")
    for side in (left, right):
        if not is_number(side):
            raise Trouble("E0301", f"`{sign}` compares numbers, not {describe(side)}")
    return _ORDER[sign](left, right)


def negate(value: Any) -> Any:
    if is_number(value):
        return checked(-value)
    if isinstance(value, Dim):
        return -value
    raise Trouble("E0301", f"`-` works on numbers, not on {describe(value)}")


# --------------------------------------------------------------------------------------------- functions


def _number(name: str, value: Any) -> Any:
    if isinstance(value, Dim):
        raise Trouble(
            "E0312",
            f"`{name}` needs a known size; `{value}` is free",
            (f"e.g. `--set {next(iter(value.symbols()), 'H')}=224`",),
        )
    if not is_number(value):
        raise Trouble("E0301", f"`{name}` works on numbers, not on {describe(value)}")
    return value


def _len(value: Any) -> int:
    if not isinstance(value, tuple):
        raise Trouble("E0301", f"`len` counts the elements of a list, not of {describe(value)}")
    return len(value)


def _extreme(name: str, sign: int) -> Callable[..., Any]:
    def pick(*values: Any) -> Any:
        items = values[0] if len(values) == 1 and isinstance(values[0], tuple) else values
        if not items:
            raise Trouble("E0301", f"`{name}` of nothing")
        best = items[0]
        for item in items[1:]:
            if isinstance(item, Dim) or isinstance(best, Dim):
                order = compare(item, best) if is_size(item) and is_size(best) else None
                if order is None:
                    raise Trouble("E0312", f"`{name}` needs known sizes")
            else:
                order = (_number(name, item) > _number(name, best)) - (item < best)
            if order == sign:
                best = item
        return best

    return pick


def _range(*values: Any) -> tuple[int, ...]:
    for value in values:
        if not isinstance(_number("range", value), int):
            raise Trouble("E0301", "`range` takes whole numbers")
    if not 1 <= len(values) <= 3 or (len(values) == 3 and values[2] == 0):
        raise Trouble("E0301", "`range` takes a stop, a start and a stop, or also a step other than 0")
    numbers = range(*values)
    bound(max(0, (numbers.stop - numbers.start) // numbers.step))
    return tuple(numbers)


def _sqrt(value: Any) -> float:
    if _number("sqrt", value) < 0:
        raise Trouble("E0301", f"`sqrt` of {value}, which is negative")
    return math.sqrt(value)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "len": _len,
    "min": _extreme("min", -1),
    "max": _extreme("max", 1),
    "round": lambda v: round(_number("round", v)),
    "ceil": lambda v: math.ceil(_number("ceil", v)),
    "floor": lambda v: math.floor(_number("floor", v)),
    "sqrt": _sqrt,
    "abs": lambda v: abs(_number("abs", v)),
    "range": _range,
    "exp": lambda v: checked(math.exp(min(_number("exp", v), 710))),
    "log": lambda v: math.log(_number("log", v)) if v > 0 else _bad_log(v),
    "sin": lambda v: math.sin(_number("sin", v)),
    "cos": lambda v: math.cos(_number("cos", v)),
}


def _bad_log(value: Any) -> float:
    raise Trouble("E0301", f"`log` of {value}, which is not positive")
