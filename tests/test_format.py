"""The canonical text: the same tree, all comments, and its own canonical text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_parse import EVERYTHING, bare

from dslnet.diagnostics import Report
from dslnet.format import format_spec
from dslnet.parse import parse
from dslnet.source import Source
from dslnet.syntax import Spec

SPECS = sorted((Path(__file__).parent.parent / "specs").rglob("*.net"))


def read(text: str) -> Spec:
    report = Report()
    spec = parse(Source("test.net", text), report)
    assert not report.diagnostics, report.diagnostics
    return spec


def canonical(text: str) -> str:
    """The canonical text, after checking what holds for every one."""
    spec = read(text)
    once = format_spec(spec)
    again = read(once)
    assert bare(again.statements) == bare(spec.statements)
    assert format_spec(again) == once
    words = [word for spec_ in (spec, again) for word in [sorted(" ".join(c.text for c in spec_.comments).split())]]
    assert words[0] == words[1]
    return once


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_shipped_specs_are_canonical(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert canonical(text) == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        ("\n\n# a\n\n\n\n# b\n", "# a\n\n# b\n"),
        ("block A :   B( 1,2 ,k = 3 , )\n", "block A: B(1, 2, k=3)\n"),
        ("block A( ): B\nblock C( x,y = 2*3 ): D", "block A: B\n\nblock C(x, y=2 * 3): D\n"),
        ("block A:\n        -   B\n        -C\n", "block A:\n  - B\n  - C\n"),
        (
            "block A:\n - r: residual:\n   - B\n   | d :\n    - C\n x: y->\n  - D\n",
            "block A:\n  - r: residual:\n      - B\n      | d:\n          - C\n  x: y ->\n    - D\n",
        ),
        ("use  A , B  as C from 'x'\n".replace("'", '"'), 'use A, B as C from "x"\n'),
        ('use python A from "p.q"\nuse B from c . d\n', 'use python A from "p.q"\nuse B from c.d\n'),
        ("use A from b\n\n\n\nx: 1\ny: 2\nblock C: D\n", "use A from b\n\nx: 1\ny: 2\n\nblock C: D\n"),
        ("block A:\n  - B\n\n\n  - C\n", "block A:\n  - B\n\n  - C\n"),
        ("block A:\n\n  - B\n", "block A:\n  - B\n"),
        (
            'block A:\n  loss l: - a**-b*(c)if not d else[...,e]long.f[ 0 ]to-g->"x\\"y"\n',
            'block A:\n  loss l: -a ** -b * (c) if not d else [..., e] long.f[0] to -g -> "x\\"y"\n',
        ),
        (
            "block A:\n  input x :[B,T]long<5\n  input y: [] = x\n",
            "block A:\n  input x: [B, T] long < 5\n  input y: [] = x\n",
        ),
        ('block A:\n  - 007 : B(1e-05, 0.50)\n  - "a-b" : C\n', 'block A:\n  - 007: B(1e-05, 0.50)\n  - "a-b": C\n'),
        ("block A:\n  - B -> C ->\n      - D\n", "block A:\n  - B -> C ->\n      - D\n"),
        ("block A:\n  - B\n    -> C\n", "block A:\n  - B -> C\n"),
        ("block A:\n\t\n  -\tB\t->\tC\t\n", "block A:\n  - B -> C\n"),
    ],
)
def test_layout(text: str, wanted: str) -> None:
    assert canonical(text) == wanted


COMMENTS = """\
# First.

## Doc.
block A(x):    # head
  # before
  - B          # after B
  ## doc of C
  - residual:  # two
      # inside
      - C -> D
      # below, of the inner list

  # of the outer list
  - E

# at the margin

block F: G  # one line
# last
"""


def test_comments_stay_where_they_are() -> None:
    assert canonical(COMMENTS) == COMMENTS


def test_comments_inside_a_statement_go_to_its_end() -> None:
    text = "block A:\n  - B(1,  # one\n      2)  # two\n    ## no doc\n    -> C\n  - D\n"
    assert canonical(text) == "block A:\n  - B(1, 2) -> C      # one # two ## no doc\n  - D\n".replace(
        "      #", "  #", 1
    )


def test_what_is_inside_a_head_does_not_become_a_doc() -> None:
    text = "block A:\n  - concat(\n      ## inside\n      axis=1):\n      ## doc\n      | B\n"
    assert canonical(text) == "block A:\n  - concat(axis=1):  ## inside\n      ## doc\n      | B\n"


def test_long_lines_are_broken_before_arrows() -> None:
    steps = " -> ".join(f"Convolution(width, {n}, bias=false)" for n in range(6))
    text = canonical(f"block A:\n  - {steps}\n")
    lines = text.splitlines()
    assert len(lines) > 2 and all(len(line) <= 100 for line in lines)
    assert all(line.startswith("    -> ") for line in lines[2:])


def test_long_lines_are_broken_inside_brackets_too() -> None:
    call = "Box(" + ", ".join(f"parameter{n}=[1, 2, 3] + f({n}, b)" for n in range(12)) + ")"
    lines = canonical(f"block A:\n  - {call}\n").splitlines()
    assert len(lines) > 3 and all(len(line) <= 100 for line in lines)
    assert all(line.endswith(",") for line in lines[1:-1])


def test_deep_expressions_need_no_recursion() -> None:
    long = f"block A:\n  loss y: {'a + ' * 900}a\n"
    assert format_spec(read(long)) == long
    spec = read(f"block A:\n  loss y: {'-' * 999}a\n")
    assert "-" * 999 + "a" in format_spec(spec)


def test_a_file_with_mistakes_is_left_alone() -> None:
    text = "block A:\n  - B ( 1 2 §\n  -   C\n"
    report = Report()
    spec = parse(Source("test.net", "block A:\n  - )(: =\n  -   C\n"), report)
    assert report.errors and format_spec(spec) == spec.source.text
    assert text


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([EVERYTHING, COMMENTS, *(path.read_text() for path in SPECS)]),
    st.lists(
        st.tuples(st.floats(0, 1), st.sampled_from(["  ", "\n    ", "  # c\n    ", "\n## d\n", "\n\n"])), max_size=8
    ),
)
def test_any_layout_of_a_spec(text: str, blanks: list[tuple[float, str]]) -> None:
    """Blanks, line ends and comments in places where there is a blank already; what still reads is formatted."""
    places = [match.start() for match in re.finditer(" |\n", text)]
    for share, blank in sorted(blanks, reverse=True):
        place = places[min(int(share * len(places)), len(places) - 1)]
        text = text[:place] + blank + text[place:]
    report = Report()
    parse(Source("test.net", text), report)
    if not report.diagnostics:
        canonical(text)
