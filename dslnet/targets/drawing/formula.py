"""Arithmetic as the spec wrote it.

Enters: the last node of a computation on wires. Leaves: which nodes belong to it, and its text, so that a loss or a
gate is one box and not ten circles.
"""

from __future__ import annotations

from collections.abc import Callable

from ...graph import Definition, Node
from ...ops.arithmetic import Arithmetic, Function, Negate
from ...ops.base import Operator
from ...shape import Dim
from .wording import decimal, operator_text, size_text

#: Signs of the language as they are drawn.
DRAWN = {"+": "+", "-": "−", "*": "×", "/": "÷", "@": "@", "**": "^"}
_BINDS = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2, "@": 2, "**": 3}


def consumers(definition: Definition) -> dict[str, int]:
    """How many readers each value has, outputs and next states included."""
    found: dict[str, int] = {}
    for node in definition.nodes():
        for name in node.inputs:
            if name is not None:
                found[name] = found.get(name, 0) + 1
    for _, name in definition.outputs:
        found[name] = found.get(name, 0) + 1
    for state in definition.states:
        found[state.next] = found.get(state.next, 0) + 1
    return found


def is_arithmetic(operator: Operator | None) -> bool:
    return isinstance(operator, (Arithmetic, Function)) and not operator.weighted


def elementwise(operator: Operator) -> bool:
    """Arithmetic with each number by itself."""
    return operator.name == "Scale" or (is_arithmetic(operator) and getattr(operator, "sign", "") != "@")


class Wiring:
    """Who makes and who reads each value of a definition, and where each node stands (by identity): found once for all
    the formulas in it."""

    def __init__(self, definition: Definition) -> None:
        self.makers: dict[str, Node] = {}
        self.readers: dict[str, list[Node]] = {}
        self.places: dict[int, int] = {}
        for place, node in enumerate(definition.nodes()):
            self.places[id(node)] = place
            self.makers.update((value.name, node) for value in node.outputs)
            for read in node.inputs:
                if read is not None:
                    self.readers.setdefault(read, []).append(node)
        self.outside = {name for _, name in definition.outputs} | {s.next for s in definition.states}


class Formula:
    """A last node and all before it that only serve it. `nodes` are in execution order, `inputs` come from outside."""

    def __init__(self, wiring: Wiring, last: Node, belongs: Callable[[Node], bool]) -> None:
        self.makers, self.readers, self.last = wiring.makers, wiring.readers, last
        outside = wiring.outside
        inside = {id(last): last}
        todo = [last]
        while todo:  # what makes a value may belong once its last reader does
            for name in todo.pop().inputs:
                maker = self.makers.get(name) if name is not None else None
                if maker is None or id(maker) in inside or not belongs(maker):
                    continue
                names = [v.name for v in maker.outputs]
                if all(n not in outside and all(id(r) in inside for r in self.readers.get(n, [])) for n in names):
                    inside[id(maker)] = maker
                    todo.append(maker)
        self.nodes = sorted(inside.values(), key=lambda n: wiring.places[id(n)])
        self.inputs = list(
            dict.fromkeys(
                name
                for node in self.nodes
                for name in node.inputs
                if name is not None and id(self.makers.get(name)) not in inside
            )
        )

    def text(self) -> str:
        """The expression, each value from outside by the last part of its name, or by the module that makes it."""
        return self._text(self.last, self._called)[0]

    def _called(self, value: str) -> str:
        maker = self.makers.get(value)
        if maker is not None and maker.module and not any(v.name == value and v.named for v in maker.outputs):
            return maker.module.split(".")[-1]
        parts = value.split(".")
        return parts[-1] if len(parts) < 2 or not parts[-1].isdigit() else parts[-2]

    def _side(self, value: str | None, name: Callable[[str], str]) -> tuple[str, int]:
        maker = self.makers.get(value) if value is not None else None
        if maker is not None and any(maker is n for n in self.nodes):
            return self._text(maker, name)
        return (name(value) if value is not None else "?"), 9

    def _text(self, node: Node, name: Callable[[str], str]) -> tuple[str, int]:
        operator = node.operator
        sides = [self._side(value, name) for value in node.inputs if value is not None]
        if isinstance(operator, Arithmetic) and operator.sign in _BINDS:
            binds = _BINDS[operator.sign]
            if operator.left is not None:
                sides = [(number(operator.left), 9), *sides]
            elif operator.right is not None:
                sides = [*sides, (number(operator.right), 9)]
            left, right = sides[0], sides[1]
            first = left[0] if left[1] >= binds else f"({left[0]})"
            second = right[0] if right[1] > binds or (binds == right[1] and operator.sign in "+*") else f"({right[0]})"
            if operator.sign == "**" and second == "2":
                return f"{first}²", 3
            sign = DRAWN.get(operator.sign, operator.sign)
            return f"{first} {sign} {second}", binds
        if isinstance(operator, Negate):
            return f"−{sides[0][0] if sides[0][1] > 1 else '(' + sides[0][0] + ')'}", 2
        word = operator.name if operator is not None else ""
        word = word.lower() if isinstance(operator, (Function, Arithmetic)) else word
        if operator is not None and not isinstance(operator, (Function, Arithmetic)):
            extra = operator_text([operator], None, [{}])
            word += f"[{extra}]" if extra else ""
        return f"{word}({', '.join(text for text, _ in sides)})", 9


def number(value: object) -> str:
    """A constant in four digits."""
    if isinstance(value, float):
        return decimal(value)
    return size_text(value).replace("-", "−") if isinstance(value, Dim) else str(value).replace("-", "−")


def weights(definition: Definition, value: str, sign: float = 1.0) -> list[tuple[str, float]]:
    """A weighted sum of losses as (value, weight); anything else is itself with weight 1."""
    makers = {v.name: n for n in definition.nodes() for v in n.outputs}
    maker = makers.get(value)
    operator = maker.operator if maker is not None else None
    if maker is not None and isinstance(operator, Arithmetic):
        names = [name for name in maker.inputs if name is not None]
        constant = operator.left if operator.left is not None else operator.right
        if operator.sign in ("+", "-") and constant is None and len(names) == 2:
            second = sign if operator.sign == "+" else -sign
            return weights(definition, names[0], sign) + weights(definition, names[1], second)
        if operator.sign == "*" and isinstance(constant, (int, float)) and len(names) == 1:
            return weights(definition, names[0], sign * constant)
        if operator.sign == "/" and isinstance(operator.right, (int, float)) and operator.right:
            return weights(definition, names[0], sign / operator.right)
    if maker is not None and isinstance(operator, Negate) and maker.inputs[0] is not None:
        return weights(definition, maker.inputs[0], -sign)
    return [(value, sign)]
