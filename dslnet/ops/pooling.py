"""Pooling over signals [B, C, T], images [B, C, H, W] and volumes [B, C, D, H, W].

Enters: one tensor with its channels in axis 1. Leaves: the same layout with other sizes of space, or without space.
"""

from typing import Any

from ..shape import Shape, Size, Tensor, at_most, compare, numel, quotient
from .arguments import Extents, Padding
from .base import Mistake, Onnx, Operator, Wire
from .code import Code, X, apply, method
from .dependence import Steps, Traced, across, reduced, shifted, window
from .rules import brief, change, need_float
from .windows import SPACES, each, folded, need_space, paddings, slide


class Pool(Operator, kind="pool", abstract=True):
    """What takes one number of each channel from each window."""

    function = ""

    kernel_size: Extents
    stride: Extents | None = None
    padding: Padding = "same"
    ceil_mode: bool = False

    def _windows(self, x: Tensor) -> tuple[Shape, Shape]:
        """Kernel and stride for each axis of space; without `stride` the windows do not overlap."""
        kernel = each(self, "kernel_size", x)
        return kernel, kernel if self.stride is None else each(self, "stride", x)

    def _padding(self, x: Tensor) -> Shape:
        kernel, stride = self._windows(x)
        if self.padding == "causal":
            raise Mistake(
                "E0301",
                f"`{self.name}` has no causal padding",
                "padding",
                helps=("pad on the left with `Pad`, and give `padding=0`",),
            )
        padding = paddings(self, x, kernel, stride, (1,) * len(kernel))
        for k, p in zip(kernel, padding, strict=True):
            if not at_most(2 * p, k):
                raise Mistake(
                    "E0301",
                    f"`padding` of {self.name} is at most half of the kernel, got {brief(p)}",
                    "padding",
                    f"half of {brief(k)} is {brief(quotient(k, 2))}",
                )
        return padding

    def shape(self, x: Tensor) -> Tensor:
        need_space(self, x)
        need_float(self, x, "x")
        kernel, stride = self._windows(x)
        space = slide(self, x, kernel, stride, self._padding(x), (1,) * len(kernel))
        return Tensor((*x.sizes[:2], *space))

    def flops(self, x: Tensor) -> Size:
        return numel(self.shape(x).sizes) * numel(self._windows(x)[0])

    def _options(self, x: Tensor) -> dict[str, Any]:
        """The keyword arguments of PyTorch that differ from its defaults."""
        kernel, stride = self._windows(x)
        padding = folded(self._padding(x))
        options: dict[str, Any] = {} if stride == kernel else {"stride": folded(stride)}
        if padding != 0:
            options["padding"] = padding
        if self.ceil_mode:
            options["ceil_mode"] = True
        return options

    def dependence(self, x: Traced) -> Steps:
        kernel, stride = self._windows(x.type)
        steps = x.steps
        for axis, (k, s, p) in enumerate(zip(kernel, stride, self._padding(x.type), strict=True)):
            steps = shifted(steps, axis + 2, *window(k - 1 - p, s), exact=k == 1)
        return steps

    def torch(self, x: Tensor) -> Code:
        kernel = folded(self._windows(x)[0])
        return apply(f"F.{self.function}_pool{x.rank - 2}d", X, kernel, **self._options(x))

    def onnx(self, g: Onnx, x: Wire) -> str:
        kernel, stride = self._windows(x.type)
        return g.pool(x, self.function, kernel, stride, self._padding(x.type), self.ceil_mode)

    def because(self, output: Tensor, x: Tensor) -> str:
        return change(x.sizes[2:], output.sizes[2:])


class MaxPool(Pool):
    """The largest number of each window; the stride is the kernel unless it is given.

    [1, 64, 112, 112] -> MaxPool(3, stride=2)    # [1, 64, 56, 56]
    [B, 8, H, W] -> MaxPool(2)    # [B, 8, H // 2, W // 2]
    [B, 8, H, W] -> MaxPool(3, stride=1)    # [B, 8, H, W]
    [B, 8, T] -> MaxPool(2, ceil_mode=true)    # [B, 8, -(-T // 2)]
    [1, 2, 8, 9, 10] -> MaxPool([2, 3, 2], padding=[0, 1, 1])    # [1, 2, 4, 3, 6]
    """

    function = "max"


class AvgPool(Pool):
    """The mean of each window; the stride is the kernel unless it is given. Zeros of the padding count, unless
    `count_include_pad=false`.

    [1, 64, 8, 8] -> AvgPool(2)    # [1, 64, 4, 4]
    [B, 8, H, W] -> AvgPool(3, stride=2, count_include_pad=false)    # [B, 8, (H - 1) // 2 + 1, (W - 1) // 2 + 1]
    [B, 8, H, W] -> AvgPool([H, W])    # [B, 8, 1, 1]
    [B, 8, 14] -> AvgPool(4, stride=3, padding=1, ceil_mode=true)    # [B, 8, 5]
    """

    function = "avg"

    count_include_pad: bool = True

    def shape(self, x: Tensor) -> Tensor:
        result = super().shape(x)
        for size, k, name in zip(x.sizes[2:], self._windows(x)[0], SPACES[x.rank - 2][1], strict=True):
            # PyTorch's kernel for volumes has no windows larger than the volume, padded or not
            if x.rank == 5 and compare(k, size) == 1:
                raise Mistake(
                    "E0307",
                    f"`AvgPool` of a volume wants a kernel up to its {name}",
                    "kernel_size",
                    f"kernel {brief(k)} > {name} {brief(size)}",
                    helps=(f"a kernel of {brief(size)} or less",),
                )
        return result

    def _options(self, x: Tensor) -> dict[str, Any]:
        return {**super()._options(x), **({} if self.count_include_pad else {"count_include_pad": False})}

    def onnx(self, g: Onnx, x: Wire) -> str:
        kernel, stride = self._windows(x.type)
        return g.pool(x, "avg", kernel, stride, self._padding(x.type), self.ceil_mode, self.count_include_pad)


class AdaptivePool(Operator, kind="pool", abstract=True):
    """What makes an image of a given size, from windows that are as equal as they can be."""

    function = ""

    output_size: Extents

    def shape(self, x: Tensor) -> Tensor:
        need_space(self, x)
        need_float(self, x, "x")
        return Tensor((*x.sizes[:2], *each(self, "output_size", x)))

    def flops(self, x: Tensor) -> Size:
        return numel(x.sizes)

    def dependence(self, x: Traced) -> Steps:
        return across(x, range(2, x.rank), "joins windows of steps")

    def torch(self, x: Tensor) -> Code:
        size = self.output_size
        return apply(f"F.adaptive_{self.function}_pool{x.rank - 2}d", X, size)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.adaptive(x, each(self, "output_size", x.type), self.function)

    def because(self, output: Tensor, x: Tensor) -> str:
        return change(x.sizes[2:], output.sizes[2:])


class AdaptiveAvgPool(AdaptivePool):
    """Means of windows that make the given size; `AdaptiveAvgPool(1)` keeps the axes that `GlobalAvgPool` drops.

    [1, 512, 7, 7] -> AdaptiveAvgPool(1)    # [1, 512, 1, 1]
    [B, 8, H, W] -> AdaptiveAvgPool([6, 4])    # [B, 8, 6, 4]
    [B, 8, T] -> AdaptiveAvgPool(T // 2)    # [B, 8, T // 2]
    """

    function = "avg"


class AdaptiveMaxPool(AdaptivePool):
    """The largest numbers of windows that make the given size.

    [1, 512, 14, 14] -> AdaptiveMaxPool(7)    # [1, 512, 7, 7]
    [B, 8, 4, H, W] -> AdaptiveMaxPool(2)    # [B, 8, 2, 2, 2]
    """

    function = "max"


class GlobalPool(Operator, kind="pool", abstract=True):
    """What takes one number of each channel from the whole of space."""

    function = ""

    def shape(self, x: Tensor) -> Tensor:
        need_space(self, x)
        need_float(self, x, "x")
        return Tensor(x.sizes[:2])

    def flops(self, x: Tensor) -> Size:
        return numel(x.sizes)

    def dependence(self, x: Traced) -> Steps:
        return reduced(x, range(2, x.rank))

    def torch(self, x: Tensor) -> Code:
        axes = tuple(range(2, x.rank))
        return method(X, self.function, axes[0] if len(axes) == 1 else axes)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.reduce("ReduceMean" if self.function == "mean" else "ReduceMax", x, range(2, x.rank))

    def because(self, output: Tensor, x: Tensor) -> str:
        return "joins " + " x ".join(map(brief, x.sizes[2:]))


class GlobalAvgPool(GlobalPool):
    """The mean of each channel over space; the axes of space are dropped.

    [1, 512, 7, 7] -> GlobalAvgPool    # [1, 512]
    [B, C, T] -> GlobalAvgPool    # [B, C]
    """

    function = "mean"


class GlobalMaxPool(GlobalPool):
    """The largest number of each channel over space; the axes of space are dropped.

    [1, 512, 7, 7] -> GlobalMaxPool    # [1, 512]
    [B, C, 4, H, W] -> GlobalMaxPool    # [B, C]
    """

    function = "amax"
