"""What a person sees of a run while it goes on.

Enters: a run, batch by batch and epoch by epoch. Leaves: a progress bar on a terminal where rich is installed, else one
line for each epoch.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, TextIO

from .curve import number
from .run import Run


class Watch:
    """Sees nothing. The methods are called by the loop of `fit`."""

    def begin(self, run: Run) -> None:
        """A run begins, or goes on."""

    def batch(self, run: Run) -> None:
        """A batch is over."""

    def epoch(self, run: Run, row: Mapping[str, float], best: bool) -> None:
        """An epoch is over; `row` has its means."""

    def end(self) -> None:
        """The run is over, or was stopped."""


class Lines(Watch):
    """One line for each epoch."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr

    def epoch(self, run: Run, row: Mapping[str, float], best: bool) -> None:
        self.put(line(run, row, best))

    def put(self, text: str) -> None:
        try:
            self.stream.write(text + "\n")
            self.stream.flush()
        except (BrokenPipeError, ValueError):
            self.put = lambda text: None  # type: ignore[method-assign]  # whoever read this has gone


class Bar(Lines):
    """The same, above a bar that moves with every batch."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.console = Console(file=self.stream)
        self.progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("batches"),
            TimeRemainingColumn(), TextColumn("{task.fields[shown]}"),
            console=self.console, transient=True, refresh_per_second=8,
        )  # fmt: skip
        self.task: Any = None

    def begin(self, run: Run) -> None:
        total = run.epochs * len(run.batches)
        self.task = self.progress.add_task("", total=total, completed=run.taken, shown="")
        self.progress.start()

    def batch(self, run: Run) -> None:
        epoch = min(run.epoch + 1, run.epochs)
        self.progress.update(self.task, completed=run.taken, description=f"epoch {epoch} of {run.epochs}")

    def epoch(self, run: Run, row: Mapping[str, float], best: bool) -> None:
        self.batch(run)
        self.console.print(line(run, row, best), highlight=False, markup=False)

    def end(self) -> None:
        self.progress.stop()


def line(run: Run, row: Mapping[str, float], best: bool) -> str:
    """An epoch in a line: `epoch 3 of 10   ce 0.31 (validation 0.35)   accuracy (validation 0.9)`."""
    names = list(dict.fromkeys(key.partition("/")[2] for key in row if "/" in key))
    said = []
    for name in names:
        trained, held = row.get(f"train/{name}"), row.get(f"validation/{name}")
        words = [name] + ([number(trained)] if trained is not None else [])
        said.append(" ".join(words + ([f"(validation {number(held)})"] if held is not None else [])))
    mark = "   best" if best else ""
    return f"epoch {run.epoch} of {run.epochs}   " + "   ".join(said) + mark


def make_watch(progress: bool | Watch) -> Watch:
    """A watch as asked for: a bar where a person looks and rich is there, lines elsewhere."""
    if isinstance(progress, Watch):
        return progress
    if not progress:
        return Watch()
    if sys.stderr.isatty():
        try:
            return Bar()
        except ImportError:
            pass
    return Lines()
