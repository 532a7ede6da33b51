"""`require` lines.

Enters: a condition on sizes. Leaves: nothing when it holds; a model's conditions on free sizes are learned first,
so that the shapes computed afterwards are as simple as they can be.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import Label
from ..shape import Dim, origin
from ..source import Span
from ..syntax import Binary, Declaration, Expression, Literal, Ref, Valued
from . import static
from .expressions import Flow
from .statements import Statements
from .values import UNKNOWN_VALUE, Wire, Wires


class Requirements(Statements):
    """The part of a frame that checks requirements."""

    def declare_require(self, statement: Declaration, name: str, place: Span, flow: Flow) -> None:
        if isinstance(statement.body, Valued):
            for part in _conjuncts(statement.body.value):
                self.require(part)

    def require(self, condition: Expression) -> None:
        if condition.span in self.contradictions:
            return
        before = len(self.report.diagnostics)
        try:
            value = self.quietly(condition)
        except static.Trouble as trouble:
            if self.entry:
                self.error(trouble.code, trouble.title, condition.span, helps=trouble.helps)
                return
            text = self.text(condition.span)
            self.error(
                "E0403",
                f"`require: {text}` cannot be shown here"[:80],
                self.call_span or condition.span,
                trouble.title[:49],
                secondary=[Label(condition.span, "required here")],
                helps=(self.advice(condition),),
            )
            return
        if value is False and len(self.report.diagnostics) == before:
            self.required(condition)
            self.refused = not self.entry
        elif not isinstance(value, bool) and value is not UNKNOWN_VALUE and len(self.report.diagnostics) == before:
            self.error("E0301", "`require` takes a condition, which is true or false", condition.span)

    def advice(self, condition: Expression) -> str:
        """What to say of the model's sizes, so that a condition can be shown."""
        if isinstance(condition, Binary) and condition.operator in ("<", "<=", ">", ">="):
            sides = [self.evaluate(side) for side in (condition.left, condition.right)]
            if all(isinstance(side, (int, Dim)) for side in sides):
                fact = f"{sides[0]} {condition.operator} {sides[1]}"
                if str(sides[0]).isidentifier() and isinstance(sides[1], int):
                    return f"say it of the model's sizes: `require: {fact}`"
                return f"require of the model's sizes what makes `{fact}` true"
        return "say it of the model's sizes: `require: H % 32 == 0`"

    def quietly(self, condition: Expression) -> Any:
        """A condition; what depends on a free size is the caller's business."""
        if isinstance(condition, Binary) and condition.operator in ("==", "!=", "<", "<=", ">", ">="):
            left, right = self.evaluate(condition.left), self.evaluate(condition.right)
            if (
                not isinstance(left, (Wire, Wires))
                and not isinstance(right, (Wire, Wires))
                and UNKNOWN_VALUE not in (left, right)
            ):
                return static.comparison(condition.operator, left, right)
            if UNKNOWN_VALUE in (left, right):
                return UNKNOWN_VALUE
        return self.evaluate(condition)

    def text(self, span: Span) -> str:
        return " ".join(self.file.spec.source.text[span.start : span.end].split())

    def required(self, condition: Expression) -> None:
        """A condition that is certainly false."""
        divisor = _divisibility(condition)
        span = condition.span
        if divisor is not None:
            left, right = self.evaluate(divisor.left), self.evaluate(divisor.right)
            if isinstance(left, int) and isinstance(right, int):
                self.does_not_divide(divisor, left, right, span)
                return
        at = self.call_span if self.call_span is not None else span
        self.error(
            "E0403",
            f"`require: {self.text(span)}` fails"[:80],
            at,
            self.binding_text()[:49],
            secondary=[Label(span, "required here")] if at != span else (),
        )

    def does_not_divide(self, divisor: Binary, left: int, right: int, span: Span) -> None:
        name = divisor.right.name if isinstance(divisor.right, Ref) else self.text(divisor.right.span)
        whole = divisor.left.name if isinstance(divisor.left, Ref) else self.text(divisor.left.span)
        what = "a width" if whole in ("d", "width") else f"`{whole}`"
        if not name.isidentifier():
            title = f"{right} does not divide {what}, which is {left}"
        elif name.endswith("s"):
            title = f"{right} {name} do not divide {what} of {left}"
        else:
            title = f"`{name}` is {right}, which does not divide {what} of {left}"
        at = self.argument_spans.get(name) or self.call_span or span
        place = origin(left)
        choices = [str(n) for n in range(1, min(left, 4096) + 1) if left % n == 0]
        shown = choices if len(choices) <= 10 else [*choices[:9], "…"]
        self.error(
            "E0306",
            title,
            at,
            f"{left} = {right}*{left // right} + {left % right}",
            secondary=[Label(place, f"{what.strip('`')} is {left} here")] if place and place != at else (),
            helps=(f"{name} that divide{'' if name.endswith('s') else 's'} {left}: {', '.join(shown)}",)
            if name.isidentifier()
            else (),
        )

    def learn(self, condition: Expression) -> None:
        """What a `require` of a model says of its free sizes, before anything is computed with them."""
        for part in _conjuncts(condition):
            if not isinstance(part, Binary):
                continue
            if isinstance(part.left, (Literal, Ref)) and isinstance(self.evaluate(part.left), int):
                part = _turned(part)
            divisor = part.left if isinstance(part.left, Binary) and part.left.operator == "%" else None
            value = self.evaluate(divisor.left if divisor else part.left)
            symbol = value.symbol() if isinstance(value, Dim) else None
            number = self.evaluate(part.right)
            if symbol is None or not isinstance(number, int) or isinstance(number, bool):
                continue
            if divisor is not None:
                by = self.evaluate(divisor.right)
                known = part.operator != "==" or not isinstance(by, int) or by < 1 or symbol.divides(by, number)
            else:
                high = number - (part.operator == "<") if part.operator in ("<", "<=") else None
                low = number + (part.operator == ">") if part.operator in (">", ">=") else None
                known = symbol.lies(low, high)
            if not known:
                self.contradictions.add(part.span)
                self.error("E0310", f"`{self.text(part.span)}` contradicts what is known of `{symbol.name}`", part.span)


def _turned(part: Binary) -> Binary:
    """`10 <= T` as `T >= 10`, which says the same."""
    turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
    if part.operator not in turned:
        return part
    return Binary(turned[part.operator], part.right, part.left, part.operator_span, part.span)


def _conjuncts(expression: Expression) -> list[Expression]:
    parts: list[Expression] = []
    stack = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, Binary) and node.operator == "and":
            stack += [node.right, node.left]
        else:
            parts.append(node)
    return parts


def _divisibility(condition: Expression) -> Binary | None:
    if isinstance(condition, Binary) and condition.operator == "==" and isinstance(condition.left, Binary):
        return condition.left if condition.left.operator == "%" else None
    return None
