"""Values of the graph as JSON, and back.

Enters: what a field of the IR may hold beside plain data: a size that is not known, an operator with its
arguments, a module that was passed as an argument. Leaves: JSON with one reserved key for each, `{"dim": "H // 2"}`,
`{"op": "Conv", "arguments": {…}}`, `{"module": "wte", …}`; lists stand for tuples. pydantic calls these functions
through the hooks of `schema.py`.

Sizes are read by a small reader of arithmetic: no name means anything but a free dimension of the model, with
what the model knows of it, and the size that a router decides.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from .shape import ROUTED, UNKNOWN, Dim, Quotient, Symbol, routed

Symbols = Mapping[str, Symbol]


class Unreadable(ValueError):
    """JSON that stands for no value of the graph."""


# -------------------------------------------------------------------------------------------------- sizes


def dim_text(dim: Dim) -> str:
    """A size as text that `read_dim` turns into the same size."""
    if dim is UNKNOWN:
        return "?"
    text = str(dim)
    try:
        if read_dim(text, dim.symbols()) == dim:
            return text
    except Unreadable:
        pass
    return _exact(dim)


def _exact(dim: Dim) -> str:
    """A size term by term, with coefficients as fractions: `1/2 * H + 1/2`."""
    parts = []
    for monomial, coefficient in dim.terms.items():
        factors = [f"({coefficient})"]
        for atom, power in monomial:
            text = atom.name if isinstance(atom, Symbol) else f"({_operand(atom.dividend)} // {_operand(atom.divisor)})"
            factors.append(f"{text} ** {power}" if power > 1 else text)
        parts.append(" * ".join(factors))
    return " + ".join(parts)


def _operand(size: Any) -> str:
    return f"({_exact(size)})" if isinstance(size, Dim) else str(size)


def read_dim(text: str, symbols: Symbols) -> Dim | int:
    """The size that a text stands for; `symbols` are the free dimensions."""
    if text == "?":
        return UNKNOWN
    try:
        tree = ast.parse(text, mode="eval") if len(text) <= 100_000 else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if tree is None:
        raise Unreadable(f"{text[:60]!r} is not a size")
    terms = _polynomial(tree.body, symbols, 0)
    whole = {m: c.numerator if isinstance(c, Fraction) and c.denominator == 1 else c for m, c in terms.items() if c}
    if not whole:
        return 0
    if list(whole) == [()] and isinstance(whole[()], int):
        return int(whole[()])
    return Dim(whole)


def _polynomial(node: ast.expr, symbols: Symbols, depth: int) -> dict[Any, int | Fraction]:
    """The terms of an expression. Division by a number is exact here; `//` makes a floored atom where it must."""
    if depth > 200:
        raise Unreadable("a size that is nested too deep")

    def below(inner: ast.expr) -> dict[Any, int | Fraction]:
        return _polynomial(inner, symbols, depth + 1)

    match node:
        case ast.Constant(value=int() as number) if not isinstance(number, bool):
            return {(): number}
        case ast.Name(id=name):
            symbol = symbols.get(name) or (routed() if name == ROUTED else None)
            if symbol is None:
                raise Unreadable(f"{name!r} is not a free dimension of this model")
            return {((symbol, 1),): 1}
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return {m: -c for m, c in below(inner).items()}
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _sum(below(left), below(right), 1)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _sum(below(left), below(right), -1)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _product(below(left), below(right))
        case ast.BinOp(left=left, op=ast.Div(), right=ast.Constant(value=int() as divisor)) if divisor:
            return {m: Fraction(c) / divisor for m, c in below(left).items()}
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() as power)) if 0 <= power <= 16:
            result: dict[Any, int | Fraction] = {(): 1}
            for _ in range(power):
                result = _product(result, below(left))
            return result
        case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
            a, b = _size(below(left)), _size(below(right))
            if b == 0:
                raise Unreadable("a size divided by zero")
            result = _terms(a // b)
            return result
    raise Unreadable("a size is made of numbers, free dimensions, + - * / // and **")


def _size(terms: dict[Any, int | Fraction]) -> Dim | int:
    kept = {m: c for m, c in terms.items() if c}
    if any(m for m in kept):
        return Dim({m: c.numerator if isinstance(c, Fraction) and c.denominator == 1 else c for m, c in kept.items()})
    value = Fraction(kept.get((), 0))
    if value.denominator != 1:
        raise Unreadable("a fraction where a whole number is needed")
    return int(value)


def _terms(size: Any) -> dict[Any, int | Fraction]:
    return dict(size.terms) if isinstance(size, Dim) else {(): size}


def _sum(a: dict[Any, int | Fraction], b: dict[Any, int | Fraction], sign: int) -> dict[Any, int | Fraction]:
    total = dict(a)
    for monomial, coefficient in b.items():
        total[monomial] = total.get(monomial, 0) + sign * coefficient
    return total


def _product(a: dict[Any, int | Fraction], b: dict[Any, int | Fraction]) -> dict[Any, int | Fraction]:
    if len(a) * len(b) > 100_000:
        raise Unreadable("a size with too many terms")
    total: dict[Any, int | Fraction] = {}
    for x, c in a.items():
        for y, d in b.items():
            powers: dict[Symbol | Quotient, int] = dict(x)
            for atom, power in y:
                powers[atom] = powers.get(atom, 0) + power
            key = tuple(sorted(powers.items(), key=lambda item: str(item[0])))
            total[key] = total.get(key, 0) + c * d
    return total


# ------------------------------------------------------------------------------------------------- values


def encode(value: Any) -> Any:
    """A value of the graph as JSON data."""
    from .ops.arguments import ModuleArgument
    from .ops.base import Operator

    if value is None or isinstance(value, (bool, str, float)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Dim):
        return {"dim": dim_text(value)}
    if isinstance(value, (tuple, list)):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {"table": {name: encode(item) for name, item in value.items()}}
    if isinstance(value, Operator):
        kept = {n: encode(v) for n, v in value.values().items() if n in value.changed() or _other_kind(value, n, v)}
        return {"op": _name(type(value)), "arguments": kept}
    if isinstance(value, ModuleArgument):
        weights = {name: encode(shape) for name, shape in value.weights.items()}
        return {"module": value.path, "span": list(value.span), "weights": weights}
    raise TypeError(f"a value of type {type(value).__name__} in the graph")


def _other_kind(operator: Any, name: str, value: Any) -> bool:
    """Whether an argument is the default, but `1` where that is `1.0`, which is written otherwise."""
    return isinstance(value, float) != isinstance(operator.arguments[name].default, float)


def decode(data: Any, symbols: Symbols) -> Any:
    """The value that JSON data stands for."""
    if isinstance(data, (list, tuple)):
        return tuple(decode(item, symbols) for item in data)
    if not isinstance(data, dict):
        return data
    match data:
        case {"dim": str() as text, **rest} if not rest:
            return read_dim(text, symbols)
        case {"table": dict() as table, **rest} if not rest:
            return {name: decode(item, symbols) for name, item in table.items()}
        case {"op": str() as name, "arguments": dict() as arguments, **rest} if not rest:
            return _operator(name, arguments, symbols)
        case {"module": str() as path, "span": [str() as file, int() as start, int() as end], "weights": dict() as w}:
            from .ops.arguments import ModuleArgument
            from .source import Span

            return ModuleArgument(path, Span(file, start, end), {k: decode(v, symbols) for k, v in w.items()})
    raise Unreadable(f"an object with the keys {', '.join(map(repr, sorted(data)[:5]))}")


def _name(operator: Any) -> str:
    """The name of a box, or of an operator that is no box (`a + b`) with its file: `arithmetic.Plus`."""
    from .ops import OPERATORS

    plain: str = operator.__name__
    return plain if OPERATORS.get(plain) is operator else f"{operator.__module__.rpartition('.')[2]}.{plain}"


def _hidden() -> dict[str, Any]:
    """The operators that are no boxes, by the names that `_name` gives them."""
    from .ops import arithmetic, internal
    from .ops.base import Operator

    found: dict[str, Any] = {}
    stack: list[Any] = [Operator]
    while stack:
        operator = stack.pop()
        stack += operator.__subclasses__()
        if operator.__module__ in (arithmetic.__name__, internal.__name__):
            found[_name(operator)] = operator
    return found


def _operator(name: str, arguments: dict[str, Any], symbols: Symbols) -> Any:
    from .ops import OPERATORS

    operator = OPERATORS.get(name) or (_hidden().get(name) if "." in name else None)
    if operator is None:
        raise Unreadable(f"there is no operator {name!r}")
    values = {}
    for key, data in arguments.items():
        argument = operator.arguments.get(key)
        if argument is None:
            raise Unreadable(f"{name} has no argument {key!r}")
        try:
            values[key] = argument.type.accept(decode(data, symbols))
        except Unreadable:
            raise
        except Exception as error:
            raise Unreadable(f"{key} of {name} is {argument.type.text}") from error
    try:
        return operator(**values)
    except TypeError as error:
        raise Unreadable(str(error)) from None
