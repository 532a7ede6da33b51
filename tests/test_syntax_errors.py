"""What is said of a line that cannot be read, and what is read of the lines around it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from dslnet.below import below
from dslnet.diagnostics import Diagnostic, Report
from dslnet.parse import parse
from dslnet.source import Source
from dslnet.syntax import Bad, Definition, Item, Spec, Suite, Valued

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

SPECS = sorted((Path(__file__).parent.parent / "specs").rglob("*.net"))
BODY = "block A(size):\n  input x: [B, C]\n{}\n  output y: Linear(3)\n"


def read(text: str) -> tuple[Spec, list[Diagnostic]]:
    report = Report()
    return parse(Source("test.net", text), report), report.sorted()


def fixed(text: str, found: Diagnostic) -> str | None:
    """The text after the edits of the sure help, if there is one."""
    sure = next((help for help in found.helps if help.sure), None)
    if sure is None:
        return None
    for edit in sorted(sure.edits, key=lambda e: -e.span.start):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


#: A line, its code and title, and the line after the sure help (None where there is none).
LINES = [
    ("Linear(20) -> ReLU", "E0113", "a step of the flow starts with a dash", "- Linear(20) -> ReLU"),
    ("x -> Linear(20)", "E0113", "a step of the flow starts with a dash", "- x -> Linear(20)"),
    ("residual: B", "E0113", "a step of the flow starts with a dash", "- residual: B"),
    ("tower", "E0113", "a step of the flow starts with a dash", "- tower"),
    ("h = x -> Linear(20)", "E0100", "`=` gives defaults and options", "h: x -> Linear(20)"),
    ("output z = x", "E0100", "`=` gives defaults and options", "output z: x"),
    ("- fc = Linear(2)", "E0100", "`=` gives defaults and options", "- fc: Linear(2)"),
    ("h := x", "E0100", "`:=` is written `:`", "h: x"),
    ("- Conv(16, 3, stride=2 -> ReLU", "E0104", "this `(` is never closed", None),
    ("- Conv(16, 3]", "E0107", "`(` is closed by `]`", "- Conv(16, 3)"),
    ("- Conv(16, 3))", "E0106", "this `)` closes nothing", None),
    ("- Conv(3 4)", "E0111", "a `,` is missing after `3`", "- Conv(3, 4)"),
    ("- Conv(3, stride 2)", "E0111", "a `=` is missing after `stride`", "- Conv(3, stride=2)"),
    ("- Conv(3) ReLU", "E0111", "a `->` is missing after `)`", "- Conv(3) -> ReLU"),
    ("- repeat 4 Conv(3)", "E0111", "a `:` is missing after `4`", "- repeat 4: Conv(3)"),
    ("- fc Linear(2)", "E0111", "a `:` is missing after `fc`", "- fc: Linear(2)"),
    ("input z [B]", "E0111", "a `:` is missing after `z`", "input z: [B]"),
    ("h x -> B", "E0111", "a `:` is missing after `h`", "h: x -> B"),
    ("- repeat i 4: B", "E0111", "`in` is missing after `i`", "- repeat i in 4: B"),
    ("- residual\n      - B", "E0111", "a `:` is missing after `residual`", "- residual:\n      - B"),
    ("- tower\n      - B", "E0111", "`tower` opens a block", "- tower:\n      - B"),
    ("- (B if size)", "E0111", "this choice has no `else`", None),
    ("- B(stride: 2)", "E0100", "a setting is given with `=`", "- B(stride=2)"),
    ("- B(True)", "E0100", "`True` is written `true`", "- B(true)"),
    ("- B(k=None)", "E0100", "`None` is written `none`", "- B(k=none)"),
    ("- B('same')", "E0101", 'a string is written with `"`', '- B("same")'),
    ("- B(\u201csame\u201d)", "E0101", 'a string is written with `"`', '- B("same")'),
    ('- B("same)', "E0105", "this string is never closed", None),
    ('- B("a\\n")', "E0112", "`\\n` means nothing in a string", '- B("a\\\\n")'),
    ("- if size: B\n  - else if x: C", "E0100", "`else if` is written `elif`", "- if size: B\n  - elif x: C"),
    ("- B(.5)", "E0100", "a number has a digit before its point", "- B(0.5)"),
    ("- B(5.)", "E0100", "a number has a digit after its point", "- B(5.0)"),
    ("- B(64px)", "E0100", "`64px` is neither a number nor a name", None),
    ("Input z: [B]", "E0100", "`Input` is a box name; a role is lower case", "input z: [B]"),
    ("input add: [B]", "E0100", "`add` is a word of the language and cannot be a name", None),
    ("- B -> -> C", "E0100", "two arrows and no step between them", "- B -> C"),
    ("- B(1,, 2)", "E0100", "nothing stands before this comma", "- B(1, 2)"),
    ("- x -> a + b", "E0100", "arithmetic after an arrow takes parentheses", None),
    ("loss l: a < b < c", "E0100", "comparisons do not chain", None),
    ("require: size > 1, C > 2", "E0100", "requirements are joined with `and`", "require: size > 1 and C > 2"),
    (
        "require: size > 1, max(C, 4) > 2 , size > 3 or C > 3",
        "E0100",
        "requirements are joined with `and`",
        "require: size > 1 and max(C, 4) > 2 and (size > 3 or C > 3)",
    ),
    ("freeze: a, b", "E0100", "several stand in parentheses", "freeze: (a, b)"),
    ("- a, b -> Concat", "E0100", "several stand in parentheses", "- (a, b) -> Concat"),
    ("y: a, B(1, 2), c -> Concat", "E0100", "several stand in parentheses", "y: (a, B(1, 2), c) -> Concat"),
    ("- B with a, b -> C", "E0100", "several stand in parentheses", "- B with (a, b) -> C"),
    ("- B \u2192 C", "E0101", "`\u2192` (U+2192) only looks like `->`", "- B -> C"),
    ("- B;", "E0101", "a line ends without a `;`", "- B"),
    ("- B \u00a7", "E0101", "`\u00a7` (U+00A7) is not part of the language", None),
    ("- B && C", "E0101", "`&&` is written `and`", "- B and C"),
    ("gr\u00f6\u00dfe: x", "E0101", "a name is written with a to z, not with `\u00f6` (U+00F6)", None),
    ("- B {", "E0101", "blocks are made by indentation, not by `{`", None),
    ("- residual:", "E0109", "nothing is indented below `- residual:`", None),
    ("h:", "E0109", "`h:` has no value", None),
    ("- B ->", "E0109", "this arrow leads nowhere", None),
    ("    - B", "E0108", "this line is indented deeper, but nothing above opens a block", "- B"),
    (" - B", "E0108", "this line is indented deeper, but nothing above opens a block", "- B"),
    ("| B", "E0114", "a lane stands under `concat`, `add`, `mul`, `stack`, `parallel` or `residual`", None),
    ("- else: B", "E0114", "this `else` has no `if` above it", None),
    ("- each 3: B", "E0114", "`each` makes lanes: it stands after a bar", None),
    (
        "- concat:\n      - B\n      | C",
        "E0114",
        "a branch of `concat` starts with a bar",
        "- concat:\n      | B\n      | C",
    ),
    ("- add:\n      | B\n      C", "E0113", "a branch of a merge starts with a bar", "- add:\n      | B\n      | C"),
    ("- residual:\n      - B\n      | C\n      | D", "E0114", "`residual` has one lane at most: its shortcut", None),
]


@pytest.mark.parametrize(("line", "code", "title", "after"), LINES, ids=[line for line, *_ in LINES])
def test_one_mistake_one_message(line: str, code: str, title: str, after: str | None) -> None:
    text = BODY.format("  " + line)
    spec, found = read(text)
    assert [(d.code, d.title) for d in found] == [(code, title)]
    first = spec.source.position(found[0].primary.span.start)[0]
    assert 3 <= first <= 3 + line.count("\n")
    assert fixed(text, found[0]) == (None if after is None else BODY.format("  " + after))
    # The lines around it are read.
    definition = spec.statements[0]
    assert isinstance(definition, Definition) and isinstance(definition.body, Suite)
    assert not isinstance(definition.body.statements[0], Bad) and not isinstance(definition.body.statements[-1], Bad)


@pytest.mark.parametrize(("line", "code", "title", "after"), [case for case in LINES if case[3] is not None])
def test_a_sure_help_gives_a_file_that_reads(line: str, code: str, title: str, after: str) -> None:
    assert read(BODY.format("  " + after))[1] == []


TOPS = [
    ("block basic(x): B", "E0100", "the name of a block begins with a capital letter"),
    ("block A(x) B", "E0111", "a `:` is missing after `)`"),
    ("block A(x)\n  - B", "E0111", "a `:` is missing after `)`"),
    ("model A(x, y:\n  - B", "E0104", "this `(` is never closed"),
    ("use a from b", "E0100", "`a` is not a box name: those begin with a capital"),
    ('use A "a.net"', "E0111", "`from` is missing after `A`"),
    ('use pyton A from "a.net"', "E0100", "`use` is followed by the names of boxes"),
    ("import torch", "E0100", "`import` begins no line of this language"),
    ("from a import b", "E0100", "`from` begins no line of this language"),
    ("- Linear(3)", "E0100", "this line stands outside of every block and model"),
    ("block A:", "E0109", "nothing is indented below `block A:`"),
    ("block A:\n- B\n- C", "E0109", "nothing is indented below `block A:`"),
    ("block A:\n  - B\n- C\n  - D", "E0102", "this line stands outside of every block"),
    ("  - B\n  - C", "E0108", "this line is indented deeper, but nothing above opens a block"),
]


@pytest.mark.parametrize(("text", "code", "title"), TOPS, ids=[text for text, *_ in TOPS])
def test_the_top_of_a_file(text: str, code: str, title: str) -> None:
    spec, found = read(f"block First: B\n{text}\nblock Last: B\n")
    assert [(d.code, d.title) for d in found] == [(code, title)]
    names = [top.name.text for top in spec.statements if isinstance(top, Definition)]
    assert names[0] == "First" and names[-1] == "Last"


def test_five_mistakes_are_five_messages() -> None:
    text = (
        "block A(width:\n  input x: [B, C]\n  - Conv(3 4)\n  h = x -> Linear(2)\n  - residual:\n      - \u00a7 ReLU\n"
        "  - repeat 3 Linear(4)\n  - Linear(1)\nmodel M:\n  - A(2)\n"
    )
    spec, found = read(text)
    assert [(d.code, spec.source.position(d.primary.span.start)[0]) for d in found] == [
        ("E0104", 1),
        ("E0111", 3),
        ("E0100", 4),
        ("E0101", 6),
        ("E0111", 7),
    ]
    # All of it was read all the same.
    definition = spec.statements[0]
    assert isinstance(definition, Definition) and isinstance(definition.body, Suite)
    assert len(definition.body.statements) == 6
    assert not any(isinstance(line, Bad) for line in definition.body.statements)


def test_the_lines_under_a_bad_head_are_read() -> None:
    spec, found = read("block A:\n  - repeat in of: 3 4\n      - B(1 2)\n  - C\n")
    assert len(found) == 2
    definition = spec.statements[0]
    assert isinstance(definition, Definition) and isinstance(definition.body, Suite)
    bad, last = definition.body.statements
    assert isinstance(bad, Bad) and bad.body is not None and isinstance(bad.body.statements[0], Item)
    assert isinstance(last, Item) and isinstance(last.body, Valued)


def test_a_repaired_line_has_the_places_of_its_text() -> None:
    text = "block A:\n  - Conv(3 4)\n"
    spec, _ = read(text)
    definition = spec.statements[0]
    assert isinstance(definition, Definition)
    assert text[definition.body.span.start : definition.body.span.end] == "- Conv(3 4)"


@pytest.mark.parametrize("line", ["require: size > 1, max(C, 4) > 2, C > 3", "- size,  B(C, 2), x -> Concat -> ReLU"])
def test_what_only_moves_along_keeps_its_place(line: str) -> None:
    text = BODY.format("  " + line)
    spec, found = read(text)
    assert len(found) == 1
    places = {node.span for node in below(spec.statements) if type(node).__name__ in ("Ref", "BoxRef", "Call")}
    assert {text[start:end] for _, start, end in places} >= set(
        re.findall(r"size|max\(.*?\)|C|B\(.*?\)|x(?= ->)", line)
    )


def test_two_mistakes_on_a_line_make_no_help_sure() -> None:
    _, found = read(BODY.format("  - Conv('a' 3 3)"))
    assert len(found) == 1 and not any(help.sure for help in found[0].helps)


def test_planted_mistakes_are_found() -> None:
    from syntax_recovery import measure

    texts = [path.read_text(encoding="utf-8") for path in SPECS]
    tally = measure([text for text in texts if not read(text)[1]], 300, seed=7)
    assert tally.mistakes > 500 and tally.crashes == 0
    assert tally.located >= 0.98 * tally.mistakes
    assert tally.extra <= 0.03 * tally.mistakes


@pytest.mark.parametrize("line", ["  Q{}: x -> ReLU\n", "  a{}: x[:, :, 0]\n", "  a{}: x.mean(1)\n"])
def test_thousands_of_the_same_habit_are_read_in_linear_time(line: str) -> None:
    """Each is told; looking for the other uses of each name would take minutes here."""
    text = "model M:\n  input x: [B, 3]\n" + "".join(map(line.format, range(8000)))
    report = Report()
    parse(Source("many.net", text), report)
    assert len(report.diagnostics) == 8000


@pytest.mark.parametrize("part", ["a: 1, ", "x[:, ", "x[:, 0], ", "(a: ["])
def test_a_line_of_thousands_of_colons_is_read_in_linear_time(part: str) -> None:
    """Whether the bracket around a colon is closed is found for all of them at once."""
    report = Report()
    parse(Source("wide.net", "model M:\n  - f(" + part * 20_000 + ")\n"), report)
    assert {diagnostic.code for diagnostic in report.diagnostics} <= {"E0100", "E0104", "E0902", "E0905"}
    assert report.diagnostics
