"""Sources that were written before, kept on disk.

Enters: the text of a file that was checked without a word, and the Python that its models were emitted as. Leaves:
the same in another process, so that a script that loads a file again neither checks nor writes it anew. It is to
`dslnet.load` what `__pycache__` is to `import`.

The folder is `$DSLNET_CACHE`, by default `dslnet` below `$XDG_CACHE_HOME` or `~/.cache`; nothing is kept where the
variable is empty. An entry is found by the hash of everything that decides what is written: the text, how it was
named, the limits, and dslnet's own files by size and date, as Python knows that its bytecode is old.

Invariants: an entry is used only if its hash is right and its folder is the user's own, and what comes out of it is
held against the allow-list that emitted source is held against, so that a file that somebody else has changed can do
no more than a spec can. Whatever is wrong with the folder or an entry, the file is read as if there were none.
"""

from __future__ import annotations

import json
import os
import stat
from functools import cache
from hashlib import sha256
from pathlib import Path

from . import resources
from .files import replace
from .limits import Limits
from .seals import seal, unchanged
from .source import Source
from .unchanged import Checked, Key, Recent, Wanted, Written

#: How many entries are kept, and how many bytes one may have.
ENTRIES, BYTES = 256, 1 << 20
_FIRST = "# Kept by dslnet, which makes it anew when it is deleted;"
_SUFFIX = ".kept"


def recall(key: Key, source: Source) -> tuple[dict[str, list[str]], Recent[Wanted, Written]] | None:
    """The parameters of a file's models and the sources written of them, where they are known; each still has to be
    proved."""
    folder = _folder()
    if folder is None or not _own(folder):
        return None
    try:
        with open(folder / _name(key, source), "rb") as file:
            data = file.read(BYTES + 1)
        if len(data) > BYTES or not unchanged(data):
            return None
        entry = json.loads(data.partition(b"\n")[2])
        written: Recent[Wanted, Written] = Recent()
        for name, values, inference, text in entry["written"]:
            written[name, values, inference] = Written(text, whole=True, sound=False)
        return entry["parameters"], written
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def prove(written: Written) -> bool:
    """Hold a source that comes from disk against the allow-list; False, and it is not to be run, if it is refused."""
    from .targets.python.allowlist import InternalError, check

    try:
        check(written.text)
    except InternalError:
        return False
    written.sound = True
    return True


def store(key: Key, checked: Checked) -> None:
    """Keep what was written of a file; where that cannot be, nothing happens."""
    folder = _folder()
    if folder is None:
        return
    written = [[*wanted, found.text] for wanted, found in checked.written.items() if found.whole]
    data = seal(_FIRST, json.dumps({"parameters": checked.parameters, "written": written})).encode()
    if len(data) > BYTES:
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _own(folder):
            _make_room(folder)
            replace(folder / _name(key, checked.source), data, durable=False)
    except OSError:
        pass  # a full disk, or a folder that is only read


def _folder() -> Path | None:
    named = os.environ.get("DSLNET_CACHE")
    if named is not None:
        return Path(named) if named else None
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(base) / "dslnet" if base and os.path.isabs(base) else Path.home() / ".cache" / "dslnet"
    except RuntimeError:  # a user without a home
        return None


def _own(folder: Path) -> bool:
    """Whether nobody but the user can write into a folder. (Windows says that otherwise, and keeps homes apart.)"""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    if not stat.S_ISDIR(found.st_mode):
        return False
    return os.name == "nt" or (found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _name(key: Key, source: Source) -> str:
    path, real, limits, root = key
    parts = [_release(), path, real, root or "", repr(_numbers(limits)), source.text]
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:40] + _SUFFIX


def _numbers(limits: Limits) -> list[int]:
    return [getattr(limits, name) for name in sorted(Limits.__match_args__)]


@cache
def _release() -> str:
    """What changes whenever dslnet does: the size and date of each of its files, and of the specs that are shipped."""
    seen: list[tuple[str, int, int]] = []
    waiting = [str(Path(__file__).parent), str(resources.specs())]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name.endswith((".py", ".net")):
                    found = entry.stat()
                    seen.append((entry.path, found.st_size, found.st_mtime_ns))
                elif "." not in entry.name and entry.name != "__pycache__" and entry.is_dir():
                    waiting.append(entry.path)
    return sha256(repr(sorted(seen)).encode()).hexdigest()


def _make_room(folder: Path) -> None:
    """Delete the entries that were written longest ago."""
    entries = [entry for entry in os.scandir(folder) if entry.name.endswith(_SUFFIX)]
    if len(entries) >= ENTRIES:
        entries.sort(key=lambda entry: entry.stat(follow_symlinks=False).st_mtime_ns)
        for entry in entries[: len(entries) - ENTRIES + 1]:
            os.unlink(entry.path)
