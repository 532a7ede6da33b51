"""Drawings of shipped specs, for the tests of drawings.

Leaves: `MODELS`, the models that are drawn, of every file in `specs/` its first and a few more, and `drawn`.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from dslnet.build import Program, build_model, read_program
from dslnet.diagnostics import Report
from dslnet.graph import Model
from dslnet.limits import DEFAULT
from dslnet.targets.drawing import Drawing, Options, draw
from dslnet.targets.drawing.symbols import named, twins

SPECS = Path(__file__).parent.parent / "specs"
#: Models beside the first of their file.
MORE = {"resnet": ["ResNet152"], "unet": ["PaperUNet"], "lstm": ["Tagger"], "seq2seq": ["RNNSearch"]}


def models(file: Path) -> list[str]:
    """The models of a file in the order of its text."""
    return re.findall(r"^model (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)


def _models() -> list[tuple[str, str]]:
    found = []
    for path in sorted(SPECS.glob("*.net")):
        names = models(path)
        chosen = dict.fromkeys(names[:1] + [n for n in MORE.get(path.stem, ()) if n in names])
        found += [(path.stem, name) for name in chosen]
    return found


MODELS = _models()


@cache
def program(file: str) -> tuple[Program, Report]:
    """A shipped file, read."""
    report = Report()
    made = read_program(str(SPECS / f"{file}.net"), report, DEFAULT, None)
    assert made is not None, [d.title for d in report.diagnostics]
    return made, report


@cache
def built(file: str, name: str) -> tuple[Model, dict[str, Any]]:
    """A shipped model, and the options by which it is drawn as `dslnet draw` draws it."""
    made, report = program(file)

    def build(settings: dict[str, Any]) -> Model | None:
        return build_model(made, name, settings, Report(sources=report.sources))

    model = build({})
    assert model is not None, f"{name} of {file}.net has mistakes"
    names = named(model, report.sources)
    return model, {"sources": report.sources, "names": tuple(names), "twins": twins(model, names, build)}


def drawn(file: str, name: str, mode: str = "auto", timeout: float = 60.0, **options: Any) -> Drawing:
    """A picture of a shipped model."""
    model, usual = built(file, name)
    return draw(model, Options(**{**usual, **options}), mode, timeout)
