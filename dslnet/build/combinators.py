"""Combinators: residual, lanes, repeat, each, scan, static choice, and boxes that take a body.

Enters: a body and what flows in. Leaves: what flows out, with a region of the outline around the nodes.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import Edit, Help, Label
from ..graph import Round
from ..ops import OPERATORS, Combinator
from ..shape import UNKNOWN, UNKNOWN_TENSOR, Number, Size, Tensor, fits, same
from ..source import Span
from ..syntax import (
    Body,
    BoxRef,
    Call,
    Choice,
    Declaration,
    Expression,
    Item,
    Lane,
    Nest,
    Paren,
    Repeat,
    Side,
    Statement,
    Structure,
    Suite,
    Valued,
    Wrap,
)
from ..syntax import (
    Flow as FlowBody,
)
from .binding import bind_block, bind_operator
from .boxes import Fed, SideInput
from .expressions import Flow
from .modules import Modules
from .patterns import missing_fact
from .program import Block
from .values import (
    UNKNOWN_VALUE,
    BoxValue,
    DraftDefinition,
    DraftNode,
    DraftRegion,
    ModuleValue,
    Namespace,
    Wire,
    Wires,
)

#: What merges the lanes of a combinator.
MERGES = {"concat": "Concat", "add": "Add", "mul": "Mul", "stack": "Stack"}


class Combinators(Modules):
    """The part of a frame that runs combinators."""

    def run(self, body: Body, flow: Flow, fresh: bool) -> Flow:
        """Run a body on what flows in. `fresh` says that nothing is lost when it starts elsewhere (see `Body`)."""
        raise NotImplementedError

    def statement(self, statement: Statement, flow: Flow, fresh: bool) -> Flow:
        """Run one statement (see `Body`)."""
        raise NotImplementedError

    def child(self, kind: str, hint: str) -> Combinators:
        """A frame for a body inside this one (see `Body`)."""
        raise NotImplementedError

    def close(self, outputs: list[tuple[str, Wire]]) -> DraftDefinition:
        """End a frame (see `Body`)."""
        raise NotImplementedError

    def nest(self, nest: Nest, flow: Flow, fresh: bool) -> Flow:
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

    def blur(self, a: Flow, b: Flow) -> Flow:
        """What flows after a choice that cannot be decided while a block is checked by itself."""
        if (
            isinstance(a, Wire)
            and isinstance(b, Wire)
            and not a.unknown
            and not b.unknown
            and a.type.rank == b.type.rank
        ):
            merged = tuple(x if x == y else UNKNOWN for x, y in zip(a.type.sizes, b.type.sizes))
            return self.wire("choice", Tensor(merged, b.type.dtype), b.span)
        return self.unknown(b.span if isinstance(b, Wire) else a.span)

    # --------------------------------------------------------------------------------------------- residual

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
            for x, y in zip(a.sizes, b.sizes):
                helps += missing_fact(x, y)
        if lane is None and a.rank == b.rank and (text := self.shortcut(flow.type, a)) is not None:
            edits = self.lane_edit(body, text)
            helps.append(Help(f"add a lane: `| {text}`", edits, sure=bool(edits)))
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
        shown = [f"{n} = {v}" for n, v in known.items() if isinstance(v, int) and not isinstance(v, bool) and (not only or v in only)]
        return ", ".join(shown[:4]) + " here" if shown else "used here"

    def shortcut(self, before: Tensor, after: Tensor) -> str | None:
        """The lane that brings the shortcut to the shape of the body."""
        axis = 1 if before.rank in (4, 5) else before.rank - 1
        width = next(
            (
                n
                for n, v in self.bindings.items()
                if isinstance(v, int) and not isinstance(v, bool) and v == after.sizes[axis]
            ),
            str(after.sizes[axis]),
        )
        if before.rank < 4:
            rest = all(same(x, y) for x, y in zip(before.sizes[:-1], after.sizes[:-1]))
            return f"Linear({width})" if rest else None
        for stride in (1, 2, 3, 4):
            strided = tuple((s - 1) // stride + 1 for s in before.sizes[2:])
            if all(same(x, y) for x, y in zip(strided, after.sizes[2:])):
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
            flat = [w for r in results for w in (r.items if isinstance(r, Wires) else (r,))]
            return Wires(tuple(flat), span, None, self)
        box = BoxValue(OPERATORS[MERGES[word]], span=span)
        values = [(self.evaluate_argument(a.value), a) for a in structure.arguments]
        box = BoxValue(
            box.target,
            tuple((v, a.value.span) for v, a in values if a.name is None),
            tuple((a.name.text, v, a.value.span, a.name.span) for v, a in values if a.name is not None),
            span, word,
        )  # fmt: skip
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
                return self.each(
                    lane.body.combinator, lane.body.body, flow, self.path(self.naming.segment(lane.body.combinator))
                )
            with self.namespace(lane.key.words[-1].text):
                return self.each(
                    lane.body.combinator, lane.body.body, flow, self.path(self.naming.segment(lane.body.combinator))
                )
        return self.statement(lane, flow, True)

    # ----------------------------------------------------------------------------------------------- rounds

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
        if count > self.session.limits.boxes:
            self.too_many(count, combinator.span, [])
        return list(range(count)) if combinator.variable is not None else [None] * min(count, 1) * count

    def too_many(self, boxes: int, span: Span, others: list[Label]) -> None:
        limit = self.session.limits.boxes
        self.session.refuse(
            "E0907", f"this file asks for {boxes:,} boxes; the limit is {limit:,}", span, secondary=others,
            helps=(Help(f"if you trust this file: `--limit boxes={_power_of_ten(boxes)}`"),),
        )  # fmt: skip

    def round(self, combinator: Repeat, body: Body, value: Any, flow: Wire, hint: str) -> tuple[DraftDefinition, bool]:
        """One round as a definition, and whether it looked at the variable."""
        inner = self.child("round", hint)
        entry = inner.add_input(flow)
        watched = _Watched(inner.scope)
        if combinator.variable is not None:
            name = combinator.variable
            if self.scope.where(name.text) is not None:
                self.error(
                    "E0203",
                    f"`{name.text}` is defined twice",
                    name.span,
                    "defined again here",
                    secondary=[Label(self.scope.where(name.text) or name.span, "first defined here")],
                )
            static = Number(value, combinator.count.span) if type(value) is int else value
            inner.scope = watched.install(name.text, static, name.span)
        result = inner.run(body, entry, False)
        if isinstance(result, Wires):
            self.error(
                "E0205",
                "a round of `repeat` makes one tensor, which the next one takes",
                combinator.span,
                f"here {len(result.items)}",
            )
            result = inner.unknown(combinator.span)
        return inner.close([("out", result)]), watched.used

    def repeat(self, combinator: Repeat, body: Body, flow: Flow) -> Flow:
        """In series. Rounds that are equal are elaborated once, however many they are."""
        span = combinator.span
        values = self.rounds_of(combinator)
        if isinstance(flow, Wires):
            self.error("E0205", f"`repeat` sends one tensor through its rounds, {len(flow.items)} flow in", span)
            return self.unknown(span)
        if values is None:
            result = self.round(combinator, body, UNKNOWN_VALUE, flow, "Round")[0]
            return self.blur(flow, self.wire("repeat", result.value.type, span))
        hint = self.round_name(combinator)
        drafts: list[tuple[DraftDefinition, int]] = []
        known: dict[Any, DraftDefinition] = {}
        current, index, total = flow, 0, len(values)
        boxes = 0
        while index < total:
            key = current.type
            draft = known.get(key)
            if draft is None:
                self.session.step(span)
                draft, looked = self.round(combinator, body, values[index], current, hint)
                if not looked:
                    known[key] = draft
            same_after = key in known and draft.value.type == key
            count = total - index if same_after else 1
            if drafts and drafts[-1][0] is draft:
                drafts[-1] = (draft, drafts[-1][1] + count)
            else:
                drafts.append((draft, count))
            boxes += draft.boxes * count
            if boxes > self.session.limits.boxes:
                inner = [Label(s, "again here") for s in draft.frame.repeats[:1]]
                self.too_many(draft.boxes * total, span, inner)
            current = Wire("flow", draft.value.type, self, draft.value.span)
            index += count
        if not drafts:
            return flow
        return self.run_rounds("repeat", combinator, drafts, flow, boxes, self.path(self.naming.segment(combinator)))

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
    ) -> Flow:
        span = combinator.span
        self.repeats.append(span)
        rounds = [Round(d.key, n) for d, n in drafts]
        captures: dict[Wire, None] = {}
        held: dict[ModuleValue, None] = {}
        for draft, _ in drafts:
            captures.update((e.outer, None) for e in draft.frame.inputs if e.outer is not None)
            held.update((m, None) for _, m in draft.frame.held)
        weighty = any(d.frame.instances or d.frame.param_wires for d, _ in drafts)
        instance = None
        if weighty:
            instance = self.instance(path, span, rounds=rounds)
            instance.start = self.naming.starts.get(id(combinator), 0)
        node = DraftNode(
            kind, [flow, *map(self.reach, captures)], [], rounds=rounds, instance=instance,
            held=[self.reach_module(m) for m in held], span=span, callee=(drafts, list(captures), list(held)),
        )  # fmt: skip
        self.add(node, boxes)
        if kind == "each":
            wires = tuple(Wire("lane", d.value.type, self, d.value.span, node) for d, n in drafts for _ in range(n))
            made = Wires(wires, span, self.fresh("lanes"), self)
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
        hint = self.round_name(combinator)
        drafts: list[tuple[DraftDefinition, int]] = []
        known: DraftDefinition | None = None
        boxes = 0
        for value in values:
            if known is not None:
                drafts[-1] = (known, drafts[-1][1] + 1)
                boxes += known.boxes
                continue
            draft, looked = self.round(combinator, body, value, flow, hint)
            drafts.append((draft, 1))
            boxes += draft.boxes
            known = None if looked else draft
            if boxes > self.session.limits.boxes:
                self.too_many(boxes, span, [])
        return self.run_rounds("each", combinator, drafts, flow, boxes, path)

    # ------------------------------------------------------------------------------------------------- scan

    def scan(self, structure: Structure, body: Body, flow: Flow) -> Flow:
        """A cell along axis 1."""
        span = structure.span
        step = _only_step(body)
        sides: list[SideInput] = []
        if isinstance(step, Side):
            step, sides = step.step, self.sides(step.inputs)
        if isinstance(step, Paren) and len(step.arguments) == 1:
            step = step.arguments[0].value
        if not isinstance(step, (BoxRef, Call)) or (isinstance(step, Call) and not isinstance(step.callee, BoxRef)):
            self.error("E0215", "`scan` runs one block that has `state` lines", body.span, "not a cell")
            return self.unknown(span)
        at = step.callee.span if isinstance(step, Call) else step.span
        box = self.configured(step)
        if box is None:
            return self.unknown(span)
        block = box.target
        if not isinstance(block, Block) or not block.states:
            self.error(
                "E0215",
                f"`{box.name}` has no `state`, so there is nothing to scan",
                at,
                "not a cell",
                helps=("a cell is a block with `state h: …` and `next h: …`",),
            )
            return self.unknown(span)
        bound = bind_block(self, box, at)
        names = [d.key.words[-1].text for d in block.states]
        initial = {s.name: Fed(s.value, s.span, True) for s in sides if s.name in names and s.value is not None}
        rest = [s for s in sides if s.name not in names]
        sequences = flow.items if isinstance(flow, Wires) else (flow,)
        cut: list[Wire] = []
        for wire in sequences:
            if wire.unknown or wire.type.rank < 2:
                if not wire.unknown:
                    self.error(
                        "E0302",
                        f"`scan` runs along axis 1, and this is {wire.type}",
                        span,
                        secondary=[Label(wire.span, f"makes {wire.type}"[:49])],
                    )
                return self.unknown(span)
            sizes = wire.type.sizes
            cut.append(
                Wire(wire.name, Tensor((sizes[0], *sizes[2:]), wire.type.dtype, wire.type.below), self, wire.span)
            )
            if not same(sizes[1], sequences[0].type.sizes[1]):
                self.error(
                    "E0311", f"sequences of different lengths: {sequences[0].type.sizes[1]} and {sizes[1]}", span
                )
                return self.unknown(span)
        if bound is None:
            return self.unknown(span)
        fed = self.feed_block(block, Wires(tuple(cut), span, None, self) if len(cut) > 1 else cut[0], rest, at)
        if fed is None:
            return self.unknown(span)
        draft = self.elaborate(block, bound, fed, initial, at)
        if draft is None:
            return self.unknown(span)
        path = self.path(self.naming.segment(step))
        instance = (
            self.make_instance(path, span, None, bound.extras)
            if draft.frame.instances or draft.frame.param_wires
            else None
        )
        if instance is not None:
            instance.definition = draft.key
        return self.run_scan(draft, list(sequences), fed, initial, instance, sequences[0].type.sizes[1], span)

    def run_scan(
        self,
        draft: DraftDefinition,
        sequences: list[Wire],
        fed: list[Fed | None],
        initial: dict[str, Fed],
        instance: Any,
        time: Size,
        span: Span,
    ) -> Flow:
        constants = [f.value for f in fed if f is not None][len(sequences) :]
        starts = [initial[s].value if s in initial else None for s in draft.frame.state_names]
        node = DraftNode(
            "scan", [*sequences, *map(self.reach_flow, constants), *starts], [], definition=draft.key, instance=instance,
            held=[self.reach_module(m) for _, m in draft.frame.held], sequences=len(sequences), states=len(starts), span=span, callee=draft,
        )  # fmt: skip
        names = Namespace()
        for name, inner in draft.outputs:
            stacked = UNKNOWN_TENSOR
            if not inner.unknown:
                sizes = inner.type.sizes
                stacked = Tensor((*sizes[:1], time, *sizes[1:]), inner.type.dtype, inner.type.below)
            wire = self.wire(draft.frame.hint.lower() if name == "out" else name, stacked, span, node)
            node.outputs.append(wire)
            node.sources.append(inner)
            names.names.setdefault(name, wire)
        for name, state in draft.frame.final_states:
            wire = self.wire(name, state.type, span, node)
            node.outputs.append(wire)
            node.sources.append(state)
            names.names[name] = wire
        first = node.outputs[0]
        assert isinstance(first, Wire)
        first.names = names
        self.add(node, draft.boxes)
        return first

    # ---------------------------------------------------------------------------------- boxes with a body

    def wrap(self, wrap: Wrap, body: Body, flow: Flow) -> Flow:
        span = wrap.span
        call: Any = Call(wrap.name, wrap.arguments, span) if wrap.arguments else wrap.name
        box = self.configured(call)
        if box is None:
            self.run(body, flow, False)
            return self.unknown(span)
        target = box.target
        if not (isinstance(target, type) and issubclass(target, Combinator)):
            self.error(
                "E0215",
                f"`{box.name}` takes no indented body",
                wrap.name.span,
                "not a combinator",
                helps=("a step on the line takes no colon",),
            )
            return self.unknown(span)
        made = bind_operator(self, box, wrap.name.span)
        if made is None:
            self.run(body, flow, False)
            return self.unknown(span)
        operator, bound = made
        assert isinstance(operator, Combinator)
        with self.region(operator.name, span) as region:
            self.lane(region)
            if operator.inline:
                before = self.parametrization
                self.parametrization = operator.parametrization or before
                result = self.run(body, flow, False)
                self.parametrization = before
        if operator.inline:
            if operator.parametrization is not None:
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
        inner = self.child("body", "".join(c for c in box.name if c.isalnum()) + "Expert")
        entry = inner.add_input(Wire("x", operator.inner(flow.type)[0], self, flow.span))
        out = inner.run(body, entry, False)
        draft = inner.close([("out", out if isinstance(out, Wire) else inner.unknown(span))])
        if any(e.outer is not None for e in draft.frame.inputs) or draft.frame.held:
            self.error(
                "E0215",
                f"the body of `{box.name}` reads a wire or module from outside",
                span,
                "its copies see only what flows in",
            )
            return self.unknown(span)
        instance = self.make_instance(self.path(self.naming.segment(wrap)), span, operator, bound.extras)
        instance.body = draft.key
        result = self.run_operator(
            operator, [flow], span, at=wrap.name.span, spans=bound.spans, instance=instance, body=draft
        )
        self.boxes += draft.boxes * operator.copies
        return result


class _Watched:
    """A scope that notices when the variable of a repeat is looked at."""

    def __init__(self, scope: Namespace) -> None:
        self.scope, self.used = scope, False

    def install(self, name: str, value: Any, span: Span) -> Namespace:
        watched = self

        class Names(dict[str, Any]):
            def __getitem__(self, key: str) -> Any:
                if key == name:
                    watched.used = True
                return super().__getitem__(key)

        self.scope.names = Names(self.scope.names)
        self.scope.names[name] = value
        self.scope.spans[name] = span
        return self.scope


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


def _only_step(body: Body) -> Expression | None:
    """The single step of a body, on the line or under one dash."""
    if (
        isinstance(body, Suite)
        and len(body.statements) == 1
        and isinstance(body.statements[0], Item)
        and body.statements[0].key is None
    ):
        return _only_step(body.statements[0].body)
    return body.value if isinstance(body, Valued) and body.default is None else None


def _power_of_ten(number: int) -> str:
    return f"1e{len(str(number - 1))}"


__all__ = ["Combinators", "Declaration", "DraftRegion", "FlowBody"]
