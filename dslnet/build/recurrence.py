"""A cell along axis 1.

Enters: a block with `state` lines and sequences. Leaves: one node: its outputs stacked along axis 1, and the final
states.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import Label
from ..shape import UNKNOWN_TENSOR, Size, same
from ..source import Span
from ..syntax import (
    Body,
    BoxRef,
    Call,
    Declaration,
    Expression,
    Item,
    Paren,
    Side,
    Structure,
    Suite,
    Valued,
)
from .binding import bind_block
from .blocks import Block
from .boxes import Fed, SideInput
from .expressions import Flow
from .rounds import Rounds
from .values import (
    DraftDefinition,
    DraftNode,
    Namespace,
    Wire,
    Wires,
)


class Recurrence(Rounds):
    """The part of a frame that scans."""

    def scan(self, structure: Structure, body: Body, flow: Flow) -> Flow:
        """A cell along axis 1."""
        span = structure.span
        step = _only_step(body)
        sides: list[SideInput] = []
        if isinstance(step, Side):
            sides = self.sides(step.inputs)
            step = step.step
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
        sequences = self.separate(flow, span)
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
            cut.append(Wire(wire.name, wire.type.with_shape(sizes[0], *sizes[2:]), self, wire.span))
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
        ahead = next((s for s in rest if s.name in [d.key.words[-1].text for d in fed_first(block, len(cut))]), None)
        if ahead is not None:
            self.error(
                "E0205",
                f"what flows into `scan` feeds the first inputs of `{box.name}`",
                ahead.span,
                f"`{ahead.name}` is one of them",
                helps=(f"declare `input {ahead.name}: …` behind what is cut along axis 1",),
            )
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
            "scan",
            [*sequences, *map(self.reach_flow, constants), *starts],
            [],
            definition=draft.key,
            instance=instance,
            held=[self.reach_module(m) for _, m in draft.frame.held],
            sequences=len(sequences),
            states=len(starts),
            span=span,
            callee=draft,
        )
        names = Namespace()
        for name, inner in draft.outputs:
            stacked = UNKNOWN_TENSOR
            if not inner.unknown:
                sizes = inner.type.sizes
                stacked = inner.type.with_shape(*sizes[:1], time, *sizes[1:])
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


def fed_first(block: Block, count: int) -> tuple[Declaration, ...]:
    """The inputs of a cell that sequences feed."""
    return block.root.declarations("input")[:count]


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
