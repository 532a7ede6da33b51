"""Colours and fonts of a picture, read from the shipped `style.json`.

Leaves: `theme(name)`, where every role has a fill and a stroke and every token a colour. Within light and within
dark each colour has one purpose, because an `auto` picture is recoloured by mapping colour to colour.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

#: The colour role of each kind of box; a kind that is not here is drawn as `pool`.
ROLE_OF_KIND = {
    "conv": "conv",
    "linear": "linear",
    "attention": "attn",
    "recurrent": "recur",
    "embedding": "embed",
    "norm": "norm",
    "activation": "act",
    "conditioning": "cond",
    "loss": "loss",
}
#: What the legend calls them, in its order.
LEGEND = {
    "conv": "convolution",
    "linear": "linear",
    "attn": "attention",
    "recur": "recurrent",
    "embed": "embedding",
    "norm": "normalisation",
    "act": "activation",
    "pool": "pool, reshape, dropout",
    "cond": "conditioning",
    "loss": "loss",
    "frozen": "frozen (no gradient)",
}
THEMES = ("light", "dark", "print")


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one theme."""

    colours: dict[str, Any]

    @property
    def coloured(self) -> bool:
        """Whether the kinds of layers are told apart by their fills; in print only words do that."""
        return len({self.fill(role) for role in ROLE_OF_KIND.values()}) == len(set(ROLE_OF_KIND.values()))

    def fill(self, role: str) -> str:
        value: str = self.colours[role][0]
        return value

    def stroke(self, role: str) -> str:
        value: str = self.colours[role][1]
        return value

    def __getitem__(self, token: str) -> str:
        value: str = self.colours[token]
        return value


@cache
def _style() -> dict[str, Any]:
    text = (Path(__file__).parent / "style.json").read_text(encoding="utf-8")
    style: dict[str, Any] = json.loads(text)
    return style


def font() -> str:
    """The fonts, whose letters have the same widths, so that text measured here fits elsewhere."""
    name: str = _style()["font"]
    return name


def theme(name: str) -> Theme:
    """The theme called `name`; `auto` is drawn in light colours and recoloured later."""
    return Theme(_style()["themes"]["light" if name == "auto" else name])


def dark_of_light() -> dict[str, str]:
    """The dark colour for each light one, both in lower case."""
    pairs: dict[str, str] = {}
    light, dark = _style()["themes"]["light"], _style()["themes"]["dark"]
    for role, colours in light.items():
        both = zip(colours, dark[role], strict=True) if isinstance(colours, list) else [(colours, dark[role])]
        pairs.update((a.lower(), b.lower()) for a, b in both)
    return pairs
