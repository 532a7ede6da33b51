"""What an expression means: a static value, a wire, a module or a box.

Enters: a syntax node, in the names of a frame. Leaves: its value. Arithmetic with a wire in it becomes nodes;
everything else is computed here and now. A mistake is reported once and gives `UNKNOWN_VALUE`.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import Edit, Help, Label, did_you_mean
from ..node import record
from ..ops import OPERATORS, Operator
from ..ops.elementwise import FUNCTIONS as WIRE_FUNCTIONS
from ..ops.elementwise import SIGNS
from ..shape import UNKNOWN, Dim, Number, Size, Tensor, located
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
from .frame import Frame
from .initial import initialiser, is_initialiser
from .program import Block
from .static import Trouble
from .values import UNKNOWN_VALUE, BoxValue, ModuleValue, Wire, Wires, describe

Flow = Wire | Wires


@record
class Lazy:
    """A default that is evaluated when it is first read, in the frame of its block."""

    expression: Expression
    frame: Expressions
    span: Span
    busy: bool = False


class Expressions(Frame):
    """The part of a frame that evaluates expressions."""

    # ------------------------------------------------------------------- what the classes on top of this one do

    def step(self, step: Expression, flow: Flow) -> Flow:
        """Send what flows through one step of a pipeline."""
        raise NotImplementedError

    def run_operator(self, operator: Operator, inputs: list[Any], span: Span, **details: Any) -> Flow:
        """Add a node for an operator and return what it makes."""
        raise NotImplementedError

    def tap(self, value: Any, name: str, span: Span) -> Any:
        """What `value.name` reads, or None."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------------- names

    def lookup(self, name: str, span: Span) -> Any:
        """The value of a name, wires captured into this frame; reported when there is none."""
        found = self.scope.find(name)
        if isinstance(found, Lazy):
            found = self.settle(name, found, span)
        if found is None and self.scope.where(name) is None:
            if name in self.sizes:
                return self.sizes[name]
            if name in self.file.constants:
                return self.constant(name)
            return self.undefined(name, span)
        if isinstance(found, Wire):
            return self.reach(found)
        if isinstance(found, Wires):
            return self.reach_all(found)
        return found

    def settle(self, name: str, lazy: Lazy, span: Span) -> Any:
        """Evaluate a default on first use."""
        if lazy.busy:
            self.error("E0211", f"the default of `{name}` uses itself", span, "needs its own value")
            return UNKNOWN_VALUE
        lazy.busy = True
        value = lazy.frame.evaluate_argument(lazy.expression)
        if static.is_size(value) and value is not UNKNOWN:
            value = located(value, lazy.span)
        lazy.busy = False
        lazy.frame.scope_of_parameters()[name] = value
        lazy.frame.bindings[name] = value
        return value

    def scope_of_parameters(self) -> dict[str, Any]:
        scope = self.scope
        while scope.parent is not None:
            scope = scope.parent
        return scope.names

    def constant(self, name: str) -> Any:
        """A file constant; it may use earlier ones."""
        key = ("constant", id(self.file), name)
        memo = self.session.memo
        if key not in memo:
            memo[key] = UNKNOWN_VALUE
            memo[key] = self.evaluate(self.file.constants[name])
        return memo[key]

    def undefined(self, name: str, span: Span) -> Any:
        """Report a name without a meaning, once in a body."""
        later = self.naming.declared.get(name)
        if later is not None and later.start > span.start:
            self.error(
                "E0211", f"`{name}` is used before it is defined", span, "not made yet",
                secondary=[Label(later, "defined here")],
                helps=("for recurrence use `GRU`, or a block with `state` under `scan:`",),
            )  # fmt: skip
        else:
            names = [*self.scope.visible(), *self.sizes, *self.file.constants]
            near = did_you_mean(name, names)
            places = [Label(place, f"`{near[0]}`") for place in [self.scope.where(near[0])] if place] if near else []
            helps = [Help(f"did you mean `{n}`?", (Edit(span, n),), sure=i == 0) for i, n in enumerate(near)]
            self.error("E0201", f"`{name}` is not defined", span, "", secondary=places, helps=helps)
        self.scope.names[name] = UNKNOWN_VALUE
        self.scope.spans.setdefault(name, span)
        return UNKNOWN_VALUE

    def is_size_name(self, name: str) -> bool:
        """Whether a Capital name is a dimension here, not a box."""
        return name in self.sizes or isinstance(self.scope.find(name), (int, Dim))

    def box_named(self, name: str, span: Span) -> BoxValue | None:
        """The box that a Capital name means; None after a report."""
        found = self.scope.find(name)
        if isinstance(found, Lazy):
            found = self.settle(name, found, span)
        if isinstance(found, BoxValue):
            return BoxValue(found.target, found.positional, found.named, span, name)
        if found is UNKNOWN_VALUE or name in self.file.broken:
            return None
        if found is not None:
            self.error("E0215", f"`{name}` is {describe(found)}, not a box", span, "a box is needed here")
            return None
        target = self.file.find(name)
        if target is None:
            self.no_such_box(name, span)
            return None
        return BoxValue(target, span=span)

    def no_such_box(self, name: str, span: Span) -> None:
        from .foreign import BOXES

        near = did_you_mean(name, [*self.file.names(), *self.naming.boxes], BOXES)
        helps = [Help(f"did you mean `{n}`?", (Edit(span, n),), sure=i == 0) for i, n in enumerate(near)]
        self.error("E0202", f"there is no box `{name}`", span, helps=helps)
        self.file.broken.add(name)

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
        positional, named = [], []
        for argument in expression.arguments:
            value = self.evaluate_argument(argument.value)
            if argument.name is None:
                if named:
                    self.error("E0404", "an argument without a name stands after one that has one", argument.span)
                positional.append((value, argument.value.span))
            else:
                named.append((argument.name.text, value, argument.value.span, argument.name.span))
        if box is None:
            return None
        given = {n[0] for n in named}
        rest = tuple(n for n in box.named if n[0] not in given)
        # what is written at the use comes after what the parameter's value already carries
        return BoxValue(box.target, (*box.positional, *positional), (*rest, *named), expression.span, box.label)

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

    def trouble(self, problem: Trouble, span: Span) -> Any:
        self.error(problem.code, problem.title, span, helps=problem.helps)
        return UNKNOWN_VALUE

    def list_of(self, expression: List) -> Any:
        items = tuple(self.evaluate_argument(item) for item in expression.items)
        for item, syntax in zip(items, expression.items):
            if isinstance(item, (Wire, Wires, ModuleValue)):
                self.error("E0215", "a list holds numbers, strings and lists, not wires", syntax.span, describe(item))
                return UNKNOWN_VALUE
        return UNKNOWN_VALUE if any(i is UNKNOWN_VALUE for i in items) else items

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
            if isinstance(value, Wires):
                wires.extend(value.items)
            elif isinstance(value, Wire):
                wires.append(value)
            elif value is UNKNOWN_VALUE:
                wires.append(self.unknown(argument.span))
            else:
                self.error("E0215", f"wires are joined here, and this is {describe(value)}", argument.span)
                wires.append(self.unknown(argument.span))
        return Wires(tuple(wires), expression.span, None, self)

    # -------------------------------------------------------------------------------------------- arithmetic

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
            if isinstance(value, (ModuleValue, BoxValue)):
                self.error(
                    "E0215",
                    f"`{sign}` works on wires and numbers, and this is {describe(value)}",
                    side.span,
                    helps=(
                        "a pipeline inside arithmetic takes parentheses and starts from a wire: `(x -> Linear(8)) * y`",
                    ),
                )
                return UNKNOWN_VALUE
        try:
            if sign in ("==", "!=", "<", "<=", ">", ">="):
                return static.comparison(sign, left, right)
            result = static.arithmetic(sign, left, right)
        except Trouble as problem:
            return self.trouble(problem, link.span)
        return located(result, link.span) if static.is_size(result) and result is not UNKNOWN else result

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
            for name, side in zip(("left", "right"), sides):
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
            if self.scope.find(callee.name) is not None:
                self.error(
                    "E0215",
                    f"`{callee.name}` takes no arguments",
                    expression.span,
                    "a lower-case name is that very thing",
                    helps=(f"send a wire through it: `x -> {callee.name}`",),
                )
                return UNKNOWN_VALUE
            near = did_you_mean(callee.name, [*static.FUNCTIONS, *WIRE_FUNCTIONS])
            boxes = [n for n in OPERATORS if n.lower() == callee.name.lower()]
            helps = [Help(f"did you mean `{n}`?", (Edit(callee.span, n),)) for n in [*boxes, *near][:3]]
            self.error("E0201", f"there is no function `{callee.name}`", callee.span, helps=helps)
            return UNKNOWN_VALUE
        if any(v is UNKNOWN_VALUE or v is UNKNOWN for v in values):
            return UNKNOWN_VALUE
        for value, argument in zip(values, expression.arguments):
            if isinstance(value, (Wire, Wires, ModuleValue, BoxValue)):
                self.error("E0215", f"`{callee.name}` works on numbers, not on {describe(value)}", argument.span)
                return UNKNOWN_VALUE
        try:
            result = static.FUNCTIONS[callee.name](*values)
        except Trouble as problem:
            return self.trouble(problem, expression.span)
        except (TypeError, ValueError, OverflowError):
            self.error("E0301", f"`{callee.name}` does not take {len(values)} values like these", expression.span)
            return UNKNOWN_VALUE
        return Number(result, expression.span) if type(result) is int else result

    def index(self, expression: Index) -> Any:
        value = self.evaluate(expression.value)
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
            return self.pick(value, number % len(items), expression.span)
        return items[number]

    def pick(self, wires: Wires, number: int, span: Span) -> Wire:
        """One wire of a tuple."""
        return wires.items[number]

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

    # ------------------------------------------------------------------------------------------------- checks

    def whole(self, value: Any, span: Span, what: str, low: int = 0) -> int | None:
        """A whole number that must be known here, such as a count of rounds."""
        if value is UNKNOWN_VALUE or value is UNKNOWN:
            return None
        if isinstance(value, Dim):
            name = next(iter(value.symbols()), "H")
            self.error(
                "E0312",
                f"{what} needs a known size; give `{name}`",
                span,
                f"{value} is free",
                helps=(f"e.g. `--set {name}=4`",),
            )
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value < low:
            self.error("E0304", f"{what} is a whole number from {low}, not {describe(value)}", span)
            return None
        return value

    def type_size(self, value: Any, span: Span, what: str) -> Size:
        """A value as a size; reported and unknown when it is none."""
        if value is UNKNOWN_VALUE:
            return UNKNOWN
        if static.is_size(value):
            if isinstance(value, int) and value < 1:
                self.error("E0305", f"{what} is {value}; a size is at least 1", span)
                return UNKNOWN
            return value  # type: ignore[no-any-return]
        self.error("E0301", f"{what} is a whole number, not {describe(value)}", span)
        return UNKNOWN


def block_of(box: BoxValue) -> Block | None:
    return box.target if isinstance(box.target, Block) else None


__all__ = ["Expressions", "Flow", "Lazy", "Tensor", "block_of"]
