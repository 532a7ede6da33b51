"""The module that a graph is compared with.

Enters: a checked model and weights, or none. Leaves: the module in PyTorch, in evaluation.
"""

from __future__ import annotations

from typing import Any

from ...graph import Model
from .weights import Weights


class Unavailable(Exception):
    """A package that is needed is not installed."""


def module_with(model: Model, weights: Weights | None, allow_python: tuple[str, ...] = ()) -> Any:
    """The model in PyTorch with these weights, or with new ones that are the same every time.

    Raises `Unavailable` without torch, `WeightsMistake` for a file that the spec names and that does not fit.
    """
    try:
        import torch
    except ImportError:
        raise Unavailable("torch") from None
    from ...runtime import instantiate

    torch.manual_seed(0)
    module = instantiate(model, allow_python=allow_python, inference=True)
    if weights is not None:
        own = module.state_dict()
        found = {name: torch.from_numpy(weights.array(name).copy()) for name in own if name in weights.tensors}
        module.load_state_dict(found, strict=False)
    return module.eval()
