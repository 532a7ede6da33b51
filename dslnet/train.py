"""`dslnet train`.

Enters: the options of the command. Leaves: the folder of a run, and an exit code: 0 trained, 1 a mistake in the spec or
the data or a loss that is no number any more, 130 or 143 stopped by a signal after a checkpoint.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .diagnostics import NetError, Report
from .settings import Misuse, limits
from .source import NOWHERE
from .terminal import Session, progress, put, show

if TYPE_CHECKING:
    from .build import Program
    from .graph import Model


def train(
    session: Session,
    program: Program,
    model: Model,
    settings: dict[str, Any],
    *,
    limit: tuple[str, ...],
    format: str,
    **options: Any,
) -> int:
    """Train a checked model on data, and write its folder. `options` are those of the command."""
    session.doing("train")
    missing = [name for name in ("torch", "numpy", "safetensors") if find_spec(name) is None]
    if missing:
        raise Misuse(f"training needs {' and '.join(missing)}: `pip install {' '.join(missing)}`")
    if not any(loss.kind == "loss" for loss in model.objectives.losses):
        raise Misuse(f"`{model.name}` has no loss; a line `loss: ... -> CrossEntropy to label` makes one")
    report = Report(sources=session.report.sources)
    try:
        return _train(program, model, settings, report, data_bytes=limits(limit).data_bytes, **options)
    except NetError as error:
        report = error.report
    except _failures() as error:
        _tell(error, model, report)
    except (MemoryError, RuntimeError) as error:
        if not _lacks_memory(error):
            raise
        put("dslnet: there is not enough memory; a smaller `--batch-size` needs less\n", sys.stderr)
        return 1
    show(report, format, sys.stderr)
    return 1


def _failures() -> tuple[type[Exception], ...]:
    from .checkpoints import WeightsMistake
    from .training.checkpoint import CheckpointError
    from .training.reading import Unreadable
    from .training.run import NotFinite

    return CheckpointError, NotFinite, Unreadable, WeightsMistake


def _lacks_memory(error: MemoryError | RuntimeError) -> bool:
    """Whether an allocation failed; PyTorch has a class of its own for that on some devices only."""
    told = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in told or "can't allocate memory" in told


def _tell(error: Any, model: Model, report: Report) -> None:
    """What training raises, as a diagnostic."""
    from .training.run import NotFinite

    if not isinstance(error, NotFinite):
        report.error(error.code, error.title, NOWHERE, notes=getattr(error, "notes", ()), helps=error.helps)
        return
    spans = {loss.name: loss.span for loss in model.objectives.losses}
    span = spans.get(error.name, next(iter(spans.values())))
    report.error(
        "E0836",
        str(error),
        span,
        "" if error.name in spans else "one of these losses",
        notes=["no step was taken with it; the last checkpoint is as it was"],
        helps=["a smaller learning rate, or bounded gradients"],
    )


def _train(
    program: Program,
    model: Model,
    settings: dict[str, Any],
    report: Report,
    *,
    data: str,
    data_bytes: int,
    validation: str | None,
    out: str,
    seed: int,
    weights: str | None,
    names: str | None,
    allow_python: tuple[str, ...],
    device: str,
    devices: int,
    nodes: int,
    strategy: str | None,
    precision: str | None,
    **fitting: Any,
) -> int:
    """Read what the options name, and train. `fitting` are the arguments of `fit` that are options of the command."""
    from .training.fit import Stopped, fit
    from .training.start import fill, make_module

    engine = _engine(device, devices, nodes, strategy, precision)
    rows, held = _tables(model, data, validation, data_bytes)
    module = make_module(program, model, settings, allow_python, seed)
    if weights is not None and not fill(module, program, model, weights, names, report):
        raise NetError(report, "")
    try:
        history = fit(module, rows, validation=held, out=out, engine=engine, seed=seed, **fitting)
    except Stopped as stop:
        if engine.rank == 0:
            put(f"stopped; `--resume` goes on from {os.path.join(out, 'last.safetensors')}\n", sys.stderr)
        return 128 + stop.number
    except ValueError as error:
        raise Misuse(str(error)) from None
    if engine.rank == 0:
        files = ", ".join(sorted(name for name in os.listdir(out) if not name.startswith(".")))
        put(f"{out}: {files}\n")
    return 0 if history.rows else 1


def _engine(device: str, devices: int, nodes: int, strategy: str | None, precision: str | None) -> Any:
    """One device with PyTorch alone, or several with Fabric."""
    from .training.engine import Engine
    from .training.start import device_for

    if devices == 1 and nodes == 1 and strategy is None and precision is None:
        found = device_for(device)
        if found is None:
            raise Misuse(f"there is no device `{device}` here")
        return Engine(found)
    try:
        from .training.fabric import FabricEngine
    except ImportError as missing:
        need = f"several devices, or another precision, need {missing.name}"
        raise Misuse(f"{need}: `pip install lightning-fabric`") from None
    try:
        return FabricEngine.launched(device, devices, strategy, precision, nodes)
    except Exception as error:  # of several kinds, for what this machine or Fabric does not have
        reason = str(error).strip().partition("\n")[0]
        raise Misuse(f"Fabric cannot start so: {reason or type(error).__name__}") from error


def _tables(model: Model, data: str, validation: str | None, limit: int) -> tuple[Any, Any]:
    """Training and validation data as `fit` takes them."""
    from .training.reading import FUNCTION, call_function

    share = _share(validation)
    held: Any = None
    with progress(f"reading {data}"):
        if FUNCTION.fullmatch(data) and not data.endswith((".npz", ".safetensors")):
            rows, held = call_function(data)
        else:
            rows = _table(model, data, limit)
        if isinstance(share, float):
            held = share
        elif share is not None:
            held = call_function(share)[0] if FUNCTION.fullmatch(share) else _table(model, share, limit)
    return rows, held


def _table(model: Model, where: str, limit: int) -> Any:
    from .training.data import inputs_of
    from .training.reading import read_table

    return read_table(where, [wanted.value.name for wanted in inputs_of(model)], limit)


def _share(validation: str | None) -> str | float | None:
    if validation is None:
        return None
    try:
        share = float(validation)
    except ValueError:
        return validation
    if not 0 < share < 1:
        raise Misuse(f"`--validation {validation}` is a share between 0 and 1, or data of its own")
    return share
