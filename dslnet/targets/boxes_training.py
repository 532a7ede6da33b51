"""What the class of a model with objectives has beside boxes: its plan, and draws of tokens.

Never imported by the checker: the text is copied into emitted source where it is used, as that of `boxes.py`.
`dslnet.training.plan` reads the plan, and says what each field means.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


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


def random_generator(seed: int | None, device: torch.device) -> torch.Generator | None:
    """A source of random numbers that begins at a seed; PyTorch's own without one."""
    return None if seed is None else torch.Generator(device).manual_seed(seed)


def sample_token(
    logits: Tensor,
    temperature: float,
    top_k: int | None,
    generator: torch.Generator | None,
) -> Tensor:
    """A token for each row of scores [B, vocab]: a draw, or the likeliest at temperature 0."""
    if temperature < 0:
        raise ValueError(f"a temperature is 0 or more, not {temperature}")
    if temperature == 0:
        return logits.argmax(dim=-1, keepdim=True)
    logits = logits.float() / temperature
    if top_k is not None:
        least = logits.topk(min(top_k, logits.shape[-1])).values[:, -1:]
        logits = logits.masked_fill(logits < least, float("-inf"))
    return torch.multinomial(F.softmax(logits, dim=-1), 1, generator=generator)
