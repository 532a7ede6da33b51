"""The models of `specs/` that promise to be auto-regressive: the promise is kept bit for bit, and needed.

Each is run with another token at some place, which must change nothing that is said before it. Each place of its text
that keeps the future out is taken out of it, and the checker must name the path that leaks then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shipped

from dslnet.analysis.causality import Prover, elements, promised
from dslnet.build import read_program
from dslnet.checking import check
from dslnet.diagnostics import Diagnostic, Report
from dslnet.graph import Model
from dslnet.shape import Tensor

#: What keeps the future out, and what an author may write in its place.
GUARDS = [
    (r", causal=true", ""),
    (r", past=true", ""),
    (r'2, dilation=dilation, padding="causal"', "3, dilation=dilation"),
    (r', mask="A"', ""),
    (r"MaskedConv\(width, 3\)", "Conv(width, 3)"),
    (r"Pad\(\[1, 0\], after=0\) -> Crop\(0, after=\[1, 0\]\) -> ", ""),
    (r"Pad\(\[0, 1\], after=0\) -> Crop\(0, after=\[0, 1\]\) -> ", ""),
    (r"(?<=- )GRU\(width\)", "GRU(width, bidirectional=true)"),
    (r"(?<=- )LSTM\(width, num_layers=layers, ", "LSTM(width, num_layers=layers, bidirectional=true, "),
]
#: A cell has no way to see the future, so there is nothing to take out.
CELLS = {"rnn", "seq2seq"}


def promising() -> list[str]:
    """`file:Model` of those that run and make a promise."""
    return [name for name in shipped.small() if small(name).objectives.autoregressive]


def small(name: str) -> Model:
    file, _, model = name.partition(":")
    made: Model = shipped.net(file)[model].graph(**shipped.small()[name].settings)
    return made


FILES = sorted(path for path in shipped.SPECS.glob("*.net") if "\n  autoregressive " in path.read_text("utf-8"))


def unguarded() -> Iterator[Any]:
    """Each file, with each of its guards taken out in turn."""
    for path in FILES:
        text = path.read_text("utf-8")
        for pattern, instead in GUARDS:
            for number, match in enumerate(re.finditer(pattern, text)):
                changed = text[: match.start()] + instead + text[match.end() :]
                yield pytest.param(path.name, changed, id=f"{path.stem}: {match[0]} {number}".replace("[", "("))


def found(path: Path, text: str) -> list[Diagnostic]:
    path.write_text(text, "utf-8")
    report = Report()
    program = read_program(path, report)
    assert program is not None
    check(program, report)
    return report.sorted()


@pytest.mark.parametrize(("name", "text"), list(unguarded()))
def test_the_path_that_leaks_is_named(name: str, text: str, tmp_path: Path) -> None:
    """And a help that is sure mends it."""
    errors = [d for d in found(tmp_path / name, text) if d.severity == "error"]
    assert {d.code for d in errors} == {"E0505"}
    for error in errors:
        assert error.secondary, "the box that leaks"
        assert error.notes[0].startswith("the path that leaks\n")
        assert "<- leaks here" in error.notes[0]
        for help in error.helps:
            if help.sure:
                mended = text
                for edit in sorted(help.edits, key=lambda e: -e.span.start):
                    mended = mended[: edit.span.start] + edit.text + mended[edit.span.end :]
                assert error.title not in [d.title for d in found(tmp_path / name, mended)], help.text


def test_every_file_that_promises_has_a_guard() -> None:
    guarded = {name for name, _ in (p.values for p in unguarded())}
    assert {path.stem for path in FILES if path.name not in guarded} == CELLS
    assert {name.partition(":")[0] for name in promising()} == {path.stem for path in FILES}


def axes(model: Model, tokens: str, logits: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes along which the steps lie: of the tokens, and of what is said, as the proof has them."""
    values = model.definition.values()
    type_ = values[tokens].type
    assert isinstance(type_, Tensor)
    start = promised(type_)
    (said,) = elements(Prover(model, pinned={tokens: start}).entry(model.entry)[logits])
    return start.order or tuple(a for a, _ in start.at), said.order or tuple(a for a, _ in said.at)


@pytest.mark.parametrize("name", promising())
def test_a_later_token_changes_nothing_before_it(name: str) -> None:
    """Bit for bit; and what is said of the steps after it does change. What is said of a pixel comes before it."""
    torch = pytest.importorskip("torch")
    from test_specs import inputs, results, shared

    model, given = small(name), inputs(name)
    outputs = [value for _, value in model.definition.outputs]
    for promise in model.objectives.autoregressive:
        at = [entry.value.name for entry in model.definition.inputs].index(promise.tokens)
        number = next(n for n, (o, value) in enumerate(model.definition.outputs) if promise.logits in (o, value))
        into, out = axes(model, promise.tokens, outputs[number])
        assert into and len(into) == len(out)

        def said(tokens: Any, at: int = at, number: int = number, out: tuple[int, ...] = out) -> Any:
            with torch.no_grad():
                made = results(shared(name)(*given[:at], tokens, *given[at + 1 :]))[number]
            return made.movedim(out, tuple(range(len(out)))).flatten(0, len(out) - 1)

        before = said(given[at])
        below = model.definition.inputs[at].value.type.below  # type: ignore[union-attr]
        for place in (len(before) - 1, len(before) // 2, 1):
            tokens = given[at].clone()
            steps = tokens.movedim(into, tuple(range(len(into))))
            index = torch.unravel_index(torch.tensor(place), steps.shape[: len(into)])
            steps[index] = (steps[index] + 1) % below if below is not None else 1 - steps[index]
            after = said(tokens)
            first = place + (len(into) > 1)
            assert torch.equal(before[:first], after[:first]), f"the token at {place}"
            if first < len(before):
                assert not torch.equal(before[first:], after[first:]), f"the token at {place}"
