"""A page to click through.

Enters: a drawing. Leaves: one HTML file that needs no network, no server and no script: a section for each block,
laid out beforehand; closed blocks are links to their sections, and a line above each picture leads back. The script
of the page adds zoom, search and the like, and is the only one that the page lets run. Ids are unique in the page.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
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

#: Letters of a name in headings and links.
NAME = 60


@dataclass(frozen=True, slots=True)
class Section:
    """One picture of the page: its id, its name, and the sections that lead to it, the top first."""

    id: str
    name: str
    above: tuple[tuple[str, str], ...]
    where: str
    svg: str


def page(drawing: Drawing) -> str:
    """The page of a drawing. Raises `NoGraphviz` and `LayoutFailed`."""
    options = replace(drawing.options, level="block", apart=True)
    apart = make_view(drawing.model, options)
    mode = "light" if drawing.mode == "auto" else drawing.mode
    colours = theme(mode)
    model = apart.caption.name
    known = {_name(panel): f"block-{ident(_name(panel))}" for panel in apart.definitions}
    above = _above(apart, known)
    leads = drawing.targets(apart) | _leads(apart, known)
    texts = [print_panel(panel, colours, leads) for panel in apart.panels]
    if options.caption:
        texts.append(print_caption(apart, colours, options.legend))
    pictures = [part(svg, f"s{number}.") for number, svg in enumerate(layout(texts, drawing.timeout))]
    captions = [pictures.pop()] if options.caption else []
    sections = []
    for number, (panel, picture) in enumerate(zip(apart.panels, pictures, strict=True)):
        main = panel is apart.main
        name = model if main else _name(panel)
        svg = compose([picture], captions if main else [], False, name, _words(apart, panel), mode)
        here = "top" if main else known[name]
        sections.append(
            Section(here, name, above.get(name, ()), "" if main else _where(drawing, panel), _own(svg, number))
        )
    if known:  # else it is the same once more
        whole = _linked(_own(drawing.in_mode(mode), len(sections)), drawing.view, known, len(sections))
        sections.append(Section("all", "everything", (("top", model),), "", whole))
    return _document(drawing, model, apart.caption.facts, sections)


def _document(drawing: Drawing, model: str, facts: str, sections: list[Section]) -> str:
    script = (Path(__file__).parent / "page.js").read_text(encoding="utf-8")
    own = b64encode(sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{own}'; base-uri 'none'; form-action 'none'"
    )
    nav = "".join(f'<a href="#{each.id}">{xml(each.name, NAME)}</a>' for each in sections)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{xml(model, NAME)}</title>\n<style>{_style(drawing.mode)}</style>\n</head>\n<body>\n"
        f'<header>\n<h1>{xml(model, NAME)}</h1> <span>{xml(facts)}</span>\n<nav aria-label="blocks">{nav}</nav>\n'
        '<div id="tools" role="search"></div>\n</header>\n<main>\n'
        + "\n".join(map(_section, sections))
        + f"\n</main>\n<script>{script}</script>\n</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    up = f' data-up="{section.above[-1][0]}"' if section.above else ""
    crumbs = "".join(f'<li><a href="#{where}">{xml(name, NAME)}</a></li>' for where, name in section.above)
    crumbs += f'<li aria-current="page">{xml(section.name, NAME)}</li>'
    trail = f'<nav aria-label="where this is"><ol>{crumbs}</ol></nav>\n' if section.above else ""
    told = f"\n<p>{section.where}</p>" if section.where else ""
    return (
        f'<section id="{section.id}" aria-labelledby="{section.id}-name"{up}>\n{trail}'
        f'<h2 id="{section.id}-name">{xml(section.name, NAME)}</h2>{told}\n{section.svg}</section>'
    )


def _name(panel: Panel) -> str:
    return panel.id.removeprefix("def ")


def _where(drawing: Drawing, panel: Panel) -> str:
    """The place of a block in the text."""
    span = next((cluster.span for cluster in panel.root.clusters()), None)
    line = drawing.options.line(span) if span is not None else None
    if span is None or line is None:
        return ""
    told = f"{xml(Path(span.file).name, NAME)}, line {line}"
    link = drawing.linked(span)
    return f'<a href="{xml(link)}">{told}</a>' if link else told


def _leads(view: View, known: dict[str, str]) -> dict[str, str]:
    """Closed boxes and the sections of their blocks."""
    boxes = [box for panel in view.panels for box in panel.boxes()]
    return {box.id: f"#{known[box.block]}" for box in boxes if box.block in known}


def _above(view: View, known: dict[str, str]) -> dict[str, tuple[tuple[str, str], ...]]:
    """For each block the sections that lead to it, by the shortest way from the whole model."""
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    inside = {_name(panel): [box.block for box in panel.boxes()] for panel in view.definitions}
    first = [box.block for box in view.main.boxes()]
    todo: list[tuple[str, str, tuple[tuple[str, str], ...], list[str]]] = [("top", view.caption.name, (), first)]
    for where, name, above, blocks in todo:  # grows
        for block in blocks:
            if block in known and block not in found:
                found[block] = (*above, (where, name))
                todo.append((known[block], block, found[block], inside[block]))
    return {block: found.get(block, (("top", view.caption.name),)) for block in known}


def _words(view: View, panel: Panel) -> str:
    if panel is view.main:
        return view.summary
    steps = [", ".join(row.text for row in box.rows) or box.title for box in panel.boxes() if box.shape != "port"]
    return f"Definition of {_name(panel)}: " + "; ".join(step for step in steps if step)


def _own(svg: str, number: int) -> str:
    """A picture for a page of several: ids of its own, no style of its own, and open to who reads its links."""
    svg = re.sub(r"<style>.*?</style>\n", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r'\bid="(p\d+\.)', f'id="v{number}.\\1', svg)
    svg = svg.replace(' role="img"', ' role="group"', 1)
    return svg.replace("picture-title", f"title-{number}").replace("picture-desc", f"desc-{number}")


def _linked(svg: str, view: View, known: dict[str, str], number: int) -> str:
    """The whole picture with links at its closed boxes, as in the sections."""
    for position, panel in enumerate(view.panels):
        for box in panel.boxes():
            if box.block in known:
                begin = f'<g id="v{number}.p{position}.a_{ident(box.id)}"><a '
                svg = svg.replace(begin, f'{begin}xlink:href="#{known[box.block]}" ', 1)
    return svg


def _style(mode: str) -> str:
    light, dark = theme("light" if mode == "auto" else mode), theme("dark")
    base = (
        f"body{{margin:0;font:14px/1.4 {font()};background:{light['bg']};color:{light['text']}}}"
        "header{position:sticky;top:0;padding:8px 18px;background:inherit;border-bottom:1px solid;z-index:1}"
        "h1{display:inline;font-size:17px;margin-right:12px}nav a,p a{color:inherit}"
        "header nav{display:flex;flex-wrap:wrap;gap:4px 14px;padding:6px 0 0;max-height:84px;overflow:auto}"
        "#tools{display:flex;flex-wrap:wrap;gap:8px}#tools>*{font:inherit;color:inherit;background:none}"
        "#tools>:not(output){border:1px solid;border-radius:5px;margin-top:6px;padding:2px 9px}"
        "#tools output{padding-top:9px}"
        "section{display:none;padding:0 18px 18px;text-align:center;scroll-margin-top:160px}"
        "section:target{display:block}#top{display:block}body:has(section:target:not(#top)) #top{display:none}"
        "ol{display:flex;flex-wrap:wrap;justify-content:center;list-style:none;margin:10px 0 0;padding:0}"
        "li+li::before{content:'›';padding:0 7px}h2{font-size:17px;margin:10px 0 4px}p{margin:0 0 8px}"
        "section svg{max-width:100%;height:auto}svg.near{cursor:grab;touch-action:none}"
        "a:focus-visible,button:focus-visible,input:focus-visible{outline:3px solid;outline-offset:2px}"
        "svg a:not([*|href]){cursor:copy}svg a[*|href] text[font-weight=bold]{text-decoration:underline}"
        "svg a[*|href]:hover>path:first-child,svg a:focus>path:first-child,"
        "g.found>g>a>:first-child,g.found>path:first-child{stroke-width:4}"
        "@media print{section{display:block!important;break-after:page}header nav,#tools,ol{display:none}}"
    )
    if mode != "auto":
        return base
    night = f"@media(prefers-color-scheme:dark){{body{{background:{dark['bg']};color:{dark['text']}}}}}"
    return base + night + recolour()
