"""Diagnostics as text.

Enters: a `Report`. Leaves: what is printed. Every rendering is made from the same values, in the same order, and
nothing else in the package prints a diagnostic.
"""

from __future__ import annotations

from ..diagnostics import Report
from .text import render_text

FORMATS = ("text", "short", "json", "github", "sarif")


def render(report: Report, format: str = "text", color: bool = False, width: int = 80) -> str:
    """The report as `text`, `short`, `json`, `github` or `sarif`; it ends in a line feed unless it is empty.

    `width` is where long notes and helps of `text` are broken (at 100 columns or more, so that code in them stays
    whole on a usual terminal).
    """
    if format == "text":
        return render_text(report, color, width)
    from . import machine

    renderers = {
        "short": machine.render_short,
        "json": machine.render_json,
        "github": machine.render_github,
        "sarif": machine.render_sarif,
    }
    if format not in renderers:
        raise ValueError(f"format {format!r} is none of {', '.join(FORMATS)}")
    return renderers[format](report)
