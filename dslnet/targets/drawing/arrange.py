"""Where things stand: which way a picture goes, its straight line, towers beside each other, and the U of a U-Net.

Enters: a finished panel. Leaves: the same panel with its orientation and with links marked for the layout. Nothing
is added but the words of links that lead from one tower into another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from copy import deepcopy

from .plan import UNITS
from .view import Box, Cluster, Link, Panel
from .wording import brief

#: A value that enters more clusters than this is named in each and has no lines.
MANY = 4
#: A picture goes from left to right when it has at most so many ranks, and is about so wide.
RANKS, WIDE = 8, 720


def arrange(panel: Panel) -> None:
    """Mark what the layout must know of a panel whose orientation is set."""
    _towers(panel)
    _told_inside(panel)
    _trunk(panel)
    _before(panel)
    if panel.orient == "TB":
        _turn(panel)


def height(panel: Panel) -> int:
    """How many boxes stand one below the other: of a U, those of its longer side."""
    most = max(_depths(panel).values(), default=0)
    turned = sum(k.trunk and k.back for k in panel.links)
    return max(most - turned, turned)


def orientation(panel: Panel) -> str:
    """Bottom to top for an encoder with a decoder; from the left for short towers side by side; else down."""
    tops = panel.root.items
    roles = {w for item in tops for w in item.title.split(" · ")[:1] if w in UNITS}
    towers = Counter(b.share for b in tops if isinstance(b, Box) and b.share and b.shape == "fold")
    beside = len(roles & set(UNITS)) > 1 and not {"encoder", "decoder"} <= roles
    if (beside or any(n > 1 for n in towers.values())) and _across(panel) <= WIDE:
        return "LR"
    inputs = sum(b.shape == "input" for b in panel.boxes())
    return "BT" if {"encoder", "decoder"} <= roles and inputs > 1 else "TB"


def _across(panel: Panel) -> float:
    """About how wide a panel would be from left to right, in points."""
    depths = _depths(panel)
    if max(depths.values(), default=0) > RANKS:
        return float("inf")
    boxes: dict[int, float] = {}
    labels: dict[int, float] = {}
    for box in panel.boxes():
        words = [box.title + box.badge, *box.notes, *(row.text + row.count for row in box.rows)]
        boxes[depths[box.id]] = max(boxes.get(depths[box.id], 0), 24 + 5.2 * max(map(len, words), default=0))
    for link in panel.links:
        labels[depths[link.tail]] = max(labels.get(depths[link.tail], 0), 32 + 4.6 * len(brief(link.type)))
    return sum(boxes.values()) + sum(labels.values())


def _trunk(panel: Panel) -> None:
    """The straight line of a panel: of the links out of a box, one is the trunk."""
    boxes = {box.id: box for box in panel.boxes()}
    depth = _depths(panel)
    seen: set[str] = set()
    entered: set[str] = set()
    for link in panel.links:
        link.trunk = False
    for link in sorted(panel.links, key=lambda k: -depth.get(k.head, 0)):
        same = boxes[link.tail].lane == boxes[link.head].lane
        if link.kind == "flow" and same and link.tail not in seen and link.head not in entered:
            link.trunk = True
            seen.add(link.tail)
            entered.add(link.head)
    after = {link.tail: link.head for link in panel.links if link.trunk}
    for number, name in enumerate(n for n in boxes if n in seen and n not in entered):
        at: str | None = name
        while at is not None:
            boxes[at].line = f"{panel.id} {number}"
            at = after.get(at)


def _towers(panel: Panel) -> None:
    """Towers that go upward stand beside each other: what goes from one into another does not lift it, but leaves from
    beside where it enters, with its words inside. A value that enters many clusters is named in each: lines would hide
    everything else."""
    boxes = {b.id: b for b in panel.boxes()}
    tops = {b.id: c.id for c in panel.root.items if isinstance(c, Cluster) for b in c.boxes()}
    closed = {b.id for b in panel.root.items if isinstance(b, Box) and b.shape == "fold" and _tower(b)}
    for link in list(panel.links):
        if panel.orient == "BT" and link.kind == "side" and {link.tail, link.head} <= closed:
            link.level = True  # closed towers stand at one height, too, with the words between them
            if link.label:
                _words(panel, link, panel.root)
                panel.links[-1].level = True
    home = {b.id: c for c in (panel.root, *panel.root.clusters()) for b in c.items if isinstance(b, Box)}
    inside = {c.id: {b.id for b in c.boxes()} for c in (panel.root, *panel.root.clusters())}
    entering = [k for k in panel.links if k.kind == "side" and k.tail not in inside[home[k.head].id]]
    between = [k for k in entering if k.tail in tops and tops[k.tail] != tops.get(k.head)]
    ranks = _ranks([k for k in panel.links if k not in between])
    fed = Counter(k.tail for k in entering)
    for link in entering:
        place, top = ranks.get(link.head, 0) - 1, tops.get(link.head)
        if fed[link.tail] > MANY:
            source = boxes[link.tail]
            name = source.title or source.id.rpartition(".")[2]
            link.label = " : ".join(w for w in (name, brief(link.type)) if w)
            _words(panel, link, home[link.head])
            panel.links.remove(link)
            continue
        if panel.orient == "BT" and link.label:
            _words(panel, link, home[link.head])
            place -= 1
        if panel.orient == "BT" and link.tail in tops and tops[link.tail] != top:
            beside = [name for name, each in tops.items() if each == tops[link.tail] and ranks.get(name, 0) <= place]
            link.beside = max(beside, key=lambda name: ranks.get(name, 0), default="")
            link.ordered = bool(link.beside)


def _tower(box: Box) -> bool:
    return box.title.split(" · ")[0] in UNITS


def _words(panel: Panel, link: Link, cluster: Cluster) -> None:
    """Put the words of a side input into the cluster that it enters."""
    words = Box(f"{link.tail} to {link.head}, {link.name}", "text", "", [link.label], tip=link.label)
    cluster.items.append(words)
    panel.links.append(Link(words.id, link.head, "side", link.type))
    link.head, link.kind, link.label = words.id, "lead", ""


def words_inside(panel: Panel, numbers: Collection[int]) -> Panel:
    """The panel without these words on borders: those of side inputs stand inside the clusters that they enter, and
    shapes are left out."""
    made = deepcopy(panel)
    home = {b.id: c for c in (made.root, *made.root.clusters()) for b in c.items if isinstance(b, Box)}
    for link in [made.links[n] for n in sorted(numbers)]:
        if link.kind == "side" and link.label:
            _words(made, link, home[link.head])
        elif not link.name:
            link.label = ""  # a shape, which the boxes at both ends tell too
    return made


def _told_inside(panel: Panel) -> None:
    """The shape of what flows from one cluster into another is told where it has entered."""
    tops = {b.id: c.id for c in panel.root.items if isinstance(c, Cluster) for b in c.boxes()}
    ports = {b.id for b in panel.boxes() if b.shape == "port"}
    for link in panel.links:
        if link.head in ports and link.label and link.kind == "flow":
            if link.tail in tops and tops[link.tail] != tops.get(link.head):
                inner = next((k for k in panel.links if k.tail == link.head and not k.label), None)
                if inner is not None:
                    inner.label, link.label = link.label, ""


def _before(panel: Panel) -> None:
    """What flows into a cluster stands before all of it, not beside what has nothing before it there."""
    leaving: dict[str, list[Link]] = {}
    entering: dict[str, list[tuple[int, Link]]] = {}
    for number, link in enumerate(panel.links):
        if link.kind not in ("next", "none"):
            leaving.setdefault(link.tail, []).append(link)
        if link.kind == "flow":
            entering.setdefault(link.head, []).append((number, link))
    for cluster in list(panel.root.clusters()):
        inside = {b.id: b for b in cluster.boxes()}
        fed = {k.head for name in inside for k in leaving.get(name, ())}
        first = [name for name in inside if name not in fed]
        ports = [name for name, box in inside.items() if box.shape == "port"]
        for _, link in sorted((pair for name in ports for pair in entering.get(name, ())), key=lambda pair: pair[0]):
            if link.tail in inside:
                continue
            for name in first:
                if name != link.head and link.tail not in _after(panel, name):
                    panel.links.append(Link(link.tail, name, "none"))


def _ranks(links: list[Link]) -> dict[str, int]:
    """How far each box is from the beginning of the longest way that leads to it."""
    before: dict[str, list[str]] = {}
    for link in links:
        if link.kind != "next":
            before.setdefault(link.head, []).append(link.tail)
            before.setdefault(link.tail, [])
    found: dict[str, int] = {}
    for start in before:
        waiting, on_way = [(start, iter(before[start]))], {start}
        while waiting:
            name, rest = waiting[-1]
            earlier = next((n for n in rest if n not in found and n not in on_way), None)
            if earlier is not None:
                waiting.append((earlier, iter(before[earlier])))
                on_way.add(earlier)
            else:
                waiting.pop()
                on_way.discard(name)
                found[name] = 1 + max((found.get(n, 0) for n in before[name]), default=-1)
    return found


def _turn(panel: Panel) -> None:
    """A flow with skips inside skips goes down and up again: what comes after its lowest box is drawn upwards, beside
    what comes before, and each skip is level."""
    chain = max(_lines(panel), key=len, default=[])
    at = {name: number for number, name in enumerate(chain)}
    boxes = {b.id: b for b in panel.boxes()}
    nested: list[Link] = []
    for link in sorted(panel.links, key=lambda k: at.get(k.tail, -1)):
        if link.trunk or link.kind not in ("skip", "side", "flow") or at.get(link.head, -1) - at.get(link.tail, 0) < 2:
            continue
        if link.tail in at and not boxes[link.tail].shape == "input":
            if not nested or (at[link.tail] > at[nested[-1].tail] and at[link.head] < at[nested[-1].head]):
                nested.append(link)
    sums = bool(nested) and all(boxes[k.head].title == "+" for k in nested)
    if len(nested) < (3 if sums else 2):
        return
    lowest = chain[(at[nested[-1].tail] + at[nested[-1].head]) // 2]
    upper = _after(panel, lowest)
    for link in panel.links:
        if link.head in upper and (link.tail in upper or link.tail == lowest):
            link.back = link.kind != "next"
        elif link in nested:
            link.level, link.label = True, ""
        elif link.head in upper:
            link.ordered = False
    joins = {k.head for k in nested if boxes[k.head].shape == "op"}
    for link in panel.links:
        if link.trunk and link.tail in joins:
            link.level, link.back, link.label = True, False, ""
    heads = {k.head for k in nested}
    for link in nested:
        left, right = chain[at[link.tail] + 1], chain[at[link.head] - 1]
        if link.head in joins and right in upper - heads and left not in upper and left != lowest:
            panel.links.append(Link(left, right, "none", level=True))
    for name in upper:
        boxes[name].line = ""  # a group would pull harder than the levels


def _lines(panel: Panel) -> list[list[str]]:
    """The straight lines of a panel, each from its first box to its last."""
    after = {k.tail: k.head for k in panel.links if k.trunk}
    found = []
    for start in after.keys() - set(after.values()):
        line = [start]
        while line[-1] in after:
            line.append(after[line[-1]])
        found.append(line)
    return sorted(found)


def _after(panel: Panel, name: str) -> set[str]:
    """All boxes that a box leads to."""
    after: dict[str, list[str]] = {}
    for link in panel.links:
        if link.kind != "next":
            after.setdefault(link.tail, []).append(link.head)
    found: set[str] = set()
    todo = [name]
    while todo:
        for head in after.get(todo.pop(), ()):
            if head not in found:
                found.add(head)
                todo.append(head)
    return found


def _depths(panel: Panel) -> dict[str, int]:
    """How far each box is from the end of the longest way that leads on from it."""
    after: dict[str, list[str]] = {}
    for link in panel.links:
        if link.kind != "next":
            after.setdefault(link.tail, []).append(link.head)
    depth: dict[str, int] = {}
    for start in [box.id for box in panel.boxes()]:
        trail, waiting = {start}, [] if start in depth else [(start, iter(after.get(start, ())))]
        while waiting:
            name, rest = waiting[-1]
            later = next((n for n in rest if n not in depth and n not in trail), None)
            if later is not None:
                waiting.append((later, iter(after.get(later, ()))))
                trail.add(later)
            else:
                waiting.pop()
                depth[name] = 1 + max((depth.get(n, 0) for n in after.get(name, ())), default=0)
    return depth
