"""Emitted source as modules, and models from them.

Enters: a checked `Model`, or the text of one. Leaves: a `torch.nn.Module` made by that very text. torch is imported
when something is made, and not before; so is what builds and emits models, which a text that is known does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .making import Origin, made_by
from .modules import module_from

if TYPE_CHECKING:
    from .instances import instantiate

__all__ = ["Origin", "instantiate", "made_by", "module_from"]


def __getattr__(name: str) -> Any:
    if name != "instantiate":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .instances import instantiate

    return instantiate
