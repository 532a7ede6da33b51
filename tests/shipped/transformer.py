"""transformer.net."""

from __future__ import annotations

from . import Small

SMALL = {
    "Transformer": Small({"vocab": 31, "d": 16, "heads": 4, "depth": 2}, {"S": (7, 4), "T": (5, 9)}),
}
