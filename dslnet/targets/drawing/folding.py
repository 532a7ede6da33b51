"""Calls that are written one after another, as one.

Enters: a model. Leaves: the same model with runs of calls of one block, each fed by the one before, made one `repeat`
each, so that `Block(64) -> Block(64)` is drawn like `repeat 2: Block(64)`; and what is read of the calls before the
last. Instances stay as they are: counts are not touched.

Equal calls are a run; so are calls without names of which only the first differs, or that differ in one argument of at
most four values. A `loose` fold takes all calls of one block, for pictures that would be too tall. Inside a block,
whose uses must all look alike, calls are a run when they are written alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase

from ...graph import Definition, Instance, Model, Node, Region, Round
from ...node import replace
from .given import parameters
from .plan import Inner, Options, from_prelude

Items = tuple[Node | Region, ...]


def fold_calls(model: Model, options: Options, loose: bool) -> tuple[Model, Inner]:
    """The model with its runs folded, and the names of what is read inside them."""
    folder = _Folder(model, options, loose)
    definitions = {}
    for key, definition in model.definitions.items():
        body = folder.body(definition)
        definitions[key] = definition if body is definition.body else replace(definition, body=body)
    return replace(model, definitions=definitions), folder.inner


class _Folder:
    def __init__(self, model: Model, options: Options, loose: bool) -> None:
        self.model, self.options, self.loose = model, options, loose
        self.roots = {model.entry, model.training}
        self.patterns = [pattern for _, pattern in options.wishes]
        self.inner: Inner = {}
        #: Of the definition that is read now: how often each module is used, and the instances by their paths.
        self.uses: Counter[str | None] = Counter()
        self.instances: dict[str, Instance] = {}

    def body(self, definition: Definition) -> Items:
        """The items of a definition with runs folded."""
        self.uses = Counter(node.module for node in definition.nodes())
        self.instances = {instance.path: instance for instance in reversed(definition.instances)}
        return self.items(definition, definition.body)

    def items(self, definition: Definition, items: Items) -> Items:
        """The items of a lane with runs folded; the very same when there are none. A run stands where its first call
        stood: what is between only reads it."""
        made: list[Node | Region] = []
        gone: set[int] = set()
        for position, item in enumerate(items):
            if id(item) in gone:
                continue
            if isinstance(item, Region):
                lanes = tuple(self.items(definition, lane) for lane in item.lanes)
                same = all(a is b for a, b in zip(lanes, item.lanes, strict=True))
                made.append(item if same else replace(item, lanes=lanes))
                continue
            run = [item]
            if self.may(item):
                for other in items[position + 1 :]:
                    if isinstance(other, Node) and self.follows(definition, run, other):
                        run.append(other)
            gone.update(id(node) for node in run)
            made.append(item if len(run) < 2 else self.one(definition, run))
        return items if len(made) == len(items) and all(a is b for a, b in zip(made, items, strict=True)) else (*made,)

    def may(self, node: Node) -> bool:
        """Whether a node is a call that can be part of a run."""
        if node.kind != "call" or node.module is None or node.definition is None or node.role is not None:
            return False
        called = self.model.definitions[node.definition]
        instance = self.instances.get(node.module)
        if called.kind != "block" or from_prelude(called) or instance is None:
            return False
        if instance.role or instance.shared or instance.copy_of or instance.weights_file or not node.inputs:
            return False
        if self.uses[node.module] > 1:
            return False
        return not any(fnmatchcase(node.module, p.rpartition(".")[2]) for p in self.patterns)

    def follows(self, definition: Definition, run: Sequence[Node], node: Node) -> bool:
        """Whether a node goes on with a run."""
        last = run[-1]
        if node.inputs[:1] != (last.outputs[0].name,) or not self.may(node):
            return False
        if node.inputs[1:] != last.inputs[1:] or node.held != last.held or len(last.outputs) > 1:
            return False
        a, b = self.instances.get(last.module or ""), self.instances.get(node.module or "")
        assert a is not None and b is not None
        if a.frozen != b.frozen or a.parametrization != b.parametrization:
            return False
        called = [self.model.definitions[n.definition or ""] for n in (*run, node)]
        if len({d.block for d in called}) > 1 or len({len(d.inputs) for d in called}) > 1:
            return False
        if definition.key not in self.roots:
            return len({self.options.text(n.span) or str(id(n)) for n in (*run, node)}) == 1
        return self.loose or _alike(called, any(n.name for n in (*run, node)))

    def one(self, definition: Definition, run: list[Node]) -> Node:
        """A run as one node; the values between that others read become outputs of it."""
        rounds: list[Round] = []
        for node in run:
            if rounds and rounds[-1].definition == node.definition:
                rounds[-1] = Round(rounds[-1].definition, rounds[-1].count + 1)
            else:
                rounds.append(Round(node.definition or "", 1))
        own = {id(node) for node in run}
        read = {name for n in definition.nodes() if id(n) not in own for name in n.inputs}
        read |= {value for _, value in definition.outputs}
        between = [node for node in run[:-1] if node.outputs[0].name in read]
        names = [node.name for node in run if node.name]
        name = None
        if len(names) == len(run):
            name = ", ".join(names) if len(names) < 3 else f"{names[0]} … {names[-1]}"
        result = run[-1].outputs[0]
        if between:
            self.inner[definition.key, result.name] = [n.name or n.module or "" for n in between]
        outputs = (result, *(n.outputs[0] for n in between))
        return replace(run[0], kind="repeat", definition=None, rounds=tuple(rounds), outputs=outputs, name=name)


def _alike(called: Sequence[Definition], named: bool) -> bool:
    """Whether calls are equal; without names also when the first one has other arguments, or when one argument has up
    to four values."""
    bindings = [{n: d.bindings.get(n) for n in parameters(d)} for d in called]
    if named or all(b == bindings[-1] for b in bindings[1:]):
        return all(b == bindings[-1] for b in bindings[0 if named else 1 :])
    varying = [n for n in bindings[0] if any(b.get(n) != bindings[0][n] for b in bindings)]
    return len(varying) == 1 and len({str(b.get(varying[0])) for b in bindings}) <= 4
