"""dslnet: a declarative language for neural-network architectures, and its compiler.

    import dslnet

    net = dslnet.load("resnet.net")        # checked; raises NetError with every mistake
    model = net.ResNet18(classes=10)       # a torch.nn.Module

`dslnet --help` tells of the command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .diagnostics import NetError, Report
    from .limits import Limits
    from .loading import Net, check, load

_HOMES = {
    "NetError": "diagnostics",
    "Report": "diagnostics",
    "Limits": "limits",
    "Net": "loading",
    "check": "loading",
    "load": "loading",
}

__all__ = ["Limits", "Net", "NetError", "Report", "check", "load"]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing before."""
    if name not in _HOMES:
        raise AttributeError(f"module 'dslnet' has no attribute {name!r}")
    from importlib import import_module

    home = import_module(f".{_HOMES[name]}", __name__)
    value = globals()[name] = getattr(home, name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
