"""Teachers, students, generators, critics, and `train` lines.

Enters: a model with its text. Leaves: the mistakes in roles and objectives (docs/language.md): a teacher that no
loss uses, opponents that share parameters, something that nothing trains, `train` lines that overlap.
"""

from __future__ import annotations

from functools import cached_property

from ..build import Block
from ..diagnostics import Label, Report
from ..graph import Model, Node, Train
from ..node import replace
from ..source import Source, Span
from ..syntax import Valued
from ..weights import count_parameters
from .reading import Line, lines, references, text
from .training import Training


def check_roles(model: Model, block: Block, report: Report, training: Training) -> None:
    Roles(model, block, report, training).check()


#: The whole text is searched for the first mistakes only: the work has to stay linear.
MOST = 20


class Roles:
    """The checks of one model."""

    def __init__(self, model: Model, block: Block, report: Report, training: Training) -> None:
        self.model, self.report, self.training = model, report, training
        self.lines = lines(block)
        self.source: Source | None = report.sources.get(block.root.file.spec.source.name)
        self.losses = [loss for loss in model.objectives.losses if loss.kind == "loss"]
        self.trains = model.objectives.trains

    def of(self, *roles: str) -> list[Line]:
        return [line for line in self.lines if line.role in roles and line.name is not None]

    def check(self) -> None:
        if not self.of("teacher", "student", "generator", "critic") and not self.losses and not self.trains:
            return
        for line in self.of("teacher"):
            self.teacher(line)
        shared = 0
        for generator, critic in self.pairs():
            shared += self.opponents(generator, critic)
            if shared == MOST:
                break
        blamed = self.train_lines()
        if not shared:
            self.overlaps()
        if self.losses:
            for line in self.of("generator", "critic"):
                self.has_train_line(line, blamed)
        for line in self.of("student"):
            self.student(line, blamed)

    # ---------------------------------------------------------------------------------------------- teachers

    def teacher(self, line: Line) -> None:
        """E0502 unless a loss depends on it."""
        assert line.name is not None
        name = line.name.text
        if any(id(node) in self.training.needed for node in self.training.nodes_of(line.path)):
            return
        if self.report.errors > MOST:
            self.report.error("E0502", f"no loss uses the teacher `{name}`"[:80], line.key)
            return
        wires = [other for other in self.readers(name) if other.statement is not line.statement]
        secondary = []
        for wire in wires[:2]:
            assert wire.name is not None
            alone = len(wires) == 1 and not self.readers(wire.name.text) and wire.role is None
            label = f"the only wire out of it; nothing reads `{wire.name.text}`" if alone else "used here, in no loss"
            secondary.append(Label(wire.name.span, label if len(label) < 50 else "nothing reads it"))
        self.report.error(
            "E0502", f"no loss uses the teacher `{name}`"[:80], line.key,
            "trained away from here, so only a loss can use it",
            secondary=secondary, helps=self.distillation(wires[0] if wires else None),
        )  # fmt: skip

    def readers(self, name: str) -> list[Line]:
        """The lines with a name of their own that read a name."""
        return [
            line for line in self.lines
            if line.name is not None and line.body is not None and isinstance(line.body, Valued)
            and any(found == name for found, _ in references(line.body))
        ]  # fmt: skip

    def distillation(self, soft: Line | None) -> tuple[str, ...]:
        """A loss to write, in the words of this file."""
        target = soft.name.text if soft is not None and soft.name is not None else "soft"
        student = next((line.name.text for line in self.of("student") if line.name is not None), None)
        made = next((line.name.text for line in self.readers(student) if line.name), None) if student else None
        if made is None:
            made = next((line.name.text for line in self.lines if line.role == "output" and line.name), "logits")
        loss = f"`loss kd: {made} -> Distill(4) to {target}`"
        hard = self.losses[0].name if len(self.losses) == 1 else None
        if hard is None or student is None:
            return (loss,)
        return (f"{loss}, and `train {student}: 0.1 * {hard} + 0.9 * kd`",)

    # --------------------------------------------------------------------------------------------- opponents

    def pairs(self) -> list[tuple[Line, Line]]:
        """Generators and critics that have a module in common, in the order of the text."""
        owners: dict[str, list[int]] = {}
        instances = self.training.definition.instances
        light = {i.path for i in instances if i.operator is not None and not i.operator.weighted}
        critics = self.of("critic")
        for number, critic in enumerate(critics):
            for path in self.training.modules(critic.path) - light:
                owners.setdefault(path, []).append(number)
        found: list[tuple[Line, Line]] = []
        for generator in self.of("generator"):
            met = {number for path in self.training.modules(generator.path) for number in owners.get(path, ())}
            found += [(generator, critics[number]) for number in sorted(met)]
        return found

    def opponents(self, generator: Line, critic: Line) -> bool:
        """E0503 when they share a module with parameters."""
        both = self.training.modules(generator.path) & self.training.modules(critic.path)
        instances = self.training.definition.instances
        shared = next((i for i in instances if i.path in both and self.parameters(i.path)), None)
        if shared is None:
            return False
        assert generator.name is not None and critic.name is not None
        mine, theirs = self.used_in(generator, shared.path), self.used_in(critic, shared.path)
        where = shared.path or self.model.name
        title = f"generator `{generator.name.text}` and critic `{critic.name.text}` share the parameters of `{where}`"
        primary = theirs if theirs is not None else critic.key
        secondary = [Label(shared.span, f"defined once: {self.parameters(shared.path)} parameters"[:49])]
        if mine is not None and mine != primary:
            secondary.append(Label(mine, "used here"))
        bodies = [line.body for line in self.lines if line.name is not None and line.name.span == shared.span]
        written = text(self.source, bodies[0].span) if bodies and isinstance(bodies[0], Valued) else ""
        box = f"`{written}`" if written and len(written) <= 60 else "the boxes"
        self.report.error(
            "E0503", title if len(title) <= 80 else "a generator and a critic share parameters", primary,
            "the same module",
            secondary=secondary,
            notes=(f"`train {critic.name.text}` and `train {generator.name.text}` would pull `{where}` both ways",),
            helps=(f"write {box} in both places: a Capital makes a new box",),
        )  # fmt: skip
        return True

    def parameters(self, path: str) -> str:
        """How many parameters a module has, for a label; empty for none."""
        definition = self.training.definition
        instance = definition.instance(path)
        if instance is None:
            return ""
        alone = replace(definition, instances=(instance,), params=())
        total = count_parameters(replace(self.model, definitions={**self.model.definitions, "": alone}), "")
        return "" if total == 0 else f"{total:,}" if isinstance(total, int) else str(total)

    def used_in(self, line: Line, path: str) -> Span | None:
        """Where the text of a module uses another one."""
        stack = [(node, path) for node in self.training.nodes_of(line.path)]
        seen: set[tuple[str, str]] = set()
        while stack:
            node, name = stack.pop(0)
            if node.module == name and line.statement.span.start <= node.span.start < line.statement.span.end:
                return node.span
            stack += self._below(node, name, seen)
        found = next((span for word, span in references(line.body) if word == path), None)
        return found

    def _below(self, node: Node, name: str, seen: set[tuple[str, str]]) -> list[tuple[Node, str]]:
        """The nodes inside a call, with what the module is called there."""
        found = []
        for key in [k for k in (node.definition, *(r.definition for r in node.rounds)) if k is not None]:
            callee = self.model.definitions[key]
            inner = dict(zip(node.held, callee.held, strict=False)).get(name)
            if inner is not None and (key, inner) not in seen:
                seen.add((key, inner))
                found += [(n, inner) for n in callee.nodes()]
        return found

    # ------------------------------------------------------------------------------------------- train lines

    @cached_property
    def trained(self) -> dict[str, list[str]]:
        """For each module that a `train` line names, what such lines descend."""
        found: dict[str, list[str]] = {}
        for train in self.trains:
            for path in self.targets(train) if train.modules else ():
                found.setdefault(path, []).append(train.value)
        return found

    def targets(self, train: Train) -> set[str]:
        """The modules that a `train` line updates."""
        if not train.modules:
            return self.training.everything | self.training.own
        found: set[str] = set()
        for name in train.modules:
            found |= self.training.modules(name)
        return self.training.trainable(found)

    def train_lines(self) -> set[str]:
        """E0504 for lines, or without any for losses, that train nothing; the names that were blamed."""
        blamed: set[str] = set()
        for train in self.trains:
            name = train.modules[0] if train.modules else None
            mine = self.targets(train)
            if self.training.reached(mine, [train.value]):
                continue
            blamed.add(name or "")
            if name is None:
                title = "this `train` line reaches nothing that can be trained"
                self.nothing(train.span, title, "no parameters before it")
            elif not mine:
                self.nothing(train.span, f"`{name}` has nothing to train", self.lack(name), self.defined(name))
            else:
                title = f"what `train {name}` descends does not depend on `{name}`"
                self.nothing(train.span, title, "no gradient arrives here", self.defined(name))
        if not self.trains:
            can = self.training.everything | self.training.own
            for loss in self.losses:
                if not self.training.reached(can, [loss.value]):
                    title = f"the loss `{loss.name}` reaches nothing that can be trained"
                    self.nothing(loss.span, title, "no parameters before it, or all are frozen")
        return blamed

    def lack(self, name: str) -> str:
        paths = self.training.modules(name)
        return "all its parameters are frozen" if any(self.parameters(p) for p in paths) else "no parameters"

    def defined(self, name: str) -> list[Label]:
        found = next((line for line in self.lines if line.name is not None and line.path == name), None)
        return [Label(found.key, "defined here")] if found is not None and found.role != "train" else []

    def nothing(self, span: Span, title: str, label: str, secondary: list[Label] | None = None, *helps: str) -> None:
        self.report.error("E0504", title[:80], span, label, secondary=secondary or (), helps=helps)

    def overlaps(self) -> None:
        """E0506 where two lines update the same parameters."""
        owners: dict[str, int] = {}
        for number, later in enumerate(self.trains):
            mine = self.targets(later)
            before = [owners[path] for path in mine if path in owners]
            for path in mine:
                owners.setdefault(path, number)
            if before:
                earlier = self.trains[min(before)]
                both = sorted(mine & self.targets(earlier))
                first, second = (t.modules[0] if t.modules else "everything" for t in (earlier, later))
                title = f"`train {second}` and `train {first}` update the same parameters"
                if not (earlier.modules and later.modules):
                    title = "two `train` lines update the same parameters"
                shown = f"`{both[0]}`" + (f" and {len(both) - 1} more" if len(both) > 1 else "")
                self.report.error(
                    "E0506", title[:80], later.span, f"{shown} a second time"[:49],
                    secondary=[Label(earlier.span, "trained here already")],
                    helps=("one line for both: the sum of what they descend",),
                )  # fmt: skip
                return

    def has_train_line(self, line: Line, blamed: set[str]) -> None:
        """Opponents each need a line of their own."""
        assert line.name is not None
        name = line.name.text
        if name in blamed or not self.trained.keys().isdisjoint(self.training.modules(line.path)):
            return
        title = f"no `train` line trains the {line.role} `{name}`"
        self.nothing(line.key, title, "opponents are trained in turns", [], f"`train {name}: ...`")

    def student(self, line: Line, blamed: set[str]) -> None:
        assert line.name is not None
        name = line.name.text
        if name in blamed:
            return
        mine = self.training.trainable(self.training.modules(line.path))
        values = [value for path in mine for value in self.trained.get(path, ())]
        values += [train.value for train in self.trains if not train.modules and self.targets(train) & mine]
        if self.training.reached(mine, values if self.trains else None):
            return
        label = "in no `train` line" if self.trains else "no loss reaches it"
        label = label if mine else "no parameters, or all are frozen"
        helps = (f"`train {name}: ...`",) if mine and self.trains else ()
        self.nothing(line.key, f"nothing trains the student `{name}`", label, [], *helps)
