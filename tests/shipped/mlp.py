"""mlp.net."""

from __future__ import annotations

from . import Small

SMALL = {
    "MLP": Small({"hidden": 16}),
}
