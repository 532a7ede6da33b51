"""Whether what is known of ids one by one holds of them together.

`a - a % 4` never falls below 0, though the range of the one and that of the other would let it; and in
`(x > 0, x - 1, 0) -> Where` no id does, for the condition was written to keep it from that. So where inputs have
something in common, nothing is said of the range of what is made of them: a range that is too wide would tell of ids
that never come.

Enters: the inputs of an operator. Leaves: whether they may know of each other.
"""

from __future__ import annotations

from typing import Any

from ..ops import Operator
from ..ops.arithmetic import Arithmetic, Minus
from .frame import Frame
from .values import Wire, Wires

#: How many steps are looked at before each of the inputs.
MOST = 100


def may_relate(frame: Frame, operator: Operator, inputs: list[Any]) -> bool:
    """Whether inputs of an operator that mixes them may know of each other."""
    wires = [value for value in inputs if value is not None]
    mixes = operator.name == "Where" or isinstance(operator, Arithmetic)
    if not mixes or len(wires) < 2:
        return False
    if not all(isinstance(wire, Wire) for wire in wires):
        return True
    if not frame.entry and (operator.name == "Where" or isinstance(operator, Minus)):
        return True  # where the inputs of a block come from is not known
    first, *others = (_before(wire) for wire in wires)
    return first is None or any(other is None or other & first for other in others)


def _before(wire: Wire) -> set[int] | None:
    """All that a wire is made of; None where that is too much."""
    found: set[int] = set()
    waiting: list[Wire | Wires | None] = [wire]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Wires):
            waiting += value.items
        if not isinstance(value, Wire) or id(value) in found:
            continue
        found.add(id(value))
        if len(found) > MOST:
            return None
        if value.node is not None:
            waiting += value.node.inputs
    return found
