"""The draft of one class or function: its constructor and its `forward`, numbers still open.

Enters: a `Body` whose callees are written already. Leaves: a `Draft`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...graph import Instance, Type
from ...node import replace
from ...shape import Tensor
from ...weights import started
from . import building
from .bodies import Body
from .extents import bind_sizes
from .guarding import Guard, Part
from .literals import lit
from .loops import Reader
from .memory import release
from .names import LoopNames, Names
from .reading import Place, Wire
from .scheduling import Scheduler
from .statements import Statement
from .tree import Attribute, Call, Comprehension, Literal, Name, Pair, Sequence, Star, Subscript, Tree
from .units import Draft, Parameter, Set

if TYPE_CHECKING:
    from .classes import Project


def draft(project: Project, body: Body, kind: str, written: Body | None = None) -> Draft:
    """The source of a definition; `written` is what `forward` computes of it, when that is not all."""
    names = Names(project.reserved)
    if kind == "function":
        inputs, forward, returns = flow(project, body, names, None)
        return Draft(body, Name(""), [], [], inputs, forward, returns, names.taken)
    sole = body.instances[0] if len(body.instances) == 1 and body.instances[0].path == "" else None
    base, start, init = _constructor(project, body, sole)
    inputs, forward, returns = flow(project, body if written is None else written, names, sole)
    if (sole is not None and project.transparent(body)) or base == Name("nn.Sequential") and sole is None:
        forward = []
    return Draft(body, base, start, init, inputs, forward, returns, names.taken)


# ---------------------------------------------------------------------------------------------- constructor


def _constructor(project: Project, body: Body, sole: Instance | None) -> tuple[Tree, list[Tree], list[Set]]:
    init: list[Set] = []
    base: Tree = Name("nn.Module")
    start: list[Tree] = []
    name = LoopNames(body.bindings)
    if sole is not None:
        built = project.build(body, _bare(sole), name)
        assert isinstance(built, Call)
        base, start = built.function, [Call(Name("super().__init__"), built.args, built.keywords, built.defaults)]
        if sole.parametrization is not None:
            wrapper = Name(f"nn.utils.parametrizations.{sole.parametrization}")
            init.append(Set("", Call(wrapper, (Name("self"),))))
        if sole.frozen:
            init.append(Set("", Call(Attribute(Name("self"), "requires_grad_"), (Literal(False),))))
        if sole.initial is not None and sole.operator is not None:
            init += [Set("", building.initialised(_dotted(Name("self"), w), sole.initial)) for w in started(sole)]
        return base, start, init
    if project.digits(body):
        items: list[Tree] = []
        for instance in body.instances:
            if instance.path == "":
                made = building.rounds(_rounds(project, body, instance, name), name)
                lone = isinstance(made[0], Comprehension)
                items += [Star(made[0])] if lone else made
            else:
                items.append(project.build(body, instance, name))
        if body.key != project.model.entry and project.is_chain(body):
            return Name("nn.Sequential"), [Call(Name("super().__init__"), tuple(items))], init
        return Name("nn.ModuleList"), [Call(Name("super().__init__"), (Sequence("[", tuple(items)),))], init
    if project.keyed(body):
        entries: list[Tree] = []
        for instance in body.instances:
            member, *more = _member(project, body, instance, name)
            entries.append(Pair(instance.path, member.tree))
            init += more
        return Name("nn.ModuleDict"), [Call(Name("super().__init__"), (Sequence("{", tuple(entries)),))], init
    for param in body.params:
        value = building.free_tensor(param)
        if param.trained:
            tree: Tree = Call(Name("nn.Parameter"), (value,))
            legal = project.plain(param.path)
            target = f"self.{param.path}" if legal else f"self._parameters[{lit(param.path)}]"
            init.append(Set(target, tree, param.path))
        else:
            legal = project.plain(param.path)
            tree = Call(Name("self.register_buffer"), (Literal(param.path), value)) if legal else value
            init.append(Set("" if legal else f"self._buffers[{lit(param.path)}]", tree, param.path))
    for instance in body.instances:
        init += _member(project, body, instance, name)
    return base, start, init


def _bare(instance: Instance) -> Instance:
    return replace(instance, parametrization=None, frozen=False)


def _dotted(owner: Tree, path: str) -> Tree:
    for name in path.split("."):
        owner = Attribute(owner, name)
    return owner


def _rounds(project: Project, body: Body, instance: Instance, name: LoopNames) -> list[tuple[Tree, int]]:
    """What makes the rounds of a repeat that has no name of its own, and how many there are of each."""
    env = project.tracer.use
    return [(project.construct(r.definition, env(body, "", r.definition), name), r.count) for r in instance.rounds]


def _member(project: Project, body: Body, instance: Instance, name: LoopNames) -> list[Set]:
    path = instance.path
    if project.among(body, instance):  # numbered, in a body that is no list
        named = building.named_rounds(instance, _rounds(project, body, instance, name), name)
        return [Set("", Call(Name("self._modules.update"), (named,)), path)]
    if instance.copy_of is not None and body.instance(instance.copy_of) is not None:
        original = project.access(body, instance.copy_of)
        tree: Tree = Call(Attribute(Call(Name("copy.deepcopy"), (original,)), "requires_grad_"), (Literal(False),))
    else:
        tree = project.build(body, instance, name)
    target = f"self.{path}" if project.plain(path) else f"self._modules[{lit(path)}]"
    lines = [Set(target, tree, path)]
    if instance.initial is not None and instance.operator is not None:
        owner = project.access(body, path)
        lines += [Set("", building.initialised(_dotted(owner, w), instance.initial)) for w in started(instance)]
    return lines


# -------------------------------------------------------------------------------------------------- forward


def flow(
    project: Project, body: Body, names: Names, sole: Instance | None, part: Part | None = None
) -> tuple[list[Parameter], list[Statement], str]:
    """The parameters, statements and result type of `forward`, or of a method of training that is `part` of it."""
    reader = Reader(project, names.new)
    if body.key == project.model.entry:
        reader.still = project.taught(body.nodes)
    if part is not None:
        reader.guarded = part.guarded
    function = project.realised(body.key) == "function"
    wires = {v.name: reader.input(v) for v in body.inputs}
    for state in body.states:
        wires[state.value.name] = reader.wire(state.value, named=True)
    for param in (*body.params, *body.below):
        key = wires[param.value.name] = reader.wire(param.value)
        group, _, name = param.path.rpartition(".")
        owner = project.access(body, group)
        if project.plain(name):
            reader.fixed[key] = Attribute(owner, name)
        else:
            table = "_parameters" if param.trained else "_buffers"
            reader.fixed[key] = Subscript(Attribute(owner, table), (Literal(name),))
    input_wires = [wires[v.name] for v in body.inputs] + [wires[s.value.name] for s in body.states]
    for name, tree in part.fixed.items() if part is not None else ():
        key = wires[name] = reader.wire(body.values[name])
        reader.fixed[key] = tree
    scheduler = (Scheduler if part is None else Guard)(reader.wires, names, input_wires)
    given = {wire: scheduler.local[wire] for wire in input_wires}
    held = {name: names.new(name) for name in body.held}

    def module(path: str) -> Tree:
        if path in held:
            return Name(held[path])
        return project.access(body, path)

    def call(path: str, args: tuple[Tree, ...], keywords: tuple[tuple[str, Tree], ...]) -> Tree:
        if path == "" and sole is not None:
            return Call(Name("super().forward"), args, keywords)
        return Call(module(path), args, keywords)

    if function:
        reader.weightless_training = Name("training")
    place = Place(body, wires, module, call)
    items = reader.read(place)
    if body.key == project.model.entry:
        _after_outputs(project.outputs, place, reader)
    results = [place.wires[v] for v in body.results]
    shown = [(w, reader.wires[w].type) for w in input_wires]
    callers = None if body.key == project.model.entry or project.is_argument(body) else body.bindings
    items, asked = bind_sizes(reader, items, shown, callers)
    project.asked[body.key] = {}
    for size, wire in asked.items():
        scheduler.local[wire] = project.asked[body.key][size] = names.new(reader.wires[wire].name)
    for wire, tree in reader.fixed.items():
        if wire in results:
            from .reading import Item

            fresh = reader.extra("out", reader.wires[wire].type)
            items.append(Item([fresh], tree))
            results = [fresh if r == wire else r for r in results]
    forward = scheduler.function(items, results)
    if part is None:
        forward = release(forward, set(given.values()), lambda part: _is_block(project, body, part))
    inputs = [
        Parameter(given[wire], _annotation(reader.wires[wire]), reader_optional(body, wire, wires))
        for wire in input_wires
    ]
    inputs += [Parameter(name, "nn.Module") for name in held.values()]
    inputs += [Parameter(name, "int") for name in project.asked[body.key].values()]
    if function and _reads_training(forward):
        inputs.append(Parameter("training", "bool"))
    returns = ", ".join(_type(reader.wires[w].type) for w in results)
    if len(results) != 1:
        returns = f"tuple[{returns}]"
    if body.key == project.model.entry and len(results) > 1:
        returns = "output"
    return inputs, forward, returns


def _after_outputs(outputs: tuple[tuple[str, str], ...], place: Place, reader: Reader) -> None:
    """Call what a model gives out by the names of its outputs."""
    given = {place.wires[value.name] for value in place.body.inputs}
    for name, value in reversed(outputs):
        wire = place.wires.get(value)
        if wire is not None and wire not in given and wire not in reader.fixed:
            reader.wires[wire].name = name


def _is_block(project: Project, body: Body, call: Call) -> bool:
    """Whether a call runs a class of the file, or several of them."""
    path: list[str] = []
    part: Tree = call.function
    while isinstance(part, Attribute):
        path.insert(0, part.name)
        part = part.owner
    instance = body.instance(".".join(path)) if path and part == Name("self") else None
    return instance is not None and instance.operator is None


def reader_optional(body: Body, wire: str, wires: dict[str, str]) -> bool:
    return any(wires[name] == wire for name in body.optional)


def _annotation(wire: Wire) -> str:
    return _type(wire.type)


def _type(type_: Type) -> str:
    if isinstance(type_, Tensor):
        return "Tensor"
    return "list[Tensor]"


def _reads_training(statements: list[Statement]) -> bool:
    from .tree import walk
    from .units import statement_trees

    return any(isinstance(p, Name) and p.id == "training" for t in statement_trees(statements) for p in walk(t))
