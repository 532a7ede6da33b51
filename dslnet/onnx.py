"""ONNX from Python and from the command line.

Enters: a module that a spec made, or a checked graph with the options of `compile`. Leaves: a file that onnxruntime
was seen to run as PyTorch runs the module. onnx, onnxruntime and torch are imported when they are needed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .diagnostics import NetError, Report
from .settings import Misuse
from .terminal import Session, progress, put, show

if TYPE_CHECKING:
    from torch import nn

    from .graph import Model
    from .targets.onnx import Exported


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
    when a package is missing, `TypeError` for a module of another origin.
    """
    from .targets.onnx import FORMATS, Unavailable, Weights
    from .targets.onnx import export as write

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
            module=module if verify else None,
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


def command(
    session: Session,
    model: Model,
    output: str,
    inputs: list[Any],
    force: bool,
    allow_python: Iterable[str],
    format: str,
    weights: str | None = None,
    names: str | None = None,
    spec: str | None = None,
    opset: int | None = None,
    fold: bool = False,
    verify: bool = True,
) -> int:
    """`dslnet compile -o x.onnx`. `spec` is the file that has the model; tables of names lie beside it."""
    from .targets.onnx import FORMATS, Unavailable

    if opset is not None and opset not in FORMATS:
        raise Misuse(f"`--opset {opset}` is none of {min(FORMATS)} to {max(FORMATS)}")
    report = Report(sources=session.report.sources)
    files = [*inputs, *(file for file in (weights, names) if file is not None)]
    checkpoint = None
    options = {"opset": opset or min(FORMATS), "fold": fold, "force": force, "inputs": files}
    done = None
    try:
        with progress(f"writing {output}"):
            if weights is not None:
                from .checkpoints import read_checkpoint

                checkpoint = read_checkpoint(model, weights, names, spec, report)
            if weights is None or checkpoint is not None:
                tensors = None if checkpoint is None else checkpoint.tensors
                done = _written(model, output, report, tensors, verify, tuple(allow_python), options)
    except Unavailable as missing:
        need = "" if str(missing) == "onnx" or not verify else "; `--no-verify` does without onnxruntime and torch"
        raise Misuse(f"this needs the package {missing}: `pip install {missing}`{need}") from None
    show(report, format, sys.stderr)
    if done is None:
        return 1
    compared = "not compared" if done.difference is None else f"onnxruntime differs by {done.difference:.1e} at most"
    origin = "new weights" if weights is None else f"weights of {weights}"
    if checkpoint is not None and checkpoint.table is not None:
        origin += f" by {checkpoint.table}"
    put(f"{output}: {done.nodes} nodes, {origin}, {compared}\n", sys.stderr)
    return 0


def _written(
    model: Model,
    output: str,
    report: Report,
    tensors: dict[str, Any] | None,
    verify: bool,
    allowed: tuple[str, ...],
    options: dict[str, Any],
) -> Exported | None:
    from .checkpoints import WeightsMistake
    from .targets.onnx import Weights, export, module_with

    weights = None if tensors is None else Weights(tensors)
    module = None
    if verify or weights is None:
        try:
            module = module_with(model, weights, allowed)
        except WeightsMistake as mistake:
            mistake.tell(report, output)
            return None
        weights = weights or Weights(module.state_dict())
    assert weights is not None
    return export(model, output, weights, report, module=module if verify else None, sources=report.sources, **options)
