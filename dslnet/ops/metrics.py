"""Metrics: what is watched in training and never descended.

Enters: a prediction and a target. Leaves: a scalar of one batch, of which training takes the mean over the rows of an
epoch.
"""

from math import log
from typing import Any, ClassVar, Literal

from ..shape import UNKNOWN, Tensor, compare
from .arguments import Count, Positive, Real, Whole
from .axes import brief, when_known
from .base import Mistake, Onnx, Operator, Wire
from .code import Attr, Code, Expression, Infix, X, Y, apply, method
from .losses import alike, cross_entropy, floats, need_alike, need_binary, need_classes, need_prediction


class Metric(Operator, abstract=True, kind="metric"):
    """What metrics have in common."""

    #: Whether a greater value is a better one.
    higher: ClassVar[bool] = True


class Classified(Metric, abstract=True):
    """A metric of scores against class numbers, of which those that are `ignore_index` do not count."""

    ignore_index: Whole | None = None

    def axis(self, x: Tensor, y: Tensor) -> int:
        """The class axis."""
        need_prediction(self.name, x)
        return need_classes(self.name, x, y)

    def shape(self, prediction: Tensor, target: Tensor) -> Tensor:
        self.axis(prediction, target)
        return Tensor(())

    def counted(self, each: Expression) -> Expression:
        """What is said or true of each row, of those rows that count."""
        return each if self.ignore_index is None else method(each, "masked_select", Infix("!=", Y, self.ignore_index))


class Accuracy(Classified):
    """The share of class numbers that are among the `top` highest scores; for a target of the prediction's shape, of
    the yes and no that a `threshold` gives: 0.5 for probabilities, 0 for log-odds. Rows whose class number is
    `ignore_index` do not count, as in `CrossEntropy(ignore_index=-1)`.

    [B, 10] -> Accuracy to [B] long < 10    # []
    [N, 7] -> Accuracy(ignore_index=-1) to [N] long < 7    # []
    [B, T, 100] -> Accuracy(top=5) to [B, T] long    # []
    [B, 1] -> Accuracy(threshold=0) to [B, 1]    # []
    """

    top: Count = 1
    threshold: Real = 0.5

    @when_known("top")
    def shape(self, prediction: Tensor, target: Tensor) -> Tensor:
        if alike(prediction, target):
            need_prediction("Accuracy", prediction)
            need_binary("Accuracy", target)
            if self.ignore_index not in (None, UNKNOWN):
                raise Mistake("E0511", "`ignore_index` is for class numbers, the target has yes and no", "ignore_index")
            return Tensor(())
        axis = self.axis(prediction, target)
        if compare(self.top, prediction.sizes[axis]) == 1:
            classes = brief(prediction.sizes[axis])
            raise Mistake("E0301", f"`Accuracy` in the top {self.top} of {classes} classes is always 1", "top")
        return Tensor(())

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        right: Any
        if alike(prediction, target):
            said, true = Infix(">", X, self.threshold), Y if target.dtype == "bool" else Infix(">", Y, 0.5)
            return method(method(Infix("==", said, true), "float"), "mean")
        axis = self.axis(prediction, target)
        if self.top == 1:
            right = Infix("==", method(X, "argmax", dim=axis), Y)
        else:
            best = apply("torch.topk", X, self.top, dim=axis)
            right = method(Infix("==", Attr(best, "indices"), method(Y, "unsqueeze", axis)), "any", dim=axis)
        return method(method(self.counted(right), "float"), "mean")

    def onnx(self, g: Onnx, x: Wire, y: Wire) -> str:
        if alike(x.type, y.type):
            true = y.name if y.dtype == "bool" else g.op("Greater", g.typed(y, "float"), g.number(0.5))
            right = g.op("Equal", g.op("Greater", x, g.number(self.threshold)), true)
            return g.reduced(g.cast(right, "float"), "mean")
        axis = self.axis(x.type, y.type)
        _, best = g.ops(2, "TopK", x, g.size(self.top), axis=axis)
        right = g.cast(g.op("Equal", best, g.unsqueeze(y, axis)), "float")
        return g.mean_kept(g.reduce("ReduceMax", right, (axis,)), y, self.ignore_index)


class F1(Classified):
    """The harmonic mean of precision and recall, 2 tp / (2 tp + fp + fn): the mean over classes that occur, or over
    all decisions (`average="micro"`).

    [B, 10] -> F1 to [B] long < 10    # []
    [8, 3] -> F1(average="micro") to [8] long < 3    # []
    """

    average: Literal["macro", "micro"] = "macro"

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        axis = self.axis(prediction, target)
        said, true = self.counted(method(X, "argmax", dim=axis)), self.counted(Y)
        return apply("f1", said, true, prediction.sizes[axis], self.average)

    def onnx(self, g: Onnx, x: Wire, y: Wire) -> str:
        right, said, true = g.confusion(x, y, self.axis(x.type, y.type), self.ignore_index)
        right, both = g.scaled(right, 2), g.op("Add", said, true)
        if self.average == "micro":
            return g.op("Div", g.reduced(right, "sum"), g.reduced(both, "sum"))
        return g.mean_of_shares(right, both)


class MeanIoU(Classified):
    """Intersection over union, tp / (tp + fp + fn): the mean over the classes that occur.

    [B, 21, H, W] -> MeanIoU to [B, H, W] long < 21    # []
    """

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        axis = self.axis(prediction, target)
        said, true = self.counted(method(X, "argmax", dim=axis)), self.counted(Y)
        return apply("mean_iou", said, true, prediction.sizes[axis])

    def onnx(self, g: Onnx, x: Wire, y: Wire) -> str:
        right, said, true = g.confusion(x, y, self.axis(x.type, y.type), self.ignore_index)
        return g.mean_of_shares(right, g.op("Sub", g.op("Add", said, true), right))


class PSNR(Metric):
    """Peak signal-to-noise ratio in decibels: 10 log10(data_range^2 / mean squared error).

    [B, 3, H, W] -> PSNR to [B, 3, H, W]    # []
    """

    data_range: Positive = 1

    def shape(self, prediction: Tensor, target: Tensor) -> Tensor:
        need_prediction("PSNR", prediction)
        need_alike("PSNR", prediction, target)
        return Tensor(())

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        error = apply("F.mse_loss", X, floats(Y, target))
        peak: Any = self.data_range * self.data_range
        return Infix("*", 10, method(Infix("/", peak, error), "log10"))

    def onnx(self, g: Onnx, x: Wire, y: Wire) -> str:
        error = g.difference(x, y)
        ratio = g.op("Div", g.number(self.data_range**2), g.reduced(g.op("Mul", error, error), "mean"))
        return g.scaled(g.op("Log", ratio), 10 / log(10))


class Perplexity(Classified):
    """e to the mean cross entropy of the true next tokens.

    [B, T, 100] -> Perplexity to [B, T] long < 100    # []
    """

    higher = False

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        options = {} if self.ignore_index is None else {"ignore_index": self.ignore_index}
        return method(cross_entropy(prediction, target, self.axis(prediction, target), **options), "exp")

    def onnx(self, g: Onnx, x: Wire, y: Wire) -> str:
        return g.op("Exp", g.cross_entropy(x, y, self.axis(x.type, y.type), ignored=self.ignore_index))
