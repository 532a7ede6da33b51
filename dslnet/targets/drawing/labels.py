"""HTML-like labels of DOT.

Enters: boxes and captions of a view. Leaves: labels in which every text has gone through `escape`. Balanced tags, no
empty elements, nothing that reads a file.
"""

from __future__ import annotations

from .escape import label
from .style import LEGEND, Theme
from .view import Box, Caption, Cluster, Row

TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="{}" CELLPADDING="{}">'


def font(text: str, size: int | None = None, colour: str | None = None, bold: bool = False) -> str:
    """A text in a size, a colour, bold."""
    inner = label(text)
    if bold:
        inner = f"<B>{inner}</B>"
    attributes = (f' POINT-SIZE="{size}"' if size else "") + (f' COLOR="{colour}"' if colour else "")
    return f"<FONT{attributes}>{inner}</FONT>" if attributes else inner


def table(rows: list[str], spacing: int = 0, padding: int = 0, align: str = "") -> str:
    begin = TABLE.format(spacing, padding)
    if align:
        begin = begin.replace("<TABLE", f'<TABLE ALIGN="{align}"')
    return begin + "".join(f"<TR>{row}</TR>" for row in rows) + "</TABLE>"


def cell(text: str, attributes: str = "") -> str:
    return f"<TD{' ' + attributes if attributes else ''}>{text}</TD>"


def single(box: Box, theme: Theme) -> str:
    """A layer: its name, and below it arguments and parameters."""
    row = box.rows[0]
    own = box.title != row.name
    lines = [font(box.title, None, None, True)]
    under = " · ".join(t for t in (row.text if own else row.arguments, "" if row.thin else row.count) if t)
    if under:
        lines.append(font(under, 9, theme["muted"]))
    if box.share:
        lines.append(font(f"⇄ shared {box.share}", 9, theme["share"], True))
    if box.badge:
        title = cell(lines[0]) + badge(box.badge, theme)
        return table([cell(table([title], 3)), *(cell(x) for x in lines[1:])])
    return "<BR/>".join(lines)


def badge(text: str, theme: Theme) -> str:
    size = f'FIXEDSIZE="TRUE" HEIGHT="18" WIDTH="{round(12 + 6.2 * len(text))}"'
    return cell(font(text, 10, theme["badgetext"], True), f'BGCOLOR="{theme["badge"]}" STYLE="ROUNDED" {size}')


def rows(box: Box, theme: Theme) -> str:
    """A fused card: a coloured line for each layer."""
    lines = []
    if box.badge or (box.title and box.named):
        inner = cell(font(box.title, None, None, True), 'ALIGN="LEFT"') + (badge(box.badge, theme) if box.badge else "")
        if box.notes:
            inner += cell(font(" · ".join(box.notes), 9, theme["muted"]))
        lines.append(cell(table([inner], 3, 1, "LEFT"), 'ALIGN="LEFT"'))
    for row in box.rows:
        fill = theme.fill("frozen" if box.frozen else row.role)
        lines.append(_row(row, fill, theme))
    if box.share:
        lines.append(cell(font(f"⇄ shared {box.share}", 9, theme["share"], True), 'CELLPADDING="1"'))
    return table(lines, 1)


def _row(row: Row, fill: str, theme: Theme) -> str:
    size = 9 if row.thin else None
    padding = 1 if row.thin else 4
    text = font(row.text, size, None, not row.thin)
    if not row.count or row.thin:
        return cell(text, f'BGCOLOR="{fill}" CELLPADDING="{padding}"' + ("" if row.thin else ' ALIGN="LEFT"'))
    both = cell(text, 'ALIGN="LEFT"') + cell(font(f" {row.count}", 9, theme["muted"]), 'ALIGN="RIGHT"')
    return cell(table([both], 0, padding), f'BGCOLOR="{fill}" CELLPADDING="0"')


def folded(box: Box, theme: Theme, frozen: bool) -> str:
    """A closed block: name and ×N, arguments, count, share, and a bar."""
    wide = 'ALIGN="LEFT" CELLPADDING="0"'
    head = cell(font(box.title, 12, None, True), 'ALIGN="LEFT"') + (badge(box.badge, theme) if box.badge else "")
    lines = [cell(table([head], 2, 1, "LEFT"), wide) if box.badge else cell(font(box.title, 12, None, True), wide)]
    lines += [cell(font(note, 9, theme["muted"]), wide) for note in box.notes]
    if frozen:
        lines.append(cell(font("❄ frozen", 9, theme["muted"], True), wide))
    if box.share:
        lines.append(cell(font(f"⇄ shared {box.share}", 9, theme["share"], True), wide))
    if box.bar is not None:
        full = max(2, min(78, round(80 * box.bar)))
        fixed = 'FIXEDSIZE="TRUE" HEIGHT="4" WIDTH="{}" BGCOLOR="{}"'
        bar = cell("", fixed.format(full, theme["edge"])) + cell("", fixed.format(80 - full, theme["barbg"]))
        inner = (
            '<TABLE ALIGN="LEFT" FIXEDSIZE="TRUE" WIDTH="80" HEIGHT="4" BORDER="0" CELLBORDER="0" CELLSPACING="0" '
            f'CELLPADDING="0"><TR>{bar}</TR></TABLE>'
        )
        lines.append(cell(inner, 'ALIGN="LEFT" CELLPADDING="2"'))
    return table(lines, 1, 1)


def pill(box: Box, theme: Theme, dark: bool) -> str:
    """An input or output: its name, and its shape in small letters."""
    colour, light = (theme["iotext"], theme["iotext"]) if dark else (theme["text"], theme["muted"])
    text = font(box.title, 11, colour, True)
    return text + "".join(" " + font(note, 9, light) for note in box.notes)


def stacked(title: str, notes: list[str], theme: Theme, share: str = "") -> str:
    """A title with small lines below it."""
    lines = [font(part, None, None, True) for part in _broken(title)]
    lines += [font(note, 9, theme["muted"]) for note in notes]
    if share:
        lines.append(font(f"⇄ shared {share}", 9, theme["share"], True))
    return "<BR/>".join(lines)


def _broken(text: str, width: int = 30) -> list[str]:
    """A long expression on a few lines, broken at spaces."""
    lines, line = [], ""
    for word in text[:180].split(" "):
        if line and len(line) + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]


def title(cluster: Cluster, theme: Theme) -> str:
    """The title of a cluster: name, ×N, and what there is to say."""
    cells = cell(font(cluster.title, 12, None, True))
    if cluster.badge:
        cells += badge(cluster.badge, theme)
    if cluster.note:
        cells += cell(font(cluster.note, 9, theme["muted"]))
    if cluster.frozen:
        cells += cell(font("❄ frozen", 9, theme["muted"], True))
    if cluster.share:
        cells += cell(font(f"⇄ shared {cluster.share}", 9, theme["share"], True))
    return table([cells], 4, 1)


def caption(text: Caption, theme: Theme, legend: bool) -> str:
    """The lines of a caption in one label."""
    return table([cell(line) for line in caption_lines(text, theme, legend)], 0, 1)


def caption_lines(text: Caption, theme: Theme, legend: bool) -> list[str]:
    """Name and totals, the first line of the doc comment, the legend of what is used."""
    head = font(text.name, 13, None, True)
    if text.facts:
        head += "&#160;&#160;&#160;" + font(text.facts, 10, theme["muted"])
    lines = [head]
    if text.doc:
        lines.append(font(text.doc if len(text.doc) <= 100 else text.doc[:99] + "…", 10, theme["muted"]))
    if legend and text.roles:
        per = -(-len(text.roles) // -(-len(text.roles) // 5))
        for start in range(0, len(text.roles), per):
            cells = ""
            for role in text.roles[start : start + per]:
                swatch = f'BGCOLOR="{theme.fill(role)}" COLOR="{theme.stroke(role)}" BORDER="1" STYLE="ROUNDED"'
                cells += cell("", swatch + ' WIDTH="13" HEIGHT="10" FIXEDSIZE="TRUE"')
                name = ("❄ " if role == "frozen" else "") + LEGEND[role]
                cells += cell(font(name + "  ", 9, theme["muted"]), 'ALIGN="LEFT"')
            lines.append(table([cells], 3, 1))
    if legend and text.marks:
        for start in range(0, len(text.marks), 4):
            lines.append(font("  |  ".join(text.marks[start : start + 4]), 9, theme["muted"]))
    return lines
