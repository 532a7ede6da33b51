"""What the caller sets: `FILE:MODEL`, `--set name=value`, `--limit boxes=1e7`.

Enters: words of the command line. Leaves: values, or `Misuse`, which is a wrong command line and not a mistake in
a spec. Values are literals of the language and are read by its own parser.
"""

from __future__ import annotations

import re
from typing import Any

from .diagnostics import Report, did_you_mean
from .limits import DEFAULT, Limits
from .node import fields, replace
from .syntax import Constant, Expression, List, Literal, Paren, Unary

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TARGET = re.compile(r"(.+):([A-Za-z_][A-Za-z0-9_]*)", re.DOTALL)


class Misuse(Exception):
    """A wrong command line."""


def target(text: str) -> tuple[str, str | None]:
    """`FILE:MODEL` as its two parts; the last colon counts, and only before a name."""
    found = _TARGET.fullmatch(text)
    return (found[1], found[2]) if found else (text, None)


def settings(words: tuple[str, ...]) -> dict[str, Any]:
    """`name=value` words as values: numbers, strings, booleans, `none`, lists of these."""
    found: dict[str, Any] = {}
    for word in words:
        name, sign, text = word.partition("=")
        name = name.strip()
        if not sign or not _NAME.fullmatch(name):
            raise Misuse(f"write `--set name=value`, not `--set {word}`")
        found[name] = value(text, word)
    return found


def value(text: str, word: str) -> Any:
    """A literal of the language."""
    from .decode import decode
    from .parse import parse

    report = Report()
    source = decode("--set", f"value: {text}\n".encode("utf-8", "surrogateescape"), report, DEFAULT)
    spec = parse(source, report, DEFAULT) if source else None
    if spec is not None and not report.errors and len(spec.statements) == 1:
        statement = spec.statements[0]
        if isinstance(statement, Constant):
            try:
                return _literal(statement.value)
            except Misuse:
                pass
    if re.fullmatch(r"[A-Z][A-Za-z0-9_]*(\(.*\))?", text):
        setting = word.replace(" ", "")[:60]
        raise Misuse(
            f"`{text}` is a box, which only a file gives: a preset there, such as `model Mine: Model({setting})`"
        )
    hint = f"; a string has quotes: `--set '{word.partition('=')[0]}=\"{text}\"'`" if _NAME.fullmatch(text) else ""
    raise Misuse(f"`{text}` is not a number, string, true, false, none or a list of these{hint}")


def _literal(expression: Expression) -> Any:
    match expression:
        case Literal():
            return expression.value
        case Unary(operator="-", operand=Literal(value=int() | float() as number)) if not isinstance(number, bool):
            return -number
        case List(items=items, dtype=None):
            return tuple(map(_literal, items))
        case Paren(arguments=(one,)) if one.name is None:
            return _literal(one.value)
    raise Misuse("not a literal")


def limits(words: tuple[str, ...]) -> Limits:
    """The default limits, changed by words like `boxes=1e7`."""
    names = list(fields(Limits))
    changed: dict[str, int] = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not sign:
            raise Misuse(f"write `--limit name=number`, not `--limit {word}`")
        if name not in names:
            near = did_you_mean(name, names)
            raise Misuse(f"there is no limit `{name}`; " + (f"did you mean `{near[0]}`?" if near else ", ".join(names)))
        changed[name] = _whole(text)
    return replace(DEFAULT, **changed)


def _whole(text: str) -> int:
    if re.fullmatch(r"[0-9]{1,18}", text):
        return int(text)
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?[eE]\+?[0-9]{1,2}", text):
        number = float(text)
        if number.is_integer() and 1 <= number < 2**63:
            return int(number)
    raise Misuse(f"`{text}` is not a whole number")
