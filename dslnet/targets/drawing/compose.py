"""One SVG out of many.

Enters: the SVGs of the panels and of the caption, as `dot` makes them. Leaves: one SVG that needs nothing else: the
definitions beside or under the main flow, the caption last, one title and one description, ids that do not clash,
and (theme `auto`) colours that follow the reader's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .escape import xml
from .style import dark_of_light, theme

#: Between two panels, and around all of them.
GAP, MARGIN = 20.0, 12.0


@dataclass(slots=True)
class Part:
    """A laid-out panel: its size in points and its inside."""

    width: float
    height: float
    body: str
    x: float = 0.0
    y: float = 0.0


def part(svg: str, prefix: str) -> Part:
    """The inside of one SVG of `dot`, with ids of its own."""
    found = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    assert found is not None
    body = svg[svg.index(">") + 1 : svg.rindex("</svg>")]
    body = re.sub(r"<title>[^<]*</title>\n?", "", body)
    body = re.sub(r"<!--.*?-->\n?", "", body, flags=re.DOTALL)
    body = re.sub(r'<polygon fill="[^"]*" stroke="(?:transparent|none)"[^>]*/>\n?', "", body, count=1)
    body = re.sub(r'\bid="([^"]*)"', lambda m: f'id="{prefix}{m[1]}"', body)
    body = body.replace(' xlink:title="&#45;&gt;"', "")
    body = re.sub(r"<text ", '<text dy="0.1em" ', body)
    return Part(float(found[1]), float(found[2]), body.strip())


def _beside(parts: list[Part], across: bool, stretch: float = 1.0) -> tuple[float, float]:
    """Place the definitions right of the main flow, or below it; the size of all together."""
    main, *definitions = parts
    main.x = main.y = 0.0
    width, height = main.width, main.height
    x, y, most = (0.0, main.height + GAP, 0.0) if across else (main.width + GAP, 0.0, 0.0)
    limit = max(p.width if across else p.height for p in parts) * stretch
    for each in definitions:
        if across and x and x + each.width > limit + 1:
            x, y, most = 0.0, y + most + GAP, 0.0
        elif not across and y and y + each.height > limit + 1:
            x, y, most = x + most + GAP, 0.0, 0.0
        each.x, each.y = x, y
        if across:
            x, most = x + each.width + GAP, max(most, each.height)
        else:
            y, most = y + each.height + GAP, max(most, each.width)
        width, height = max(width, each.x + each.width), max(height, each.y + each.height)
    if across:  # each row in the middle
        for top in {each.y for each in parts}:
            row = [each for each in parts if each.y == top]
            shift = (width - max(each.x + each.width for each in row)) / 2
            for each in row:
                each.x += shift
    return width, height


#: How wide captions are set; the one that fits the picture is taken.
WIDTHS = (330.0, 480.0, 650.0, 850.0)


def compose(parts: list[Part], captions: list[Part], across: bool, name: str, summary: str, mode: str) -> str:
    """The picture. `across` says that the main flow goes from left to right, so that definitions stand below it;
    `captions` are the same caption, each wider than the one before."""
    ways = [(across, 1.0), (across, 1.3), (not across, 1.0)]
    sizes = [_beside(parts, *way) for way in ways]
    # a page is about 0.72 as wide as high; what fits it largest is taken, the usual way unless another saves much
    costs = [max(w, 0.72 * h) * (1 if n < 2 else 1.15) for n, (w, h) in enumerate(sizes)]
    width, height = _beside(parts, *ways[costs.index(min(costs))])
    caption = next((c for c in reversed(captions) if c.width <= width), captions[0] if captions else None)
    if caption is not None:
        wide = max(width, caption.width)
        shift = (wide - width) / 2
        for each in parts:
            each.x += shift
        caption.x, caption.y = (wide - caption.width) / 2, height + 6
        width, height = wide, height + 6 + caption.height
    width, height = width + 2 * MARGIN, height + 2 * MARGIN
    inside = []
    for each in [*parts, *([caption] if caption else [])]:
        inside.append(f'<g transform="translate({each.x + MARGIN:.1f},{each.y + MARGIN:.1f})">\n{each.body}\n</g>')
    background = theme("light" if mode == "auto" else mode)["bg"].lower()
    style = f"<style>{recolour()}</style>\n" if mode == "auto" else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" '
        f'aria-labelledby="picture-title picture-desc" width="{width:.0f}pt" height="{height:.0f}pt" '
        f'viewBox="0 0 {width:.1f} {height:.1f}">\n'
        f'<title id="picture-title">{xml(name)}</title>\n<desc id="picture-desc">{xml(summary, 4000)}</desc>\n{style}'
        f'<rect width="100%" height="100%" fill="{background}"/>\n' + "\n".join(inside) + "\n</svg>\n"
    )


def recolour() -> str:
    """CSS that turns each light colour into its dark one where the reader wants dark."""
    rules = []
    for light, dark in dark_of_light().items():
        rules.append(f'[fill="{light}"]{{fill:{dark}}}[stroke="{light}"]{{stroke:{dark}}}')
    dark_text = theme("dark")["text"]
    rules.append(f"text:not([fill]){{fill:{dark_text}}}")
    return "@media(prefers-color-scheme:dark){" + "".join(rules) + "}"
