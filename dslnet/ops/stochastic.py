"""Boxes that draw random numbers, boxes that change gradients, and the combinators around a body.

Enters: one tensor or two, for a combinator also what its body makes. Leaves: tensors. In evaluation nothing is
drawn: each box then gives the mean of what it draws in training.
"""

from collections.abc import Iterator
from typing import ClassVar, Literal

from ..shape import ROUTED, UNKNOWN, Dim, Size, Tensor, numel, routed, same
from .arguments import Axis, Count, Flag, Held, NonNegative, Positive, Probability, Real
from .axes import axis_of, has_unknown, kind_of, need_axes, pair, when_known
from .base import Combinator, Mistake, Onnx, Operator, Weight, Wire
from .code import Bodies, Code, Infix, Training, X, Y, apply, method, module
from .dependence import Body, Steps, Traced, across, all_steps, pointwise
from .passing import Passing
from .rules import need_float


class SampleGaussian(Operator, kind="latent", stochastic=True):
    """mu + exp(logvar / 2) times a standard normal number (Kingma and Welling, 2014); mu in evaluation.

    ([B, 20], [B, 20]) -> SampleGaussian    # [B, 20]
    """

    def shape(self, mu: Tensor, logvar: Tensor) -> Tensor:
        need_float(self, mu, "mu")
        need_float(self, logvar, "logvar")
        if mu.rank != logvar.rank or not all(map(same, mu.sizes, logvar.sizes)):
            raise Mistake("E0311", f"`SampleGaussian` wants one shape for both, got {pair(mu, logvar)}", "logvar")
        return mu

    def flops(self, mu: Tensor, logvar: Tensor) -> Size:
        return 4 * numel(mu.sizes)

    def dependence(self, mu: Traced, logvar: Traced) -> Steps:
        return pointwise(mu, logvar)

    def torch(self, mu: Tensor, logvar: Tensor) -> Code:
        return apply("sample_gaussian", X, Y, Training())

    def onnx(self, g: Onnx, mu: Wire, logvar: Wire) -> str:
        return mu.name


class GumbelSoftmax(Operator, kind="latent", stochastic=True):
    """A differentiable draw from a categorical distribution (Jang et al., 2017); its softmax in evaluation. `hard`
    gives one-hot vectors with the gradient of the soft ones.

    [B, 10] -> GumbelSoftmax    # [B, 10]
    [2, 3, 4] -> GumbelSoftmax(tau=0.5, hard=true)    # [2, 3, 4]
    """

    tau: Positive = 1
    hard: Flag = False
    axis: Axis = -1

    @when_known("axis")
    def shape(self, x: Tensor) -> Tensor:
        need_float(self, x)
        axis_of("GumbelSoftmax", self.axis, x)
        return x

    def flops(self, x: Tensor) -> Size:
        return 5 * numel(x.sizes)

    def dependence(self, x: Traced) -> Steps:
        return across(x, [self.axis])

    def torch(self, x: Tensor) -> Code:
        return apply("gumbel_softmax", X, self.tau, self.hard, self.axis, Training())

    def onnx(self, g: Onnx, x: Wire) -> str:
        soft = g.op("Softmax", g.scaled(x, 1 / self.tau), axis=self.axis)
        if not self.hard:
            return soft
        best = g.op("ArgMax", soft, axis=self.axis, keepdims=1)
        one = g.op("Expand", g.number(1.0), g.op("Shape", best))
        zeros = g.op("Expand", g.number(0.0), g.op("Shape", x))
        return g.op("ScatterElements", zeros, best, one, axis=self.axis)


class GaussianNoise(Operator, kind="op", stochastic=True):
    """Adds normal noise of standard deviation `std` in training.

    [B, 8] -> GaussianNoise(0.1)    # [B, 8]
    """

    std: NonNegative

    def shape(self, x: Tensor) -> Tensor:
        need_float(self, x, "x")
        return x

    def dependence(self, x: Traced) -> Steps:
        return pointwise(x)

    def torch(self, x: Tensor) -> Code:
        return apply("gaussian_noise", X, self.std, Training())

    def onnx(self, g: Onnx, x: Wire) -> str:
        return x.name


class StopGrad(Passing, kind="op"):
    """The same value, through which no gradient passes.

    [B, 8] -> StopGrad    # [B, 8]
    """

    def torch(self, x: Tensor) -> Code:
        return method(X, "detach")


class ReverseGrad(Passing, kind="op"):
    """The same value; the gradient comes back times -`scale` (Ganin and Lempitsky, 2015).

    [B, 8] -> ReverseGrad    # [B, 8]
    [2, 3] -> ReverseGrad(0.1)    # [2, 3]
    """

    scale: Real = 1

    def shape(self, x: Tensor) -> Tensor:
        need_float(self, x)
        return x

    def torch(self, x: Tensor) -> Code:
        still = method(X, "detach")
        change = Infix("-", X, still)  # zero, with the gradient of x
        return Infix("-", still, change if self.scale == 1 else Infix("*", self.scale, change))


class StochasticDepth(Combinator, kind="op", stochastic=True):
    """In training, drops its body's output for whole samples with probability `p` and divides what stays by 1 - p
    (Huang et al., 2016); `mode="batch"` drops all samples or none. Adds no shortcut.

    [B, 64, H, W] -> StochasticDepth(0.1)    # [B, 64, H, W]
    [B, T, 8] -> StochasticDepth(0.2, mode="batch")    # [B, T, 8]
    """

    inline: ClassVar[bool] = True

    p: Probability
    mode: Literal["row", "batch"] = "row"

    def shape(self, x: Tensor) -> Tensor:
        need_float(self, x, "x")
        return x

    def dependence(self, x: Traced) -> Steps:
        return pointwise(x, keeps="zero")

    def torch(self, x: Tensor) -> Code:
        return apply("stochastic_depth", X, self.p, self.mode, Training())

    def onnx(self, g: Onnx, x: Wire) -> str:
        return x.name


class MoE(Combinator, kind="conditioning", weighted=True):
    """A sparse mixture of `n` experts: a linear router sends each vector of the last axis to the `top` best, whose
    outputs are weighted by the softmax of their scores (Shazeer et al., 2017; the weighting of Mixtral, 2024).

    An expert is fed its vectors as one sample, [1, ..., vectors, d].

    [B, T, 16] -> MoE(4, top=2)    # [B, T, 16]
    """

    body_path: ClassVar[str] = "experts"

    n: Count
    top: Count = 2

    @property
    def copies(self) -> int:
        return self.n if isinstance(self.n, int) else 1

    def inner(self, x: Tensor) -> tuple[Tensor, ...]:
        need_axes("MoE", x, 2, None, "the last axis is what is routed")
        return (Tensor((*(1 for _ in x.sizes[:-2]), Dim({((routed(), 1),): 1}), x.sizes[-1])),)

    def expected(self, x: Tensor) -> dict[str, Size]:
        """How many vectors an expert gets when all get equally many: what its FLOPs are counted for."""
        if has_unknown((self.n, self.top)):
            return {ROUTED: UNKNOWN}
        total = numel(x.sizes[:-1]) * self.top
        return {ROUTED: -(-total // self.n) if isinstance(total, int) else total // self.n}

    @when_known("n", "top")
    def shape(self, x: Tensor, *, body: tuple[Tensor, ...] = ()) -> Tensor:  # type: ignore[override]
        need_axes("MoE", x, 2, None, "the last axis is what is routed")
        for name in ("n", "top"):
            if isinstance(getattr(self, name), Dim):
                raise Mistake("E0312", f"`{name}` of MoE needs a known number", name)
        if self.top > self.n:
            raise Mistake("E0301", f"`MoE` sends to {self.top} of {self.n} experts", "top", f"at most {self.n}")
        if x.dtype != "float":
            raise Mistake("E0316", f"`MoE` routes vectors, got {kind_of(x)}", None, "not float")
        if not body or body[0].shape is None:
            return x
        fed = self.inner(x)[0]
        made = body[0]
        if made.rank != fed.rank or not all(map(same, made.sizes[:-1], fed.sizes[:-1])):
            raise Mistake(
                "E0311",
                f"an expert of `MoE` makes vectors for vectors, not {kind_of(made)}",
                None,
                f"fed {kind_of(fed)}",
            )
        return x.last(made.sizes[-1])

    def weights(self, x: Tensor) -> Iterator[Weight]:
        yield Weight("router.weight", (self.n, x.sizes[-1]))

    def flops(self, x: Tensor) -> Size:
        return 2 * numel(x.sizes) * self.n

    def dependence(self, x: Traced, *, body: Body) -> Steps:
        """Each vector by itself, if an expert keeps the vectors that it is fed apart."""
        steps = across(x, [-1])
        if steps.everything or not steps.at:
            return steps
        fed = Steps(((x.rank - 2, 0),))
        found = body((fed,))[0]
        if found != fed:
            return all_steps(found.why if found.everything else "an expert mixes its vectors", found.proved)
        return steps

    def torch(self, x: Tensor) -> Code:
        return module("MixtureOfExperts", x.sizes[-1], Bodies(self.n), self.top)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.mixture(x, self.n, self.top)


class SpectralNorm(Passing, Combinator, kind="norm"):
    """Divides each weight inside its body by its largest singular value (Miyato et al., 2018).

    [B, 8] -> SpectralNorm    # [B, 8]
    """

    inline: ClassVar[bool] = True
    parametrization: ClassVar[str | None] = "spectral_norm"


class WeightNorm(Passing, Combinator, kind="norm"):
    """Splits each weight inside its body into a length and a direction (Salimans and Kingma, 2016).

    [B, 8] -> WeightNorm    # [B, 8]
    """

    inline: ClassVar[bool] = True
    parametrization: ClassVar[str | None] = "weight_norm"


class EMA(Passing, kind="op"):
    """A copy of a module whose weights follow the module's: after each step, w = decay w + (1 - decay) w'.

    It makes what the module makes. It is never trained, and begins with the module's weights. As a teacher of the
    module `net`: `teacher mean: EMA(net, 0.99)`, then `x -> mean`.
    """

    module: Held
    decay: Probability = 0.999
