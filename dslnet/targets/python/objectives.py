"""The training of a model as methods of its class: its losses, and what each step descends.

Enters: the body of the training graph, and the plan. Leaves: the body of `forward`, which is what the outputs need,
and the methods `losses`, one for each step, `objective`, `average` and `train`. A module that a method does not train
is run without gradients, where nothing before it is trained.

Invariant: a method computes what its losses need and nothing else, in the order of the text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ...analysis.training import within
from ...graph import Loss, Node
from ...node import replace
from .allowlist import InternalError
from .bodies import Body, module_arguments
from .drafting import draft, flow
from .guarding import Part
from .names import TRAINING_LOCALS, Names
from .planning import Step, details, is_sum
from .statements import Assign, For, Return, Run, Statement, With
from .tree import Attribute, Binary, Call, Comprehension, Literal, Name, Pair, Sequence, Subscript, Tree, flat, walk
from .units import Draft, Method, statement_trees

if TYPE_CHECKING:
    from .classes import Project

BATCH = "batch: dict[str, Tensor]"
#: More losses than one reads one by one.
MANY = 8
OBJECTIVE = "tuple[Tensor, dict[str, Tensor]]"


def draft_trained(project: Project, body: Body) -> Draft:
    """The source of the model's own class with its training."""
    training = Objectives(project, body)
    made = draft(project, body, "class", training.forward())
    made.methods, made.plan, made.last = training.methods(), training.plan(), training.evaluated()
    return made


class Objectives:
    """Writes the training of one model."""

    def __init__(self, project: Project, body: Body) -> None:
        self.project, self.body, self.planner = project, body, project.planner
        self.producers = {value.name: node for node in body.nodes for value in node.outputs}
        self.definition = project.model.definition
        self.named = {loss.value: loss for loss in self.planner.losses}

    # ------------------------------------------------------------------------------------------------ slices

    def slice(self, wanted: Iterable[str], stop: Iterable[str] = (), gradient: bool = False) -> list[Node]:
        """The nodes that values depend on, in order; with `gradient` those that a gradient may come back to."""
        seen: set[int] = set()
        stack, ends = list(wanted), set(stop)
        while stack:
            name = stack.pop()
            node = None if name in ends else self.producers.get(name)
            if node is None or id(node) in seen or (gradient and is_stop(node)):
                continue
            seen.add(id(node))
            stack += [name for name in node.inputs if name is not None]
        return [node for node in self.body.nodes if id(node) in seen]

    def forward(self) -> Body:
        """The inference graph: what the outputs need of the inputs."""
        body, outputs = self.body, self.project.outputs
        nodes = self.slice(value for _, value in outputs)
        kinds = {i.value.name: i.kind for i in self.definition.inputs}
        kept = [n for n, v in zip(body.kept, body.inputs, strict=True) if kinds.get(v.name) != "target"]
        inputs = [v for v in body.inputs if kinds.get(v.name) != "target"]
        known = {v.name for v in inputs} | {p.value.name for p in body.params} | set(self.producers)
        read = {name for node in nodes for name in node.inputs if name is not None}
        if read - known:
            raise InternalError(f"the outputs need {', '.join(sorted(read - known))}, which only training has")
        return replace(body, nodes=nodes, inputs=inputs, kept=kept, outputs=list(outputs))

    # --------------------------------------------------------------------------------------------- gradients

    def trained(self, node: Node, steps: Iterable[Step]) -> bool:
        """Whether one of the steps updates something that a node uses."""
        used = {node.module, *node.held, *(a.path for a in module_arguments(node))} - {None}
        params = {p.value.name: p.path for p in self.body.params if p.trained}
        own = [params[name] for name in node.inputs if name in params]
        for step in steps:
            if any(within(path, str(m)) or within(str(m), path) for path in step.paths for m in used):
                return True
            if any(p not in self.planner.frozen and any(not u or within(p, u) for u in step.updates) for p in own):
                return True
        return False

    def part(self, nodes: list[Node], sinks: Iterable[str], steps: list[Step]) -> tuple[list[Node], Part]:
        """How to write nodes: which need no gradient when the steps are taken. A stopped gradient that there is none
        of anyway needs no box."""
        live: set[str] = set()
        needs: set[int] = set()
        reached = {id(node) for node in self.slice(sinks, gradient=True)}
        for node in nodes:
            if not is_stop(node) and (self.trained(node, steps) or any(i in live for i in node.inputs)):
                live.update(value.name for value in node.outputs)
                if id(node) in reached:
                    needs.add(id(node))
        same: dict[str, str] = {}
        kept: list[Node] = []
        guarded: set[int] = set()
        for node in nodes:
            if is_stop(node) and node.inputs[0] not in live:
                same[node.outputs[0].name] = same.get(node.inputs[0] or "", node.inputs[0] or "")
                continue
            told = replace_inputs(node, same)
            kept.append(told)
            if id(node) not in needs:
                guarded.add(id(told))
        return kept, Part(frozenset(self.worth(kept, guarded)))

    def worth(self, nodes: list[Node], guarded: set[int]) -> set[int]:
        """Those of the guarded nodes that save anything: from the use of a module to what is made of it."""
        chosen: set[int] = set()
        made: set[str] = set()
        between: list[Node] = []
        for node in nodes:
            if id(node) not in guarded:
                made, between = set(), []
                continue
            if self.owns(node) or any(name in made for name in node.inputs):
                chosen |= {id(n) for n in (*between, node)} if made else {id(node)}
                made |= {value.name for value in node.outputs}
                between = []
            else:
                between.append(node)
        return chosen

    def owns(self, node: Node) -> bool:
        """Whether a node runs something with parameters."""
        return node.module is not None or bool(node.held) or bool(module_arguments(node))

    # ----------------------------------------------------------------------------------------------- methods

    def methods(self) -> list[Method]:
        """All methods, in the order in which they are read."""
        made = [self.losses()]
        steps = self.planner.steps
        if len(steps) == 1 and self.through_losses(steps[0]):
            return [*made, self.only(steps[0]), *self.averages(), *self.mode()]
        names = Names({"losses", "objective", *(i.path.partition(".")[0] for i in self.body.instances)})
        table: list[Tree] = []
        for step in steps:
            name = names.new(step.name.replace(".", "_") + "_objective")
            made.append(self.step(step, name))
            table.append(Pair(step.name, Attribute(Name("self"), name)))
        if steps:
            chosen = Subscript(Sequence("{", tuple(table)), (Name("step"),))
            returns: list[Statement] = [Return([Call(chosen, (Name("batch"),))])]
            doc = "What a step of the plan descends, with its losses by name."
            made.append(Method("objective", doc, ["step: str", BATCH], OBJECTIVE, returns))
        return made + self.averages() + self.mode()

    def losses(self) -> Method:
        """`losses(batch)`: every loss and metric."""
        values = [loss.value for loss in self.all_losses]
        nodes = self.slice(values)
        sinks = [loss.value for loss in self.planner.losses]
        written = self.written(nodes, values, sinks, self.planner.steps)
        written[-1] = Return([self.table(self.all_losses, written[-1])])
        word = "loss and metric" if self.planner.metrics else "loss"
        return Method("losses", f"Every {word} of a batch, by name.", [BATCH], "dict[str, Tensor]", written)

    def step(self, step: Step, name: str) -> Method:
        """The method of one step: what it descends, and its losses by name."""
        doc = told(step)
        value = step.value or ""
        values = [value, *(loss.value for loss in step.losses)]
        written = self.written(self.slice(values), values, [value], [step])
        last = written[-1]
        assert isinstance(last, Return)
        written[-1] = Return([last.trees[0], self.table(step.losses, Return(last.trees[1:]))])
        return Method(name, doc, [BATCH], OBJECTIVE, written)

    def table(self, losses: Iterable[Loss], returned: Statement) -> Tree:
        """Losses by name, as a method returns them."""
        assert isinstance(returned, Return)
        return Sequence("{", tuple(Pair(loss.name, t) for loss, t in zip(losses, returned.trees, strict=True)))

    def only(self, step: Step) -> Method:
        """`objective(step, batch)` of a model with one step, which is put together of the losses by name."""
        *first, last = self.summed(step)
        assert isinstance(last, Return)
        value = last.trees[0]
        if len(flat(value, lambda part: "1")) > 48:
            first.append(Assign(["total"], value))
            value = Name("total")
        chosen = Subscript(Sequence("{", (Pair(step.name, value),)), (Name("step"),))
        returns = Return([chosen, Name("losses")])
        return Method("objective", told(step), ["step: str", BATCH], OBJECTIVE, [*first, returns])

    def through_losses(self, step: Step) -> bool:
        """Whether a step runs nothing less than `losses` does, and is put together of what that gives."""
        if step.value is None:
            return True
        named = set(self.named)
        if any(not is_sum(n) for n in self.slice([step.value], named)):
            return False
        if not self.slice([step.value], named) and step.value not in named:
            return False
        mine = {id(n) for n in self.slice([step.value])}
        return all(id(n) in mine or not self.owns(n) for n in self.slice(loss.value for loss in self.all_losses))

    @property
    def all_losses(self) -> tuple[Loss, ...]:
        return self.planner.model.objectives.losses

    def summed(self, step: Step) -> list[Statement]:
        """The statements of a step that is put together of the losses by name."""
        first = Assign(["losses"], Call(Attribute(Name("self"), "losses"), (Name("batch"),)))
        fixed: dict[str, Tree] = {loss.value: Subscript(Name("losses"), (Literal(loss.name),)) for loss in step.losses}
        if step.value is None:
            if len(step.losses) > MANY:
                each = Subscript(Name("losses"), (Name("name"),))
                named = Comprehension("(", each, "name", Name("self.plan.losses"))
                return [first, Return([Call(Name("sum"), (named,)), Name("losses")])]
            total = fixed[step.losses[0].value]
            for loss in step.losses[1:]:
                total = Binary("+", total, fixed[loss.value])
            return [first, Return([total, Name("losses")])]
        nodes = self.slice([step.value], fixed)
        inner = replace(self.body, nodes=nodes, inputs=[], kept=[], outputs=[("value", step.value)])
        _, statements, _ = flow(self.project, inner, self.names(), None, Part(fixed=fixed))
        last = statements[-1]
        assert isinstance(last, Return)
        return [first, *statements[:-1], Return([last.trees[0], Name("losses")])]

    def written(self, nodes: list[Node], values: list[str], sinks: list[str], steps: list[Step]) -> list[Statement]:
        """The statements that compute values of a batch, and return them."""
        nodes, part = self.part(nodes, sinks, steps)
        nodes = self.called(nodes, values, part)
        names = self.names()
        inner = replace(self.body, nodes=nodes, outputs=[(f"{n}", v) for n, v in enumerate(values)])
        parameters, statements, _ = flow(self.project, inner, names, None, part)
        read = {p.id for tree in statement_trees(statements) for p in walk(tree) if isinstance(p, Name)}
        first: list[Statement] = []
        for parameter, value in zip(parameters, self.body.inputs, strict=False):
            if parameter.name not in read:
                continue
            batch = Name("batch")
            taken: Tree = Subscript(batch, (Literal(value.name),))
            if parameter.optional:
                taken = Call(Attribute(batch, "get"), (Literal(value.name),))
            first.append(Assign([parameter.name], taken, value.type))
        return first + statements

    def called(self, nodes: list[Node], values: list[str], part: Part) -> list[Node]:
        """The nodes with a call of the model itself for what `forward` does, if that is nothing but a step of it."""
        whole = self.forward()
        inner = {id(node) for node in whole.nodes}
        here = [node for node in nodes if id(node) in inner]
        made = {value.name for node in here for value in node.outputs}
        outputs = [value for _, value in whole.outputs]
        read = {name for node in nodes if id(node) not in inner for name in node.inputs} | set(values)
        if len(here) != len(inner) or len(inner) < 2 or len(set(outputs)) < len(outputs) or not set(outputs) <= made:
            return nodes
        if (made & read) - set(outputs) or any(id(node) in part.guarded for node in here):
            return nodes
        call = Node(
            "whole",
            tuple(value.name for value in whole.inputs),
            tuple(self.body.values[value] for value in outputs),
        )
        first = nodes.index(here[0])
        return [*nodes[:first], call, *(node for node in nodes[first:] if id(node) not in inner)]

    def names(self) -> Names:
        return Names(self.project.reserved | TRAINING_LOCALS)

    # ------------------------------------------------------------------------------------- teachers, averages

    def mode(self) -> list[Method]:
        """`train(mode)`, which leaves teachers in evaluation."""
        teachers = self.planner.teachers
        if not teachers:
            return []
        statements: list[Statement] = [Run(Call(Name("super().train"), (Name("mode"),)))]
        statements += self.evaluated()
        doc = "Training or evaluation, but for teachers: they are in evaluation always."
        return [Method("train", doc, ["mode: bool = True"], "nn.Module", [*statements, Return([Name("self")])])]

    def evaluated(self) -> list[Statement]:
        """Teachers put into evaluation mode."""
        return [Run(Call(Attribute(self.project.access(self.body, t), "eval"))) for t in self.planner.teachers]

    def averages(self) -> list[Method]:
        """`average()`, which moves the averaged copies on."""
        if not self.planner.copies:
            return []
        access = self.project.access
        body: list[Statement] = []
        for decay in dict.fromkeys(copy.decay for copy in self.planner.copies):
            pairs = [
                (access(self.body, copy.path), access(self.body, copy.source))
                for copy in self.planner.copies
                if copy.decay == decay
            ]
            if len(pairs) == 1:
                body += _follow(*pairs[0], decay)
            else:
                every = Sequence("(", tuple(Sequence("(", pair) for pair in pairs))
                body.append(For(["mean", "module"], every, _follow(Name("mean"), Name("module"), decay)))
        doc = "Moves the averaged copies on: call it after each step of an optimizer."
        return [Method("average", doc, [], "None", [With(Call(Name("torch.no_grad")), body)])]

    # -------------------------------------------------------------------------------------------------- plan

    def plan(self) -> Tree:
        """The plan as the class has it."""
        planner = self.planner
        keywords: list[tuple[str, Tree]] = [("steps", _tuple(self._step_data(step) for step in planner.steps))]
        keywords.append(("losses", _plain(tuple(loss.name for loss in planner.losses))))
        lists = {
            "metrics": tuple(loss.name for loss in planner.metrics),
            "frozen": planner.frozen,
            "teachers": planner.teachers,
            "averages": tuple(i.path for i in planner.copies),
        }
        keywords += [(name, _plain(found)) for name, found in lists.items() if found]
        return Call(self.project.support("TrainingPlan"), (), tuple(keywords))

    def _step_data(self, step: Step) -> Tree:
        keywords: list[tuple[str, Tree]] = [
            ("updates", _plain(step.updates)),
            ("losses", _plain(tuple(loss.name for loss in step.losses))),
            ("descends", Literal(step.descends)),
        ]
        if step.optimizer is not None:
            keywords += [(name, _plain(value)) for name, value in details(step.optimizer).items()]
        return Call(self.project.support("TrainingStep"), (Literal(step.name),), tuple(keywords))


def _follow(mean: Tree, module: Tree, decay: float) -> list[Statement]:
    """The loops that move an averaged copy on."""
    old, new = Name("old"), Name("new")
    moves: list[tuple[str, Tree]] = [
        ("parameters", Call(Attribute(old, "lerp_"), (new, Literal(round(1 - decay, 12))))),
        ("buffers", Call(Attribute(old, "copy_"), (new,))),
    ]
    return [
        For(["old", "new"], Call(Name("zip"), tuple(Call(Attribute(m, kind)) for m in (mean, module))), [Run(move)])
        for kind, move in moves
    ]


def told(step: Step) -> str:
    """What a step descends, in words."""
    text = f"What the step `{step.name}` descends: {step.descends}."
    return text if len(text) < 75 else f"What the step `{step.name}` descends."


def is_stop(node: Node) -> bool:
    return node.operator is not None and node.operator.name == "StopGrad"


def replace_inputs(node: Node, same: dict[str, str]) -> Node:
    """The node fed with what its inputs are the same as; the node itself where none is another's."""
    if not any(name in same for name in node.inputs):
        return node
    return replace(node, inputs=tuple(same.get(name, name) if name is not None else None for name in node.inputs))


def _tuple(items: Iterable[Tree]) -> Tree:
    return Sequence("(", tuple(items))


def _plain(value: Any) -> Tree:
    """Plain data as an expression."""
    if isinstance(value, tuple):
        return _tuple(_plain(item) for item in value)
    if isinstance(value, dict):
        return Sequence("{", tuple(Pair(str(name), _plain(item)) for name, item in value.items()))
    return Literal(value)
