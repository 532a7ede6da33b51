"""Exported programs of PyTorch from Python.

Enters: a module that a spec made. Leaves: a file that `torch.export.load` reads where there is no dslnet, or the means
to call `torch.export` oneself. torch is imported when it is needed.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from copy import deepcopy
from typing import TYPE_CHECKING

from .diagnostics import NetError, Report

if TYPE_CHECKING:
    from torch import nn

    from .graph import Model


def export(
    module: nn.Module, path: str | os.PathLike[str], *, verify: bool = True, force: bool = False
) -> float | None:
    """Write a module that was made from a spec, with the weights that it has now, as it computes in evaluation.

    Every free dimension of the spec is free in the program. Gives the worst difference between the program and the
    module at two sizes of each, relative to the largest number of an output; None without `verify`. `force` replaces a
    file that dslnet did not write. What only training needs is left out, and weights in other formats than single
    precision are converted. Raises `NetError` when it cannot be exported, `TypeError` for a module of another origin,
    `ValueError` for one that has lost weights of its spec.
    """
    from .targets.program import export as write
    from .targets.program import in_inference

    module = getattr(module, "_orig_mod", module)  # what `torch.compile` wraps
    model: Model | None = getattr(type(module), "__graph__", None)
    if model is None:
        raise TypeError(f"{type(module).__name__} was not made from a spec by dslnet.load")
    origin = getattr(module, "__origin__", None)
    report = Report(sources=dict(origin.sources) if origin is not None else {})
    original = deepcopy(module).cpu().float().eval() if verify else None
    made = in_inference(model, module)
    done = write(model, made, os.fspath(path), report, verify=verify, force=force, original=original)
    if done is None:
        from .render import render

        raise NetError(report, render(report))
    return done.difference


def free_loops(module: nn.Module) -> AbstractContextManager[None]:
    """Meanwhile, `torch.export.export` leaves the number of steps of recurrences open, for a call of one's own:

        with free_loops(model):
            program = torch.export.export(model, (x,), dynamic_shapes={"x": {0: Dim.AUTO, 1: Dim.AUTO}})

    Without it, torch writes out the steps of the example. `RNN`, `GRU` and `LSTM` become one node each, in any module;
    a `scan` becomes `torch.ops.higher_order.scan`, in a module that a spec made. Where there is one, nothing records
    gradients meanwhile; the program has them all the same. No other thread is to use the module meanwhile.
    """
    from .targets.program import free_loops

    return free_loops(module)
