"""Texts in, diagnostics or running models out: what the tests of robustness share.

Enters: the text of a `.net` file, perhaps with others beside it. Leaves: its report and models; and for a model, the
proof that what was inferred is what runs.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import torch

from dslnet.build import check_program, read_program
from dslnet.diagnostics import Report
from dslnet.graph import Fact, Model
from dslnet.limits import DEFAULT, Limits
from dslnet.render import render
from dslnet.runtime import module_from
from dslnet.runtime.making import class_name
from dslnet.shape import Tensor, evaluate
from dslnet.targets.python import emit
from dslnet.weights import definition_weights

DTYPES = {"float": torch.float32, "long": torch.long, "bool": torch.bool}
Others = Mapping[str, "str | bytes"]


def check_text(
    text: str | bytes, folder: Path, limits: Limits = DEFAULT, others: Others | None = None
) -> tuple[Report, dict[str, Model]]:
    """What `dslnet check` finds in `main.net` of a folder."""
    for name, content in {**(others or {}), "main.net": text}.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    report = Report()
    program = read_program(folder / "main.net", report, limits)
    models = check_program(program, report) if program is not None else {}
    return report, models


def codes(report: Report) -> str:
    """The codes of the errors in text order, warnings left out."""
    return " ".join(d.code for d in report.sorted() if d.severity == "error")


def inside(report: Report) -> None:
    """Every span of every diagnostic lies in its file, and all of it can be printed in every format."""
    for diagnostic in report.diagnostics:
        spans = [diagnostic.primary.span, *(label.span for label in diagnostic.secondary)]
        spans += [edit.span for help in diagnostic.helps for edit in help.edits]
        for file, start, end in spans:
            source = report.sources.get(file)
            assert source is not None or (start, end) == (0, 0), diagnostic
            assert 0 <= start <= end <= (len(source.text) if source else 0), diagnostic
        assert diagnostic.title and "\n" not in diagnostic.title, diagnostic
    for form in ("text", "short", "json", "github", "sarif"):
        assert isinstance(render(report, form), str)


# ------------------------------------------------------------------------------------------------ running


def some_sizes(free: Mapping[str, Fact], start: int) -> dict[str, int]:
    """Values of the free sizes that keep their facts: the first ones from `start` on, each another."""
    found: dict[str, int] = {}
    for number, (name, fact) in enumerate(free.items()):
        value = max(start + number, fact.low)
        value += (fact.remainder - value) % fact.multiple
        if fact.high is not None and value > fact.high:
            value = fact.high - (fact.high - fact.remainder) % fact.multiple
        found[name] = value
    return found


def example(type_: Tensor, sizes: Mapping[str, int], generator: torch.Generator) -> torch.Tensor:
    shape = [evaluate(size, sizes) for size in type_.sizes]
    if type_.dtype == "bool":
        return torch.rand(shape, generator=generator) < 0.7
    if type_.dtype == "long":
        below = 2 if type_.below is None else evaluate(type_.below, sizes)
        return torch.randint(0, max(below, 1), shape, generator=generator)
    return torch.randn(shape, generator=generator)


def instance_of(text: str, name: str, fresh: bool = False) -> torch.nn.Module:
    """The model that a source makes: as `load` makes it, or (`fresh`) in a namespace of its own."""
    torch.manual_seed(0)
    if fresh:
        scope: dict[str, Any] = {"__name__": "written"}
        exec(compile(text, "written.py", "exec"), scope)
        made: torch.nn.Module = scope[class_name(text, name)]()
    else:
        made = getattr(module_from(text, name), class_name(text, name))()
    return made.eval()


def outputs_of(module: torch.nn.Module, inputs: list[torch.Tensor], seed: int = 0) -> list[torch.Tensor]:
    torch.manual_seed(seed)
    with torch.no_grad():
        made = module(*inputs)
    return list(made) if isinstance(made, tuple) else [made]


def runs(model: Model, starts: tuple[int, ...] = (2, 5)) -> torch.nn.Module:
    """Emit a model, make it, run it at a few sizes: keys and shapes are the inferred ones."""
    text = emit(model, inference=True)
    module = instance_of(text, model.name)
    expected = {w.name: list(w.shape) for w in definition_weights(model, model.entry)}
    assert {n: list(t.shape) for n, t in module.state_dict().items()} == expected
    wanted = [model.definition.values()[wire].type for _, wire in model.definition.outputs]
    for start in starts:
        sizes = some_sizes(model.free, start)
        if prod(evaluate(s, sizes) for type_ in wanted if isinstance(type_, Tensor) for s in type_.sizes) > 1 << 24:
            continue  # legal, and more than a test computes
        generator = torch.Generator().manual_seed(start)
        given = [i.value.type for i in model.definition.inputs if not i.optional]
        inputs = [example(type_, sizes, generator) for type_ in given if isinstance(type_, Tensor)]
        made = outputs_of(module, copy.deepcopy(inputs))
        assert [list(t.shape) for t in made] == [
            [evaluate(s, sizes) for s in t.sizes] for t in wanted if isinstance(t, Tensor)
        ], sizes
        assert [t.dtype for t in made] == [DTYPES[t.dtype] for t in wanted if isinstance(t, Tensor)]
        floats = [*module.parameters(), *module.buffers(), *inputs]
        if start == starts[0] and any(
            t.is_floating_point() for t in floats
        ):  # nothing inside is made in single precision and meets the rest
            exact = outputs_of(
                copy.deepcopy(module).double(), [x.double() if x.is_floating_point() else x for x in inputs]
            )
            assert all(t.dtype == torch.float64 for t in exact if t.is_floating_point())
    return module
