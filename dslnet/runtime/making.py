"""Modules from emitted source.

Enters: the text that a model was emitted as. Leaves: the `torch.nn.Module` that it makes, which knows what it was
made from: `__graph__` of its class and `__origin__` of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..late import Late
from ..node import field, record
from ..source import Source
from .modules import module_from

if TYPE_CHECKING:
    from torch import nn

    from ..graph import Model


@record
class Origin:
    """What a module was made from, so that a checkpoint can hold it: the texts of the spec by path, the entry first,
    and the settings of the model. `sources` are all texts that diagnostics may point into."""

    texts: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)


def made_by(text: str, name: str, graph: Callable[[], Model], origin: Origin) -> nn.Module:
    """The module that the source of the model `name` makes. `graph` gives that model, when an export or a training
    run wants it."""
    cls = getattr(module_from(text, name), class_name(text, name))
    setattr(cls, "__graph__", Late("__graph__", lambda _: graph()))  # noqa: B010
    made: nn.Module = cls()
    object.__setattr__(made, "__origin__", origin)  # not a part of the module
    return made


def class_name(text: str, name: str) -> str:
    """The class of the model in its emitted source: the last one."""
    names: list[str] = re.findall(r"^class (\w+)\(", text, re.MULTILINE)
    if not names:
        from ..targets.python.allowlist import InternalError

        raise InternalError(f"the source of {name} has no class")
    return names[-1]
