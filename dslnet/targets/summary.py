"""A model as a table.

Enters: a checked `Model`. Leaves: plain aligned text, a line for each box: path, box, shape, parameters, FLOPs,
memory of what it makes. Equal rounds are one line with a count, and a definition that was shown is not shown
again, so the table is as long as the text of the model and not as its expansion. Torch is not needed.

FLOPs and memory are numbers, so free dimensions take example sizes, which the last lines name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..graph import Definition, Instance, Model, Node, Round, Value, join
from ..ops.arguments import ModuleArgument
from ..ops.arithmetic import Arithmetic
from ..ops.base import Combinator, Operator, literal
from ..shape import Size, Tensor, numel, shape_text, substitute
from ..weights import count_parameters, instance_weights

_BYTES = {"float": 4, "long": 8, "bool": 1}
_USUAL = {"B": 1, "H": 224, "W": 224, "T": 128, "S": 128, "L": 128}


@dataclass(frozen=True, slots=True)
class Cost:
    """What something computes and makes: FLOPs of one forward pass, bytes of all values."""

    flops: Size = 0
    memory: Size = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.flops + other.flops, self.memory + other.memory)

    def times(self, count: int) -> Cost:
        return Cost(self.flops * count, self.memory * count)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; a heading has no numbers."""

    path: str
    box: str
    shape: str = ""
    parameters: str = ""
    cost: Cost | None = None


def summary(model: Model) -> str:
    """The table, its totals, and the sizes that were assumed."""
    return _Table(model).text()


def example_sizes(model: Model) -> dict[str, int]:
    """A plausible size for each free dimension that agrees with what is known of it."""
    found = {}
    for name, fact in model.free.items():
        size = max(_USUAL.get(name, 16), fact.low)
        if fact.high is not None:
            size = min(size, fact.high)
        size += (fact.remainder - size) % fact.multiple
        if fact.high is not None and size > fact.high:
            size -= fact.multiple
        found[name] = size
    return found


class _Table:
    """The rows of one model; costs of definitions are counted once."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.sizes = example_sizes(model)
        self.costs: dict[str, Cost] = {}
        self.shown: dict[str, str] = {}
        self.counted: set[str] = set()
        self.totals: dict[str, Size] = {}
        self.instances: dict[str, dict[str, Instance]] = {}
        self.values: dict[str, dict[str, Value]] = {}
        self.rows: list[Row] = []

    # ------------------------------------------------------------------------------------------- counting

    def cost(self, key: str) -> Cost:
        """The cost of a definition, counted without recursion deeper than blocks nest."""
        if key not in self.costs:
            definition = self.model.definitions[key]
            total = Cost()
            for node in definition.nodes():
                total = total + self.node_cost(definition, node)
            self.costs[key] = total
        return self.costs[key]

    def node_cost(self, definition: Definition, node: Node) -> Cost:
        if node.kind == "box" and node.operator is not None:
            if node.operator.name == "Identity" and node.role == "latent":
                return Cost()
            own = Cost(self.number(node.operator.flops(*self.types(definition, node))), self.made(node))
            instance = self.instance(definition, node)
            if instance is not None and instance.body is not None and isinstance(node.operator, Combinator):
                with self.expecting(node.operator.expected(*self.types(definition, node))):
                    own = own + self.cost(instance.body).times(node.operator.copies)
            return own
        if node.definition is not None:
            once = self.cost(node.definition)
            if node.kind == "scan":
                return Cost(once.flops * self.length(definition, node), once.memory * self.length(definition, node))
            return once
        total = Cost()
        for part in node.rounds:
            total = total + self.cost(part.definition).times(part.count)
        return total

    @contextmanager
    def expecting(self, sizes: dict[str, Size]) -> Iterator[None]:
        """Count with these sizes, which data decide; a definition may have been counted with others."""
        before = self.sizes, self.costs
        if sizes:
            self.sizes = {**self.sizes, **{name: self.number(size) for name, size in sizes.items()}}
            self.costs = {}
        yield
        self.sizes, self.costs = before

    def instance(self, definition: Definition, node: Node) -> Instance | None:
        """The module that a node uses, where the definition has it."""
        if definition.key not in self.instances:
            self.instances[definition.key] = {i.path: i for i in definition.instances}
        return self.instances[definition.key].get(node.module) if node.module is not None else None

    def types(self, definition: Definition, node: Node) -> list[Any]:
        """The types of what a node is fed."""
        if definition.key not in self.values:
            self.values[definition.key] = definition.values()
        values = self.values[definition.key]
        return [None if name is None else values[name].type for name in node.inputs]

    def length(self, definition: Definition, node: Node) -> int:
        """How many steps a scan takes."""
        first = self.types(definition, node)[0]
        return self.number(first.sizes[1]) if isinstance(first, Tensor) else 1

    def number(self, size: Size) -> int:
        """A size with the example sizes put in."""
        value = substitute(size, self.sizes)
        return value if isinstance(value, int) else 0

    def made(self, node: Node) -> int:
        return sum(self.bytes(t) for v in node.outputs for t in (v.type if isinstance(v.type, tuple) else (v.type,)))

    def bytes(self, type: Tensor) -> int:
        return self.number(numel(type.sizes)) * _BYTES[type.dtype]

    def parameters(self, instance: Instance) -> Size:
        """The parameters of one instance; an averaged copy has none of its own."""
        if instance.copy_of is not None:
            return 0
        if instance.definition is not None:
            return count_parameters(self.model, instance.definition, self.totals)
        total: Size = 0
        for part in instance.rounds:
            total = total + count_parameters(self.model, part.definition, self.totals) * part.count
        if instance.operator is not None:
            for weight in instance_weights(self.model, instance):
                total = total + (numel(weight.shape) if weight.trained else 0)
        return total

    # --------------------------------------------------------------------------------------------- rows

    def body(self, key: str, path: str, times: int = 1) -> None:
        """The rows of a definition, below `path`; `times` says how many equal ones there are."""
        definition = self.model.definitions[key]
        self.shown[key] = path or definition.block
        nodes = list(definition.nodes())
        if times > 1 and len(nodes) > 1:
            self.rows.append(Row(path, f"{times} times:"))
        for node in nodes:
            self.node(definition, node, path, f"{times} x " if times > 1 and len(nodes) == 1 else "")

    def node(self, definition: Definition, node: Node, path: str, prefix: str = "") -> None:
        instance = self.instance(definition, node)
        here = join(path, instance.path) if instance is not None else ""
        parameters = self.owned(definition, node, instance, path)
        shape = _shape(node)
        if node.kind == "box" and node.operator is not None:
            box = prefix + _box(node.operator)
            cost: Cost | None = self.node_cost(definition, node)
            if node.operator.name == "Identity" and node.role == "latent":
                # another name for a wire that is there: `latent z: read.state`
                here, box, cost = join(path, node.name or ""), "latent", None
            self.rows.append(Row(here, box, shape, parameters, cost))
            if instance is not None and instance.body is not None and isinstance(node.operator, Combinator):
                with self.expecting(node.operator.expected(*self.types(definition, node))):
                    self.round(Round(instance.body, node.operator.copies), join(here, node.operator.body_path), 0)
        elif node.definition is not None:
            box = prefix + ("scan " if node.kind == "scan" else "") + self.model.definitions[node.definition].block
            before = self.shown.get(node.definition)
            box += f", as {before}" if before else ""
            self.rows.append(Row(here, box, shape, parameters, self.node_cost(definition, node)))
            if before is None:
                self.body(node.definition, here or path)
        else:
            self.rounds(definition, node, here, shape, parameters, path)

    def rounds(self, definition: Definition, node: Node, here: str, shape: str, parameters: str, path: str) -> None:
        total = sum(part.count for part in node.rounds)
        box = f"{node.kind} x{total}"
        self.rows.append(Row(here, box, shape, parameters, self.node_cost(definition, node)))
        first = 0
        instance = self.instance(definition, node)
        for part in node.rounds:
            self.round(part, here or path, first, instance)
            first += part.count

    def round(self, part: Round, path: str, first: int, instance: Instance | None = None) -> None:
        """The rows of equal rounds, or copies, which are shown once."""
        start = instance.round(first) if instance is not None else str(first)
        last = first + part.count - 1 + (instance.start if instance is not None else 0)
        here = join(path, start if part.count == 1 else f"{start}-{last}")
        before = self.shown.get(part.definition)
        if before is not None:
            self.rows.append(Row(here, f"as {before}"))
            return
        self.body(part.definition, here, part.count)

    def owned(self, definition: Definition, node: Node, instance: Instance | None, path: str) -> str:
        """The parameters that a row adds; a module that was counted before, or comes from outside, is shared."""
        if node.module is None:
            return ""
        if instance is None:
            return "shared"
        key = f"{definition.key}\n{path}\n{instance.path}"
        if key in self.counted:
            return "shared"
        self.counted.add(key)
        return _told(self.parameters(instance))

    # ---------------------------------------------------------------------------------------------- text

    def text(self) -> str:
        model = self.model
        definition = model.definition
        for entry in definition.inputs:
            if isinstance(entry.value.type, Tensor):
                self.rows.append(Row(entry.value.name, entry.kind, str(entry.value.type)))
        for param in definition.params:
            if isinstance(param.value.type, Tensor):
                kind = "param" if param.trained else "buffer"
                count = _told(numel(param.value.type.sizes)) if param.trained else ""
                self.rows.append(Row(param.path, kind, str(param.value.type), count))
        self.body(model.entry, "")
        cost = self.cost(model.entry)
        parameters = count_parameters(model)
        lines = [_title(model), "", *self.aligned(), ""]
        size = f" ({_bytes(parameters * 4)})" if isinstance(parameters, int) else ""
        lines.append(f"parameters  {_told(parameters)}{size}")
        lines.append(f"FLOPs       {_count(self.number(cost.flops))}")
        lines.append(f"memory      {_bytes(self.number(cost.memory))} for all values together")
        if self.sizes:
            lines.append("at          " + ", ".join(f"{name} = {size}" for name, size in self.sizes.items()))
        return "\n".join(line.rstrip() for line in lines) + "\n"

    def aligned(self) -> list[str]:
        cells = [("path", "box", "shape", "parameters", "FLOPs", "memory")]
        for row in self.rows:
            flops = self.number(row.cost.flops) if row.cost else 0
            memory = self.number(row.cost.memory) if row.cost else 0
            parameters = "" if row.parameters == "0" else row.parameters
            cells.append(
                (row.path, row.box, row.shape, parameters, _count(flops) if flops else "",
                 _bytes(memory) if memory else "")
            )  # fmt: skip
        widths = [max(len(row[n]) for row in cells) for n in range(6)]
        lines = [
            "  ".join(c.ljust(w) if n < 3 else c.rjust(w) for n, (c, w) in enumerate(zip(row, widths, strict=True)))
            for row in cells
        ]
        lines.insert(1, "-" * (sum(widths) + 10))
        return lines


def _told(count: Size) -> str:
    """A number of parameters."""
    return f"{count:,}" if isinstance(count, int) else str(count)


def _title(model: Model) -> str:
    arguments = ", ".join(f"{name}={_value(value)}" for name, value in model.arguments.items())
    return model.name + (f"({arguments})" if arguments else "")


def _value(value: Any) -> str:
    return value.path if isinstance(value, ModuleArgument) else literal(value)


def _box(operator: Operator) -> str:
    """A box as a spec writes it, without the input sizes; arithmetic as its sign."""
    if isinstance(operator, Arithmetic):
        left, right = (f"{_value(v)} " if v is not None else "" for v in (operator.left, operator.right))
        return f"{left}{operator.sign} {right}".rstrip()
    parts = []
    first = next(iter(operator.arguments), None)
    for name, value in operator.changed().items():
        if isinstance(value, dict):
            parts += [f"{k}={_value(v)}" for k, v in value.items()]
        elif name == operator.variadic:
            parts += [_value(v) for v in (value if isinstance(value, tuple) else (value,))]
        elif operator.arguments[name].required or name == first:
            parts.append(_value(value))
        else:
            parts.append(f"{name}={_value(value)}")
    text = operator.name + (f"({', '.join(parts)})" if parts else "")
    return text if len(text) <= 48 else text[:45] + "..."


def _shape(node: Node) -> str:
    if not node.outputs:
        return ""
    type = node.outputs[0].type
    if isinstance(type, tuple):
        return f"{len(type)} x {type[0]}" if type else "()"
    return shape_text(type.shape, type.dtype)


def _count(number: int) -> str:
    """A large number in three figures: `3.64 G`."""
    for power, unit in ((15, "P"), (12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if number >= 10**power:
            value = number / 10**power
            return f"{value:.3g} {unit}" if value < 999.5 else f"{value:,.0f} {unit}"
    return str(number)


def _bytes(number: int) -> str:
    for power, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if number >= 1 << power:
            return f"{number / (1 << power):.1f} {unit}"
    return f"{number} B"
