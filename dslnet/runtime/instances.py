"""A checked model as a `torch.nn.Module`.

Enters: a `Model`. Leaves: the module that its emitted source makes, with the weights that the spec names and without
gradients where it freezes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..graph import Instance, Model, join
from ..node import replace
from ..source import Source
from ..targets.python import emit
from .filling import fill_boxes
from .making import Origin, made_by

if TYPE_CHECKING:
    from torch import nn


class PythonRefused(PermissionError):
    """A Python box from a package that the caller has not allowed."""

    code = "E0818"


def instantiate(
    model: Model,
    *,
    allow_python: Iterable[str] = (),
    folder: str | os.PathLike[str] | None = None,
    sources: Mapping[str, Source] | None = None,
    text: str | None = None,
    origin: Origin | None = None,
    pretrained: bool = True,
    inference: bool = False,
) -> nn.Module:
    """Emit the model's source, import it and make the module. `text` is that source, where it is known already.

    `allow_python` are the packages that Python boxes may come from. Weight files are looked for beside the spec, or
    in `folder`; without `pretrained` they are not read. `sources` are the files that the model was built from, by
    name; `origin` is kept as `__origin__`. With `inference`, what only training needs is left out. Raises
    `WeightsMistake` for a file that is missing or fits nothing.
    """
    whole = _whole(model, inference)
    _refuse_python(whole, tuple(allow_python))
    if text is None:
        text = emit(model, sources, inference)
    made = made_by(text, model.name, lambda: model, origin or Origin(sources=sources or {}))
    if pretrained:
        fill_boxes(whole, made, Path(folder) if folder is not None else None)
    return made


def only_text(model: Model, inference: bool) -> bool:
    """Whether a module of a model is made from its source alone: it has no Python boxes, and no weights of files."""
    whole = _whole(model, inference)
    return not any(instance.weights_file or _python(instance) for _, instance in instances(whole))


def _whole(model: Model, inference: bool) -> Model:
    """A model with its training, where it has one."""
    return model if inference or not model.training else replace(model, entry=model.training)


def _refuse_python(model: Model, allowed: tuple[str, ...]) -> None:
    """Python boxes come only from packages that the caller names."""
    for _, instance in instances(model):
        origin = _python(instance)
        if origin and not any(origin == a or origin.startswith(a + ".") for a in allowed):
            package = origin.partition(".")[0]
            raise PythonRefused(f'{origin} is Python of yours; allow it with allow_python=["{package}"]')


def _python(instance: Instance) -> str:
    """The Python module that a box comes from, if it is none of dslnet's."""
    operator = instance.operator
    origin = getattr(operator, "module", None) if operator is not None and operator.kind == "python" else None
    return origin if isinstance(origin, str) else ""


def instances(model: Model) -> Iterator[tuple[str, Instance]]:
    """Every instance with its full path; of equal rounds, and of equal definitions below them, the first only."""
    seen: set[str] = set()

    def below(key: str, prefix: str) -> Iterator[tuple[str, Instance]]:
        for instance in model.definitions[key].instances:
            path = join(prefix, instance.path)
            yield path, instance
            children = [c for c in (instance.definition, instance.body) if c is not None]
            children += [r.definition for r in instance.rounds]
            for child in children:
                if child not in seen:
                    seen.add(child)
                    yield from below(child, path)

    yield from below(model.entry, "")
