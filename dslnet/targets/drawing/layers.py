"""One box of the graph as a row of a card, or as the sign of a circle.

Enters: a node with its operator, in the definition that is being walked. Leaves: a `Box` with one row, which may be
fused with others; nothing is drawn yet.
"""

from __future__ import annotations

import re

from ...graph import Node, Param
from ...ops import internal
from ...ops.arguments import ModuleArgument
from ...ops.arithmetic import Arithmetic
from ...ops.base import Operator, literal
from ...shape import Tensor, numel
from .formula import DRAWN, number
from .scope import Scope
from .style import ROLE_OF_KIND
from .uses import Uses
from .view import Box, Row
from .wording import common, count_text, operator_text, shape_text

#: What is said of a box of the user's own Python.
PYTHON = "Python · ? parameters"
#: Joins without weights, and what stands in their circle.
CIRCLES = {"Add": "+", "Mul": "×", "MatMul": "@", "Concat": "∥", "Stack": "∥"}
#: Kinds whose layers are full rows; the others are thin.
HEAVY = ("conv", "linear", "attn", "recur", "embed", "cond", "loss")


class Layers(Uses):
    """The texts and colours of single boxes."""

    def sign(self, operator: Operator) -> str:
        if isinstance(operator, Arithmetic):
            return DRAWN.get(operator.sign, operator.sign)
        return CIRCLES[operator.name]

    def param(self, scope: Scope, parameter: Param) -> str:
        """The shape of a free parameter, and how many numbers that is."""
        own = [(p.value.type, d.bindings) for d in scope.variants for p in d.params if p.path == parameter.path]
        types, bindings = [t for t, _ in own], [b for _, b in own]
        alone = self.told(scope, parameter.value.name, parameter.value.type) if len(scope.variants) == 1 else ""
        shape = alone or shape_text(types, bindings) or ""
        counts = [numel(t.sizes) for t in types if isinstance(t, Tensor)]
        if not parameter.trained or len(counts) < len(types) or not counts:
            return shape
        count = count_text(counts[0]) if all(c == counts[0] for c in counts) else common(counts, bindings) or ""
        return shape if count in (shape, "1") else " · ".join(part for part in (shape, count) if part)

    def kinds(self, scope: Scope, node: Node) -> list[str]:
        """What stands at this place in all uses of the block."""
        every = [self.same(scope.definition, node, variant) for variant in scope.variants]
        return list(dict.fromkeys(n.operator.name for n in every if n is not None and n.operator is not None))

    def python(self, node: Node, operator: internal.PythonBox, identity: str) -> Box:
        """A box of the user's own Python, which nobody opens and whose parameters nobody knows."""
        named: dict[str, object] = operator.sizes or {}
        told = [*map(literal, operator.positional), *(f"{name} {literal(value)}" for name, value in named.items())]
        box = Box(identity, "fold", node.name or operator.cls, span=node.span, tip=f"{operator.module}.{operator.cls}")
        own = operator.cls if node.name else ""
        box.notes = [part for part in (" ".join([own, ", ".join(told)]).strip(), PYTHON) if part]
        return box

    def layer(self, scope: Scope, node: Node, operator: Operator, identity: str) -> Box:
        """A box with one row, which may be fused."""
        if isinstance(operator, internal.PythonBox):
            return self.python(node, operator, identity)
        role = ROLE_OF_KIND.get(operator.kind, "pool")
        operators, bindings, owners = self.twins(scope, node)
        first = scope.env.get(node.inputs[0]) if node.inputs and node.inputs[0] is not None else None
        written = self.options.text(node.span)
        varying = [n for n in self.varying(scope, owners) if written is None or re.search(rf"\b{n}\b", written)]
        text = operator_text(operators, first.type if first else None, bindings, varying)
        if isinstance(operator, Arithmetic):
            left, right = operator.left, operator.right
            sign = DRAWN.get(operator.sign, operator.sign)
            name, text = (f"{number(left)} {sign}", "") if left is not None else (f"{sign} {number(right)}", "")
            if operator.sign == "**" and right == 2:
                name = "square"
        else:
            name = operator.name
        if operator.name == "Scale":
            name, text = f"× {number(operator.k)}", ""  # type: ignore[attr-defined]
        if "size" in operator.arguments and len(operators) > 1:
            shape = self.shape(scope, node.outputs[0].name).split("×")
            text = "×".join(shape[2:])  # of an image of this size, in the names of the block
        kinds = self.kinds(scope, node)
        if len(kinds) > 1:  # a box that is an argument
            name, text = " or ".join(kinds[:3]) + (" …" if len(kinds) > 3 else ""), ""
        count = self.counted(scope, owners, node, operators, bindings)
        row = Row(name, text, count, role, role not in HEAVY or not operator.weighted)
        row.amount, row.closes = self.amount(owners, node), operator.kind == "pool"
        box = Box(identity, "card", name, [], [row], role, fusable=True, span=node.span, tip=name)
        instance = scope.definition.instance(node.module) if node.module is not None else None
        path = next((a.path for a in operator.values().values() if isinstance(a, ModuleArgument)), node.module or "")
        box.share = scope.tag(path)
        if path and path != node.module:
            row.arguments, row.role, row.thin = "", ROLE_OF_KIND.get(operator.kind, "pool"), False
        box.frozen = bool(instance is not None and instance.frozen)
        box.made = node.outputs[0].name
        outputs = {value for _, value in scope.definition.outputs}
        box.group = scope.title if not any(v.name in outputs for v in node.outputs) else ""
        if node.name and node.outputs[0].name not in outputs and not node.name.isdigit():
            box.title = node.name
        return box
