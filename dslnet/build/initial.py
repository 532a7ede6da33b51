"""Initialisers: how a free parameter, a state or the weights of a box start.

Enters: what stands after `=` or in `init=`. Leaves: a `graph.Initial`. A table is arithmetic on `range(n)`, kept as a
tree of nested tuples, so that a spec can hold positions or frequencies and still never runs code.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from ..graph import Initial
from ..shape import UNKNOWN
from ..syntax import Binary, BoxRef, Call, Expression, Paren, Ref, Unary
from .values import UNKNOWN_VALUE

#: Initialisers and the names of their arguments.
INITIALISERS: dict[str, tuple[str, ...]] = {
    "Normal": ("std",),
    "TruncatedNormal": ("std",),
    "Uniform": ("bound",),
    "Xavier": (),
    "Kaiming": (),
    "Orthogonal": (),
    "Eye": (),
}

FUNCTIONS = frozenset({"sin", "cos", "exp", "log", "sqrt", "abs"})


def starts(kind: str, rank: int) -> bool:
    """Whether an initialiser can fill a tensor of a rank: some are for matrices, `Eye` for two axes."""
    return rank == 2 if kind == "Eye" else rank > 1 or kind not in ("Xavier", "Kaiming", "Orthogonal")


def is_initialiser(expression: Expression) -> bool:
    """Whether an expression is `Normal(0.02)` or `Xavier`."""
    callee = expression.callee if isinstance(expression, Call) else expression
    return isinstance(callee, BoxRef) and callee.name in INITIALISERS


def is_table(expression: Expression) -> bool:
    """Whether there is a `range` somewhere in an expression."""
    stack: list[Any] = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, Call):
            if isinstance(node.callee, Ref) and node.callee.name == "range":
                return True
            stack.extend(a.value for a in node.arguments)
        elif isinstance(node, Binary):
            stack += [node.left, node.right]
        elif isinstance(node, Unary):
            stack.append(node.operand)
        elif isinstance(node, Paren):
            stack.extend(a.value for a in node.arguments)
    return False


def initialiser(frame: Any, expression: Expression) -> Initial | None:
    """`Normal(0.02)` with its arguments checked; None after a report. `frame` evaluates the arguments."""
    callee = expression.callee if isinstance(expression, Call) else expression
    assert isinstance(callee, BoxRef)
    names = INITIALISERS[callee.name]
    given = expression.arguments if isinstance(expression, Call) else ()
    values: list[Any] = []
    for argument in given:
        value = frame.evaluate(argument.value)
        if argument.name is not None and argument.name.text not in names:
            frame.error(
                "E0206",
                f"`{callee.name}` has no argument `{argument.name.text}`",
                argument.name.span,
                notes=(signature(callee.name),),
            )
            return None
        if not isinstance(value, (int, float)) or isinstance(value, bool) or value < 0:
            frame.error(
                "E0301", f"`{callee.name}` takes a number from 0", argument.value.span, notes=(signature(callee.name),)
            )
            return None
        values.append(float(value))
    if len(values) > len(names):
        frame.error(
            "E0404",
            f"`{callee.name}` takes {len(names)} argument{'s' if len(names) != 1 else ''}, here are {len(values)}",
            given[-1].span,
            notes=(signature(callee.name),),
        )
        return None
    if len(values) < len(names):
        frame.error(
            "E0401",
            f"`{callee.name}` needs `{names[len(values)]}`",
            callee.span,
            notes=(signature(callee.name),),
            helps=(f"`{callee.name}(0.02)`",),
        )
        return None
    return Initial(callee.name, tuple(values))


def table(frame: Any, expression: Expression) -> Any:
    """The tree of a table: `("range", n)`, `("+", a, b)`, `("sin", a)`, a number. None after a report."""
    if isinstance(expression, Paren) and len(expression.arguments) == 1:
        return table(frame, expression.arguments[0].value)
    if not is_table(expression):
        value = frame.evaluate(expression)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            frame.error("E0301", "a table is arithmetic on `range(n)` and numbers", expression.span)
            return None
        return value
    if isinstance(expression, Binary) and expression.operator in ("+", "-", "*", "/", "//", "%", "**"):
        left, right = table(frame, expression.left), table(frame, expression.right)
        return None if left is None or right is None else (expression.operator, left, right)
    if isinstance(expression, Unary) and expression.operator == "-":
        inner = table(frame, expression.operand)
        return None if inner is None else ("*", -1, inner)
    if isinstance(expression, Call) and isinstance(expression.callee, Ref) and len(expression.arguments) == 1:
        if expression.callee.name == "range":
            count = frame.evaluate(expression.arguments[0].value)
            if count is UNKNOWN_VALUE or count is UNKNOWN:
                return None
            if isinstance(count, bool) or not isinstance(count, int) or count < 1:
                frame.error(
                    "E0301", "`range` in a table takes a known whole number from 1", expression.arguments[0].span
                )
                return None
            return ("range", int(count))
        if expression.callee.name in FUNCTIONS:
            inner = table(frame, expression.arguments[0].value)
            return None if inner is None else (expression.callee.name, inner)
    frame.error("E0301", "a table is arithmetic on `range(n)` and numbers", expression.span)
    return None


def table_length(tree: Any) -> int | None:
    """How many numbers a table has: the length of its ranges, when they agree."""
    lengths: set[int] = set()
    stack = [tree]
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            if part[0] == "range":
                lengths.add(part[1])
            else:
                stack += part[1:]
    return lengths.pop() if len(lengths) == 1 else None


def greatest(tree: Any) -> float:
    """The largest number of a table. Raises `ArithmeticError` or `ValueError` where one of them is not finite."""
    found = [_number(tree, place) for place in range(min(table_length(tree) or 1, _LOOKED_AT))]
    if not all(map(math.isfinite, found)):
        raise OverflowError
    return max(found)


#: Tables are looked through up to here, so that a check ends soon.
_LOOKED_AT = 10_000


def _number(tree: Any, place: int) -> float:
    """What a table has at a place."""
    if not isinstance(tree, tuple):
        return float(tree) if isinstance(tree, bool) else tree
    if tree[0] == "range":
        return place
    sides = [_number(part, place) for part in tree[1:]]
    if tree[0] in FUNCTIONS:
        made: float = abs(sides[0]) if tree[0] == "abs" else getattr(math, tree[0])(sides[0])
        return made
    if tree[0] == "**" and isinstance(sides[0], int) and isinstance(sides[1], int):
        if sides[1] < 0:
            raise ArithmeticError("whole numbers have no negative powers")
        if abs(sides[0]) > 1 and sides[1] > 63:
            raise OverflowError
    result: float | complex = _SIGNS[tree[0]](*sides)
    if isinstance(result, complex):
        raise ValueError("a root of a negative number")
    return result


_SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow,
}  # fmt: skip


def is_whole(tree: Any) -> bool:
    """Whether all numbers of a table are whole."""
    if not isinstance(tree, tuple):
        return isinstance(tree, int)
    return tree[0] not in ("/", *FUNCTIONS) and all(is_whole(part) for part in tree[1:] if tree[0] != "range")


def signature(name: str) -> str:
    names = INITIALISERS[name]
    return name + (f"({', '.join(names)})" if names else "")
