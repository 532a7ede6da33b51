"""What is computed without gradients.

Enters: items of which some are guarded. Leaves: statements, with each run of guarded items below a
`with torch.no_grad():`.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Seq
from dataclasses import dataclass, field
from itertools import groupby

from .names import Names
from .reading import Item, Wire
from .scheduling import Scheduler
from .statements import With
from .tree import Call, Name, Tree


@dataclass(frozen=True, slots=True)
class Part:
    """How a method of training is written. `guarded` are the nodes (by identity) that need no gradient; `fixed` says
    what to write for values that are made elsewhere."""

    guarded: frozenset[int] = frozenset()
    fixed: Mapping[str, Tree] = field(default_factory=dict)


class Guard(Scheduler):
    """Writes a method of training. What it returns is several things of its own, never what one call returns. `called`
    are the names of losses that have a line of their own only where they are too long for the last one."""

    def __init__(self, wires: dict[str, Wire], names: Names, inputs: Seq[str]) -> None:
        super().__init__(wires, names, inputs)
        self.called: dict[str, str] = {}

    def _block(self, items: list[Item], results: list[str], last: str) -> None:
        self._want(items, results, last)
        for guarded, run in groupby(items, lambda item: item.guarded):
            if not guarded:
                super()._block(list(run), results, last)
                continue
            self._flush()
            outer, self.out = self.out, []
            super()._block(list(run), results, last)
            self._flush()
            outer.append(With(Call(Name("torch.no_grad")), self.out))
            self.out = outer

    def _want(self, items: list[Item], results: list[str], last: str) -> None:
        super()._want(items, results, last)
        for wire in results:
            named = self.wires[wire].named and not self.wires[wire].name.isdigit()
            if named and wire not in self.reserved and wire not in self.called:
                self.called[wire] = self.names.new(self.wires[wire].name)
        kept = {self.reserved[wire] for wire in results if wire in self.reserved} | set(self.called.values())
        for wire, name in self.wanted.items():
            if name in kept and wire not in self.reserved:
                self.wanted[wire] = last  # what flows into a loss is not called as the loss is
        self.wanted.update(self.called)

    def _keeps(self, wire: str, items: list[Item], number: int, results: list[str]) -> bool:
        tree = items[number].tree
        several = len(items[number].outputs) > 1 and isinstance(tree, Call) and tree.function == Name("self")
        return super()._keeps(wire, items, number, results) or (several and bool(self.left.get(wire)))

    def _return(self, results: list[str]) -> None:
        before, self.out = self.out, []
        super()._return(results)
        self.out = before + self.out
