"""Rounds in series and lanes side by side.

Enters: a body and how often. Leaves: one node, however many rounds there are: equal ones are elaborated once.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import Label
from ..graph import Round
from ..shape import UNKNOWN, Number, Tensor
from ..syntax import (
    Body,
    Repeat,
    Statement,
)
from .expressions import Flow
from .foresight import foresee
from .modules import Modules
from .naming import stem_of
from .values import (
    UNKNOWN_VALUE,
    BoxValue,
    DraftDefinition,
    DraftNode,
    ModuleValue,
    Namespace,
    Wire,
    Wires,
)


class Rounds(Modules):
    """The part of a frame that repeats."""

    def add_input(self, wire: Wire, name: str = "x") -> Wire:
        """What flows into a body that declares no input (see `Body`)."""
        raise NotImplementedError

    def run(self, body: Body, flow: Flow, fresh: bool) -> Flow:
        """Run a body on what flows in. `fresh` says that nothing is lost when it starts elsewhere (see `Body`)."""
        raise NotImplementedError

    def statement(self, statement: Statement, flow: Flow, fresh: bool) -> Flow:
        """Run one statement (see `Body`)."""
        raise NotImplementedError

    def child(self, kind: str, hint: str) -> Rounds:
        """A frame for a body inside this one (see `Body`)."""
        raise NotImplementedError

    def close(self, outputs: list[tuple[str, Wire]]) -> DraftDefinition:
        """End a frame (see `Body`)."""
        raise NotImplementedError

    def rounds_of(self, combinator: Repeat) -> list[Any] | None:
        """The values of the variable, one for each round; None when that is not known."""
        value = self.evaluate(combinator.count)
        if isinstance(value, tuple):
            return list(value)
        if isinstance(value, (Wire, Wires, ModuleValue, BoxValue)):
            self.error("E0304", f"`{combinator.word}` takes a number of rounds or a list", combinator.count.span)
            return None
        count = self.whole(value, combinator.count.span, f"the count of `{combinator.word}`")
        if count is None:
            return None
        self.session.bound(count, combinator.span)
        return list(range(count)) if combinator.variable is not None else [None] * min(count, 1) * count

    def round(
        self, combinator: Repeat, body: Body, value: Any, flow: Wire, hint: str, line: object = None
    ) -> DraftDefinition:
        """One round as a definition. `line` is its statement that has the name of the round."""
        inner = self.child("round", hint)
        inner.text_span, inner.naming_line = combinator.span, line
        entry = inner.add_input(flow)
        self.bind_variable(combinator, value, inner.scope)
        return inner.close([("out", self.one(combinator, inner, inner.run(body, entry, False)))])

    def bind_variable(self, combinator: Repeat, value: Any, scope: Namespace) -> None:
        """Enter the variable of a repeat in the names of a round."""
        name = combinator.variable
        if name is None:
            return
        if self.scope.where(name.text) is not None:
            self.error(
                "E0203",
                f"`{name.text}` is defined twice",
                name.span,
                "defined again here",
                secondary=[Label(self.scope.where(name.text) or name.span, "first defined here")],
            )
        static = Number(value, combinator.count.span) if type(value) is int else value
        scope.names[name.text], scope.spans[name.text] = static, name.span

    def one(self, combinator: Repeat, frame: Rounds, result: Flow) -> Wire:
        """What a round makes, which is one tensor."""
        if isinstance(result, Wire):
            return result
        self.error(
            "E0205",
            "a round of `repeat` makes one tensor, which the next one takes",
            combinator.span,
            f"here {len(result.items)}",
        )
        return frame.unknown(combinator.span)

    def written_out(self, combinator: Repeat, body: Body, values: list[Any], flow: Wire) -> Wire:
        """Rounds as if each of them stood in the text, because their paths differ in more than a number."""
        limit = self.session.limits.elements
        if len(values) > limit:
            self.session.refuse("E0907", f"{len(values):,} rounds with names; the limit is {limit:,}", combinator.span)
        outer = self.scope
        for value in values:
            scope = Namespace(outer)
            self.bind_variable(combinator, value, scope)
            self.scope = scope
            try:
                flow = self.one(combinator, self, self.run(body, flow, False))
            finally:
                self.scope = outer
        return flow

    def repeat(self, combinator: Repeat, body: Body, flow: Flow) -> Flow:
        """In series. Rounds that are equal are elaborated once, however many they are."""
        span = combinator.span
        values = self.rounds_of(combinator)
        if isinstance(flow, Wires):
            self.error("E0205", f"`repeat` sends one tensor through its rounds, {len(flow.items)} flow in", span)
            return self.unknown(span)
        if values is None:
            result = self.round(combinator, body, UNKNOWN_VALUE, flow, "Round")
            return self.blur(flow, self.wire("repeat", result.value.type, span))
        line = self.naming.lines.get(id(combinator))
        alone = line is not None and not self.naming.segment(combinator) and _counts(values)
        if self.sequence is not None or (line is not None and not alone):
            return self.written_out(combinator, body, values, flow)
        hint = self.round_name(combinator)
        seen = foresee(self, combinator, body, line)
        drafts: list[tuple[DraftDefinition, int]] = []
        known: dict[Any, DraftDefinition] = {}
        current, index, total = flow, 0, len(values)
        boxes = 0
        while index < total:
            key = current.type, seen and seen(values[index])
            draft = known.get(key)
            if draft is None:
                self.session.step(span)
                draft = known[key] = self.round(combinator, body, values[index], current, hint, line)
            same_after = seen is None and draft.value.type == current.type
            count = total - index if same_after else 1
            if drafts and drafts[-1][0] is draft:
                drafts[-1] = (draft, drafts[-1][1] + count)
            else:
                drafts.append((draft, count))
            boxes += draft.boxes * count
            if boxes > self.session.limits.boxes:
                inner = [Label(s, "again here") for s in draft.frame.repeats[:1]]
                self.session.bound(max(boxes, draft.boxes * total), span, inner)
            current = Wire("flow", draft.value.type, self, draft.value.span)
            index += count
        if not any(draft.frame.body for draft, _ in drafts):
            return self.unknown(span) if current.unknown else flow  # rounds of nothing
        start = self.naming.starts.get(id(combinator), 0) if line is None else int(values[0])
        stem = "" if line is None else stem_of(line)
        return self.run_rounds("repeat", combinator, drafts, flow, boxes, self.place(combinator), start, stem)

    def round_name(self, combinator: Repeat) -> str:
        name = (self.prefix.rsplit(".", 1)[-1] or self.naming.segment(combinator) or combinator.word).title()
        return "".join(c for c in name if c.isalnum()) + ("Round" if combinator.word == "repeat" else "Lane")

    def run_rounds(
        self,
        kind: str,
        combinator: Repeat,
        drafts: list[tuple[DraftDefinition, int]],
        flow: Wire,
        boxes: int,
        path: str,
        start: int = 0,
        stem: str = "",
    ) -> Flow:
        span = combinator.span
        self.repeats.append(span)
        rounds = [Round(d.key, n) for d, n in drafts]
        captures: dict[Wire, None] = {}
        held: dict[ModuleValue, None] = {}
        for draft, _ in drafts:
            captures.update((e.outer, None) for e in draft.frame.inputs if e.outer is not None)
            held.update((m, None) for _, m in draft.frame.held)
        self.session.step(span, len(captures) * len(drafts))  # each round is given what any of them reads
        weighty = any(d.frame.instances or d.frame.param_wires for d, _ in drafts)
        instance = None
        if weighty:
            if start and not stem:
                self.claim_numbers(path, range(start, start + sum(n for _, n in drafts)), span)
            instance = self.instance(path, span, rounds=rounds)
            instance.start, instance.stem = start, stem
        node = DraftNode(
            kind,
            [flow, *map(self.reach, captures)],
            [],
            rounds=rounds,
            instance=instance,
            held=[self.reach_module(m) for m in held],
            span=span,
            callee=(drafts, list(captures), list(held)),
        )
        self.add(node, boxes)
        if kind == "each":
            wires: list[Wire] = []
            for draft, count in drafts:
                wires += [Wire("lane", draft.value.type, self, draft.value.span, node)] * count
            made = Wires(tuple(wires), span, self.fresh("lanes"), self)
            node.outputs, node.sources = [made], [{d.key: d.value for d, _ in drafts}]
            return made
        last = drafts[-1][0]
        wire = self.wire("repeat", last.value.type, span, node)
        node.outputs, node.sources = [wire], [{d.key: d.value for d, _ in drafts}]
        return wire

    def each(self, combinator: Repeat, body: Body, flow: Flow, path: str) -> Flow:
        """Side by side, from the same input."""
        span = combinator.span
        values = self.rounds_of(combinator)
        if isinstance(flow, Wires):
            self.error("E0205", "`each` sends one tensor through its lanes", span)
            return self.unknown(span)
        if values is None:
            return self.unknown(span)
        if not values:
            self.error("E0304", "`each` needs one lane at least", combinator.count.span)
            return self.unknown(span)
        limit = self.session.limits.elements
        if len(values) > limit:
            self.session.refuse("E0907", f"`each` makes {len(values):,} lanes; the limit is {limit:,}", span)
        hint = self.round_name(combinator)
        seen = foresee(self, combinator, body)
        drafts: list[tuple[DraftDefinition, int]] = []
        known: dict[Any, DraftDefinition] = {}
        boxes = 0
        for value in values:
            key = seen and seen(value)
            draft = known.get(key)
            if draft is None:
                draft = known[key] = self.round(combinator, body, value, flow, hint)
            if drafts and drafts[-1][0] is draft:
                drafts[-1] = (draft, drafts[-1][1] + 1)
            else:
                drafts.append((draft, 1))
            boxes += draft.boxes
            self.session.bound(boxes, span)
        return self.run_rounds("each", combinator, drafts, flow, boxes, path)

    def blur(self, a: Flow, b: Flow) -> Flow:
        """What flows after a choice that cannot be decided while a block is checked by itself."""
        if (
            isinstance(a, Wire)
            and isinstance(b, Wire)
            and not a.unknown
            and not b.unknown
            and a.type.rank == b.type.rank
        ):
            merged = tuple(x if x == y else UNKNOWN for x, y in zip(a.type.sizes, b.type.sizes, strict=False))
            return self.wire("choice", Tensor(merged, b.type.dtype), b.span)
        return self.unknown(b.span if isinstance(b, Wire) else a.span)


def _counts(values: list[Any]) -> bool:
    """Whether the values of a variable are numbers that count up by one."""
    if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return False
    return bool(values) and values == list(range(values[0], values[0] + len(values)))
