"""The folder of a run.

Enters: a run and its history. Leaves: `last.safetensors`, from which the run can be resumed, `best.safetensors`, the
weights of the best epoch, `log.csv`, `curves.svg`, and events for TensorBoard where that is installed. Each file is
whole at every moment.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from ..files import replace
from .checkpoint import CheckpointError, read_checkpoint, write_checkpoint
from .curve import draw_curves
from .run import Run

LAST, BEST, LOG, CURVES = "last.safetensors", "best.safetensors", "log.csv", "curves.svg"


class Folder:
    """Where a run is written. `best` is the column that decides which epoch is the best, `higher` whether the
    greatest value is; only the process of rank 0 writes."""

    def __init__(self, path: str, best: str | None, higher: bool, upward: Iterable[str], title: str) -> None:
        self.path, self.best, self.higher, self.upward, self.title = path, best, higher, tuple(upward), title
        self.events: Any = None

    def file(self, name: str) -> str:
        return os.path.join(self.path, name)

    def claim(self, resume: bool, force: bool) -> None:
        """Make the folder; refuse one that holds another run. Raises `CheckpointError`."""
        if os.path.exists(self.path) and not os.path.isdir(self.path):
            raise CheckpointError("E0811", f"`{self.path[-60:]}` is not a folder")
        held = os.path.isfile(self.file(LAST))
        if resume and not held:
            raise CheckpointError("E0801", f"there is no `{LAST}` in `{self.path[-50:]}` to go on from")
        if held and not resume and not force:
            title = f"`{self.path[-50:]}` holds a run already"
            raise CheckpointError("E0810", title, ("`--resume` goes on with it, `--force` begins anew",))
        try:
            os.makedirs(self.path, exist_ok=True)
        except OSError as error:
            reason = (error.strerror or "").lower()
            raise CheckpointError("E0815", f"`{self.path[-50:]}` cannot be made: {reason}") from None
        if held and not resume:
            for name in (LAST, BEST, LOG, CURVES):
                if os.path.isfile(self.file(name)):
                    os.unlink(self.file(name))

    def resume(self, run: Run) -> None:
        """Put a run back to where `last` was written. Raises `CheckpointError`."""
        found = read_checkpoint(self.file(LAST))
        if not found.state:
            raise CheckpointError("E0837", f"`{LAST}` has no state that this version goes on from")
        run.resume(found.weights, found.state, LAST)

    # ----------------------------------------------------------------------------------------------- writing

    def after_epoch(self, run: Run, row: dict[str, float]) -> bool:
        """Write what an epoch has changed; whether it was the best so far."""
        value = row.get(self.best) if self.best is not None else None
        better = value is not None and (run.best is None or (value > run.best if self.higher else value < run.best))
        if better:
            run.best = value
        self.save(run, better)
        if run.engine.rank == 0:
            self.log(run)
            self.tensorboard(row)
        return better

    def save(self, run: Run, best: bool = False) -> None:
        """Write `last`, and `best` when it is that. All processes come here together."""
        state, weights = run.state(), run.engine.weights()
        if run.engine.rank == 0:
            summary = {"epoch": run.epoch, "batch": run.batch, "step": run.step, **run.history.last}
            if best:
                write_checkpoint(self.file(BEST), run.model, summary, None, weights)
            write_checkpoint(self.file(LAST), run.model, summary, state, weights)
        run.engine.wait()

    def log(self, run: Run) -> None:
        self._write(LOG, run.history.csv())

    def draw(self, run: Run) -> None:
        if run.engine.rank == 0 and run.history.rows:
            self._write(CURVES, draw_curves(run.history, self.title, self.upward))

    def tensorboard(self, row: dict[str, float]) -> None:
        """One event for each number of a row."""
        if self.events is None:
            self.events = _writer(self.file("tensorboard"))
        if self.events:
            for name, value in row.items():
                if name not in ("epoch", "step"):
                    self.events.add_scalar(name, value, int(row["epoch"]))
            self.events.flush()

    def close(self) -> None:
        if self.events:
            self.events.close()
        self.events = None

    def _write(self, name: str, text: str) -> None:
        refusal = replace(self.file(name), text.encode())
        if refusal is not None:
            raise CheckpointError(refusal.code, refusal.title, refusal.helps)


def _writer(folder: str) -> Any:
    """A writer of events, or False where TensorBoard is not installed."""
    import importlib.util

    if importlib.util.find_spec("tensorboard") is None:
        return False
    try:
        from torch.utils.tensorboard import SummaryWriter
    except Exception:  # an installation that does not fit; the run needs none
        return False
    return SummaryWriter(folder)
