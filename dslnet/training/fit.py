"""Training from Python.

Enters: a module that a spec made, and data. Leaves: the same module trained, and the history of its losses; with `out`
also the files of `folder.py`. Mistakes in the data are diagnostics that point into the spec.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..diagnostics import NetError, Report
from ..graph import Model
from ..ops.metrics import Metric
from ..runtime import Origin
from ..source import NOWHERE, Source
from .history import History
from .plan import Plan, plan_of

if TYPE_CHECKING:
    from torch import nn

    from .data import Data
    from .engine import Engine
    from .folder import Folder
    from .run import Run
    from .watch import Watch


class Stopped(KeyboardInterrupt):
    """The run was interrupted. Its checkpoint, if it has a folder, is written. `number` is that of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by signal {number}")
        self.number = number


def fit(
    model: nn.Module,
    data: Any,
    *,
    epochs: int,
    validation: Any = None,
    batch_size: int | None = None,
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    force: bool = False,
    draw: Collection[str] = (),
    best: str | None = None,
    save_every: int | None = None,
    device: Any = None,
    engine: Engine | None = None,
    progress: bool | Watch = True,
) -> History:
    """Train a module by the plan of its spec, and return the losses and metrics of each epoch.

    `data` is a mapping from the names of the spec's inputs and targets to tensors or arrays, or the path of an `.npz`
    or `.safetensors` file; `validation` is the same, or a share of the rows (0.1). `batch_size` is 32 unless it is
    given or the spec fixes it; 0 takes all rows at once. Everything random follows from `seed`. In `out` are written
    `last` and `best` checkpoints, `log.csv` and `curves.svg`; `resume` goes on from `last` to the same weights that a
    run without a break would have; `force` begins anew. `draw` names inputs of which every batch has new standard
    normal numbers, as the noise of a generator. `best` is the loss or metric that says which epoch is the best, with
    `max:` or `min:` before it where that is not clear. `save_every` also writes `last` each so many batches.
    `device` is where the module already is, unless given. `engine` computes on several devices (see `fabric.py`).

    Raises `NetError` for data that does not fit, with every mistake; `NotFinite` when a loss is no number any more,
    after which the last good checkpoint is as it was; `CheckpointError`; `Stopped`, a `KeyboardInterrupt`, after a
    checkpoint; `TypeError` for a module without losses.
    """
    from .batches import Batches
    from .engine import Engine
    from .folder import Folder
    from .run import Run
    from .watch import Watch, make_watch

    plan, graph = plan_of(model), graph_of(model)
    rows, held = prepare_data(graph, sources_of(model), data, validation, seed, draw)
    if engine is None:
        engine = Engine(device if device is not None else _device(model))
    size = batch_size if batch_size is not None else rows.exact or (32 if rows.columns else 0)
    check_batches(graph, sources_of(model), rows, size, engine.world, held)
    batches = Batches(rows.rows, size, seed, rows.exact is not None, True, engine.rank, engine.world)
    run = Run(model, plan, engine, rows, held, batches, epochs, seed)
    upward = directions(graph)
    folder: Folder | None = None
    if out is not None:
        column, higher = watched(plan, upward, best, held is not None)
        rising = [name for name, up in upward.items() if up]
        folder = Folder(os.fspath(out), column, higher, rising, _title(graph))
        if engine.rank == 0:
            folder.claim(resume, force)
        engine.wait()
    elif resume:
        raise ValueError("resume=True needs `out`, the folder of the run")
    with generators():
        run.prepare()
        if folder is not None and resume:
            folder.resume(run)
        watch = make_watch(progress) if engine.rank == 0 else Watch()
        _train(run, folder, watch, save_every)
    return run.history


def _train(run: Run, folder: Folder | None, watch: Watch, save_every: int | None) -> None:
    """The loop, with what happens around it: files, the bar, interruptions."""
    with interruptions() as stop:

        def leave() -> None:
            if run.engine.any(bool(stop)):
                if folder is not None:
                    folder.save(run)
                    if run.engine.rank == 0:
                        folder.log(run)
                raise Stopped(stop[0] if stop else signal.SIGINT)

        def after_batch() -> None:
            watch.batch(run)
            if folder is not None and save_every and run.taken % save_every == 0:
                run.check_weights()
                folder.save(run)
            if stop or run.engine.world > 1:
                leave()

        def after_epoch(row: dict[str, float]) -> None:
            better = folder.after_epoch(run, row) if folder is not None else False
            watch.epoch(run, row, better)
            if run.epoch < run.epochs:
                leave()

        watch.begin(run)
        try:
            run.train(after_batch, after_epoch)
        finally:
            watch.end()
            if folder is not None:
                folder.draw(run)
                folder.close()
    run.model.eval()


@contextmanager
def interruptions() -> Iterator[list[int]]:
    """A list that gets the number of a signal that asks to stop; the second one stops at once."""
    stop: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def note(number: int, frame: Any) -> None:
        if stop:
            raise KeyboardInterrupt
        stop.append(number)

    before = {s: signal.signal(s, note) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def generators() -> Iterator[None]:
    """The caller's random numbers are as they were afterwards."""
    from .run import random_state, set_random_state

    before = random_state()
    try:
        yield
    finally:
        set_random_state(before)


# -------------------------------------------------------------------------------------------------- the data


def graph_of(model: nn.Module) -> Model:
    """The graph of a module that a spec made. Raises `TypeError`."""
    graph: Model | None = getattr(type(model), "__graph__", None)
    if graph is None:
        raise TypeError(f"{type(model).__name__} was not made from a spec by dslnet.load")
    return graph


def sources_of(model: nn.Module) -> dict[str, Source]:
    origin: Origin | None = getattr(model, "__origin__", None)
    return dict(origin.sources) if origin is not None else {}


def prepare_data(
    graph: Model, sources: dict[str, Source], data: Any, validation: Any, seed: int, draw: Collection[str]
) -> tuple[Data, Data | None]:
    """Training and validation rows. Raises `NetError` with every mistake."""
    from .data import inputs_of

    report = Report(sources=sources)
    known = [wanted.value.name for wanted in inputs_of(graph)]
    if unknown := [name for name in draw if name not in known]:
        raise ValueError(f"`{unknown[0]}` is no input of {graph.name}; it has " + ", ".join(known))
    rows = table_data(graph, data, report, "the data", draw)
    held: Data | None = None
    if isinstance(validation, (int, float)) and not isinstance(validation, bool):
        if not 0 < validation < 1:
            raise ValueError(f"the share of rows for validation is between 0 and 1, not {validation}")
        if rows is not None and (rows.rows < 2 or not rows.columns):
            title = "these rows cannot be parted: a share for validation needs two or more"
            report.error("E0835", title, graph.span, helps=("name data for validation of its own",))
        elif rows is not None:
            rows, held = rows.split(float(validation), seed)
    elif validation is not None:
        held = table_data(graph, validation, report, "the validation data", draw)
    raise_mistakes(report)
    assert rows is not None
    return rows, held


def table_data(graph: Model, data: Any, report: Report, where: str, draw: Collection[str] = ()) -> Data | None:
    """Data of a mapping or a file, checked; None after a report."""
    from .data import fitting, inputs_of
    from .reading import Table, Unreadable, read_table

    if isinstance(data, Mapping):
        return fitting(graph, data, report, where, None, draw)
    if not isinstance(data, Table):
        if not isinstance(data, (str, os.PathLike)):
            kind = type(data).__name__
            raise TypeError(f"{where} is a mapping from names to arrays or the path of a file, not {kind}")
        try:
            data = read_table(os.fspath(data), [wanted.value.name for wanted in inputs_of(graph)])
        except Unreadable as error:
            report.error(error.code, error.title, NOWHERE, notes=error.notes, helps=error.helps)
            return None
    return fitting(graph, data.arrays, report, data.where, data.names, draw)


def check_batches(
    graph: Model, sources: dict[str, Source], data: Data, size: int, world: int, held: Data | None = None
) -> None:
    """That the rows, and those for validation, can be cut into batches of a size. Raises `NetError`."""
    from .data import inputs_of

    report = Report(sources=sources)
    span = inputs_of(graph)[0].value.span
    if size and not data.columns:
        title = "the inputs do not all begin with one axis of their own, the batch"
        report.error("E0835", title, span, "cannot be cut", helps=("`--batch-size 0` takes everything at once",))
    elif data.exact is not None and size != data.exact:
        report.error("E0835", f"the spec fixes batches of {data.exact}, not {size}", span, "the first size")
    elif data.exact is not None and data.rows < data.exact:
        report.error("E0835", f"{data.rows} rows make no batch of {data.exact}", span, "the first size")
    elif held is not None and held.exact is not None and held.rows < held.exact:
        title = f"{held.rows} rows for validation make no batch of {held.exact}"
        report.error("E0835", title, span, "the first size")
    elif size and size < world:
        report.error("E0835", f"a batch of {size} rows cannot be dealt to {world} processes", span)
    raise_mistakes(report)


def raise_mistakes(report: Report) -> None:
    if report.errors:
        from ..render import render

        raise NetError(report, render(report))


# ---------------------------------------------------------------------------------------------------- the best


def directions(graph: Model) -> dict[str, bool]:
    """The metrics of which it is known whether more is better."""
    definition = graph.definitions[graph.training or graph.entry]
    makers = {value.name: node.operator for node in definition.nodes() for value in node.outputs}
    metrics = [(loss.name, makers.get(loss.value)) for loss in graph.objectives.losses if loss.kind == "metric"]
    return {name: maker.higher for name, maker in metrics if isinstance(maker, Metric)}


def watched(plan: Plan, upward: dict[str, bool], best: str | None, held: bool) -> tuple[str | None, bool]:
    """The column of the history that decides which epoch is the best, and whether more is better.

    Without a wish it is the objective of a plan of one step; of several steps, as of a generator and a critic, none is
    a measure of the whole, and there is no best epoch. Raises `ValueError` for a name that the spec does not have.
    """
    from .run import objective_name

    part = "validation" if held else "train"
    if best is None:
        return (f"{part}/{objective_name(plan, plan.steps[0])}", False) if len(plan.steps) == 1 else (None, False)
    order, _, name = best.rpartition(":")
    known = [*plan.losses, *plan.metrics, *(objective_name(plan, step) for step in plan.steps)]
    if name not in known or order not in ("", "max", "min"):
        raise ValueError(f"`{best}` is no loss or metric of the spec; it has " + ", ".join(dict.fromkeys(known)))
    if name in plan.metrics and not held:
        raise ValueError(f"`{name}` is computed on validation rows, and there are none")
    if order:
        return f"{part}/{name}", order == "max"
    if name in plan.metrics and name not in upward:
        raise ValueError(f"say which values of `{name}` are better: `max:{name}` or `min:{name}`")
    return f"{part}/{name}", upward.get(name, False)


def _device(model: nn.Module) -> Any:
    import torch

    return next((p.device for p in model.parameters()), torch.device("cpu"))


def _title(graph: Model) -> str:
    return f"{graph.name}, from {os.path.basename(graph.source)}" if graph.source else graph.name
