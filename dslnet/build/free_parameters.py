"""Free parameters and buffers of a block, and how states start.

Enters: `param`, `buffer` and `state` lines. Leaves: wires of their shapes, all of known sizes, and how each is filled
at first.
"""

from __future__ import annotations

from typing import Any

from ..graph import Initial, Param
from ..shape import UNKNOWN, UNKNOWN_TENSOR, Dim, Tensor, compare, numel, same
from ..source import Span
from ..syntax import Declaration, Expression, List
from .binding import initial
from .expressions import Flow
from .freezing import value_of
from .initial import greatest, initialiser, is_initialiser, is_table, is_whole, starts, table, table_length
from .requirements import Requirements
from .values import Wire


def fills(length: int, type: Tensor) -> bool:
    """Whether a table has the numbers of all of a tensor, or of its last axes, which the others repeat."""
    ends = [numel(type.sizes[axis:]) for axis in range(type.rank)]
    return any(same(each, length) for each in ends)


class FreeParameters(Requirements):
    """The part of a frame that declares parameters."""

    def pattern_of(self, declaration: Declaration) -> tuple[List | None, Expression | None, Expression | None]:
        raise NotImplementedError

    def shape_of(self, pattern: List) -> Tensor:
        """A written shape, all of whose sizes must have a meaning."""
        sizes = tuple(self.type_size(self.evaluate(item), item.span, "a size") for item in pattern.items)
        type = Tensor(sizes, pattern.dtype.text if pattern.dtype else "float")
        return type if self.countable(type, pattern.span) else UNKNOWN_TENSOR

    def ranged(self, type: Tensor, below: Expression | None) -> Tensor:
        """A type with the range of ids that is written behind it."""
        if below is None or type.shape is None:
            return type
        return Tensor(type.shape, type.dtype, self.type_size(self.evaluate(below), below.span, "a range"))

    def initial_of(self, default: Expression, type: Tensor, free: bool = False) -> Initial | None:
        """How something of a type starts; what is `free` is a parameter, which a table fills by itself."""
        if is_initialiser(default):
            if type.dtype != "float":
                self.error("E0316", f"random numbers are not {type.dtype}", default.span, "numbers with a point")
            made = initialiser(self, default)
            if made is not None and type.shape is not None and not starts(made.kind, type.rank):
                self.error("E0301", f"`{made.kind}` starts a matrix, and this is {type}", default.span)
            return made
        if is_table(default):
            tree = table(self, default)
            if tree is None or type.shape is None:
                return None
            length = table_length(tree)
            if length is None:
                self.error("E0303", "the ranges of a table have one length", default.span)
            elif not (fills(length, type) if free else type.sizes and same(type.sizes[-1], length)):
                numbers = "number" if length == 1 else "numbers"
                helps = ("it has as many numbers as the whole, a row of it, or a block of rows",) if free else ()
                self.error("E0303", f"a table of {length} {numbers} does not fill {type}", default.span, helps=helps)
            elif type.dtype == "bool" or (type.dtype == "long" and not is_whole(tree)):
                self.error("E0316", f"the numbers of this table are not {type.dtype}", default.span)
            else:
                self.most(default, type, tree)
            return Initial("table", (tree,))
        value = self.evaluate(default)
        if isinstance(value, bool) and type.dtype == "bool":
            return Initial("number", (int(value),))
        fits = {"bool": (0, 1), "long": (value,) if isinstance(value, int) else ()}.get(type.dtype, (value,))
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value not in fits:
            self.error("E0316", f"{value} is not {type.dtype}", default.span, f"fills {type}"[:49])
        elif isinstance(value, int):
            self.most(default, type, value)
        return initial(self, value, default.span)

    def most(self, default: Expression, type: Tensor, tree: Any) -> None:
        """Report numbers that are none, and ids past the range of the type."""
        try:
            found = greatest(tree)
        except (ArithmeticError, ValueError):
            self.error("E0318", "not all numbers of this table are finite", default.span)
            return
        if type.below is not None and compare(int(found), type.below) != -1:
            place = default.span
            self.error("E0313", f"ids go up to {int(found)}, and only those below {type.below} fit", place)

    def declare_param(self, statement: Declaration, name: str, place: Span, flow: Flow, trained: bool = True) -> None:
        pattern, below, default = self.pattern_of(statement)
        if pattern is None:
            return
        type = self.ranged(self.shape_of(pattern), below)
        for size, item in zip(type.shape or (), pattern.items, strict=False):
            if isinstance(size, Dim) and size is not UNKNOWN:
                free = next(iter(size.symbols()), "H")
                self.error(
                    "E0312",
                    f"`{name}` needs known sizes, and {size} is free; give `{free}`",
                    item.span,
                    helps=(f"e.g. `--set {free}=224`, or write the number in the input's shape",),
                )
                type = UNKNOWN_TENSOR
                break
        if trained and type.dtype != "float":
            helps = (f"`buffer {name}: {type} = 0` is stored and not trained",)
            self.error("E0316", f"only floats are trained, and `{name}` is {type.dtype}", place, helps=helps)
            type = UNKNOWN_TENSOR
        start = (
            self.initial_of(default, type, free=True)
            if default is not None
            else Initial("number", (0,))
            if not trained
            else Initial("Normal", (0.02,))
        )
        path = self.path(name)
        self.claim(path, place)
        wire = Wire(self.fresh(name), type, self, place, loose=True, named=True)
        self.define(name, wire, place)
        self.param_wires.append((Param(path, value_of(wire), start or Initial("number", (0,)), trained), wire))

    def declare_buffer(self, statement: Declaration, name: str, place: Span, flow: Flow) -> None:
        self.declare_param(statement, name, place, flow, trained=False)
