"""HTML-like labels of DOT.

Enters: boxes and captions of a view. Leaves: labels in which every text has gone through `escape`. Balanced tags, no
empty elements, nothing that reads a file.
"""

from __future__ import annotations

from .escape import DRAWN, label
from .style import LEGEND, Theme
from .view import Box, Caption, Cluster, Row

#: A title with more letters stands in two lines; so many lines has a doc comment.
LONG, DOC = 42, 3
#: Letters of a line of a caption.
LINE = 200
TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="{}" CELLPADDING="{}">'
#: Cells without anything: Graphviz gives each column the same part of what is left over in a line, so that with many
#: of them at the end what stands before stays together at the left.
REST = "<TD></TD>" * 24


def font(text: str, size: int | None = None, colour: str | None = None, bold: bool = False, limit: int = DRAWN) -> str:
    """A text in a size, a colour, bold; cut where it is longer than `limit`, for tooltips have it whole."""
    inner = label(text, limit)
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


def leading(cells: list[str], between: int = 3) -> str:
    """Cells one beside the other at the left of a line, however long the line is."""
    parted = f'<TD WIDTH="{between}"></TD>'.join(cells)
    return cell(table([parted + REST]), 'ALIGN="LEFT" CELLPADDING="0"')


def badge(text: str, theme: Theme) -> str:
    size = f'FIXEDSIZE="TRUE" HEIGHT="18" WIDTH="{round(12 + 6.2 * len(text))}"'
    return cell(font(text, 10, theme["badgetext"], True), f'BGCOLOR="{theme["badge"]}" STYLE="ROUNDED" {size}')


def rows(box: Box, theme: Theme, upward: bool = False) -> str:
    """A fused card: a coloured line for each layer, the first one lowest where the flow goes upward."""
    lines = []
    if box.badge or (box.title and box.named):
        head = [cell(font(box.title, None, None, True), 'ALIGN="LEFT"')] if box.title else []
        head += [badge(box.badge, theme)] if box.badge else []
        head += [cell(font(" · ".join(box.notes), 9, theme["muted"]))] if box.notes else []
        lines.append(cell(table([leading(head, 6)], 0, 3), 'ALIGN="LEFT"'))
    lines += layers(box, theme, upward)
    if box.share:
        lines.append(cell(font(f"⇄ shared {box.share}", 9, theme["share"], True), 'CELLPADDING="1"'))
    return table(lines, 1)


def layers(box: Box, theme: Theme, upward: bool = False) -> list[str]:
    """The rows of a card; beside those that are done several times stands a bar with ×N."""
    lines: list[str] = []
    runs = any(row.times > 1 for row in box.rows)
    at = 0
    while at < len(box.rows):
        run = box.rows[at : at + box.rows[at].span]
        at += len(run)
        told = [_row(row, theme.fill("frozen" if box.frozen else row.role), theme) for row in run]
        told = told[::-1] if upward else told
        if run[0].times > 1:
            words = font(f"×{run[0].times}", 10, theme["badgetext"], True)
            told[0] += cell(words, f'ROWSPAN="{len(run)}" BGCOLOR="{theme["badge"]}" STYLE="ROUNDED" CELLPADDING="4"')
        elif runs:
            told = [line.replace("<TD ", '<TD COLSPAN="2" ', 1) for line in told]
        lines = [*told, *lines] if upward else [*lines, *told]
    return lines


def _row(row: Row, fill: str, theme: Theme) -> str:
    if row.thin:  # the sides of its letters would touch the border
        return cell(f"&#160;{font(row.text, 9)}&#160;", f'BGCOLOR="{fill}" CELLPADDING="1"')
    text = font(row.text, None, None, True)
    if not row.count:
        return cell(text, f'BGCOLOR="{fill}" CELLPADDING="4" ALIGN="LEFT"')
    both = cell(text, 'ALIGN="LEFT"') + cell(font(f" {row.count}", 9, theme["muted"]), 'ALIGN="RIGHT"')
    return cell(table([both], 0, 4), f'BGCOLOR="{fill}" CELLPADDING="0"')


def folded(box: Box, theme: Theme, frozen: bool, upward: bool = False) -> str:
    """A closed block: name and ×N, arguments, count, share, and a bar; then the layers that end its stage."""
    wide = 'ALIGN="LEFT" CELLPADDING="0"'
    head = [cell(font(box.title, 12, None, True), 'ALIGN="LEFT"')] if box.title else []
    lines = [leading(head + ([badge(box.badge, theme)] if box.badge else []), 8)]
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
        lines.append(cell(inner, 'ALIGN="LEFT" CELLPADDING="0" HEIGHT="8"'))
    ending = layers(box, theme, upward)
    return table([*ending, *lines] if upward else [*lines, *ending], 1, 1)


def pill(box: Box, theme: Theme, dark: bool) -> str:
    """An input or output: its name, and its shape in small letters."""
    colour, light = (theme["iotext"], theme["iotext"]) if dark else (theme["text"], theme["muted"])
    text = font(box.title, 11, colour, True)
    return text + "".join(" " + font(note, 9, light) for note in box.notes)


def stacked(title: str, notes: list[str], theme: Theme, share: str = "", wide: int = 30) -> str:
    """A title with small lines below it."""
    lines = [font(part, None, None, True) for part in _broken(title)]
    lines += [font(part, 9, theme["muted"]) for note in notes for part in _broken(note, wide)]
    if share:
        lines.append(font(f"⇄ shared {share}", 9, theme["share"], True))
    return "<BR/>".join(lines)


def words(box: Box, theme: Theme) -> str:
    """Words alone: what a link is told by, or what is left out."""
    lines = [font(box.title, 13, theme["edgetext"], True)] if box.title else []
    return "<BR/>".join([*lines, *(font(note, 9, theme["edgetext"]) for note in box.notes)])


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


def title(cluster: Cluster, theme: Theme, high: bool = False) -> str:
    """The title of a cluster: name, ×N, and what there is to say; in two lines when it is long, or `high`."""
    head = [cell(font(cluster.title, 12, None, True))] if cluster.title else []
    head += [badge(cluster.badge, theme)] if cluster.badge else []
    rest = [cell(font(cluster.note, 9, theme["muted"]))] if cluster.note else []
    if cluster.frozen:
        rest.append(cell(font("❄ frozen", 9, theme["muted"], True)))
    if cluster.share:
        rest.append(cell(font(f"⇄ shared {cluster.share}", 9, theme["share"], True)))
    if rest and (high or len(cluster.title) + len(cluster.badge) + len(cluster.note) > LONG):
        return table([leading(head, 6), leading(rest, 6)], 2)
    return table([leading(head + rest, 6)], 2)


def caption(text: Caption, theme: Theme, legend: bool) -> str:
    """The lines of a caption in one label."""
    return table([cell(line) for line in caption_lines(text, theme, legend, 600)], 0, 1)


def caption_lines(text: Caption, theme: Theme, legend: bool, wide: float) -> list[str]:
    """Name and totals, the first line of the doc comment, the legend of what is used; about as wide as `wide`."""
    head = font(text.name, 13, None, True)
    facts = _lines(text.facts.split(" · "), " · ", 10, wide - 8 * len(text.name))
    if facts:
        head += "&#160;&#160;&#160;" + font(facts[0], 10, theme["muted"], limit=LINE)
    lines = [head, *(font(line, 10, theme["muted"], limit=LINE) for line in facts[1:])]
    doc = _lines(text.doc.split(" "), " ", 10, wide)
    doc = doc if len(doc) <= DOC else [*doc[: DOC - 1], doc[DOC - 1] + " …"]
    lines += [font(line, 10, theme["muted"], limit=LINE) for line in doc]
    if legend and text.roles and theme.coloured:
        names = [("❄ " if role == "frozen" else "") + LEGEND[role] for role in text.roles]
        most = max(1, next((n for n in range(len(names), 0, -1) if _columns(names, n) <= wide), 1))
        per = -(-len(names) // -(-len(names) // most))
        swatch = 'BGCOLOR="{}" COLOR="{}" BORDER="1" STYLE="ROUNDED" WIDTH="13" HEIGHT="10" FIXEDSIZE="TRUE"'
        found = []
        for start in range(0, len(names), per):
            cells = ""
            for role, name in list(zip(text.roles, names, strict=True))[start : start + per]:
                cells += cell("", swatch.format(theme.fill(role), theme.stroke(role)))
                cells += cell(font(name + "  ", 9, theme["muted"]), 'ALIGN="LEFT"')
            rest = per - len(names[start : start + per])
            found.append(cells + (cell(" ", f'COLSPAN="{2 * rest}"') if rest and start else ""))
        lines.append(table(found, 3, 1))
    if legend:
        marks = text.marks if theme.coloured else [mark.replace("dashed red", "dashed line") for mark in text.marks]
        if not theme.coloured and "frozen" in text.roles:
            marks = [*marks, f"❄ with a dashed border: {LEGEND['frozen']}"]
        lines += [font(line, 9, theme["muted"], limit=LINE) for line in _lines(marks, "  |  ", 9, wide)]
    lines += [font(line, 9, theme["muted"], limit=LINE) for line in _lines(text.unused, ", ", 9, wide)]
    return lines


def _columns(names: list[str], per: int) -> float:
    """About how wide a legend of so many columns is."""
    columns = [max(len(name) for name in names[n::per]) for n in range(per)]
    return sum(26 + 4.7 * width for width in columns)


def _lines(words: list[str], between: str, size: int, wide: float) -> list[str]:
    """Words in lines of about a width."""
    lines: list[str] = []
    for word in words:
        if lines and (len(lines[-1]) + len(between) + len(word)) * size * 0.5 <= wide:
            lines[-1] += between + word
        elif word:
            lines.append(word)
    return lines
