"""What may stand around an optimizer: how often it steps, and bounds of gradients and weights.

Enters: the arguments of `Every(5) -> ClipGradNorm(1) -> AdamW(lr=3e-4) -> ClipWeights(0.01)`. Leaves: `BEFORE` and
`AFTER`, by where they stand.
"""

from typing import Any

from .arguments import Count, Positive
from .optimizers import Optimization

#: What acts before the optimizer does, by name.
BEFORE: dict[str, type["Before"]] = {}
#: What acts on the weights afterwards, by name.
AFTER: dict[str, type["After"]] = {}


class Before(Optimization, abstract=True):
    """What stands before an optimizer."""

    def __init_subclass__(cls, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        BEFORE[cls.__name__] = cls


class After(Optimization, abstract=True):
    """What stands behind an optimizer."""

    def __init_subclass__(cls, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        AFTER[cls.__name__] = cls


class Every(Before):
    """One step with each n-th batch: `Every(5)` for a generator whose critic takes five steps to one of its own."""

    n: Count


class ClipGradNorm(Before):
    """Scales the gradients of all that is updated down to a norm of `max_norm` (Pascanu et al., 2013)."""

    max_norm: Positive


class ClipGradValue(Before):
    """Bounds each number of the gradients to [-clip_value, clip_value]."""

    clip_value: Positive


class ClipWeights(After):
    """Bounds each weight to [-c, c], as of the critic of a Wasserstein GAN (Arjovsky et al., 2017)."""

    c: Positive
