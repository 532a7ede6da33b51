"""ONNX from Python.

Enters: a module that a spec made. Leaves: a file that onnxruntime was seen to run as PyTorch runs the module. onnx,
onnxruntime and torch are imported when they are needed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .diagnostics import NetError, Report

if TYPE_CHECKING:
    from torch import nn

    from .graph import Model


def export(
    module: nn.Module,
    path: str | os.PathLike[str],
    *,
    opset: int = 20,
    fold: bool = False,
    verify: bool = True,
    force: bool = False,
) -> float | None:
    """Write a module that was made from a spec, with the weights that it has now, as it computes in evaluation.

    Gives the worst difference between onnxruntime and PyTorch at two sizes of every free dimension, relative to the
    largest number of an output; None without `verify`. `fold` puts batch norms into the convolutions before them,
    `force` replaces a file that dslnet did not write. Raises `NetError` when it cannot be exported, `ImportError`
    when a package is missing, `TypeError` for a module of another origin. Weights in other formats than single
    precision are converted, and the comparison is with the module so converted.
    """
    from .targets.onnx import FORMATS, Unavailable, Weights
    from .targets.onnx import export as write

    module = getattr(module, "_orig_mod", module)  # what `torch.compile` wraps
    model: Model | None = getattr(type(module), "__graph__", None)
    if model is None:
        raise TypeError(f"{type(module).__name__} was not made from a spec by dslnet.load")
    if opset not in FORMATS:
        raise ValueError(f"opset {opset} is none of {min(FORMATS)} to {max(FORMATS)}")
    report = Report()
    try:
        done = write(
            model,
            os.fspath(path),
            Weights(module.state_dict()),
            report,
            module=_single(module) if verify else None,
            opset=opset,
            fold=fold,
            force=force,
        )
    except Unavailable as missing:
        raise ImportError(f"the export needs the package {missing}") from None
    if done is None:
        from .render import render

        raise NetError(report, render(report))
    return done.difference


def _single(module: nn.Module) -> nn.Module:
    """The module, or a copy in single precision where it has weights of another one."""
    if all(str(x.dtype) == "torch.float32" for x in module.state_dict().values() if x.is_floating_point()):
        return module
    from copy import deepcopy

    return deepcopy(module).float()
