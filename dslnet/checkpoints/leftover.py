"""Tensors of a file that a model has no place for.

Enters: the names that were left when a file's tensors went to the weights of their names, and the model. Leaves: those
of them that the text does not explain. A head that nothing uses is not built, training has weights that outputs do not
need, and a tied weight may be stored twice; a layer more than the model has is another model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..graph import Model, join
from ..weights import definition_weights, parts
from .fitting import Checkpoint
from .mistakes import WeightsMistake

#: So many names are compared with what was used, which takes a look at all numbers.
_COMPARED = 64


def left_over(model: Model, key: str | None, checkpoint: Checkpoint, tensors: dict[str, Any]) -> list[str]:
    """The names in `tensors` that neither the definition `key` has nor its text; without a definition all the rest."""
    # what begins with a slash is the state of a run, beside the weights in its own file
    left = [name for name in checkpoint.left if not name.startswith("/") and not name.endswith("num_batches_tracked")]
    if left and key is not None:
        absent = tuple(path + "." for path in _absent(model, key, ""))
        known = {weight.name for weight in definition_weights(model, model.training)} if key == model.entry else set()
        left = [name for name in left if name not in known and not (name + ".").startswith(absent)]
    if len(left) > _COMPARED:
        return left
    used = list(checkpoint.tensors.values())
    return [name for name in left if not any(_equal(tensors[name], other) for other in used)]


def warning(left: list[str], file: str, model: str) -> WeightsMistake:
    """What is told of tensors that are not used."""
    more = f" and {len(left) - 1} more" if len(left) > 1 else ""
    name = left[0] if len(left[0]) <= 30 else left[0][:29] + "…"
    title = f"`{file}` has `{name}`{more}, which {model} does not have"
    title = title if len(title) <= 80 else f"`{name}`{more} of the file are not used"
    note = "they are not used; a model with other settings has other weights"
    return WeightsMistake("W0441", title, notes=(note,))


def _absent(model: Model, key: str, prefix: str) -> Iterator[str]:
    """The paths of what stands in the text of a definition and is not built."""
    definition = model.definitions[key]
    for path in definition.unused:
        yield join(prefix, path)
    for instance in definition.instances:
        path = join(prefix, instance.path)
        for segment, below in parts(instance):
            yield from _absent(model, below, join(path, segment))


def _equal(a: Any, b: Any) -> bool:
    return a is b or (a.shape == b.shape and a.dtype == b.dtype and bool((a == b).all()))
