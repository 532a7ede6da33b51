"""Figures of models.

Enters: a checked `Model`. Leaves: a `Drawing`: DOT text, an SVG laid out by Graphviz, PNG, PDF, HTML or Mermaid text.
Made from the graph alone: no torch, no traced run.
"""

from __future__ import annotations

from .drawing import Drawing, draw
from .layout import LayoutFailed, NoGraphviz
from .make import TooLarge
from .plan import LEVELS, Options
from .wishes import NothingMatches

#: Colours; `auto` follows the reader in SVG and HTML and is light elsewhere.
THEMES = ("auto", "light", "dark", "print")

__all__ = ["LEVELS", "THEMES", "Drawing", "LayoutFailed", "NoGraphviz", "NothingMatches", "Options", "TooLarge", "draw"]
