"""Text of a spec, made harmless.

Enters: any text. Leaves: the same as part of an HTML-like label, a DOT string, an id, XML or a URL. Nothing else in
this package may put text of a spec into a picture, since names, strings, comments and file names are hostile.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

#: What is drawn of a text at most; tooltips have a longer part.
DRAWN, TOLD = 60, 400

_HIDDEN = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_SPACE = re.compile(r"[\t\r\n]+")


def clean(text: object, limit: int = DRAWN) -> str:
    """Text that can be shown: no control or reordering characters, no backslash, at most `limit` long."""
    shown = _HIDDEN.sub("", _SPACE.sub(" ", str(text))).replace("\\", "/")
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def xml(text: object, limit: int = TOLD) -> str:
    """Text inside an element or a quoted attribute."""
    shown = clean(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return shown.replace('"', "&quot;").replace("'", "&#39;")


def label(text: object, limit: int = 200) -> str:
    """Text inside an HTML-like label. An empty element and one of brackets alone are syntax errors there: its reader
    waits for the rest of a `]]>`."""
    shown = xml(text, limit) or " "
    return shown if shown.strip("]") else "&#93;" * len(shown)


def quoted(text: object, limit: int = TOLD) -> str:
    """A DOT string with its quotes. A backslash would be expanded, even twice, so there is none."""
    return '"' + clean(text, limit).replace('"', "'").replace("&", "&amp;") + '"'


def ident(text: object) -> str:
    """An id: letters, digits and `. _ -`; any other character becomes its number, so that ids stay different."""
    return re.sub(r"[^A-Za-z0-9._-]", lambda found: f"_{ord(found[0]):x}_", str(text))


def url(text: str) -> str | None:
    """A link, percent-encoded; None for a scheme that could run something."""
    if _HIDDEN.search(text) or "\\" in text:
        return None
    try:
        scheme = urlsplit(text.strip()).scheme.lower()
    except ValueError:
        return None
    if scheme not in ("", "http", "https") or text.strip().startswith("//"):
        return None
    return quote(text.strip(), safe="/:?#=&%+,;@~.-_")
