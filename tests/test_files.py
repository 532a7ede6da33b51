"""Reading and writing: each refusal with a real file, and every fault leaves the old file or the new one."""

import errno
import hashlib
import io
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from dslnet import files
from dslnet.diagnostics import Diagnostic, Report
from dslnet.files import Refusal, read_spec, resolve_import, write_output
from dslnet.limits import Limits
from dslnet.seals import seal, unchanged

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def refused(path: str | Path, **options: object) -> Diagnostic:
    report = Report()
    assert read_spec(path, report, **options) is None  # type: ignore[arg-type]
    (diagnostic,) = report.diagnostics
    return diagnostic


# ------------------------------------------------------------------------------------------------ reading


def test_reads_a_file(folder: Path) -> None:
    (folder / "a.net").write_bytes(b"width: 3\r\n")
    report = Report()
    assert read_spec("a.net", report) == b"width: 3\r\n"
    assert read_spec(folder / "a.net", report, root=folder) == b"width: 3\r\n"
    assert not report.diagnostics


def test_missing(folder: Path) -> None:
    (folder / "resnet.net").touch()
    diagnostic = refused("resnte.net")
    assert diagnostic.code == "E0801"
    assert diagnostic.primary.span == ("resnte.net", 0, 0)
    assert [h.text for h in diagnostic.helps] == ["did you mean `resnet.net`?"]
    assert refused("no/such/a.net").code == "E0801"
    assert refused("resnet.net/a.net").code == "E0801"


def test_the_place_that_asked_is_shown() -> None:
    from dslnet.source import Span

    report = Report()
    read_spec("none.net", report, span=Span("main.net", 3, 9))
    assert report.diagnostics[0].primary.span == ("main.net", 3, 9)


def test_suffix(folder: Path) -> None:
    (folder / "a.txt").write_text("secret")
    assert refused("a.txt").code == "E0803" and not refused("a.txt").helps
    assert "the spec that it was made from" in refused("graph.json").helps[0].text
    (folder / "a.net").symlink_to("a.txt")
    assert refused("a.net").code == "E0803"


def test_outside_the_root(folder: Path) -> None:
    (folder / "in").mkdir()
    (folder / "secret.net").write_text("width: 1\n")
    (folder / "in" / "link.net").symlink_to("../secret.net")
    (folder / "in" / "up").symlink_to("..")
    assert refused("in/link.net", root=folder / "in").code == "E0803"
    assert refused("in/up/secret.net", root=folder / "in").code == "E0803"
    assert read_spec("in/link.net", Report(), root=folder) == b"width: 1\n"
    # a folder whose name begins like the root's is not below it
    (folder / "inner").mkdir()
    (folder / "inner" / "a.net").touch()
    assert refused("inner/a.net", root=folder / "in").code == "E0803"


def test_not_a_regular_file(folder: Path) -> None:
    (folder / "dir.net").mkdir()
    assert refused("dir.net").code == "E0806"
    os.mkfifo(folder / "pipe.net")
    assert refused("pipe.net").code == "E0806"  # and does not wait for a writer
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.net")
        assert refused("socket.net").code == "E0806"
    (folder / "device.net").symlink_to("/dev/zero")
    assert refused("device.net").code == "E0803"


def test_device(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that has the right suffix, which takes rights to make."""
    (folder / "zero.net").touch()
    monkeypatch.setattr(files.os, "open", lambda *a, real=os.open: real("/dev/zero", *a[1:]))
    assert refused("zero.net").code == "E0806"


def test_link_loop(folder: Path) -> None:
    (folder / "a.net").symlink_to("b.net")
    (folder / "b.net").symlink_to("a.net")
    assert refused("a.net").code == "E0807"


def test_swapped_for_a_link(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is opened is the real path, without following: a link put there in between is not read."""
    (folder / "other.net").write_text("other")
    (folder / "link.net").symlink_to("other.net")
    monkeypatch.setattr(files.os.path, "realpath", lambda path, strict=False: str(folder / "link.net"))
    assert refused("link.net").code == "E0807"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EMFILE])
def test_not_readable(folder: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    (folder / "a.net").touch()

    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "open", fail)
        assert refused("a.net").code == "E0808"
    monkeypatch.setattr(files.os, "read", fail)
    assert refused("a.net").code == "E0808"


@pytest.mark.skipif(AS_ROOT, reason="root may read everything")
def test_without_the_right(folder: Path) -> None:
    (folder / "a.net").touch(0o000)
    assert refused("a.net").code == "E0808"


@pytest.mark.parametrize("path", ["a\0b.net", "x" * 5000 + ".net", "\ud800.net"])
def test_impossible_paths(path: str) -> None:
    assert refused(path).code in ("E0804", "E0801")


@pytest.mark.parametrize("size", [99, 100, 101, 10_000])
def test_size(folder: Path, size: int) -> None:
    (folder / "a.net").write_bytes(b"#" * size)
    limits = Limits(file_bytes=100)
    if size <= 100:
        assert read_spec("a.net", Report(), limits) == b"#" * size
    else:
        assert refused("a.net", limits=limits).code == "E0900"


def test_no_more_than_the_limit_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.net").write_bytes(b"#" * 5000)
    taken = 0

    def read(descriptor: int, count: int, real=os.read) -> bytes:  # type: ignore[no-untyped-def]
        nonlocal taken
        data: bytes = real(descriptor, count)
        taken += len(data)
        return data

    monkeypatch.setattr(files.os, "read", read)
    refused("a.net", limits=Limits(file_bytes=100))
    assert taken == 101


# ------------------------------------------------------------------------------------------------ imports


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("a.net", "/r/sub/a.net"),
        ("./a.net", "/r/sub/a.net"),
        ("x/a-b_c.1.net", "/r/sub/x/a-b_c.1.net"),
        ("../a.net", "/r/a.net"),
        ("x/../../y/a.net", "/r/y/a.net"),
    ],
)
def test_resolves(origin: str, expected: str) -> None:
    assert resolve_import(origin, Path("/r/sub/main.net"), Path("/r")) == Path(expected)


@pytest.mark.parametrize(
    ("origin", "code"),
    [
        ("https://example.org/a.net", "E0805"),
        ("file:///etc/passwd.net", "E0805"),
        ("/etc/a.net", "E0804"),
        ("C:x.net", "E0804"),
        ("C:\\x.net", "E0804"),
        ("\\\\server\\share\\a.net", "E0804"),
        ("a:stream.net", "E0804"),
        ("~/a.net", "E0804"),
        ("~user/a.net", "E0804"),
        ("a\0.net", "E0804"),
        ("a b.net", "E0804"),
        ("é.net", "E0804"),
        ("a//b.net", "E0804"),
        ("", "E0804"),
        ("x./a.net", "E0804"),
        (".../a.net", "E0804"),
        ("CON.net", "E0804"),
        ("con.a.net", "E0804"),
        ("lpt1/a.net", "E0804"),
        ("a.net ", "E0804"),
        ("a.net\n", "E0804"),
        ("a.txt", "E0803"),
        ("a", "E0803"),
        ("..", "E0804"),
        ("../../a.net", "E0803"),
        ("../../r/a.net", "E0803"),
        ("x/../../../a.net", "E0803"),
    ],
)
def test_refuses(origin: str, code: str) -> None:
    result = resolve_import(origin, Path("/r/sub/main.net"), Path("/r"))
    if origin == "..":
        code = "E0803"
    assert isinstance(result, Refusal)
    assert result.code == code


# ------------------------------------------------------------------------------------------------ writing

OURS = seal("# Written by dslnet.", "x = 1\n").encode()
NEW = seal("# Written by dslnet.", "x = 2\n").encode()


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def code_of(path: str | Path, data: bytes = NEW, **options: object) -> str:
    report = Report()
    done = write_output(path, data, report, **options)  # type: ignore[arg-type]
    assert done is (not report.diagnostics)
    return report.diagnostics[0].code if report.diagnostics else ""


def test_seal() -> None:
    assert unchanged(OURS)
    assert not unchanged(OURS + b"#")
    assert not unchanged(OURS.replace(b"x = 1", b"x = 7"))
    assert not unchanged(b"") and not unchanged(b"x = 1\n") and not unchanged(b"# dslnet sha256:12\n")
    assert unchanged(b'"""Title."""\n' + OURS)
    assert not unchanged(b"\n\n\n" + OURS)
    body = b"x = 1\n"
    digest = hashlib.sha256(body).hexdigest().encode()
    assert unchanged(b"# Generated by dslnet; do not edit.\n# sha256: " + digest + b"\n" + body)
    assert not unchanged(b"# Generated by somebody.\n# sha256: " + digest + b"\n" + body)


def test_writes_and_replaces(folder: Path) -> None:
    assert code_of("out.py", OURS) == ""
    assert (folder / "out.py").read_bytes() == OURS
    (folder / "out.py").chmod(0o640)
    assert code_of("out.py", NEW) == ""
    assert (folder / "out.py").read_bytes() == NEW
    assert stat.S_IMODE((folder / "out.py").stat().st_mode) == 0o640
    assert names(folder) == ["out.py"]


def test_a_new_file_has_the_usual_mode(folder: Path) -> None:
    old = os.umask(0o027)
    try:
        assert code_of("out.py") == ""
    finally:
        os.umask(old)
    assert stat.S_IMODE((folder / "out.py").stat().st_mode) == 0o640


def test_does_not_replace_what_is_not_ours(folder: Path) -> None:
    for content in (b"", b"mine\n", OURS + b"# an edit\n"):
        (folder / "out.py").write_bytes(content)
        assert code_of("out.py") == "E0810"
        assert (folder / "out.py").read_bytes() == content
    assert code_of("out.py", force=True) == ""
    assert (folder / "out.py").read_bytes() == NEW
    assert names(folder) == ["out.py"]


@pytest.mark.parametrize("force", [False, True])
def test_never_written(folder: Path, force: bool) -> None:
    (folder / "dir").mkdir()
    (folder / "a.net").write_bytes(OURS)
    (folder / "link.py").symlink_to("target.py")
    (folder / "dangling.py").symlink_to("nowhere")
    (folder / "target.py").write_bytes(OURS)
    os.link("a.net", "hard.net")
    os.mkfifo("pipe.py")
    before = names(folder)
    assert code_of("dir", force=force) == "E0811"
    assert code_of("dir/", force=force) == "E0811"
    assert code_of("pipe.py", force=force) == "E0811"
    assert code_of("link.py", force=force) == "E0812"
    assert code_of("dangling.py", force=force) == "E0812"
    assert code_of("a.net", force=force, inputs=["a.net"]) == "E0813"
    assert code_of("hard.net", force=force, inputs=["gone.net", folder / "a.net"]) == "E0813"
    assert code_of("dir/../a.net", force=force, inputs=["a.net"]) == "E0813"
    assert code_of("none/out.py", force=force) == "E0814"
    assert code_of("a.net/out.py", force=force) == "E0814"
    assert code_of("a\0b", force=force) == "E0816"
    assert names(folder) == before and names(folder / "dir") == []


class Full:
    """A file whose `write` fails."""

    def __init__(self, descriptor: int, write: object) -> None:
        self.file = io.open(descriptor, "wb")
        self.write = write

    def __enter__(self) -> "Full":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()


@pytest.mark.skipif(AS_ROOT, reason="root may write everywhere")
def test_folder_without_the_right(folder: Path) -> None:
    (folder / "dir").mkdir(0o500)
    assert code_of("dir/out.py") == "E0815"


@pytest.mark.parametrize(
    ("where", "number", "code"),
    [
        ("open", errno.EACCES, "E0815"),
        ("open", errno.EROFS, "E0815"),
        ("open", errno.ENOSPC, "E0816"),
        ("write", errno.ENOSPC, "E0816"),
        ("write", errno.EIO, "E0816"),
        ("fsync", errno.EIO, "E0816"),
        ("chmod", errno.EPERM, "E0815"),
        ("replace", errno.EACCES, "E0815"),
        ("replace", errno.EXDEV, "E0816"),
    ],
)
@pytest.mark.parametrize("old", [None, OURS])
def test_faults(
    folder: Path, monkeypatch: pytest.MonkeyPatch, where: str, number: int, code: str, old: bytes | None
) -> None:
    if old is not None:
        (folder / "out.py").write_bytes(old)
    elif where == "chmod":
        return  # only an old file has a mode to keep

    def fail(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    if where == "write":
        monkeypatch.setattr(files.os, "fdopen", lambda descriptor, _: Full(descriptor, fail))
    else:
        monkeypatch.setattr(files.os, where, fail)
    result = code_of("out.py")
    monkeypatch.undo()
    assert result == code
    assert names(folder) == ([] if old is None else ["out.py"])
    if old is not None:
        assert (folder / "out.py").read_bytes() == old
