"""The examples of the documentation do what it says. The fences are those of `tests/cases` (see `test_cases.py`)."""

import re
import runpy
from pathlib import Path

import pytest
import test_cases
from test_cases import Case, cases_of

import dslnet
from dslnet.limits import DEFAULT, Limits

ROOT = Path(__file__).parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))
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


@pytest.mark.parametrize("page", [*DOCS, ROOT / "README.md", ROOT / "benchmarks" / "README.md"], ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        assert other.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", other.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^a-z0-9 -]", "", t.lower()).replace(" ", "-") for t in titles}, target


def test_the_map_names_files_that_exist() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = page[page.index("## Rooms") : page.index("## Laws")]
    for name in re.findall(r"`([a-z_/]+(?:\.py|/))`", rooms):
        assert any((folder / name).exists() for folder in (ROOT, ROOT / "dslnet")), name
