"""Steps of a pipeline: operators, blocks, modules, assertions.

Enters: what flows and a step. Leaves: what flows on, with a node added. A block is elaborated once for each
distinct (arguments, input types).
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import Edit, Help, Label
from ..node import record
from ..ops import Mistake, Operator, literal
from ..ops.arguments import ModuleArgument
from ..ops.internal import Fill, Pick
from ..shape import UNKNOWN, UNKNOWN_TENSOR, Dim, LimitReached, Size, Tensor, origin, shape_text
from ..source import Span
from ..syntax import Attribute, BoxRef, Call, Conditional, Expression, List, Literal, Paren, Pipeline, Ref, Side, Unary
from . import history
from .binding import Bound, Extras, bind_block, bind_operator
from .expressions import Expressions, Flow
from .patterns import Matching, Pair, missing_fact, pairs, rank_text
from .program import Block, PythonClass
from .values import (
    UNKNOWN_VALUE,
    BoxValue,
    DraftDefinition,
    DraftInstance,
    DraftNode,
    ModuleValue,
    Wire,
    Wires,
    describe,
)

#: The key of the whole step among the places of its arguments and ports.
WHOLE = "(step)"


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


class Boxes(Expressions):
    """The part of a frame that sends wires through boxes."""

    def elaborate(
        self, block: Block, bound: Bound, fed: list[Fed | None], states: dict[str, Fed], at: Span
    ) -> DraftDefinition | None:
        """The definition of a block on given arguments and inputs (see `Body`)."""
        raise NotImplementedError

    def run_module(self, module: ModuleValue, flow: Flow, sides: list[SideInput], span: Span) -> Flow:
        """Send wires through a module on the side (see `Modules`)."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------------- steps

    def step(self, step: Expression, flow: Flow, sides: list[SideInput] | None = None) -> Flow:
        self.session.step(step.span)
        match step:
            case Side():
                if sides:
                    self.error("E0404", "side inputs are given twice", step.inputs.span)
                return self.step(step.step, flow, self.sides(step.inputs))
            case Paren() if len(step.arguments) == 1 and step.arguments[0].name is None:
                return self.step(step.arguments[0].value, flow, sides)
            case Conditional():
                condition = self.truth(step.condition)
                return self.step(step.otherwise if condition is False else step.then, flow, sides)
            case Pipeline():
                for number, inner in enumerate(step.steps):
                    flow = self.step(inner, flow, sides if number == len(step.steps) - 1 else None)
                return flow
            case List():
                return self.assertion(step, flow)
            case BoxRef() if self.is_size_name(step.name):
                self.error(
                    "E0215",
                    f"`{step.name}` is a size here, not a box",
                    step.span,
                    "a step is a box, a module or a shape",
                )
                return self.unknown(step.span)
            case BoxRef():
                box = self.box_named(step.name, step.span)
                return self.run_box(box, step, flow, sides or [], step.span, step.span)
            case Call() if isinstance(step.callee, BoxRef):
                return self.run_box(self.configured(step), step, flow, sides or [], step.callee.span, step.span)
            case Ref() | Attribute():
                return self.named_step(step, flow, sides or [])
        self.error(
            "E0215",
            "a step is a box, a module or a shape",
            step.span,
            "nothing can flow through this",
            helps=_wrap_help(step),
        )
        return self.unknown(step.span)

    def named_step(self, step: Ref | Attribute, flow: Flow, sides: list[SideInput]) -> Flow:
        value = self.evaluate(step)
        if isinstance(value, ModuleValue):
            return self.run_module(value, flow, sides, step.span)
        if value is not UNKNOWN_VALUE:
            what = describe(value)
            helps: tuple[str, ...] = ()
            if isinstance(value, Wire) and not value.unknown:
                helps = (f"join the two: `-> Concat with {value.name}`, or `-> Add with {value.name}`",)
            if isinstance(value, Wire) and value.unknown:
                return self.unknown(step.span)
            self.error("E0215", "a step is a box, a module or a shape", step.span, f"this is {what}", helps=helps)
        return self.unknown(step.span)

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

    # ------------------------------------------------------------------------------------------------- boxes

    def run_box(
        self, box: BoxValue | None, node: BoxRef | Call, flow: Flow, sides: list[SideInput], at: Span, span: Span
    ) -> Flow:
        """Send wires through the box written at `node`."""
        if box is None:
            return self.unknown(span)
        path = self.path(self.naming.segment(node))
        target = box.target
        if isinstance(target, Block):
            return self.run_block(box, path, flow, sides, at, span)
        if isinstance(target, PythonClass):
            return self.run_python(box, path, flow, sides, at, span)
        made = bind_operator(self, box, at)
        if made is None:
            return self.unknown(span)
        operator, bound = made
        places: dict[str, Span] = {}
        feeds = self.feed_operator(operator, flow, sides, at, places)
        if feeds is None:
            return self.unknown(span)
        instance = self.make_instance(path, span, operator, bound.extras) if operator.weighted else None
        return self.run_operator(operator, feeds, span, at=at, spans={**places, **bound.spans}, instance=instance)

    def make_instance(self, path: str, span: Span, operator: Operator | None, extras: Extras) -> DraftInstance:
        return self.instance(
            path, span, operator, frozen=extras.frozen, weights_file=extras.weights_file, initial=extras.initial
        )

    def feed_operator(
        self, operator: Operator, flow: Flow, sides: list[SideInput], at: Span, places: dict[str, Span] | None = None
    ) -> list[Any] | None:
        """What each port of an operator gets; entries beyond the ports belong to the variadic one."""
        ports = operator.ports
        variadic = bool(ports) and ports[-1].variadic
        fixed = len(ports) - variadic
        incoming: list[Any] = list(flow.items) if isinstance(flow, Wires) and not (flow.value and variadic) else [flow]
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
                named[side.name] = side
            elif isinstance(side.value, Wires) and not (side.value.value and variadic):
                incoming.extend(side.value.items)
            elif isinstance(side.value, (int, float)):
                first = next((w for w in incoming if isinstance(w, Wire)), None)
                incoming.append(self.constant_like(first, side) if first is not None else self.unknown(side.span))
            else:
                incoming.append(side.value)
        feeds: list[Any] = [None] * fixed
        free = [i for i in range(fixed) if ports[i].name not in named]
        for index, side in ((i, named[ports[i].name]) for i in range(fixed) if ports[i].name in named):
            feeds[index] = side.value if not isinstance(side.value, Wires) else side.value.items[0]
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
                advice = f"for a shortcut write `- residual: {self.step_before(flow)}`" if operator.name == "Add" else f"`{operator.name} with …` joins another wire"
                self.error("E0205", f"`{operator.name}` joins {operator.least} inputs or more, {given} flows in", at, helps=(advice,))
            return None
        missing = [p for p, f in zip(ports, feeds) if f is None and not p.optional and not p.variadic]
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

    def step_before(self, flow: Wire) -> str:
        """The text of the steps on the line that made what flows."""
        source = self.report.sources.get(flow.span.file)
        return source.text[flow.span.start : flow.span.end] if source and flow.node is not None else "Linear(10) -> ReLU"

    def wrong_count(self, name: str, given: int, needed: list[str], most: int, variadic: bool, at: Span) -> None:
        least = len(needed)
        count = f"{least} input{'s' if least != 1 else ''}" if most == least else f"{least} to {most} inputs"
        if variadic:
            count = f"{least} inputs or more"
        flows = "flows" if given == 1 else "flow"
        helps = ()
        if given < least and needed:
            rest = ", ".join(needed[given:])
            helps = (f"feed the others with `with`: `{name} with {rest if least - given == 1 else f'({rest})'}`",)
        self.error("E0205", f"`{name}` takes {count}, {given} {flows} in", at, helps=helps)

    def constant_like(self, wire: Wire, side: SideInput) -> Flow:
        return self.run_operator(Fill(value=side.value), [wire], side.span)

    # --------------------------------------------------------------------------------------------- operators

    def run_operator(
        self,
        operator: Operator,
        inputs: list[Any],
        span: Span,
        at: Span | None = None,
        spans: dict[str, Span] | None = None,
        instance: DraftInstance | None = None,
        module: str | None = None,
        body: DraftDefinition | None = None,
        **details: Any,
    ) -> Flow:
        """Add a node for an operator; its mistakes are reported with their places."""
        at = at or span
        types: list[Any] = []
        for value in inputs:
            if isinstance(value, Wires):
                types.extend(w.type for w in value.items)
            else:
                types.append(None if value is None else value.type)
        node = DraftNode(
            "box",
            list(inputs),
            [],
            operator=operator,
            instance=instance,
            module=module,
            span=span,
            definition=body.key if body else None,
        )
        outputs = self.infer(operator, inputs, types, at, {**(spans or {}), WHOLE: span}, body)
        if instance is not None and not instance.inputs:
            instance.inputs = tuple(types)
            self.check_weights(operator, types, at)
        return self.emit(node, operator, outputs, span)

    def emit(self, node: DraftNode, operator: Operator, outputs: Any, span: Span) -> Flow:
        """Add a node with outputs of these types: a wire, or a tuple for an operator that makes one."""
        short = operator.short
        if isinstance(outputs, tuple) and len(operator.outputs) == 1:
            wires = Wires(tuple(self.wire(short, t, span, node) for t in outputs), span, None, self)
            node.outputs = list(wires.items)
            self.add(node)
            return wires
        types = outputs if isinstance(outputs, tuple) else (outputs,) + (UNKNOWN_TENSOR,) * (len(operator.outputs) - 1)
        names = (short, *(f"{short}.{n}" for n in operator.outputs[1:]))
        node.outputs = [self.wire(n, t, span, node) for n, t in zip(names, types)]
        self.add(node)
        first = node.outputs[0]
        assert isinstance(first, Wire)
        return first

    def infer(
        self,
        operator: Operator,
        inputs: list[Any],
        types: list[Any],
        at: Span,
        spans: dict[str, Span],
        body: DraftDefinition | None = None,
    ) -> Any:
        """The types that an operator makes; unknown after a report."""
        if any(t is not None and t.shape is None for t in types):
            return UNKNOWN_TENSOR
        extra: dict[str, Any] = {}
        if body is not None:
            extra["body"] = tuple(wire.type for _, wire in body.outputs)
            if any(t.shape is None for t in extra["body"]):
                return UNKNOWN_TENSOR
        try:
            outputs = operator.shape(*types, **extra)
            warn = getattr(operator, "warning", None)
            if warn is not None and (mistake := warn(*types)) is not None:
                self.mistake(mistake, operator, inputs, at, spans, severity="warning")
        except Mistake as mistake:
            self.mistake(mistake, operator, inputs, at, spans)
            return UNKNOWN_TENSOR
        except LimitReached as reached:
            self.error(reached.code, reached.title, at)
            return UNKNOWN_TENSOR
        except (TypeError, AttributeError, ValueError, IndexError):
            unknowns = [
                v for v in operator.values().values() if v is UNKNOWN or (isinstance(v, tuple) and UNKNOWN in v)
            ]
            if unknowns or any(s is UNKNOWN for t in types if t for s in t.sizes):
                return UNKNOWN_TENSOR
            raise
        for made in outputs if isinstance(outputs, tuple) else (outputs,):
            if len(made.sizes) > self.session.limits.rank:
                self.error("E0902", f"a tensor of rank {len(made.sizes)}; the limit is {self.session.limits.rank}", at)
                return UNKNOWN_TENSOR
        return outputs

    def check_weights(self, operator: Operator, types: list[Any], at: Span) -> None:
        """Every size that fixes a weight must be known."""
        if any(t is not None and t.shape is None for t in types):
            return
        try:
            shapes = [w.shape for w in operator.weights(*types)]
        except (TypeError, AttributeError, ValueError, IndexError):
            return
        for shape in shapes:
            for size in shape:
                if isinstance(size, Dim) and size is not UNKNOWN:
                    name = next(iter(size.symbols()), "H")
                    place = origin(size)
                    self.error(
                        "E0312", f"`{operator.name}` needs a known size here, and {size} is free; give `{name}`"[:80], at,
                        f"a weight would be {shape_text(shape)}"[:49],
                        secondary=[Label(place, f"{name} is free")] if place and place != at else (),
                        helps=(f"e.g. `--set {name}=224`, or write the number in the input's shape",),
                    )  # fmt: skip
                    return

    def mistake(
        self,
        mistake: Mistake,
        operator: Operator,
        inputs: list[Any],
        at: Span,
        spans: dict[str, Span],
        severity: str = "error",
    ) -> None:
        """A shape rule's complaint, with places."""
        ports = {p.name: w for p, w in zip(operator.ports, inputs) if w is not None}

        def place(where: Any) -> Span | None:
            if isinstance(where, Span):
                return where
            if where is None:
                return at
            if isinstance(where, str):
                if where in spans:
                    return spans[where]
                wire = ports.get(where)
                return wire.span if wire is not None else at
            return origin(where)

        def fill(text: str) -> str:
            """An operator cannot know what its inputs are called; it writes `{target}`."""
            for port, wire in ports.items():
                name = wire.name if isinstance(wire, Wire) else port
                if isinstance(wire, Wire) and wire.node is None:
                    text = text.replace("`{" + port + "}:", f"`input {name}:")
                text = text.replace("{" + port + "}", name)
            return text

        primary = spans.get(mistake.at, at) if mistake.at in ports else place(mistake.at)
        others = [
            Label(where, text) for w, text in mistake.others if (where := place(w)) is not None and where != primary
        ]
        makers = [history.producer(w) for w in ports.values() if isinstance(w, Wire) and w.span != at and not w.unknown]
        others = others or [Label(span, text[:49]) for span, text in makers[:3]]
        helps: list[Help] = [Help(fill(h)) for h in mistake.helps]
        for text, where, replacement in mistake.fixes:
            spot = spans.get(WHOLE, at) if where is None else place(where)
            helps.append(Help(fill(text), (Edit(spot, fill(replacement)),) if spot else (), sure=spot is not None))
        self.error(
            mistake.code, fill(mistake.title), primary or at, fill(mistake.label),
            secondary=others,
            notes=mistake.notes,
            helps=helps,
            severity=severity,
        )

    def pick(self, wires: Wires, number: int, span: Span) -> Wire:
        if wires.value is None:
            return wires.items[number]
        made = wires.items[number]
        node = DraftNode("box", [wires], [], operator=Pick(index=number), span=span)
        wire = self.wire(made.name, made.type, span, node)
        node.outputs = [wire]
        self.add(node, 0)
        return wire

    # -------------------------------------------------------------------------------------------- assertions

    def assertion(self, step: List, flow: Flow) -> Flow:
        """`-> [B, 1024]`: compare, and bind what is new."""
        if isinstance(flow, Wires):
            self.error("E0303", f"this is {len(flow.items)} tensors, not one", step.span)
            return flow
        if flow.unknown:
            return self.typed_by(step, flow) if isinstance(flow.node and flow.node.callee, PythonClass) else flow
        matched = pairs(step, flow.type)
        written = rank_text(step)
        if matched is None:
            self.error(
                "E0302",
                f"this is {flow.type}, not {written} as written"[:80],
                step.span,
                f"says rank {len(step.items)}",
                secondary=[Label(flow.span, f"makes {flow.type}"[:49])],
                notes=history.note(flow, self.report),
                helps=(f"write `{flow.type}`, or leave the assertion out",),
            )
            return flow
        if step.dtype is not None and step.dtype.text != flow.type.dtype:
            self.error(
                "E0316",
                f"this is {flow.type.dtype}, not {step.dtype.text} as written",
                step.dtype.span,
                secondary=[Label(flow.span, f"makes {flow.type}"[:49])],
            )
        clashes: list[tuple[Pair, Size]] = []
        matching = Matching(self, {})
        matching.meet(matched, f"{flow.type}", lambda pair, value, _: clashes.append((pair, value)))
        matching.finish()
        if clashes:
            pair, value = clashes[0]
            says = _says(clashes[0][1])
            sure = f"write `{flow.type}`, or leave the assertion out"
            self.error(
                "E0303", f"this is {flow.type}, not {written} as written"[:80], step.span, f"says {says}",
                secondary=[Label(flow.span, f"makes {flow.type}"[:49])], notes=history.note(flow, self.report),
                helps=[*missing_fact(pair.size, value), Help(sure, (Edit(step.span, str(flow.type)),), sure=True)],
            )  # fmt: skip
        return flow

    def typed_by(self, step: List, flow: Wire) -> Flow:
        """The assertion after a Python box is its shape."""
        sizes = tuple(self.type_size(self.evaluate(i), i.span, "a size") for i in step.items)
        flow.type = Tensor(sizes, step.dtype.text if step.dtype else "float")
        return flow

    # ------------------------------------------------------------------------------------------------ blocks

    def run_block(self, box: BoxValue, path: str, flow: Flow, sides: list[SideInput], at: Span, span: Span) -> Flow:
        """Send wires through a block."""
        block = box.target
        assert isinstance(block, Block)
        if block.states:
            self.error(
                "E0215", f"`{box.name}` has a state, so it runs over time", at, "a cell", helps=(f"`scan: {box.name}`",)
            )
            return self.unknown(span)
        bound = bind_block(self, box, at)
        if bound is None:
            return self.unknown(span)
        fed = self.feed_block(block, flow, sides, at)
        if fed is None:
            return self.unknown(span)
        draft = self.elaborate(block, bound, fed, {}, span)
        if draft is None:
            return self.unknown(span)
        instance = (
            self.make_instance(path, span, None, bound.extras)
            if draft.frame.instances or draft.frame.param_wires
            else None
        )
        if instance is not None:
            instance.definition = draft.key
        return self.run_definition(draft, fed, instance, None, span)

    def feed_block(self, block: Block, flow: Flow, sides: list[SideInput], at: Span) -> list[Fed | None] | None:
        """What each declared input of a block gets, None where nothing is fed."""
        declared = block.root.declarations("input")
        incoming = [Fed(w, at) for w in (flow.items if isinstance(flow, Wires) and not flow.value else (flow,))]
        if not declared:
            if len(incoming) > 1 or sides:
                if sides:
                    self.error("E0205", f"`{block.name}` has no side inputs", sides[0].span, "nothing takes this")
                else:
                    self.wrong_count(block.name, len(incoming), ["x"], 1, False, at)
                return None
            return list(incoming)
        names = [d.key.words[-1].text for d in declared]
        slots: dict[str, Fed | None] = {}
        for side in sides:
            if side.name is None:
                if isinstance(side.value, Wires) and not side.value.value:
                    incoming.extend(Fed(w, side.span, True) for w in side.value.items)
                elif isinstance(side.value, (int, float)):
                    first = incoming[0].value
                    incoming.append(
                        Fed(self.constant_like(first, side), side.span, True)
                        if isinstance(first, Wire)
                        else Fed(self.unknown(side.span), side.span, True)
                    )  # type: ignore[arg-type]
                elif side.value is None:
                    incoming.append(Fed(None, side.span, True))  # type: ignore[arg-type]
                else:
                    incoming.append(Fed(side.value, side.span, True))
            elif side.name not in names:
                from ..diagnostics import did_you_mean

                near = did_you_mean(side.name, names)
                self.error(
                    "E0206",
                    f"`{block.name}` has no input `{side.name}`",
                    side.span,
                    notes=(f"inputs: {', '.join(names)}",),
                    helps=[f"did you mean `{n}`?" for n in near],
                )
                return None
            else:
                slots[side.name] = Fed(side.value, side.span, True) if side.value is not None else None
        free = [n for n in names if n not in slots]
        if len(incoming) > len(free):
            if not any(isinstance(f.value, Wire) and f.value.unknown for f in incoming):
                self.wrong_count(
                    block.name,
                    len(incoming) + len(slots),
                    [n for n, d in zip(names, declared) if not _has_default(d)],
                    len(names),
                    False,
                    at,
                )
            return None
        for name, fed in zip(free, incoming):
            slots[name] = fed if fed.value is not None else None
        missing = [n for n, d in zip(names, declared) if slots.get(n) is None and not _has_default(d)]
        if missing:
            self.wrong_count(
                block.name,
                len(incoming) + len(slots) - len(incoming),
                [n for n, d in zip(names, declared) if not _has_default(d)],
                len(names),
                False,
                at,
            )
            return None
        return [slots.get(n) for n in names]

    def run_definition(
        self,
        draft: DraftDefinition,
        fed: list[Fed | None],
        instance: DraftInstance | None,
        module: str | None,
        span: Span,
    ) -> Wire:
        """A node that runs a definition. Its further outputs are added when they are read."""
        inputs: list[Wire | Wires | None] = []
        feeds = (f for f in fed if f is not None)
        for entry in draft.frame.inputs:
            inputs.append(self.reach(entry.outer) if entry.outer is not None else self.reach_flow(next(feeds).value))
        held = [self.reach_module(m) for _, m in draft.frame.held]
        node = DraftNode(
            "call",
            inputs,
            [],
            definition=draft.key,
            instance=instance,
            module=module,
            held=held,
            span=span,
            callee=draft,
        )
        wire = self.wire(draft.frame.hint.lower(), draft.value.type, span, node)
        wire.inner = draft.value
        node.outputs, node.sources = [wire], [draft.value]
        self.add(node, draft.boxes)
        return wire

    def reach_flow(self, flow: Flow) -> Flow:
        return self.reach(flow) if isinstance(flow, Wire) else self.reach_all(flow)

    def run_python(self, box: BoxValue, path: str, flow: Flow, sides: list[SideInput], at: Span, span: Span) -> Flow:
        """A box of `use python`: its shape is the assertion that follows."""
        from ..ops.internal import PythonBox

        target = box.target
        assert isinstance(target, PythonClass)
        for value, place in (*box.positional, *((v, s) for _, v, s, _ in box.named)):
            if isinstance(value, (Wire, Wires, ModuleValue, BoxValue)):
                self.error("E0215", f"a Python box takes plain values, not {describe(value)}", place)
                return self.unknown(span)
        operator = PythonBox(
            module=target.module, cls=target.name, positional=tuple(v for v, _ in box.positional),
            sizes={n: v for n, v, _, _ in box.named},
        )  # fmt: skip
        incoming: list[Any] = list(flow.items) if isinstance(flow, Wires) else [flow]
        incoming += [s.value for s in sides if s.value is not None]
        instance = self.instance(path, span, operator)
        node = DraftNode("box", list(incoming), [], operator=operator, instance=instance, span=span, callee=target)
        wire = self.wire(target.name.lower(), UNKNOWN_TENSOR, span, node)
        node.outputs = [wire]
        self.add(node)
        return wire

    def module_argument(self, module: ModuleValue, span: Span) -> ModuleArgument:
        """A module as the argument of an operator: its path here and what is known of its weights."""
        module.used = True
        operator = module.instance.operator or self.preview(module)
        weights: dict[str, tuple[Size, ...]] = {}
        if operator is not None:
            types = module.instance.inputs or tuple(UNKNOWN_TENSOR for _ in operator.ports)
            try:
                weights = {w.name: w.shape for w in operator.weights(*types)}
            except Exception:  # a rule that needs its input's shape, which is not known before the first use
                weights = {}
        return ModuleArgument(self.reach_module(module), span, weights)

    def preview(self, module: ModuleValue) -> Operator | None:
        """The operator that a module on the side is, bound before its first use (see `Modules`)."""
        return None


def _has_default(declaration: Any) -> bool:
    return getattr(declaration.body, "default", None) is not None


def _says(size: Size) -> str:
    return str(size)


def _wrap_help(step: Expression) -> tuple[str, ...]:
    if isinstance(step, (Literal, Unary)):
        return ("numbers are settings: put them in the parentheses of a box",)
    return ()


__all__ = ["Boxes", "Fed", "SideInput", "literal"]
