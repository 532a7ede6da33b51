"""The plan of a model as emitted files have it.

Never imported: the text of these classes is copied into emitted source, like that of `boxes.py`.
`dslnet.training.plan` reads them, and says what each field means.
"""

from typing import Any, NamedTuple


class TrainingStep(NamedTuple):
    """One step of training: which modules it updates, with what they descend."""

    name: str
    updates: tuple[str, ...]
    losses: tuple[str, ...]
    descends: str
    optimizer: tuple[str, dict[str, Any]] | None = None
    every: int = 1
    clip_norm: float | None = None
    clip_value: float | None = None
    clip_weights: float | None = None
    schedules: tuple[tuple[str, dict[str, Any]], ...] = ()


class TrainingPlan(NamedTuple):
    """What is trained by what: the steps for each batch, in order."""

    steps: tuple[TrainingStep, ...]
    losses: tuple[str, ...]
    metrics: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    teachers: tuple[str, ...] = ()
    averages: tuple[str, ...] = ()
