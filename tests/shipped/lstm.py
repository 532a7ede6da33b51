"""lstm.net."""

from __future__ import annotations

from . import Small

SMALL = {
    "Sentiment": Small({"vocab": 31, "width": 6}, {"T": (7, 4)}, fixed=("T",)),
    "Tagger": Small({"vocab": 31, "tags": 5, "width": 8}, {"T": (7, 4)}, fixed=("T",)),
}
