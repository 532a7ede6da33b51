"""Learning rates over time.

Enters: a step of a plan, its optimizer, and how long the training is. Leaves: a `Schedule` that the loop tells when a
step of that optimizer and when an epoch is over. The classes are those of `torch.optim.lr_scheduler`, with their
names, arguments and defaults; what a spec leaves open is the length of the training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .plan import Named, Step

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

#: The argument of a schedule that says how long it is. Schedules without one never end.
LENGTHS = {
    "LinearLR": "total_iters",
    "ConstantLR": "total_iters",
    "PolynomialLR": "total_iters",
    "CosineAnnealingLR": "T_max",
    "OneCycleLR": "total_steps",
}


class Schedule:
    """The learning rate of one optimizer. With `by_step` it advances after each step, else after each epoch."""

    def __init__(self, torchs: LRScheduler, by_step: bool) -> None:
        self.torchs, self.by_step = torchs, by_step

    def after_step(self) -> None:
        """A step of the optimizer is over."""
        if self.by_step:
            self._advance()

    def after_epoch(self) -> None:
        """An epoch is over."""
        if not self.by_step:
            self._advance()

    def _advance(self) -> None:
        length = getattr(self.torchs, "total_steps", None)  # OneCycleLR refuses to go on after its end
        if length is None or self.torchs.last_epoch < length - 1:
            self.torchs.step()

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        state: dict[str, Any] = self.torchs.state_dict()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.torchs.load_state_dict(state)


def make_schedule(step: Step, optimizer: Optimizer, epochs: int, steps: int) -> Schedule | None:
    """The schedule of a step, or None when its spec has none.

    `epochs` is how long the whole training is, `steps` how many steps this optimizer takes in all of it. Several
    schedules follow one another, each for its own length; the last may be open.
    """
    from torch.optim import lr_scheduler

    if not step.schedules:
        return None
    by_step = step.schedules[0].arguments.get("unit") == "step"
    left = steps if by_step else epochs
    parts: list[LRScheduler] = []
    ends: list[int] = []
    for named in step.schedules:
        arguments = _complete(named, left)
        parts.append(getattr(lr_scheduler, named.name)(optimizer, **arguments))
        length = arguments.get(LENGTHS.get(named.name, ""), 0)
        left = max(left - length, 1)
        ends.append((ends[-1] if ends else 0) + length)
    made = parts[0] if len(parts) == 1 else lr_scheduler.SequentialLR(optimizer, parts, ends[:-1])
    return Schedule(made, by_step)


def _complete(named: Named, left: int) -> dict[str, Any]:
    """The arguments as PyTorch takes them; a length that is open is what is left of the training."""
    arguments = {name: value for name, value in named.arguments.items() if name != "unit"}
    length = LENGTHS.get(named.name)
    if length is not None and arguments.get(length) is None:
        arguments[length] = max(left, 1)
    return arguments
