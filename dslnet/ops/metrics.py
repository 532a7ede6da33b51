"""Metrics: what is watched in training and never descended.

Enters: a prediction and a target. Leaves: a scalar of one batch. Where torchmetrics has the same metric, training
accumulates it with that class, whose name is `torchmetrics`; the definitions agree.
"""

from typing import Any, ClassVar, Literal

from ..shape import Tensor, compare
from .arguments import Count, Positive, Real
from .axes import brief, when_known
from .base import Mistake, Operator
from .code import Attr, Code, Infix, X, Y, apply, method
from .losses import alike, cross_entropy, floats, need_alike, need_binary, need_classes, need_prediction


class Metric(Operator, abstract=True, kind="metric"):
    """What metrics have in common."""

    torchmetrics: ClassVar[str | None] = None


class Classified(Metric, abstract=True):
    """A metric of scores against class numbers."""

    def axis(self, x: Tensor, y: Tensor) -> int:
        """The class axis."""
        need_prediction(self.name, x)
        return need_classes(self.name, x, y)

    def shape(self, prediction: Tensor, target: Tensor) -> Tensor:
        self.axis(prediction, target)
        return Tensor(())


class Accuracy(Classified):
    """The share of class numbers that are among the `top` highest scores; for a target of the prediction's shape, of
    the yes and no that a `threshold` gives: 0.5 for probabilities, 0 for log-odds.

    [B, 10] -> Accuracy to [B] long < 10    # []
    [B, T, 100] -> Accuracy(top=5) to [B, T] long    # []
    [B, 1] -> Accuracy(threshold=0) to [B, 1]    # []
    """

    torchmetrics = "Accuracy"

    top: Count = 1
    threshold: Real = 0.5

    @when_known("top")
    def shape(self, prediction: Tensor, target: Tensor) -> Tensor:
        if alike(prediction, target):
            need_prediction("Accuracy", prediction)
            need_binary("Accuracy", target)
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
        return method(method(right, "float"), "mean")


class F1(Classified):
    """The harmonic mean of precision and recall, 2 tp / (2 tp + fp + fn): the mean over classes that occur, or over
    all decisions (`average="micro"`).

    [B, 10] -> F1 to [B] long < 10    # []
    [8, 3] -> F1(average="micro") to [8] long < 3    # []
    """

    torchmetrics = "F1Score"

    average: Literal["macro", "micro"] = "macro"

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        axis = self.axis(prediction, target)
        return apply("f1", method(X, "argmax", dim=axis), Y, prediction.sizes[axis], self.average)


class MeanIoU(Classified):
    """Intersection over union, tp / (tp + fp + fn): the mean over the classes that occur.

    [B, 21, H, W] -> MeanIoU to [B, H, W] long < 21    # []
    """

    torchmetrics = "JaccardIndex"

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        axis = self.axis(prediction, target)
        return apply("mean_iou", method(X, "argmax", dim=axis), Y, prediction.sizes[axis])


class PSNR(Metric):
    """Peak signal-to-noise ratio in decibels: 10 log10(data_range^2 / mean squared error).

    [B, 3, H, W] -> PSNR to [B, 3, H, W]    # []
    """

    torchmetrics = "PeakSignalNoiseRatio"

    data_range: Positive = 1

    def shape(self, prediction: Tensor, target: Tensor) -> Tensor:
        need_prediction("PSNR", prediction)
        need_alike("PSNR", prediction, target)
        return Tensor(())

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        error = apply("F.mse_loss", X, floats(Y, target))
        peak: Any = self.data_range * self.data_range
        return Infix("*", 10, method(Infix("/", peak, error), "log10"))


class Perplexity(Classified):
    """e to the mean cross entropy of the true next tokens.

    [B, T, 100] -> Perplexity to [B, T] long < 100    # []
    """

    torchmetrics = "Perplexity"

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        return method(cross_entropy(prediction, target, self.axis(prediction, target)), "exp")
