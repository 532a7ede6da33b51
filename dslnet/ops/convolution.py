"""Convolutions over signals [B, C, T], images [B, C, H, W] and volumes [B, C, D, H, W]; the rank picks the kernel.

Enters: one tensor with its channels in axis 1. Leaves: the same layout.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from ..shape import UNKNOWN, Dim, Shape, Size, Tensor, compare, numel
from .arguments import Amounts, Extent, Extents, Padding
from .base import Mistake, Onnx, Operator, Weight, Wire
from .code import Code, module
from .dependence import Steps, Traced, across, shifted, window
from .rules import both, brief, change, need_divisor, need_float, need_known, need_known_input, need_rank, shown
from .windows import SPACES, each, even, folded, need_space, paddings, reach, slide


class Convolution(Operator, kind="conv", short="conv", weighted=True, abstract=True):
    """What all convolutions share: the checks of their arguments, weights and counts."""

    if TYPE_CHECKING:
        kernel_size: Extents
        stride: Extents
        padding: Padding
        dilation: Extents
        bias: bool

    def _channels(self, x: Tensor) -> Size:
        """The channels of the result."""
        raise NotImplementedError

    def _groups(self, x: Tensor) -> Size:
        raise NotImplementedError

    def _windows(self, x: Tensor) -> tuple[Shape, Shape, Shape]:
        """Kernel, stride and dilation for each axis of space."""
        return each(self, "kernel_size", x), each(self, "stride", x), each(self, "dilation", x)

    def _checked(self, x: Tensor) -> None:
        need_space(self, x)
        need_float(self, x, "x")
        for argument, value in self.values().items():
            if isinstance(value, (Dim, tuple)):
                need_known(self, argument)
        need_known_input(self, x, 1, "x")
        groups = self._groups(x)
        for channels, what in ((x.sizes[1], "channels"), (self._channels(x), "output channels")):
            title = f"{groups} groups do not divide {brief(channels)} {what}"
            need_divisor(self, groups, channels, title, "groups", "groups")

    def shape(self, x: Tensor) -> Tensor:
        self._checked(x)
        kernel, stride, dilation = self._windows(x)
        if self.padding == "causal":
            # k - 1 zeros on the left and none on the right
            space = slide(self, x, (1,) * len(kernel), stride, (0,) * len(kernel), dilation)
            if x.rank != 3:
                raise Mistake(
                    "E0302",
                    f"causal padding is for signals [B, C, T], this is {shown(x)}",
                    "padding",
                    f"{SPACES[x.rank - 2][0]} has no past",
                )
        else:
            space = slide(self, x, kernel, stride, paddings(self, x, kernel, stride, dilation), dilation)
        return Tensor((x.sizes[0], self._channels(x), *space))

    def weights(self, x: Tensor) -> Iterator[Weight]:
        rows = x.sizes[1] // self._groups(x)
        yield Weight("weight", (self._channels(x), rows, *each(self, "kernel_size", x)))
        if self.bias:
            yield Weight("bias", (self._channels(x),))

    def flops(self, x: Tensor) -> Size:
        made = self.shape(x)
        return 2 * numel(made.sizes) * (x.sizes[1] // self._groups(x)) * numel(each(self, "kernel_size", x))

    def _options(self, x: Tensor, **more: Any) -> dict[str, Any]:
        """The keyword arguments of PyTorch that differ from its defaults."""
        _, stride, dilation = self._windows(x)
        given = {
            "stride": folded(stride),
            **more,
            "dilation": folded(dilation),
            "groups": self._groups(x),
            "bias": self.bias,
        }
        defaults = {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1, "groups": 1, "bias": True}
        return {name: value for name, value in given.items() if value != defaults[name]}

    def dependence(self, x: Traced) -> Steps:
        kernel, stride, dilation = self._windows(x.type)
        steps = across(x, [1], "mixes the channels")
        padding: Shape = ()
        if self.padding != "causal":
            padding = paddings(self, x.type, kernel, stride, dilation)
        for axis, (k, s, d) in enumerate(zip(kernel, stride, dilation, strict=True)):
            ahead = 0 if self.padding == "causal" else reach(k, d) - 1 - padding[axis]
            steps = shifted(steps, axis + 2, *window(ahead, s), exact=k == 1)
        return steps

    def torch(self, x: Tensor) -> Code:
        kernel, stride, dilation = self._windows(x)
        sizes = x.sizes[1], self._channels(x), folded(kernel)
        if self.padding == "causal":
            return module("CausalConv1d", *sizes, **self._options(x))
        padding = folded(paddings(self, x, kernel, stride, dilation))
        return module(f"nn.Conv{x.rank - 2}d", *sizes, **self._options(x, padding=padding))

    def onnx(self, g: Onnx, x: Wire) -> str:
        kernel, stride, dilation = self._windows(x.type)
        if self.padding == "causal":
            pads: Shape = (reach(kernel[0], dilation[0]) - 1, 0)
        else:
            pads = paddings(self, x.type, kernel, stride, dilation) * 2
        bias = g.weight("bias") if self.bias else None
        return g.op(
            "Conv",
            x,
            g.weight("weight"),
            bias,
            kernel_shape=kernel,
            strides=stride,
            dilations=dilation,
            pads=pads,
            group=self._groups(x.type),
        )

    def because(self, output: Tensor, x: Tensor) -> str:
        made = output.sizes[1]
        return both(
            "" if made == x.sizes[1] else f"makes {brief(made)} channels", change(x.sizes[2:], output.sizes[2:])
        )


class Conv(Convolution):
    """Convolution of a signal, an image or a volume; `padding="same"` keeps the size, divided by the stride.

    out[o] = bias[o] + sum over c of weight[o, c] * x[c], the cross-correlation of PyTorch. `padding="causal"` is for
    signals: what comes out at t has seen nothing after t.

    [1, 3, 224, 224] -> Conv(64, 7, stride=2)    # [1, 64, 112, 112]
    [B, 3, H, W] -> Conv(64, 3, bias=false)    # [B, 64, H, W]
    [B, 3, H, W] -> Conv(16, 3, stride=2)    # [B, 16, (H - 1) // 2 + 1, (W - 1) // 2 + 1]
    [B, 3, 32, 32] -> Conv(192, 4, stride=4)    # [B, 192, 8, 8]
    [B, 8, H, W] -> Conv(8, [3, 1], groups=4, padding=0)    # [B, 8, H - 2, W]
    [B, 16, T] -> Conv(32, 2, dilation=4, padding="causal")    # [B, 32, T]
    [2, 4, T] -> Conv(6, 5, dilation=2)    # [2, 6, T]
    [2, 1, 8, 9, 10] -> Conv(4, 3, padding=[0, 1, 2])    # [2, 4, 6, 9, 12]
    """

    out_channels: Extent
    kernel_size: Extents
    stride: Extents = 1
    padding: Padding = "same"
    dilation: Extents = 1
    groups: Extent = 1
    bias: bool = True

    def _channels(self, x: Tensor) -> Size:
        return self.out_channels

    def _groups(self, x: Tensor) -> Size:
        return self.groups


class MaskedConv(Convolution):
    """A convolution of an image that sees what comes before, row by row: the rows above, and what is on the left.

    The rest of each window is multiplied by 0. Mask "B" also sees the place itself, which the first layer of a model
    must not: "A". After van den Oord et al., "Pixel Recurrent Neural Networks", 2016.

    [B, 1, H, W] -> MaskedConv(32, 7, mask="A")    # [B, 32, H, W]
    [2, 8, 9, 10] -> MaskedConv(16, [3, 5], bias=false)    # [2, 16, 9, 10]
    [B, 4, H, W] -> MaskedConv(4, 3, dilation=2)    # [B, 4, H, W]
    """

    stride = 1
    padding = "same"

    out_channels: Extent
    kernel_size: Extents
    mask: Literal["A", "B"] = "B"
    dilation: Extents = 1
    bias: bool = True

    def _channels(self, x: Tensor) -> Size:
        return self.out_channels

    def _groups(self, x: Tensor) -> Size:
        return 1

    def _windows(self, x: Tensor) -> tuple[Shape, Shape, Shape]:
        return each(self, "kernel_size", x), (1,) * (x.rank - 2), each(self, "dilation", x)

    def shape(self, x: Tensor) -> Tensor:
        if x.rank == 3:
            raise Mistake(
                "E0302",
                f"`MaskedConv` wants an image [B, C, H, W], got {shown(x)}",
                "x",
                "a signal has no rows",
                helps=('`Conv(..., padding="causal")` for a signal',),
            )
        need_rank(self, x, range(4, 5), "an image [B, C, H, W]", "x")
        return super().shape(x)

    def dependence(self, x: Traced) -> Steps:
        """One after another along rows and columns is what the mask is for. Along the columns alone it looks ahead,
        for the rows above are seen whole."""
        steps = across(x, [1], "mixes the channels")
        kernel, _, dilation = self._windows(x.type)
        own = 0 if self.mask == "B" else -1
        if steps.order != (2, 3):
            steps = shifted(steps, 2, 0, "", exact=False)
            ahead = (reach(kernel[1], dilation[1]) - 1) // 2 if kernel[0] != 1 else own
            return shifted(steps, 3, *window(ahead, 1), exact=False)
        if steps.everything:
            return steps
        if isinstance(dilation[1], int):
            own *= dilation[1]
        why = "rows above, and up to the place" if self.mask == "B" else "rows above, and up to the one before"
        return shifted(steps, 3, own, why, exact=False).because(why)

    def torch(self, x: Tensor) -> Code:
        kernel, _, dilation = self._windows(x)
        usual = {"mask": "B", "dilation": 1, "bias": True}
        given = {"mask": self.mask, "dilation": folded(dilation), "bias": self.bias}
        options = {name: value for name, value in given.items() if value != usual[name]}
        return module("MaskedConv2d", x.sizes[1], self._channels(x), folded(kernel), **options)

    def onnx(self, g: Onnx, x: Wire) -> str:
        kernel, stride, dilation = self._windows(x.type)
        count = int(kernel[0]) * int(kernel[1])  # type: ignore[arg-type]
        seen = count // 2 + (self.mask == "B")
        mask = g.reshape(g.vector([1.0] * seen + [0.0] * (count - seen), "float"), (count,), kernel)
        bias = g.weight("bias") if self.bias else None
        return g.op(
            "Conv",
            x,
            g.op("Mul", g.weight("weight"), mask),
            bias,
            kernel_shape=kernel,
            dilations=dilation,
            pads=paddings(self, x.type, kernel, stride, dilation) * 2,
        )


class DepthwiseConv(Convolution):
    """One filter for each channel, or `multiplier` of them: a convolution with as many groups as channels.

    [1, 32, 56, 56] -> DepthwiseConv(3)    # [1, 32, 56, 56]
    [B, 8, H, W] -> DepthwiseConv(5, stride=2, bias=false)    # [B, 8, (H - 1) // 2 + 1, (W - 1) // 2 + 1]
    [B, 8, T] -> DepthwiseConv(3, multiplier=2)    # [B, 16, T]
    """

    kernel_size: Extents
    stride: Extents = 1
    padding: Padding = "same"
    dilation: Extents = 1
    multiplier: Extent = 1
    bias: bool = True

    def _channels(self, x: Tensor) -> Size:
        return x.sizes[1] if self.multiplier == 1 else x.sizes[1] * self.multiplier

    def _groups(self, x: Tensor) -> Size:
        return x.sizes[1]


class ConvTranspose(Convolution):
    """The gradient of a convolution as a layer ("deconvolution"); `padding="same"` multiplies the size by the stride.

    "same" is padding max(0, (k - stride + 1) // 2) and what is missing at the end as output padding. Otherwise a size
    becomes (size - 1) * stride - 2 * padding + k + output_padding, with k = dilation * (kernel - 1) + 1.

    [1, 64, 28, 28] -> ConvTranspose(32, 4, stride=2)    # [1, 32, 56, 56]
    [B, 64, H, W] -> ConvTranspose(32, 2, stride=2)    # [B, 32, 2 * H, 2 * W]
    [B, 100, 1, 1] -> ConvTranspose(64, 4, padding=0, bias=false)    # [B, 64, 4, 4]
    [B, 8, T] -> ConvTranspose(4, 3, stride=4, groups=2)    # [B, 4, 4 * T]
    [2, 8, H, 5] -> ConvTranspose(3, 3, stride=[2, 1], dilation=2)    # [2, 3, 2 * H, 5]
    [1, 2, 3, 4, 5] -> ConvTranspose(3, 3, stride=2, padding=1)    # [1, 3, 5, 7, 9]
    [B, 2, T] -> ConvTranspose(3, 3, stride=2, padding=1, output_padding=1)    # [B, 3, 2 * T]
    """

    out_channels: Extent
    kernel_size: Extents
    stride: Extents = 1
    padding: Padding = "same"
    dilation: Extents = 1
    groups: Extent = 1
    bias: bool = True
    output_padding: Amounts = 0

    def _channels(self, x: Tensor) -> Size:
        return self.out_channels

    def _groups(self, x: Tensor) -> Size:
        return self.groups

    def _paddings(self, x: Tensor) -> tuple[Shape, Shape]:
        """Padding and output padding for each axis of space."""
        kernel, stride, dilation = self._windows(x)
        if self.padding == "causal":
            raise Mistake(
                "E0301", "`ConvTranspose` has no causal padding", "padding", helps=("`padding=0`, then `Crop`",)
            )
        if self.padding != "same":
            padding, extra = each(self, "padding", x), each(self, "output_padding", x)
        else:
            if self.output_padding not in (0, UNKNOWN):
                raise Mistake(
                    "E0301", '`output_padding` wants a `padding` in numbers; "same" sets both', "output_padding"
                )
            k = tuple(map(reach, kernel, dilation))
            padding = tuple((k_ - s + 1) // 2 if compare(k_, s) != -1 else 0 for k_, s in zip(k, stride, strict=True))
            extra = tuple(s - k_ + 2 * p for k_, s, p in zip(k, stride, padding, strict=True))
        for k_, s, d, e in zip(map(reach, kernel, dilation), stride, dilation, extra, strict=True):
            if compare(e, s) in (0, 1) and compare(e, d) in (0, 1):
                if self.padding == "same":
                    raise even(self, k_, transposed=True)
                raise Mistake(
                    "E0301",
                    f"`output_padding` of {brief(e)} is not below the stride of {brief(s)}",
                    "output_padding",
                    "at most stride - 1",
                )
        return padding, extra

    def shape(self, x: Tensor) -> Tensor:
        self._checked(x)
        kernel, stride, dilation = self._windows(x)
        padding, extra = self._paddings(x)
        what, names = SPACES[x.rank - 2]
        space = []
        for axis, size in enumerate(x.sizes[2:]):
            k, s, p, e = reach(kernel[axis], dilation[axis]), stride[axis], padding[axis], extra[axis]
            value = (size - 1) * s - 2 * p + k + e
            if compare(value, 1) == -1:
                raise Mistake(
                    "E0305",
                    f"`ConvTranspose` would make {what} of {names[axis]} {brief(value)}",
                    "padding",
                    f"padding {brief(p)} on each side",
                    notes=(f"({size} - 1) * {s} - 2*{p} + {k} + {e} = {value}",),
                    helps=('leave `padding` out ("same")',),
                )
            space.append(value)
        return Tensor((x.sizes[0], self.out_channels, *space))

    def weights(self, x: Tensor) -> Iterator[Weight]:
        kernel = each(self, "kernel_size", x)
        yield Weight("weight", (x.sizes[1], self.out_channels // self.groups, *kernel), rows=1)
        if self.bias:
            yield Weight("bias", (self.out_channels,))

    def flops(self, x: Tensor) -> Size:
        return 2 * numel(x.sizes) * (self.out_channels // self.groups) * numel(each(self, "kernel_size", x))

    def dependence(self, x: Traced) -> Steps:
        _, stride, _ = self._windows(x.type)
        steps = across(x, [1], "mixes the channels")
        for axis, (s, p) in enumerate(zip(stride, self._paddings(x.type)[0], strict=True)):
            by = p // s if isinstance(s, int) and isinstance(p, int) else None
            steps = shifted(steps, axis + 2, by, "spreads the steps", exact=False)
        return steps

    def torch(self, x: Tensor) -> Code:
        padding, extra = self._paddings(x)
        options = self._options(x, padding=folded(padding), output_padding=folded(extra))
        kernel = folded(each(self, "kernel_size", x))
        return module(f"nn.ConvTranspose{x.rank - 2}d", x.sizes[1], self.out_channels, kernel, **options)

    def onnx(self, g: Onnx, x: Wire) -> str:
        kernel, stride, dilation = self._windows(x.type)
        padding, extra = self._paddings(x.type)
        bias = g.weight("bias") if self.bias else None
        return g.op(
            "ConvTranspose",
            x,
            g.weight("weight", rows=1),
            bias,
            kernel_shape=kernel,
            strides=stride,
            dilations=dilation,
            pads=padding * 2,
            output_padding=extra,
            group=self.groups,
        )
