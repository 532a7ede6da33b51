"""Bytes to text.

Enters: the bytes of a file. Leaves: a `Source`, or a diagnostic that says what the bytes are instead. A byte-order
mark is dropped and CRLF becomes LF, so that offsets, columns and edits are those of the text that a user sees. No
text that leaves here has a control character, or one that changes the direction of writing, even in a comment.
"""

from __future__ import annotations

import re

from .diagnostics import Report
from .limits import Limits
from .source import Source

BOM = b"\xef\xbb\xbf"

_DRAWN = "name the `.net` file that it was drawn from"
_WEIGHTS = "weights go to `--weights`, not to the place of a `.net` file"

#: What a file is that begins so, and what to do about it.
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\xfe", "this file is UTF-16, not UTF-8", "save it as UTF-8"),
    (b"\xfe\xff", "this file is UTF-16, not UTF-8", "save it as UTF-8"),
    (b"\x89PNG", "this is a PNG image, not a text", _DRAWN),
    (b"\xff\xd8\xff", "this is a JPEG image, not a text", _DRAWN),
    (b"%PDF", "this is a PDF document, not a text", _DRAWN),
    (b"PK\x03\x04", "this is a zip archive, not a text", _WEIGHTS),
    (b"\x1f\x8b", "this is a gzip archive, not a text", "unpack it first"),
    *((b"\x80" + version, "this is a Python pickle, not a text", _WEIGHTS) for version in (b"\2", b"\3", b"\4", b"\5")),
    (b"\x7fELF", "this is a program, not a text", "name a `.net` file"),
)

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+")
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_LONE_CR = re.compile("\r(?!\n)")


def decode(name: str, data: bytes, report: Report, limits: Limits) -> Source | None:
    """The text of a file called `name`, or None when it has none that can be read; reported either way."""
    empty = Source(name, "")
    report.sources.setdefault(name, empty)
    nowhere = empty.span(0, 0)
    if len(data) > limits.file_bytes:
        report.error(
            "E0900",
            f"this file has {len(data):,} bytes; the limit is {limits.file_bytes:,}",
            nowhere,
            helps=["split it, or raise the limit: `--limit file_bytes=...`"],
        )
        return None
    for signature, title, advice in _SIGNATURES:
        if data.startswith(signature):
            report.error("E0004", title, nowhere, helps=[advice])
            return None
    if data.count(0) * 4 > len(data):
        report.error("E0004", "this file is UTF-16 or binary, not UTF-8", nowhere, helps=["save it as UTF-8"])
        return None
    body = data.removeprefix(BOM)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        # The text before the first bad byte is shown; what comes after it is not known.
        source = Source(name, body[: error.start].decode("utf-8").replace("\r\n", "\n"))
        report.sources[name] = source
        end = len(source.text)
        value = body[error.start]
        report.error(
            "E0004",
            f"this file is not UTF-8: byte {value:#04x} after this",
            source.span(max(end - 1, 0), end),
            helps=["save it as UTF-8"],
        )
        return None
    source = Source(name, text.replace("\r\n", "\n"))
    report.sources[name] = source
    if not source.text.strip():
        report.error("E0002", "this file is empty", source.span(0, 0), helps=["`dslnet new` writes one to start from"])
        return None
    return source if _characters(source, report) else None


def _characters(source: Source, report: Report) -> bool:
    """Report the characters that no text of ours has. False when there is one."""
    text = source.text
    found = False
    lone = _LONE_CR.search(text)
    if lone:
        found = True
        report.error(
            "E0003",
            "a carriage return without a line feed",
            source.span(lone.start(), lone.end()),
            "lines end in LF or in CR LF",
            helps=["save the file with LF line ends"],
        )
    for code, what, pattern in (
        ("E0005", "a control character", _CONTROL),
        ("E0006", "a character that turns the direction of writing", _BIDI),
    ):
        last = 0
        for match in pattern.finditer(text):
            line = source.position(match.start())[0]
            # One a line is enough to find them, and a file full of them is no file of ours.
            if line != last:
                number = ord(match.group()[0])
                report.error(
                    code,
                    f"{what} (U+{number:04X})",
                    source.span(*match.span()),
                    helps=["delete it; text shows it as nothing"],
                )
                found = True
            last = line
    return not found
