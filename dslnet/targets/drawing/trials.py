"""Several layouts of a panel, of which the best is taken.

Enters: panels and their pictures as `dot` lays them out. Leaves: for a panel in which a reader would stumble (an arrow
over a title or through a cluster, words on a border, arrows over each other), a better picture where there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy

from .arrange import words_inside
from .crossing import Faults, faults
from .layout import layout
from .view import Cluster, Panel

#: Rounds of trials, for a new layout may have faults of its own; and the largest panel whose boxes are put in another
#: order.
ROUNDS, BOXES = 2, 60

Print = Callable[[Panel, Mapping[str, str]], str]


def untangle(panels: Sequence[Panel], pictures: list[str], text: Print, timeout: float) -> None:
    """Lay panels out anew that have faults: with the words of side inputs inside, a title in two lines, at the right,
    or both, and with the boxes in another order. `text` is the DOT of a panel with ways of its titles."""
    tried = list(panels)
    titles: list[dict[str, str]] = [{} for _ in tried]
    for _ in range(ROUNDS):
        found = [faults(picture) for picture in pictures[: len(tried)]]
        trials: list[tuple[int, Panel, dict[str, str]]] = []
        for n, each in enumerate(found):
            if each.any():
                trials += [(n, *way) for way in _ways(tried[n], titles[n], each)]
        if not trials:
            return
        best = [each.cost() for each in found]
        texts = [text(panel, told) for _, panel, told in trials]
        for (n, panel, told), picture in zip(trials, layout(texts, timeout), strict=True):
            cost = faults(picture).cost()
            if cost < best[n]:
                best[n], pictures[n], tried[n], titles[n] = cost, picture, panel, told


def _ways(panel: Panel, titles: dict[str, str], found: Faults) -> list[tuple[Panel, dict[str, str]]]:
    """What may be better."""
    made = words_inside(panel, found.words) if found.words else panel
    ways = [titles | dict.fromkeys(found.titles, way) for way in ("high", "right", "high right")]
    tries = [(made, way) for way in (ways if found.titles else [titles])] if found.titles or found.words else []
    turned = any(link.back for link in panel.links)  # down on the left and up on the right
    if found.tangled() and not turned and len(panel.boxes()) <= BOXES:
        tries += [
            (_ordered(each, way), titles) for each in {id(p): p for p in (panel, made)}.values() for way in (1, -1)
        ]
    return tries


def _ordered(panel: Panel, way: int) -> Panel:
    """The panel with clusters after boxes, or with everything in reverse: `dot` begins with the order of the text."""
    made = deepcopy(panel)
    for cluster in [made.root, *made.root.clusters()]:
        if way > 0:
            cluster.items.sort(key=lambda item: isinstance(item, Cluster))
        else:
            cluster.items.reverse()
    return made
