"""The design patterns: files to start from, `dslnet new` that writes them, and their page."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import dslnet
from dslnet import cli
from dslnet.format import format_spec
from dslnet.parse import parse
from dslnet.source import Source
from dslnet.starting import Pattern, pattern, patterns

ROOT = Path(__file__).parent.parent
PATTERNS = patterns()
each = pytest.mark.parametrize("pattern", PATTERNS, ids=lambda p: p.name)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    yield tmp_path


# -------------------------------------------------------------------------------------------------- the files


@each
def test_a_pattern_says_what_it_is(pattern: Pattern) -> None:
    assert pattern.title and len(pattern.when) > 100 and "\n##" in pattern.text
    assert pattern.text == f"# {pattern.title}\n#\n" + "".join(f"# {w}\n" for w in pattern.when.split("\n")) + (
        "\n" + pattern.spec
    )
    assert pattern.comment().endswith(".") and pattern.comment("paper")[-4:].isdigit() and pattern.comment("authors")
    assert len([line for line in pattern.spec.splitlines() if line and not line.startswith("#")]) <= 31


@each
def test_a_pattern_is_checked_without_a_word_in_canonical_form(pattern: Pattern) -> None:
    report = dslnet.check(ROOT / "specs" / "patterns" / f"{pattern.name}.net")
    assert report.diagnostics == []
    assert format_spec(parse(Source("p.net", pattern.text), dslnet.diagnostics.Report())) == pattern.text


@each
def test_a_pattern_runs(pattern: Pattern) -> None:
    """Outputs have the shapes that were said, at two sizes of what is free."""
    torch = pytest.importorskip("torch")
    from test_python_target import examples, sizes_of

    from dslnet.shape import Tensor, evaluate

    net = dslnet.load(ROOT / "specs" / "patterns" / f"{pattern.name}.net")
    name = list(net)[-1]
    graph = net[name].graph()
    torch.manual_seed(0)
    made = net[name](inference=True)
    types = graph.definition.values()
    for more in (0, 1):
        sizes = sizes_of(graph, more)
        found = made(*examples(graph, sizes))
        found = tuple(found) if isinstance(found, tuple) else (found,)
        for (_, value), tensor in zip(graph.definition.outputs, found, strict=True):
            type_ = types[value].type
            assert isinstance(type_, Tensor)
            assert tuple(tensor.shape) == tuple(evaluate(size, sizes) for size in type_.sizes)
            assert tensor.isfinite().all()
    sum(tensor.square().sum() for tensor in found).backward()
    assert [key for key, weight in made.named_parameters() if weight.grad is None] == []


@pytest.mark.parametrize("pattern", [p for p in PATTERNS if "\n  loss" in p.text], ids=lambda p: p.name)
def test_a_pattern_learns(pattern: Pattern) -> None:
    """Each step of training has a finite loss, and a gradient for everything that it updates and nothing else."""
    torch = pytest.importorskip("torch")
    from test_python_target import examples, sizes_of

    net = dslnet.load(ROOT / "specs" / "patterns" / f"{pattern.name}.net")
    name = list(net)[-1]
    graph = net[name].graph()
    torch.manual_seed(0)
    made = net[name]()
    whole = replace(graph, entry=graph.training)
    given = [entry.value.name for entry in whole.definition.inputs]
    batch = dict(zip(given, examples(whole, sizes_of(whole)), strict=True))
    still = (*made.plan.teachers, *made.plan.frozen, *made.plan.averages)
    for step in made.plan.steps:
        made.zero_grad()
        total, told = made.objective(step.name, batch)
        assert {*step.losses} <= {*told} and total.isfinite()
        total.backward()
        moved = {key for key, weight in made.named_parameters() if weight.grad is not None}
        mine = {key for key, _ in made.named_parameters() if inside(key, step.updates or ("",))}
        assert mine and {key for key in mine if not inside(key, still)} <= moved
        assert not any(inside(key, still) for key in moved)


def inside(key: str, parts: tuple[str, ...]) -> bool:
    return any(not part or f"{key}.".startswith(f"{part}.") for part in parts)


# ------------------------------------------------------------------------------------------------ the command


def test_every_pattern_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new"]) == 0
    listed = capsys.readouterr().out
    assert [line.split()[0] for line in listed.splitlines()] == [p.spelled for p in PATTERNS]
    assert cli.main(["new", "--list"]) == 0
    assert capsys.readouterr().out == listed


@each
def test_a_pattern_is_written_down_and_checks(
    pattern: Pattern, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["new", pattern.spelled]) == 0
    assert f"{pattern.name}.net written" in capsys.readouterr().out
    assert (folder / f"{pattern.name}.net").read_text("utf-8") == pattern.text
    assert cli.main(["check", f"{pattern.name}.net"]) == 0
    assert capsys.readouterr().out == f"{pattern.name}.net: " + capsys_counts(pattern) + ", no mistakes\n"


def capsys_counts(pattern: Pattern) -> str:
    models, blocks = (pattern.text.count(f"\n{word} ") for word in ("model", "block"))
    return f"{models} model" + (f", {blocks} block{'s' * (blocks > 1)}" if blocks else "")


def test_a_file_that_is_there_stays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "residual.net").write_text("mine")
    assert cli.main(["new", "residual"]) == 1
    assert "error[E0810]" in capsys.readouterr().err
    assert (folder / "residual.net").read_text() == "mine"
    assert cli.main(["new", "residual", "--force"]) == 0
    assert (folder / "residual.net").read_text().startswith("# Residual connections\n")


def test_another_name_and_no_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", "Encoder_Decoder", "-o", "mine.net"]) == 0
    assert (folder / "mine.net").is_file()
    capsys.readouterr()
    assert cli.main(["new", "encoder-decoder", "-o", "-"]) == 0
    assert capsys.readouterr().out == (folder / "mine.net").read_text("utf-8")
    assert cli.main(["new", "encoder-decoder", "-o", "mine.py"]) == 2
    assert "must end in .net" in capsys.readouterr().err
    assert sorted(p.name for p in folder.iterdir()) == ["mine.net"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("gan", "there is no pattern `gan`; did you mean `adversarial`?"),
        ("teacher", "did you mean `mean-teacher` or `teacher-student`?"),
        ("residaul", "did you mean `residual`?"),
        ("VAE", "did you mean `variational`?"),
        ("quark", "there is no pattern `quark`; `dslnet new` lists them"),
        ("", "there is no pattern ``; `dslnet new` lists them"),
        ("../residual", "did you mean `residual`?"),
    ],
)
def test_an_unknown_pattern(word: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", word]) == 2
    assert said in capsys.readouterr().err
    assert not list(folder.iterdir())


def test_whatever_a_pattern_is_called_elsewhere_is_one() -> None:
    from dslnet.starting import _ELSEWHERE

    assert set(_ELSEWHERE.values()) <= {p.name for p in PATTERNS}
    for word, name in _ELSEWHERE.items():
        found = pattern(word)
        assert isinstance(found, list) and name.replace("_", "-") in found, word


# --------------------------------------------------------------------------------------------------- the page


def test_the_page_is_current() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "patterns" / "draw.py"))
    assert (ROOT / "docs" / "patterns.md").read_text("utf-8") == made["page"](), "run docs/patterns/draw.py"
    drawn = {path.stem for path in (ROOT / "docs" / "patterns").glob("*.svg")}
    assert drawn == {p.name for p in PATTERNS}


@each
def test_the_figure_shows_the_pattern(pattern: Pattern) -> None:
    """Every input and output of the model is written in it, and its caption."""
    net = dslnet.load(ROOT / "specs" / "patterns" / f"{pattern.name}.net")
    graph = net[list(net)[-1]].graph()
    picture = (ROOT / "docs" / "patterns" / f"{pattern.name}.svg").read_text("utf-8")
    named = [i.value.name for i in graph.definition.inputs] + [name for name, _ in graph.definition.outputs]
    for name in [graph.name, *named]:
        assert f">{name}</text>" in picture, name
