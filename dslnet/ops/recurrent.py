"""Recurrent layers over sequences [B, T, d], and the first and last step of one.

Enters: [B, T, d], perhaps with a state to begin from. Leaves: all the steps, [B, T, hidden], and the last state of
the last layer, [B, hidden]. With two directions both have 2 * hidden numbers, those of the forward one first.
"""

from collections.abc import Iterator
from typing import Any, Literal

from ..shape import UNKNOWN, Shape, Size, Tensor, numel
from .arguments import Count, Extent, Probability
from .axes import need_few
from .base import Mistake, Onnx, Operator, Weight, Wire
from .code import Code, Cut, Expression, Own, Subscript, X, Z, apply, module
from .dependence import MIXED, Steps, Traced, across, all_steps, dropped, join, made, reduced
from .rules import brief, need_float, need_known, need_known_input, need_rank, need_same, shown


class Recurrent(Operator, kind="recurrent", weighted=True, stochastic=True, outputs=("out", "state"), abstract=True):
    """What RNN, GRU and LSTM share; `gates` is the number of maps in a step."""

    gates = 1

    hidden_size: Extent
    num_layers: Count = 1
    bidirectional: bool = False
    dropout: Probability = 0.0
    bias: bool = True

    @property
    def directions(self) -> int:
        return 2 if self.bidirectional is True else 1

    def _state(self, x: Tensor) -> Tensor:
        """The type of a state."""
        both: Any = self.bidirectional
        size = UNKNOWN if both is UNKNOWN else self.hidden_size * 2 if both else self.hidden_size
        return Tensor((x.sizes[0], size))

    def _checked(self, x: Tensor, **states: Tensor | None) -> None:
        need_rank(self, x, range(3, 4), "[B, T, d]", "x")
        need_float(self, x, "x")
        need_known(self, "hidden_size")
        need_known(self, "num_layers")
        need_few(self.name, self.num_layers, "layers")
        need_known_input(self, x, -1, "x")
        for port, state in states.items():
            if state is None:
                continue
            if isinstance(self.num_layers, int) and self.num_layers > 1:
                raise Mistake(
                    "E0301",
                    f"`{self.name}` begins from a given state only with one layer",
                    "num_layers",
                    f"{self.num_layers} layers",
                    helps=(f"one `{self.name}` for each layer, each with its state",),
                )
            need_float(self, state, port)
            wanted = self._state(x)
            title = f"`{port}` of {self.name} is {shown(state)}, it begins from {shown(wanted)}"
            need_same(state.sizes, wanted.sizes, title, port, "a state has one row for each sample")

    def shape(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, ...]:
        self._checked(x, state=state)
        last = self._state(x)
        return Tensor((*x.sizes[:2], last.sizes[1])), last

    def weights(self, x: Tensor, *states: Tensor | None) -> Iterator[Weight]:
        rows = self.hidden_size * self.gates if self.gates > 1 else self.hidden_size
        width: Size = x.sizes[-1]
        for layer in range(self.num_layers if isinstance(self.num_layers, int) else 1):
            for direction in ("", "_reverse")[: self.directions]:
                end = f"_l{layer}{direction}"
                yield Weight(f"weight_ih{end}", (rows, width))
                yield Weight(f"weight_hh{end}", (rows, self.hidden_size))
                if self.bias:
                    yield Weight(f"bias_ih{end}", (rows,))
                    yield Weight(f"bias_hh{end}", (rows,))
            width = self.hidden_size * self.directions

    def flops(self, x: Tensor, *states: Tensor | None) -> Size:
        """The products of every step; the gates' functions are few beside them."""
        total: Size = 0
        for weight in self.weights(x):
            if len(weight.shape) == 2:
                total = total + numel(weight.shape)
        return 2 * x.sizes[0] * x.sizes[1] * total

    def dependence(self, x: Traced, *states: Traced | None) -> tuple[Steps, ...]:
        steps = across(x, [2], "mixes the features")
        last = dropped(across(Traced(x.type, steps), [1], "the end of the sequence"), [1])
        starts = [across(s, [1], "mixes the features") for s in states if s is not None]
        again = join([last, *starts])
        if self.bidirectional:
            steps = across(Traced(x.type, steps), [1], "bidirectional")
        elif steps.order:
            steps = all_steps(MIXED, proved=False)
        elif not steps.everything:
            steps = made(dict(steps.at), False, None, "steps up to t")
        out = join([steps, *starts])
        return (out.because(out.why or steps.why), *(again for _ in self.outputs[1:]))

    def torch(self, x: Tensor, *states: Tensor | None) -> Code:
        options = self.changed()
        del options["hidden_size"]
        if self.num_layers == 1:
            options.pop("dropout", None)  # it acts between layers
        return module(self.name, x.sizes[-1], self.hidden_size, **options, call=self._call(*states))

    def onnx(self, g: Onnx, x: Wire, *states: Wire | None) -> tuple[str, ...]:
        assert isinstance(self.hidden_size, int)
        return g.recurrent(
            self.name,
            x,
            states,
            self.hidden_size,
            self.num_layers,
            self.directions,
            self.bias,
            len(self.outputs) - 1,
            **self._attributes(),
        )

    def _attributes(self) -> dict[str, Any]:
        """What ONNX has to know beside the sizes."""
        return {}

    def _call(self, *states: Tensor | None) -> Expression | None:
        return None

    def because(self, output: Tensor, x: Tensor, *states: Tensor | None) -> str:
        return f"makes states of {brief(output.sizes[-1])}"


class RNN(Recurrent):
    """Elman's network (1990), h' = tanh(W x + U h + b). `dropout` acts between layers.

    [8, 12, 10] -> RNN(16)    # [8, 12, 16] and [8, 16]
    [B, T, 4] -> RNN(6, num_layers=2, bidirectional=true, nonlinearity="relu")    # [B, T, 12] and [B, 12]
    [B, T, 4] -> RNN(6, bias=false) with [B, 6]    # [B, T, 6] and [B, 6]
    """

    nonlinearity: Literal["tanh", "relu"] = "tanh"

    def _attributes(self) -> dict[str, Any]:
        return {"activations": (self.nonlinearity.capitalize(),) * self.directions}


class GRU(Recurrent):
    """Gated recurrent units, after Cho et al., 2014, in PyTorch's form. `dropout` acts between layers.

    r = s(W_r x + U_r h); z = s(W_z x + U_z h); n = tanh(W_n x + r * (U_n h)); h' = (1 - z) * n + z * h.

    [8, 12, 10] -> GRU(16)    # [8, 12, 16] and [8, 16]
    [B, T, 4] -> GRU(6, bidirectional=true) with [B, 12]    # [B, T, 12] and [B, 12]
    [B, T, 4] -> GRU(6, num_layers=3, dropout=0.1, bias=false)    # [B, T, 6] and [B, 6]
    """

    gates = 3

    def _attributes(self) -> dict[str, Any]:
        return {"linear_before_reset": 1}


class LSTM(Recurrent, outputs=("out", "state", "cell")):
    """Long short-term memory, after Hochreiter and Schmidhuber, 1997. `dropout` acts between layers.

    i, f, o = s(W x + U h); g = tanh(W_g x + U_g h); c' = f * c + i * g; h' = o * tanh(c'). What is not given of
    `state` and `cell` begins at 0.

    [8, 12, 10] -> LSTM(16)    # [8, 12, 16] and [8, 16] and [8, 16]
    [B, T, 4] -> LSTM(6, num_layers=2, bidirectional=true)    # [B, T, 12] and [B, 12] and [B, 12]
    [B, T, 4] -> LSTM(6) with ([B, 6], [B, 6])    # [B, T, 6] and [B, 6] and [B, 6]
    [B, T, 4] -> LSTM(6) with state=[B, 6]    # [B, T, 6] and [B, 6] and [B, 6]
    [B, T, 4] -> LSTM(6) with (cell=[B, 6])    # [B, T, 6] and [B, 6] and [B, 6]
    """

    gates = 4

    def shape(self, x: Tensor, state: Tensor | None = None, cell: Tensor | None = None) -> tuple[Tensor, ...]:
        self._checked(x, state=state, cell=cell)
        last = self._state(x)
        return Tensor((*x.sizes[:2], last.sizes[1])), last, last

    def _call(self, *states: Tensor | None) -> Expression | None:
        if len(states) > 1 and states[0] is None and states[1] is not None:
            return apply(Own(), X, None, Z)
        return None


class Step(Operator, kind="shape", abstract=True):
    """What takes one step of a sequence."""

    index = 0

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(2, 17), "[B, T, ...]", "x")
        sizes: Shape = x.sizes
        return x.with_shape(sizes[0], *sizes[2:])

    def dependence(self, x: Traced) -> Steps:
        return reduced(x, [1], why="one step for all")

    def torch(self, x: Tensor) -> Code:
        return Subscript(X, (Cut(), self.index))

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.take(x, self.index, 1)


class First(Step):
    """The first step of axis 1.

    [8, 12, 10] -> First    # [8, 10]
    [B, T] long < 100 -> First    # [B] long
    """

    index = 0

    def because(self, output: Tensor, x: Tensor) -> str:
        return "takes the first step"


class Last(Step):
    """The last step of axis 1, padding or not.

    [8, 12, 10] -> Last    # [8, 10]
    [B, T, h, e] -> Last    # [B, h, e]
    """

    index = -1

    def because(self, output: Tensor, x: Tensor) -> str:
        return "takes the last step"
