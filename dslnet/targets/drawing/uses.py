"""What is told of a box or of a block: counts, arguments, and what differs between uses.

Enters: nodes of the definition that is being walked. Leaves: texts and numbers for their cards.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...graph import Definition, Instance, Model, Node, Type, Value
from ...ops import internal
from ...ops.base import Combinator, Operator
from ...shape import Size, Tensor, numel
from ...weights import count_parameters, parametrized
from .given import block_text, parameters, written
from .plan import Plan, Use
from .scope import Scope
from .wording import common, count_text, feature, shape_text

#: A place in the text, and which of several boxes of that place in one body.
Place = tuple[str, int, int, int]


def opaque(model: Model, key: str) -> bool:
    """Whether a definition has a box of the user's own Python in it, at whatever depth."""
    todo, seen = [key], {key}
    while todo:
        for node in model.definitions[todo.pop()].nodes():
            if isinstance(node.operator, internal.PythonBox):
                return True
            below = {*([node.definition] if node.definition else []), *(r.definition for r in node.rounds)} - seen
            seen |= below
            todo += below
    return False


class Uses:
    """Answers about a model that is drawn by a plan."""

    def __init__(self, model: Model, plan: Plan) -> None:
        self.model, self.plan, self.options = model, plan, plan.options
        self.values: dict[str, dict[str, Value]] = {}
        self.placed: dict[str, dict[Place, Node]] = {}
        self.makers: dict[str, dict[str, tuple[Place, int]]] = {}
        self.totals: dict[str, Size] = {}

    def places(self, definition: Definition) -> dict[Place, Node]:
        """The nodes of a body by where they stand in the text."""
        if definition.key not in self.placed:
            found: dict[Place, Node] = {}
            makers: dict[str, tuple[Place, int]] = {}
            for node in definition.nodes():
                number = 0
                while (place := (node.span.file, node.span.start, node.span.end, number)) in found:
                    number += 1
                found[place] = node
                makers.update((value.name, (place, position)) for position, value in enumerate(node.outputs))
            self.placed[definition.key], self.makers[definition.key] = found, makers
        return self.placed[definition.key]

    def same(self, definition: Definition, node: Node, variant: Definition) -> Node | None:
        """The node of a variant that stands where a node of the definition stands."""
        if variant is definition:
            return node
        every = self.places(variant)
        self.places(definition)
        return every.get(self.makers[definition.key][node.outputs[0].name][0])

    def twins(self, scope: Scope, node: Node) -> tuple[list[Operator], list[dict[str, object]], list[Definition]]:
        """The same box in every use of the block: its operators, with what their names stand for."""
        operators: list[Operator] = []
        bindings: list[dict[str, object]] = []
        owners: list[Definition] = []
        for variant in scope.variants:
            other = self.same(scope.definition, node, variant)
            if other is not None and other.operator is not None and type(other.operator) is type(node.operator):
                operators.append(other.operator)
                bindings.append(variant.bindings)
                owners.append(variant)
        assert node.operator is not None
        return (operators or [node.operator]), (bindings or [{}]), (owners or [scope.definition])

    def shape(self, scope: Scope, name: str) -> str:
        """The shape of a value in every use of the block; empty where the block's names do not tell it."""
        types, bindings = [], []
        self.places(scope.definition)
        place, position = self.makers[scope.definition.key].get(name, (None, 0))
        for variant in scope.variants:
            if place is None:  # it comes in
                if variant.key not in self.values:
                    self.values[variant.key] = variant.values()
                value = self.values[variant.key].get(name)
            else:
                maker = self.places(variant).get(place)
                value = maker.outputs[position] if maker is not None and len(maker.outputs) > position else None
            if value is not None:
                types.append(value.type)
                bindings.append(variant.bindings)
        return shape_text(types, bindings) or ""

    def told(self, scope: Scope, name: str, type: Type) -> str:
        """The shape of a value, by the names of the spec where they tell it."""
        if len(scope.variants) > 1:
            return self.shape(scope, name)
        return self.plan.symbols.text(scope.definition.key, name, type)

    def varying(self, scope: Scope, owners: list[Definition]) -> tuple[str, ...]:
        """Names that differ between all uses, for a box that only some of them have."""
        if len(owners) == len(scope.variants):
            return ()
        every = [v.bindings for v in scope.variants]
        return tuple(n for n in every[0] if len({str(b.get(n)) for b in every}) > 1)

    def counted(
        self,
        scope: Scope,
        owners: list[Definition],
        node: Node,
        operators: list[Operator],
        bindings: Sequence[dict[str, object]],
    ) -> str:
        """The parameters of a box; of several uses, where a formula in the block's names tells all."""
        counts: list[Size] = []
        for owner in owners:
            own = owner.instance(node.module) if node.module is not None else None
            instance = scope.instance(node.module) if own is None else own
            counts.append(self.parameters(instance) if instance is not None else 0)
        if all(c == counts[0] for c in counts):
            return count_text(counts[0])
        return common(counts, bindings) or ""

    def amount(self, owners: list[Definition], node: Node) -> int | None:
        """The parameters of a box as a number, where all uses have as many."""
        found: list[Size] = []
        for owner in owners:
            instance = owner.instance(node.module) if node.module is not None else None
            found.append(self.parameters(instance) if instance is not None else 0)
        return found[0] if isinstance(found[0], int) and all(n == found[0] for n in found) else None

    def parameters(self, instance: Instance) -> Size:
        """The parameters of one instance; rounds are multiplied."""
        if instance.copy_of is not None:
            return 0
        if instance.definition is not None:
            return count_parameters(self.model, instance.definition, self.totals)
        total: Size = 0
        for part in instance.rounds:
            total = total + count_parameters(self.model, part.definition, self.totals) * part.count
        if instance.operator is not None:
            for weight in instance.operator.weights(*instance.inputs):
                for entry in parametrized(weight, instance.parametrization):
                    total = total + (numel(entry.shape) if entry.trained else 0)
            if instance.body is not None and isinstance(instance.operator, Combinator):
                total = total + count_parameters(self.model, instance.body, self.totals) * instance.operator.copies
        return total

    def share(self, count: Size) -> float | None:
        """The part of all parameters that a closed block has."""
        total = count_parameters(self.model, self.plan.root, self.totals)
        if isinstance(count, int) and isinstance(total, int) and total and count:
            return count / total
        return None

    def given(self, use: Use) -> list[str]:
        """The arguments that a call gives to its block, by name."""
        return written(self.options.text(use.node.span), parameters(self.model.definitions[use.key]))

    def variants(self, use: Use) -> list[Definition]:
        return [self.model.definitions[k] for k in dict.fromkeys(k for k, _ in use.rounds)]

    def twin_uses(self, scope: Scope, node: Node) -> list[tuple[Use, dict[str, object]]]:
        """The same call in every use of the block that is being drawn, with what its names stand for."""
        found = []
        for variant in scope.variants:
            other = self.same(scope.definition, node, variant)
            if other is not None and other.kind == node.kind:
                found.append((self.plan.use(other), variant.bindings))
        return found

    def called(self, scope: Scope, node: Node, definition: Definition) -> str:
        """The name of a block as it is written where a part is made, for a preset has its base's definition."""
        instance = scope.definition.instance(node.module) if node.module is not None else None
        text = self.options.rest(instance.span) if instance is not None else ""
        found = re.search(r"(?:^|[:>]\s*)([A-Z]\w*)", text)
        name = self.passed(scope, found[1]) if found else ""
        return name if definition.block in self.bases(name) else definition.block

    def bases(self, name: str) -> list[str]:
        """What a preset is based on, itself first: `model ResNet50: ResNet18(depths=[3, 4, 6, 3])`."""
        found = [name]
        texts = [source.text for source in self.options.sources.values()]
        while len(found) < 9:
            line = rf"^(?:model|block) +{found[-1]} *(?:\([^\n]*\))? *: *([A-Z]\w*) *\("
            base = next((m[1] for text in texts if (m := re.search(line, text, re.MULTILINE))), None)
            if base is None:
                break
            found.append(base)
        return found

    def passed(self, scope: Scope, name: str) -> str:
        """The block that a name stands for where it is an argument of the model: `Teacher=ResNet50`."""
        for span in (self.model.span, scope.definition.span):
            head = (self.options.text(span) or "").partition("\n")[0]
            found = re.search(rf"[(,]\s*{name}\s*=\s*([A-Z]\w*)", head)
            if found:
                return found[1]
        return name

    def symbolic(self, scope: Scope, node: Node, use: Use) -> str | None:
        """The arguments of a call by the names of the block that it stands in; None when that is used only once."""
        if len(scope.variants) < 2:
            return None
        uses = self.twin_uses(scope, node)
        parts: list[str] = []
        made = [self.made(self.model.definitions[u.key]) for u, _ in uses]
        for name in self.given(use):
            values = [self.model.definitions[u.key].bindings.get(name) for u, _ in uses]
            if any(v is None or isinstance(v, (bool, float)) for v in values):
                continue
            told = common(values, [b for _, b in uses])
            if told is not None:
                plain = told == name or values == made
                parts.append(f"/{told}" if name == "stride" else told if plain else f"{name} {told}")
        return ", ".join(p for p in parts if p != "/1")

    def made(self, definition: Definition) -> Size | None:
        """The size of the features that a block makes."""
        value = definition.values().get(definition.outputs[0][1]) if definition.outputs else None
        return feature(value.type) if value is not None else None

    def arguments(self, use: Use, before: Type | None, after: Type | None) -> str:
        rounds = [self.model.definitions[k] for k, _ in use.rounds]
        given = self.given(use)
        if isinstance(before, Tensor) and isinstance(after, Tensor) and before.shape and after.shape:
            if before.rank != after.rank or before.dtype != after.dtype:
                before = after = None  # pictures in and classes out: their sizes have nothing in common
        first = feature(before) if before is not None else None
        return block_text(rounds, given, first, feature(after) if after is not None else None)
