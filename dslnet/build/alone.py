"""A block by itself, which no model uses.

Enters: a block. Leaves: nothing but reports. Every size that its inputs bind and every argument without a default is
unknown, so what is found is wrong for all of them.
"""

from __future__ import annotations

from typing import Any

from ..shape import UNKNOWN, UNKNOWN_TENSOR, Tensor
from ..syntax import BoxRef, Declaration, Ellipsis
from .binding import Bound, bind_block
from .blocks import Block, meant
from .body import Body
from .frame import FrameInput
from .naming import naming
from .patterns import free_names
from .session import Session
from .values import UNKNOWN_VALUE, BoxValue, Wire


def run_alone(session: Session, block: Block) -> None:
    """Run the body of a block on unknown inputs; the session is a loose one."""
    frame = Body(session, block.root.file, naming(block.root), "block", block.root.name, None)
    place = block.syntax.name.span
    bound = bind_block(frame, BoxValue(block, span=place), place) if block.base else Bound()
    if bound is None:
        return
    for parameter in block.parameters:
        if parameter.default is None and parameter.name.text not in bound.values:
            bound.values[parameter.name.text] = UNKNOWN_VALUE
    frame.parameters(block, bound)
    flow: Any = None
    for declaration in block.root.declarations("input", "target", "state"):
        wire = _unknown(frame, declaration)
        if meant(declaration.key.words) == "input":
            flow = flow or wire
    frame.settle_all(block)
    session.stack.append((block, place))
    frame.finish(block.root, flow or frame.unknown(place))


def _unknown(frame: Body, declaration: Declaration) -> Wire:
    """A declared input or state whose sizes are unknown; its rank is known when it is written."""
    frame.seen.add(id(declaration))
    name = declaration.key.words[-1]
    pattern, below, _ = frame.pattern_of(declaration)
    type = UNKNOWN_TENSOR
    if pattern is not None:
        for item in (*pattern.items, *([below] if isinstance(below, BoxRef) else [])):
            for word in set(free_names(frame, item)):
                frame.sizes[word] = UNKNOWN
        if not any(isinstance(item, Ellipsis) for item in pattern.items):
            dtype = pattern.dtype.text if pattern.dtype else "float"
            type = Tensor(tuple(UNKNOWN for _ in pattern.items), dtype, UNKNOWN if dtype == "long" else None)
    wire = Wire(frame.fresh(name.text), type, frame, name.span, named=True)
    if meant(declaration.key.words) == "state":
        frame.state_names.append(name.text)
        frame.state_wires[name.text] = (wire, None)
    else:
        frame.inputs.append(FrameInput(wire))
    frame.define(name.text, wire, name.span)
    return wire
