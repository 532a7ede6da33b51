"""Parts that no loss reaches, and optimizers of nothing.

Enters: a model with its text. Leaves: W0440 for what has parameters to train that the gradient of no loss comes to,
E0507 for an `optimizer` line without a step of its own.
"""

from __future__ import annotations

from ..build import Block
from ..diagnostics import Label, Report
from ..graph import Model
from ..source import Span
from .reading import lines
from .training import Training, above, within


def check_unreached(model: Model, block: Block, report: Report, training: Training) -> None:
    """Report both. Where a loss is that of the promise `autoregressive` alone, other heads may have other uses."""
    objectives = model.objectives
    losses = [loss for loss in objectives.losses if loss.kind == "loss"]
    if not losses and not objectives.trains:
        _optimizers(model, report, losses != [])
        return
    _optimizers(model, report, True)
    promised = {promise.span for promise in objectives.autoregressive}
    if all(loss.span in promised for loss in losses) and not objectives.trains:
        return
    every = training.everything | training.own
    spans = {line.path: line.key for line in lines(block) if line.name is not None}
    for path in _shortest(every - training.gradients.keys(), every):
        helps = [f"`freeze: {path}`, if it is meant to stay as it begins"] if path else []
        report.error(
            "W0440", f"no loss reaches `{path or model.name}`"[:80], _place(model, training, spans, path),
            "its parameters stay as they begin", helps=helps, severity="warning",
        )  # fmt: skip


def _shortest(lost: set[str], every: set[str]) -> list[str]:
    """The paths, with the name of a group where nothing in it is reached."""
    reached = {start for path in every - lost for start in above(path)}
    found: dict[str, None] = {}
    for path in sorted(lost):
        starts = [start for start in above(path) if start not in reached]
        found[starts[-1] if starts else path] = None
    return list(found)


def _place(model: Model, training: Training, spans: dict[str, Span], path: str) -> Span:
    """Where a part is written."""
    if path in spans:
        return spans[path]
    definition = training.definition
    places = [i.span for i in definition.instances if within(i.path, path)]
    places += [p.value.span for p in definition.params if within(p.path, path)]
    return places[0] if places else model.span


def _optimizers(model: Model, report: Report, trained: bool) -> None:
    """E0507 where an optimizer has nothing to do, or two have the same."""
    objectives = model.objectives
    names = [train.modules[0] if train.modules else None for train in objectives.trains]
    known: dict[str | None, Span] = {}
    for optimizer in objectives.optimizers:
        module = optimizer.module
        if module in known:
            which = f"`{module}` has" if module else "what is trained has"
            report.error(
                "E0507", f"{which} two optimizers", optimizer.span, "the second",
                secondary=[Label(known[module], "the first")], helps=["one line for both"],
            )  # fmt: skip
        known.setdefault(module, optimizer.span)
        if not trained:
            helps = ["`loss name: …` says what it descends"]
            report.error("E0507", "an optimizer without a loss", optimizer.span, "nothing to descend", helps=helps)
        elif module is not None and module not in names:
            alone = "write `optimizer: …` for what is trained as a whole" if names in ([], [None]) else ""
            helps = [alone] if alone else [f"`train {module}: …`, or one of: " + ", ".join(f"`{n}`" for n in names)]
            title = f"no `train` line trains `{module}`, which has an optimizer"
            report.error("E0507", title[:80], optimizer.span, "an optimizer of nothing", helps=helps)
