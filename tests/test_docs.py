"""The examples of the documentation do what it says. The fences are those of `tests/cases` (see `test_cases.py`)."""

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import test_cases
from test_cases import Case, cases_of

import dslnet
from dslnet.limits import DEFAULT, Limits

ROOT = Path(__file__).parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))
#: Every page that a reader may come to.
PAGES = [*DOCS, *(ROOT / name for name in (
    "README.md", "CONTRIBUTING.md", "SECURITY.md", "specs/README.md", "examples/README.md", "benchmarks/README.md",
    "docs/gallery/README.md",
))]  # fmt: skip
EXAMPLES = [case for page in DOCS for case in cases_of(page)]


@pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: f"{case.page.name}:{case.line}")
def test_example(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    test_cases.test_case(case, tmp_path, monkeypatch, request)


def test_python_of_the_language_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = ROOT / "docs" / "language.md"
    for case in cases_of(page):
        if case.name != "case.net":
            (tmp_path / case.name).write_text(case.text, encoding="utf-8")
    programs = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(programs) == 1
    exec(compile(programs[0], "language.md", "exec"), {})
    assert capsys.readouterr().out == "torch.Size([2, 5])\n"


def test_the_graph_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """The program of the map writes a graph, reads it, and makes the source of the model of it."""
    digits = re.search(
        r"^```net digits\.net\n(.*?)^```", (ROOT / "docs" / "language.md").read_text("utf-8"), re.M | re.S
    )
    (program,) = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "docs" / "architecture.md").read_text("utf-8"), re.M | re.S
    )
    assert digits is not None
    (tmp_path / "digits.net").write_text(digits[1], "utf-8")
    monkeypatch.chdir(tmp_path)
    exec(compile(program, "architecture.md", "exec"), {})
    assert "class Digits(nn.Module):" in capsys.readouterr().out


def test_blocks_of_the_readme(tmp_path: Path) -> None:
    fences = (ROOT / "README.md").read_text(encoding="utf-8").split("```")[1::2]
    blocks = [fence for fence in fences if fence.lstrip("\n").startswith("block ")]
    assert blocks
    for block in blocks:
        (tmp_path / "readme.net").write_text(block)
        assert not dslnet.check(tmp_path / "readme.net").diagnostics


def test_limits_are_the_documented_ones() -> None:
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    table = page[page.index("## Limits") : page.index("## Layout")]
    written = re.findall(r"^\| (.*) \| (.*) \|$", table, re.MULTILINE)[1:]
    found: dict[str, int] = {}
    for names, numbers in written:
        units = {"MiB": 1 << 20, "KiB": 1 << 10, "": 1}
        values = [
            int(n.replace(",", "")) * units[unit] for n, unit in re.findall(r"(\d[\d,]*\d|\d)(?: (MiB|KiB))?", numbers)
        ]
        found.update(zip(re.findall(r"`(\w+)`", names), values, strict=True))
    assert found == {name: getattr(DEFAULT, name) for name in Limits.__match_args__}  # type: ignore[attr-defined]


def test_index_of_diagnostics_is_current() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "index_codes.py"))["index"]()
    assert (ROOT / "docs" / "diagnostics.md").read_text(encoding="utf-8") == made, "run python docs/index_codes.py"


def links(page: Path) -> Iterator[tuple[str, Path, str]]:
    """Links and pictures of a page that lead to files: as written, the file, and the heading in it."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target:
            name, _, anchor = target.partition("#")
            yield target, (page.parent / name).resolve() if name else page, anchor


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, other, anchor in links(page):
        assert other.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", other.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^a-z0-9 -]", "", t.lower()).replace(" ", "-") for t in titles}, target


def test_every_page_is_reached_from_the_readme() -> None:
    found, new = set(), {ROOT / "README.md"}
    while new:
        found |= new
        new = {other for page in new if page.suffix == ".md" for _, other, _ in links(page)} - found
    assert [page.name for page in PAGES if page not in found] == []


def test_the_map_names_every_room_and_no_other() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = page[page.index("## Rooms") : page.index("## Laws")]
    rows = "".join(line for line in rooms.splitlines() if line.startswith("|"))
    named = set(re.findall(r"`([a-z_]+(?:\.py|/))`", rows))
    there = {p.name + "/" * p.is_dir() for p in (ROOT / "dslnet").iterdir() if not p.name.startswith(("__", "."))}
    assert named == there - {"py.typed"}


def test_the_map_names_the_layers_of_a_frame_in_order() -> None:
    from dslnet.build.body import Body

    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    layers = re.search(r"knows\s+those\s+before\s+it: (.*?)\. A\s+use", page, re.S)
    assert layers is not None
    written = re.findall(r"`(\w+)`", layers[1])
    assert written == [cls.__module__.rpartition(".")[2] for cls in reversed(Body.__mro__[:-1])]


def test_the_operator_of_the_contributor_is_sound() -> None:
    """The class that the page shows: its examples are run in PyTorch and onnxruntime."""
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    from onnx_harness import operator_difference
    from operator_harness import check

    from dslnet.ops import OPERATORS

    (program,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.M | re.S)
    names: dict[str, Any] = {"__name__": "dslnet.ops.shown", "__package__": "dslnet.ops"}
    try:
        exec(compile(program, "CONTRIBUTING.md", "exec"), names)
        shrink = OPERATORS["Shrink"]
        assert len(shrink.examples()) == 2
        for before, after in shrink.examples():
            check(shrink, before, after)
            assert operator_difference(before, 20, {}) <= 1e-5
    finally:
        OPERATORS.pop("Shrink", None)


def test_every_benchmark_is_listed() -> None:
    text = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+\.py)`", text, re.M)) == {p.name for p in (ROOT / "benchmarks").glob("*.py")}
