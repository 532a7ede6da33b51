"""Activations: functions of each element, and those that weigh an axis.

Enters: one tensor of numbers. Leaves: the same shape (`GLU` halves an axis). A function counts as one operation on
each element, however hard it is to compute.
"""

from collections.abc import Iterator
from typing import Any, Literal

from ..shape import UNKNOWN, Size, Tensor, numel, quotient
from .arguments import Axis, Real
from .axes import when_known
from .base import Mistake, Onnx, Operator, Weight, Wire
from .code import Code, X, apply, module
from .dependence import Steps, Traced, across, pointwise
from .rules import brief, known_axis, need_divisor, need_float, need_known_input, need_rank


class Activation(Operator, kind="activation", abstract=True):
    """A function of each element. `function` is its name in PyTorch; arguments have PyTorch's names and defaults.
    `node` is its name in ONNX, where that is not its own."""

    function = ""
    node = ""

    def shape(self, x: Tensor) -> Tensor:
        need_float(self, x, "x")
        return x

    def flops(self, x: Tensor) -> Size:
        return numel(x.sizes)

    def dependence(self, *inputs: Traced) -> Steps:
        return pointwise(*inputs)

    def torch(self, x: Tensor) -> Code:
        return apply(self.function, X, **self.changed())

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op(self.node or self.name, x, **{k: float(v) for k, v in self.values().items()})


class ReLU(Activation):
    """max(x, 0).

    [8, 10] -> ReLU    # [8, 10]
    [B, C, H, W] -> ReLU    # [B, C, H, W]
    """

    function = "F.relu"
    node = "Relu"


class ReLU6(Activation):
    """min(max(x, 0), 6).

    [8, 10] -> ReLU6    # [8, 10]
    [B, C, T] -> ReLU6    # [B, C, T]
    """

    function = "F.relu6"

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op("Clip", x, g.number(0.0), g.number(6.0))


class LeakyReLU(Activation):
    """x where it is positive, else negative_slope * x.

    [8, 10] -> LeakyReLU(0.2)    # [8, 10]
    [B, C, T] -> LeakyReLU    # [B, C, T]
    """

    function = "F.leaky_relu"

    negative_slope: Real = 0.01

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op("LeakyRelu", x, alpha=float(self.negative_slope))


class PReLU(Activation, weighted=True):
    """x where it is positive, else a * x; a is learned, one for all or one for each channel (axis 1). After He et
    al., "Delving Deep into Rectifiers", 2015.

    [8, 10] -> PReLU    # [8, 10]
    [B, 16, H, W] -> PReLU(per_channel=true)    # [B, 16, H, W]
    """

    per_channel: bool = False
    init: Real = 0.25

    def shape(self, x: Tensor) -> Tensor:
        need_float(self, x, "x")
        if self.per_channel:
            need_rank(self, x, range(2, 17), "[B, C, ...]", "x")
            need_known_input(self, x, 1, "x")
        return x

    def weights(self, x: Tensor) -> Iterator[Weight]:
        yield Weight("weight", x.sizes[1:2] if self.per_channel else (1,))

    def torch(self, x: Tensor) -> Code:
        options: dict[str, Any] = {} if self.init == 0.25 else {"init": self.init}
        return module("nn.PReLU", *((x.sizes[1],) if self.per_channel else ()), **options)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op("PRelu", x, g.channels(g.weight("weight"), x.rank if self.per_channel else 1))


class ELU(Activation):
    """x where it is positive, else alpha * (e^x - 1). After Clevert et al., 2015.

    [8, 10] -> ELU    # [8, 10]
    [B, T, d] -> ELU(0.5)    # [B, T, d]
    """

    function = "F.elu"
    node = "Elu"

    alpha: Real = 1.0


class SELU(Activation):
    """ELU scaled so that unit variance is kept. After Klambauer et al., "Self-Normalizing Neural Networks", 2017.

    [8, 10] -> SELU    # [8, 10]
    [B, d] -> SELU    # [B, d]
    """

    function = "F.selu"
    node = "Selu"


class CELU(Activation):
    """max(0, x) + min(0, alpha * (e^(x / alpha) - 1)). After Barron, 2017.

    [8, 10] -> CELU    # [8, 10]
    [B, d] -> CELU(0.5)    # [B, d]
    """

    function = "F.celu"
    node = "Celu"

    alpha: Real = 1.0

    @when_known("alpha")
    def shape(self, x: Tensor) -> Tensor:
        if self.alpha == 0:
            raise Mistake("E0301", "`alpha` of CELU divides, got 0", "alpha", "not 0")
        return super().shape(x)


class GELU(Activation):
    """x * P(N <= x) for a normal N, or its approximation by tanh. After Hendrycks and Gimpel, 2016.

    [8, 10] -> GELU    # [8, 10]
    [B, T, d] -> GELU(approximate="tanh")    # [B, T, d]
    """

    function = "F.gelu"

    approximate: Literal["none", "tanh"] = "none"

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op("Gelu", x, approximate=None if self.approximate == "none" else self.approximate)


class SiLU(Activation, aliases=("Swish",)):
    """x * sigmoid(x).

    [8, 10] -> SiLU    # [8, 10]
    [B, T, d] -> Swish    # [B, T, d]
    """

    function = "F.silu"

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op("Mul", x, g.op("Sigmoid", x))


class Mish(Activation):
    """x * tanh(softplus(x)). After Misra, 2019.

    [8, 10] -> Mish    # [8, 10]
    [B, d] -> Mish    # [B, d]
    """

    function = "F.mish"

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op("Mul", x, g.op("Tanh", g.op("Softplus", x)))


class Sigmoid(Activation):
    """1 / (1 + e^-x).

    [8, 10] -> Sigmoid    # [8, 10]
    [B, d] -> Sigmoid    # [B, d]
    """

    function = "torch.sigmoid"


class LogSigmoid(Activation):
    """log(1 / (1 + e^-x)).

    [8, 10] -> LogSigmoid    # [8, 10]
    [B, d] -> LogSigmoid    # [B, d]
    """

    function = "F.logsigmoid"

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op("Neg", g.op("Softplus", g.op("Neg", x)))


class Tanh(Activation):
    """Hyperbolic tangent.

    [8, 10] -> Tanh    # [8, 10]
    [B, d] -> Tanh    # [B, d]
    """

    function = "torch.tanh"


class Softplus(Activation):
    """log(1 + e^(beta x)) / beta; x itself where beta x is above `threshold`.

    [8, 10] -> Softplus    # [8, 10]
    [B, d] -> Softplus(beta=2, threshold=10)    # [B, d]
    """

    function = "F.softplus"

    beta: Real = 1.0
    threshold: Real = 20.0

    @when_known("beta")
    def shape(self, x: Tensor) -> Tensor:
        if self.beta == 0:
            raise Mistake("E0301", "`beta` of Softplus divides, got 0", "beta", "not 0")
        return super().shape(x)

    def onnx(self, g: Onnx, x: Wire) -> str:
        steep = g.scaled(x, self.beta)
        made = g.scaled(g.op("Softplus", steep), 1 / self.beta)
        if self.threshold >= 20:  # beyond it both forms are the same number
            return made
        return g.op("Where", g.op("Greater", steep, g.number(self.threshold)), x, made)


class Softsign(Activation):
    """x / (1 + |x|).

    [8, 10] -> Softsign    # [8, 10]
    [B, d] -> Softsign    # [B, d]
    """

    function = "F.softsign"


class HardSigmoid(Activation):
    """min(max(x / 6 + 1 / 2, 0), 1).

    [8, 10] -> HardSigmoid    # [8, 10]
    [B, d] -> HardSigmoid    # [B, d]
    """

    function = "F.hardsigmoid"

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op("HardSigmoid", x, alpha=1 / 6, beta=0.5)


class HardSwish(Activation):
    """x * HardSigmoid(x). After Howard et al., "Searching for MobileNetV3", 2019.

    [8, 10] -> HardSwish    # [8, 10]
    [B, d] -> HardSwish    # [B, d]
    """

    function = "F.hardswish"


class HardTanh(Activation):
    """min(max(x, min_val), max_val).

    [8, 10] -> HardTanh    # [8, 10]
    [B, d] -> HardTanh(0, 2)    # [B, d]
    """

    function = "F.hardtanh"

    min_val: Real = -1.0
    max_val: Real = 1.0

    def shape(self, x: Tensor) -> Tensor:
        low, high = self.min_val, self.max_val
        if UNKNOWN not in (low, high) and low >= high:
            raise Mistake(
                "E0301",
                f"`max_val` of HardTanh is above `min_val`, got {high:g} and {low:g}",
                "max_val",
                f"not above {low:g}",
            )
        return super().shape(x)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op("Clip", x, g.number(self.min_val), g.number(self.max_val))


class AxisActivation(Activation, abstract=True):
    """A function of all the elements along an axis."""

    axis: Axis = -1

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(1, 17), "1 axis or more", "x")
        need_float(self, x, "x")
        known_axis(self, x)
        return x

    def dependence(self, *inputs: Traced) -> Steps:
        return across(inputs[0], [self.axis])

    def torch(self, x: Tensor) -> Code:
        return apply(self.function, X, dim=self.axis, **self._rest())

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op(self.name, x, axis=self.axis)

    def _rest(self) -> dict[str, Any]:
        return {}


class Softmax(AxisActivation):
    """e^x divided by its sum along an axis: probabilities.

    [8, 10] -> Softmax    # [8, 10]
    [B, C, H, W] -> Softmax(axis=1)    # [B, C, H, W]
    """

    function = "F.softmax"

    def flops(self, x: Tensor) -> Size:
        return 5 * numel(x.sizes)

    def dependence(self, *inputs: Traced) -> Steps:
        x, triangle = inputs[0], inputs[0].steps.triangle
        if triangle is None or triangle.zero or triangle.column != self.axis % x.rank:
            return super().dependence(x)
        # minus infinity beyond the diagonal becomes 0: a row has seen what its elements have
        return x.steps._replace(exact=False, triangle=triangle._replace(zero=True), why="steps up to t")


class LogSoftmax(AxisActivation):
    """The logarithm of `Softmax`, computed without over- or underflow.

    [8, 10] -> LogSoftmax    # [8, 10]
    [B, C, H, W] -> LogSoftmax(axis=1)    # [B, C, H, W]
    """

    function = "F.log_softmax"

    def flops(self, x: Tensor) -> Size:
        return 5 * numel(x.sizes)


class GLU(AxisActivation):
    """a * sigmoid(b), where a and b are the halves of an axis. After Dauphin et al., 2016.

    [8, 10] -> GLU    # [8, 5]
    [B, 2 * C, T] -> GLU(axis=1)    # [B, C, T]
    """

    function = "F.glu"

    def shape(self, x: Tensor) -> Tensor:
        super().shape(x)
        axis = known_axis(self, x)
        if axis is None:
            return Tensor((UNKNOWN,) * x.rank)
        size = x.sizes[axis]
        need_divisor(self, 2, size, f"`GLU` halves axis {axis}, which has {brief(size)}", "axis", "numbers")
        return x.with_shape(*x.sizes[:axis], quotient(size, 2), *x.sizes[axis + 1 :])

    def because(self, output: Tensor, x: Tensor) -> str:
        axis = known_axis(self, x)
        return "" if axis is None else f"halves {brief(x.sizes[axis])}"

    def onnx(self, g: Onnx, x: Wire) -> str:
        a, b = g.ops(2, "Split", x, axis=self.axis, num_outputs=2)
        return g.op("Mul", a, g.op("Sigmoid", b))
