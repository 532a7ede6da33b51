"""What a run begins with: a device, a module, and its weights.

Enters: a checked model with its program, and what the caller wishes. Leaves: a module whose weights follow from a seed,
or from a file.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import torch

from ..build import Program
from ..checkpoints import read_checkpoint
from ..diagnostics import Report
from ..graph import Model
from ..runtime import Origin, instantiate
from ..runtime.filling import copy_tensors

if TYPE_CHECKING:
    from torch import nn


def device_for(wish: str) -> str | None:
    """The name of a device: `auto` is the fastest there is. None where what is asked for is not there."""
    mps = torch.backends.mps.is_available()
    if wish == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if mps else "cpu"
    missing = wish == "cuda" and not torch.cuda.is_available() or wish == "mps" and not mps
    return None if missing else wish


def make_module(
    program: Program, model: Model, settings: dict[str, Any], allow_python: tuple[str, ...], seed: int
) -> nn.Module:
    """The module with the weights that a seed gives."""
    torch.manual_seed(seed)
    folder = os.path.dirname(os.path.abspath(program.entry.spec.source.name))
    sources = program.report.sources
    origin = Origin(program.texts, settings, sources)
    return instantiate(model, allow_python=allow_python, folder=folder, sources=sources, origin=origin)


def fill(module: nn.Module, program: Program, model: Model, weights: str, names: str | None, report: Report) -> bool:
    """Begin at the weights of a file: all that the model trains with where the file has that, as a checkpoint of its
    own has, else all that its outputs are computed with. False after a report."""
    spec = program.path(model.definition.span.file)
    checkpoint = read_checkpoint(model, weights, names, spec, report, training=True)
    if checkpoint is not None:
        copy_tensors(module, checkpoint.tensors)
    return checkpoint is not None
