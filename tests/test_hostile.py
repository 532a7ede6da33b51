"""Small hostile files: what each comes to is written beside it, and what checks without a word also runs.

`hostile/*.txt` hold files under `=== name | codes of the errors`; a text without a `model` line is the body of one
with the input `x: [B, 4]`. Files made of bytes, of many lines or of several files are here.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from checking import check_text, codes, inside, runs

import dslnet
from dslnet.cli import main
from dslnet.ops.internal import PythonBox

HOSTILE = Path(__file__).parent / "hostile"
MODEL = "model M:\n  input x: [B, 4]\n"


def sections() -> Iterator[tuple[str, str, str]]:
    """(name, expected codes, text) of the files under `hostile`."""
    for path in sorted(HOSTILE.glob("*.txt")):
        text = path.read_text("utf-8")
        for name, wanted, body in re.findall(r"^=== (.*?) \|(.*)\n((?:(?!=== ).*\n)*)", text, re.MULTILINE):
            if not re.search(r"^(model|block) ", body, re.MULTILINE):
                body = MODEL + "".join(f"  {line}\n" if line else "\n" for line in body.splitlines())
            yield name, wanted.strip(), body


SECTIONS = list(sections())

#: Bytes: name, content, expected codes.
BYTES: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "E0002"),
    ("spaces", b"   \n \n", "E0002"),
    ("a mark alone", b"\xef\xbb\xbf", "E0002"),
    ("a comment alone", b"# nothing\n", ""),
    ("a mark and a model", b"\xef\xbb\xbf" + MODEL.encode() + b"  - Linear(3)\n", ""),
    ("two marks", b"\xef\xbb\xbf\xef\xbb\xbf" + MODEL.encode() + b"  - Linear(3)\n", "E0101"),
    ("CRLF", (MODEL + "  - Linear(3)\n").replace("\n", "\r\n").encode(), ""),
    ("a lone CR", (MODEL + "  - Linear(3)\n").replace("\n", "\r").encode(), "E0003"),
    ("no line feed at the end", MODEL.encode() + b"  - Linear(3)", ""),
    ("UTF-16", (MODEL + "  - Linear(3)\n").encode("utf-16"), "E0004"),
    ("UTF-16 without a mark", (MODEL + "  - Linear(3)\n").encode("utf-16-le"), "E0004"),
    ("UTF-32", (MODEL + "  - Linear(3)\n").encode("utf-32"), "E0004"),
    ("Latin-1", "# caf\xe9\n".encode("latin-1") + MODEL.encode(), "E0004"),
    ("an overlong letter", b"\xc0\xaf" + MODEL.encode(), "E0004"),
    ("a surrogate", b"# \xed\xa0\x80\n" + MODEL.encode(), "E0004"),
    ("beyond Unicode", b"# \xf5\x80\x80\x80\n" + MODEL.encode(), "E0004"),
    ("cut in a letter", MODEL.encode() + b"  - Linear(3) # \xe2\x82", "E0004"),
    ("a NUL", MODEL.encode() + b"  - Linear(3) # \x00\n", "E0005"),
    ("an escape", MODEL.encode() + b"  - Linear(3) # \x1b[2J\x1b]0;x\x07\n", "E0005"),
    ("a form feed", b"\x0c" + MODEL.encode() + b"  - Linear(3)\n", "E0005"),
    ("a C1 control", "# \x85\n".encode() + MODEL.encode() + b"  - Linear(3)\n", "E0005"),
    ("a bidi override", "# \u202e gnirts\n".encode() + MODEL.encode() + b"  - Linear(3)\n", "E0006"),
    ("an isolate in a string", MODEL.encode() + '  - Rearrange("b d -> \u2066b d")\n'.encode(), "E0006"),
    ("a line separator in a comment", "# a\u2028b\n".encode() + MODEL.encode() + b"  - Linear(3)\n", ""),
    ("a PNG", b"\x89PNG\r\n\x1a\n" + bytes(64), "E0004"),
    ("a zip", b"PK\x03\x04" + bytes(64), "E0004"),
    ("a pickle", b"\x80\x04\x95" + b"cos\nsystem\n(S'true'\ntR.", "E0004"),
    ("a gzip", b"\x1f\x8b" + bytes(64), "E0004"),
    ("a program", b"\x7fELF" + bytes(64), "E0004"),
    ("random bytes", bytes(range(128, 256)) * 8, "E0004"),
    ("tabs", b"model M:\n\tinput x: [B, 4]\n\t- Linear(3)\n", "E0103"),
    ("a tab after spaces", MODEL.encode() + b"  \t- Linear(3)\n", "E0103"),
    ("1 MiB and a byte", b"#" * (1 << 20) + b"\n", "E0900"),
    ("a line of 70,000", b"# " + b"x" * 70_000 + b"\n" + MODEL.encode() + b"  - Linear(3)\n", "E0905"),
    ("a thousand openings", MODEL.encode() + b"  - Linear(" + b"(" * 1000 + b"\n", "E0902"),
    ("a thousand closings", MODEL.encode() + b"  - Linear(3)" + b")" * 1000 + b"\n", "E0106"),
    ("deep indentation", MODEL.encode() + b"".join(b" " * (2 + 4 * n) + b"- residual:\n" for n in range(80)), "E0901"),
    ("a sum of two thousand", MODEL.encode() + b"  output y: x" + b" + x" * 2000 + b"\n", "E0902"),
    ("a chain of two thousand", MODEL.encode() + b"  - Tanh" + b" -> Tanh" * 2000 + b"\n", ""),
    ("300,000 tokens", MODEL.encode() + b"  - (" + b"x, " * 150_000 + b"x)\n", "E0900"),
    ("digits", b"a: " + b"9" * 5000 + b"\n" + MODEL.encode() + b"  - Linear(3)\n", "E0904"),
    ("a power of powers", b"a: 9 ** 9 ** 9\n" + MODEL.encode() + b"  - Linear(a)\n", "E0904"),
    ("a float too large", MODEL.encode() + b"  - Linear(3) -> Dropout(1e999)\n", "E0903"),
]  # fmt: skip


def imports(main: str, **others: str) -> dict[str, str]:
    return {"main.net": main, **{f"{name}.net": text for name, text in others.items()}}


P = "block P:\n  - Linear(4)\n"
USE = MODEL + "  - P\n"
#: Several files: name, files, expected codes.
FILES: list[tuple[str, dict[str, str], str]] = [
    ("another file", imports('use P from "a.net"\n' + USE, a=P), ""),
    ("itself", imports('use P from "main.net"\n' + USE), "E0802"),
    (
        "a circle",
        imports(
            'use P from "a.net"\n' + USE, a='use Q from "b.net"\n' + P, b='use P from "a.net"\nblock Q:\n  - Tanh\n'
        ),
        "E0802",
    ),
    ("a name that is not there", imports('use Q from "a.net"\n' + MODEL + "  - Q\n", a=P), "E0809"),
    ("a name twice", imports('use P, P from "a.net"\n' + USE, a=P), "E0203"),
    (
        "two names alike",
        imports('use P as Q from "a.net"\nuse P as Q from "a.net"\n' + MODEL + "  - Q\n", a=P),
        "E0203",
    ),
    ("a name of an operator", imports('use P as Linear from "a.net"\n' + MODEL + "  - Linear(3)\n", a=P), "E0204"),
    ("a name of the prelude", imports('use P as SwiGLU from "a.net"\n' + MODEL + "  - SwiGLU\n", a=P), ""),
    ("a file that is not there", imports('use P from "b.net"\n' + USE, a=P), "E0801"),
    ("a file with mistakes", imports('use P from "a.net"\n' + USE, a="block P:\n  - Linear(\n"), "E0104"),
    ("an empty file", imports('use P from "a.net"\n' + USE, a=""), "E0002"),
    ("a URL", imports('use P from "https://example.com/a.net"\n' + USE), "E0805"),
    ("a URL of a file", imports('use P from "file:///etc/passwd.net"\n' + USE), "E0805"),
    ("an absolute path", imports('use P from "/etc/passwd.net"\n' + USE), "E0804"),
    ("a drive", imports('use P from "C:a.net"\n' + USE), "E0804"),
    ("a share", imports('use P from "\\\\\\\\host\\\\a.net"\n' + USE), "E0804"),
    ("above the root", imports('use P from "../a.net"\n' + USE), "E0803"),
    ("above the root and back", imports('use P from "../x/a.net"\n' + USE), "E0803"),
    ("another suffix", imports('use P from "a.py"\n' + USE), "E0803"),
    ("no suffix", imports('use P from "a"\n' + USE), "E0803"),
    ("a device", imports('use P from "con.net"\n' + USE), "E0804"),
    ("a trailing dot", imports('use P from "a.net."\n' + USE), "E0804"),
    ("an empty path", imports('use P from ""\n' + USE), "E0804"),
    ("a home", imports('use P from "~/a.net"\n' + USE), "E0804"),
    ("a NUL", imports('use P from "a\0.net"\n' + USE), "E0005"),
    ("a long path", imports(f'use P from "{"a/" * 2000}b.net"\n' + USE), "E0801"),
    ("a shipped file", imports("use ResNet18 from specs.resnet\nmodel M: ResNet18(classes=3)\n"), ""),
    ("a shipped file that is not there", imports("use R from specs.nowhere\n" + MODEL + "  - R\n"), "E0801"),
    ("a shipped file above", imports("use R from specs.std.attention\n" + MODEL + "  - R\n"), "E0809"),
    ("a constant of another file", imports('n: 9\nuse P from "a.net"\n' + USE, a="block P:\n  - Linear(n)\n"), "E0201"),
    ("a block of the importing file", imports('use P from "a.net"\nblock Q:\n  - Tanh\n' + USE,
                                              a="block P:\n  - Q\n"), "E0202"),
]  # fmt: skip


def ids(row: tuple[str, object, str]) -> str:
    return row[0].replace(" ", "-")


def test_there_are_enough() -> None:
    assert len(SECTIONS) + len(BYTES) + len(FILES) >= 400
    assert len({name for name, _, _ in SECTIONS}) == len(SECTIONS)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network and no process, whatever a file says."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a spec may not do that")

    for owner, name in ((socket, "socket"), (subprocess, "Popen"), (os, "system"), (os, "fork")):
        monkeypatch.setattr(owner, name, refuse)


def verdict(text: str | bytes, folder: Path, others: dict[str, str] | None = None) -> tuple[str, dict[str, object]]:
    before = {*folder.iterdir(), folder / "main.net", *(folder / name for name in others or {})}
    report, models = check_text(text, folder, others=others)
    inside(report)
    assert set(folder.iterdir()) <= before, "a check writes nothing"
    return codes(report), dict(models)


@pytest.mark.parametrize("case", SECTIONS, ids=ids)
def test_text(case: tuple[str, str, str], tmp_path: Path) -> None:
    found, models = verdict(case[2], tmp_path)
    assert found == case[1]
    for model in models.values() if not found else ():
        if not any(isinstance(n.operator, PythonBox) for d in model.definitions.values() for n in d.nodes()):
            runs(model)


@pytest.mark.parametrize("case", BYTES, ids=ids)
def test_bytes(case: tuple[str, bytes, str], tmp_path: Path) -> None:
    found, models = verdict(case[1], tmp_path)
    assert found == case[2]
    for model in models.values():
        runs(model)


@pytest.mark.parametrize("case", FILES, ids=ids)
def test_files(case: tuple[str, dict[str, str], str], tmp_path: Path) -> None:
    others = dict(case[1])
    assert verdict(others.pop("main.net"), tmp_path, others)[0] == case[2]


# ------------------------------------------------------------------------------------- what is not a file


def test_links_pipes_and_folders(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    folder = tmp_path / "in"
    (tmp_path / "out.net").write_text(P)
    (folder / "away.net").symlink_to(tmp_path / "out.net")
    (folder / "loop.net").symlink_to(folder / "loop.net")
    (folder / "near.net").symlink_to(folder / "real.net")
    (folder / "real.net").write_text(P)
    (folder / "zero.net").symlink_to("/dev/zero")
    (folder / "folder.net").mkdir()
    os.mkfifo(folder / "pipe.net")
    wanted = {"away": "E0803", "loop": "E0807", "near": "", "zero": "E0803", "folder": "E0806", "pipe": "E0806"}
    for name, code in wanted.items():
        assert codes(check_text(f'use P from "{name}.net"\n' + USE, folder)[0]) == code, name


def test_a_file_of_the_name_of_a_shipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages show the text that they are about."""
    monkeypatch.undo()
    for name in ("std", "specs"):
        (tmp_path / name).mkdir()
    (tmp_path / "std" / "attention.net").write_text("block Mine:\n  - Attention(3) -> Linear(4)\n")
    (tmp_path / "specs" / "mlp.net").write_text("block Other:\n  - Attention(5)\n")
    text = 'use Mine from "std/attention.net"\nuse MLP from specs.mlp\nuse Other from "specs/mlp.net"\n'
    (tmp_path / "main.net").write_text(
        f"{text}model M:\n  input x: [B, T, 8]\n  a: x -> Mine\n  b: x -> Other\n  output y: (a, b) -> Concat(axis=2)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "dslnet", "check", "main.net"], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(dslnet.__file__).parent.parent)}, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "--> std/attention.net:2:15\n2 |   - Attention(3)" in ran.stdout + ran.stderr
    assert re.search(r"--> specs/(\./)?mlp\.net:2:15\n2 \|   - Attention\(5\)", ran.stdout + ran.stderr)


def test_nothing_of_a_refused_file_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.net").write_text("block Secret(password):\n  - Hunter2\n")
    (tmp_path / "in" / "away.net").symlink_to(tmp_path / "secret.net")
    (tmp_path / "in" / "main.net").write_text('use P from "away.net"\n' + USE)
    assert main(["check", str(tmp_path / "in" / "main.net")]) == 1
    shown = capsys.readouterr()
    assert "Hunter2" not in shown.out + shown.err and "password" not in shown.out + shown.err


# ------------------------------------------------------------------------------------------- in a process

ALONE = """
import json, resource, socket, subprocess, os, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (5, 6))
def refuse(*_, **__): raise SystemError("a spec may not do that")
socket.socket = subprocess.Popen = os.system = os.fork = refuse
from dslnet.cli import main
print(json.dumps([main(["check", "--format", "short", name]) for name in json.load(sys.stdin)]))
assert not {"torch", "onnx", "numpy", "sympy"} & set(sys.modules)
"""


def test_within_a_gibibyte_and_five_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample of the files, all in one process: exit codes 0 and 1, and never 3."""
    monkeypatch.undo()
    texts = {f"{n}.net": text.encode() for n, (_, _, text) in enumerate(SECTIONS[::6])}
    texts |= {f"b{n}.net": data for n, (_, data, _) in enumerate(BYTES)}
    for name, data in texts.items():
        (tmp_path / name).write_bytes(data)
    before = sorted(tmp_path.iterdir())
    path = {**os.environ, "PYTHONPATH": str(Path(dslnet.__file__).parent.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", ALONE], input=json.dumps(list(texts)), cwd=tmp_path, env=path,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "Traceback" not in ran.stdout + ran.stderr
    exits = json.loads(ran.stdout.splitlines()[-1])
    expected = [int(bool(w)) for _, w, _ in SECTIONS[::6]] + [int(bool(w)) for _, _, w in BYTES]
    assert exits == expected
    assert sorted(tmp_path.iterdir()) == before
