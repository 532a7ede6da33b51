"""Losses and metrics as nodes.

Enters: predictions and targets. Leaves: names of values, the numbers that PyTorch's functions give, those for targets
that are left out (-100) included.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...shape import UNKNOWN, Size, Tensor
from .layers import Layers
from .nodes import Operand, Wire

#: The class number that PyTorch leaves out where none is named.
LEFT_OUT = -100


class Comparing(Layers):
    """A graph with words for what is compared."""

    def reduced(self, x: Operand, reduction: str, samples: Size = 1) -> str:
        """The elements' losses as one number; `batchmean` is their sum over so many `samples`."""
        if reduction == "none":
            return x.name if isinstance(x, Wire) else str(x)
        if reduction == "mean":
            return self.op("ReduceMean", x, keepdims=0)
        total = self.op("ReduceSum", x, keepdims=0)
        return self.op("Div", total, self.scalar(samples, "float")) if reduction == "batchmean" else total

    def above(self, x: Operand, least: float) -> str:
        """max(x, least)."""
        return self.op("Max", x, self.number(least))

    def difference(self, x: Wire, y: Wire) -> str:
        """x - y, the target with a point."""
        return self.op("Sub", x, self.typed(y, "float"))

    # ------------------------------------------------------------------------------------------------ entropies

    def cross_entropy(
        self,
        x: Wire,
        y: Wire,
        axis: int,
        reduction: str = "mean",
        weight: Sequence[float] | None = None,
        smoothing: float = 0,
        ignored: Size | None = None,
    ) -> str:
        """-log softmax(x) at the class numbers `y`, or against the distributions `y`.

        `weight` has a number for each class; `smoothing` spreads that share of the truth over all of them. The mean
        over class numbers is weighted, and `ignored` ones do not count.
        """
        logs = self.op("LogSoftmax", x, axis=axis)
        weights = None if weight is None else self.vector(weight, "float")
        weighted = logs
        if weights is not None:
            weighted = self.op("Mul", logs, self.op("Reshape", weights, self.vector((-1, *(1,) * (x.rank - 1 - axis)))))
        classes = self.scalar(x.sizes[axis], "float")
        if y.dtype == "float":
            truth = y.name
            if smoothing:
                spread = self.op("Div", self.number(smoothing), classes)
                truth = self.op("Add", self.scaled(y, 1 - smoothing), spread)
            each = self.reduce("ReduceSum", self.op("Mul", weighted, truth), (axis,))
            return self.reduced(self.op("Neg", each), reduction)
        truth, kept = self._kept(y, ignored)
        found = self.squeeze(self.op("GatherElements", weighted, self.unsqueeze(truth, axis), axis=axis), axis)
        if smoothing:
            spread = self.op("Div", self.reduce("ReduceSum", weighted, (axis,)), classes)
            found = self.op("Add", self.scaled(found, 1 - smoothing), self.scaled(spread, smoothing))
        losses = self.op("Neg", found if kept is None else self.op("Mul", found, kept))
        share = kept if weights is None else self.op("Gather", weights, truth, axis=0)
        if weights is not None and kept is not None:
            share = self.op("Mul", share, kept)
        if reduction != "mean" or share is None:
            return self.reduced(losses, reduction)
        return self.op("Div", self.reduced(losses, "sum"), self.reduced(share, "sum"))

    def _kept(self, y: Wire, ignored: Size | None) -> tuple[str, str | None]:
        """Class numbers, 0 where they are left out, and 1 or 0 for whether they count; None where all do, as numbers
        of a known range do unless the spec says otherwise."""
        if ignored is None and y.type.below is not None:
            return y.name, None
        missing = self.op("Equal", y, self.scalar(LEFT_OUT if ignored is None else ignored))
        return self.op("Where", missing, self.number(0, "long"), y), self.cast(self.op("Not", missing), "float")

    def binary_entropy(self, x: Wire, y: Wire) -> str:
        """-(y log p + (1 - y) log(1 - p)) of log-odds, each element's."""
        rest = self.op("Sub", self.number(1.0), self.typed(y, "float"))
        return self.op("Add", self.op("Softplus", self.op("Neg", x)), self.op("Mul", rest, x))

    def divergence(self, x: Operand, y: Operand, log_target: bool) -> str:
        """y (log y - x) of log-probabilities x, each element's; 0 where y is."""
        if log_target:
            return self.op("Mul", self.op("Exp", y), self.op("Sub", y, x))
        zero = self.number(0.0)
        own = self.op("Where", self.op("Equal", y, zero), zero, self.op("Mul", y, self.op("Log", y)))
        return self.op("Sub", own, self.op("Mul", y, x))

    # -------------------------------------------------------------------------------------------------- counts

    def mean_kept(self, each: str, y: Wire, ignored: Size | None) -> str:
        """The mean of a number for each class number of `y`, without those of the `ignored` ones."""
        if ignored is None:
            return self.reduced(each, "mean")
        _, kept = self._kept(y, ignored)
        assert kept is not None
        return self.op("Div", self.reduced(self.op("Mul", each, kept), "sum"), self.reduced(kept, "sum"))

    def confusion(self, x: Wire, y: Wire, axis: int, ignored: Size | None = None) -> tuple[str, str, str]:
        """For each class: how often it was rightly said, how often it was said, how often it was true, [classes]; not
        where the truth is `ignored`."""
        classes = x.sizes[axis]
        truth, kept = (y.name, None) if ignored is None else self._kept(y, ignored)
        said, true = (self.op("Reshape", each, self.vector((-1,))) for each in (self.chosen(x, axis), truth))
        right = self.cast(self.op("Equal", said, true), "float")
        if kept is None:
            ones = self.op("Expand", self.number(1.0), self.op("Shape", true))
        else:
            ones = self.op("Reshape", kept, self.vector((-1,)))
            right = self.op("Mul", right, ones)
        return (
            self.scatter(self.wire(right, Tensor((UNKNOWN,))), true, classes, "sum"),
            self.scatter(self.wire(ones, Tensor((UNKNOWN,))), said, classes, "sum"),
            self.scatter(self.wire(ones, Tensor((UNKNOWN,))), true, classes, "sum"),
        )

    def chosen(self, x: Wire, axis: int) -> str:
        """The class with the highest score."""
        return self.op("ArgMax", x, axis=axis, keepdims=0)

    def mean_of_shares(self, part: str, whole: str) -> str:
        """The mean of part / whole over the classes that occur."""
        zero, one = self.number(0.0), self.number(1.0)
        occurs = self.op("Greater", whole, zero)
        shares = self.op("Div", part, self.op("Where", occurs, whole, one))
        total = self.reduced(self.op("Where", occurs, shares, zero), "sum")
        return self.op("Div", total, self.reduced(self.cast(occurs, "float"), "sum"))
