"""What the inputs of a box get.

Enters: what flows and what stands after `with`, `by` or `to`. Leaves: one entry for each port of an operator or
input of a block.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import Label, did_you_mean
from ..node import record
from ..ops import Operator
from ..ops.internal import Fill
from ..source import Span
from ..syntax import Expression, Paren
from .blocks import Block
from .expressions import Flow
from .mending import line_as_body
from .operators import Operators
from .values import (
    UNKNOWN_VALUE,
    Wire,
    Wires,
    describe,
)


@record
class SideInput:
    """A value after `with`, `by` or `to`; `value` is a wire, wires, a number, or None (not fed)."""

    name: str | None
    value: Any
    span: Span


@record
class Fed:
    """What an input of a box gets, and the text that says so."""

    value: Wire | Wires
    span: Span
    side: bool = False


class Feeding(Operators):
    """The part of a frame that feeds boxes."""

    def sides(self, expression: Expression) -> list[SideInput]:
        """The side inputs of a step."""
        if isinstance(expression, Paren) and (
            len(expression.arguments) != 1 or expression.arguments[0].name is not None
        ):
            return [
                SideInput(a.name.text if a.name else None, self.side_value(a.value), a.value.span)
                for a in expression.arguments
            ]
        return [SideInput(None, self.side_value(expression), expression.span)]

    def side_value(self, expression: Expression) -> Any:
        value = self.evaluate(expression)
        if (
            value is None
            or isinstance(value, (Wire, Wires))
            or (isinstance(value, (int, float)) and not isinstance(value, bool))
        ):
            return value
        if value is not UNKNOWN_VALUE:
            self.error(
                "E0215", f"a side input is a wire, and this is {describe(value)}", expression.span, "nothing flows here"
            )
        return self.unknown(expression.span)

    def feed_operator(
        self, operator: Operator, flow: Flow, sides: list[SideInput], at: Span, places: dict[str, Span] | None = None
    ) -> list[Any] | None:
        """What each port of an operator gets; entries beyond the ports belong to the variadic one."""
        ports = operator.ports
        variadic = bool(ports) and ports[-1].variadic
        fixed = len(ports) - variadic
        if fixed and not variadic and not sides and type(flow) is Wire and all([p.optional for p in ports[1:]]):
            return [flow, *[None] * (fixed - 1)]  # as nearly every box is fed
        # a tuple that is one value stays one where any number is taken, and nothing else comes
        whole = isinstance(flow, Wires) and flow.value and variadic and not fixed and not sides
        incoming: list[Any] = [flow] if whole else self.separate(flow, at)
        named: dict[str, SideInput] = {}
        for side in sides:
            if side.name is not None:
                if side.name not in [p.name for p in ports]:
                    known = ", ".join(f"`{p.name}`" for p in ports[1:]) or "none"
                    self.error(
                        "E0206",
                        f"`{operator.name}` has no input `{side.name}`",
                        side.span,
                        notes=(f"side inputs: {known}",),
                    )
                    return None
                if side.name in named:
                    self.fed_twice(operator.name, side, named[side.name].span)
                    return None
                if isinstance(side.value, Wires):
                    self.not_one(operator.name, side)
                    return None
                named[side.name] = side
            elif isinstance(side.value, Wires):
                incoming += self.separate(side.value, side.span)
            elif isinstance(side.value, (int, float)):
                first = next((w for w in incoming if isinstance(w, Wire)), None)
                incoming.append(self.constant_like(first, side) if first is not None else self.unknown(side.span))
            else:
                incoming.append(side.value)
        feeds: list[Any] = [None] * fixed
        free = [i for i in range(fixed) if ports[i].name not in named]
        for index, side in ((i, named[ports[i].name]) for i in range(fixed) if ports[i].name in named):
            feeds[index] = side.value
            if places is not None:
                places[ports[index].name] = side.span
        given = 0
        written = {id(s.value): s.span for s in sides}
        for value in incoming:
            if given < len(free):
                feeds[free[given]] = value
                if places is not None and id(value) in written:
                    places[ports[free[given]].name] = written[id(value)]
            elif variadic:
                feeds.append(value)
            else:
                break
            given += 1
        if variadic and given < operator.least and isinstance(flow, Wire):
            if not flow.unknown:
                helps = (
                    [line_as_body(self.report.sources.get(at.file), flow, at)]
                    if operator.name == "Add"
                    else [f"`{operator.name} with …` joins another wire"]
                )
                title = f"`{operator.name}` joins {operator.least} inputs or more, {given} flows in"
                self.error("E0205", title, at, helps=helps)
            return None
        missing = [p for p, f in zip(ports, feeds, strict=False) if f is None and not p.optional and not p.variadic]
        if given < len(incoming) or missing:
            if any(isinstance(w, Wire) and w.unknown for w in incoming):
                return None
            self.wrong_count(
                operator.name,
                len(incoming) + len(named),
                [p.name for p in ports if not p.optional],
                len(ports),
                variadic,
                at,
            )
            return None
        return feeds

    def wrong_count(self, name: str, given: int, needed: list[str], most: int, variadic: bool, at: Span) -> None:
        least = len(needed)
        count = f"{least} input{'s' if least != 1 else ''}" if most == least else f"{least} to {most} inputs"
        if variadic:
            count = f"{least} inputs or more"
        flows = "flows" if given == 1 else "flow"
        helps: tuple[str, ...] = ()
        if given < least and needed:
            rest = ", ".join(needed[given:])
            helps = (f"feed the others with `with`: `{name} with {rest if least - given == 1 else f'({rest})'}`",)
        self.error("E0205", f"`{name}` takes {count}, {given} {flows} in", at, helps=helps)

    def fed_twice(self, name: str, side: SideInput, first: Span) -> None:
        self.error(
            "E0203",
            f"`{side.name}` of {name} is fed twice",
            side.span,
            "fed again here",
            secondary=[Label(first, "first here")],
        )

    def not_one(self, name: str, side: SideInput) -> None:
        title = f"`{side.name}` of {name} is one tensor, and this is {len(side.value.items)}"
        self.error("E0205", title, side.span, helps=("index it: `[0]`", "or join it: `-> Concat`"))

    def constant_like(self, wire: Wire, side: SideInput) -> Flow:
        return self.run_operator(Fill(value=side.value), [wire], side.span)

    def one_by_one(self, value: Any, span: Span, side: bool, like: Wire | None) -> list[Fed | None]:
        """What inputs of a block get from one value: a tuple feeds several, a number is a constant like `like`."""
        if isinstance(value, Wires):
            return [Fed(wire, span, side) for wire in self.separate(value, span)]
        if isinstance(value, (int, float)):
            made = self.constant_like(like, SideInput(None, value, span)) if like is not None else self.unknown(span)
            return [Fed(made, span, side)]
        return [None if value is None else Fed(value, span, side)]

    def feed_block(self, block: Block, flow: Flow, sides: list[SideInput], at: Span) -> list[Fed | None] | None:
        """What each declared input of a block gets, None where nothing is fed."""
        declared = block.root.declarations("input")
        incoming = self.one_by_one(flow, at, False, None)
        if not declared:
            if sides:
                self.error("E0205", f"`{block.name}` has no side inputs", sides[0].span, "nothing takes this")
            elif len(incoming) != 1:
                self.wrong_count(block.name, len(incoming), ["x"], 1, False, at)
            else:
                return incoming
            return None
        names = [d.key.words[-1].text for d in declared]
        like = next((f.value for f in incoming if f is not None and isinstance(f.value, Wire)), None)
        slots: dict[str, Fed | None] = {}
        for side in sides:
            fed = self.one_by_one(side.value, side.span, True, like)
            if side.name is None:
                incoming += fed
            elif side.name not in names:
                near = did_you_mean(side.name, names)
                self.error(
                    "E0206",
                    f"`{block.name}` has no input `{side.name}`",
                    side.span,
                    notes=(f"inputs: {', '.join(names)}",),
                    helps=[f"did you mean `{n}`?" for n in near],
                )
                return None
            elif side.name in slots:
                self.fed_twice(block.name, side, next(s.span for s in sides if s.name == side.name))
                return None
            elif len(fed) != 1:
                self.not_one(block.name, side)
                return None
            else:
                slots[side.name] = fed[0]
        free = [n for n in names if n not in slots]
        slots.update(zip(free, incoming, strict=False))
        needed = [n for n, d in zip(names, declared, strict=True) if not _has_default(d)]
        if len(incoming) > len(free) or any(slots.get(n) is None for n in needed):
            given = [f for f in (*incoming, *(slots[n] for n in names if n not in free)) if f is not None]
            if not any(isinstance(f.value, Wire) and f.value.unknown for f in given):
                self.wrong_count(block.name, len(given), needed, len(names), False, at)
            return None
        return [slots.get(n) for n in names]


def _has_default(declaration: Any) -> bool:
    return getattr(declaration.body, "default", None) is not None
