"""The state_dict of a model, read off its graph.

Enters: a `Model`. Leaves: names and shapes of its entries in torch's order, and the count of its parameters. Counts
of rounds are multiplied, never walked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from .graph import Instance, Model, Param, join
from .ops.base import Combinator, Weight
from .shape import Size, Tensor, numel

T = TypeVar("T")


def parametrized(weight: Weight, parametrization: str | None) -> Iterator[Weight]:
    """The entries that a weight has under `torch.nn.utils.parametrizations`."""
    if parametrization is None or weight.name != "weight":
        yield weight
        return
    stem, shape = "parametrizations.weight", weight.shape
    if parametrization == "weight_norm":
        yield Weight(f"{stem}.original0", (shape[0], *(1 for _ in shape[1:])))
        yield Weight(f"{stem}.original1", shape)
        return
    yield Weight(f"{stem}.original", shape)
    if len(shape) > 1:
        rows = weight.rows
        yield Weight(f"{stem}.0._u", (shape[rows],), trained=False)
        yield Weight(f"{stem}.0._v", (numel((*shape[:rows], *shape[rows + 1 :])),), trained=False)


def started(instance: Instance) -> list[str]:
    """The weights that `init=` of a box sets; its biases keep torch's start."""
    assert instance.operator is not None
    return [
        w.name
        for w in instance.operator.weights(*instance.inputs)
        if w.trained and w.name.rpartition(".")[2].startswith("weight")
    ]


def parts(instance: Instance) -> Iterator[tuple[str, str]]:
    """The definitions below an instance, of every round and copy, each after what it adds to the path."""
    if instance.definition is not None:
        yield "", instance.definition
    if instance.body is not None and isinstance(instance.operator, Combinator):
        for number in range(instance.operator.copies):
            yield join(instance.operator.body_path, str(number)), instance.body
    index = 0
    for part in instance.rounds:
        for _ in range(part.count):
            yield instance.round(index), part.definition
            index += 1


def instance_weights(model: Model, instance: Instance, copies: bool = True) -> Iterator[Weight]:
    """The state_dict below one instance, names relative to it. That of an averaged copy is like that of what it
    follows; without `copies` it is left out."""
    if instance.copy_of is not None and not copies:
        return
    if instance.operator is not None:
        weights = instance.operator.weights(*instance.inputs)
        entries = [entry for weight in weights for entry in parametrized(weight, instance.parametrization)]
        # a parametrized weight moves below a child module, whose entries come after the module's own
        yield from sorted(entries, key=lambda entry: "." in entry.name)
    for path, key in parts(instance):
        for weight in definition_weights(model, key, copies):
            yield Weight(join(path, weight.name), weight.shape, weight.trained, weight.dtype) if path else weight


def definition_weights(model: Model, key: str, copies: bool = True) -> Iterator[Weight]:
    """The state_dict of a definition, in torch's order: its own parameters, then its modules; averaged copies only with
    `copies`."""
    definition = model.definitions[key]
    params = [(param.path, param) for param in definition.params]
    yield from _level(model, params, [(instance.path, instance) for instance in definition.instances], "", copies)


def _level(
    model: Model, params: list[tuple[str, Param]], instances: list[tuple[str, Instance]], prefix: str, copies: bool
) -> Iterator[Weight]:
    """The entries below a path: what a named group holds stands together, where its first module does. A repeat among
    the steps of a group has the group's own path."""
    groups = {path.partition(".")[0] for path, _ in instances if "." in path}
    params_below = _below(params, groups)
    instances_below = _below(instances, groups)
    for path, param in params:
        if "." not in path or path.partition(".")[0] not in groups:
            assert isinstance(param.value.type, Tensor)
            yield Weight(join(prefix, path), param.value.type.sizes, param.trained)
    for path, instance in instances:
        group = path.partition(".")[0]
        if group not in groups:
            for weight in instance_weights(model, instance, copies):
                yield Weight(join(prefix, path, weight.name), weight.shape, weight.trained, weight.dtype)
        elif group in instances_below:
            inside = instances_below.pop(group)
            yield from _level(model, params_below.get(group, []), inside, join(prefix, group), copies)


def _below(entries: list[tuple[str, T]], groups: set[str]) -> dict[str, list[tuple[str, T]]]:
    """What stands in each group, with the path that it has there."""
    found: dict[str, list[tuple[str, T]]] = {}
    for path, entry in entries:
        group, _, rest = path.partition(".")
        if group in groups:
            found.setdefault(group, []).append((rest, entry))
    return found


def count_parameters(model: Model, key: str | None = None, counted: dict[str, Size] | None = None) -> Size:
    """The number of trained-or-frozen parameters below a definition; each shared one counts once, buffers not.

    Counts of rounds are multiplied, never walked. Who asks often of one model keeps what was `counted`, by definition.
    """
    known: dict[str, Size] = {} if counted is None else counted

    def definition_count(key: str) -> Size:
        if key not in known:
            definition = model.definitions[key]
            total: Size = 0
            for param in definition.params:
                if param.trained:
                    assert isinstance(param.value.type, Tensor)
                    total = total + numel(param.value.type.sizes)
            for instance in definition.instances:
                total = total + instance_count(instance)
            known[key] = total
        return known[key]

    def instance_count(instance: Instance) -> Size:
        if instance.copy_of is not None:
            return 0
        if instance.operator is not None:
            own: Size = 0
            for weight in instance.operator.weights(*instance.inputs):
                for entry in parametrized(weight, instance.parametrization):
                    own = own + (numel(entry.shape) if entry.trained else 0)
            if instance.body is not None and isinstance(instance.operator, Combinator):
                own = own + definition_count(instance.body) * instance.operator.copies
            return own
        if instance.definition is not None:
            return definition_count(instance.definition)
        total: Size = 0
        for part in instance.rounds:
            total = total + definition_count(part.definition) * part.count
        return total

    return definition_count(model.entry if key is None else key)
