"""The layer operators: dense, convolution, pooling, normalisation, activation, recurrent, attention, graphs."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from operator_harness import cases, check, family  # noqa: E402

import dslnet.ops  # noqa: E402, F401
from dslnet.ops.arguments import ModuleArgument  # noqa: E402
from dslnet.source import NOWHERE  # noqa: E402

FAMILIES = (
    "dense", "convolution", "pooling", "normalisation", "activation", "recurrent", "attention", "positions", "graphs",
)  # fmt: skip
TABLE = (
    ModuleArgument("table", NOWHERE, {"weight": (100, 64)}),
    lambda: torch.nn.Embedding(100, 64),
)
#: Operators through which no gradient flows to the inputs.
GRADIENT = {"RelativeBias": "weights"}


@pytest.mark.parametrize(("cls", "before", "after"), cases(c for f in FAMILIES for c in family(f)))
def test_example(cls: Any, before: str, after: str) -> None:
    check(cls, before, after, modules={"table": TABLE}, gradient=GRADIENT.get(cls.name, True))
