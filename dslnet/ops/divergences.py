"""Losses between distributions: the one that a model predicts, and the truth or a teacher's.

Enters: a prediction and a target. Leaves: a scalar, or with `reduction="none"` one number for each element.
"""

from typing import Any, Literal

from ..shape import Size, Tensor, numel, quotient, same, shape_text
from .arguments import Axis, Flag, Positive
from .axes import axis_of, brief, kind_of, pair, when_known
from .base import Mistake, Onnx, Operator, Wire
from .code import Code, Cut, Infix, Subscript, X, Y, apply, method
from .losses import Loss, alike, cross_entropy, floats, need_alike, need_binary, need_classes, need_prediction, typed


class NLL(Loss):
    """Negative log-likelihood of the target under a head: `Categorical` when the target is class numbers and lacks
    the class axis, `Bernoulli` when it has the prediction's shape, `Gaussian` when its last axis is half of the
    prediction's (up to the constant log(2 pi) / 2).

    [B, 10] -> NLL to [B] long < 10    # []
    [B, 6] -> NLL to [B, 6]    # []
    [B, 8] -> NLL to [B, 4]    # []
    """

    def _family(self, x: Tensor, y: Tensor) -> str:
        if x.rank == y.rank:
            if alike(x, y):
                return "Bernoulli"
            halves = x.rank > 0 and all(map(same, x.sizes[:-1], y.sizes[:-1])) and same(x.sizes[-1], 2 * y.sizes[-1])
            if halves:
                return "Gaussian"
        elif x.rank == y.rank + 1 and y.dtype == "long":
            return "Categorical"
        helps = (
            f"`Categorical`: `target {{target}}: {shape_text(x.sizes[:-1])} long`",
            f"`Bernoulli`: `target {{target}}: {shape_text(x.sizes)}`",
        )
        title = f"`NLL` knows no distribution of {pair(x, y)}"
        raise Mistake("E0511", title, "target", f"`{{target}}` is {typed(y)}"[:49], helps=helps)

    def under(self, head: str, prediction: Tensor, target: Tensor) -> None:
        """E0511 where the shapes say another distribution than the head that made the prediction."""
        if prediction.dtype != "float" or self._family(prediction, target) == head:
            return
        sizes, dtype = prediction.sizes, "float"
        if head != "Bernoulli":
            sizes = sizes[:-1] if head == "Categorical" else (*sizes[:-1], quotient(sizes[-1], 2))
            dtype = "long" if head == "Categorical" else "float"
        title = f"`NLL` of a `{head}` wants a target of another shape, `{{target}}` is {kind_of(target, 16)}"
        helps = (f"`target {{target}}: {shape_text(sizes, dtype)}`",)
        raise Mistake("E0511", title, "target", f"the prediction is {kind_of(prediction)}"[:49], helps=helps)

    @when_known("reduction")
    def shape(self, prediction: Tensor, target: Tensor) -> Tensor:
        need_prediction("NLL", prediction)
        family = self._family(prediction, target)
        if family == "Categorical":
            axis = need_classes("NLL", prediction, target)
            return self.result((*prediction.sizes[:axis], *prediction.sizes[axis + 1 :]))
        if family == "Bernoulli":
            need_binary("NLL", target)
        return self.result(target.sizes)

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        family = self._family(prediction, target)
        if family == "Categorical":
            return cross_entropy(prediction, target, need_classes("NLL", prediction, target), **self.reduced())
        if family == "Bernoulli":
            return apply("F.binary_cross_entropy_with_logits", X, floats(Y, target), **self.reduced())
        half: Any = target.sizes[-1]
        mean = Subscript(X, (..., Cut(None, half)))
        spread = Subscript(X, (..., Cut(half, None)))
        return apply("F.gaussian_nll_loss", mean, floats(Y, target), method(spread, "exp"), **self.reduced())

    def onnx(self, g: Onnx, x: Wire, y: Wire) -> str:
        family = self._family(x.type, y.type)
        if family == "Categorical":
            return g.cross_entropy(x, y, need_classes("NLL", x.type, y.type), self.reduction)
        return g.reduced(g.binary_entropy(x, y) if family == "Bernoulli" else self._gaussian(g, x, y), self.reduction)

    def _gaussian(self, g: Onnx, x: Wire, y: Wire) -> str:
        half, last = y.sizes[-1], x.rank - 1
        mean = g.wire(g.slice(x, last, 0, half), Tensor(y.sizes))
        variance = g.above(g.op("Exp", g.slice(x, last, half)), 1e-6)  # PyTorch's least
        error = g.difference(mean, y)
        return g.scaled(g.op("Add", g.op("Log", variance), g.op("Div", g.op("Mul", error, error), variance)), 0.5)


class KLDiv(Loss):
    """y (log y - x) for a prediction of log-probabilities x and probabilities y. The mean is over all elements, as
    in PyTorch; `reduction="batchmean"` is the divergence of the distributions.

    [B, 10] -> KLDiv to [B, 10]    # []
    [2, 5] -> KLDiv(reduction="batchmean", log_target=true) to [2, 5]    # []
    """

    reduction: Literal["mean", "batchmean", "sum", "none"] = "mean"  # type: ignore[assignment]
    log_target: Flag = False

    def shape(self, prediction: Tensor, target: Tensor) -> Tensor:
        need_prediction("KLDiv", prediction)
        need_alike("KLDiv", prediction, target)
        return self.result(prediction.sizes)

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        more = {"log_target": True} if self.log_target else {}
        if self.reduction == "mean":  # by hand, because PyTorch announces that its "mean" will become "batchmean"
            return method(apply("F.kl_div", X, floats(Y, target), reduction="none", **more), "mean")
        return apply("F.kl_div", X, floats(Y, target), **self.reduced(), **more)

    def node(self, g: Onnx, x: Wire, y: Wire) -> str:
        return g.divergence(x, g.typed(y, "float"), bool(self.log_target))


class Distill(Operator, kind="loss"):
    """T^2 KL(softmax(y / T) || softmax(x / T)), of a student x to a teacher y (Hinton et al., 2015), the mean over
    samples. The class axis is the last, or 1 where axes of space follow.

    [B, 100] -> Distill(4) to [B, 100]    # []
    [B, T, 50] -> Distill(2) to [B, T, 50]    # []
    """

    temperature: Positive
    axis: Axis | None = None

    def _axis(self, x: Tensor) -> int:
        if self.axis is None:
            return 1 if x.rank > 3 else max(x.rank - 1, 0)
        return axis_of("Distill", self.axis, x)

    @when_known("axis")
    def shape(self, prediction: Tensor, target: Tensor) -> Tensor:
        need_prediction("Distill", prediction)
        if target.dtype != "float":
            raise Mistake(
                "E0511",
                f"`Distill` learns from a teacher's logits, `{{target}}` is {kind_of(target)}",
                "target",
                "not float",
                helps=("`CrossEntropy` learns from class numbers",),
            )
        if prediction.rank and prediction.rank == target.rank:
            axis = self._axis(prediction)
            mine, theirs = prediction.sizes[axis], target.sizes[axis]
            if not same(mine, theirs):
                title = f"teacher and student do not make the same classes: {brief(theirs)} and {brief(mine)}"
                facts = (("target", f"{brief(theirs)} classes"), ("prediction", f"{brief(mine)} classes"))
                raise Mistake("E0510", title, "target", "this teacher", others=facts)
        need_alike("Distill", prediction, target)
        if not prediction.rank:
            raise Mistake("E0302", "`Distill` wants classes, got two scalars")
        return Tensor(())

    def flops(self, prediction: Tensor, target: Tensor) -> Size:
        return 8 * numel(prediction.sizes)

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        axis = self._axis(prediction)
        t: Any = self.temperature
        student, teacher = (X, Y) if t == 1 else (Infix("/", X, t), Infix("/", Y, t))
        divergence = apply(
            "F.kl_div",
            apply("F.log_softmax", student, dim=axis),
            apply("F.log_softmax", teacher, dim=axis),
            reduction="batchmean",
            log_target=True,
        )
        return divergence if t == 1 else Infix("*", t * t, divergence)

    def onnx(self, g: Onnx, x: Wire, y: Wire) -> str:
        axis, t = self._axis(x.type), self.temperature
        mine, theirs = (g.op("LogSoftmax", g.scaled(z, 1 / t), axis=axis) for z in (x, y))
        return g.scaled(g.reduced(g.divergence(mine, theirs, True), "batchmean", x.sizes[0]), t * t)
