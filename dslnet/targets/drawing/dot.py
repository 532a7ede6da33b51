"""A view as DOT.

Enters: a `View`. Leaves: the text of one digraph for each panel, or of one joined digraph with the definitions as
clusters. The same view gives the same text, whatever the machine.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import labels
from .escape import DRAWN, ident, label, quoted
from .style import Theme, font
from .view import Box, Cluster, Link, Panel, View

SPACE = {"TB": ("0.34", "0.32"), "BT": ("0.30", "0.32"), "LR": ("0.45", "0.26")}


class Printer:
    """Lines of DOT in one theme."""

    def __init__(
        self, theme: Theme, orient: str, targets: dict[str, str] | None = None, titles: Mapping[str, str] | None = None
    ) -> None:
        self.titles = titles or {}
        self.theme, self.orient, self.targets = theme, orient, targets or {}
        self.ports: set[str] = set()
        self.joins: set[str] = set()
        self.text: list[str] = []
        self.indent = 0

    def say(self, line: str) -> None:
        self.text.append("  " * self.indent + line)

    # --------------------------------------------------------------------------------------------- graph

    def begin(self, name: str, gap: float | None = None, pad: str = "0.25") -> None:
        theme = self.theme
        ranks, nodes = SPACE[self.orient]
        ranks = f"{gap:g}" if gap is not None else ranks
        self.say(f"digraph {quoted(name)} {{")
        self.indent += 1
        self.say(
            f'graph [rankdir={self.orient}, bgcolor="{theme["bg"]}", fontname="{font()}", fontsize=12, '
            f'fontcolor="{theme["text"]}", ranksep={ranks}, nodesep={nodes}, splines=spline, compound=true, '
            f'newrank=false, remincross=true, pad={pad}, margin=0, outputorder=edgesfirst, tooltip=" "];'
        )
        self.say(
            f'node [fontname="{font()}", fontsize=11, fontcolor="{theme["text"]}", shape=box, style="rounded,filled", '
            'penwidth=1.1, margin="0.13,0.065", height=0.30, width=0.4];'
        )
        self.say(
            f'edge [fontname="{font()}", fontsize=9, fontcolor="{theme["edgetext"]}", color="{theme["edge"]}", '
            "penwidth=1.1, arrowhead=normal, arrowsize=0.55];"
        )

    def end(self) -> str:
        self.indent -= 1
        self.say("}")
        return "\n".join(self.text) + "\n"

    def panel(self, panel: Panel) -> None:
        """Everything of one panel."""
        home: dict[str, Cluster] = {}
        _homes(panel.root, home)
        self.items(panel.root)
        inside = _inside(panel.root)
        self.ports = {box.id for box in panel.boxes() if box.shape == "port"}
        ops = {box.id for box in panel.boxes() if box.shape == "op"}
        self.joins = {link.head for link in panel.links if link.level} & ops
        for link in panel.links:
            self.link(link, home, inside)
        top = [i for i in panel.root.items if isinstance(i, Box)]
        for shapes, rank in ((("input",), "min"), (("output", "target"), "same")):
            names = [
                i.id for i in top if i.shape in shapes and (rank != "same" or any(t.shape == "target" for t in top))
            ]
            after = {k.head for k in panel.links if k.kind == "flow"}
            names = [n for n in names if rank != "min" or n not in after]
            turned = any(link.back for link in panel.links)
            if len(names) > 1 and not turned and (rank == "same" or self.orient != "BT"):
                self.say(f"{{rank={rank}; " + "; ".join(quoted(n) for n in names) + "}")

    def items(self, cluster: Cluster) -> None:
        for item in cluster.items:
            if isinstance(item, Box):
                self.box(item, cluster)
            else:
                self.cluster(item)

    # --------------------------------------------------------------------------------------------- nodes

    def node(self, box: Box, **attributes: str) -> None:
        common = {
            "id": quoted(ident(box.id)),
            "class": quoted(box.shape if box.shape != "card" else box.role),
            "tooltip": quoted(box.tip or box.title or box.id),
        }
        if box.line:
            common["group"] = quoted(box.line)
        told = ", ".join(f"{key}={value}" for key, value in {**common, **attributes}.items())
        self.say(f"{quoted(box.id)} [{told}];")

    def paint(self, role: str, frozen: bool, dashed: bool = False, rounded: bool = True) -> dict[str, str]:
        shown = "frozen" if frozen else role
        style = ",".join(p for p in ("rounded" if rounded else "", "filled", "dashed" if frozen or dashed else "") if p)
        return {
            "fillcolor": f'"{self.theme.fill(shown)}"',
            "color": f'"{self.theme.stroke(shown)}"',
            "style": f'"{style}"',
        }

    def box(self, box: Box, cluster: Cluster) -> None:
        theme = self.theme
        extra = self.link_of(box.id)
        match box.shape:
            case "card" if len(box.rows) == 1 and not box.named:
                text = labels.single(box, theme)
                if box.frozen and not cluster.frozen:
                    text += "<BR/>" + labels.font("❄ frozen", 9, theme["muted"], True)
                self.node(box, label=f"<{text}>", **self.paint(box.rows[0].role, box.frozen), **extra)
            case "card":
                role = next((r.role for r in box.rows if not r.thin), box.rows[0].role)
                paint = self.paint("op", False, box.frozen)
                paint["color"] = f'"{theme.stroke("frozen" if box.frozen else role)}"'
                self.node(
                    box,
                    label=f"<{labels.rows(box, theme, self.orient == 'BT')}>",
                    margin='"0.065,0.06"',
                    **paint,
                    **extra,
                )
            case "fold":
                paint = self.paint("block2", box.frozen)
                told = f"<{labels.folded(box, theme, box.frozen and not cluster.frozen, self.orient == 'BT')}>"
                self.node(box, label=told, margin='"0.08,0.035"', penwidth="1.4", **paint, **extra)
            case "op":
                paint = self.paint("op", False, rounded=False)
                text = labels.font(box.title, 13, None, True)
                size = {"shape": "circle", "fixedsize": "true", "width": "0.27", "height": "0.27", "margin": "0"}
                if box.notes:
                    text = labels.stacked(box.title, box.notes, theme)
                    size = {"shape": "ellipse", "margin": '"0.02,0.01"'}
                elif len(box.title) > 2:
                    size = {"shape": "ellipse", "margin": '"0.02,0.01"', "height": "0.27"}
                self.node(box, label=f"<{text}>", **size, **paint)
            case "port":
                colour = f'"{theme["edge"]}"'
                dot = {"shape": "point", "width": "0.05", "height": "0.05", "label": '""'}
                self.node(box, color=colour, fillcolor=colour, **dot)
            case "input" | "target":
                self.node(box, label=f"<{labels.pill(box, theme, True)}>", **self.paint("io", False))
            case "output":
                paint = self.paint("op", False)
                paint["color"] = f'"{theme.stroke("io")}"'
                self.node(box, label=f"<{labels.pill(box, theme, False)}>", penwidth="2.0", **paint)
            case "loss":
                paint = self.paint("loss", False, rounded=False)
                told = f"<{labels.stacked(box.title, box.notes, theme, wide=26)}>"
                self.node(box, label=told, shape="hexagon", margin='"0.02,0.03"', penwidth="1.4", **paint)
            case "sum":
                paint = self.paint("op", False, rounded=not box.title)
                if not box.notes:
                    text, shape = (
                        labels.font(box.title, 13, None, True),
                        {"shape": "circle", "fixedsize": "true", "width": "0.3", "height": "0.3"},
                    )
                else:
                    words = labels.font(" ".join(box.notes), 9, theme["muted"])
                    text = (labels.font(box.title, 13, None, True) + " " if box.title else "") + words
                    shape = {"shape": "ellipse", "margin": '"0.03,0.01"'}
                self.node(box, label=f"<{text}>", **shape, **paint)
            case "latent":
                told = f"<{labels.stacked(box.title, box.notes, theme)}>"
                paint = self.paint("op", box.frozen, rounded=False)
                self.node(box, label=told, shape="ellipse", penwidth="2.0", margin='"0.05,0.02"', **paint)
            case "state":
                text = labels.font(box.title, None, None, True) + " " + labels.font(" ".join(box.notes), 9)
                self.node(box, label=f"<{text}>", **self.paint("recur", False, box.dashed))
            case "text":
                told = f"<{labels.words(box, theme)}>"
                self.node(box, label=told, shape="plaintext", style='""', margin='"0.03,0.01"', height="0.1")
            case "expression":
                told = f"<{labels.stacked(box.title, box.notes, theme)}>"
                self.node(box, label=told, **self.paint("act", box.frozen), **extra)
            case _:  # a parameter
                told = f"<{labels.stacked(box.title, box.notes, theme)}>"
                self.node(box, label=told, **self.paint("pool", box.frozen), **extra)

    def link_of(self, name: str) -> dict[str, str]:
        """Where a click leads: the source, or the block's own picture."""
        target = self.targets.get(name)
        # Graphviz copies an ampersand as it is, and SVG wants it escaped
        return {"URL": quoted(target, len(target)), "target": '"_top"'} if target else {}

    # ------------------------------------------------------------------------------------------ clusters

    def cluster(self, cluster: Cluster) -> None:
        role = "frozen" if cluster.frozen else "block" if cluster.depth % 2 or cluster.dashed else "block2"
        style = "rounded,filled" + (",dashed" if cluster.frozen or cluster.dashed else "")
        theme = self.theme
        self.say(f"subgraph {quoted('cluster_pad_' + cluster.id)} {{")
        self.indent += 1
        self.say(
            f'graph [id={quoted(ident("pad." + cluster.id))}, tooltip=" ", peripheries=0, style="", '
            'bgcolor="transparent", label="", margin=9];'
        )
        self.say(f"subgraph {quoted('cluster_' + cluster.id)} {{")
        self.indent += 1
        side = "b" if self.orient == "BT" else "t"
        how = self.titles.get(ident("cluster." + cluster.id), "")
        just = "r" if "right" in how else "l"
        self.say(
            f'graph [peripheries=1, id={quoted(ident("cluster." + cluster.id))}, class="block", '
            f"tooltip={quoted(cluster.title or cluster.badge or ' ')}, "
            f"label=<{labels.title(cluster, theme, 'high' in how)}>, "
            f"labeljust={just}, labelloc={side}, "
            f'style="{style}", fillcolor="{theme.fill(role)}", color="{theme.stroke(role)}", penwidth=1.3, margin=10];'
        )
        self.items(cluster)
        for _ in range(2):
            self.indent -= 1
            self.say("}")

    # --------------------------------------------------------------------------------------------- edges

    def link(self, link: Link, home: dict[str, Cluster], inside: dict[str, tuple[str, ...]]) -> None:
        theme = self.theme
        attributes = [f"tooltip={quoted(link.label or link.type or ' ')}"]
        if link.label:
            text = labels.table([labels.cell(label(link.label, DRAWN))], 0, 3)
            attributes.append(f"label=<{text}>")
        if link.trunk:
            attributes.append("weight=1" if link.back and link.head not in self.joins else "weight=20")
        if link.kind == "skip":
            attributes.append(f'color="{theme["skip"]}", penwidth=1.4')
        elif link.kind == "side":
            attributes.append(f'color="{theme.stroke("cond")}", arrowhead=onormal')
        elif link.kind == "lead":
            attributes.append(f'color="{theme.stroke("cond")}", arrowhead=none')
        elif link.kind == "loss":
            attributes.append(f'color="{theme.stroke("loss")}", style=dashed')
        elif link.kind == "next":
            attributes.append(f'color="{theme["muted"]}", style=dashed, weight=1')
            if link.tail not in inside or not inside[link.tail]:
                attributes.append("tailport=e, headport=e")
        elif link.kind == "share":
            attributes.append(f'color="{theme["share"]}", style=dotted, dir=none')
        elif link.kind == "none":
            attributes.append("style=invis, weight=30" if link.level else "style=invis, weight=0")
        elif link.frozen:
            attributes.append(f'color="{theme.stroke("frozen")}"')
        if link.stop and not link.back:
            attributes.append("dir=both, arrowtail=tee")
        if not link.ordered:
            attributes.append("constraint=false")
        if link.level:
            attributes.append("minlen=0, weight=3" if link.kind in ("skip", "side") else "minlen=0")
        ends = [quoted(link.beside or link.tail), quoted(link.head)]
        if link.back or link.kind == "next":
            # Graphviz draws best what goes with the order of its ranks
            ends.reverse()
            end = "vee" if link.kind == "next" else "normal"
            attributes.append(
                f"dir=both, arrowtail={end}, arrowhead=tee" if link.stop else f"dir=back, arrowtail={end}"
            )
            if link.back and set(inside[link.tail]) - set(inside[link.head]):
                attributes.append("minlen=2")  # above the dot at which the flow enters the cluster that it leaves
            self.say(f"{' -> '.join(ends)} [{', '.join(attributes)}];")
            return
        out, into = inside[link.tail], inside[link.head]
        entered = [c for c in into if c not in out]
        left = [c for c in out if c not in into]
        if left and self.orient == "BT" and link.kind in ("flow", "side", "lead"):
            attributes.append(f"ltail={quoted('cluster_' + left[0])}")
        if entered and self.orient == "TB" and link.kind == "flow" and link.head in self.ports:
            attributes.append(f"lhead={quoted('cluster_' + entered[0])}")
        self.say(f"{' -> '.join(ends)} [{', '.join(attributes)}];")


def _homes(cluster: Cluster, home: dict[str, Cluster]) -> None:
    for item in cluster.items:
        if isinstance(item, Box):
            home[item.id] = cluster
        else:
            _homes(item, home)


def _inside(cluster: Cluster, above: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """The clusters around each box, outermost first."""
    found: dict[str, tuple[str, ...]] = {}
    for item in cluster.items:
        if isinstance(item, Box):
            found[item.id] = above
        else:
            found.update(_inside(item, (*above, item.id)))
    return found


def print_panel(
    panel: Panel, theme: Theme, targets: dict[str, str] | None = None, titles: Mapping[str, str] | None = None
) -> str:
    """One panel as a digraph of its own; `targets` are links of boxes by id, `titles` says which titles stand at the
    `right` or in two lines, `high`."""
    printer = Printer(theme, panel.orient, targets, titles)
    printer.begin(panel.id, panel.gap, "0.06")
    printer.panel(panel)
    return printer.end()


def print_caption(view: View, theme: Theme, legend: bool, wide: float = 600) -> str:
    """The caption as a digraph with a node for each line, about as wide as `wide`."""
    printer = Printer(theme, "LR")
    printer.begin("caption", pad="0.06")
    printer.say("graph [nodesep=0.04];")
    printer.say('node [shape=plaintext, style="", margin="0,0.01", height=0.1, tooltip=" "];')
    lines = labels.caption_lines(view.caption, theme, legend, wide)
    for number, line in enumerate(lines):
        printer.say(f'"line {number}" [label=<{line}>];')
        if number:
            printer.say(f'"line {number - 1}" -> "line {number}" [style=invis, weight=10];')
    printer.say("{rank=same; " + "; ".join(f'"line {n}"' for n in range(len(lines))) + "}")
    return printer.end()


def print_joined(
    view: View, theme: Theme, caption: bool = True, legend: bool = True, targets: dict[str, str] | None = None
) -> str:
    """The whole picture as one digraph."""
    printer = Printer(theme, view.main.orient, targets)
    printer.begin(view.caption.name, view.main.gap)
    for panel in view.panels:
        printer.panel(panel)
    if caption:
        text = labels.caption(view.caption, theme, legend)
        printer.say(f"graph [labelloc=b, labeljust=c, label=<{text}>];")
    return printer.end()
