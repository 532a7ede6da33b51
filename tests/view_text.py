"""A view as text, for tests that say what is drawn.

Leaves: `written`, a line for each box, cluster and arrow: `card conv1: "stem" Conv 7×7, 64, /2 (9.41 k) / ReLU`.
"""

from __future__ import annotations

from dslnet.targets.drawing.view import Box, Cluster, Link, View

SIGNS = {
    "flow": "->",
    "skip": "~>",
    "side": "-o",
    "lead": "-o",
    "loss": "-->",
    "next": "...>",
    "plain": "-",
    "share": "...",
}


def written(view: View) -> str:
    """What a reader of the picture sees, without where it stands."""
    lines = []
    for panel in view.panels:
        lines.append("the whole" if panel is view.main else f"definition of {panel.id.removeprefix('def ')}")
        lines += _items(panel.root, 1)
        lines += [f"  {_link(link)}" for link in panel.links if link.kind != "none"]
    marks = ["; ".join(view.caption.marks)] if view.caption.marks else []
    return "\n".join([*lines, f"caption: {view.caption.facts}", *(f"marks: {text}" for text in marks)]) + "\n"


def _items(cluster: Cluster, depth: int) -> list[str]:
    lines = []
    for item in cluster.items:
        told = _box(item) if isinstance(item, Box) else _cluster(item)
        lines.append("  " * depth + told)
        if isinstance(item, Cluster):
            lines += _items(item, depth + 1)
    return lines


def _box(box: Box) -> str:
    shown = box.named or box.shape != "card" or (len(box.rows) == 1 and box.title != box.rows[0].name)
    rows = [row.text + (f" ({row.count})" if row.count and not row.thin else "") for row in box.rows]
    parts = [f'"{box.title}"' if shown and box.title else "", " / ".join(rows), ", ".join(box.notes)]
    return _marked(f"{box.shape} {box.id}: " + " ".join(p for p in parts if p), box)


def _cluster(cluster: Cluster) -> str:
    text = f'cluster {cluster.id}: "{cluster.title}" {cluster.note}'.rstrip()
    return _marked(text + (" dashed" if cluster.dashed else ""), cluster)


def _marked(text: str, item: Box | Cluster) -> str:
    bar = isinstance(item, Box) and item.bar is not None
    marks = [item.badge, f"⇄ {item.share}" if item.share else "", "frozen" if item.frozen else "", "bar" if bar else ""]
    return " ".join([text.rstrip(), *(f"[{mark}]" for mark in marks if mark)])


def _link(link: Link) -> str:
    label = f": {link.label}" if link.label else ""
    return f"{link.tail} {SIGNS[link.kind]} {link.head}{label}" + (" [stops]" if link.stop else "")
