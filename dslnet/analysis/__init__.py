"""What is proved of checked models: causality, roles, objectives, use, and lints.

Enters: a program and its models of the graph IR. Leaves: mistakes and warnings in the report.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..build import Block, Program
from ..diagnostics import Report
from ..graph import Model
from .doubled import check_doubled
from .latent import check_latents
from .leak import prove
from .names import check_freeze, check_names
from .roles import check_roles
from .training import Training
from .unreached import check_unreached


def analyse(program: Program, models: Mapping[str, Model], report: Report) -> None:
    """Report what is wrong or doubtful in models that are built."""
    prelude = frozenset(f.spec.source.name for f in program.shipped.values() if f.prelude)
    for name, model in models.items():
        block = program.entry.blocks[name]
        assert isinstance(block, Block)
        for promise in model.objectives.autoregressive:
            prove(model, promise, report, prelude)
        before = report.errors
        training = Training(model)
        check_roles(model, block, report, training)
        if report.errors == before:
            check_unreached(model, block, report, training)
        check_freeze(model, block, report)
        check_latents(model, report)
        check_doubled(model, report, training)
    check_names(program, report)
