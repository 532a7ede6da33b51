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
    boxes = {box.id: box for panel in view.panels for box in panel.boxes()}
    names = {name: f"n{number}" for number, name in enumerate(boxes)}
    name = re.sub(r"[^A-Za-z0-9_]+", " ", view.caption.name).strip()
    lines = [f"flowchart {view.main.orient}"]
    if name:  # an empty title would take the next line for its own
        lines.append(f"  accTitle: {name}")
    for panel in view.panels:
        _items(panel.root, names, lines, 1)
        lines += [_arrow(link, boxes, names) for link in panel.links if link.kind != "none"]
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


def _arrow(link: Link, boxes: dict[str, Box], names: dict[str, str]) -> str:
    ends, label = [names[link.tail], names[link.head]], _text(link.label)
    shape = "-.->" if link.kind == "loss" else "-.-" if link.kind in ("share", "next") else "-->"
    if link.kind == "next":  # Mermaid would turn the whole picture round to let this arrow go with the others
        ends.reverse()
        label = _text(f"{link.label}: back to {boxes[link.head].title}".strip())
    told = f'|"{label}"|' if label.strip() else ""
    return f"  {ends[0]} {shape}{told} {ends[1]}"


def _text(text: str) -> str:
    return re.sub(r"[^\w .,:/·×→−+∥∼⇄❄⌈⌉⌊⌋=()'′²-]", lambda found: f"#{ord(found[0])};", clean(text))
