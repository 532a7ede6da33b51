"""Combinators: residual, lanes, repeat, each, scan, static choice, and boxes that take a body.

Enters: a body and what flows in. Leaves: what flows out, with a region of the outline around the nodes.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import Edit, Help
from ..ops import OPERATORS, Combinator, Mistake
from ..source import Span
from ..syntax import (
    Body,
    Call,
    Choice,
    Declaration,
    Item,
    Lane,
    Nest,
    Repeat,
    Structure,
    Suite,
    Wrap,
)
from ..syntax import (
    Flow as FlowBody,
)
from .binding import bind_operator
from .complaints import WHOLE
from .expressions import Flow
from .shortcuts import Shortcuts
from .values import (
    BoxValue,
    DraftRegion,
    Wire,
    Wires,
)

#: What merges the lanes of a combinator.
MERGES = {"concat": "Concat", "add": "Add", "mul": "Mul", "stack": "Stack"}


class Combinators(Shortcuts):
    """The part of a frame that runs combinators."""

    def nest(self, nest: Nest, flow: Flow, fresh: bool) -> Flow:
        combinator = nest.combinator
        if self.sequence is None or isinstance(combinator, (Choice, Repeat)):
            return self.combinator(nest, flow, fresh)
        number, span = self.position(), combinator.span
        with self.under(number), self.region("group", span, name=number, path=self.prefix) as region:
            self.lane(region)
            flow = self.combinator(nest, flow, fresh)
        if not region.lanes[0]:
            self.items.pop()
        return flow

    def combinator(self, nest: Nest, flow: Flow, fresh: bool) -> Flow:
        combinator = nest.combinator
        match combinator:
            case Repeat() if combinator.word == "repeat":
                return self.repeat(combinator, nest.body, flow)
            case Repeat():
                self.error(
                    "E0114",
                    "`each` makes lanes, so it stands after a bar",
                    combinator.span,
                    helps=("`| each …:` inside `concat:`, `add:`, `mul:` or `stack:`",),
                )
                return self.unknown(combinator.span)
            case Structure() if combinator.word == "residual":
                return self.residual(combinator, nest.body, flow)
            case Structure() if combinator.word == "scan":
                return self.scan(combinator, nest.body, flow)
            case Structure():
                return self.lanes(combinator, nest.body, flow)
            case Choice():
                return self.choose(combinator, nest.body, flow, fresh)
            case Wrap():
                return self.wrap(combinator, nest.body, flow)
        raise AssertionError(nest)

    # ---------------------------------------------------------------------------------------- static choice

    def choose(self, choice: Choice, body: Body, flow: Flow, fresh: bool) -> Flow:
        """An `if` by itself; chains of `elif` and `else` are the suite's business."""
        condition = self.truth(choice.condition) if choice.condition is not None else True
        if condition is False:
            return flow
        result = self.run(body, flow, fresh)
        return result if condition else self.blur(flow, result)

    # ------------------------------------------------------------------------------------------------ lanes

    def lanes(self, structure: Structure, body: Body, flow: Flow) -> Flow:
        word, span = structure.word, structure.span
        if not isinstance(body, Suite):
            self.error(
                "E0114",
                f"`{word}` joins lanes, and a lane starts with a bar",
                body.span,
                "not a lane",
                helps=(f"write each branch as `| …` below `{word}:`",),
            )
            return self.run(body, flow, False)
        results: list[Any] = []
        with self.region(word, span) as region:
            for statement in body.statements:
                self.lane(region)
                if isinstance(statement, Lane):
                    results.append(self.run_lane(statement, flow))
                elif isinstance(statement, Item):
                    self.error(
                        "E0114",
                        f"`{word}` joins lanes, and a lane starts with a bar",
                        statement.span,
                        "a dash is in series",
                        helps=(
                            Help(
                                "write `|` in place of `-`",
                                (Edit(Span(statement.span.file, statement.span.start, statement.span.start + 1), "|"),),
                            ),
                        ),
                    )
                    results.append(self.statement(statement, flow, True))
                else:
                    self.statement(statement, flow, True)
                    region.lanes.pop()
        for result in results:
            if isinstance(result, Wires) and result.value is None and word != "parallel":
                self.error("E0205", "a lane is one tensor", result.span, f"this is {len(result.items)}")
                return self.unknown(span)
        if word == "parallel":
            if structure.arguments:
                self.error("E0404", "`parallel` takes no arguments", structure.arguments[0].span)
            flat = [w for r in results for w in self.separate(r, span)]
            return Wires(tuple(flat), span, None, self)
        box = BoxValue(OPERATORS[MERGES[word]], span=span)
        values = [(self.evaluate_argument(a.value), a) for a in structure.arguments]
        box = BoxValue(
            box.target,
            tuple((v, a.value.span) for v, a in values if a.name is None),
            tuple((a.name.text, v, a.value.span, a.name.span) for v, a in values if a.name is not None),
            span,
            word,
        )
        made = bind_operator(self, box, span)
        if made is None:
            return self.unknown(span)
        return self.run_operator(made[0], results, span, at=span, spans=made[1].spans)

    def run_lane(self, lane: Lane, flow: Flow) -> Any:
        """One lane, or the lanes of an `each`."""
        if (
            isinstance(lane.body, Nest)
            and isinstance(lane.body.combinator, Repeat)
            and lane.body.combinator.word == "each"
        ):
            if lane.key is None:
                return self.each(lane.body.combinator, lane.body.body, flow, self.place(lane.body.combinator))
            with self.namespace(lane.key.words[-1].text):
                return self.each(lane.body.combinator, lane.body.body, flow, self.place(lane.body.combinator))
        return self.statement(lane, flow, True)

    # ---------------------------------------------------------------------------------- boxes with a body

    def wrap(self, wrap: Wrap, body: Body, flow: Flow) -> Flow:
        span = wrap.span
        call: Any = Call(wrap.name, wrap.arguments, span) if wrap.arguments else wrap.name
        name = wrap.name.name
        if call is wrap.name and self.file.find(name) is None and self.scope.find(name) is None:
            if name not in self.file.broken:
                self.no_such_box(name, wrap.name.span, before_colon=True)
        box = self.configured(call)
        if box is None:
            self.run(body, flow, False)
            return self.unknown(span)
        target = box.target
        if not (isinstance(target, type) and issubclass(target, Combinator)):
            taken = [p.name.text for p in getattr(target, "parameters", ()) if p.name.text[0].isupper()]
            advice = "a step on the line takes no colon"
            if taken:
                advice = (
                    f"it takes a box in its parentheses: `{box.name}({taken[0]}=...)`, a `block` where that is long"
                )
            self.error(
                "E0215",
                f"`{box.name}` takes no indented body",
                wrap.name.span,
                "not a combinator",
                helps=(advice,),
            )
            return self.unknown(span)
        made = bind_operator(self, box, wrap.name.span)
        if made is None:
            self.run(body, flow, False)
            return self.unknown(span)
        operator, bound = made
        assert isinstance(operator, Combinator)
        if operator.numbered:
            return self.sequential(body, flow)
        with self.region(operator.name, span) as region:
            self.lane(region)
            if operator.inline:
                if operator.parametrization and self.parametrization:
                    title = f"`{operator.name}` stands inside another that holds the same weights"
                    self.error("E0215", title, wrap.name.span, "one of them computes a weight")
                with self.held_by(operator.parametrization or self.parametrization):
                    result = self.run(body, flow, False)
        if operator.inline:
            if operator.silent:
                return result
            if not isinstance(result, Wire):
                self.error("E0205", f"`{box.name}` acts on one tensor", span)
                return self.unknown(span)
            return self.run_operator(operator, [result], span, at=wrap.name.span, spans=bound.spans)
        if not isinstance(flow, Wire):
            self.error("E0205", f"`{box.name}` sends one tensor to its body", span)
            return self.unknown(span)
        if flow.unknown:
            return self.unknown(span)
        try:
            fed = operator.inner(flow.type)[0]
        except Mistake as mistake:
            self.mistake(mistake, operator, [flow], wrap.name.span, {**bound.spans, WHOLE: span})
            return self.unknown(span)
        inner = self.child("body", "".join(c for c in box.name if c.isalnum()) + "Expert")
        inner.sealed = (box.name, span)
        entry = inner.add_input(Wire("x", fed, self, flow.span))
        out = inner.run(body, entry, False)
        draft = inner.close([("out", out if isinstance(out, Wire) else inner.unknown(span))])
        instance = self.make_instance(self.place(wrap), span, operator, bound.extras)
        instance.body = draft.key
        result = self.run_operator(
            operator, [flow], span, at=wrap.name.span, spans=bound.spans, instance=instance, body=draft
        )
        self.boxes += draft.boxes * operator.copies
        self.session.bound(self.boxes, span)
        return result

    def sequential(self, body: Body, flow: Flow) -> Flow:
        """A body whose boxes are numbered, as they are in torch.nn.Sequential."""
        outer, self.sequence = self.sequence, 0
        try:
            return self.run(body, flow, False)
        finally:
            self.sequence = outer


__all__ = ["Combinators", "Declaration", "DraftRegion", "FlowBody"]
