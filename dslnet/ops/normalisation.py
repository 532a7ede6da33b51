"""Normalisation: batch, layer, root mean square, group, instance, local response, unit length.

Enters: one tensor; the features are axis 1 for the norms over images, the last axis for those over sequences.
Leaves: the same shape.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..shape import Size, Tensor, numel, quotient
from .arguments import Axis, Count, Extent, Positive, Real
from .base import Mistake, Onnx, Operator, Weight, Wire
from .code import Attr, Code, Cut, Subscript, X, apply, module
from .dependence import Steps, Traced, across, pointwise
from .rules import brief, known_axis, need_divisor, need_float, need_known, need_known_input, need_rank, shown


def differing(values: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments that differ from PyTorch's defaults."""
    return {name: value for name, value in values.items() if value != defaults[name]}


class Norm(Operator, kind="norm", weighted=True, abstract=True):
    """What subtracts a mean and divides by a deviation: about 8 operations on each element."""

    def flops(self, x: Tensor) -> Size:
        return 8 * numel(x.sizes)


class ChannelNorm(Norm, abstract=True):
    """A norm with statistics of channels, which may be kept: [B, C], [B, C, T], [B, C, H, W], [B, C, D, H, W]."""

    least = 2

    if TYPE_CHECKING:
        eps: Positive
        momentum: Real | None
        affine: bool
        track_running_stats: bool

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(self.least, 6), f"{self.least} to 5 axes, channels in axis 1", "x")
        need_float(self, x, "x")
        if self.affine is True or self.track_running_stats is True:
            need_known_input(self, x, 1, "x")
        return x

    def weights(self, x: Tensor) -> Iterator[Weight]:
        channels = x.sizes[1:2]
        if self.affine:
            yield Weight("weight", channels)
            yield Weight("bias", channels)
        if self.track_running_stats:
            yield Weight("running_mean", channels, trained=False)
            yield Weight("running_var", channels, trained=False)
            yield Weight("num_batches_tracked", (), trained=False, dtype="long")

    def _module(self, x: Tensor, cls: str, affine: bool, track: bool) -> Code:
        defaults = {"eps": 1e-5, "momentum": 0.1, "affine": affine, "track_running_stats": track}
        return module(f"nn.{cls}{max(1, x.rank - 2)}d", x.sizes[1], **differing(self.values(), defaults))

    def onnx(self, g: Onnx, x: Wire) -> str:
        """With kept statistics; without any, those of the `_over` axes of the input."""
        channels = x.sizes[1]
        scale = g.weight("weight") if self.affine else g.ones(channels)
        shift = g.weight("bias") if self.affine else g.zeros(channels)
        if self.track_running_stats:
            mean, var = g.weight("running_mean"), g.weight("running_var")
            return g.op("BatchNormalization", x, scale, shift, mean, var, epsilon=float(self.eps))
        made = g.standard(x, self._over(x.rank), self.eps)
        if self.affine:
            made = g.op("Mul", made, g.channels(scale, x.rank))
            made = g.op("Add", made, g.channels(shift, x.rank))
        return made

    def _over(self, rank: int) -> tuple[int, ...]:
        """The axes that statistics are taken over."""
        raise NotImplementedError


class BatchNorm(ChannelNorm, short="bn", stochastic=True):
    """Normalises each channel over the batch and space, after Ioffe and Szegedy, 2015; running means at inference.

    y = (x - mean) / sqrt(var + eps) * weight + bias; running = (1 - momentum) * running + momentum * batch.

    [8, 64, 32, 32] -> BatchNorm    # [8, 64, 32, 32]
    [B, 16, H, W] -> BatchNorm(eps=0.001, momentum=0.01)    # [B, 16, H, W]
    [B, 10] -> BatchNorm(affine=false)    # [B, 10]
    [B, 10, T] -> BatchNorm(track_running_stats=false)    # [B, 10, T]
    [2, 3, 4, 5, 6] -> BatchNorm    # [2, 3, 4, 5, 6]
    """

    eps: Positive = 1e-5
    momentum: Real | None = 0.1
    affine: bool = True
    track_running_stats: bool = True

    def dependence(self, x: Traced) -> Steps:
        if not self.track_running_stats:
            return across(x, [0, *range(2, x.rank)], "means over the steps")
        return pointwise(x)

    def torch(self, x: Tensor) -> Code:
        if not self.affine and not self.track_running_stats:
            return apply("F.batch_norm", X, None, None, training=True, **differing({"eps": self.eps}, {"eps": 1e-5}))
        return self._module(x, "BatchNorm", True, True)

    def _over(self, rank: int) -> tuple[int, ...]:
        return (0, *range(2, rank))


class InstanceNorm(ChannelNorm):
    """Normalises each channel of each sample over space, after Ulyanov et al., "Instance Normalization", 2016.

    [2, 64, 32, 32] -> InstanceNorm    # [2, 64, 32, 32]
    [B, 8, H, W] -> InstanceNorm(affine=true)    # [B, 8, H, W]
    [B, 8, T] -> InstanceNorm(track_running_stats=true)    # [B, 8, T]
    [B, C, T] -> InstanceNorm(eps=0.001)    # [B, C, T]
    """

    least = 3

    eps: Positive = 1e-5
    momentum: Real | None = 0.1
    affine: bool = False
    track_running_stats: bool = False

    def shape(self, x: Tensor) -> Tensor:
        result = super().shape(x)
        if all(size == 1 for size in x.sizes[2:]):
            raise Mistake(
                "E0305",
                f"`InstanceNorm` has one number to normalise in {shown(x)}",
                "x",
                "no deviation: all zeros",
                helps=("`LayerNorm` or `GroupNorm` work on one pixel",),
            )
        return result

    def dependence(self, x: Traced) -> Steps:
        return across(x, range(2, x.rank), "means over the steps")

    def torch(self, x: Tensor) -> Code:
        if not self.affine and not self.track_running_stats:
            return apply("F.instance_norm", X, **differing({"eps": self.eps}, {"eps": 1e-5}))
        return self._module(x, "InstanceNorm", False, False)

    def _over(self, rank: int) -> tuple[int, ...]:
        return tuple(range(2, rank))


class LastNorm(Norm, abstract=True):
    """What normalises each vector along the last axis by itself."""

    if TYPE_CHECKING:
        elementwise_affine: bool

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(1, 17), "[..., d]", "x")
        need_float(self, x, "x")
        if self.elementwise_affine is True:
            need_known_input(self, x, -1, "x")
        return x

    def dependence(self, x: Traced) -> Steps:
        return across(x, [-1])


class LayerNorm(LastNorm, short="ln"):
    """Normalises the last axis, after Ba et al., "Layer Normalization", 2016.

    y = (x - mean) / sqrt(var + eps) * weight + bias.

    [2, 10, 768] -> LayerNorm    # [2, 10, 768]
    [B, T, 64] -> LayerNorm(eps=0.000001, bias=false)    # [B, T, 64]
    [B, T, d] -> LayerNorm(elementwise_affine=false)    # [B, T, d]
    """

    eps: Positive = 1e-5
    elementwise_affine: bool = True
    bias: bool = True

    def weights(self, x: Tensor) -> Iterator[Weight]:
        if self.elementwise_affine:
            yield Weight("weight", x.sizes[-1:])
            if self.bias:
                yield Weight("bias", x.sizes[-1:])

    def torch(self, x: Tensor) -> Code:
        if not self.elementwise_affine:
            return apply("F.layer_norm", X, last_sizes(), **differing({"eps": self.eps}, {"eps": 1e-5}))
        options = differing({"eps": self.eps, "bias": self.bias}, {"eps": 1e-5, "bias": True})
        return module("nn.LayerNorm", x.sizes[-1], **options)

    def onnx(self, g: Onnx, x: Wire) -> str:
        scale = g.weight("weight") if self.elementwise_affine else g.ones(x.sizes[-1])
        bias = g.weight("bias") if self.elementwise_affine and self.bias else None
        return g.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=float(self.eps))


class RMSNorm(LastNorm):
    """Divides the last axis by its root mean square, after Zhang and Sennrich, 2019.

    y = x / sqrt(mean(x^2) + eps) * weight. Without `eps` it is the smallest step of the number format, as in PyTorch.

    [2, 10, 768] -> RMSNorm    # [2, 10, 768]
    [B, T, 64] -> RMSNorm(eps=0.000001)    # [B, T, 64]
    [B, T, d] -> RMSNorm(elementwise_affine=false)    # [B, T, d]
    """

    eps: Positive | None = None
    elementwise_affine: bool = True

    def weights(self, x: Tensor) -> Iterator[Weight]:
        if self.elementwise_affine:
            yield Weight("weight", x.sizes[-1:])

    def flops(self, x: Tensor) -> Size:
        return 4 * numel(x.sizes)

    def torch(self, x: Tensor) -> Code:
        options = differing({"eps": self.eps}, {"eps": None})
        if not self.elementwise_affine:
            return apply("F.rms_norm", X, last_sizes(), **options)
        return module("nn.RMSNorm", x.sizes[-1], **options)

    def onnx(self, g: Onnx, x: Wire) -> str:
        weight = g.weight("weight") if self.elementwise_affine else None
        return g.rms_norm(x, weight, 2.0**-23 if self.eps is None else self.eps)


def last_sizes() -> Code:
    """`x.shape[-1:]`."""
    return Subscript(Attr(X, "shape"), (Cut(-1),))


class GroupNorm(Norm):
    """Normalises groups of channels of each sample, after Wu and He, "Group Normalization", 2018.

    [2, 64, 32, 32] -> GroupNorm(32)    # [2, 64, 32, 32]
    [B, 12, T] -> GroupNorm(4, eps=0.000001)    # [B, 12, T]
    [B, C, H, W] -> GroupNorm(1, affine=false)    # [B, C, H, W]
    """

    num_groups: Extent
    eps: Positive = 1e-5
    affine: bool = True

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(2, 17), "[B, C, ...]", "x")
        need_float(self, x, "x")
        need_known(self, "num_groups")
        if self.affine is True:
            need_known_input(self, x, 1, "x")
        groups, channels = self.num_groups, x.sizes[1]
        title = f"{groups} groups do not divide {brief(channels)} channels"
        need_divisor(self, groups, channels, title, "num_groups", "groups")
        return x

    def weights(self, x: Tensor) -> Iterator[Weight]:
        if self.affine:
            yield Weight("weight", x.sizes[1:2])
            yield Weight("bias", x.sizes[1:2])

    def dependence(self, x: Traced) -> Steps:
        return across(x, range(1, x.rank), "means over the steps")

    def torch(self, x: Tensor) -> Code:
        options = differing({"eps": self.eps}, {"eps": 1e-5})
        if not self.affine:
            return apply("F.group_norm", X, self.num_groups, **options)
        return module("nn.GroupNorm", self.num_groups, x.sizes[1], **options)

    def onnx(self, g: Onnx, x: Wire) -> str:
        groups = self.num_groups
        apart = (x.sizes[0], groups, quotient(numel(x.sizes[1:]), groups))
        rows = g.reshape(x, x.sizes, apart)
        made = g.op("InstanceNormalization", rows, g.ones(groups), g.zeros(groups), epsilon=float(self.eps))
        made = g.reshape(made, apart, x.sizes)
        if self.affine:
            made = g.op("Mul", made, g.channels(g.weight("weight"), x.rank))
            made = g.op("Add", made, g.channels(g.weight("bias"), x.rank))
        return made


class LocalResponseNorm(Operator, kind="norm"):
    """Divides by the energy of the neighbouring channels, after Krizhevsky et al., 2012.

    y_c = x_c / (k + alpha / size * sum of x_j^2 over the `size` channels around c) ^ beta.

    [1, 96, 55, 55] -> LocalResponseNorm(5)    # [1, 96, 55, 55]
    [B, C, T] -> LocalResponseNorm(2, alpha=0.001, beta=0.5, k=2)    # [B, C, T]
    """

    size: Count
    alpha: Real = 1e-4
    beta: Real = 0.75
    k: Real = 1.0

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(3, 6), "3 to 5 axes, channels in axis 1", "x")
        need_float(self, x, "x")
        need_known(self, "size")
        return x

    def flops(self, x: Tensor) -> Size:
        return numel(x.sizes) * (self.size + 5)

    def dependence(self, x: Traced) -> Steps:
        return across(x, [1])

    def torch(self, x: Tensor) -> Code:
        given = {"alpha": self.alpha, "beta": self.beta, "k": self.k}
        options = differing(given, {"alpha": 1e-4, "beta": 0.75, "k": 1.0})
        return apply("F.local_response_norm", X, self.size, **options)

    def onnx(self, g: Onnx, x: Wire) -> str:
        # the channels around c as a window over [B, 1, C, space]
        image = (x.sizes[0], 1, x.sizes[1], numel(x.sizes[2:]))
        squares = g.reshape(g.op("Mul", x, x), x.sizes, image)
        pads = (self.size // 2, 0, (self.size - 1) // 2, 0)
        means = g.op("AveragePool", squares, kernel_shape=(self.size, 1), pads=pads, count_include_pad=1)
        energy = g.op("Add", g.scaled(g.reshape(means, image, x.sizes), self.alpha), g.number(self.k))
        return g.op("Div", x, g.op("Pow", energy, g.number(self.beta)))


class Normalize(Operator, kind="norm"):
    """Divides by the p-norm along an axis, so that it becomes 1: x / max(norm(x), eps).

    [8, 128] -> Normalize    # [8, 128]
    [B, C, H, W] -> Normalize(p=1, axis=1)    # [B, C, H, W]
    """

    p: Real = 2
    axis: Axis = -1
    eps: Positive = 1e-12

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(1, 17), "[..., d]", "x")
        need_float(self, x, "x")
        known_axis(self, x)
        return x

    def flops(self, x: Tensor) -> Size:
        return 3 * numel(x.sizes)

    def dependence(self, x: Traced) -> Steps:
        return across(x, [self.axis])

    def torch(self, x: Tensor) -> Code:
        options = differing({"p": self.p, "eps": self.eps}, {"p": 2, "eps": 1e-12})
        return apply("F.normalize", X, dim=self.axis, **options)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op("Div", x, g.op("Max", g.norm(x, self.p, (self.axis % x.rank,), True), g.number(self.eps)))
