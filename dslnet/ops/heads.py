"""Heads that say which distribution a model predicts.

Enters: features. Leaves: the distribution's parameters in the form that losses compute with best: log-odds of a
Bernoulli, log-odds of a categorical, mean and log-variance of a Gaussian. A head computes nothing; it says what the
numbers mean, checks their shape, and `NLL` accepts them.
"""

from ..shape import Size, Tensor, same
from .axes import brief, kind_of, need_axes
from .base import Mistake
from .passing import Passing


class Head(Passing, abstract=True, kind="head"):
    """What heads have in common."""

    def shape(self, x: Tensor) -> Tensor:
        if x.dtype != "float":
            raise Mistake("E0316", f"`{self.name}` takes numbers with a point, got {kind_of(x)}", None, "not float")
        return x


class Bernoulli(Head):
    """One yes or no for each element, as log-odds: its sigmoid is the probability.

    [B, 6] -> Bernoulli    # [B, 6]
    """


class Categorical(Head):
    """One of the classes of the last axis, as log-odds: their softmax is the probabilities.

    [B, 10] -> Categorical    # [B, 10]
    [B, T, 100] -> Categorical    # [B, T, 100]
    """

    def shape(self, x: Tensor) -> Tensor:
        need_axes("Categorical", x, 1, None, "the classes are the last axis")
        return Head.shape(self, x)


class Gaussian(Head):
    """A normal distribution for each of n numbers: the first half of the last axis is the means, the second half the
    log-variances.

    [B, 8] -> Gaussian    # [B, 8]
    """

    def shape(self, x: Tensor) -> Tensor:
        need_axes("Gaussian", x, 1, None, "means and log-variances are the last axis")
        size: Size = x.sizes[-1]
        if not same(size // 2 * 2, size):
            title = f"`Gaussian` wants as many means as log-variances, got a last axis of {brief(size)}"
            raise Mistake(
                "E0306", title, None, f"2 does not divide {brief(size)}", helps=("`Linear(2 * n) -> Gaussian`",)
            )
        return Head.shape(self, x)
