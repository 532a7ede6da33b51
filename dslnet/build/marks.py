"""What is needed of a body.

Enters: wires that are wanted, and paths of modules whose weights are read. Leaves: marks, from which `prune.py` makes
a definition.
"""

from __future__ import annotations

from .frame import Frame
from .freezing import nodes_of
from .values import DraftInstance, Wire, Wires


class Marks:
    """The wires and modules of one frame that are needed."""

    def __init__(self, frame: Frame, live: set[int]) -> None:
        self.frame = frame
        self.live = live
        self.paths: set[str] = set()
        self.names: set[str] = set()
        #: The modules here by path.
        self.owners = {made.path: made for made in reversed(frame.instances)}
        #: Of modules here, those inside that are needed.
        self.kept_inside: dict[str, set[str]] = {}

    def want(self, value: Wire | Wires | None) -> None:
        if isinstance(value, Wire):
            self.live.add(id(value))
        elif isinstance(value, Wires) and id(value) not in self.live:
            self.live.add(id(value))
            self.live.update(map(id, value.items))

    def is_live(self, value: Wire | Wires) -> bool:
        if isinstance(value, Wires):
            return id(value) in self.live or any(id(w) in self.live for w in value.items)
        return id(value) in self.live

    def hold(self, path: str) -> None:
        """Note that a module is needed by what reads its weights; one inside a block keeps its place there."""
        self.paths.add(path)
        self.names.add(path)
        owner = self.owner(path)
        if owner is None:
            return
        self.kept_inside.setdefault(owner.path, set()).add(path[len(owner.path) :].removeprefix("."))
        # the module is where its block is, which is there because it runs
        caller = next((n for n in nodes_of(self.frame.body) if n.instance is owner or n.module == owner.path), None)
        if caller is not None and not any(self.is_live(o) for o in caller.outputs):
            self.want(caller.outputs[0])

    def owner(self, path: str) -> DraftInstance | None:
        """The module here that a path leads into; None where the path is a module's own."""
        parts = path.split(".")
        starts = (".".join(parts[:count]) for count in reversed(range(len(parts))))
        around = (self.owners.get(start) for start in starts if path not in self.owners)
        return next((made for made in around if made is not None and made.definition is not None), None)
