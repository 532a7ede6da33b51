"""The nodes of a body as expressions and loops, before they are put into statements.

Enters: a `Body`. Leaves: `Item`s in execution order: an expression on wires, or a loop with items of its own. Bodies
that make no class of their own (a round that is one box and some functions) are written in place.

Invariant: wires of bodies written in place have names of their own, so every wire of a function is unique.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...graph import Node, Type, Value
from ...ops import OPERATORS, code
from ...ops.arguments import ModuleArgument
from ...shape import Tensor
from .bodies import Body
from .expressions import Site, idle, translate
from .names import plural
from .tracing import Env
from .tree import (
    Attribute,
    Call,
    Extent,
    Literal,
    Name,
    Number,
    Ref,
    Sequence,
    Star,
    Subscript,
    Tree,
    reworded,
    rewrite,
)

if TYPE_CHECKING:
    from .classes import Project

HEAVY = frozenset("conv linear attention recurrent embedding".split())
#: What a value is called that nobody named.
GENERIC = frozenset(n for cls in OPERATORS.values() for n in (cls.short, cls.name.lower())) | {"out", "result"}


@dataclass(slots=True)
class Loop:
    """`for variables in iterable: body`. `carried` are (wire before, inside at the start, inside at the end, wire
    after); `collected` are (wire inside, list after)."""

    iterable: Tree
    module: str | None
    values: list[str]
    body: list[Item]
    carried: list[tuple[str | None, str, str, str]] = field(default_factory=list)
    collected: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Item:
    """One step: `tree` or `loop` makes the wires `outputs`. A `heavy` one begins a new line of the source after
    something light; a `block` that the author named has a line of its own; a `guarded` one has no gradient."""

    outputs: list[str]
    tree: Tree | None = None
    loop: Loop | None = None
    heavy: bool = False
    block: bool = False
    guarded: bool = False


@dataclass(slots=True)
class Place:
    """Where a body is written: how its wires and modules are called there."""

    body: Body
    wires: dict[str, str]
    module: Callable[[str], Tree]
    call: Callable[[str, tuple[Tree, ...], tuple[tuple[str, Tree], ...]], Tree]


@dataclass(slots=True)
class Wire:
    """What is known of a wire of the function: its type, the name it would like, whether the author gave it."""

    type: Type
    name: str
    named: bool


def call_of(module: Callable[[str], Tree]) -> Callable[..., Tree]:
    return lambda path, args, keywords: Call(module(path), args, keywords)


def _reword(items: list[Item], env: Env) -> None:
    for item in items:
        if item.tree is not None:
            item.tree = reworded(item.tree, env)
        if item.loop is not None:
            item.loop.iterable = reworded(item.loop.iterable, env)
            _reword(item.loop.body, env)


def _evaluating(items: list[Item]) -> None:
    """Write what the steps do in evaluation, whatever mode the model is in."""
    training = Attribute(Name("self"), "training")
    for item in items:
        if item.tree is not None:
            item.tree = rewrite(item.tree, lambda t: Literal(False) if t == training else None)
        if item.loop is not None:
            _evaluating(item.loop.body)


class BoxReader:
    """Reads one function. `loop_name` allocates the variable of a loop over modules. `guarded` are the nodes (by
    identity) that are computed without gradients, `still` those of teachers, which are always in evaluation mode.
    Beside those of the graph there is the node `whole`, a call of the model itself."""

    def __init__(self, project: Project, loop_name: Callable[[str], str]) -> None:
        self.project, self.loop_name = project, loop_name
        self.wires: dict[str, Wire] = {}
        self.fixed: dict[str, Tree] = {}
        self.count = 0
        self.weightless_training: Tree | None = None
        self.guarded: frozenset[int] = frozenset()
        self.still: frozenset[int] = frozenset()
        #: Elements of tuples that a loop goes through, so that nothing need name them.
        self.zipped: set[str] = set()

    # ------------------------------------------------------------------------------------------------ wires

    def wire(self, value: Value, prefix: str = "", named: bool | None = None) -> str:
        key = prefix + value.name
        self.wires[key] = Wire(value.type, value.name.rpartition(".")[2], value.named if named is None else named)
        return key

    def input(self, value: Value) -> str:
        """A wire for an input of the function: an author's name, or `x`; a tuple is called after its elements."""
        name = (
            value.name.partition(".")[0] if value.name.rpartition(".")[2].isdigit() else value.name.rpartition(".")[2]
        )
        if isinstance(value.type, tuple):
            name = plural(name)
        elif not value.named and (name in GENERIC or name in self.project.block_words):
            name = "x"
        self.wires[value.name] = Wire(value.type, name, True)
        return value.name

    def extra(self, hint: str, type_: Type) -> str:
        self.count += 1
        key = f"+{self.count}{hint}"
        self.wires[key] = Wire(type_, hint, False)
        return key

    def read(self, place: Place, prefix: str = "", env: Env | None = None) -> list[Item]:
        """The items of a body; `place.wires` is completed with the wires that they make. `env` is what the names of
        a body that is written in place are there."""
        items: list[Item] = []
        for node in place.body.nodes:
            made = self._node(node, place, prefix)
            if id(node) in self.still:
                _evaluating(made)
            for item in made:
                item.guarded = id(node) in self.guarded
            items += made
        items = [item for item in items if not (item.outputs and self.zipped.issuperset(item.outputs))]
        if env is not None:
            _reword(items, env)
        return items

    def env(self, node: Node, key: str, place: Place) -> Env:
        """What the names of a definition are where a node uses it."""
        return self.project.tracer.use(place.body, id(node), key)

    def outputs(self, node: Node, place: Place, prefix: str) -> list[str]:
        made = []
        for value in node.outputs:
            place.wires[value.name] = self.wire(value, prefix)
            made.append(place.wires[value.name])
        return made

    def _node(self, node: Node, place: Place, prefix: str) -> list[Item]:
        if node.kind == "box":
            tree, heavy = self._box(node, place)
            if isinstance(tree, Ref) and len(node.outputs) == 1:
                place.wires[node.outputs[0].name] = tree.value
                return []
            return [Item(self.outputs(node, place, prefix), tree, heavy=heavy)]
        if node.kind == "call":
            return self._call(node, place, prefix)
        if node.kind == "whole":
            fed = tuple(given for name in node.inputs if (given := self.ref(name, place)) is not None)
            return [Item(self.outputs(node, place, prefix), Call(Name("self"), fed), heavy=True)]
        if node.kind == "scan":
            return self.scan(node, place, prefix)
        return self.rounds(node, place, prefix)

    def ref(self, name: str | None, place: Place) -> Tree | None:
        if name is None:
            return None
        wire = place.wires[name]
        return self.fixed.get(wire) or Ref(wire)

    def floats(self, place: Place) -> Tree:
        """The dtype in which a body computes: of the weights of one of its own layers, of a parameter of its own, of
        what flows into it, or of whatever it holds."""
        for instance in place.body.instances:
            if instance.operator is not None:
                for weight in instance.operator.weights(*instance.inputs):
                    if weight.dtype == "float" and "." not in weight.name:
                        return Attribute(Attribute(place.module(instance.path), weight.name), "dtype")
        for value in [*(p.value for p in place.body.params), *place.body.inputs]:
            if isinstance(value.type, Tensor) and value.type.dtype == "float" and value.name in place.wires:
                found = self.ref(value.name, place)
                if found is not None and value.name not in place.body.optional:
                    return Attribute(found, "dtype")
        if not place.body.instances:
            return Name("torch.float32")
        return Attribute(Call(Name("next"), (Call(Name("self.parameters"), ()),)), "dtype")

    # ------------------------------------------------------------------------------------------------ boxes

    def _box(self, node: Node, place: Place) -> tuple[Tree, bool]:
        op = node.operator
        assert op is not None
        if idle(op):
            given = self.ref(node.inputs[0], place)
            assert given is not None
            return given, False
        types: list[Tensor | None] = []
        single: list[Tree | None] = []  # an element of a tuple is an input of its own
        inputs = [self.ref(name, place) for name in node.inputs]
        for name, tree in zip(node.inputs, inputs, strict=True):
            type_ = None if name is None else self.wires[place.wires[name]].type
            if isinstance(type_, tuple) and tree is not None:
                types += type_
                single += [Subscript(tree, (Number(number, "index"),)) for number in range(len(type_))]
            else:
                types.append(type_ if isinstance(type_, Tensor) else None)
                single.append(tree)
        made = op.torch(*types)

        def rest(index: int) -> Tree:
            found = [(n, t) for n, t in zip(node.inputs[index:], inputs[index:], strict=True) if n is not None and t]
            many = [isinstance(self.wires[place.wires[n]].type, tuple) for n, _ in found]
            if many == [True]:
                return found[0][1]
            return Sequence("[", tuple(Star(t) if m else t for (_, t), m in zip(found, many, strict=True)))

        def held(name: str) -> Tree:
            argument = getattr(op, name)
            assert isinstance(argument, ModuleArgument)
            return place.module(place.body.modules.get(argument.path, argument.path))

        path = node.module
        hints = {v: k for k, v in reversed(op.values().items()) if isinstance(v, (int, float)) and v not in (0, 1)}
        site = Site(
            single, rest, held=held, support=self.project.support, hints=hints,
            own=lambda: place.module(path if path is not None else ""),
            call_own=lambda args, keywords: place.call(path if path is not None else "", args, keywords),
            floats=lambda: self.floats(place),
        )  # fmt: skip
        if self.weightless_training is not None:
            training = self.weightless_training
            site.training = lambda: training
        if not isinstance(made, code.Module):
            return translate(made, site), op.kind in HEAVY
        if path is None:
            built = self.project.constructor(op, types)
            site.own = lambda: built
            site.call_own = lambda args, keywords: Call(built, args, keywords)
        if made.call is not None:
            return translate(made.call, site), op.kind in HEAVY
        assert site.call_own is not None
        return site.call_own(tuple(t for t in inputs if t is not None), ()), op.kind in HEAVY

    # ---------------------------------------------------------------------------------------- calls of bodies

    def arguments(
        self, callee: Body, node: Node, inputs: list[Tree | None], place: Place
    ) -> tuple[tuple[Tree, ...], tuple[tuple[str, Tree], ...]]:
        """The arguments of a call: wires that the callee reads, initial states, then modules that it holds."""
        declared = inputs[: len(inputs) - max(0, len(inputs) - self.project.arity(callee))]
        states = inputs[len(declared) :]
        fed = [declared[n] if n < len(declared) else None for n in callee.kept] + states
        names = [v.name for v in callee.inputs] + [s.name for s in callee.states]
        fed += [place.module(h) for h in node.held]
        names += self.project.held_names(callee)
        args: list[Tree] = []
        keywords: list[tuple[str, Tree]] = []
        gap = False
        for name, tree in zip(names, fed, strict=True):
            if tree is None:
                gap = True
            elif gap:
                keywords.append((self.project.argument_name(callee, name), tree))
            else:
                args.append(tree)
        keywords += [(name, Extent(size)) for size, name in self.project.asked.get(callee.key, {}).items()]
        return tuple(args), tuple(keywords)

    def _results(self, node: Node, callee: Body, place: Place, prefix: str) -> list[str]:
        """One wire for each thing that the callee returns; outputs that are the same thing become one wire."""
        made: dict[str, str] = {}
        names = [v for _, v in callee.outputs] + [s.next for s in callee.states]
        for value, inner in zip(node.outputs, names, strict=False):
            if inner not in made:
                made[inner] = self.wire(value, prefix)
                self.wires[made[inner]].named |= len(callee.results) > 1  # after the step of the callee that it is
            place.wires[value.name] = made[inner]
        return [made.get(inner) or self.extra("unused", Tensor(None)) for inner in callee.results]

    def result(self, callee: Body, value: str, prefix: str) -> str:
        """A wire for a value that a callee returns, called after its output."""
        key = prefix + value
        name = next((n for n, v in callee.outputs if v == value), "out")
        self.wires[key] = Wire(callee.values[value].type, name.rpartition(".")[2], False)
        return key

    def _call(self, node: Node, place: Place, prefix: str) -> list[Item]:
        assert node.definition is not None
        callee = self.project.bodies[node.definition]
        inputs = [self.ref(name, place) for name in node.inputs]
        kind = self.project.realised(node.definition)
        if kind == "inline":
            return self._inline(node, callee, inputs, place, prefix)
        args, keywords = self.arguments(callee, node, inputs, place)
        if kind == "function":
            function = self.project.functions[node.definition]
            tree: Tree = function.call(args, keywords, self.weightless_training, self.env(node, node.definition, place))
        else:
            tree = place.call(node.module or "", args, keywords)
        return [Item(self._results(node, callee, place, prefix), tree, heavy=True, block=True)]

    def _inline(self, node: Node, callee: Body, inputs: list[Tree | None], place: Place, prefix: str) -> list[Item]:
        inner = self.place(callee, node, inputs, place, lambda: place.module(node.module or ""), node.module or "")
        items = self.read(inner, self.prefix(prefix), self.env(node, callee.key, place))
        for value, (_, result) in zip(node.outputs, callee.outputs, strict=False):
            place.wires[value.name] = inner.wires[result]
            if value.named:
                self.wires[inner.wires[result]].named = True
                self.wires[inner.wires[result]].name = value.name.rpartition(".")[2]
        return items

    def prefix(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}:"

    def place(
        self, callee: Body, node: Node, inputs: list[Tree | None], place: Place, own: Callable[[], Tree], path: str
    ) -> Place:
        """Where the body of a callee is written in place: its inputs are wires of here, its module is `own`."""
        wires: dict[str, str] = {}
        for number, value in zip(callee.kept, callee.inputs, strict=True):
            tree = inputs[number] if number < len(inputs) else None
            if isinstance(tree, Ref):
                wires[value.name] = tree.value
            elif tree is not None:
                key = self.extra(value.name, value.type)
                self.fixed[key] = tree
                wires[value.name] = key
        held = dict(zip(callee.held, node.held, strict=False))

        def module(name: str) -> Tree:
            return place.module(held[name]) if name in held else own()

        def call(name: str, args: tuple[Tree, ...], keywords: tuple[tuple[str, Tree], ...]) -> Tree:
            if name in held:
                return place.call(held[name], args, keywords)
            return place.call(path, args, keywords) if path is not None else Call(own(), args, keywords)

        return Place(callee, wires, module, call)

    def rounds(self, node: Node, place: Place, prefix: str) -> list[Item]:
        """The items of a repeat or an each."""
        raise NotImplementedError

    def scan(self, node: Node, place: Place, prefix: str) -> list[Item]:
        """The items of a scan."""
        raise NotImplementedError
