"""What is written in a box: its arguments, shapes and counts.

Enters: operators, definitions and sizes of the IR. Leaves: short texts. Where several uses of one block are drawn
once, a number that differs between them is told by the block's own names: `4·width`, `9·width²`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ...graph import Type
from ...ops.arguments import ModuleArgument
from ...ops.base import Operator, literal
from ...shape import Dim, Quotient, Size, Symbol, Tensor, quotient

Bindings = dict[str, Any]
#: Arguments that are told even where they are what they are without being written.
ALWAYS = {"Dropout": ("p",), "MoE": ("top",)}
#: A size that is rounded or a sum, with more letters than this, is not told on a label.
LONG = 7


# --------------------------------------------------------------------------------------------- sizes


def size_text(size: Size) -> str:
    """A size in few characters: `H/2`, `⌈H/32⌉`, `T + 1`."""
    if not isinstance(size, Dim) or not size.terms:
        return str(size)
    parts = []
    for monomial, coefficient in size.terms.items():
        atoms = "·".join(_atom(a) + (_power(p) if p > 1 else "") for a, p in monomial)
        number = Fraction(coefficient)
        sign = "−" if number < 0 else "+"
        amount = "" if abs(number.numerator) == 1 and atoms else str(abs(number.numerator))
        below = f"/{number.denominator}" if number.denominator > 1 else ""
        parts.append((sign, "·".join(p for p in (amount, atoms) if p) + below, not atoms))
    parts.sort(key=lambda part: part[2])
    first, *rest = parts
    return ("−" if first[0] == "−" else "") + first[1] + "".join(f"{sign}{text}" for sign, text, _ in rest)


def _power(power: int) -> str:
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(power))


def _atom(atom: Any) -> str:
    if not isinstance(atom, Quotient):
        return str(atom)
    over, below = atom.dividend, atom.divisor
    if isinstance(below, int):
        up = over - (below - 1)
        if isinstance(up, Dim) and _single(up) and _single(over) is None:
            return f"⌈{size_text(up)}/{below}⌉"
        symbol = _single(over)
        if symbol is not None and symbol.multiple % below == 0 and symbol.remainder % below == 0:
            return f"{size_text(over)}/{below}"
        if symbol is not None and symbol.multiple % below == 0:
            return f"⌊{size_text(over)}/{below}⌋"
    inside = size_text(over)
    inside = inside if _single(over) else f"({inside})"
    return f"⌊{inside}/{size_text(below)}⌋"


def _single(size: Size) -> Symbol | None:
    """The symbol that a size is, if it is just one."""
    if isinstance(size, Dim) and len(size.terms) == 1:
        ((monomial, coefficient),) = size.terms.items()
        if coefficient == 1 and len(monomial) == 1 and monomial[0][1] == 1 and isinstance(monomial[0][0], Symbol):
            return monomial[0][0]
    return None


def type_text(type: Type) -> str:
    """`B×3×H×W`, with the dtype where it is not float; a tuple by its first part."""
    if isinstance(type, tuple):
        return f"{len(type)} of {type_text(type[0])}" if type else "()"
    if type.shape is None:
        return "?"
    text = "×".join(size_text(s) if _plain(s) else f"({size_text(s)})" for s in type.shape) or "scalar"
    return text + ("" if type.dtype == "float" else f" {type.dtype}")


def brief(shape: str) -> str:
    """A shape as a label: a size that is long to tell is that of its symbol, changed: `H′`."""
    sizes = []
    for size in shape.split("×"):
        found = re.search(r"[A-Za-z_]\w*", size)
        first, _, dtype = size.partition(" ") if size.endswith((" long", " bool", " int")) else (size, "", "")
        long = len(first) > LONG and found is not None and re.search(r"[⌊⌈(]", first) is not None
        sizes.append(f"{found[0]}′{' ' + dtype if dtype else ''}" if long and found else size)
    return "×".join(sizes)


def _plain(size: Size) -> bool:
    return not isinstance(size, Dim) or len(size.terms) == 1


def count_text(count: Size | None) -> str:
    """Three digits: `9.41 k`, `1.05 M`; symbolic where a size is; nothing for nothing."""
    if count is None:
        return "?"
    if not isinstance(count, int):
        return size_text(count)
    if count < 1000:
        return str(count) if count else ""
    for power, unit in ((12, "T"), (9, "G"), (6, "M"), (3, "k")):
        value = count / 10**power
        if value >= 0.9995:
            digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
            return f"{value:.{digits}f} {unit}"
    return str(count)


def feature(type: Type) -> Size | None:
    """The size of the feature axis: 1 of a matrix or an image, the last of a sequence."""
    if isinstance(type, tuple) or type.shape is None or type.rank < 2:
        return None
    return type.sizes[-1 if type.rank == 3 else 1]


# ----------------------------------------------------------------------------------- what differs, by name


def common(
    values: Sequence[Any], bindings: Sequence[Bindings], varying: Sequence[str] = (), products: bool = True
) -> str | None:
    """One text for a number that may differ between uses: itself, or an expression in names of the block. Of the
    names in `varying` it is known that they differ in uses that have no such number."""
    first = values[0]
    for name in varying:
        of_name: list[Any] = [b.get(name) for b in bindings]
        if all(_number(v) and _number(n) for v, n in zip(values, of_name, strict=True)):
            if list(values) == of_name:
                return name
            if list(values) == [-n for n in of_name]:
                return f"-{name}"
    if all(v == first for v in values):
        return value_text(first)
    if not all(isinstance(v, (int, Dim)) and not isinstance(v, bool) for v in values):
        return None
    known = [n for n in bindings[0] if all(_number(b.get(n)) for b in bindings)]
    rows = {n: [b[n] for b in bindings] for n in known}
    for name in known:
        if rows[name] == list(values):
            return name
        if list(values) == [-n for n in rows[name]]:
            return f"-{name}"
    for name in known:
        for k in (2, 3, 4, 6, 8, 16):
            if all(v == k * n for v, n in zip(values, rows[name], strict=True)):
                return f"{k}·{name}"
            if all(quotient(n, k) == v for v, n in zip(values, rows[name], strict=True)):
                return f"{name}/{k}"
    for name in known:
        for other in known:
            pairs = list(zip(values, rows[name], rows[other], strict=True))
            if all(isinstance(o, int) and o > 0 and quotient(n + (o - 1), o) == v for v, n, o in pairs):
                return f"{name}/{other}"
    return _product(values, rows) if products else None


def _shape(types: list, bindings: list) -> str | None:  # type: ignore[type-arg]
    tensors = [t for t in types if isinstance(t, Tensor) and t.shape is not None]
    if len(tensors) < len(types) or not tensors or len({t.rank for t in tensors}) > 1:
        return None
    sizes = []
    names: set[str] = set()
    for axis in range(tensors[0].rank):
        values = [t.sizes[axis] for t in tensors]
        rest = [{n: v for n, v in b.items() if n not in names} for b in bindings]
        told = common(values, rest, (), False) or common(values, bindings, (), False)
        names |= {part.split("/")[0].split("·")[-1] for part in [told or ""]}
        if told is None:
            return None
        sizes.append(told)
    return "×".join(sizes) + ("" if tensors[0].dtype == "float" else f" {tensors[0].dtype}")


def shape_text(types: Sequence[Type], bindings: Sequence[Bindings]) -> str | None:
    """One shape for all uses of a block, by its names; None where there is none."""
    tensors = [t for t in types if isinstance(t, Tensor) and t.shape is not None]
    if len(tensors) < len(types) or not tensors or len({t.rank for t in tensors}) > 1:
        return None
    sizes: list[str] = []
    names: set[str] = set()
    for axis in range(tensors[0].rank):
        values = [t.sizes[axis] for t in tensors]
        rest = [{n: v for n, v in b.items() if n not in names} for b in bindings]
        told = common(values, rest, (), False) or common(values, bindings, (), False)
        if told is None:
            return None
        names.add(told.split("/")[0].split("·")[-1])
        sizes.append(told)
    return "×".join(sizes) + ("" if tensors[0].dtype == "float" else f" {tensors[0].dtype}")


def _product(values: Sequence[Any], rows: dict[str, list[Any]]) -> str | None:
    """`9·width·C`: a constant times one or two names."""
    names = [n for n, column in rows.items() if all(isinstance(x, int) and x > 0 for x in column)]
    if not all(isinstance(v, int) and v > 0 for v in values):
        return None
    for i, name in enumerate(names):
        for other in ["", *names[i:]]:
            parts = [a * (b if other else 1) for a, b in zip(rows[name], rows[other or name], strict=True)]
            if all(v % p == 0 for v, p in zip(values, parts, strict=True)):
                factors = {v // p for v, p in zip(values, parts, strict=True)}
                if len(factors) == 1 and len(set(parts)) > 1:
                    factor = factors.pop()
                    body = name + ("²" if other == name else f"·{other}" if other else "")
                    return body if factor == 1 else f"{factor}·{body}"
    return None


def decimal(value: float) -> str:
    """A number in four digits, without an exponent where it is not long: `11570`, `0.0441`, `1e9`."""
    plain = f"{value:.4g}"
    if "e" in plain:
        digits, _, power = plain.partition("e")
        plain = f"{value:.0f}" if 0 <= int(power) < 7 else f"{digits}e{int(power)}"
    return plain.replace("-", "−")


def _number(value: Any) -> bool:
    return isinstance(value, (int, Dim)) and not isinstance(value, bool)


def several(values: Sequence[Any], bindings: Sequence[Bindings], varying: Sequence[str] = ()) -> str:
    """`common`, or up to four different values one after another, or the first and the last."""
    found = common(values, bindings, varying)
    if found is not None:
        return found
    distinct = list(dict.fromkeys(value_text(v) for v in values))
    return ", ".join(distinct) if len(distinct) <= 4 else f"{distinct[0]}…{distinct[-1]}"


def value_text(value: Any) -> str:
    if isinstance(value, ModuleArgument):
        return value.path
    if isinstance(value, Dim) or (isinstance(value, int) and not isinstance(value, bool)):
        return size_text(value)
    if isinstance(value, float):
        return decimal(value)
    if isinstance(value, (tuple, list)) and value and all(not isinstance(v, (tuple, list)) for v in value):
        return "×".join(value_text(v) for v in value)
    return value if isinstance(value, str) else literal(value)


# ------------------------------------------------------------------------------------------- operators


def operator_text(
    operators: Sequence[Operator], inputs: Type | None, bindings: Sequence[Bindings], varying: Sequence[str] = ()
) -> str:
    """The arguments of a box as a paper gives them: `7×7, 64, /2`, `512→1000`, `8`."""
    op = operators[0]

    def told(name: str) -> str:
        return several([getattr(o, name) for o in operators], bindings, varying)

    def one(name: str, default: Any) -> bool:
        return all(getattr(o, name) == default for o in operators)

    names = set(op.arguments)
    if "kernel_size" in names:
        return ", ".join(_window(op, inputs, told, one))
    if op.kind == "linear" and "out_features" in names:
        before = feature(inputs or ()) if not isinstance(inputs, Tensor) or inputs.shape is None else inputs.sizes[-1]
        same = len({str(o) for o in operators}) == 1 and len(operators) == 1
        return f"{size_text(before)}→{told('out_features')}" if before is not None and same else told("out_features")
    if {"num_embeddings", "embedding_dim"} <= names:
        return f"{told('num_embeddings')}→{told('embedding_dim')}"
    if "hidden_size" in names:
        more = ["2 directions"] if getattr(op, "bidirectional", False) else []
        layers = getattr(op, "num_layers", 1)
        return ", ".join([told("hidden_size"), *([f"{layers} layers"] if layers != 1 else []), *more])
    parts = []
    changed = op.changed() | {n: getattr(op, n) for n in ALWAYS.get(op.name, ())}
    for name, value in changed.items():
        if name in ("eps", "bias", "affine", "elementwise_affine", "loose", "least") and value is not False:
            continue
        if isinstance(value, dict):
            parts += [f"{k}={value_text(v)}" for k, v in value.items()]
        elif value is False:
            parts.append(f"no {name}")
        elif value is True:
            parts.append(name)
        elif name == "axis":
            parts.append(f"axis {told(name)}")
        elif name in ("axis0", "axis1"):
            parts = [f"axes {told('axis0')}, {told('axis1')}"]
        elif op.arguments[name].required or name == op.variadic or (_first(op, name) and not isinstance(value, str)):
            parts.append(told(name))
        else:
            parts.append(f"{name} {told(name)}")
    text = ", ".join(parts)
    return text if len(text) <= 40 else text[:39] + "…"


def _first(op: Operator, name: str) -> bool:
    return name == next(iter(op.arguments))


def _window(op: Operator, inputs: Type | None, told: Any, one: Any) -> list[str]:
    rank = inputs.rank - 2 if isinstance(inputs, Tensor) and inputs.shape is not None else 2
    kernel = told("kernel_size")
    parts = ["×".join([kernel] * max(rank, 1)) if re.fullmatch(r"\w+", kernel) and rank < 4 else kernel]
    if "out_channels" in op.arguments:
        parts.append(told("out_channels"))
    stride = getattr(op, "stride", 1)
    default = stride is None or one("stride", op.arguments["stride"].default if "stride" in op.arguments else 1)
    if default and stride is not None and stride != 1:
        default = False
    if stride is None or one("stride", None):
        parts.append(f"/{kernel}")
    elif not default or not one("stride", 1):
        text = told("stride")
        parts.append(f"·{text}" if "Transpose" in op.name else f"/{text}")
    for name, word in (("dilation", "dilation"), ("groups", "groups")):
        if name in op.arguments and not one(name, 1):
            parts.append(word if told(name) == word else f"{word} {told(name)}")
    if getattr(op, "padding", "same") not in ("same", 0):
        padding = value_text(op.padding)  # type: ignore[attr-defined]
        parts.append(padding if isinstance(op.padding, str) else f"padding {padding}")  # type: ignore[attr-defined]
    if "mask" in op.arguments:
        parts.append(f"mask {told('mask')}")
    return [p for p in parts if p != "/1"]
