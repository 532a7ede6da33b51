"""Training: the plan of a spec carried out.

Enters: a module that a spec made, and data. Leaves: the module trained, its history, checkpoints. `fit` is the whole of
it; `plan_of` and its neighbours are for loops of one's own. torch is imported when something is trained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .fit import Stopped, fit
from .plan import Plan, Step, plan_of

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Plan", "Step", "Stopped", "as_lightning_module", "fit", "plan_of"]


def as_lightning_module(model: nn.Module) -> Any:
    """The plan of a model as a `LightningModule`; see `lightning.py`."""
    from .lightning import as_lightning_module

    return as_lightning_module(model)
