"""Values and free text of a spec as Python text.

Enters: numbers, words, comments. Leaves: ASCII text that means exactly that and nothing else. These are the only
two ways in which anything that a user wrote gets into emitted source, apart from names.
"""

from __future__ import annotations

import math
from typing import Any

from ...ops.code import Global
from .allowlist import InternalError


def lit(value: Any) -> str:
    """A Python literal: none, booleans, whole and finite numbers, words, tuples and lists of these."""
    if value is None or isinstance(value, bool):
        return repr(value)
    if value is Ellipsis:
        return "..."
    if isinstance(value, int):
        return int.__repr__(int(value))
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InternalError(f"{value} is not a finite number")
        short = f"{value:g}"  # 1e9 rather than 1000000000.0
        text = short if abs(value) >= 1e6 and float(short) == value else float.__repr__(value)
        return text.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, tuple):
        return "(" + ", ".join(map(lit, value)) + (",)" if len(value) == 1 else ")")
    if isinstance(value, list):
        return "[" + ", ".join(map(lit, value)) + "]"
    if isinstance(value, Global):
        return value.name
    raise InternalError(f"a {type(value).__name__} cannot be written as Python")


def _quoted(text: str) -> str:
    """`ascii(text)` with double quotes, as `ruff format` prefers them."""
    body = ascii(text)
    quote, inner = body[0], body[1:-1]
    if quote == '"':
        return body
    inner = inner.replace("\\'", "'")
    if '"' in inner:
        return body if "'" not in inner else '"' + inner.replace('"', '\\"') + '"'
    return f'"{inner}"'


def plain(text: str, limit: int = 500) -> str:
    """Free text for a comment or a docstring: one line, printable ASCII, escaped and cut."""
    shown = "".join(c if " " <= c <= "~" else _escape(c) for c in text)
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def _escape(character: str) -> str:
    if character in "\t\n\r":
        return " "
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def docstring(lines: list[str], indent: str) -> list[str]:
    """The lines of a docstring. Backslashes were made by `plain` or are doubled here, quotes cannot end it."""
    safe = [_inside(line) for line in lines]
    while safe and not safe[-1]:
        safe.pop()
    if not safe:
        return []
    if len(safe) == 1 and len(indent) + len(safe[0]) + 6 <= 88:
        return [f'{indent}"""{safe[0]}"""']
    if len(safe) == 1:  # the formatter would not put the closing quotes on a line of their own
        from textwrap import wrap

        safe = wrap(safe[0], 88 - len(indent) - 6)
    return [f'{indent}"""{safe[0]}', *((indent + line).rstrip() for line in safe[1:]), f'{indent}"""']


def _inside(line: str) -> str:
    """A line that may stand in a docstring: non-ASCII is escaped, a backslash doubled, a double quote single."""
    text = plain(line.replace("\\", "/").replace('"', "'")).rstrip()
    return text
