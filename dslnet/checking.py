"""Build and analysis as one phase: what `check`, `load` and `compile` all go through.

Enters: a program. Leaves: models that are built and whose promises hold, with every mistake in the report.
"""

from __future__ import annotations

from typing import Any

from .analysis import analyse
from .build import Program, build_model, check_program
from .diagnostics import Report
from .graph import Model


def check(program: Program, report: Report) -> dict[str, Model]:
    """Every model of the entry file with its defaults; blocks that no model uses are checked by themselves."""
    models = check_program(program, report)
    analyse(program, models, report)
    return models


def compile_model(program: Program, name: str, settings: dict[str, Any], report: Report) -> Model | None:
    """One model at given settings, or None with its mistakes in the report."""
    before = report.errors
    model = build_model(program, name, settings, report)
    if model is not None:
        analyse(program, {name: model}, report)
    return model if report.errors == before else None


def compile_block(
    program: Program, name: str, settings: dict[str, Any], report: Report
) -> tuple[Model | None, list[str]]:
    """A block of the entry file, as the models of the file use it: the model with most uses of it, and the keys of
    their definitions. With settings, or where no model uses it, it is built by itself as a model is."""
    best: tuple[Model | None, list[str]] = (None, [])
    for each in [] if settings else program.models:
        model = build_model(program, each, {}, Report(sources=report.sources))
        if model is not None:
            keys = [key for key, d in model.definitions.items() if d.block == name and d.kind == "block"]
            best = (model, keys) if len(keys) > len(best[1]) else best
    if not best[1]:
        model = compile_model(program, name, settings, report)
        best = (model, [model.entry] if model is not None else [])
    return best
