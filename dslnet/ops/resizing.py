"""Resizing of signals [B, C, T], images [B, C, H, W] and volumes [B, C, D, H, W].

Enters: one tensor with its channels in axis 1. Leaves: the same layout with other sizes of space; the two pixel
shuffles trade channels for them.
"""

from typing import Any, Literal

from ..shape import UNKNOWN, Size, Tensor, compare, numel, quotient
from .arguments import Extent, Extents
from .base import Mistake, Onnx, Operator, Wire
from .code import Code, X, apply
from .dependence import Steps, Traced, across
from .rules import both, brief, change, need_divisor, need_float, need_rank, shown
from .windows import each, folded, need_space

Mode = Literal["nearest", "nearest-exact", "bilinear", "bicubic", "area"]


class Interpolation(Operator, kind="pool", abstract=True):
    """What computes an image at other points. `bilinear` is linear in every axis of space, whatever their number."""

    def _mode(self, mode: str, corners: bool, x: Tensor) -> None:
        """Check that a mode fits the layout."""
        need_space(self, x)
        need_float(self, x, "x")
        if mode == "bicubic" and x.rank != 4:
            raise Mistake(
                "E0302",
                f"bicubic interpolation is for images [B, C, H, W], this is {shown(x)}",
                "mode",
                helps=('`mode="bilinear"` works on any of them',),
            )
        if corners is True and mode not in ("bilinear", "bicubic", UNKNOWN):
            raise Mistake(
                "E0301",
                f'`align_corners` has no meaning with mode "{mode}"',
                "align_corners",
                helps=('`mode="bilinear"`',),
            )

    def _flops(self, mode: str, output: Tensor) -> Size:
        points: int = {"bilinear": 2 ** (output.rank - 2), "bicubic": 16}.get(mode, 0)
        return 2 * points * numel(output.sizes)

    def _options(self, mode: str, corners: bool, x: Tensor) -> dict[str, Any]:
        word = {3: "linear", 4: "bilinear", 5: "trilinear"}[x.rank] if mode == "bilinear" else mode
        return {**({} if word == "nearest" else {"mode": word}), **({"align_corners": True} if corners else {})}

    def because(self, output: Tensor, x: Tensor) -> str:
        return change(x.sizes[2:], output.sizes[2:])


class Upsample(Interpolation):
    """Makes an image a whole number of times larger.

    [1, 64, 8, 8] -> Upsample(2)    # [1, 64, 16, 16]
    [B, 8, H, W] -> Upsample([2, 3], mode="bilinear", align_corners=true)    # [B, 8, 2 * H, 3 * W]
    [B, 8, T] -> Upsample(4, mode="bilinear")    # [B, 8, 4 * T]
    [1, 8, 4, 5] -> Upsample(2, mode="bicubic")    # [1, 8, 8, 10]
    """

    scale_factor: Extents
    mode: Mode = "nearest"
    align_corners: bool = False

    def shape(self, x: Tensor) -> Tensor:
        self._mode(self.mode, self.align_corners, x)
        scales = each(self, "scale_factor", x)
        return Tensor((*x.sizes[:2], *(size * scale for size, scale in zip(x.sizes[2:], scales, strict=True))))

    def flops(self, x: Tensor) -> Size:
        return self._flops(self.mode, self.shape(x))

    def dependence(self, x: Traced) -> Steps:
        # the nearest one before: the index divided by the scale
        return x.steps if self.mode == "nearest" else across(x, range(2, x.rank), "interpolates between steps")

    def torch(self, x: Tensor) -> Code:
        options = self._options(self.mode, self.align_corners, x)
        return apply("F.interpolate", X, scale_factor=folded(each(self, "scale_factor", x)), **options)

    def onnx(self, g: Onnx, x: Wire) -> str:
        sizes, scales = self.shape(x.type).sizes[2:], each(self, "scale_factor", x.type)
        return g.resize(x, sizes, self.mode, self.align_corners, scales)


class Resize(Interpolation):
    """Makes an image of a given size.

    [1, 21, 28, 28] -> Resize(224)    # [1, 21, 224, 224]
    [B, 8, 6, 7] -> Resize([H, W])    # [B, 8, H, W]
    [B, 8, H, W] -> Resize([H // 2, 4], mode="nearest")    # [B, 8, H // 2, 4]
    [B, 8, T] -> Resize(30)    # [B, 8, 30]
    [1, 2, 3, 4, 5] -> Resize([6, 5, 4], align_corners=true)    # [1, 2, 6, 5, 4]
    """

    size: Extents
    mode: Mode = "bilinear"
    align_corners: bool = False

    def shape(self, x: Tensor) -> Tensor:
        self._mode(self.mode, self.align_corners, x)
        sizes = each(self, "size", x)
        for size in sizes:
            if compare(size, 1) == -1:
                raise Mistake("E0305", f"`Resize` would make an image of size {brief(size)}", "size")
        return Tensor((*x.sizes[:2], *sizes))

    def flops(self, x: Tensor) -> Size:
        return self._flops(self.mode, self.shape(x))

    def dependence(self, x: Traced, *like: Traced | None) -> Steps:
        return across(x, range(2, x.rank), "interpolates between steps")

    def torch(self, x: Tensor) -> Code:
        sizes = each(self, "size", x)
        options = self._options(self.mode, self.align_corners, x)
        return apply("F.interpolate", X, size=folded(sizes), **options)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.resize(x, each(self, "size", x.type), self.mode, self.align_corners)


class PixelShuffle(Operator, kind="shape"):
    """Moves groups of r * r channels into squares of pixels, after Shi et al., "Real-Time Single Image and Video
    Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", 2016.

    [1, 12, 8, 8] -> PixelShuffle(2)    # [1, 3, 16, 16]
    [B, 27, H, W] -> PixelShuffle(3)    # [B, 3, 3 * H, 3 * W]
    """

    upscale_factor: Extent

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(4, 5), "[B, C, H, W]", "x")
        r, c = self.upscale_factor, x.sizes[1]
        group = r * r
        need_divisor(self, group, c, f"{brief(group)} does not divide {brief(c)} channels", "upscale_factor", "numbers")
        return x.with_shape(x.sizes[0], quotient(c, group), x.sizes[2] * r, x.sizes[3] * r)

    def dependence(self, x: Traced) -> Steps:
        return across(x, range(1, x.rank), "moves steps into space")

    def torch(self, x: Tensor) -> Code:
        return apply("F.pixel_shuffle", X, self.upscale_factor)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op("DepthToSpace", x, blocksize=self.upscale_factor, mode="CRD")

    def because(self, output: Tensor, x: Tensor) -> str:
        return both(f"{brief(output.sizes[1])} channels", change(x.sizes[2:], output.sizes[2:]))


class PixelUnshuffle(Operator, kind="shape"):
    """Moves squares of r * r pixels into channels: space to depth.

    [1, 3, 16, 16] -> PixelUnshuffle(2)    # [1, 12, 8, 8]
    [B, 1, 3 * H, 3 * W] -> PixelUnshuffle(3)    # [B, 9, H, W]
    """

    downscale_factor: Extent

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(4, 5), "[B, C, H, W]", "x")
        r = self.downscale_factor
        for size, name in zip(x.sizes[2:], ("height", "width"), strict=True):
            title = f"{brief(r)} does not divide a {name} of {brief(size)}"
            need_divisor(self, r, size, title, "downscale_factor", "numbers")
        return x.with_shape(x.sizes[0], x.sizes[1] * r * r, quotient(x.sizes[2], r), quotient(x.sizes[3], r))

    def dependence(self, x: Traced) -> Steps:
        return across(x, range(1, x.rank), "moves steps into channels")

    def torch(self, x: Tensor) -> Code:
        return apply("F.pixel_unshuffle", X, self.downscale_factor)

    def onnx(self, g: Onnx, x: Wire) -> str:
        (b, c, h, w), r = x.sizes, self.downscale_factor
        apart = (b, c, quotient(h, r), r, quotient(w, r), r)
        moved = g.transpose(g.reshape(x, x.sizes, apart), 0, 1, 3, 5, 2, 4)
        return g.reshape(moved, tuple(apart[i] for i in (0, 1, 3, 5, 2, 4)), self.shape(x.type).sizes)

    def because(self, output: Tensor, x: Tensor) -> str:
        return both(f"{brief(output.sizes[1])} channels", change(x.sizes[2:], output.sizes[2:]))
