"""The catalogue of codes and their pages: complete, and both specs of each page do what the page says."""

import re
from pathlib import Path

import pytest

import dslnet
from dslnet.codes import CATALOGUE, family, page
from dslnet.resources import pages

PACKAGE = Path(dslnet.__file__).parent

#: Codes that no text of a single spec can show, and why.
NOT_A_SPEC = {
    "E0002": "the file is empty",
    "E0003": "bytes that a page cannot hold",
    "E0004": "bytes that a page cannot hold",
    "E0005": "bytes that a page cannot hold",
    "E0006": "bytes that a page cannot hold",
    "E0103": "a tab, which a page should not hold",
    "E0806": "what the path is",
    "E0807": "what the path is",
    "E0808": "what the path is",
    "E0810": "an output",
    "E0811": "an output",
    "E0812": "an output",
    "E0813": "an output",
    "E0814": "an output",
    "E0815": "an output",
    "E0816": "an output",
    "E0817": "found when a module is built",
    "E0818": "what the caller allows",
    "E0820": "found when a graph is exported",
    "E0821": "found when an exported graph is run",
    "E0822": "a line of a table of names",
    "E0823": "found when a module is built",
    "E0830": "the data of a training",
    "E0831": "the data of a training",
    "E0832": "the data of a training",
    "E0833": "the data of a training",
    "E0834": "the data of a training",
    "E0835": "the data of a training",
    "E0836": "found while training",
    "E0837": "a file of a run",
    "W0441": "found when a module is built",
    "E0900": "too long for a page",
    "E0901": "too long for a page",
    "E0902": "too long for a page",
    "E0903": "too long for a page",
    "E0906": "too long for a page",
    "E0909": "needs many files",
    "E0910": "too long for a page",
    "E0911": "too long for a page",
    "E9001": "a bug of ours",
}

#: Bytes for codes whose page describes them.
BYTES = {
    "E0002": b"\n  \n",
    "E0003": b"model M:\r  input x: [B, 8]\r",
    "E0004": b"PK\x03\x04\x14\x00",
    "E0005": b"# a bell \x07\n",
    "E0006": "# a \u202e b\n".encode(),
    "E0103": b"model M:\n\tinput x: [B, 8]\n\toutput y: Linear(8)\n",
}


def fences(code: str) -> list[tuple[str, str]]:
    """The fenced texts of a page with their kinds."""
    text = page(code)
    assert text is not None
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def check(folder: Path, data: bytes) -> list[str]:
    """The codes that a file gives, with its text as a help for whoever reads a failure."""
    path = folder / "main.net"
    path.write_bytes(data)
    return [d.code for d in dslnet.check(path).sorted()]


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert {p.stem for p in pages().glob("*.md")} == set(CATALOGUE)


def test_every_code_of_the_package_is_in_the_catalogue() -> None:
    used = set()
    for path in PACKAGE.rglob("*.py"):
        used |= set(re.findall(r'"([EW]\d{4})"', path.read_text(encoding="utf-8")))
    assert used <= set(CATALOGUE)
    assert all(family(code) for code in used)


@pytest.mark.parametrize("code", CATALOGUE)
def test_form(code: str) -> None:
    text = page(code) or ""
    assert text.startswith(f"# {code}: {CATALOGUE[code]}\n\n")
    assert text.count("\nWrong:\n") == text.count("\nRight:\n") == 1
    assert [kind for kind, _ in fences(code)] in (["net", "net"], ["text", "net"], ["text", "text"])
    assert (fences(code)[0][0] == "text") == (code in NOT_A_SPEC)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert all(len(line) <= 120 for line in prose.splitlines())


@pytest.mark.parametrize("code", [c for c in CATALOGUE if c not in NOT_A_SPEC])
def test_wrong(code: str, tmp_path: Path) -> None:
    assert check(tmp_path, fences(code)[0][1].encode()) == [code]


@pytest.mark.parametrize("code", BYTES)
def test_wrong_bytes(code: str, tmp_path: Path) -> None:
    assert check(tmp_path, BYTES[code]) == [code]


@pytest.mark.parametrize("code", [c for c in CATALOGUE if fences(c)[1][0] == "net"])
def test_right(code: str, tmp_path: Path) -> None:
    assert check(tmp_path, fences(code)[1][1].encode()) == []
