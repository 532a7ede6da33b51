"""Items put into statements: what is written in one line, and what the locals are called.

Enters: the items of a function. Leaves: statements whose wires are local names. A wire that is used once is written
where it is used, as long as the line stays readable and nothing changes places; the flow keeps one name; a wire
that the author named and that lives on keeps its name. A name is used again as soon as its wire is dead, so that
no tensor outlives its use.

Invariant: boxes run in the order of the items.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Seq

from ...graph import Type
from .names import Names, plural
from .reading import Item, Loop, Wire
from .statements import (
    Assign,
    For,
    Pending,
    Return,
    Run,
    Statement,
    all_reads,
    appends,
    calls,
    loop_results,
    reads,
    refs,
    runs,
    says,
)
from .tree import Attribute, Binary, Call, Comprehension, Name, Ref, Sequence, Subscript, Tree, flat, rewrite, walk

#: How many calls one line holds.
CALLS = 3
#: How wide an expression may grow by writing others into it.
WIDTH = 70


class Scheduler:
    """Writes one function. `local` gives the name of a wire, `left` how often it is still read."""

    def __init__(self, wires: dict[str, Wire], names: Names, inputs: Seq[str]) -> None:
        self.wires, self.names = wires, names
        self.local: dict[str, str] = {}
        self.left: dict[str, int] = {}
        self.reserved: dict[str, str] = {}
        self.wanted: dict[str, str] = {}
        self.pending: dict[str, Pending] = {}
        self.out: list[Statement] = []
        self.inputs = list(inputs)
        for wire in self.inputs:
            self.local[wire] = names.new(wires[wire].name)
        self.flow = "x"
        self.lengths: set[str] = set()
        self.inside = 0

    # ------------------------------------------------------------------------------------------------- whole

    def function(self, items: list[Item], results: list[str]) -> list[Statement]:
        """The statements of a function that returns `results`."""
        self._count(items, results)
        self._reserve(items, results)
        first = self.local[self.inputs[0]] if self.inputs else "x"
        if "x" in self.names.taken and first != "x":
            self.flow = first
        elif len(first) == 1 and first not in "x":
            self.flow = first if "x" in self.names.taken else "x"
        self.names.taken.add(self.flow)
        self._block(items, results, self.flow)
        self._return(results)
        return self.out

    def _count(self, items: Iterable[Item], results: Iterable[str]) -> None:
        for item in items:
            for wire in reads(item):
                self.left[wire] = self.left.get(wire, 0) + 1
            if item.loop:
                self._count(item.loop.body, loop_results(item.loop))
        for wire in results:
            self.left[wire] = self.left.get(wire, 0) + 1

    def _reserve(self, items: list[Item], results: list[str]) -> None:
        """Give names to the wires that keep the author's."""
        for number, item in enumerate(items):
            for wire in item.outputs:
                if self._keeps(wire, items, number, results):
                    self.reserved[wire] = self.names.new(self.wires[wire].name)
            if item.loop:
                self._reserve(item.loop.body, [w for *_, w, _ in item.loop.carried])

    def _keeps(self, wire: str, items: list[Item], number: int, results: list[str]) -> bool:
        tree = items[number].tree
        if isinstance(tree, Call) and tree.function == Name("self") and self.left.get(wire):
            return True  # an output of the model
        if not self.wires[wire].named or not self.left.get(wire) or self.wires[wire].name.isdigit():
            return False
        if self.left[wire] > 1 or sum(self.left.get(other, 0) > 0 for other in items[number].outputs) > 1:
            return True
        if wire in results:
            return len(results) > 1 and number + 1 < len(items)
        following = items[number + 1] if number + 1 < len(items) else None
        if following is None:
            return False
        read, own = reads(following), reads(items[number])
        flows = bool(read) and read[0] == wire
        if flows and says(items[number].tree, self.wires[wire].name):
            return False
        return not (flows and bool(own) and self.left.get(own[0], 0) == 1)

    def _want(self, items: list[Item], results: list[str], last: str) -> None:
        """What each wire would like to be called: as what it flows into, unless a layer or a tuple lies between."""
        into: dict[str, str] = {}
        apart = {w for i in items if len(i.outputs) > 1 or i.tree is None or runs(i.tree) for w in i.outputs}
        for item in items:
            read = reads(item)
            if item.loop and item.loop.carried:
                for before, _, _, after in item.loop.carried:
                    if before is not None:
                        into[before] = after
            elif read and item.outputs:
                into.setdefault(read[0], item.outputs[0])
        for wire in results[:1]:
            self.wanted.setdefault(wire, self.reserved.get(wire, last))
        for item in reversed(items):
            for wire in item.outputs:
                if wire in self.reserved:
                    self.wanted[wire] = self.reserved[wire]
                elif wire not in self.wanted:
                    target = into.get(wire)
                    flows = target is not None and (self.left.get(wire, 0) == 1 or target not in self.reserved)
                    other = self.wanted.get(target or "") if flows else None
                    self.wanted[wire] = last if other is None or target in apart else other

    # ------------------------------------------------------------------------------------------------ blocks

    def _block(self, items: list[Item], results: list[str], last: str) -> None:
        self._want(items, results, last)
        for number, item in enumerate(items):
            if item.loop is not None:
                self._loop(item, item.loop, items[number + 1 :])
                continue
            assert item.tree is not None
            self._step(item, item.tree, items[number + 1 :])

    def _step(self, item: Item, tree: Tree, after: list[Item]) -> None:
        pending = self._consume(tree, item.heavy, item.block)
        outputs = item.outputs
        only = outputs[0] if len(outputs) == 1 else None
        if only is not None and self.left.get(only, 0) == 1 and only not in self.reserved:
            pending.block = item.block
            if self.wires[only].named and item.heavy and after:
                pending.alone = item.block or not says(tree, self.wires[only].name)
            self.pending[only] = pending
            return
        self._flush()
        self._assign(outputs, pending.tree, self.wires[outputs[0]].type)

    def _consume(self, tree: Tree, heavy: bool, block: bool = False) -> Pending:
        """Write pending expressions into `tree` where the line stays readable; put the others into statements."""
        wanted = [r for r in refs(tree) if r in self.pending]
        if wanted:
            order = list(self.pending)
            while wanted:
                if order[-len(wanted) :] == wanted:
                    made = self._joined(tree, wanted, heavy, block)
                    if made is not None:
                        for wire in wanted:
                            del self.pending[wire]
                        return made
                # what cannot be written in place gets a statement, the oldest first
                drop = wanted.pop(0)
                for wire in order[: order.index(drop) + 1]:
                    if wire in self.pending:
                        self._materialise(wire)
                order = list(self.pending)
                wanted = [w for w in wanted if w in self.pending]
        return Pending(tree, calls(tree), heavy, not heavy)

    def _joined(self, tree: Tree, wires: list[str], heavy: bool, block: bool) -> Pending | None:
        parts = [self.pending[w] for w in wires]
        if heavy and any(p.heavy and p.light_top for p in parts):
            return None
        if any(p.alone for p in parts) and not isinstance(tree, Binary):
            return None
        if block and any([self._outlived(w) for w in wires]):
            return None
        if any(refs(tree).count(w) != 1 for w in wires):
            return None
        owners = [p.owner for p in walk(tree) if isinstance(p, (Attribute, Subscript))]
        if any(isinstance(o, Ref) and o.value in wires and calls(self.pending[o.value].tree) > 1 for o in owners):
            return None
        written = {w: self.pending[w].tree for w in wires}
        merged = rewrite(tree, lambda t: written.get(t.value) if isinstance(t, Ref) else None)
        listed = isinstance(tree, Call) and any(isinstance(a, Sequence) for a in tree.args)
        if calls(merged) > CALLS + 0.5 or (not listed and len(self._shown(merged)) > WIDTH):
            return None
        return Pending(merged, calls(merged), heavy or any(p.heavy for p in parts), not heavy)

    def _outlived(self, wire: str) -> bool:
        """Whether a local dies in a pending expression: as an argument of a block it would outlive the call, so the
        expression gets a statement, and the name."""
        tree = self.pending[wire].tree
        dying = [self.local[w] for w in refs(tree) if self.left[w] == 1 and w not in self.inputs]
        if dying and self.wires[wire].named and self.flow not in dying:
            self.reserved.setdefault(wire, self.names.new(self.wires[wire].name))
        elif dying and self.wanted.get(wire) not in dying:
            self.wanted[wire] = dying[0]
        return bool(dying) and not self.pending[wire].block

    def _shown(self, tree: Tree) -> str:
        def text(part: Tree) -> str:
            if not isinstance(part, Ref):
                return "4444"
            return self.local.get(part.value) or self.wanted.get(part.value, "x")

        return flat(tree, text)

    def _flush(self) -> None:
        for wire in list(self.pending):
            self._materialise(wire)

    def _materialise(self, wire: str) -> None:
        """Put a pending expression into a statement, after those that come before it."""
        for older in list(self.pending):
            if older == wire:
                break
            self._materialise(older)
        pending = self.pending.pop(wire)
        self._assign([wire], pending.tree, self.wires[wire].type)

    # -------------------------------------------------------------------------------------------- statements

    def _settle(self, tree: Tree) -> Tree:
        """The expression on local names; reading a wire for the last time frees its name."""
        for wire in refs(tree):
            self.left[wire] -= 1
        return rewrite(tree, lambda t: Name(self.local[t.value]) if isinstance(t, Ref) else None)

    def _live(self) -> set[str]:
        live = {wire: name for wire, name in self.local.items() if self.left.get(wire, 0) > 0}
        if not self.inside:  # what is dead is never read again; in a loop the next round may write to it
            self.local = live
        return set(live.values())

    def _name(self, wire: str, busy: set[str]) -> str:
        wanted = self.reserved.get(wire) or self.wanted.get(wire, self.flow)
        if wanted not in busy:
            return wanted
        for other in ("y", "z", "u", "v", "w"):
            if other not in busy and (other in self.lengths or other not in self.names.taken):
                self.lengths.add(other)
                self.names.taken.add(other)
                return other
        return self.names.new(wanted)

    def _assign(self, wires: list[str], tree: Tree, type_: Type | None) -> None:
        settled = self._settle(tree)
        busy = self._live()
        targets = []
        for number, wire in enumerate(wires):
            if not self.left.get(wire):
                targets.append("_" if number or len(wires) > 1 else self._name(wire, busy))
                continue
            self.local[wire] = self._name(wire, busy)
            busy.add(self.local[wire])
            targets.append(self.local[wire])
        if len(targets) == 1 and isinstance(settled, Name) and settled.id == targets[0]:
            return
        self.out.append(Assign(targets, settled, type_ if targets[0] != "_" else None))

    def _loop(self, item: Item, loop: Loop, later: list[Item]) -> None:
        for before, *_ in loop.carried:
            if before in self.pending:
                after = next(a for b, _, _, a in loop.carried if b == before)
                self.wanted[before] = self.reserved.get(after) or self.wanted.get(after, self.flow)
        self._flush()
        comprehension = self._comprehension(item, loop)
        if comprehension is not None:
            self._step(Item(item.outputs, comprehension), comprehension, later)
            return
        iterable = self._settle(loop.iterable)
        inner_reads = [w for i in loop.body for w in all_reads(i) if w in self.local]
        for wire in inner_reads:
            self.left[wire] = self.left.get(wire, 0) + 1  # what a round reads lives to the end of the loop
        names: dict[str, str] = {}
        for before, start, end, after in loop.carried:
            assert before is not None
            self.left[before] -= 1
            name = self.local[before]
            target = self.reserved.get(after)
            if self.left.get(before, 0) > 0 or name in names.values() or (target and target != name):
                fresh = target or self._name(after, self._live() | set(names.values()))
                self.out.append(Assign([fresh], Name(name)))
                name = fresh
            names[end] = names[start] = names[after] = name
            self.local[start] = name
        for _, collected in loop.collected:
            name = self.reserved.get(collected) or self.names.new(plural(self.wires[collected].name))
            self.local[collected] = name
            self.out.append(Assign([name], Sequence("[", ())))
        for wire, _ in loop.collected:
            if wire not in names and wire not in self.reserved and wire not in self.local:
                self.wanted[wire] = self.names.new(self.wires[wire].name)
        outer, self.out = self.out, []
        variables = [loop.module] if loop.module else []
        for step in loop.values:
            self.local[step] = self.names.new(self.wires[step].name)
            variables.append(self.local[step])
        ends = [end for _, _, end, _ in loop.carried]
        for end, name in ((e, names[e]) for e in ends):
            self.wanted[end] = name
        self.inside += 1
        self._rounds_body(loop, names)
        self.inside -= 1
        body, self.out = self.out, outer
        self.out.append(For(variables, iterable, body))
        for wire in inner_reads:
            self.left[wire] -= 1
        for _, _, _, after in loop.carried:
            self.local[after] = names[after]

    def _rounds_body(self, loop: Loop, names: dict[str, str]) -> None:
        ends = {end: name for _, _, end, _ in loop.carried for name in (names[end],)}
        results = loop_results(loop)
        flow = self.flow
        if loop.carried:
            self.flow = names[loop.carried[0][2]]
        self._block(loop.body, results, self.flow)
        for wire, collected in loop.collected:
            if wire in self.pending and wire not in ends and self.left[wire] == 1:
                tree = self._settle(self.pending.pop(wire).tree)
                self.left[wire] -= 1
                self.out.append(Run(Call(Attribute(Name(self.local[collected]), "append"), (tree,))))
        self._flush()
        for wire, collected in loop.collected:
            if self.left.get(wire, 0) > 0 and wire in self.local:
                tree = Name(self.local[wire])
                if not any(isinstance(s, Run) and appends(s, self.local[collected]) for s in self.out):
                    self.left[wire] -= 1
                    self.out.append(Run(Call(Attribute(Name(self.local[collected]), "append"), (tree,))))
        for end, name in ends.items():
            self.left[end] -= 1
            if self.local.get(end, name) != name:
                self.out.append(Assign([name], Name(self.local[end])))
            self.local[end] = name
        self.flow = flow

    def _comprehension(self, item: Item, loop: Loop) -> Tree | None:
        """A loop that only collects one expression."""
        if loop.carried or len(loop.collected) != 1 or loop.module is None:
            return None
        tree: Tree | None = None
        made: dict[str, Tree] = {}

        def written(part: Tree) -> Tree | None:
            return made.get(part.value) if isinstance(part, Ref) else None

        for inner in loop.body:
            if inner.tree is None or len(inner.outputs) != 1 or self.left.get(inner.outputs[0], 0) > 1:
                return None
            if inner.outputs[0] in self.reserved:
                return None
            tree = rewrite(inner.tree, written)
            if len(refs(inner.tree)) and sum(w in made for w in refs(inner.tree)) != (1 if made else 0):
                return None
            made = {inner.outputs[0]: tree}
        if tree is None or loop.collected[0][0] not in made or calls(tree) > CALLS + 2 or len(self._shown(tree)) > 78:
            return None
        return Comprehension("[", tree, loop.module, loop.iterable)

    def _return(self, results: list[str]) -> None:
        if len(results) == 1:
            wire = results[0]
            if wire in self.pending:
                while len(self.pending) > 1:
                    self._materialise(next(iter(self.pending)))
                tree = self.pending.pop(wire).tree
                self.out.append(Return([self._settle(tree)], [self.wires[wire].type]))
                return
        last = self.out[-1] if self.out and not self.pending else None
        if isinstance(last, Assign) and len(results) > 1 and last.targets == [self.local.get(w) for w in results]:
            self.out[-1] = Return([last.tree], [()])
            return
        whole = Sequence("(", tuple(Ref(w) for w in results))
        joined = self._consume(whole, False)
        self._flush()
        settled = self._settle(joined.tree)
        assert isinstance(settled, Sequence)
        self.out.append(Return(list(settled.items), [self.wires[w].type for w in results]))
