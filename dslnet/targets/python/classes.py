"""Which definitions become classes, functions or nothing of their own, and the classes that they share.

Enters: the bodies of a model. Leaves: a `Project` with its units in the order in which they can be written. Bodies
are taken from the leaves upwards; those of one height whose drafts print the same are one unit.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from functools import cached_property

from ...analysis.training import within
from ...graph import Instance, Model, Node
from ...node import replace
from ...ops import Operator, code
from ...ops.dense import Identity
from ...shape import Dim, Tensor
from ...source import Source
from . import building
from .allowlist import InternalError
from .bodies import Body, needed, prepare, taught
from .drafting import draft
from .expressions import Site, call, translate
from .generation import generating
from .names import ALIASES, MODULE_ATTRIBUTES, LoopNames, attribute_fits, fits, safe, snake
from .objectives import draft_trained
from .planning import Planner
from .settling import settle
from .support import Support
from .titles import name_units
from .tracing import Env, Tracer
from .tree import Attribute, Call, Comprehension, Late, Literal, Name, Sequence, Star, Subscript, Tree, reworded
from .units import Function, Unit


class Project:
    """Everything that the emission of one model knows."""

    def __init__(self, model: Model, sources: Mapping[str, Source] | None = None, inference: bool = False) -> None:
        #: What is computed from the inputs, which the words about a model are about.
        self.inference = model
        self.trained = bool(model.objectives.losses or model.objectives.trains) and not inference
        self.model = replace(model, entry=model.training) if self.trained else model
        definition = self.model.definition
        self.outputs = definition.outputs[: len(model.definition.outputs)]
        self.planner = Planner(model)
        self.still = taught(definition)
        self.bodies = prepare(self.model, needed(definition, [v for _, v in self.outputs]) if self.trained else None)
        self.bodies[self.model.entry].outputs = list(self.outputs)
        self.sources = sources or {}
        self.tracer = Tracer(model, self.bodies, self.sources)
        self.units: list[Unit] = []
        self.classes: dict[str, Unit] = {}
        self.functions: dict[str, Function] = {}
        self.copied = Support()
        self.imports: dict[str, tuple[str, str]] = {}
        self._kinds: dict[str, str] = {}
        self._lists: dict[str, bool] = {}
        self._dicts: dict[str, bool] = {}
        self.asked: dict[str, dict[Dim, str]] = {}  # the sizes that a definition is given by its caller, by name
        #: What has lanes of an `each` that stand side by side, by body and path.
        self._beside = {(b.key, n.module) for b in self.bodies.values() for n in b.nodes if n.kind == "each"}
        self._as_module = {i.body for b in self.bodies.values() for i in b.instances if i.body is not None}
        #: What a value is called that comes from a block and that nobody named.
        self.block_words = {b.block.lower() for b in self.bodies.values()}
        self.reserved = set(ALIASES)
        self.reserved |= {snake(b.block) for b in self.bodies.values() if not b.instances and not b.params}
        self.reserved |= self.copied.known
        self._group()

    def taught(self, nodes: list[Node]) -> frozenset[int]:
        """Those of some nodes of the entry that are a teacher's, by identity."""
        teachers = self.planner.teachers
        return frozenset(
            id(node) for node in nodes
            if any(within(node.module or "", t) for t in teachers) or any(v.name in self.still for v in node.outputs)
        )  # fmt: skip

    def frozen(self, body: Body) -> list[str]:
        """The paths that `freeze` names, as far as the class has them."""
        roots = {i.path.partition(".")[0] for i in body.instances}
        return [p for p in self.model.objectives.frozen if p.partition(".")[0] in roots]

    # ---------------------------------------------------------------------------------------- kinds of bodies

    def realised(self, key: str) -> str:
        """`class`, `function`, `chain` (an nn.Sequential) or `inline` (written where it is used)."""
        if key not in self._kinds:
            self._kinds[key] = self._kind(self.bodies[key])
        return self._kinds[key]

    def _kind(self, body: Body) -> str:
        if body.key == self.model.entry:
            return "class"
        bare = not body.instances and not body.params
        if body.key in self._as_module:
            return "inline" if self.transparent(body) else "class"
        if body.kind in ("block", "model"):
            return "function" if bare else "class"
        if bare:
            return "inline"
        if len(body.instances) == 1 and body.instances[0].path == "" and not body.params:
            small = body.kind == "round" or len(body.nodes) <= 4
            return "inline" if small and not body.states else "class"
        return "chain" if self.is_chain(body) else "class"

    def transparent(self, body: Body) -> bool:
        """Whether a body is nothing but a call of its one module."""
        if len(body.instances) != 1 or body.instances[0].path != "" or body.params or body.states:
            return False
        return len(body.nodes) == 1 and self._passes(body.nodes[0], body, body.instances[0])

    def _passes(self, node: Node, body: Body, instance: Instance) -> bool:
        """Whether a node gives the inputs of the body, in order, to the module and returns what that returns."""
        if node.held or node.module != instance.path or body.held or self.asked.get(node.definition or ""):
            return False
        given = [n for n in node.inputs if n is not None]
        if given != [v.name for v in body.inputs] or body.results != [v.name for v in node.outputs]:
            return False
        if node.kind == "box":
            made = node.operator.torch(*instance.inputs) if node.operator else None
            return isinstance(made, code.Module) and made.call is None
        if node.kind == "repeat":
            return self.sequential(body, instance, node)
        return node.kind == "call" and node.definition is not None and self.realised(node.definition) != "inline"

    def is_chain(self, body: Body) -> bool:
        """Whether a body is modules called `0`, `1`, … one after another, each taking what the last one gives."""
        if body.params or body.held or len(body.inputs) != 1 or len(body.outputs) != 1:
            return False
        if [i.path for i in body.instances] != [str(n) for n in range(len(body.instances))]:
            return False
        flow = body.inputs[0].name
        left = list(body.instances)
        for node in body.nodes:
            if list(node.inputs) != [flow] or len(node.outputs) != 1:
                return False
            if isinstance(node.operator, Identity):
                flow = node.outputs[0].name
                continue
            if not left or node.module != left[0].path:
                return False
            instance = left.pop(0)
            inner = Body("", "", "", {}, [body.values[flow]], set(), [], [], (), [instance], [node],
                         [("out", node.outputs[0].name)], body.values, [0])  # fmt: skip
            if not self._passes(node, inner, instance):
                return False
            flow = node.outputs[0].name
        return not left and flow == body.outputs[0][1]

    def sequential(self, owner: Body, instance: Instance, node: Node | None = None) -> bool:
        """Whether rounds are an nn.Sequential: each takes one tensor and gives one, to the next."""
        if (owner.key, instance.path) in self._beside:
            return False
        if node is not None:
            fed = [n for n in node.inputs if n is not None]
            if node.held or len(fed) != 1 or len(node.outputs) != 1:
                return False
        for part in instance.rounds:
            body = self.bodies[part.definition]
            if len(body.inputs) != 1 or body.held or len(body.results) != 1 or body.states:
                return False
            kind = self.realised(part.definition)
            if kind == "function" or (kind == "inline" and not self.transparent(body)):
                return False
            if isinstance(body.inputs[0].type, tuple) or self.asked.get(part.definition):
                return False
        return bool(instance.rounds)

    def is_argument(self, body: Body) -> bool:
        """Whether a body is given to a module of torch, which calls it."""
        return body.key in self._as_module

    # ------------------------------------------------------------------------------------ about other bodies

    def arity(self, body: Body) -> int:
        """How many inputs a definition declares, those that nothing reads included."""
        definition = self.model.definitions.get(body.key)
        return len(definition.inputs) if definition is not None else len(body.inputs)

    def input_name(self, body: Body, number: int) -> str:
        definition = self.model.definitions[body.key]
        return definition.inputs[number].value.name

    def held_names(self, body: Body) -> list[str]:
        return [f"held {name}" for name in body.held]

    def argument_name(self, body: Body, name: str) -> str:
        """What `forward` calls an input."""
        unit = self.classes.get(body.key) or self.functions[body.key].unit
        names = [v.name for v in body.inputs] + [s.name for s in body.states] + self.held_names(body)
        return unit.draft.inputs[names.index(name)].name

    def is_read(self, body: Body, node: Node, output: int) -> bool:
        name = node.outputs[output].name
        return any(name in n.inputs for n in body.nodes) or name in body.results

    def singular(self, node: Node, instance: Instance | None) -> str:
        """A name for one module of a list."""
        path = (node.module or "").rpartition(".")[2]
        if path.endswith("s") and len(path) > 3 and not path.endswith("ss"):
            return path[:-3] + "y" if path.endswith("ies") else path[:-1]
        part = self.bodies[node.rounds[0].definition]
        if self.realised(part.key) == "inline":
            inner = part.instances[0] if part.instances else None
            if inner is not None and inner.operator is not None:
                return inner.operator.short
            if inner is not None and inner.definition is not None:
                part = self.bodies[inner.definition]
        word = snake(part.block).rpartition("_")[2]
        return "layer" if word in ("round", "") or part.kind == "round" else word

    # ------------------------------------------------------------------------------------------- constructors

    def support(self, name: str) -> Tree:
        self.copied.use(name)
        return Name(name)

    def constructor(self, op: Operator, inputs: Iterable[Tensor | None], **site: object) -> Tree:
        """The module that an operator builds."""
        made = op.torch(*inputs)
        if not isinstance(made, code.Module):
            raise InternalError(f"{op.name} builds no module")
        hints = {v: k for k, v in reversed(op.values().items()) if isinstance(v, (int, float)) and v not in (0, 1)}
        where = Site(support=self.support, hints=hints, **site)  # type: ignore[arg-type]
        if "." in made.cls and not made.cls.startswith(("nn.", "torch.")):
            module, _, name = made.cls.rpartition(".")
            if not all(p.isascii() and p.isidentifier() and not keyword.iskeyword(p) for p in made.cls.split(".")):
                raise InternalError(f"{made.cls!r} is not the name of a Python class")
            local = name if fits(name) else safe(name)
            self.imports[local] = (module, name)
            names = tuple(translate(a, where) for a in made.args)
            return Call(Name(local), names, tuple((k, translate(v, where, k)) for k, v in made.kwargs.items()))
        return call(made.cls, made.args, made.kwargs, where)

    def build(self, owner: Body, instance: Instance, loop_name: LoopNames) -> Tree:
        """The expression that makes a module of a body."""

        def construct(key: str) -> Tree:
            made = self.construct(key, self.tracer.use(owner, instance.path, key), loop_name)
            return reworded(made, {}) if owner.key == self.model.entry else made  # the entry has no parameters

        if instance.operator is not None:
            body = instance.body

            def bodies(count: int) -> Tree:
                assert body is not None
                items = building.rounds([(construct(body), count)], loop_name)
                return Call(Name("nn.ModuleList"), tuple(items))

            tree = self.constructor(instance.operator, instance.inputs, bodies=bodies)
        elif instance.definition is not None:
            tree = construct(instance.definition)
        else:
            parts = [(construct(r.definition), r.count) for r in instance.rounds]
            sequential = self.sequential(owner, instance)
            if instance.renamed:
                named = building.named_rounds(instance, parts, loop_name)
                if sequential:
                    named = Call(Name("OrderedDict"), (named,))
                tree = Call(Name("nn.Sequential" if sequential else "nn.ModuleDict"), (named,))
            else:
                items = building.rounds(parts, loop_name)
                tree = self.container("nn.Sequential" if sequential else "nn.ModuleList", items)
        return building.parametrized(tree, instance)

    def container(self, cls: str, items: list[Tree]) -> Tree:
        return Call(Name(cls), tuple(self.container_items(cls, items)))

    def container_items(self, cls: str, items: list[Tree]) -> list[Tree]:
        """The arguments of an nn.Sequential (modules) or an nn.ModuleList (one list)."""
        lone = len(items) == 1 and isinstance(items[0], Comprehension)
        if cls == "nn.Sequential":
            return [Star(items[0])] if lone else items
        return items if lone else [Sequence("[", tuple(items))]

    def construct(self, key: str, env: Env, loop_name: LoopNames) -> Tree:
        """The module of a definition; `env` is what its names are here."""
        kind, body = self.realised(key), self.bodies[key]
        if kind == "class":
            unit = self.classes[key]
            args, keywords = unit.arguments(key, env)
            return Call(Late(unit), args, keywords)
        if kind == "chain":
            parts = (self.build(body, i, loop_name) for i in body.instances)
            return Call(Name("nn.Sequential"), tuple(reworded(p, env) for p in parts))
        if not body.instances:
            return Call(Name("nn.Identity"))
        return reworded(self.build(body, body.instances[0], loop_name), env)

    def access(self, body: Body, path: str) -> Tree:
        """The module at a path below `self`."""
        tree: Tree = Name("self")
        segments = path.split(".") if path else []
        current: Body | None = body
        indexed = self.digits(body)
        for segment in segments:
            if indexed and segment.isdigit():
                tree = Subscript(tree, (Literal(int(segment)),))
            elif current is not None and self.keyed(current):
                tree = Subscript(tree, (Literal(segment),))
            elif not self.plain(segment):
                tree = Subscript(Attribute(tree, "_modules"), (Literal(segment),))
            else:
                tree = Attribute(tree, segment)
            instance = current.instance(segment) if current else None
            current = self.bodies[instance.definition] if instance and instance.definition else None
            indexed = current is None or self.realised(current.key) == "chain" or self.digits(current)
        return tree

    def digits(self, body: Body) -> bool:
        """Whether a body is a list: its modules are called `0`, `1`, …, those of a repeat among them included."""
        if body.key not in self._lists:
            self._lists[body.key] = self._is_list(body)
        return self._lists[body.key]

    def _is_list(self, body: Body) -> bool:
        expected = 0
        for instance in body.instances:
            if instance.path == "" and instance.rounds and instance.start == expected:
                expected += sum(r.count for r in instance.rounds)
            elif instance.path == str(expected):
                expected += 1
            else:
                return False
        return bool(expected) and not body.params and [i.path for i in body.instances] != [""]

    def keyed(self, body: Body) -> bool:
        """Whether a body is a dict: some of its modules have names that no attribute can have, and no dict refuses."""
        if body.key not in self._dicts:
            self._dicts[body.key] = self._is_dict(body)
        return self._dicts[body.key]

    def _is_dict(self, body: Body) -> bool:
        paths = [i.path for i in body.instances]
        if body.key == self.model.entry or body.params or all(map(self.plain, paths)) or self.digits(body):
            return False
        return all(path and "." not in path and path not in MODULE_ATTRIBUTES for path in paths)

    def among(self, body: Body, instance: Instance) -> bool:
        """Whether the rounds of a repeat stand between other modules, and are numbered with them."""
        return instance.path == "" and len(body.instances) > 1

    def plain(self, segment: str) -> bool:
        return attribute_fits(segment)

    # --------------------------------------------------------------------------------------------- grouping

    def _group(self) -> None:
        heights: dict[str, int] = {}
        for key, body in self.bodies.items():
            heights[key] = 1 + max((heights[c] for c in body.children()), default=0)
        for height in range(1, max(heights.values()) + 1):
            found: dict[tuple[str, str, str], list[tuple[str, object]]] = {}
            for key, body in self.bodies.items():
                if heights[key] != height or self.realised(key) not in ("class", "function"):
                    continue
                if self.trained and key == self.model.entry:
                    made = draft_trained(self, body)
                else:
                    made = draft(self, body, self.realised(key))
                if key == self.model.entry:
                    made.generate = generating(self)
                # lanes beside each other that are alike are one class, whatever each is called
                above, _, last = key.rpartition(".")
                place = f"{above}." if body.kind == "group" and last.isdigit() else body.block
                found.setdefault((place, body.kind, made.print()), []).append((key, made))
            for drafts in found.values():
                block = self.bodies[drafts[0][0]].block
                unit = Unit(len(self.units), block, self.realised(drafts[0][0]) == "function", [d for _, d in drafts])  # type: ignore[misc]
                settle(unit, self.tracer.meanings, self._frame(unit.draft.body))
                self.units.append(unit)
                for key, _ in drafts:
                    if unit.function:
                        self.functions[key] = Function(unit, key)
                    else:
                        self.classes[key] = unit
        name_units(self)

    def _frame(self, body: Body) -> str:
        """Whose names a body uses: those of a `block`, those of a `part` of the entry, or of the `entry` itself."""
        if body.key == self.model.entry:
            return "entry"
        owner = body if body.kind in ("block", "model") else self.parent(body.key)
        return "part" if owner is None or owner.key == self.model.entry else "block"

    def parent(self, key: str) -> Body | None:
        """The block that a part belongs to."""
        owner = self._owners.get(key)
        return owner if owner is None or owner.kind in ("block", "model") else self.parent(owner.key)

    @cached_property
    def _owners(self) -> dict[str, Body]:
        """The first body that refers to each other one."""
        found: dict[str, Body] = {}
        for body in self.bodies.values():
            for key in body.children():
                found.setdefault(key, body)
        return found
