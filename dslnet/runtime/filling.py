"""Weights from files in the parts of a module.

Enters: a module, and arrays by name or the `weights=` of boxes. Leaves: the module with these numbers in it. The files
that a spec names lie beside it, and are safetensors.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import files, resources
from ..checkpoints import Table, WeightsMistake, fitted, left_over, read_table, read_tensors, warning
from ..diagnostics import Report
from ..graph import Instance, Model, join
from ..ops.base import Weight
from ..targets.python.planning import Planner
from ..weights import parts

if TYPE_CHECKING:
    from torch import nn


def copy_tensors(module: nn.Module, tensors: Mapping[str, Any]) -> None:
    """Copy numpy arrays into the entries of a module's state_dict, one after another, so that no second model is in
    memory. Names and shapes are the module's."""
    import torch

    own = module.state_dict()
    with torch.no_grad():
        for name, value in tensors.items():
            own[name].copy_(torch.from_numpy(value.copy()))
    graph: Model | None = getattr(type(module), "__graph__", None)
    if graph is not None:
        begin_averages(graph, module, tensors)


def begin_averages(model: Model, module: nn.Module, given: Iterable[str] = ()) -> None:
    """Averaged copies of which no weights are `given` begin as what they follow, which was filled."""
    modules = dict(module.named_modules())
    for copy in Planner(model).copies:
        own = [name for name in given if name.startswith(f"{copy.path}.")]
        if not own and copy.path in modules and copy.source in modules:
            modules[copy.path].load_state_dict(modules[copy.source].state_dict())


def fill_boxes(model: Model, made: nn.Module, folder: Path | None) -> None:
    """Fill every box that has `weights=`. Files are looked for beside the spec, or in `folder`. Raises
    `WeightsMistake`, at the box."""
    read: dict[Path, dict[str, Any]] = {}
    for path, instance in _weighted(model):
        name = instance.weights_file or ""
        try:
            file = weights_path(name, folder or Path(instance.span.file).parent)
            if file not in read:
                read[file] = read_tensors(str(file))
            target = made.get_submodule(path)
            wanted = [Weight(key, tuple(value.shape)) for key, value in target.state_dict().items()]
            tables = _tables(model, instance)
            found = fitted(read[file], wanted, tables, file=name, model=f"`{path}`", partly=True)
        except WeightsMistake as mistake:
            mistake.span, mistake.label = instance.span, "filled here"
            raise
        copy_tensors(target, found.tensors)
        left = left_over(model, instance.definition, found, read[file])
        if left:
            told = warning(left, name, f"`{path}`")
            warnings.warn(f"{told.code}: {told.title}", stacklevel=4)
    if read:
        begin_averages(model, made)


def _tables(model: Model, instance: Instance) -> list[Table]:
    """The tables of names beside the file that has the block of a box. One that cannot be read is not used here."""
    if instance.definition is None:
        return []
    file = model.definitions[instance.definition].span.file
    spec = Path(file)
    if not spec.is_file() and file.startswith("specs/"):
        spec = resources.specs() / file.removeprefix("specs/")
    tables = (read_table(path, Report()) for path in files.tables_beside(spec))
    return [table for table in tables if table is not None]


def _weighted(model: Model) -> Iterator[tuple[str, Instance]]:
    """The instances that have a weights file with their paths, every copy of them."""

    known: dict[str, bool] = {}

    def holds(key: str) -> bool:
        if key not in known:
            instances = model.definitions[key].instances
            known[key] = any(i.weights_file or any(map(holds, _children(i))) for i in instances)
        return known[key]

    def below(key: str, prefix: str) -> Iterator[tuple[str, Instance]]:
        for instance in model.definitions[key].instances:
            path = join(prefix, instance.path)
            if instance.weights_file:
                yield path, instance
            for segment, inner in parts(instance):
                if holds(inner):
                    yield from below(inner, join(path, segment))

    if holds(model.entry):
        yield from below(model.entry, "")


def _children(instance: Instance) -> list[str]:
    found = [c for c in (instance.definition, instance.body) if c is not None]
    return found + [r.definition for r in instance.rounds]


def weights_path(name: str, folder: Path) -> Path:
    """Where a `weights=` file is. It is named relative to the spec and stays in its folder.

    Raises `WeightsMistake`.
    """
    refusal = files.weights_path(name)
    if refusal is not None:
        raise WeightsMistake(refusal.code, refusal.title, notes=refusal.notes, helps=refusal.helps)
    if not name.endswith(".safetensors"):
        raise WeightsMistake("E0817", f"`{name}` is not a .safetensors file")
    path = folder / name
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise WeightsMistake("E0803", f"`{name}` leads out of the spec's folder")
    if not path.is_file():
        raise WeightsMistake("E0801", f"there is no file `{name}` beside the spec")
    return path
