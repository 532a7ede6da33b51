"""A checked model as a `torch.nn.Module`.

Enters: a `Model`. Leaves: the module that its emitted source makes, with the weights that the spec names and without
gradients where it freezes. Weight files are opened here and nowhere else, and only as safetensors.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..checkpoints import WeightsMistake, read_tensors
from ..graph import Instance, Model, join
from ..node import field, record, replace
from ..source import Source
from ..targets.python import emit
from ..targets.python.literals import InternalError
from .modules import module_from

if TYPE_CHECKING:
    from torch import nn


@record
class Origin:
    """What a module was made from, so that a checkpoint can hold it: the texts of the spec by path, the entry first,
    and the settings of the model. `sources` are all texts that diagnostics may point into."""

    texts: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)


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
    whole = model if inference or not model.training else replace(model, entry=model.training)
    _refuse_python(whole, tuple(allow_python))
    if text is None:
        text = emit(model, sources, inference)
    module = module_from(text, model.name)
    cls = getattr(module, class_name(text, model.name))
    cls.__graph__ = model  # for those who export what was made
    made: nn.Module = cls()
    object.__setattr__(made, "__origin__", origin or Origin(sources=sources or {}))  # not a part of the module
    if pretrained:
        _load_weights(whole, made, Path(folder) if folder is not None else None)
    return made


def class_name(text: str, name: str) -> str:
    """The class of the model in its emitted source: the last one."""
    import re

    names: list[str] = re.findall(r"^class (\w+)\(", text, re.MULTILINE)
    if not names:
        raise InternalError(f"the source of {name} has no class")
    return names[-1]


def _refuse_python(model: Model, allowed: tuple[str, ...]) -> None:
    """Python boxes come only from packages that the caller names."""
    for _, instance in instances(model):
        operator = instance.operator
        origin = getattr(operator, "module", None) if operator is not None and operator.kind == "python" else None
        if isinstance(origin, str) and not any(origin == a or origin.startswith(a + ".") for a in allowed):
            package = origin.partition(".")[0]
            raise PythonRefused(f'{origin} is Python of yours; allow it with allow_python=["{package}"]')


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


# ------------------------------------------------------------------------------------------------ weights


def _weighted(model: Model) -> Iterator[tuple[str, str, str]]:
    """The paths of instances that have a weights file, every copy of them: (path, file, spec that names it)."""

    def holds(key: str) -> bool:
        definition = model.definitions[key]
        return any(i.weights_file or any(map(holds, _children(i))) for i in definition.instances)

    def below(key: str, prefix: str) -> Iterator[tuple[str, str, str]]:
        for instance in model.definitions[key].instances:
            path = join(prefix, instance.path)
            if instance.weights_file:
                yield path, instance.weights_file, instance.span.file
            if instance.definition is not None and holds(instance.definition):
                yield from below(instance.definition, path)
            number = 0
            for part in instance.rounds:
                for _ in range(part.count):
                    if holds(part.definition):
                        yield from below(part.definition, join(path, str(number)))
                    number += 1

    if holds(model.entry):
        yield from below(model.entry, "")


def _children(instance: Instance) -> list[str]:
    found = [c for c in (instance.definition, instance.body) if c is not None]
    return found + [r.definition for r in instance.rounds]


def _load_weights(model: Model, made: nn.Module, folder: Path | None) -> None:
    tables: dict[Path, dict[str, Any]] = {}
    for path, name, spec in _weighted(model):
        file = weights_path(name, folder or Path(spec).parent)
        if file not in tables:
            tables[file] = read_tensors(str(file))
        apply_weights(made, path, tables[file], name)


def weights_path(name: str, folder: Path) -> Path:
    """Where a `weights=` file is. It is named relative to the spec and stays in its folder.

    Raises `WeightsMistake`.
    """
    parts = name.split("/")
    legal = all(p and p not in (".", "..") and set(p) <= _LETTERS and p[-1] not in ". " for p in parts)
    if not legal:
        raise WeightsMistake("E0804", f"`{name}` is not a path below the spec's folder")
    if not name.endswith(".safetensors"):
        raise WeightsMistake("E0817", f"`{name}` is not a .safetensors file")
    path = folder.joinpath(*parts)
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise WeightsMistake("E0803", f"`{name}` leads out of the spec's folder")
    if not path.is_file():
        raise WeightsMistake("E0801", f"there is no file `{name}` beside the spec")
    return path


_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")


def apply_weights(made: nn.Module, path: str, table: Mapping[str, Any], name: str) -> None:
    """Copy tensors into the module at `path`. Keys of the file that the module has not are left alone, for what is
    pruned is not in it; keys of the module that the file has not are an error."""
    target = made.get_submodule(path)
    own = target.state_dict()
    chosen = {key: value for key, value in table.items() if key in own}
    missing = sorted(k for k in set(own) - set(chosen) if not k.endswith("num_batches_tracked"))
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise WeightsMistake("E0823", f"`{name}` has no `{missing[0]}`{more}, which `{path}` needs")
    for key, value in chosen.items():
        if list(own[key].shape) != list(value.shape):
            raise WeightsMistake(
                "E0823", f"`{key}` is {list(value.shape)} in `{name}`, but {list(own[key].shape)} in `{path}`"
            )
    copy_tensors(target, chosen)


def copy_tensors(module: nn.Module, tensors: Mapping[str, Any]) -> None:
    """Copy numpy arrays into the entries of a module's state_dict, one after another, so that no second model is in
    memory. Names and shapes are the module's."""
    import torch

    own = module.state_dict()
    with torch.no_grad():
        for name, value in tensors.items():
            own[name].copy_(torch.from_numpy(value.copy()))
