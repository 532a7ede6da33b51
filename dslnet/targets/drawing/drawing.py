"""A drawing and the formats that it can be had in.

Enters: a model with options. Leaves: `Drawing`, whose `.dot` needs no Graphviz and whose other formats do.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote

from ...graph import Model
from ...source import Span
from . import compose
from .dot import print_caption, print_joined, print_panel
from .escape import url
from .layout import MISSING, LayoutFailed, NoGraphviz, layout, run
from .make import make_view
from .plan import Options
from .style import theme
from .trials import untangle
from .view import View

#: What can be written, by the ending of the file.
ENDINGS = (".svg", ".png", ".pdf", ".dot", ".html", ".mmd")
#: Cairo stops at 32,767 pixels, and each takes four bytes of memory.
PIXELS, AREA = 32_000, 400_000_000


class TooManyPixels(LayoutFailed):
    """A picture that is too large for a PNG, and not for an SVG."""


class Drawing:
    """A picture of a model. In a notebook it shows itself."""

    def __init__(self, model: Model, options: Options, mode: str, timeout: float = 60.0, dpi: int = 150) -> None:
        self.model, self.options, self.mode, self.timeout, self.dpi = model, options, mode, timeout, dpi
        self.view: View = make_view(model, options)
        self.missing = False
        self._svg: dict[str, str] = {}
        self._failed = ""

    @property
    def dot(self) -> str:
        """The picture as one digraph."""
        return self._joined(self.mode)

    def _joined(self, mode: str) -> str:
        options = self.options
        return print_joined(self.view, theme(mode), options.caption, options.legend, self.targets())

    def targets(self, view: View | None = None) -> dict[str, str]:
        """Links of the boxes of a view (else this one) to the lines that made them, where the reader says how they
        look."""
        boxes = (box for panel in (view or self.view).panels for box in panel.boxes())
        links = {box.id: self.linked(box.span) for box in boxes} if self.options.link is not None else {}
        return {name: link for name, link in links.items() if link is not None}

    def linked(self, span: Span) -> str | None:
        """The link to a place in a spec, by the reader's template."""
        template, line = self.options.link, self.options.line(span)
        if template is None or line is None:
            return None
        return url(template.replace("{file}", quote(os.path.basename(span.file))).replace("{line}", str(line)))

    @property
    def svg(self) -> str:
        """The picture laid out. Raises `NoGraphviz` and `LayoutFailed`."""
        return self.in_mode(self.mode)

    def in_mode(self, mode: str) -> str:
        """The picture in one theme. Raises `NoGraphviz` and `LayoutFailed`."""
        if mode == "light":  # drawn once for both: it is what follows the reader, without following
            return re.sub(r"<style>.*?</style>\n", "", self.in_mode("auto"), count=1, flags=re.DOTALL)
        if mode not in self._svg:
            colours = theme(mode)
            digraphs = [print_panel(panel, colours, self.targets()) for panel in self.view.panels]
            count = len(digraphs)
            if self.options.caption:
                legend = self.options.legend
                digraphs += [print_caption(self.view, colours, legend, wide) for wide in compose.WIDTHS]
            pictures = layout(digraphs, self.timeout)
            links = self.targets()
            untangle(
                self.view.panels,
                pictures,
                lambda panel, titles: print_panel(panel, colours, links, titles),
                self.timeout,
            )
            parts = [compose.part(svg, f"p{min(n, count)}.") for n, svg in enumerate(pictures)]
            parts, captions = parts[:count], parts[count:]
            across = self.view.main.orient == "LR"
            self._svg[mode] = compose.compose(parts, captions, across, self.view.caption.name, self.view.summary, mode)
        return self._svg[mode]

    def _repr_svg_(self) -> str | None:
        """What a notebook shows; where there is none it shows the words of `repr`."""
        try:
            return self.svg
        except NoGraphviz:
            self._failed = f"; {MISSING}"
        except LayoutFailed as error:
            self._failed = f"; {error}"
        return None

    def __repr__(self) -> str:
        return f"<drawing of {self.view.caption.name}, {self.view.count()} boxes{self._failed}>"

    def data(self, ending: str) -> bytes:
        """The bytes of a file with this ending. Raises `NoGraphviz` and `LayoutFailed`."""
        still = "light" if self.mode == "auto" else self.mode
        match ending:
            case ".dot":
                return self.dot.encode()
            case ".svg":
                return self.svg.encode()
            case ".png" | ".pdf":
                return self._converted(self.in_mode(still), ending)
            case ".html":
                from .html import page

                return page(self).encode()
            case ".mmd":
                from .mermaid import mermaid

                return mermaid(self.view).encode()
        raise ValueError(f"a drawing ends in one of {', '.join(ENDINGS)}, not {ending}")

    def _converted(self, svg: str, ending: str) -> bytes:
        from .layout import find

        if ending == ".png":
            height = float(svg.split('height="', 1)[1].split("pt", 1)[0]) * self.dpi / 72
            width = float(svg.split('width="', 1)[1].split("pt", 1)[0]) * self.dpi / 72
            if max(height, width) > PIXELS or height * width > AREA:
                raise TooManyPixels(f"a PNG of {width:,.0f} x {height:,.0f} pixels is too large")
        if find("rsvg-convert"):
            # lengths in points: 72 a inch
            arguments = ["-f", ending[1:], "-d", str(self.dpi), "-p", str(self.dpi)]
            return run("rsvg-convert", arguments, svg.encode(), self.timeout)
        dpi = [f"-Gdpi={self.dpi}"] if ending == ".png" else []
        text = self._joined("light" if self.mode == "auto" else self.mode)
        return run("dot", [f"-T{ending[1:]}", *dpi], text.encode(), self.timeout)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the file; its ending says what it is."""
        Path(path).write_bytes(self.data(os.path.splitext(os.fspath(path))[1].lower()))


def draw(
    model: Model, options: Options | None = None, mode: str = "auto", timeout: float = 60.0, dpi: int = 150
) -> Drawing:
    """The drawing of a model. Raises `NothingMatches` for a pattern that fits nothing, and `TooLarge`."""
    chosen = options or Options()
    return Drawing(model, chosen, mode, timeout, dpi)
