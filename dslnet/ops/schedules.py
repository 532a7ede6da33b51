"""Learning rates over time: what may follow an optimizer.

Enters: the arguments of `AdamW(lr=3e-4) -> CosineAnnealingLR`. Leaves: `SCHEDULES`, whose names, arguments and
defaults are those of `torch.optim.lr_scheduler`. A length that is `none` is what remains of the training, and all of
them count epochs, or steps of the optimizer with `unit="step"`.
"""

from typing import Annotated, Any, Literal

from .arguments import Count, ListType, NonNegative, Positive, Probability, RealType, WholeType
from .base import Argument
from .optimizers import Optimization

#: Moments of a training, in order.
Moments = Annotated[tuple[int, ...], ListType(WholeType(1))]
#: A part of the rate that is not nothing.
Share = Annotated[float, RealType(0, 1, above=True)]
#: What a schedule counts.
Unit = Literal["epoch", "step"]

#: Every schedule by name.
SCHEDULES: dict[str, type["Schedule"]] = {}


class Schedule(Optimization, abstract=True):
    """What schedules have in common."""

    unit: Unit = "epoch"

    def __init_subclass__(cls, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        SCHEDULES[cls.__name__] = cls

    @classmethod
    def declared(cls) -> dict[str, Argument]:
        # what differs between them comes first: `StepLR(30)`
        return dict(sorted(super().declared().items(), key=lambda item: item[0] == "unit"))


class StepLR(Schedule):
    """The rate times `gamma` after each `step_size`."""

    step_size: Count
    gamma: Positive = 0.1


class MultiStepLR(Schedule):
    """The rate times `gamma` at each of the milestones."""

    milestones: Moments
    gamma: Positive = 0.1


class ExponentialLR(Schedule):
    """The rate times `gamma` again and again."""

    gamma: Positive


class ConstantLR(Schedule):
    """The rate times `factor`, for the first `total_iters`."""

    factor: Probability = 1 / 3
    total_iters: Count | None = 5


class LinearLR(Schedule):
    """A line from `start_factor` to `end_factor` of the rate: a warm-up (Goyal et al., 2017)."""

    start_factor: Share = 1 / 3
    end_factor: Probability = 1.0
    total_iters: Count | None = 5


class PolynomialLR(Schedule):
    """(1 - t / total_iters)^power of the rate."""

    total_iters: Count | None = None
    power: Positive = 1.0


class CosineAnnealingLR(Schedule):
    """Half a cosine, from the rate to `eta_min` (Loshchilov and Hutter, 2017)."""

    T_max: Count | None = None
    eta_min: NonNegative = 0.0


class CosineAnnealingWarmRestarts(Schedule):
    """Half a cosine after another, the first `T_0` long, each `T_mult` as long as the last (Loshchilov and Hutter,
    2017)."""

    T_0: Count
    T_mult: Count = 1
    eta_min: NonNegative = 0.0


class OneCycleLR(Schedule):
    """From `max_lr / div_factor` up to `max_lr`, then far down (Smith and Topin, 2018). It goes by steps."""

    max_lr: Positive
    total_steps: Count | None = None
    pct_start: Probability = 0.3
    anneal_strategy: Literal["cos", "linear"] = "cos"
    div_factor: Positive = 25.0
    final_div_factor: Positive = 1e4
    unit: Literal["epoch", "step"] = "step"
