"""gpt2.net."""

from __future__ import annotations

from . import Small

SMALL = {
    "GPT2": Small({"vocab": 31, "context": 20, "d": 16, "heads": 4, "layers": 2}, {"T": (7, 20)}),
}
PUBLISHED = {"GPT2": "gpt2", "GPT2Medium": "gpt2-medium", "GPT2Large": "gpt2-large", "GPT2XL": "gpt2-xl"}
