"""Bytes to text, lines to tokens, and the limits of both."""

from __future__ import annotations

import pickle
import time
from dataclasses import replace

import pytest

from dslnet.decode import decode
from dslnet.diagnostics import Report
from dslnet.layout import layout
from dslnet.limits import DEFAULT, Limits
from dslnet.mistakes import Mistakes
from dslnet.parse import parse
from dslnet.source import Source


def tokens(text: str) -> str:
    """The kinds of a text, as a string; `{` and `}` are INDENT and DEDENT, `;` is NEWLINE."""
    source, report = Source("test.net", text), Report()
    found = layout(source, Mistakes(source, report), DEFAULT)
    assert len(found.kinds) == len(found.words) == len(found.ends)
    assert not report.diagnostics
    return found.kinds


def codes(text: str, limits: Limits = DEFAULT) -> list[tuple[str, int, int]]:
    """Code, line and column of what is reported."""
    source, report = Source("test.net", text), Report()
    parse(source, report, limits)
    return [(d.code, *source.position(d.primary.span.start)) for d in report.sorted()]


# ----------------------------------------------------------------------------------------------------- layout


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("", "$"),
        ("\n\n# c\n  # d\n", "$"),
        ("a: A", "a:A;$"),
        ("a: A   # c\n\n", "a:A;$"),
        ("block A:\n  - B\n\n# c\n  - C\n", "DA:;{-A;-A;}$"),
        ("block A:\n  - r:\n      - C\n  - D\nblock E: F\n", "DA:;{-a:;{-A;}-A;}DA:A;$"),
        ("a: A\n  -> B\n# c\n\n-> C\n", "a:A>A>A;$"),
        ("a: x -> A\n     with b\n  # c\n  -> B(1)\n  by (b,\n    c)\nto: B", "a:a>Awa>A(0)w(a,a);w:A;$"),
        ("a: A(\n  1,  # c\n\n  2\n)\nb: B", "a:A(0,0);a:A;$"),
        ("block A:\n  - B([1,\n    2])\n  - C\n", "DA:;{-A([0,0]);-A;}$"),
        ("block: A\n", "D:A;$"),
        ("block A:\n  block: x -> model\n", "DA:;{a:a>a;}$"),
    ],
)
def test_lines_become_tokens(text: str, kinds: str) -> None:
    assert tokens(text) == kinds


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        # A line at the column of the opening line or left of it closes the bracket.
        ("block A:\n  - B(1,\n  - C\n", [("E0104", 2, 6)]),
        ("block A:\n  - B(1,\nblock C: D\n", [("E0104", 2, 6)]),
        # So does a lane, a name, a role, and a dash when nothing closes the bracket.
        ("block A:\n  - concat:\n      | B(1,\n      | C\n", [("E0104", 3, 10)]),
        ("block A:\n  - B(1,\n    y: C\n  - D\n", [("E0104", 2, 6), ("E0108", 3, 1)]),
        ("block A(x\n  input y: [B]\n  - C\n", [("E0104", 1, 8)]),
        ("block A:\n  - repeat (3:\n      - B\n      - C(1)\n", [("E0104", 2, 12)]),
        ("block A(x=1:\n  - B\n", [("E0104", 1, 8)]),
        # Only a closing bracket may stand at the column.
        ("block A:\n  - B(\n      1\n  )\n  - C\n", []),
        # An inner bracket is never closed, the outer one is.
        ("block A:\n  - B([1, 2)\n", [("E0104", 2, 7)]),
        ("block A:\n  - B(1]\n", [("E0107", 2, 8)]),
        ("block A:\n  - B(1))\n", [("E0106", 2, 9)]),
        (")\nblock A: B\n", [("E0106", 1, 1)]),
    ],
)
def test_brackets(text: str, wanted: list[tuple[str, int, int]]) -> None:
    assert codes(text) == wanted


def test_an_unclosed_bracket_does_not_lose_the_file() -> None:
    found = codes("block A:\n" + "  - B((\n" * 500)
    assert [line for _, line, _ in found] == list(range(2, 502))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("block A:\n  - if x:\n      - B\n    - C\n", [("E0102", 4, 1)]),
        ("block A:\n    - B\n  - C\n  - D\n", [("E0102", 3, 1)]),
        ("block A:\n\t- B\n\t- C\n  - D\n", [("E0103", 2, 1)]),
        ("block A:\n  - B\n      - C\n  - D\n", [("E0108", 3, 1)]),
        ("  - B\n", [("E0108", 1, 1)]),
        ("block A:\n  - B\n- C\n  - D\nblock E: F\n", [("E0102", 3, 1)]),
        ("block A:\n- B\n- C\nblock D: E\n", [("E0109", 1, 8)]),
    ],
)
def test_indentation(text: str, wanted: list[tuple[str, int, int]]) -> None:
    assert codes(text) == wanted


# ----------------------------------------------------------------------------------------------------- limits


def nested(depth: int) -> str:
    """A file whose lines are `depth` blocks deep."""
    lines = ["block A:"] + ["  " * n + "- residual:" for n in range(1, depth)] + ["  " * depth + "- B"]
    return "\n".join(lines) + "\n"


def line(body: str) -> str:
    return f"block A:\n  loss y: {body}\n"


LIMITS = {
    "indentation": (lambda n: nested(n), 64, "E0901"),
    "brackets": (lambda n: line("(" * n + "a" + ")" * n), 100, "E0902"),
    "operators": (lambda n: line("a" + " + a" * (n - 1)), 1000, "E0902"),  # the colon of the line counts
    "minuses": (lambda n: line("-" * (n - 1) + "a"), 1000, "E0902"),
    "indexes": (lambda n: line("a" + "[0]" * (n - 1)), 1000, "E0902"),
    "name": (lambda n: line("a" * n), 128, "E0905"),
    "string": (lambda n: line('"' + "a" * n + '"'), 4096, "E0905"),
    "line": (lambda n: line("a  #" + "c" * (n - len("  loss y: a  #"))), 65536, "E0905"),
    "tokens": (lambda n: "\n" * n, 200_000, "E0900"),
    "characters": (lambda n: "#" + "\n" * (n - 1), 1 << 20, "E0900"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_at_n_one_more_and_far_over(name: str) -> None:
    make, limit, code = LIMITS[name]
    wide = replace(DEFAULT, tokens=1 << 30) if name == "characters" else DEFAULT
    assert codes(make(limit), wide) == []
    assert [found for found, _, _ in codes(make(limit + 1), wide)] == [code]
    start = time.process_time()
    far = codes(make(limit * (2 if name == "characters" else 8)), wide)
    assert [found for found, _, _ in far] == [code]
    assert time.process_time() - start < 30


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (str(2**63 - 1), None),
        (str(2**63), "E0904"),
        ("0" * 30 + "7", None),
        ("9" * 5000, "E0904"),
        ("1e308", None),
        ("1e309", "E0903"),
        ("9" * 400 + ".0", "E0903"),
    ],
)
def test_numbers_too_large(number: str, code: str | None) -> None:
    assert [found for found, _, _ in codes(line(number))] == ([code] if code else [])


def test_limits_are_raised_by_the_caller() -> None:
    assert codes(nested(65), replace(DEFAULT, indentation=65)) == []
    assert codes("\n" * 20, replace(DEFAULT, tokens=10)) == [("E0900", 11, 1)]


def test_combinators_on_one_line_are_limited_too() -> None:
    deep = "block A:\n  - " + "residual: " * 127 + "B\n"
    assert codes(deep) == []
    assert codes(deep.replace("B\n", "residual: residual: B\n")) == [("E0902", 2, 3)]


def test_a_hostile_file_takes_linear_time() -> None:
    for text in ("(" * 190_000, "a" * 1_000_000, '"' * 190_000, "\u00a7" * 500_000, "- (\n " * 40_000, "{" * 190_000):
        start = time.process_time()
        parse(Source("test.net", text), Report())
        assert time.process_time() - start < 60, text[:10]


# ------------------------------------------------------------------------------------------------------ bytes


def read(data: bytes, limits: Limits = DEFAULT) -> tuple[Source | None, list[tuple[str, int, int]]]:
    report = Report()
    source = decode("test.net", data, report, limits)
    places = [(d.code, *report.sources["test.net"].position(d.primary.span.start)) for d in report.sorted()]
    return source, places


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"", ("E0002", 1, 1)),
        (b" \n\n", ("E0002", 1, 1)),
        (b"\xef\xbb\xbf", ("E0002", 1, 1)),
        (b"a: 1\rb: 2\n", ("E0003", 1, 5)),
        (b"a: 1 # \xff\n", ("E0004", 1, 7)),
        ("a: 1".encode("utf-16"), ("E0004", 1, 1)),
        ("a: 1".encode("utf-16-le"), ("E0004", 1, 1)),
        (b"\x89PNG\r\n\x1a\n", ("E0004", 1, 1)),
        (b"PK\x03\x04rest", ("E0004", 1, 1)),
        (pickle.dumps([1]), ("E0004", 1, 1)),
        (b"# a\x1b[31m\n", ("E0005", 1, 4)),
        (b"# \x7f\n", ("E0005", 1, 3)),
        ("# \u202e\n".encode(), ("E0006", 1, 3)),
        ("# \u2066\n".encode(), ("E0006", 1, 3)),
        (b"#" * ((1 << 20) + 1), ("E0900", 1, 1)),
    ],
)
def test_bytes_that_are_no_text(data: bytes, place: tuple[str, int, int]) -> None:
    source, places = read(data)
    assert source is None and places == [place]


def test_a_mark_and_crlf_are_dropped() -> None:
    source, places = read(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert source == Source("test.net", "a: 1\nb: 2\n") and not places


def test_lines_end_at_line_feeds_alone() -> None:
    source, places = read("# a\u2028b\u0085c\n".replace("\u0085", "").encode())
    assert source is not None and not places and len(source.starts) == 2


@pytest.mark.parametrize(
    ("text", "column"),
    [("\uff11", 4), ("\u0661", 4), ("\u2192", 4), ("x\u00e9", 4), ("\u00a0", 4)],
)
def test_only_ascii_outside_of_strings_and_comments(text: str, column: int) -> None:
    assert codes(f"a: {text}\n")[0] == ("E0101", 1, column)
    assert codes(f'a: "{text}" # {text}\n') == []
