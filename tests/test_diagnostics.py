"""Reports, suggestions, and the form of diagnostics."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dslnet.diagnostics import Diagnostic, Help, Label, Report, did_you_mean, distance
from dslnet.render import FORMATS, render
from dslnet.source import Source, Span

A = Span("a.net", 0, 1)


def test_a_report_keeps_one_of_a_kind() -> None:
    report = Report()
    report.error("E0201", "first", A)
    report.error("E0201", "again", A)
    report.error("E0202", "another code", A)
    report.error("W0401", "a warning", A, severity="warning")
    assert [d.title for d in report.diagnostics] == ["first", "another code", "a warning"]
    assert (report.errors, report.warnings) == (2, 1)


def test_order_is_by_place() -> None:
    report = Report()
    for file, start in (("b.net", 0), ("a.net", 9), ("a.net", 2)):
        report.error("E0201", f"{file} {start}", Span(file, start, start + 1))
    assert [d.title for d in report.sorted()] == ["a.net 2", "a.net 9", "b.net 0"]


def test_helps_may_be_strings() -> None:
    report = Report()
    report.error("E0201", "t", A, helps=["one", Help("two", sure=True)])
    assert report.diagnostics[0].helps == (Help("one"), Help("two", sure=True))


def test_distance() -> None:
    assert distance("abc", "abc", 3) == 0
    assert distance("abc", "acb", 3) == 1  # neighbours swapped
    assert distance("abc", "ab", 3) == 1
    assert distance("kitten", "sitting", 3) == 3
    assert distance("a", "abcdef", 2) == 3
    assert distance("abcdef", "uvwxyz", 2) == 3


def test_did_you_mean() -> None:
    assert did_you_mean("hiden", ["hidden", "width"]) == ["hidden"]
    assert did_you_mean("linaer", ["Linear", "Bilinear"]) == ["Linear"]
    assert did_you_mean("linear", ["Linear", "Bilinear"]) == ["Linear"]  # capitals alone: there is no doubt
    assert did_you_mean("h", ["B", "b", "h1", "H"]) == ["H"]
    assert did_you_mean("h", ["B", "b", "h1"]) == ["h1"]  # one letter in place of another is another name
    assert did_you_mean("filters", ["out_channels", "stride"], {"filters": "out_channels"}) == ["out_channels"]
    assert did_you_mean("filters", ["stride"], {"filters": "out_channels"}) == []
    assert len(did_you_mean("aaaa", ["aaab", "aaac", "aaad", "aaae"])) == 3
    assert did_you_mean("x", []) == []


def test_candidates_are_bounded() -> None:
    assert did_you_mean("wanted", [f"name{n}" for n in range(500)] + ["wanted"]) == []


TEXT = st.text(st.characters(), max_size=60)


@given(TEXT, st.lists(st.tuples(st.integers(0, 70), st.integers(0, 70), TEXT), min_size=1, max_size=5), TEXT)
@settings(max_examples=300, deadline=None)
def test_anything_can_be_rendered(text: str, places: list[tuple[int, int, str]], title: str) -> None:
    """Any text with any spans: no failure, nothing sent raw, and each format keeps to its lines."""
    source = Source("a.net", text)
    labels = [Label(source.span(start, start + length), words) for start, length, words in places]
    diagnostic = Diagnostic("E0100", title, labels[0], tuple(labels[1:]), (title,), (Help(title),))
    report = Report([diagnostic], {"a.net": source})
    for format in FORMATS:
        out = render(report, format)
        assert out.endswith("\n")
        assert all(c == "\n" or c.isprintable() for c in out), format
    assert len(render(report, "json").splitlines()) == 1
    assert len(render(report, "github").split("\n")) == 2
    assert len(render(report, "short").split("\n")) == 2
