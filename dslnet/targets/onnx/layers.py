"""Layers with weights that are more than one node: recurrences, mixtures, joins of rows.

Enters: wires and weights of the box that is built. Leaves: names of values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...graph import join
from ...ops.arguments import ModuleArgument
from ...shape import Shape, Size
from .attending import MODERN, Attending
from .nodes import Operand, Wire
from .weights import Weights

#: Where ONNX has the gates that PyTorch stacks in its own order.
GATES = {"RNN": (0,), "GRU": (1, 0, 2), "LSTM": (0, 3, 1, 2)}


class Layers(Attending):
    """A graph with words for the weights of the box that is built."""

    source: Weights
    #: The path of the box's module, its parametrization, and where modules given as arguments are.
    path: str = ""
    parametrization: str | None = None
    held: Callable[[str], str]
    #: What a copy of the box's body makes of inputs.
    body: Callable[[int, tuple[Wire, ...]], tuple[Wire, ...]]

    # ------------------------------------------------------------------------------------------------ weights

    def weight(self, name: str, rows: int = 0) -> str:
        """A weight of the box, under its path; `rows` is the axis of what it makes."""
        path = join(self.path, name)
        if self.parametrization is not None and name == "weight":
            stem, kind = self.path, self.parametrization
            return self.array(path, lambda: self.source.parametrized(stem, kind, rows))
        return self.stored(path)

    def of_module(self, module: ModuleArgument, name: str) -> str:
        """A weight of a module that was given as an argument."""
        return self.stored(join(self.held(module.path), name))

    def ones(self, count: Size) -> str:
        return self.filled(1.0, (count,))

    def zeros(self, count: Size) -> str:
        return self.filled(0.0, (count,))

    def transposed(self, weight: str) -> str:
        """A matrix of weights with its axes swapped; runtimes do that once, when they load the graph."""
        return self.once(("transposed", weight), lambda: self.transpose(weight, 1, 0), f"{weight}/transposed")

    def linear(self, x: Wire, weight: str, bias: str | None) -> str:
        """x W^T + b over the last axis."""
        if x.rank == 2:
            return self.op("Gemm", x, weight, bias, transB=1)
        made = self.op("MatMul", x, self.transposed(weight))
        return made if bias is None else self.op("Add", made, bias)

    def channels(self, weight: str, rank: int) -> str:
        """A number for each channel, [C], as [C, 1, ...] beside a tensor of a rank."""
        if rank <= 2:
            return weight
        return self.once(
            ("channels", weight, rank), lambda: self.unsqueeze(weight, *range(1, rank - 1)), f"{weight}/channels"
        )

    # -------------------------------------------------------------------------------------------------- norms

    def rms_norm(self, x: Wire, weight: str | None, eps: float) -> str:
        if self.opset >= MODERN and weight is not None:
            return self.op("RMSNormalization", x, weight, axis=-1, epsilon=float(eps))
        mean = self.reduce("ReduceMean", self.op("Mul", x, x), (x.rank - 1,), keep=True)
        made = self.op("Div", x, self.op("Sqrt", self.op("Add", mean, self.number(eps))))
        return made if weight is None else self.op("Mul", made, weight)

    def standard(self, x: Operand, axes: Sequence[int], eps: float) -> str:
        """x less its mean over axes, divided by its deviation."""
        centred = self.op("Sub", x, self.reduce("ReduceMean", x, axes, keep=True))
        variance = self.reduce("ReduceMean", self.op("Mul", centred, centred), axes, keep=True)
        return self.op("Div", centred, self.op("Sqrt", self.op("Add", variance, self.number(eps))))

    # -------------------------------------------------------------------------------------------- recurrences

    def recurrent(
        self,
        kind: str,
        x: Wire,
        starts: Sequence[Wire | None],
        hidden: int,
        layers: int,
        directions: int,
        bias: bool,
        states: int,
        **attributes: Any,
    ) -> tuple[str, ...]:
        """All steps [B, T, D H] and the last states [B, D H] of a stack over [B, T, d]."""
        batch, steps = x.sizes[0], x.sizes[1]
        flow = self.transpose(x, 1, 0, 2)
        begins = [None if s is None else self._start(s, directions, hidden) for s in starts]
        begins = begins if any(begins) else []
        last: tuple[str, ...] = ()
        side = "forward" if directions == 1 else "bidirectional"
        for layer in range(layers):
            ends = [f"_l{layer}{end}" for end in ("", "_reverse")[:directions]]
            w, r = (self._gates(kind, f"weight_{part}", ends) for part in ("ih", "hh"))
            b = self._biases(kind, ends) if bias else None
            flow, *last_states = self.ops(
                1 + states, kind, flow, w, r, b, None, *begins, hidden_size=hidden, direction=side, **attributes
            )
            last = tuple(last_states)
            if layer + 1 < layers:  # [T, D, B, H] -> [T, B, D H]
                flow = self._joined(flow, (0, 2, 1, 3), (steps, batch), directions, hidden)
        out = self._joined(flow, (2, 0, 1, 3), (batch, steps), directions, hidden)
        return out, *(self._joined(s, (1, 0, 2), (batch,), directions, hidden) for s in last)

    def _joined(self, x: str, order: tuple[int, ...], front: Shape, directions: int, hidden: int) -> str:
        """The directions side by side."""
        if directions == 1:
            one = 1 if len(order) == 4 else 0
            return self.transpose(self.squeeze(x, one), *(axis - (axis > one) for axis in order if axis != one))
        return self.reshape(self.transpose(x, *order), (*front, directions, hidden), (*front, directions * hidden))

    def _start(self, state: Wire, directions: int, hidden: int) -> str:
        """[B, D H] -> [D, B, H]."""
        if directions == 1:
            return self.unsqueeze(state, 0)
        apart = self.reshape(state, state.sizes, (state.sizes[0], directions, hidden))
        return self.transpose(apart, 1, 0, 2)

    def _gates(self, kind: str, part: str, ends: Sequence[str]) -> str:
        path, source = self.path, self.source

        def make() -> Any:
            import numpy

            return numpy.stack([_reordered(source.array(join(path, part + end)), kind) for end in ends])

        return self.array(join(path, part + ends[0] + ".onnx"), make)

    def _biases(self, kind: str, ends: Sequence[str]) -> str:
        path, source = self.path, self.source

        def make() -> Any:
            import numpy

            both = [[source.array(join(path, f"bias_{part}{end}")) for part in ("ih", "hh")] for end in ends]
            return numpy.stack([numpy.concatenate([_reordered(b, kind) for b in pair]) for pair in both])

        return self.array(join(path, "bias" + ends[0] + ".onnx"), make)

    # --------------------------------------------------------------------------------------------------- rows

    def scatter(self, x: Wire, index: str, rows: Size, reduce: str) -> str:
        """Rows [E, ...] joined by their id into [rows, ...]; 0 where no row has an id."""
        where = index
        if x.rank > 1:
            where = self.op("Expand", self.unsqueeze(index, *range(1, x.rank)), self.op("Shape", x))
        shape = (rows, *x.sizes[1:])
        if reduce in ("sum", "mean"):
            total = self.op("ScatterElements", self.filled(0.0, shape), where, x, axis=0, reduction="add")
            if reduce == "sum":
                return total
        ones = self.op("Expand", self.number(1.0), self.op("Shape", index))
        count = self.op("ScatterElements", self.filled(0.0, (rows,)), index, ones, axis=0, reduction="add")
        if x.rank > 1:
            count = self.unsqueeze(count, *range(1, x.rank))
        if reduce == "mean":
            return self.op("Div", total, self.op("Max", count, self.number(1.0)))
        least = self.number(float("-inf") if reduce == "max" else float("inf"))
        start = self.once(("empty", reduce, shape), lambda: self.expand(least, shape))
        found = self.op("ScatterElements", start, where, x, axis=0, reduction=reduce)
        return self.op("Where", self.op("Greater", count, self.number(0.0)), found, self.number(0.0))

    def mixture(self, x: Wire, experts: int, top: int) -> str:
        """Each vector of the last axis through the experts that the router likes best."""
        width = x.sizes[-1]
        rows = self.op("Reshape", x, self.vector((-1, width)))
        scores = self.op("Gemm", rows, self.weight("router.weight"), transB=1)
        best, chosen = self.ops(2, "TopK", scores, self.vector((top,)), axis=-1)
        shares = self.op("Softmax", best, axis=-1)
        total: str | None = None
        zero = self.number(0.0)
        count = self.op("Shape", rows, start=0, end=1)
        for expert in range(experts):
            mine = self.op("Equal", chosen, self.number(expert, "long"))
            share = self.reduce("ReduceSum", self.op("Where", mine, shares, zero), (1,))
            row = self.squeeze(self.op("NonZero", self.reduce("ReduceMax", self.cast(mine, "long"), (1,))), 0)
            fed = self.op("Gather", rows, row, axis=0)
            if x.rank > 2:
                fed = self.unsqueeze(fed, *range(x.rank - 2))
            answer = self.body(expert, (Wire(fed, x.type),))[0]
            made = answer.sizes[-1]
            out = self.op("Reshape", answer, self.sizes((-1, made)))
            out = self.op("Mul", out, self.unsqueeze(self.op("Gather", share, row, axis=0), 1))
            if total is None:
                total = self.op("Expand", zero, self.concat((count, self.size(made)), 0))
            where = self.op("Expand", self.unsqueeze(row, 1), self.op("Shape", out))
            total = self.op("ScatterElements", total, where, out, axis=0, reduction="add")
        assert total is not None, "a mixture has experts"
        return self.reshape(total, (), (*x.sizes[:-1], made))


def _reordered(array: Any, kind: str) -> Any:
    """A stack of gates in ONNX's order."""
    order = GATES[kind]
    if order == (0,):
        return array
    import numpy

    parts = numpy.split(array, len(order))
    return numpy.concatenate([parts[i] for i in order])
