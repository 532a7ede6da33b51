"""Training: the plan of a spec carried out.

Enters: a module that a spec made, and data. Leaves: the module trained, its history, checkpoints. `fit` is the whole of
it; `plan_of` and its neighbours are for loops of one's own. torch is imported when something is trained.
"""

from __future__ import annotations

from .fit import Stopped, fit
from .plan import Plan, Step, plan_of

__all__ = ["Plan", "Step", "Stopped", "fit", "plan_of"]
