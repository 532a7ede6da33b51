"""`dslnet compile` into files with weights: ONNX and exported programs.

Enters: a checked graph with the options of `compile`. Leaves: a file that was seen to compute what the module
computes. torch, onnx and onnxruntime are imported when they are needed.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .diagnostics import Report
from .settings import Misuse
from .terminal import Session, progress, put, show

if TYPE_CHECKING:
    from .graph import Model
    from .targets.onnx import Weights


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
    """`dslnet compile -o x.onnx` or `x.pt2`. `spec` is the file that has the model; tables of names lie beside it."""
    from .targets.onnx import FORMATS, Unavailable

    if opset is not None and opset not in FORMATS:
        raise Misuse(f"`--opset {opset}` is none of {min(FORMATS)} to {max(FORMATS)}")
    report = Report(sources=session.report.sources)
    files = [*inputs, *(file for file in (weights, names) if file is not None)]
    checkpoint = None
    job = Job(model, output, report, verify, tuple(allow_python), force, files)
    done: Done = None
    try:
        with progress(f"writing {output}"):
            if weights is not None:
                from .checkpoints import read_checkpoint

                checkpoint = read_checkpoint(model, weights, names, spec, report)
            if weights is None or checkpoint is not None:
                tensors = None if checkpoint is None else checkpoint.tensors
                is_program = output.endswith(".pt2")
                done = _program(job, tensors) if is_program else _onnx(job, tensors, opset or min(FORMATS), fold)
    except Unavailable as missing:
        can_do_without = verify and output.endswith(".onnx") and str(missing) != "onnx"
        other = "; `--no-verify` does without onnxruntime and torch" if can_do_without else ""
        raise Misuse(f"this needs the package {missing}: `pip install {missing}`{other}") from None
    show(report, format, sys.stderr)
    if done is None:
        return 1
    origin = "new weights" if weights is None else f"weights of {weights}"
    if checkpoint is not None and checkpoint.table is not None:
        origin += f" by {checkpoint.table}"
    what, difference = done
    compared = "not compared" if difference is None else f"differs by {difference:.1e} at most"
    put(f"{output}: {what.format(origin=origin, compared=compared)}\n", sys.stderr)
    return 0


@dataclass(frozen=True, slots=True)
class Job:
    """What is written where, and from what."""

    model: Model
    output: str
    report: Report
    verify: bool
    allowed: tuple[str, ...]
    force: bool
    inputs: list[Any]


#: What is said of what was written, and the worst difference; None where nothing was written.
Done = tuple[str, float | None] | None


def _onnx(job: Job, tensors: dict[str, Any] | None, opset: int, fold: bool) -> Done:
    from .targets.onnx import Weights, export

    weights = None if tensors is None else Weights(tensors)
    module = None
    if job.verify or weights is None:
        module = _module(job, weights)
        if module is None:
            return None
        weights = weights or Weights(module.state_dict())
    assert weights is not None
    done = export(
        job.model,
        job.output,
        weights,
        job.report,
        module=module if job.verify else None,
        sources=job.report.sources,
        opset=opset,
        fold=fold,
        force=job.force,
        inputs=job.inputs,
    )
    if done is None:
        return None
    runtime = "onnxruntime " if job.verify else ""
    return f"{done.nodes} nodes, {{origin}}, {runtime}{{compared}}", done.difference


def _program(job: Job, tensors: dict[str, Any] | None) -> Done:
    from .targets.onnx import Weights
    from .targets.program import export

    module = _module(job, None if tensors is None else Weights(tensors))
    if module is None:
        return None
    done = export(job.model, module, job.output, job.report, verify=job.verify, force=job.force, inputs=job.inputs)
    return None if done is None else ("{origin}, the program {compared}", done.difference)


def _module(job: Job, weights: Weights | None) -> Any:
    """The model in PyTorch; None where a file that the spec names does not fit, which is reported."""
    from .checkpoints import WeightsMistake
    from .targets.onnx import module_with

    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            made = module_with(job.model, weights, job.allowed)
    except WeightsMistake as mistake:
        mistake.tell(job.report, job.output)
        return None
    for text in dict.fromkeys(str(warning.message) for warning in told):
        put(f"dslnet: {text}\n", sys.stderr)
    return made
