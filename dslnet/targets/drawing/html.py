"""A page to click through.

Enters: a drawing. Leaves: one HTML file that needs no network, no server and no script: a section for each block,
laid out beforehand; closed blocks are links to their sections.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from .compose import compose, part, recolour
from .dot import print_caption, print_panel
from .escape import ident, xml
from .layout import layout
from .make import make_view
from .style import font, theme
from .view import Panel, View

if TYPE_CHECKING:
    from .drawing import Drawing

POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(drawing: Drawing) -> str:
    """The page of a drawing. Raises `NoGraphviz` and `LayoutFailed`."""
    apart = make_view(drawing.model, replace(drawing.options, level="block", apart=True))
    mode = "light" if drawing.mode == "auto" else drawing.mode
    colours = theme(mode)
    known = {panel.id.removeprefix("def "): f"#block-{ident(panel.id[4:])}" for panel in apart.definitions}
    targets = {box.id: known[box.block] for panel in apart.panels for box in panel.boxes() if box.block in known}
    texts = [print_panel(panel, colours, targets) for panel in apart.panels]
    texts.append(print_caption(apart, colours, drawing.options.legend))
    pictures = [part(svg, f"s{number}.") for number, svg in enumerate(layout(texts, drawing.timeout))]
    caption = pictures.pop()
    sections = []
    for number, (panel, picture) in enumerate(zip(apart.panels, pictures, strict=True)):
        name = apart.caption.name if panel is apart.main else panel.id.removeprefix("def ")
        end = caption if panel is apart.main else None
        svg = compose([picture], [end] if end is not None else [], False, name, _words(apart, panel), mode)
        where = "top" if panel is apart.main else f"block-{ident(name)}"
        sections.append(_section(where, name, apart.caption.name, _own(svg, number)))
    whole = _own(drawing.in_mode(mode), len(sections))
    sections.append(_section("all", "everything", apart.caption.name, whole))
    links = [("top", apart.caption.name), *((u[1:], n) for n, u in known.items()), ("all", "everything")]
    nav = "".join(f'<a href="#{where}">{xml(name, 60)}</a>' for where, name in links)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{xml(apart.caption.name, 60)}</title>\n<style>{_style(drawing.mode)}</style>\n</head>\n<body>\n"
        f'<nav aria-label="blocks">{nav}</nav>\n' + "\n".join(sections) + "\n</body>\n</html>\n"
    )


def _words(view: View, panel: Panel) -> str:
    if panel is view.main:
        return view.summary
    steps = [", ".join(row.text for row in box.rows) or box.title for box in panel.boxes() if box.shape != "port"]
    return f"Definition of {panel.id.removeprefix('def ')}: " + "; ".join(step for step in steps if step)


def _own(svg: str, number: int) -> str:
    """The ids of a picture's title and description, made different from those of the others."""
    svg = re.sub(r"<style>.*?</style>\n", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r'\bid="(p\d+\.)', f'id="v{number}.\\1', svg)
    return svg.replace("picture-title", f"title-{number}").replace("picture-desc", f"desc-{number}")


def _section(where: str, name: str, model: str, svg: str) -> str:
    crumbs = "" if where == "top" else f'<p><a href="#top">{xml(model, 60)}</a> › {xml(name, 60)}</p>'
    return f'<section id="{where}" aria-label="{xml(name, 60)}">\n<h2>{xml(name, 60)}</h2>{crumbs}\n{svg}</section>'


def _style(mode: str) -> str:
    light, dark = theme("light" if mode == "auto" else mode), theme("dark")
    base = (
        f"body{{margin:0;font:14px/1.4 {font()};background:{light['bg']};color:{light['text']}}}"
        "nav{position:sticky;top:0;display:flex;flex-wrap:wrap;gap:6px 14px;padding:10px 18px;background:inherit;"
        "border-bottom:1px solid}nav a,p a{color:inherit}section{display:none;padding:0 18px 18px;text-align:center}"
        "section:target{display:block}#top{display:block}body:has(section:target:not(#top)) #top{display:none}"
        "h2{font-size:17px;margin:12px 0 4px}p{margin:0 0 8px}section svg{max-width:100%;height:auto}"
        "a:focus-visible{outline:3px solid;outline-offset:2px}svg a:hover path,svg a:focus path{stroke-width:3}"
    )
    if mode != "auto":
        return base
    night = f"@media(prefers-color-scheme:dark){{body{{background:{dark['bg']};color:{dark['text']}}}}}"
    return base + night + recolour()
