"""Residuals: a body and the shortcut beside it.

Enters: what flows. Leaves: the sum of both sides, whose shapes agree exactly; when they do not, the lane that would
make them agree is proposed.
"""

from __future__ import annotations

import re
from typing import Any

from ..diagnostics import Edit, Help, Label
from ..ops import OPERATORS
from ..shape import Size, Tensor, fits, same
from ..source import Span
from ..syntax import (
    Body,
    Lane,
    Structure,
    Suite,
)
from .expressions import Flow
from .patterns import missing_fact
from .recurrence import Recurrence
from .values import (
    DraftNode,
    DraftRegion,
    Wire,
    Wires,
)


class Shortcuts(Recurrence):
    """The part of a frame that adds shortcuts."""

    def residual(self, structure: Structure, body: Body, flow: Flow) -> Flow:
        span = structure.span
        if structure.arguments:
            self.error("E0404", "`residual` takes no arguments", structure.arguments[0].span)
        if isinstance(flow, Wires):
            self.error("E0205", f"`residual` adds to one tensor, {len(flow.items)} flow in", span)
            return self.unknown(span)
        lane = None
        with self.region("residual", span) as region:
            self.lane(region)
            if isinstance(body, Suite):
                found = [s for s in body.statements if isinstance(s, Lane)]
                if len(found) > 1:
                    self.error(
                        "E0114",
                        "`residual` has one lane at most, the shortcut",
                        found[1].span,
                        "a second lane",
                        secondary=[Label(found[0].span, "the first")],
                    )
                lane = found[0] if found else None
                rest = Suite(tuple(s for s in body.statements if not isinstance(s, Lane)), body.span)
                result = self.run(rest, flow, False) if rest.statements else flow
                self.lane(region)
                short: Flow = self.statement(lane, flow, True) if lane is not None else flow
            else:
                result = self.run(body, flow, False)
                self.lane(region)
                short = flow
        if not isinstance(result, Wire) or not isinstance(short, Wire):
            self.error("E0205", "the two sides of `residual` are one tensor each", span)
            return self.unknown(span)
        if result.unknown or short.unknown:
            return self.unknown(span)
        if not fits(result.type.sizes, short.type.sizes):
            self.sides_differ(structure, body, flow, result, short, lane)
            return self.unknown(span)
        return self.run_operator(OPERATORS["Add"](), [result, short], span)

    def sides_differ(
        self, structure: Structure, body: Body, flow: Wire, result: Wire, short: Wire, lane: Lane | None
    ) -> None:
        a, b = result.type, short.type
        title = f"the two sides of `residual` differ: {a} and {b}"
        if len(title) > 100:
            title = "the two sides of `residual` differ"
        notes: list[str] = []
        if a.rank == b.rank:
            notes.append(_axes(a, b) + self.strides(body))
        helps: list[Help] = []
        if a.rank == b.rank:
            for x, y in zip(a.sizes, b.sizes, strict=False):
                helps += missing_fact(x, y) if not same(x, y) else ()
        if lane is None and a.rank == b.rank and (text := self.shortcut(flow.type, a)) is not None:
            edits = self.lane_edit(body, text)
            sure = bool(edits) and (self.call_span is None or re.search(r"\([a-z_]", text) is not None)
            helps.append(Help(f"add a lane: `| {text}`", edits, sure=sure))
        secondary = [Label(short.span, f"the shortcut: {b}"[:49]), Label(result.span, f"the body: {a}"[:49])]
        if self.call_span is not None:
            secondary.append(Label(self.call_span, self.binding_text(_first_clash(a, b))[:49]))
        self.error(
            "E0311",
            title,
            structure.span,
            "adds its body to its input",
            secondary=secondary,
            notes=notes,
            helps=helps[:2],
        )

    def strides(self, body: Body) -> str:
        """`, because line 4 has stride 2`: the box of a body that makes an image smaller."""
        source = self.file.spec.source
        stack: list[Any] = [self.items]
        while stack:
            item = stack.pop()
            if isinstance(item, list):
                stack.extend(reversed(item[-1:] if item is self.items else item))
            elif isinstance(item, DraftRegion):
                stack.extend(reversed(item.lanes))
            elif isinstance(item, DraftNode) and item.operator is not None and item.span.file == source.name:
                stride = item.operator.values().get("stride")
                if isinstance(stride, int) and stride > 1:
                    return f", because line {source.position(item.span.start)[0]} has stride {stride}"
        return ""

    def binding_text(self, only: tuple[Size, ...] = ()) -> str:
        """`C = 64, width = 128 here`: what the names of a block stand for, those with one of the values `only`."""
        known = {**self.sizes, **self.bindings}
        shown = [
            f"{n} = {v}"
            for n, v in known.items()
            if isinstance(v, int) and not isinstance(v, bool) and (not only or v in only)
        ]
        return ", ".join(shown[:4]) + " here" if shown else "used here"

    def shortcut(self, before: Tensor, after: Tensor) -> str | None:
        """The lane that brings the shortcut to the shape of the body."""
        axis = 1 if before.rank in (4, 5) else before.rank - 1
        wanted = after.sizes[axis]
        known = [(n, v) for n, v in self.bindings.items() if isinstance(v, int) and not isinstance(v, bool) and v > 1]
        same_as = [n for n, v in known if v == wanted]
        multiples = [f"{k} * {n}" for k in (2, 4, 8) for n, v in known if k * v == wanted]
        width = (same_as + multiples + [str(wanted)])[0]
        if before.rank < 4:
            rest = all(same(x, y) for x, y in zip(before.sizes[:-1], after.sizes[:-1], strict=False))
            return f"Linear({width})" if rest else None
        for stride in (1, 2, 3, 4):
            strided = tuple((s - 1) // stride + 1 for s in before.sizes[2:])
            if all(same(x, y) for x, y in zip(strided, after.sizes[2:], strict=False)):
                return f"Conv({width}, 1)" if stride == 1 else f"Conv({width}, 1, stride={stride})"
        return None

    def lane_edit(self, body: Body, text: str) -> tuple[Edit, ...]:
        """Put a lane after the last dash of a suite."""
        if not isinstance(body, Suite) or not body.statements:
            return ()
        source = self.file.spec.source
        first, last = body.statements[0].span, body.statements[-1].span
        column = source.position(first.start)[1] - 1
        end = last.end
        while end > last.start and source.text[end - 1] in "\n\r ":
            end -= 1
        place = Span(last.file, end, end)
        return (Edit(place, f"\n{' ' * column}| {text}"),)


def _axes(a: Tensor, b: Tensor) -> str:
    """`axis 1: 128 and 64; axes 2 and 3: 16 and 32`."""
    groups: dict[tuple[Size, Size], list[int]] = {}
    for axis, pair in enumerate(zip(a.sizes, b.sizes, strict=True)):
        if not same(*pair):
            groups.setdefault(pair, []).append(axis)
    parts = []
    for (x, y), axes in groups.items():
        where = f"axis {axes[0]}" if len(axes) == 1 else "axes " + " and ".join(map(str, axes))
        parts.append(f"{where}: {x} and {y}")
    return "; ".join(parts)


def _first_clash(a: Tensor, b: Tensor) -> tuple[Size, ...]:
    return next(((x, y) for x, y in zip(a.sizes, b.sizes, strict=False) if not same(x, y)), ())
