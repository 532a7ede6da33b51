"""Losses over pairs, triples, sequences and regions.

Enters: embeddings, distances or scores, with what is true of them. Leaves: a scalar.
"""

from typing import Any

from ..shape import UNKNOWN, Size, Tensor, compare, numel, same
from .arguments import NonNegative, Positive, Probability, Real, Whole
from .axes import brief, kind_of, pair
from .base import Mistake, Onnx, Operator, Wire
from .code import Code, Infix, Input, X, Y, Z, apply, method
from .losses import (
    Loss,
    alike,
    classes_first,
    floats,
    need_alike,
    need_binary,
    need_classes,
    need_prediction,
    need_range,
)


class Contrastive(Loss):
    """Half of: d^2 for what is the same (1), max(0, margin - d)^2 for what is not (0), for a distance d (Hadsell et
    al., 2006).

    [B] -> Contrastive(margin=1) to [B]    # []
    [B] -> Contrastive(2) to [B] bool    # []
    """

    margin: NonNegative = 1.0

    def shape(self, distance: Tensor, target: Tensor) -> Tensor:
        need_prediction("Contrastive", distance)
        need_alike("Contrastive", distance, target)
        need_binary("Contrastive", target)
        return self.result(distance.sizes)

    def torch(self, distance: Tensor, target: Tensor) -> Code:
        return self.gathered(apply("contrastive", X, floats(Y, target), self.margin))

    def node(self, g: Onnx, distance: Wire, y: Wire) -> str:
        same, beyond = g.typed(y, "float"), g.above(g.op("Sub", g.number(self.margin), distance), 0.0)
        near = g.op("Mul", same, g.op("Mul", distance, distance))
        far = g.op("Mul", g.op("Sub", g.number(1.0), same), g.op("Mul", beyond, beyond))
        return g.scaled(g.op("Add", near, far), 0.5)


def need_signs(box: str, target: Tensor) -> None:
    """E0511 where a target has 0 for no, as truth values and ids do: -1 is meant."""
    if target.dtype == "bool" or target.below is not None:
        what = "true or false" if target.dtype == "bool" else "0 or more"
        helps = ("`2 * {target} - 1` is 1 or -1",) if target.dtype == "bool" or target.below == 2 else ()
        raise Mistake("E0511", f"`{box}` wants 1 or -1, `{{target}}` is {what}", "target", target.dtype, helps=helps)


class Triplet(Loss):
    """max(0, |a - p| - |a - n| + margin), for an anchor, a positive and a negative (Schroff et al., 2015).

    ([B, 64], [B, 64]) -> Triplet(margin=0.2) to [B, 64]    # []
    """

    margin: Positive = 1.0

    def shape(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        for other, at in ((positive, "positive"), (negative, "negative")):
            if not alike(anchor, other):
                raise Mistake("E0511", f"`Triplet` compares equal shapes, got {pair(anchor, other)}", at, at)
        need_prediction("Triplet", anchor)
        if not anchor.rank:
            raise Mistake("E0302", "`Triplet` compares vectors, got scalars")
        return self.result(anchor.sizes[:-1])

    def torch(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Code:
        more = {} if self.margin == 1 else {"margin": self.margin}
        return apply("F.triplet_margin_loss", X, Y, Z, **more, **self.reduced())

    def node(self, g: Onnx, anchor: Wire, positive: Wire, negative: Wire) -> str:
        near, far = (
            g.norm(g.op("Add", g.op("Sub", anchor, other), g.number(1e-6)), 2, (anchor.rank - 1,))  # PyTorch's eps
            for other in (positive, negative)
        )
        return g.above(g.op("Add", g.op("Sub", near, far), g.number(self.margin)), 0.0)


class InfoNCE(Operator, kind="loss"):
    """Row i of a score matrix should choose column i, and the reverse: the mean of the cross entropies of rows and of
    columns (van den Oord et al., 2018; symmetric as in Radford et al., 2021).

    [B, B] -> InfoNCE    # []
    [8, 8] -> InfoNCE(temperature=0.07)    # []
    """

    temperature: Positive = 1

    def shape(self, scores: Tensor) -> Tensor:
        need_prediction("InfoNCE", scores)
        if scores.rank != 2 or not same(*scores.sizes):
            title = f"`InfoNCE` wants scores of each with each, [B, B], got {kind_of(scores)}"
            helps = ("`a @ (b -> Transpose)` scores each a with each b",)
            raise Mistake("E0302" if scores.rank != 2 else "E0511", title, None, "not square", helps=helps)
        return Tensor(())

    def flops(self, scores: Tensor) -> Size:
        return 8 * numel(scores.sizes)

    def torch(self, scores: Tensor) -> Code:
        return apply("info_nce", X if self.temperature == 1 else Infix("/", X, self.temperature))

    def onnx(self, g: Onnx, scores: Wire) -> str:
        scaled = g.scaled(scores, 1 / self.temperature)
        truth = g.steps(scores.sizes[0])
        logs = [(g.op("LogSoftmax", scaled, axis=axis), axis) for axis in (1, 0)]
        found = (g.op("GatherElements", each, g.unsqueeze(truth, axis), axis=axis) for each, axis in logs)
        rows, columns = (g.reduced(each, "mean") for each in found)
        return g.scaled(g.op("Add", rows, columns), -0.5)


class CosineLoss(Loss):
    """1 - cos(a, b) where the target is 1, max(0, cos(a, b) - margin) where it is -1.

    ([B, 64], [B, 64]) -> CosineLoss to [B]    # []
    """

    margin: Real = 0

    def shape(self, x: Tensor, y: Tensor, target: Tensor) -> Tensor:
        need_prediction("CosineLoss", x)
        if not alike(x, y) or x.rank != 2:
            raise Mistake("E0511", f"`CosineLoss` compares two [B, d], got {pair(x, y)}", "y")
        need_signs("CosineLoss", target)
        if target.rank != 1 or not same(target.sizes[0], x.sizes[0]):
            raise Mistake(
                "E0511",
                f"`CosineLoss` wants 1 or -1 for each row, `{{target}}` is {kind_of(target)}",
                "target",
                f"wants [{brief(x.sizes[0])}]",
            )
        return self.result(x.sizes[:1])

    def torch(self, x: Tensor, y: Tensor, target: Tensor) -> Code:
        more = {"margin": self.margin} if self.margin else {}
        return apply("F.cosine_embedding_loss", X, Y, Z, **more, **self.reduced())

    def node(self, g: Onnx, x: Wire, y: Wire, target: Wire) -> str:
        both, one, other = (g.reduce("ReduceSum", g.op("Mul", *pair), (1,)) for pair in ((x, y), (x, x), (y, y)))
        eps = g.number(1e-12)  # PyTorch's
        lengths = g.op("Sqrt", g.op("Mul", g.op("Add", one, eps), g.op("Add", other, eps)))
        cosine, zero = g.op("Div", both, lengths), g.number(0.0)
        sign = g.typed(target, "float")
        near = g.op("Where", g.op("Equal", sign, g.number(1.0)), g.op("Sub", g.number(1.0), cosine), zero)
        apart = g.above(g.op("Sub", cosine, g.number(self.margin)), 0.0)
        return g.op("Add", near, g.op("Where", g.op("Equal", sign, g.number(-1.0)), apart, zero))


class Hinge(Loss):
    """max(0, margin - x y) for a score x and a target y of 1 or -1.

    [B] -> Hinge to [B]    # []
    [B, 1] -> Hinge(margin=0.5) to [B, 1]    # []
    """

    margin: NonNegative = 1.0

    def shape(self, prediction: Tensor, target: Tensor) -> Tensor:
        need_prediction("Hinge", prediction)
        need_alike("Hinge", prediction, target)
        need_signs("Hinge", target)
        return self.result(prediction.sizes)

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        return self.gathered(method(Infix("-", self.margin, Infix("*", X, Y)), "clamp", min=0))

    def node(self, g: Onnx, x: Wire, y: Wire) -> str:
        return g.above(g.op("Sub", g.number(self.margin), g.op("Mul", x, g.typed(y, "float"))), 0.0)


class CTC(Loss):
    """Connectionist temporal classification (Graves et al., 2006): scores [B, T, classes] against label sequences
    [B, S], summed over all alignments. `blank` is the class of no label. The lengths default to T and S.

    [B, T, 30] -> CTC to [B, S] long < 30    # []
    [4, 50, 20] -> CTC(blank=19) to ([4, 10] long < 20, [4] long, [4] long)    # []
    """

    blank: Whole = 0

    def shape(
        self, prediction: Tensor, target: Tensor, lengths: Tensor | None = None, target_lengths: Tensor | None = None
    ) -> Tensor:
        need_prediction("CTC", prediction)
        if prediction.rank != 3:
            raise Mistake("E0302", f"`CTC` wants scores [B, T, classes], got {kind_of(prediction)}")
        if target.dtype != "long" or target.rank != 2 or not same(target.sizes[0], prediction.sizes[0]):
            title = f"CTC wants label sequences [B, S] long, `{{target}}` is {kind_of(target)}"
            raise Mistake("E0511", title, "target", f"the target is {target.dtype}")
        need_range("CTC", prediction.sizes[2], target)
        if compare(self.blank, prediction.sizes[2]) in (0, 1) or compare(self.blank, 0) == -1:
            raise Mistake("E0313", f"`blank` is {self.blank}, there are {brief(prediction.sizes[2])} classes", "blank")
        if compare(target.sizes[1], prediction.sizes[1]) == 1:
            title = f"`CTC` cannot align {brief(target.sizes[1])} labels with {brief(prediction.sizes[1])} steps"
            raise Mistake("E0511", title, "target")
        for given, at in ((lengths, "lengths"), (target_lengths, "target_lengths")):
            if given is not None and (given.dtype != "long" or given.rank != 1):
                raise Mistake("E0511", f"`CTC` wants lengths [B] long, got {kind_of(given)}", at)
            if given is not None and not same(given.sizes[0], prediction.sizes[0]):
                title = f"`CTC` wants a length for each of {brief(prediction.sizes[0])}, got {kind_of(given)}"
                raise Mistake("E0511", title, at)
        return self.result(prediction.sizes[:1])

    def torch(
        self, prediction: Tensor, target: Tensor, lengths: Tensor | None = None, target_lengths: Tensor | None = None
    ) -> Code:
        given = (None if lengths is None else Z, None if target_lengths is None else Input(3))
        return apply("ctc", X, Y, *given, blank=self.blank, reduction=self.reduction)

    def onnx(self, g: Onnx, x: Wire, y: Wire, lengths: Wire | None = None, target_lengths: Wire | None = None) -> str:
        return g.alignments(x, y, lengths, target_lengths, self.blank, self.reduction)


class Dice(Loss):
    """1 - (2 sum p y + smooth) / (sum p + sum y + smooth), for probabilities, over all axes of a sample (Milletari et
    al., 2016).

    [B, 1, H, W] -> Dice to [B, 1, H, W]    # []
    [2, 3, 8, 8] -> Dice(reduction="none") to [2, 3, 8, 8] bool    # [2]
    """

    smooth: NonNegative = 1.0

    def shape(self, prediction: Tensor, target: Tensor) -> Tensor:
        need_prediction("Dice", prediction)
        if prediction.rank < 2:
            raise Mistake("E0302", f"`Dice` wants regions, got {kind_of(prediction)}", None, "no axis but the batch")
        need_alike("Dice", prediction, target)
        need_binary("Dice", target)
        return self.result(prediction.sizes[:1])

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        return self.gathered(apply("dice", X, floats(Y, target), self.smooth))

    def node(self, g: Onnx, x: Wire, y: Wire) -> str:
        axes, truth, smooth = range(1, x.rank), g.typed(y, "float"), g.number(self.smooth)
        both, mine, true = (g.reduce("ReduceSum", each, axes) for each in (g.op("Mul", x, truth), x, truth))
        top = g.op("Add", g.scaled(both, 2), smooth)
        return g.op("Sub", g.number(1.0), g.op("Div", top, g.op("Add", g.op("Add", mine, true), smooth)))


class Focal(Loss):
    """(1 - p)^gamma times the cross entropy -log p of the truth (Lin et al., 2017): over classes when the target is
    class numbers, over log-odds when it has the prediction's shape; there `alpha` weighs the positives.

    [B, 10] -> Focal to [B] long < 10    # []
    [B, 5] -> Focal(2, alpha=0.25) to [B, 5]    # []
    """

    gamma: NonNegative = 2
    alpha: Probability | None = None

    def shape(self, prediction: Tensor, target: Tensor) -> Tensor:
        need_prediction("Focal", prediction)
        if prediction.rank == target.rank:
            need_alike("Focal", prediction, target)
            need_binary("Focal", target)
            return self.result(prediction.sizes)
        if self.alpha not in (None, UNKNOWN):
            title = "`alpha` of Focal weighs yes and no, the target has class numbers"
            raise Mistake("E0511", title, "alpha", helps=("`Focal(gamma)` for class numbers",))
        axis = need_classes("Focal", prediction, target)
        return self.result((*prediction.sizes[:axis], *prediction.sizes[axis + 1 :]))

    def torch(self, prediction: Tensor, target: Tensor) -> Code:
        weight: Any = None
        if prediction.rank == target.rank:
            truth = floats(Y, target)
            entropy = apply("F.binary_cross_entropy_with_logits", X, truth, reduction="none")
            if self.alpha is not None:
                weight = Infix("+", Infix("*", truth, self.alpha), Infix("*", Infix("-", 1, truth), 1 - self.alpha))
        else:
            axis = need_classes("Focal", prediction, target)
            entropy = apply("F.cross_entropy", classes_first(prediction, axis), Y, reduction="none")
        loss = apply("focal", entropy, self.gamma)
        return self.gathered(loss if weight is None else Infix("*", weight, loss))

    def node(self, g: Onnx, x: Wire, y: Wire) -> str:
        weight = None
        if x.rank == y.rank:
            entropy = g.binary_entropy(x, y)
            if self.alpha is not None:  # alpha where it is true, 1 - alpha where it is not
                truth = g.scaled(g.typed(y, "float"), 2 * self.alpha - 1)
                weight = g.op("Add", truth, g.number(1 - self.alpha))
        else:
            entropy = g.cross_entropy(x, y, need_classes("Focal", x.type, y.type), "none")
        wrong = g.op("Sub", g.number(1.0), g.op("Exp", g.op("Neg", entropy)))
        loss = g.op("Mul", g.op("Pow", wrong, g.number(self.gamma)), entropy)
        return loss if weight is None else g.op("Mul", weight, loss)
