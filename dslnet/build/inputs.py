"""Inputs and states of a block.

Enters: the declared shapes and what is fed. Leaves: the sizes that the body's symbols stand for, and the wires that
the names stand for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..diagnostics import Edit, Help, Label
from ..graph import Initial
from ..shape import UNKNOWN, UNKNOWN_TENSOR, Size, Tensor, compare, fits, origin, shape_text
from ..source import Span
from ..syntax import Binary, BoxRef, Declaration, Ellipsis, Expression, List, Paren, Ref, Valued
from . import static
from .blocks import Block
from .boxes import Fed
from .combinators import Combinators
from .expressions import Flow
from .frame import FrameInput
from .free_parameters import FreeParameters
from .mending import brought
from .patterns import Bound as Origin
from .patterns import Matching, Pair, free_names, missing_fact, pairs, rank_text
from .values import UNKNOWN_VALUE, Unknown, Wire, Wires, describe


class Inputs(FreeParameters):
    """The part of a frame that binds inputs."""

    def bind_inputs(
        self,
        root: Block,
        declared: tuple[Declaration, ...],
        fed: list[Fed | None],
        states: dict[str, Fed],
        caller: Combinators,
        at: Span,
    ) -> Flow:
        """Meet the declared shapes with what is fed: bare symbols of all of them first, then expressions."""
        if not declared:
            given = fed[0]
            wire = given.value if given and isinstance(given.value, Wire) else None
            flow: Flow = self.add_input(wire) if wire else self.unknown(at)
            self.bind_states(root, states, Matching(self, {}), caller)
            return flow
        bounds: dict[str, Origin] = {}
        matching = Matching(self, bounds)
        later: list[tuple[Declaration, Expression]] = []
        first: Flow | None = None
        checks: list[tuple[Any, Tensor, Fed]] = []
        for declaration, given in zip(declared, fed, strict=False):
            self.seen.add(id(declaration))
            name = declaration.key.words[-1]
            pattern, below, default = self.pattern_of(declaration)
            if pattern is None:
                self.define(name.text, self.unknown(name.span), name.span)
                continue
            if given is None:
                if default is not None:
                    later.append((declaration, default))
                continue
            assert isinstance(given.value, Wire)
            actual = given.value.type
            wire = Wire(self.fresh(name.text), actual, self, pattern.span, named=True)
            self.inputs.append(FrameInput(wire, optional=default is not None))
            self.define(name.text, wire, name.span)
            first = first or wire
            matched = pairs(pattern, actual)
            if matched is None:
                caller.error(
                    "E0302",
                    f"`{name.text}` of {root.name} is {rank_text(pattern)}, not {actual}"[:80],
                    given.span,
                    f"gets {actual}"[:49],
                    secondary=[Label(pattern.span, f"rank {len(pattern.items)}")],
                )
                self.sizes.update((word, UNKNOWN) for item in pattern.items for word in free_names(self, item))
                wire.type = UNKNOWN_TENSOR  # told once, and not again of each box inside
                continue
            self.dtype(root, name.text, pattern, actual, given, caller)
            checks.append((below, actual, given))
            matching.meet(matched, _source(actual, given), self.clash(root, name.text, pattern, actual, given, caller))
        self.bind_states(root, states, matching, caller)
        for below, actual, given in checks:
            self.bind_range(below, actual, given, caller)
        matching.finish()
        for declaration, default in later:
            self.default_input(root, declaration, default, matching, caller, at)
        for below, actual, given in checks:
            self.id_range(below, actual, given, caller)
        return first or self.unknown(at)

    def pattern_of(self, declaration: Declaration) -> tuple[List | None, Expression | None, Expression | None]:
        """The shape, the bound of ids and the default of an `input [B, T] long < vocab = none`."""
        body = declaration.body
        value = body.value if isinstance(body, Valued) else None
        below: Expression | None = None
        if isinstance(value, Binary) and value.operator == "<":
            below = value.right
            value = value.left
        if not isinstance(value, List):
            helps = []
            if isinstance(value, Paren):
                inside = self.file.spec.source.text[value.span.start + 1 : value.span.end - 1]
                helps = [Help("a shape has square brackets", (Edit(value.span, f"[{inside}]"),), sure=True)]
            title = "an input is declared by its shape, such as `[B, 3, H, W]`"
            self.error("E0301", title, declaration.span, helps=helps)
            return None, None, None
        more = [item for item in value.items if isinstance(item, Ellipsis)][1:]
        if more:
            self.error("E0301", "a shape has one `...` at most", more[0].span, "a second one")
            return None, None, None
        assert isinstance(body, Valued)
        return value, below, body.default

    def dtype(self, root: Block, name: str, pattern: List, actual: Tensor, given: Fed, caller: Combinators) -> None:
        wanted = pattern.dtype.text if pattern.dtype else "float"
        if pattern.dtype is None and root.file.prelude:
            return
        if wanted != actual.dtype:
            helps = (
                (f"declare it `input …: {shape_text(actual.shape)} {wanted}`",)
                if wanted != "float"
                else ("turn ids into vectors with `Embedding`, or declare the block's input `long`",)
            )
            caller.error(
                "E0316",
                f"`{name}` of {root.name} is {wanted}, not {actual.dtype}",
                given.span,
                f"gets {actual}"[:49],
                secondary=[Label(pattern.span, f"says {wanted}")],
                helps=helps,
            )

    def bind_range(self, below: Expression | None, actual: Tensor, given: Fed, caller: Combinators) -> None:
        """A symbol that no shape has, `[N] long < G`, is the range of the ids that come in."""
        if not isinstance(below, BoxRef) or next(free_names(self, below), None) is None:
            return
        if actual.below is None and actual.shape is not None:
            caller.error(
                "E0312",
                f"nothing says what `{below.name}` is, these ids have no range",
                given.span,
                f"gets {actual}"[:49],
                secondary=[Label(below.span, "the number of ids")],
                helps=("the input that they come from says it: `input edges: [2, E] long < N`",),
            )
        self.sizes[below.name] = UNKNOWN if actual.below is None else actual.below

    def id_range(self, below: Expression | None, actual: Tensor, given: Fed, caller: Combinators) -> None:
        if below is None:
            return
        limit = self.evaluate(below)
        low = actual.low
        if actual.below is not None and low is not None and compare(low, 0) == -1:
            title = f"ids go down to {low}, and only those from 0 fit"
            caller.error("E0313", title, given.span, f"from {low}", secondary=[Label(below.span, "ids begin at 0")])
            return
        if actual.below is not None and static.is_size(limit) and compare(actual.below, limit) == 1:
            place = origin(actual.below)
            caller.error(
                "E0313",
                f"ids go up to {actual.below - 1}, and only those below {limit} fit",
                given.span,
                secondary=[Label(place, f"ids below {actual.below}")] if place else (),
            )

    def clash(self, root: Block, name: str, pattern: List, actual: Tensor, given: Fed, caller: Combinators) -> Any:
        def report(pair: Pair, value: Size, bound: Origin | None) -> None:
            syntax = pair.syntax
            facts = missing_fact(pair.size, value)
            if isinstance(syntax, (Ref, BoxRef)) and bound is not None:
                caller.error(
                    "E0310",
                    f"`{syntax.name}` of {root.name} cannot be both {value} and {pair.size}",
                    given.span,
                    f"{actual} makes {syntax.name} = {pair.size}"[:49],
                    secondary=[
                        Label(bound.span, f"{bound.text()} {syntax.name} = {value}"[:49]),
                        Label(syntax.span, "compared here"),
                    ],
                    helps=facts or self.bring(value, pattern, syntax, given, caller),
                )
                return
            caller.error(
                "E0303",
                f"`{name}` of {root.name} is {rank_text(pattern)}, not {actual}"[:80],
                given.span,
                f"{pair.size}, where {value} is needed"[:49],
                secondary=[Label(pattern.span, "declared here")],
                helps=facts,
            )

        return report

    def bring(
        self, value: Size, pattern: List, syntax: Expression, given: Fed, caller: Combinators
    ) -> tuple[Help, ...]:
        """`memory: regions -> Linear(32)`: when only the last size of a side input differs."""
        if pattern.items[-1] is not syntax or not isinstance(value, int) or not given.side:
            return ()
        taken = caller.scope.find("memory") is not None
        return (brought(self.report.sources.get(given.span.file), given.span, value, taken),)

    def default_input(
        self,
        root: Block,
        declaration: Declaration,
        default: Expression,
        matching: Matching,
        caller: Combinators,
        at: Span,
    ) -> None:
        """An input that is not fed: another input, or nothing. What another input is must fit what this one says."""
        name = declaration.key.words[-1]
        if isinstance(default, Ref) and default.name == name.text:
            self.error("E0211", f"the default of `{name.text}` is itself", default.span, "another input, or none")
            self.define(name.text, self.unknown(name.span), name.span)
            return
        value = self.evaluate(default)
        if value is None:
            self.define(name.text, None, name.span)
            return
        if isinstance(value, Wire):
            self.define(name.text, value, name.span)
            pattern, below, _ = self.pattern_of(declaration)
            if pattern is None or value.unknown:
                return
            actual, given = value.type, Fed(value, at)
            matched = pairs(pattern, actual)
            if matched is None:
                caller.error(
                    "E0302",
                    f"`{name.text}` of {root.name} is {rank_text(pattern)}, not {actual}"[:80],
                    at,
                    f"gets {actual}"[:49],
                    secondary=[Label(pattern.span, f"rank {len(pattern.items)}")],
                )
                return
            self.dtype(root, name.text, pattern, actual, given, caller)
            matching.meet(matched, _source(actual), self.clash(root, name.text, pattern, actual, given, caller))
            matching.finish()
            self.id_range(below, actual, given, caller)
            return
        if value is not UNKNOWN_VALUE:
            self.error("E0301", "an input's default is another input, or none", default.span)
        self.define(name.text, self.unknown(name.span), name.span)

    def bind_states(self, root: Block, states: dict[str, Fed], matching: Matching, caller: Combinators) -> None:
        """The previous values of a cell."""
        ranges: list[tuple[Expression | None, Tensor, Fed]] = []
        for declaration in root.states:
            name = declaration.key.words[-1]
            self.seen.add(id(declaration))
            pattern, below, default = self.pattern_of(declaration)
            given = states.get(name.text)
            if pattern is not None and given is not None and isinstance(given.value, Wire):
                matched = pairs(pattern, given.value.type)
                if matched is None:
                    caller.error(
                        "E0302",
                        f"`{name.text}` of {root.name} is {rank_text(pattern)}, not {given.value.type}"[:80],
                        given.span,
                    )
                else:
                    self.dtype(root, name.text, pattern, given.value.type, given, caller)
                    ranges.append((below, given.value.type, given))
                    matching.meet(
                        matched,
                        _source(given.value.type),
                        self.clash(root, name.text, pattern, given.value.type, given, caller),
                    )
            elif default is None and pattern is not None:
                caller.error(
                    "E0401",
                    f"`{root.name}` needs its first `{name.text}`",
                    self.call_span or declaration.span,
                    secondary=[Label(declaration.span, "has no initial value")],
                    helps=(f"`with ({name.text}=…)`, or `state {name.text}: … = 0`",),
                )
        matching.finish()
        for range_, type_, by in ranges:
            self.id_range(range_, type_, by, caller)
        for declaration in root.states:
            name = declaration.key.words[-1]
            pattern, below, default = self.pattern_of(declaration)
            if pattern is None:
                continue
            type = self.ranged(self.shape_of(pattern), below)
            wire = Wire(self.fresh(name.text), type, self, name.span, named=True)
            self.define(name.text, wire, name.span)
            self.state_names.append(name.text)
            self.state_wires[name.text] = (wire, self.start_of(default, type) if default is not None else None)

    def start_of(self, default: Expression, type: Tensor) -> Initial | None:
        """The number that a state begins at."""
        made = self.initial_of(default, type)
        if made is None or made.kind == "number":
            return made
        helps = ("`state h: [B, d]` without a value, and `with (h=…)` where it is scanned, begins at a wire",)
        self.error("E0301", "a state begins at a number", default.span, helps=helps)
        return None

    def declare_next(self, statement: Declaration, name: str, place: Span, flow: Flow) -> None:
        if name not in self.state_wires or statement.body is None:
            cell: Any = self
            while cell is not None and name not in cell.state_wires:
                cell = cell.outer
            if cell is None:
                self.error("E0201", f"there is no state `{name}`", place, helps=(f"`state {name}: … = 0`",))
            else:
                title = f"`next {name}` stands in the body of its cell, not in one inside of it"
                self.error("E0207", title, place, "a state is set once")
                cell.final_states.append((name, cell.unknown(place)))
            return
        if name in (given for given, _ in self.final_states):
            self.error("E0203", f"`{name}` has its next value already", place, "again here")
            return
        body = statement.body
        with self.namespace(name):
            value = self.run(body, flow, True)
        wire, _ = self.state_wires[name]
        if isinstance(value, Wire):
            if not value.unknown and not wire.unknown:
                self.check_next(name, place, value, wire)
            self.final_states.append((name, value))
        else:
            if isinstance(value, Wires):
                self.error("E0205", f"a state is one tensor, and this is {len(value.items)}", place)
            elif not isinstance(value, Unknown):
                self.error("E0215", f"a state is a wire, and this is {describe(value)}", place)
            self.final_states.append((name, self.unknown(place)))

    def check_next(self, name: str, place: Span, value: Wire, state: Wire) -> None:
        """A state stays what it is: its shape, its dtype, and the range of its ids."""
        was = [Label(state.span, f"the state is {state.type}"[:49])]
        below, most = value.type.below, state.type.below
        if not fits(value.type.sizes, state.type.sizes):
            self.error("E0303", f"the next `{name}` is {value.type}, not {state.type}"[:80], place, secondary=was)
        elif value.type.dtype != state.type.dtype:
            title = f"the next `{name}` is {value.type.dtype}, not {state.type.dtype}"
            self.error("E0316", title, place, f"makes {value.type}"[:49], secondary=was)
        elif below is not None and most is not None and compare(below, most) == 1:
            title = f"the next `{name}` goes up to {below - 1}, and only ids below {most} fit"
            self.error("E0313", title[:80], place, secondary=was)
        elif most is not None and value.type.low is not None and compare(value.type.low, 0) == -1:
            title = f"the next `{name}` goes down to {value.type.low}, and ids begin at 0"
            self.error("E0313", title[:80], place, secondary=was)

    def end_states(self, root: Block) -> None:
        given = {name for name, _ in self.final_states}
        for declaration in root.states:
            name = declaration.key.words[-1]
            if name.text in self.state_wires and name.text not in given and not self.failed:
                self.error(
                    "E0401", f"the state `{name.text}` has no next value", name.span, helps=(f"`next {name.text}: …`",)
                )
        order = {n: i for i, n in enumerate(self.state_names)}
        self.final_states.sort(key=lambda s: order[s[0]])

    def declare_input(self, statement: Declaration, name: str, place: Span, flow: Flow) -> None:
        if id(statement) not in self.seen:
            self.error("E0207", f"an `{statement.key.words[0].text}` line stands at the top of a block's body", place)

    declare_target = declare_state = declare_input


def _source(type: Tensor, given: Fed | None = None) -> Callable[[], str]:
    """What a size came from, as a message says it."""
    return lambda: f"{'the flow ' if given is not None and not given.side else ''}{type} makes"
