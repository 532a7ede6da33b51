"""Losses: what training makes small.

Enters: a prediction and a target (for some, two or three predictions). Leaves: a scalar, or with
`reduction="none"` one number for each element. Where PyTorch would broadcast a prediction and a target of
different shapes in silence, there is a mistake (E0511) here.
"""

from typing import Any, Literal

from ..shape import UNKNOWN, Shape, Size, Tensor, compare, numel, same, shape_text
from .arguments import Positive, Probability, Reals, Whole
from .axes import brief, has_unknown, kind_of, pair, when_known
from .base import Argument, Mistake, Onnx, Operator, Wire
from .code import Code, Expression, X, Y, apply, as_floats, method

Reduction = Literal["mean", "sum", "none"]


def typed(x: Tensor) -> str:
    """A type with its dtype, which a plain `[B]` leaves to the reader."""
    return f"{kind_of(x)} float" if x.dtype == "float" else kind_of(x)


def alike(x: Tensor, y: Tensor) -> bool:
    """Whether two shapes may be the same."""
    return x.rank == y.rank and all(map(same, x.sizes, y.sizes))


def need_prediction(box: str, x: Tensor, at: str | None = None) -> None:
    """A prediction is made of numbers with a point."""
    if x.dtype != "float":
        raise Mistake("E0511", f"`{box}` wants numbers with a point, the prediction is {kind_of(x)}", at, x.dtype)


def need_alike(box: str, x: Tensor, y: Tensor) -> None:
    """A target is as large as the prediction, element by element."""
    if alike(x, y):
        return
    helps = [f"`target {{target}}: {shape_text(x.sizes)}`"]
    if x.rank == y.rank + 1 and x.sizes[-1] == 1:
        helps.append("or `Squeeze(-1)` before the loss")
    title = f"`{box}` compares equal shapes, {x} with a target of {y}"
    if len(title) > 80:
        title = f"`{box}` compares equal shapes, got {pair(x, y)}"
    raise Mistake("E0511", title, "target", f"the target is {kind_of(y)}", helps=tuple(helps))


def class_axis(box: str, x: Tensor, y: Tensor) -> int | None:
    """The axis of the prediction that a target of class numbers lacks; None when it lacks none or several."""
    if y.rank + 1 != x.rank:
        return None
    found = [
        axis
        for axis in range(x.rank)
        if axis or x.rank == 1
        if all(map(same, (*x.sizes[:axis], *x.sizes[axis + 1 :]), y.sizes))
    ]
    known = [axis for axis in found if y.below is not None and x.sizes[axis] == y.below]
    if len(found) > 1 and not known:
        # [B, C, H, W] has its classes behind the batch, [B, T, classes] at the end
        return found[0] if x.rank > 3 else found[-1]
    return known[0] if known else found[0] if found else None


def need_classes(box: str, x: Tensor, y: Tensor) -> int:
    """The class axis of a prediction whose target is class numbers, or the mistake that says why there is none."""
    wanted = (*x.sizes[:1], *x.sizes[2:]) if x.rank > 3 else x.sizes[:-1]
    classes = x.sizes[1] if x.rank > 3 else x.sizes[-1] if x.rank else 1
    told = f"{shape_text(wanted)} long < {classes}"
    fixes = ((f"`target {{target}}: {told}`", "target", told),)
    if y.dtype != "long":
        title = f"{box} wants class numbers, `{{target}}` is {typed(y)}"
        fact = "no `long`: a float" if y.dtype == "float" else "true or false"
        raise Mistake("E0511", title, "target", "this target", others=(("target", fact),), fixes=fixes)
    axis = class_axis(box, x, y)
    if axis is None:
        title = f"{box}: `{{target}}` {kind_of(y, 20)} is not {kind_of(x, 20)} less an axis"
        if len(title) > 80:
            title = f"{box}: `{{target}}` is not the prediction less its class axis"
        raise Mistake("E0511", title, "target", "the class axis is the one it lacks", fixes=fixes)
    need_range(box, x.sizes[axis], y)
    return axis


def need_range(box: str, classes: Size, y: Tensor) -> None:
    """E0313 when class numbers certainly leave their range."""
    if y.below is not None and compare(y.below, classes) == 1:
        title = f"class numbers go up to {brief(y.below - 1)}, the prediction has {brief(classes)} classes"
        raise Mistake("E0313", title, "target", f"`< {brief(y.below)}`", helps=(f"`Linear({y.below})` makes as many",))


def need_binary(box: str, y: Tensor) -> None:
    """E0511 when a target of whole numbers certainly has others than 0 and 1."""
    if y.below is not None and compare(y.below, 2) == 1:
        title = f"{box} wants 0 or 1, `{{target}}` goes up to {brief(y.below - 1)}"
        raise Mistake("E0511", title, "target", f"the target is {kind_of(y)}", helps=("class numbers: `CrossEntropy`",))


def floats(code: Expression, x: Tensor) -> Expression:
    """A target as numbers with a point."""
    return code if x.dtype == "float" else as_floats(code)


def classes_first(x: Tensor, axis: int, code: Expression = X) -> Expression:
    """The prediction with its class axis where PyTorch wants it, behind the batch."""
    if axis <= 1:
        return code
    return method(code, "transpose", 1, 2) if x.rank == 3 else method(code, "movedim", axis, 1)


class Loss(Operator, abstract=True, kind="loss"):
    """What losses have in common: how the elements' losses become one number."""

    reduction: Reduction = "mean"

    @classmethod
    def declared(cls) -> dict[str, Argument]:
        # what a figure would print comes first: `Focal(2)`
        return dict(sorted(super().declared().items(), key=lambda item: item[0] == "reduction"))

    def result(self, shape: Shape) -> Tensor:
        """The type of the loss; `shape` is that of the elements' losses."""
        return Tensor(shape if self.reduction == "none" else ())

    def reduced(self) -> dict[str, Any]:
        """`reduction` as PyTorch has it, left out when it is the default."""
        return {} if self.reduction == "mean" else {"reduction": self.reduction}

    def gathered(self, code: Expression) -> Expression:
        """The elements' losses put together."""
        return code if self.reduction == "none" else method(code, self.reduction)

    def flops(self, *xs: Any) -> Size:
        return 4 * numel(xs[0].sizes)

    def onnx(self, g: Onnx, *xs: Any) -> str:
        """The elements' losses put together; a family's `node` makes them."""
        return g.reduced(self.node(g, *xs), self.reduction, xs[0].sizes[0] if xs[0].rank else 1)

    def node(self, g: Onnx, *xs: Any) -> str:
        """The elements' losses."""
        raise NotImplementedError


class CrossEntropy(Loss):
    """-log softmax(x) at the true class, over the axis of the prediction that the target lacks; or against a whole
    distribution when the target has every axis. Its classes are then the last axis, or 1 where axes of space follow.

    [B, 10] -> CrossEntropy to [B] long < 10    # []
    [B, T, 100] -> CrossEntropy to [B, T] long    # []
    [2, 5, 8, 8] -> CrossEntropy(label_smoothing=0.1, reduction="none") to [2, 8, 8] long < 5    # [2, 8, 8]
    [B, 10] -> CrossEntropy to [B, 10]    # []
    [B, T, 10] -> CrossEntropy(reduction="none") to [B, T, 10]    # [B, T]
    """

    label_smoothing: Probability = 0
    ignore_index: Whole | None = None
    weight: Reals | None = None

    def _axis(self, x: Tensor, target: Tensor) -> int:
        if target.dtype == "float" and alike(x, target) and x.rank:
            return 1 if x.rank > 3 else x.rank - 1
        return need_classes("CrossEntropy", x, target)

    @when_known("reduction")
    def shape(self, prediction: Tensor, target: Tensor) -> Tensor:
        need_prediction("CrossEntropy", prediction)
        axis = self._axis(prediction, target)
        classes = prediction.sizes[axis]
        if isinstance(self.weight, tuple) and not has_unknown(self.weight) and not same(len(self.weight), classes):
            title = f"`weight` of CrossEntropy has {len(self.weight)} numbers for {brief(classes)} classes"
            raise Mistake("E0511", title, "weight")
        if self.ignore_index not in (None, UNKNOWN) and target.dtype == "float":
            raise Mistake("E0511", "`ignore_index` is for class numbers, the target has probabilities", "ignore_index")
        return self.result((*prediction.sizes[:axis], *prediction.sizes[axis + 1 :]))

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        axis = self._axis(prediction, target)
        options: dict[str, Any] = self.reduced()
        if self.label_smoothing:
            options["label_smoothing"] = self.label_smoothing
        if self.ignore_index is not None:
            options["ignore_index"] = self.ignore_index
        if self.weight is not None:
            options["weight"] = method(X, "new_tensor", self.weight)
        return cross_entropy(prediction, target, axis, **options)

    def onnx(self, g: Onnx, x: Wire, y: Wire) -> str:
        axis = self._axis(x.type, y.type)
        return g.cross_entropy(x, y, axis, self.reduction, self.weight, self.label_smoothing, self.ignore_index)


def cross_entropy(x: Tensor, y: Tensor, axis: int, **options: Any) -> Expression:
    """The call of PyTorch for a class axis anywhere."""
    if axis > 1 and axis == x.rank - 1 and options.get("reduction") != "none" and y.dtype == "long":
        return apply("F.cross_entropy", method(X, "flatten", 0, -2), method(Y, "flatten"), **options)
    truth = classes_first(y, axis, Y) if y.rank == x.rank else Y
    return apply("F.cross_entropy", classes_first(x, axis), truth, **options)


class Elementwise(Loss, abstract=True):
    """A loss of each element against one of the target; `called` is PyTorch's function."""

    binary = False

    def shape(self, prediction: Tensor, target: Tensor) -> Tensor:
        need_prediction(self.name, prediction)
        need_alike(self.name, prediction, target)
        if self.binary:
            need_binary(self.name, target)
        return self.result(prediction.sizes)

    def call(self, function: str, target: Tensor, **options: Any) -> Code:
        return apply(function, X, floats(Y, target), **options, **self.reduced())


class BCE(Elementwise):
    """Binary cross entropy of a probability: -(y log x + (1 - y) log(1 - x)).

    [B, 1] -> BCE to [B, 1]    # []
    [2, 3] -> BCE(reduction="sum") to [2, 3] bool    # []
    """

    binary = True

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        return self.call("F.binary_cross_entropy", target)

    def node(self, g: Onnx, x: Wire, y: Wire) -> str:
        # PyTorch lets no logarithm fall below -100
        one, truth = g.number(1.0), g.typed(y, "float")
        yes, no = (g.above(g.op("Log", p), -100.0) for p in (x, g.op("Sub", one, x)))
        return g.op("Neg", g.op("Add", g.op("Mul", truth, yes), g.op("Mul", g.op("Sub", one, truth), no)))


class BCELogits(Elementwise):
    """Binary cross entropy of log-odds, sigmoid included.

    [B, 5] -> BCELogits to [B, 5]    # []
    [2, 1] -> BCELogits to [2, 1] long < 2    # []
    """

    binary = True

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        return self.call("F.binary_cross_entropy_with_logits", target)

    def node(self, g: Onnx, x: Wire, y: Wire) -> str:
        return g.binary_entropy(x, y)


class MSE(Elementwise):
    """The mean of (x - y)^2.

    [B, 3, H, W] -> MSE to [B, 3, H, W]    # []
    [2, 3] -> MSE(reduction="none") to [2, 3]    # [2, 3]
    """

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        return self.call("F.mse_loss", target)

    def node(self, g: Onnx, x: Wire, y: Wire) -> str:
        error = g.difference(x, y)
        return g.op("Mul", error, error)


class L1(Elementwise):
    """The mean of |x - y|.

    [B, 1, 64, 64] -> L1 to [B, 1, 64, 64]    # []
    """

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        return self.call("F.l1_loss", target)

    def node(self, g: Onnx, x: Wire, y: Wire) -> str:
        return g.op("Abs", g.difference(x, y))


class Huber(Elementwise):
    """Half the square of small errors, `delta` (|e| - delta / 2) of large ones (Huber, 1964).

    [B, 4] -> Huber(delta=0.5) to [B, 4]    # []
    """

    delta: Positive = 1.0

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        return self.call("F.huber_loss", target, **({} if self.delta == 1 else {"delta": self.delta}))

    def node(self, g: Onnx, x: Wire, y: Wire) -> str:
        error, delta = g.op("Abs", g.difference(x, y)), g.number(self.delta)
        square = g.scaled(g.op("Mul", error, error), 0.5)
        beyond = g.op("Mul", delta, g.op("Sub", error, g.number(self.delta / 2)))
        return g.op("Where", g.op("LessOrEqual", error, delta), square, beyond)
