"""Arithmetic, comparisons and conditions.

Enters: an operation between two values. Leaves: a static value, or nodes when there is a wire in it.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import Edit, Help
from ..ops import Operator
from ..ops.arithmetic import SIGNS
from ..shape import UNKNOWN, Dim, located
from ..source import Span
from ..syntax import (
    Binary,
    Expression,
    Ref,
    Unary,
)
from . import static
from .functional import fed_inside, tell
from .names import Flow, Names
from .static import Trouble
from .values import UNKNOWN_VALUE, BoxValue, ModuleValue, Wire, Wires, describe


class Arithmetic(Names):
    """The part of a frame that computes."""

    def run_operator(self, operator: Operator, inputs: list[Any], span: Span, **details: Any) -> Flow:
        """Add a node for an operator and return what it makes."""
        raise NotImplementedError

    def binary(self, expression: Binary) -> Any:
        """A chain of operations, without recursion down its left side."""
        chain: list[Binary] = []
        node: Expression = expression
        while isinstance(node, Binary):
            chain.append(node)
            node = node.left
        left = self.evaluate(node)
        for link in reversed(chain):
            left = self.combine(link, left)
        return left

    def combine(self, link: Binary, left: Any) -> Any:
        sign = link.operator
        if sign in ("and", "or"):
            if isinstance(left, Wire) and isinstance(link.left, Ref):
                left = True
            elif left is None:
                left = False
            elif isinstance(left, Wire):
                return self.joined_wires(link)
            elif not isinstance(left, bool) and left is not UNKNOWN_VALUE:
                self.error("E0301", f"`{sign}` joins conditions, not {describe(left)}", link.left.span)
                left = UNKNOWN_VALUE
            if left is (sign == "or"):
                return left
            right = self.truth(link.right)
            if right is None or left is UNKNOWN_VALUE:
                return UNKNOWN_VALUE
            return right
        right = self.evaluate(link.right)
        if left is UNKNOWN_VALUE or right is UNKNOWN_VALUE:
            if isinstance(left, Wire) or isinstance(right, Wire):
                return self.unknown(link.span)
            return UNKNOWN_VALUE
        if sign in ("==", "!=") and (left is None or right is None):
            return (left is None and right is None) == (sign == "==")
        if isinstance(left, (Wire, Wires)) or isinstance(right, (Wire, Wires)):
            return self.wire_arithmetic(sign, left, right, link)
        for value, side in ((left, link.left), (right, link.right)):
            if isinstance(value, BoxValue) and fed_inside(value):
                tell(self, value, side.span)
                return UNKNOWN_VALUE
            if isinstance(value, (ModuleValue, BoxValue)):
                self.error(
                    "E0215",
                    f"`{sign}` works on wires and numbers, and this is {describe(value)}",
                    side.span,
                    helps=(
                        Help("an arrow is `->`", (Edit(link.operator_span, "->"),), sure=True)
                        if sign == ">" and isinstance(right, (ModuleValue, BoxValue))
                        else "a pipeline inside arithmetic takes parentheses and starts from a wire: "
                        "`(x -> Linear(8)) * y`",
                    ),
                )
                return UNKNOWN_VALUE
        try:
            if sign in ("==", "!=", "<", "<=", ">", ">="):
                return static.comparison(sign, left, right)
            result = static.arithmetic(sign, left, right)
        except Trouble as problem:
            for value, side in ((left, link.left), (right, link.right)):
                if not static.is_number(value) and not static.is_size(value):
                    self.spoil(side.span)
            return self.trouble(problem, link.span)
        if isinstance(result, tuple):
            self.session.step(link.span, len(result) // 16)
        return located(result, link.span) if static.is_size(result) and result is not UNKNOWN else result

    def joined_wires(self, link: Binary) -> Any:
        """`(a < b) and (b < c)` of tensors, which is arithmetic and no condition."""
        self.evaluate(link.right)
        sign = "*" if link.operator == "and" else "max"
        self.error(
            "E0215",
            f"`{link.operator}` joins conditions, which are static, and this is data",
            link.operator_span,
            helps=("`a * b` is 1 where both hold" if sign == "*" else "`max(a, b)` is 1 where one of them holds",),
        )
        return self.unknown(link.span)

    def wire_arithmetic(self, sign: str, left: Any, right: Any, link: Binary) -> Any:
        sides = []
        for value, syntax in ((left, link.left), (right, link.right)):
            if isinstance(value, Wires):
                self.error(
                    "E0215",
                    f"`{sign}` works on one tensor, and this is {len(value.items)} of them",
                    syntax.span,
                    helps=("index it: `[0]`", "or join it: `-> Concat`"),
                )
                return self.unknown(link.span)
            if isinstance(value, BoxValue) and fed_inside(value):
                tell(self, value, syntax.span)
                return self.unknown(link.span)
            if not isinstance(value, Wire) and not static.is_number(value) and not isinstance(value, Dim):
                self.error("E0301", f"`{sign}` works on wires and numbers, not on {describe(value)}", syntax.span)
                return self.unknown(link.span)
            sides.append(value)
        operator = SIGNS.get(sign)
        if operator is None:
            self.error("E0301", f"`{sign}` does not work on wires", link.operator_span)
            return self.unknown(link.span)
        return self.run_sign(operator, sides, link.operator_span, link.span)

    def run_sign(self, operator: type[Operator], sides: list[Any], at: Span, span: Span) -> Any:
        arguments: dict[str, Any] = {}
        wires = [s for s in sides if isinstance(s, Wire)]
        if len(sides) == 2:
            for name, side in zip(("left", "right"), sides, strict=False):
                if not isinstance(side, Wire):
                    arguments[name] = side
        if "loose" in operator.arguments and any(w.loose for w in wires):
            arguments["loose"] = True
        return self.run_operator(operator(**arguments), list(wires), span, at=at)

    def unary(self, expression: Unary) -> Any:
        if expression.operator == "not":
            value = self.truth(expression.operand)
            return UNKNOWN_VALUE if value is None else not value
        value = self.evaluate(expression.operand)
        if value is UNKNOWN_VALUE:
            return value
        if isinstance(value, Wire):
            return self.run_sign(SIGNS["neg"], [value], expression.span, expression.span)
        try:
            result = static.negate(value)
        except Trouble as problem:
            return self.trouble(problem, expression.span)
        return located(result, expression.span) if static.is_size(result) and result is not UNKNOWN else result

    def truth(self, expression: Expression) -> bool | None:
        """A static condition; None when it is unknown."""
        value = self.evaluate(expression)
        if isinstance(value, bool):
            return value
        if value is None:
            return False
        if isinstance(value, Wire) and isinstance(expression, Ref):
            return True  # the presence of an optional input
        if value is UNKNOWN_VALUE or value is UNKNOWN:
            return None
        if isinstance(value, (Wire, Wires)):
            self.error(
                "E0215",
                "a condition is static: it never looks at data",
                expression.span,
                "this is a wire",
                helps=("for a choice by data use `Where`",),
            )
        else:
            self.error("E0301", f"a condition is true or false, not {describe(value)}", expression.span)
        return None
