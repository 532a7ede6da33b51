"""A view as Mermaid text, for places where Graphviz is not.

Enters: a `View`. Leaves: a flowchart with the same boxes; definitions are subgraphs. Labels are quoted, and every
character that Mermaid reads is its number.
"""

from __future__ import annotations

import re

from .escape import clean
from .view import Box, Cluster, Link, Row, View

_SHAPES = {
    "input": ("([", "])"),
    "target": ("([", "])"),
    "output": ("([", "])"),
    "op": ("((", "))"),
    "sum": ("((", "))"),
    "port": ("((", "))"),
    "loss": ("{{", "}}"),
    "latent": ("([", "])"),
}


def mermaid(view: View) -> str:
    """The picture as Mermaid text."""
    names = {box.id: f"n{number}" for number, box in enumerate(b for p in view.panels for b in p.boxes())}
    lines = [f"flowchart {view.main.orient}", f"  accTitle: {re.sub(r'[^A-Za-z0-9_ ]', ' ', view.caption.name)}"]
    for panel in view.panels:
        _items(panel.root, names, lines, 1)
        lines += [_arrow(link, names) for link in panel.links if link.kind != "none"]
    return "\n".join(lines) + "\n"


def _items(cluster: Cluster, names: dict[str, str], lines: list[str], depth: int) -> None:
    indent = "  " * depth
    for item in cluster.items:
        if isinstance(item, Box):
            left, right = _SHAPES.get(item.shape, ("[", "]"))
            lines.append(f'{indent}{names[item.id]}{left}"{_label(item)}"{right}')
        else:
            number = len(lines)
            words = [item.title, item.badge, item.note, "frozen" if item.frozen else ""]
            lines.append(f'{indent}subgraph g{number}["{_text(" · ".join(w for w in words if w))}"]')
            _items(item, names, lines, depth + 1)
            lines.append(f"{indent}end")


def _label(box: Box) -> str:
    parts = [box.title, box.badge] if box.shape != "card" or box.named or box.badge else []
    parts = [" ".join(p for p in parts if p)] + [_row(row) for row in box.rows] + box.notes
    if box.share:
        parts.append(f"⇄ shared {box.share}")
    if box.frozen:
        parts.append("❄ frozen")
    return "<br/>".join(_text(p) for p in parts if p) or "·"


def _row(row: Row) -> str:
    run = f"×{row.times}" + (f", {row.span} rows" if row.span > 1 else "") if row.times > 1 else ""
    return " ".join(part for part in (row.text, row.count, run) if part)


def _arrow(link: Link, names: dict[str, str]) -> str:
    shape = "-.->" if link.kind in ("loss", "next") else "-.-" if link.kind == "share" else "-->"
    told = f'|"{_text(link.label)}"|' if link.label else ""
    return f"  {names[link.tail]} {shape}{told} {names[link.head]}"


def _text(text: str) -> str:
    return re.sub(r"[^\w .,:/·×→−+∥∼⇄❄⌈⌉⌊⌋=()'′²-]", lambda found: f"#{ord(found[0])};", clean(text))
