"""What an expression means: a static value, a wire, a module or a box.

Enters: a syntax node, in the names of a frame. Leaves: its value. Arithmetic with a wire in it becomes nodes;
everything else is computed here and now. A mistake is reported once and gives `UNKNOWN_VALUE`.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import Edit, Help, did_you_mean
from ..ops import OPERATORS
from ..ops.arithmetic import FUNCTIONS as WIRE_FUNCTIONS
from ..shape import UNKNOWN, Number, Tensor
from ..source import Span
from ..syntax import (
    Attribute,
    Binary,
    BoxRef,
    Call,
    Conditional,
    Ellipsis,
    Expression,
    Index,
    List,
    Literal,
    Paren,
    Pipeline,
    Ref,
    Side,
    Unary,
)
from . import static
from .arithmetic import Arithmetic
from .blocks import Block
from .functional import through
from .initial import initialiser, is_initialiser
from .names import Flow, Lazy
from .static import Trouble
from .values import UNKNOWN_VALUE, BoxValue, ModuleValue, Wire, Wires, describe


class Expressions(Arithmetic):
    """The part of a frame that evaluates expressions."""

    # ------------------------------------------------------------------- what the classes on top of this one do

    def step(self, step: Expression, flow: Flow) -> Flow:
        """Send what flows through one step of a pipeline."""
        raise NotImplementedError

    def tap(self, value: Any, name: str, span: Span) -> Any:
        """What `value.name` reads, or None."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------------ starts

    def start(self, expression: Expression) -> str:
        """How a value starts, which is its kind: `box`, `module`, `shape` or `value`."""
        while True:
            if isinstance(expression, Pipeline):
                expression = expression.steps[0]
            elif isinstance(expression, Side):
                expression = expression.step
            elif isinstance(expression, Paren) and len(expression.arguments) == 1:
                expression = expression.arguments[0].value
            elif isinstance(expression, Conditional):
                condition = self.truth(expression.condition)
                expression = expression.otherwise if condition is False else expression.then
            else:
                break
        if isinstance(expression, Call):
            return "box" if isinstance(expression.callee, BoxRef) else "value"
        if isinstance(expression, BoxRef):
            return "value" if self.is_size_name(expression.name) else "box"
        if isinstance(expression, List):
            return "shape"
        if isinstance(expression, Ref):
            found = self.scope.find(expression.name)
            if isinstance(found, Lazy):
                found = self.settle(expression.name, found, expression.span)
            return "module" if isinstance(found, ModuleValue) else "value"
        if isinstance(expression, Attribute):
            return "module" if isinstance(self.quiet(expression), ModuleValue) else "value"
        return "value"

    def quiet(self, expression: Attribute) -> Any:
        """A module inside a named group, without a report when there is none."""
        base = self.scope.find(expression.value.name) if isinstance(expression.value, Ref) else None
        names = getattr(base, "names", None)
        return names.names.get(expression.name.text) if names is not None else None

    # ---------------------------------------------------------------------------------------------- evaluate

    def evaluate(self, expression: Expression) -> Any:
        """The value of an expression."""
        match expression:
            case Literal():
                value = expression.value
                return Number(value, expression.span) if type(value) is int else value
            case Ref():
                return self.lookup(expression.name, expression.span)
            case BoxRef():
                if self.is_size_name(expression.name):
                    return self.lookup(expression.name, expression.span)
                return self.box_named(expression.name, expression.span) or UNKNOWN_VALUE
            case Binary():
                return self.binary(expression)
            case Unary():
                return self.unary(expression)
            case Conditional():
                condition = self.truth(expression.condition)
                return self.evaluate(expression.otherwise if condition is False else expression.then)
            case List():
                return self.list_of(expression)
            case Paren():
                return self.paren(expression)
            case Call():
                return self.call(expression)
            case Index():
                return self.index(expression)
            case Attribute():
                return self.attribute(expression)
            case Pipeline():
                return self.pipeline_value(expression)
            case Side():
                self.error(
                    "E0215",
                    "a side input needs a step that something flows through",
                    expression.span,
                    "nothing flows in here",
                )
                return UNKNOWN_VALUE
            case Ellipsis():
                self.error("E0301", "`...` stands only in shapes", expression.span)
                return UNKNOWN_VALUE
        raise AssertionError(expression)

    def evaluate_argument(self, expression: Expression) -> Any:
        """The value of an argument: as any expression, and `Norm(32)` is a box with its settings."""
        while isinstance(expression, Paren) and len(expression.arguments) == 1 and expression.arguments[0].name is None:
            expression = expression.arguments[0].value
        if isinstance(expression, Conditional):
            condition = self.truth(expression.condition)
            return self.evaluate_argument(expression.otherwise if condition is False else expression.then)
        if is_initialiser(expression):
            return initialiser(self, expression) or UNKNOWN_VALUE
        if isinstance(expression, Call) and isinstance(expression.callee, BoxRef):
            return self.configured(expression) or UNKNOWN_VALUE
        return self.evaluate(expression)

    def configured(self, expression: Call | BoxRef) -> BoxValue | None:
        """A box with arguments evaluated here."""
        callee = expression.callee if isinstance(expression, Call) else expression
        assert isinstance(callee, BoxRef)
        return self.with_arguments(self.box_named(callee.name, callee.span), expression)

    def with_arguments(self, box: BoxValue | None, expression: Expression) -> BoxValue | None:
        """A box with the arguments of a call added to its own; None for a box that does not exist."""
        if not isinstance(expression, Call):
            return box
        positional: list[tuple[Any, Span]] = []
        named: list[tuple[str, Any, Span, Span]] = []
        for argument in expression.arguments:
            value = self.evaluate_argument(argument.value)
            if argument.name is None:
                if named:
                    self.error("E0404", "an argument without a name stands after one that has one", argument.span)
                    box = None
                positional.append((value, argument.value.span))
            else:
                named.append((argument.name.text, value, argument.value.span, argument.name.span))
        if box is None:
            return None
        given = {n[0] for n in named}
        rest = tuple(n for n in box.named if n[0] not in given)
        # what is written at the use comes after what the parameter's value already carries
        return BoxValue(box.target, (*box.positional, *positional), (*rest, *named), expression.span, box.label)

    def list_of(self, expression: List) -> Any:
        items = tuple(self.evaluate_argument(item) for item in expression.items)
        for item, syntax in zip(items, expression.items, strict=False):
            if isinstance(item, (Wire, Wires, ModuleValue)):
                self.error("E0215", "a list holds numbers, strings and lists, not wires", syntax.span, describe(item))
                return UNKNOWN_VALUE
        if any(item is UNKNOWN_VALUE for item in items):
            return UNKNOWN_VALUE
        try:
            return static.within(items)
        except Trouble as problem:
            return self.trouble(problem, expression.span)

    def paren(self, expression: Paren) -> Any:
        arguments = expression.arguments
        if len(arguments) == 1 and arguments[0].name is None:
            return self.evaluate(arguments[0].value)
        for argument in arguments:
            if argument.name is not None:
                self.error(
                    "E0206", f"`{argument.name.text}=` names a side input, after `with`, `by` or `to`", argument.span
                )
                return UNKNOWN_VALUE
        wires: list[Wire] = []
        for argument in arguments:
            value = self.evaluate(argument.value)
            if isinstance(value, (Wire, Wires)):
                wires += self.separate(value, argument.span)
            elif value is UNKNOWN_VALUE:
                wires.append(self.unknown(argument.span))
            else:
                self.error("E0215", f"wires are joined here, and this is {describe(value)}", argument.span)
                wires.append(self.unknown(argument.span))
        return Wires(tuple(wires), expression.span, None, self)

    # ------------------------------------------------------------------------------------ calls, taps, indices

    def call(self, expression: Call) -> Any:
        callee = expression.callee
        if isinstance(callee, BoxRef):
            return self.configured(expression) or UNKNOWN_VALUE
        values = []
        for argument in expression.arguments:
            if argument.name is not None:
                self.error("E0206", f"`{callee.name}` has no named arguments", argument.span)
                return UNKNOWN_VALUE
            values.append(self.evaluate(argument.value))
        if any(isinstance(v, Wire) for v in values) and callee.name in WIRE_FUNCTIONS:
            return self.run_sign(WIRE_FUNCTIONS[callee.name], values, callee.span, expression.span)
        if callee.name not in static.FUNCTIONS:
            fed = [a.value.span for a in expression.arguments] if all(isinstance(v, Wire) for v in values) else []
            found = self.scope.find(callee.name)
            if found is not None:
                if isinstance(found, ModuleValue):
                    found.used = True  # by what was meant
                self.error(
                    "E0215",
                    f"`{callee.name}` takes no arguments",
                    expression.span,
                    "a lower-case name is that very thing",
                    helps=(
                        through(self, callee.name, fed, expression.span)
                        if fed and isinstance(found, ModuleValue)
                        else f"send a wire through it: `x -> {callee.name}`",
                    ),
                )
                return UNKNOWN_VALUE
            near = did_you_mean(callee.name, [*static.FUNCTIONS, *WIRE_FUNCTIONS])
            boxes = [n for n in OPERATORS if n.lower() == callee.name.lower()]
            helps = [through(self, n, fed, expression.span) for n in boxes if fed]
            helps += [Help(f"did you mean `{n}`?", (Edit(callee.span, n),)) for n in [*boxes, *near][:3] if not helps]
            self.error("E0201", f"there is no function `{callee.name}`", callee.span, helps=helps)
            return UNKNOWN_VALUE
        if any(v is UNKNOWN_VALUE or v is UNKNOWN for v in values):
            return UNKNOWN_VALUE
        for value, argument in zip(values, expression.arguments, strict=False):
            if isinstance(value, (Wire, Wires, ModuleValue, BoxValue)):
                self.error("E0215", f"`{callee.name}` works on numbers, not on {describe(value)}", argument.span)
                return UNKNOWN_VALUE
        try:
            result = static.checked(static.FUNCTIONS[callee.name](*values))
        except (Trouble, OverflowError) as problem:
            problem = problem if isinstance(problem, Trouble) else Trouble("E0904", "a number must be finite")
            return self.trouble(problem, expression.span)
        except (TypeError, ValueError):
            self.error("E0301", f"`{callee.name}` does not take {len(values)} values like these", expression.span)
            return UNKNOWN_VALUE
        if isinstance(result, tuple):
            self.session.step(expression.span, len(result) // 16)
        return Number(result, expression.span) if type(result) is int else result

    def index(self, expression: Index) -> Any:
        before, self.indexing = self.indexing, isinstance(expression.value, (Ref, Attribute))
        try:
            value = self.evaluate(expression.value)
        finally:
            self.indexing = before
        if value is UNKNOWN_VALUE:
            return value
        if isinstance(value, Wire):
            if value.unknown:
                return value
            self.error(
                "E0215",
                "indexing is for lists and tuples; tensors use `Slice`, `Split`, `Gather`",
                expression.span,
                "this is one tensor",
                helps=("e.g. `-> Slice(0, 1, axis=1)`",),
            )
            return self.unknown(expression.span)
        items = value.items if isinstance(value, Wires) else value
        if not isinstance(items, tuple):
            self.error("E0301", f"only lists and tuples have elements, not {describe(value)}", expression.value.span)
            return UNKNOWN_VALUE
        if len(expression.arguments) != 1 or expression.arguments[0].name is not None:
            self.error("E0301", "an index is one whole number", expression.span)
            return UNKNOWN_VALUE
        number = self.evaluate(expression.arguments[0].value)
        if number is UNKNOWN_VALUE or number is UNKNOWN:
            return self.unknown(expression.span) if isinstance(value, Wires) else UNKNOWN_VALUE
        if not isinstance(number, int) or isinstance(number, bool):
            self.error(
                "E0301",
                f"an index is a whole number that is known, not {describe(number)}",
                expression.arguments[0].span,
            )
            return UNKNOWN_VALUE
        if not -len(items) <= number < len(items):
            self.error(
                "E0308",
                f"there is no element {number} in {len(items)}",
                expression.arguments[0].span,
                f"elements 0 to {len(items) - 1}" if items else "the list is empty",
            )
            return self.unknown(expression.span) if isinstance(value, Wires) else UNKNOWN_VALUE
        if isinstance(value, Wires):
            here = value.frame is self or all(item.frame is self for item in value.items)
            return self.pick(value, number % len(items), expression.span) if here else self.element(value, number)
        return items[number]

    def separate(self, flow: Flow, span: Span) -> list[Wire]:
        """What flows as single wires."""
        return [self.pick(flow, n, span) for n in range(len(flow.items))] if isinstance(flow, Wires) else [flow]

    def attribute(self, expression: Attribute) -> Any:
        value = self.evaluate(expression.value)
        if value is UNKNOWN_VALUE:
            return value
        found = self.tap(value, expression.name.text, expression.name.span)
        if found is not None:
            if isinstance(found, Wire):
                return self.reach(found)
            return self.reach_all(found) if isinstance(found, Wires) else found
        if isinstance(value, Wire) and value.unknown:
            return value
        return UNKNOWN_VALUE

    # --------------------------------------------------------------------------------------------- pipelines

    def pipeline_value(self, expression: Pipeline) -> Any:
        """A pipeline that starts from its own first step."""
        first = expression.steps[0]
        value = self.evaluate(first)
        if value is UNKNOWN_VALUE:
            flow: Flow = self.unknown(first.span)
        elif isinstance(value, (Wire, Wires)):
            flow = value
        else:
            code, what = ("E0215", describe(value))
            self.error(code, f"a pipeline starts from a wire, and this is {what}", first.span, "nothing flows in here")
            flow = self.unknown(first.span)
        for step in expression.steps[1:]:
            flow = self.step(step, flow)
        return flow


def block_of(box: BoxValue) -> Block | None:
    return box.target if isinstance(box.target, Block) else None


__all__ = ["Expressions", "Flow", "Lazy", "Tensor", "block_of"]
