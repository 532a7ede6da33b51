"""Emitted source as modules, and models from them.

Enters: a checked `Model`, or the text of one. Leaves: a `torch.nn.Module` made by that very text. torch is imported
when something is made, and not before.
"""

from __future__ import annotations

from .instances import Origin, instantiate
from .modules import module_from

__all__ = ["Origin", "instantiate", "module_from"]
