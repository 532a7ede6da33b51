"""Steps of a pipeline: operators, blocks, modules, assertions.

Enters: what flows and a step. Leaves: what flows on, with a node added. A block is elaborated once for each
distinct (arguments, input types).
"""

from __future__ import annotations

from keyword import iskeyword
from typing import Any

from ..diagnostics import Edit, Help, Label
from ..ops import Combinator, Operator, literal
from ..ops.arguments import ModuleArgument
from ..shape import UNKNOWN, UNKNOWN_TENSOR, Dim, Size, Tensor, same
from ..source import Span
from ..syntax import (
    Attribute,
    BoxRef,
    Call,
    Conditional,
    Ellipsis,
    Expression,
    List,
    Literal,
    Paren,
    Pipeline,
    Ref,
    Side,
    Unary,
)
from . import history
from .binding import Bound, bind_block, bind_operator
from .blocks import Block, PythonClass
from .expressions import Flow
from .feeding import Fed, Feeding, SideInput
from .patterns import Matching, Pair, free_names, missing_fact, pairs, rank_text
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


class Boxes(Feeding):
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
            if self.sequence is not None:
                self.position()
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

    # ------------------------------------------------------------------------------------------------- boxes

    def run_box(
        self, box: BoxValue | None, node: BoxRef | Call, flow: Flow, sides: list[SideInput], at: Span, span: Span
    ) -> Flow:
        """Send wires through the box written at `node`."""
        if box is None:
            return self.unknown(span)
        path = self.place(node)
        target = box.target
        if isinstance(target, Block):
            return self.run_block(box, path, flow, sides, at, span)
        if isinstance(target, PythonClass):
            return self.run_python(box, path, flow, sides, at, span)
        made = bind_operator(self, box, at, flow)
        if made is None:
            return self.unknown(span)
        operator, bound = made
        if isinstance(operator, Combinator) and (operator.silent or not operator.inline):
            text = f"`{box.name}:`, and its body on the line or indented below"
            self.error("E0109", f"`{box.name}` acts on a body, and has none", at, helps=(text,))
            return self.unknown(span)
        places: dict[str, Span] = {}
        feeds = self.feed_operator(operator, flow, sides, at, places)
        if feeds is None:
            return self.unknown(span)
        if not operator.weighted and (bound.extras.weights_file or bound.extras.initial):
            self.error("E0206", f"`{operator.name}` has no weights to load or to start", at)
        instance = self.make_instance(path, span, operator, bound.extras) if operator.weighted else None
        return self.run_operator(operator, feeds, span, at=at, spans={**places, **bound.spans}, instance=instance)

    # -------------------------------------------------------------------------------------------- assertions

    def assertion(self, step: List, flow: Flow) -> Flow:
        """`-> [B, 1024]`: compare, and bind what is new."""
        if isinstance(flow, Wires):
            self.error("E0303", f"this is {len(flow.items)} tensors, not one", step.span)
            return flow
        if flow.unknown:
            if isinstance(flow.node and flow.node.callee, PythonClass):
                return self.typed_by(step, flow)
            return self.unmatched(step, flow)
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
            return self.unmatched(step, self.unknown(step.span))
        if step.dtype is not None and step.dtype.text != flow.type.dtype:
            self.error(
                "E0316",
                f"this is {flow.type.dtype}, not {step.dtype.text} as written",
                step.dtype.span,
                secondary=[Label(flow.span, f"makes {flow.type}"[:49])],
            )
        clashes: list[tuple[Pair, Size]] = []
        matching = Matching(self, {})
        matching.meet(matched, lambda: f"{flow.type}", lambda pair, value, _: clashes.append((pair, value)))
        matching.finish()
        if clashes:
            pair, value = clashes[0]
            says = _says(clashes[0][1])
            advice = [Help("leave the assertion out: data decide how many there are")]
            if all(name.isascii() for s in flow.type.sizes if isinstance(s, Dim) for name in s.symbols()):
                sure = f"write `{flow.type}`, or leave the assertion out"
                advice = [Help(sure, (Edit(step.span, str(flow.type)),), sure=True)]
            self.error(
                "E0303",
                f"this is {flow.type}, not {written} as written"[:80],
                step.span,
                f"says {says}",
                secondary=[Label(flow.span, f"makes {flow.type}"[:49])],
                notes=history.note(flow, self.report),
                helps=[*missing_fact(pair.size, value), *advice],
            )
        return flow

    def unmatched(self, step: List, flow: Wire) -> Wire:
        """What a shape would have named is there, and unknown as the flow is."""
        for item in step.items:
            if isinstance(item, (Ref, BoxRef)) and next(free_names(self, item), None) is not None:
                self.sizes[item.name] = UNKNOWN
        return flow

    def typed_by(self, step: List, flow: Wire) -> Flow:
        """The assertion after a Python box is its shape, so nothing else tells a size that has no meaning yet."""
        flow.type = Tensor(tuple(self.told_size(step, n, flow) for n in range(len(step.items))), _dtype(step))
        return flow

    def told_size(self, step: List, number: int, flow: Wire) -> Size:
        """One size of the shape of a Python box."""
        item = step.items[number]
        if isinstance(item, Ellipsis):
            advice = ("write every size: `[B, 64]`",)
            self.error("E0301", "the shape after a Python box is all that is known of it", item.span, helps=advice)
            return UNKNOWN
        name = next(free_names(self, item), None)
        if name is None:
            return self.type_size(self.evaluate(item), item.span, "a size")
        title = f"nothing says what `{name}` is, a size of what a Python box makes"
        fed = flow.node.inputs[0] if flow.node is not None and flow.node.inputs else None
        where = [Label(flow.span, f"gets {fed.type}"[:49])] if isinstance(fed, Wire) and not fed.unknown else []
        helps = self.told_helps(step, number, flow, fed)
        self.error("E0312", title, item.span, "not named before", secondary=where, helps=helps)
        self.sizes[name] = UNKNOWN
        return UNKNOWN

    def told_helps(self, step: List, number: int, flow: Wire, fed: Any) -> list[Help]:
        """The size at the same place of what flows in: by its name, or by a shape before the box that names it."""
        item = step.items[number]
        if not isinstance(item, (Ref, BoxRef)) or not isinstance(fed, Wire) or number >= len(fed.type.sizes):
            return [Help("write a size that has a name here, or a number")]
        size = fed.type.sizes[number]
        known = next((n for n, s in self.sizes.items() if s is not UNKNOWN and same(s, size)), None)
        if known is not None and isinstance(size, Dim):
            return [Help(f"write `{known}`, as in what flows in", (Edit(item.span, known),), sure=True)]
        taken = {*self.sizes, *(i.name for i in step.items if isinstance(i, (Ref, BoxRef)))}
        spare = iter([letter for letter in "CHWDEFGJKLMNPQRSTUVXYZ" if letter not in taken])
        names = [item.name if n == number else next(spare, "S") for n in range(len(fed.type.sizes))]
        named = f"[{', '.join(names)}]" + (f" {fed.type.dtype}" if fed.type.dtype != "float" else "")
        text = f"name it before the box: `{named} -> {_written(self, flow.span)}`"
        return [Help(text, (Edit(Span(flow.span.file, flow.span.start, flow.span.start), f"{named} -> "),), sure=True)]

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
        bound = bind_block(self, box, at, flow)
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
        word = next((place for name, _, _, place in box.named if iskeyword(name)), None)
        if word is not None:
            self.error("E0204", "a word of Python cannot name an argument of a Python box", word)
            return self.unknown(span)
        operator = PythonBox(
            module=target.module,
            cls=target.name,
            positional=tuple(v for v, _ in box.positional),
            sizes={n: v for n, v, _, _ in box.named},
        )
        incoming: list[Any] = list(self.separate(flow, at))
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
        operator = module.instance.operator or self.preview(module.inside or module)
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


def _dtype(step: List) -> str:
    return step.dtype.text if step.dtype else "float"


def _written(frame: Boxes, span: Span) -> str:
    source = frame.report.sources.get(span.file)
    return source.text[span.start : span.end] if source else "..."


def _says(size: Size) -> str:
    return str(size)


def _wrap_help(step: Expression) -> tuple[str, ...]:
    if isinstance(step, (Literal, Unary)):
        return ("numbers are settings: put them in the parentheses of a box",)
    return ()


__all__ = ["Boxes", "Fed", "SideInput", "literal"]
