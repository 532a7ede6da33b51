"""Boxes that change images at random in training, and nothing in evaluation.

Enters: one image [B, C, H, W] (for some a signal or a volume) as numbers with a point. Leaves: the same shape. Each
sample has a draw of its own. Inference, export and the count of FLOPs see the identity.
"""

from typing import Annotated, Literal

from ..shape import UNKNOWN, Dim, Size, Tensor, compare
from .arguments import Amounts, Axis, ListType, NonNegative, Probability, RealType
from .base import Mistake, Onnx, Operator, Wire
from .code import Code, Training, X, apply
from .dependence import Steps, Traced, across
from .rules import brief, known_axis, need_float, need_known, need_rank
from .windows import each, folded, need_space

#: A least and a greatest value.
Span = Annotated[tuple[float, ...], ListType(RealType(0))]
#: Shares of the height and the width, or one for both.
Shares = Annotated[tuple[float, ...], ListType(RealType(0, 1))]


class Augmentation(Operator, kind="dropout", stochastic=True, abstract=True):
    """What is drawn in training only."""

    def flops(self, x: Tensor) -> Size:
        return 0  # nothing is computed at inference

    def dependence(self, x: Traced) -> Steps:
        return across(x, range(2, x.rank), "moves steps in training")

    def onnx(self, g: Onnx, x: Wire) -> str:
        return x.name


class RandomFlip(Augmentation):
    """Mirrors a sample along an axis of space with probability `p`: -1 is left and right, -2 up and down.

    [B, 3, 32, 32] -> RandomFlip    # [B, 3, 32, 32]
    [B, 3, H, W] -> RandomFlip(0.3, axis=-2)    # [B, 3, H, W]
    """

    p: Probability = 0.5
    axis: Axis = -1

    def shape(self, x: Tensor) -> Tensor:
        need_space(self, x)
        need_float(self, x, "x")
        axis = known_axis(self, x)
        if axis is not None and axis < 2:
            raise Mistake("E0308", f"`RandomFlip` mirrors space, not axis {self.axis}", "axis", "from 2 on")
        return x

    def torch(self, x: Tensor) -> Code:
        return apply("random_flip", X, self.p, self.axis, Training())


class RandomCrop(Augmentation):
    """Pads by `padding` on each side and cuts the old size out at a random place, so that a sample moves by as much
    (Krizhevsky, 2012). What comes in at the border is 0, or the border itself with `mode="replicate"`.

    [B, 3, 32, 32] -> RandomCrop(4)    # [B, 3, 32, 32]
    [B, 1, H, W] -> RandomCrop([2, 0], mode="replicate")    # [B, 1, H, W]
    [B, 8, T] -> RandomCrop(3)    # [B, 8, T]
    """

    padding: Amounts
    mode: Literal["constant", "replicate"] = "constant"

    def shape(self, x: Tensor) -> Tensor:
        need_space(self, x)
        need_float(self, x, "x")
        need_known(self, "padding")
        for amount, size in zip(each(self, "padding", x), x.sizes[2:], strict=True):
            if compare(amount, size) in (0, 1):
                title = f"`RandomCrop` by {brief(amount)} may leave nothing of a size of {brief(size)}"
                raise Mistake("E0307", title, "padding", "less than the size")
        return x

    def torch(self, x: Tensor) -> Code:
        return apply("random_crop", X, folded(each(self, "padding", x)), self.mode, Training())


class RandomErasing(Augmentation):
    """Sets a random rectangle of a sample to `value` with probability `p` (Zhong et al., 2020). `scale` bounds its
    share of the image, `ratio` its height divided by its width.

    [B, 3, 32, 32] -> RandomErasing    # [B, 3, 32, 32]
    [B, 3, H, W] -> RandomErasing(0.25, scale=[0.02, 0.2])    # [B, 3, H, W]
    """

    p: Probability = 0.5
    scale: Span = (0.02, 0.33)
    ratio: Span = (0.3, 3.3)
    value: Annotated[float, RealType()] = 0

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(4, 5), "[B, C, H, W]", "x")
        need_float(self, x, "x")
        need_span(self, "scale", 1)
        need_span(self, "ratio")
        return x

    def torch(self, x: Tensor) -> Code:
        return apply("random_erasing", X, self.p, self.scale, self.ratio, self.value, Training())


class RandomAffine(Augmentation):
    """Turns a sample by up to `degrees` either way, shifts it by up to `translate` of its size and scales it by a
    factor between the two of `scale`; between the pixels it is bilinear, and 0 outside.

    [B, 1, 28, 28] -> RandomAffine(10)    # [B, 1, 28, 28]
    [B, 3, H, W] -> RandomAffine(translate=[0.1, 0.2], scale=[0.9, 1.1])    # [B, 3, H, W]
    """

    degrees: Annotated[float, RealType(0, 180)] = 0
    translate: Shares = (0, 0)
    scale: Span = (1, 1)

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(4, 5), "[B, C, H, W]", "x")
        need_float(self, x, "x")
        if UNKNOWN not in self.translate and len(self.translate) not in (1, 2):
            title = f"`translate` of RandomAffine has {len(self.translate)} numbers"
            raise Mistake("E0301", title, "translate", "one for the height and one for the width")
        need_span(self, "scale", positive=True)
        return x

    def torch(self, x: Tensor) -> Code:
        translate = self.translate * 2 if len(self.translate) == 1 else self.translate
        return apply("random_affine", X, self.degrees, translate, self.scale, Training())


class ColorJitter(Augmentation):
    """Multiplies a sample by a random factor within `brightness` of 1, and its distance from its mean by one within
    `contrast`. Nothing is clamped, so it works on normalised images too.

    [B, 3, 32, 32] -> ColorJitter(brightness=0.2)    # [B, 3, 32, 32]
    [B, C, H, W] -> ColorJitter(0.1, 0.4)    # [B, C, H, W]
    """

    brightness: NonNegative = 0
    contrast: NonNegative = 0

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(4, 5), "[B, C, H, W]", "x")
        need_float(self, x, "x")
        for name in ("brightness", "contrast"):
            if getattr(self, name) is not UNKNOWN and getattr(self, name) > 1:
                title = f"`{name}` of ColorJitter is a number from 0 to 1"
                raise Mistake("E0301", title, name, "else a factor may be negative")
        return x

    def torch(self, x: Tensor) -> Code:
        return apply("color_jitter", X, self.brightness, self.contrast, Training())


def need_span(op: Operator, argument: str, most: float | None = None, positive: bool = False) -> None:
    """E0301 unless an argument is a least and a greatest value, at most `most`."""
    value: tuple[float, ...] = getattr(op, argument)
    if any(isinstance(number, Dim) for number in value):
        return
    if len(value) != 2:
        title = f"`{argument}` of {op.name} is a least and a greatest value"
        raise Mistake("E0301", title, argument, f"{len(value)} of them")
    low, high = value
    if low > high:
        raise Mistake("E0301", f"`{argument}` of {op.name} goes from {low} down to {high}", argument, "least first")
    if most is not None and high > most:
        raise Mistake("E0301", f"`{argument}` of {op.name} goes up to {high}, past {most}", argument)
    if low <= 0 and (positive or argument == "ratio"):
        raise Mistake("E0301", f"`{argument}` of {op.name} is above 0", argument)
