"""film_vqa.net."""

from __future__ import annotations

from . import Small

SMALL = {
    "FiLMVQA": Small({"vocab": 31, "width": 4, "words": 5, "memory": 6}, {"T": (7, 4)}, fixed=("T",)),
}
