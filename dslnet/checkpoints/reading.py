"""A file of weights for a model.

Enters: a model, the path of a file, perhaps that of a table of names. Leaves: its tensors under the model's names, or
a report.
"""

from __future__ import annotations

import os

from ..diagnostics import Report
from ..files import tables_beside
from ..graph import Model
from ..weights import definition_weights
from .fitting import Checkpoint, fitted
from .leftover import left_over, warning
from .mistakes import WeightsMistake
from .safetensors import read_tensors
from .table import read_table


def read_checkpoint(
    model: Model,
    file: str | os.PathLike[str],
    names: str | os.PathLike[str] | None,
    spec: str | None,
    report: Report,
    training: bool = False,
) -> Checkpoint | None:
    """The tensors of `file` for a model: by the table `names`; without one by name, or, where the names are others,
    by one of the tables beside `spec`, the file that has the model.

    With `training` these are all that it is trained with, where the file has that, as a run of its own saves it; else
    all that its outputs need. Averaged copies may be missing: they begin as what they follow.
    """
    file, weights = os.fspath(file), list(definition_weights(model, model.entry))
    own = list(definition_weights(model, model.entry, copies=False)) or weights
    try:
        tensors = read_tensors(file)
        if names is not None:
            table = read_table(os.fspath(names), report)
            given = [] if table is None else [table]
            return fitted(tensors, own, given, file=file, model=model.name, only=True) if given else None
        whole = list(definition_weights(model, model.training)) if training and model.training else weights
        for wanted in (whole, weights, *([own] if len(own) < len(weights) else ())):
            try:
                found = fitted(tensors, wanted, [], file=file, model=model.name)
            except WeightsMistake:
                continue
            left = left_over(model, model.entry, found, tensors)
            if left:
                warning(left, os.path.basename(file), model.name).tell(report, file)
            return found
        before = report.errors
        tables = [read_table(path, report) for path in (tables_beside(spec) if spec else [])]
        if report.errors > before:
            return None
        known = [table for table in tables if table is not None]
        return fitted(tensors, own, known, file=file, model=model.name)
    except WeightsMistake as mistake:
        mistake.tell(report, file)
        return None
