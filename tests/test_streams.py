"""What becomes of output that cannot be written: a full disk, a reader that has gone, streams that are not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import dslnet
from dslnet.cli import main
from dslnet.terminal import progress

GOOD = "model M:\n  input x: [B, 4]\n  output y: Linear(2)\n"
COMMANDS = {
    "check": ["check", "m.net"],
    "check of mistakes": ["check", "bad.net"],
    "check as json": ["check", "--format", "json", "bad.net"],
    "summary": ["summary", "m.net"],
    "names": ["names", "m.net"],
    "source": ["compile", "m.net", "-o", "-"],
    "diff": ["fmt", "--diff", "odd.net"],
    "boxes": ["ops"],
    "pattern": ["new", "siamese", "-o", "-"],
    "page": ["explain", "E0303"],
    "help": ["--help"],
    "help of a command": ["compile", "--help"],
}
FULL = Path("/dev/full")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "m.net").write_text(GOOD)
    (tmp_path / "odd.net").write_text(GOOD.replace("Linear(2)", "Linear( 2 )"))
    (tmp_path / "bad.net").write_text(GOOD.replace("Linear", "Linaer"))
    return tmp_path


def start(folder: Path, words: list[str], shell: str) -> subprocess.CompletedProcess[str]:
    path = {**os.environ, "PYTHONPATH": str(Path(dslnet.__file__).parent.parent)}
    line = ["sh", "-c", f'"$@" {shell}', "sh", sys.executable, "-m", "dslnet", *words]
    return subprocess.run(line, cwd=folder, env=path, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.skipif(not FULL.exists(), reason="a device of Linux")
@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk(name: str, folder: Path) -> None:
    ran = start(folder, COMMANDS[name], "> /dev/full")
    assert ran.returncode == 1
    assert ran.stderr == "dslnet: the output cannot be written: No space left on device\n"


@pytest.mark.skipif(not FULL.exists(), reason="a device of Linux")
def test_full_everywhere(folder: Path) -> None:
    assert start(folder, ["check", "bad.net"], "> /dev/full 2> /dev/full").returncode == 1
    assert start(folder, ["nothing"], "> /dev/full 2> /dev/full").returncode == 2


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix")
@pytest.mark.parametrize("name", COMMANDS)
def test_streams_that_are_not_there(name: str, folder: Path) -> None:
    expected = start(folder, COMMANDS[name], "").returncode
    for shell in (">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"):
        ran = start(folder, COMMANDS[name], shell)
        assert (ran.returncode, "Traceback" in ran.stderr + ran.stdout) == (expected, False), shell


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix")
@pytest.mark.parametrize("name", COMMANDS)
def test_a_reader_that_has_gone(name: str, folder: Path) -> None:
    ran = start(folder, COMMANDS[name], "| head -c 1")
    assert ran.stderr == "" and len(ran.stdout) == 1


@pytest.mark.parametrize("where", ["click", "dslnet.commands", "dslnet.cli", "dslnet.build"])
def test_interrupted_while_it_is_loaded(where: str, folder: Path) -> None:
    """As early as anything of ours runs: no traceback, and the exit code of an interruption."""
    code = (
        "import sys, runpy\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *more):\n"
        f"        if name == {where!r}: raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "sys.argv = ['dslnet', 'summary', 'm.net']\n"
        "runpy.run_module('dslnet', run_name='__main__')"
    )
    path = {**os.environ, "PYTHONPATH": str(Path(dslnet.__file__).parent.parent)}
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=path, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr.strip()) == (130, "", "")


def test_names_of_files_move_no_cursor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "red\x1b[31m.net"
    file.write_text("model A:\n  input x: [B, 8]\n  output y:   Linear(2)\n")
    assert main(["check", str(file)]) == 0
    assert main(["fmt", "--check", str(file)]) == 1
    assert main(["fmt", str(file)]) == 0
    assert main(["summary", f"{file}:Missing"]) == 2
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err and "red\\x1b[31m.net" in said.err


@pytest.mark.parametrize("terminal", ["xterm", "dumb"])
def test_nothing_is_wiped_where_nothing_was_said(
    terminal: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", terminal)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with progress("reading"):
        pass
    assert capsys.readouterr().err == ""
