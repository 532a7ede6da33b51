"""Chains into cards, and shapes onto arrows.

Enters: a panel with one box for each computation. Leaves: the same panel with runs of layers fused, `Add & Norm`
made one, and labels only where a reader learns something from them.
"""

from __future__ import annotations

import re

from .stages import alike, ended, folded, pooled
from .view import Box, Cluster, Link, Panel
from .wording import brief

#: A card with this many rows begins anew at the next layer with weights.
ROWS = 8


class Fuser:
    """The fusing of one panel. Links and boxes are changed in place."""

    def __init__(self, panel: Panel, level: str, tight: bool = False, short: bool = False) -> None:
        self.panel, self.level, self.tight, self.short = panel, level, tight, short
        self.home: dict[str, Cluster] = {}
        self.boxes: dict[str, Box] = {}
        self._place(panel.root)
        self.before: dict[str, list[Link]] = {}
        self.after: dict[str, list[Link]] = {}
        self._index()

    def _place(self, cluster: Cluster) -> None:
        for item in cluster.items:
            if isinstance(item, Box):
                self.home[item.id], self.boxes[item.id] = cluster, item
            else:
                self._place(item)

    def _index(self) -> None:
        self.before = {name: [] for name in self.boxes}
        self.after = {name: [] for name in self.boxes}
        for link in self.panel.links:
            self.before[link.head].append(link)
            self.after[link.tail].append(link)

    def run(self) -> None:
        """Fuse."""
        if self.level != "full":
            self._add_and_norm()
            self._chains()
            if self.tight:
                self._stages()
            self._alone(self.panel.root)

    def finish(self) -> None:
        """Dots that nothing forks at are left out where no title is in the way; then the labels."""
        if self.panel.orient != "TB":
            for box in list(self.boxes.values()):
                links = self.after[box.id]
                if box.shape == "port" and len(links) == 1 and len(self.before[box.id]) == 1:
                    self._bypass(box)
        self._together()
        self._labels()

    def _bypass(self, port: Box) -> None:
        entering, leaving = self.before[port.id][0], self.after[port.id][0]
        entering.head = leaving.head
        entering.kind = leaving.kind if entering.kind == "flow" else entering.kind
        entering.name = entering.name or leaving.name
        self.panel.links.remove(leaving)
        self.home[port.id].items.remove(port)
        del self.boxes[port.id]
        self._index()

    def _alone(self, cluster: Cluster) -> None:
        """A cluster that holds one card only is that card, with the title in it."""
        for position, item in enumerate(cluster.items):
            if isinstance(item, Box):
                continue
            self._alone(item)
            ports = [b for b in item.items if isinstance(b, Box) and b.shape == "port"]
            rest = [b for b in item.items if b not in ports]
            if item.dashed or len(ports) > 1 or len(rest) != 1 or not isinstance(rest[0], Box):
                continue
            card = rest[0]
            if card.shape != "card" or card.named or (card.badge and item.badge):
                continue
            if ports:
                if len(self.after[ports[0].id]) != 1 or len(self.before[ports[0].id]) != 1:
                    continue
                self._bypass(ports[0])
            card.title, card.badge, card.notes = item.title, item.badge or card.badge, [item.note] if item.note else []
            card.named, card.share, card.frozen = True, card.share or item.share, card.frozen or item.frozen
            card.tip, card.span = item.id, item.span
            cluster.items[position] = card
            self.home[card.id] = cluster

    # ------------------------------------------------------------------------------------------ fusing

    def _add_and_norm(self) -> None:
        for box in list(self.boxes.values()):
            if box.shape != "op" or box.title != "+":
                continue
            links = self.after[box.id]
            if len(links) != 1 or links[0].name:
                continue
            norm = self.boxes[links[0].head]
            same = self.home[norm.id] is self.home[box.id]
            if same and norm.fusable and norm.role == "norm" and len(norm.rows) == 1 and len(self.before[norm.id]) == 1:
                row = norm.rows[0]
                row.name, row.thin = f"Add & {row.name}", False
                row.count = ""
                norm.fusable, norm.title = False, row.name
                self._absorb(box, norm)

    def _absorb(self, gone: Box, into: Box) -> None:
        """All links into `gone` lead to `into`; the link between them and `gone` vanish."""
        for link in self.before[gone.id]:
            link.head = into.id
        self.panel.links = [k for k in self.panel.links if not (k.tail == gone.id and k.head == into.id)]
        self.home[gone.id].items.remove(gone)
        del self.boxes[gone.id]
        self._index()

    def _chains(self) -> None:
        for box in list(self.boxes.values()):
            if box.id not in self.boxes or not box.fusable:
                continue
            while (following := self._next(box)) is not None:
                box.rows += following.rows
                if not box.share and not following.share:
                    box.rows = folded(box.rows)
                box.share, box.block = box.share or following.share, box.block or following.block
                outgoing = self.after[following.id]
                for link in outgoing:
                    link.tail = box.id
                between = self.after[box.id][0]
                side = [k for k in self.before[following.id] if k is not between]
                for link in side:
                    link.head = box.id
                self.panel.links.remove(between)
                self.home[following.id].items.remove(following)
                del self.boxes[following.id]
                del self.before[following.id], self.after[following.id]
                self.before[box.id] += side
                self.after[box.id] = outgoing
                box.fusable, box.made = following.fusable, following.made
                box.group = following.group if box.group == following.group else ""
            if len(box.rows) > 1 and box.group and not box.named and self._of_group(box):
                box.title, box.named = box.group, True

    def _stages(self) -> None:
        """What pools after a closed block is told in its card, and stages of one block that then are alike are one."""
        for join in (pooled, alike) if self.short else (pooled,):
            for box in list(self.boxes.values()):
                while box.id in self.boxes and len(links := self.after[box.id]) == 1:
                    following = self.boxes[links[0].head]
                    plain = links[0].kind == "flow" and not links[0].name and not links[0].stop
                    if not plain or len(self.before[following.id]) > 1 or not self._beside(box, following):
                        break
                    if not join(box, following):
                        break
                    for link in self.after[following.id]:
                        link.tail = box.id
                    self.panel.links.remove(links[0])
                    self.home[following.id].items.remove(following)
                    del self.boxes[following.id]
                    self._index()

    def _beside(self, box: Box, other: Box) -> bool:
        """Whether two boxes stand in one cluster, lane and state."""
        same = self.home[box.id] is self.home[other.id] and box.lane == other.lane
        return same and box.frozen == other.frozen

    def _of_group(self, box: Box) -> bool:
        """Whether something else than the next step reads what this card makes."""
        if box.made != box.group:
            return False
        return len(self.after[box.id]) > 1 or any(
            self.boxes[k.head].shape in ("expression", "op") or k.kind == "side" for k in self.after[box.id]
        )

    def _next(self, box: Box) -> Box | None:
        links = self.after[box.id]
        if len(links) != 1 or links[0].kind not in ("flow", "skip") or links[0].name or links[0].stop or links[0].apart:
            return None
        found = self.boxes[links[0].head]
        flows = [k for k in self.before[found.id] if k.kind in ("flow", "skip")]
        if not found.fusable or len(flows) != 1 or flows[0] is not links[0]:
            return None
        if len(self.before[found.id]) > 1 and self.level != "overview":
            return None
        if self.home[found.id] is not self.home[box.id] or found.frozen != box.frozen or found.lane != box.lane:
            return None
        if (box.share or found.share) and box.share != found.share and not all(r.thin for r in found.rows):
            return None
        heavy = any(not row.thin for row in found.rows)
        if (box.block and heavy) or (found.block and any(not row.thin for row in box.rows)):
            return None  # a click on the card leads to one block
        attention = any(r.role in ("attn", "recur") for r in found.rows + box.rows)
        if heavy and attention and any(not r.thin for r in box.rows) and self.level == "block":
            return None
        stage = self.panel.orient != "LR" and ended(box.rows)
        full = stage or (len(box.rows) >= ROWS and not self._again(box, found))
        return None if heavy and full and self.level == "block" else found

    def _again(self, box: Box, found: Box) -> bool:
        """Whether a card's next layer with weights does what its last one does, so that both may become one run."""
        last = [row for row in box.rows if not row.thin][-1:]
        return bool(last) and bool(found.rows) and last[0].text == found.rows[0].text

    # ------------------------------------------------------------------------------------------ labels

    def _together(self) -> None:
        """Several side inputs from one box to another are one arrow with all their names."""
        first: dict[tuple[str, str], Link] = {}
        for link in list(self.panel.links):
            tail, head = self.boxes[link.tail], self.boxes[link.head]
            if link.kind != "side" or {tail.shape, head.shape} - {"fold", "card"}:
                continue
            before = first.setdefault((link.tail, link.head), link)
            if before is not link:
                before.name, before.type = f"{before.name}, {link.name}", ""
                self.panel.links.remove(link)
        self._index()

    def _labels(self) -> None:
        told: set[tuple[str, str]] = set()
        for box in self.boxes.values():
            if box.shape in ("output", "latent") or (box.shape == "input" and self.panel.id != "main"):
                box.notes = [brief(note) for note in box.notes]
        for link in self.panel.links:
            tail, head = self.boxes[link.tail], self.boxes[link.head]
            if link.kind == "side":
                shape = brief(link.type) if tail.shape not in ("input", "param") else ""
                link.label = " : ".join(p for p in (link.name, shape) if p)
                own = tail.title == link.name or tail.title.endswith(f".{link.name}")
                if tail.shape in ("input", "param") and own:
                    link.label = ""  # it is written at the tail
                continue
            if link.name == tail.title and link.kind == "flow":
                link.name = ""  # it is written at the tail
            if link.kind in ("skip", "next", "loss") or link.name:
                link.label = link.name
                if link.kind in ("skip", "next"):
                    continue
            if tail.shape in ("input", "target", "port", "param", "output", "latent", "loss", "state", "sum"):
                continue
            if head.shape in ("output", "latent", "loss", "state", "sum", "op"):
                several = re.match(r"\d+ of ", link.type) and head.shape == "op"
                if head.shape != "op" or (self.home[tail.id] is self.home[head.id] and not several):
                    continue
            if (tail.id, link.type) in told:
                continue
            crossing = self.home[tail.id] is not self.home[head.id]
            incoming = [k.type for k in self.before[tail.id] if k.kind in ("flow", "skip")]
            if crossing or not incoming or any(t != link.type for t in incoming):
                told.add((tail.id, link.type))
                link.label = " : ".join(p for p in (link.name, brief(link.type)) if p)


def fuse(panel: Panel, level: str, tight: bool = False, short: bool = False) -> None:
    """Fuse the chains of a panel; a `tight` one has no card for what only ends the stage before it, and in a `short`
    one stages of one block that differ in their sizes only are one."""
    Fuser(panel, level, tight, short).run()


def finish(panel: Panel) -> None:
    """What depends on the panel's orientation: dots and labels."""
    Fuser(panel, "").finish()
