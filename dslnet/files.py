"""The only place that touches the file system.

Enters: a path as the user or an `use` line wrote it. Leaves: the bytes of a regular `.net` file below the root, or
a diagnostic of the family E08; and outputs that are written whole or not at all. Nothing here follows a link that
leads out of the root, waits on a pipe, reads more than its limit, or replaces a file that it did not make.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from .diagnostics import Help, Report, did_you_mean
from .limits import DEFAULT, Limits
from .node import node
from .seals import unchanged
from .source import Span

_PART = re.compile(r"[A-Za-z0-9_.-]+")
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


@node
class Refusal:
    """Why a path is not used: the parts of a diagnostic that still lacks its place."""

    code: str
    title: str
    label: str = ""
    notes: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()

    def tell(self, report: Report, span: Span) -> None:
        report.error(
            self.code, self.title, span, self.label, notes=self.notes, helps=[Help(text) for text in self.helps]
        )


# ------------------------------------------------------------------------------------------------ reading


def resolve_import(origin: str, importer: Path, root: Path) -> Path | Refusal:
    """The file that `from "origin"` names in the file `importer`, both real paths; `root` is a real folder.

    Only the text is looked at: the file may not exist, and `read_spec` still compares its real path with the root.
    """
    shown = f'"{origin[:60]}"'
    if "://" in origin:
        return Refusal(
            "E0805", f"{shown} is a URL", "not a file", helps=("download the file yourself and import the copy",)
        )
    if origin.startswith("/") or re.match(r"[A-Za-z]:", origin):
        return Refusal("E0804", f"{shown} is an absolute path", "imports are relative to this file")
    refusal = _illegal_part(origin, "not allowed in an import")
    if refusal is not None:
        return refusal
    if not origin.endswith(".net"):
        return Refusal("E0803", f"{shown} does not end in .net", "only `.net` files are imported")
    folder = importer.parent
    for part in origin.split("/"):
        if part == "..":
            folder = folder.parent
            if not folder.is_relative_to(root):
                return _outside(shown)
        elif part != ".":
            folder = folder / part
    return folder if folder.is_relative_to(root) else _outside(shown)


def weights_path(name: str) -> Refusal | None:
    """Why a path is none below the spec's own folder, where weights are; None when it may be one.

    Only the text is looked at: where links lead is seen when the file is opened.
    """
    shown = f'"{name[:60]}"'
    if "://" in name:
        return Refusal("E0805", f"{shown} is a URL", "not a file", helps=("download the file yourself",))
    if name.startswith("/") or ".." in name.split("/"):
        return Refusal("E0804", f"{shown} is not below the spec's folder", "weights lie beside the spec, or below")
    return _illegal_part(name, "not allowed in a path of weights")


def _illegal_part(path: str, label: str) -> Refusal | None:
    """Why a path that a spec holds has a part that means something else somewhere, or nothing."""
    shown = f'"{path[:60]}"'
    for part in path.split("/"):
        if _PART.fullmatch(part) is None:
            what = "an empty part" if not part else "a character that is not allowed"
            return Refusal(
                "E0804",
                f"the path {shown} has {what}",
                label,
                notes=("the parts of a path are made of letters, digits, `_`, `-` and `.`, and joined by `/`",),
            )
        if part not in (".", "..") and part.endswith("."):
            return Refusal("E0804", f"the path {shown} has a part that ends in a dot", label)
        if _DEVICE.fullmatch(part):
            return Refusal("E0804", f"`{part[:40]}` names a device on some systems", label)
    return None


def _outside(shown: str) -> Refusal:
    return Refusal(
        "E0803",
        f"{shown} is outside the folder that may be read",
        "leaves the root",
        notes=("the root is the folder of the file that was given on the command line",),
        helps=("if you trust these files, name a wider root: `--root FOLDER`",),
    )


def read_spec(
    path: str | Path,
    report: Report,
    limits: Limits = DEFAULT,
    span: Span | None = None,
    root: Path | None = None,
) -> bytes | None:
    """The bytes of a `.net` file, or None after a report.

    `span` is the place that asked for it, by default the file itself as a whole. With `root`, the real path of the
    file must be below the real path of that folder.
    """
    return _told(_read(str(path), ".net", limits.file_bytes, root and Path(os.path.realpath(root))), report, path, span)


def read_names(path: str | Path, report: Report, limits: Limits = DEFAULT) -> bytes | None:
    """The bytes of a `.names` file, or None after a report."""
    return _told(_read(str(path), ".names", limits.file_bytes, None), report, path, None)


def tables_beside(spec: str | Path) -> list[str]:
    """The tables of names beside a spec, in order: `gpt2.transformers.names` is one of `gpt2.net`."""
    folder, name = os.path.split(str(spec))
    stem = name.removesuffix(".net") + "."
    found = [n for n in _neighbours(folder or ".", ".names") if n.startswith(stem)]
    return [os.path.join(folder, n) for n in found[:20]]


def _told(result: bytes | Refusal, report: Report, path: str | Path, span: Span | None) -> bytes | None:
    if isinstance(result, bytes):
        return result
    result.tell(report, span or Span(str(path), 0, 0))
    return None


def _read(path: str, suffix: str, limit: int, root: Path | None) -> bytes | Refusal:
    shown = f"`{_relative(path, root)}`"
    if not path.endswith(suffix):
        graph = ("a graph is for programs; commands read the spec that it was made from",)
        helps = graph if suffix == ".net" and path.endswith(".json") else ()
        return Refusal("E0803", f"{shown} does not end in {suffix}", f"only `{suffix}` files are read", helps=helps)
    try:
        real = Path(os.path.realpath(path, strict=True))
    except (OSError, ValueError) as error:
        return _unreadable(error, path, shown)
    if real.suffix != suffix:
        return Refusal("E0803", f"{shown} is a link to a file that does not end in {suffix}")
    if root is not None and not real.is_relative_to(root):
        return _outside(shown)
    try:
        descriptor = os.open(real, os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        return _unreadable(error, path, shown)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            return Refusal("E0806", f"{shown} is {_kind(mode)}, not a file")
        data = _read_at_most(descriptor, limit + 1)
    except OSError as error:
        return _unreadable(error, path, shown)
    finally:
        os.close(descriptor)
    if len(data) > limit:
        return Refusal(
            "E0900",
            f"{shown} is larger than {limit:,} bytes",
            helps=("if you trust this file: `--limit file_bytes=1e8`",),
        )
    return data


def _read_at_most(descriptor: int, count: int) -> bytes:
    parts: list[bytes] = []
    while count > 0 and (part := os.read(descriptor, min(count, 1 << 20))):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _relative(path: str, root: Path | None) -> str:
    """A path as it is shown: below the root where there is one, since messages hold no absolute path of ours."""
    return os.path.relpath(path, root) if root is not None and Path(path).is_relative_to(root) else path


def _unreadable(error: OSError | ValueError, path: str, shown: str) -> Refusal:
    if isinstance(error, ValueError):  # a NUL, or text that the system cannot encode
        return Refusal("E0804", f"{shown} cannot be a path")
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            suffix = ".names" if path.endswith(".names") else ".net"
            near = did_you_mean(os.path.basename(path), _neighbours(os.path.dirname(path) or ".", suffix))
            helps = (f"did you mean {' or '.join(f'`{name}`' for name in near)}?",) if near else ()
            return Refusal("E0801", f"there is no file {shown}", helps=helps)
        case errno.ELOOP:
            return Refusal("E0807", f"{shown} is a link that leads back to itself")
        case errno.ENAMETOOLONG:
            return Refusal("E0804", f"the path {shown[:60]} is too long")
        case errno.EISDIR:
            return Refusal("E0806", f"{shown} is a folder, not a file")
        case errno.ENXIO | errno.ENODEV | errno.EOPNOTSUPP:
            return Refusal("E0806", f"{shown} is not a regular file")
    return Refusal("E0808", f"{shown} cannot be read: {_reason(error)}")


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _neighbours(folder: str, suffix: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(suffix))[:500]
    except (OSError, ValueError):
        return []


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


# ------------------------------------------------------------------------------------------------ writing


def write_output(
    path: str | Path, data: bytes, report: Report, force: bool = False, inputs: Iterable[str | Path] = ()
) -> bool:
    """Write a generated file whole, or report and leave everything as it was.

    A file that is there is replaced when it is ours and unchanged, or with `force`; never when it is one of
    `inputs`, a link, or anything but a regular file.
    """
    refusal = _may_write(str(path), force, inputs) or replace(path, data)
    if refusal is None:
        return True
    refusal.tell(report, Span(str(path), 0, 0))
    return False


def _may_write(path: str, force: bool, inputs: Iterable[str | Path]) -> Refusal | None:
    shown = f"`{path}`"
    try:
        old = os.lstat(path)
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        return _no_folder(path)
    except (OSError, ValueError) as error:
        return _unwritable(error, path)
    if stat.S_ISLNK(old.st_mode):
        return Refusal("E0812", f"{shown} is a link", helps=("name the file that it points to, or another one",))
    if stat.S_ISDIR(old.st_mode):
        return Refusal("E0811", f"{shown} is a folder", helps=(f"name a file in it: `-o {path.rstrip('/')}/model.py`",))
    if not stat.S_ISREG(old.st_mode):
        return Refusal("E0811", f"{shown} is {_kind(old.st_mode)}, not a file")
    for entry in inputs:
        try:
            same = os.path.samestat(os.stat(entry), old)
        except OSError:
            same = False
        if same:
            return Refusal("E0813", f"{shown} is one of the files that were read", helps=("choose another output",))
    if force:
        return None
    try:
        with open(path, "rb") as file:
            ours = unchanged(file.read())
    except OSError as error:
        return _unwritable(error, path)
    if ours:
        return None
    return Refusal(
        "E0810",
        f"{shown} is there already, and not as dslnet wrote it",
        notes=("its own output is replaced freely; a file that was edited, or made by something else, is not",),
        helps=("choose another name, or pass `--force` to replace it",),
    )


def replace(path: str | Path, data: bytes, durable: bool = True) -> Refusal | None:
    """Put `data` in the place of a file: the old bytes or the new ones are there, whole, at every moment.

    The mode of an old file is kept. Where it need not be `durable`, a loss of power may undo it. Does not ask whether
    the file may be replaced, but refuses links.
    """
    target = str(path)
    folder, name = os.path.split(target)
    folder = folder or "."
    if not os.path.isdir(folder):
        return _no_folder(target)
    if os.path.islink(target):
        return Refusal("E0812", f"`{target}` is a link")
    temporary = os.path.join(folder, f".{name[:100]}.{os.urandom(8).hex()}.dslnet-tmp")
    try:
        mode = stat.S_IMODE(os.stat(target).st_mode) if os.path.exists(target) else None
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o666)
    except OSError as error:
        return _unwritable(error, target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if mode is not None:
                os.chmod(temporary, mode)
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        _remove(temporary)
        if isinstance(error, OSError):
            return _unwritable(error, target)
        raise
    if durable:
        _settle(folder)
    return None


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass  # it was never made, or is gone


def _settle(folder: str) -> None:
    """Make the new directory entry durable, where the system knows how."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)


def _no_folder(path: str) -> Refusal:
    return Refusal("E0814", f"there is no folder `{os.path.dirname(path)}`", helps=("make it first",))


def _unwritable(error: OSError | ValueError, path: str) -> Refusal:
    if isinstance(error, ValueError):
        return Refusal("E0816", f"`{path}` cannot be a path")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Refusal("E0815", f"the folder of `{path}` may not be written: {_reason(error)}")
    return Refusal("E0816", f"`{path}` was not written: {_reason(error)}")
