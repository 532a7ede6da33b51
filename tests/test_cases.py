"""Specs in Markdown under `tests/cases/`: examples for readers, and tests.

A `net` fence is a file; the word after `net` is its name, and `given` after that means that it is only there to be
imported by the next ones. Comments say what is expected of a line:

    - Conv(64, 7, stride=2)    # shape: B 64 112 112
    - Linaer(20) -> Relu       # error: E0202 5, E0202 19

The number after a code is the column. A file without such comments is checked without a word. A `text` fence after
a file is what `dslnet check` prints of it, but for the last line with the count; a `short` fence is the same with
`--format short`. `pytest tests/test_cases.py --update` rewrites both kinds of fences.

Each help that is marked as sure is applied, and must leave a file without that mistake. A `fixed` fence after a file
is what the file is once its first help was followed: by the edits of the help where it has some, else by hand, and then
it holds what the help writes in backticks. Nothing at all is said of it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dslnet.diagnostics import Edit, Report
from dslnet.graph import Model
from dslnet.render import render
from dslnet.render.text import render_diagnostic
from dslnet.shape import Tensor

CASES = Path(__file__).parent / "cases"
_FENCE = re.compile(r"^```(net|text|short|fixed)\b([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXPECTED = re.compile(r"#\s*(error|warning|shape):\s*(.*?)\s*$")


@dataclass(frozen=True)
class Case:
    """A file with what is expected of it; `fences` are the offsets of its printed forms in the Markdown."""

    page: Path
    name: str
    text: str
    line: int
    given: tuple[tuple[str, str], ...]
    fences: tuple[tuple[str, str, int, int], ...]

    def __str__(self) -> str:
        return f"{self.page.relative_to(CASES)}:{self.line}"


def cases_of(page: Path) -> Iterator[Case]:
    text = page.read_text(encoding="utf-8")
    found = list(_FENCE.finditer(text))
    given: list[tuple[str, str]] = []
    for number, fence in enumerate(found):
        if fence[1] != "net":
            continue
        words = fence[2].split()
        name = words[0] if words else "case.net"
        if "given" in words:
            given.append((name, fence[3]))
            continue
        printed = []
        for after in found[number + 1 :]:
            if after[1] == "net":
                break
            printed.append((after[1], after[3], after.start(3), after.end(3)))
        line = text.count("\n", 0, fence.start()) + 1
        yield Case(page, name, fence[3], line, tuple(given), tuple(printed))


ALL = [case for page in sorted(CASES.rglob("*.md")) for case in cases_of(page)]


def check(case: Case, folder: Path) -> tuple[Report, dict[str, Model]]:
    from dslnet.build import read_program
    from dslnet.checking import check as check_models

    for name, content in (*case.given, (case.name, case.text)):
        (folder / name).write_text(content, encoding="utf-8")
    report = Report()
    program = read_program(case.name, report)
    return report, check_models(program, report) if program is not None else {}


def expectations(text: str) -> Iterator[tuple[int, str, str]]:
    """(line, kind, what) for each comment, several of them separated by commas."""
    for number, line in enumerate(text.split("\n"), 1):
        found = _EXPECTED.search(line)
        if found:
            for what in found[2].split(","):
                yield number, found[1], what.strip()


@pytest.mark.parametrize("case", ALL, ids=str)
def test_case(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.chdir(tmp_path)
    report, models = check(case, tmp_path)
    printed = {
        "text": "\n".join(render_diagnostic(d, report.sources) for d in report.sorted()),
        "short": render(report, "short"),
    }
    fixed = [text for kind, text, _, _ in case.fences if kind == "fixed"]
    if request.config.getoption("--update"):
        update(case, printed)
    else:
        for kind, expected, _, _ in case.fences:
            assert kind == "fixed" or printed[kind] == expected
    for text in fixed:
        (only,) = report.diagnostics
        if only.helps[0].edits:
            assert text == re.sub(r" *# (error|warning):.*", "", mended(case, only.helps[0].edits).text)
        else:
            assert follows(only.helps[0].text, text, case.text), only.helps[0].text
        again, _ = check(replace(case, text=text), tmp_path)
        assert not again.diagnostics, render(again)
    found = [(d, *report.sources[case.name].position(d.primary.span.start)) for d in report.sorted()]
    wanted = [(line, kind, what.split()) for line, kind, what in expectations(case.text)]
    for line, kind, words in wanted:
        if kind == "shape":
            assert shapes_at(models, report, case.name, line) & {" ".join(words)}, f"line {line}"
            continue
        column = int(words[1]) if len(words) > 1 else None
        assert any(
            (d.code, d.severity, at) == (words[0], kind, line) and column in (None, col) for d, at, col in found
        ), f"no {words[0]} at {line}:{column}:\n{printed['text']}"
    if not case.fences or any(kind != "shape" for _, kind, _ in wanted):
        expected_count = sum(kind != "shape" for _, kind, _ in wanted)
        assert len(found) == expected_count, printed["text"]
    for diagnostic, _, _ in found:
        for help in diagnostic.helps:
            if help.sure:
                after, _ = check(mended(case, help.edits), tmp_path)
                left = [d.code for d in after.sorted()]
                assert len(left) < len(found), f"after {help.text}:\n{render(after)}"


def follows(advice: str, text: str, before: str) -> bool:
    """Whether a text has something of what a help writes in backticks, and more often than before; the help may write
    nothing, or what is to be moved."""
    written = [words.removesuffix(" -> ...") for words in re.findall("`([^`]+)`", advice)]
    return not written or any(text.count(words) > before.count(words) for words in written)


def mended(case: Case, edits: tuple[Edit, ...]) -> Case:
    """The case after the edits of a help, in whichever file they are."""
    texts = dict([*case.given, (case.name, case.text)])
    for edit in sorted(edits, key=lambda e: e.span.start, reverse=True):
        text = texts[edit.span.file]
        texts[edit.span.file] = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return replace(case, text=texts.pop(case.name), given=tuple(texts.items()))


def shapes_at(models: dict[str, Model], report: Report, name: str, line: int) -> set[str]:
    """The shapes of what the steps of a line make, over all models and definitions."""
    source = report.sources[name]
    found = set()

    def here(span: tuple[str, int, int]) -> bool:
        return span[0] == name and source.position(span[1])[0] == line

    for model in models.values():
        for definition in model.definitions.values():
            values = [i.value for i in definition.inputs if here(i.value.span)]
            last = [n.outputs[0] for n in definition.nodes() if n.outputs and here(n.span)]
            for value in [*values, *last[-1:]]:
                if isinstance(value.type, Tensor):
                    found.add(" ".join(str(size).replace(" ", "") for size in value.type.sizes))
    return found


def update(case: Case, printed: dict[str, str]) -> None:
    """Write what is printed into the page, whose earlier cases may have moved it."""
    text = case.page.read_text(encoding="utf-8")
    for fresh in cases_of(case.page):
        if fresh.text == case.text and fresh.name == case.name:
            for kind, _, start, end in reversed(fresh.fences):
                if kind not in printed:
                    continue
                text = text[:start] + printed[kind] + text[end:]
            case.page.write_text(text, encoding="utf-8")
            return


def test_there_are_cases() -> None:
    assert len(ALL) >= 30
