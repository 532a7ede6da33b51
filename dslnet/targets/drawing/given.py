"""What a call gives to its block.

Enters: the text of a call, and the definitions of its rounds. Leaves: the names of the arguments that it gives, and a
short text of them: `64→128, /2`, `heads 8, ff 2048`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ...graph import Definition
from ...ops.arguments import ModuleArgument
from ...shape import Size
from .wording import size_text, value_text

#: Arguments that are told like a shape: `1×7`.
WINDOWS = ("kernel", "kernel_size", "size", "window", "patch", "stride", "padding", "dilation")


def parameters(definition: Definition) -> list[str]:
    """The names of a block's arguments: what is bound before its first dimension."""
    found = []
    for name in definition.bindings:
        if re.fullmatch(r"[A-Z][A-Z0-9]?", name):
            break
        found.append(name)
    return found


def written(text: str | None, names: list[str]) -> list[str]:
    """The arguments that a call gives, of those that its block has; all of them where the text is not known."""
    if text is None:
        return names
    found = re.search(r"[A-Za-z_]\w*\s*\((.*)\)", text, re.DOTALL)
    if found is None:
        return []
    given, position = [], 0
    for part in _split(found[1]):
        named = re.match(r"\s*([A-Za-z_]\w*)\s*=(?!=)", part)
        if named:
            given.append(named[1])
        elif re.match(r"\s*[A-Z]\w*\s*(\(|$)", part):
            continue  # a box is passed, which is no binding
        elif position < len(names):
            given.append(names[position])
            position += 1
    return [n for n in names if n in given]


def _split(text: str) -> list[str]:
    parts: list[str] = []
    depth = start = 0
    for index, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if depth < 0:
            return [*parts, text[start:index]]
        if character == "," and not depth:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]] if text.strip() else []


def block_text(variants: Sequence[Definition], names: list[str], before: Size | None, after: Size | None) -> str:
    """The arguments of a closed block: `64→128, /2`, `heads 8, ff 2048`."""
    parts: list[str] = []
    sizes = {before, after} - {None}
    moved = before is not None and after is not None and before != after
    told_sizes = False
    rest: list[str] = []
    table = sum(len({str(v.bindings.get(n)) for v in variants}) > 1 for n in names if n != "stride") > 1
    for name in names:
        values = [v.bindings.get(name) for v in variants]
        first = values[0]
        if table and name != "stride" and any(v != first for v in values):
            continue  # several numbers of each are a table, and no line on a card
        if name == "stride":
            if any(v != 1 for v in values):
                rest.append(f"/{value_text(next(v for v in values if v != 1))}")
        elif isinstance(first, float) or first is None or first is False or isinstance(first, ModuleArgument):
            continue
        elif first is True:
            rest.append(name)
        elif all(v in sizes for v in values) and after in values:
            told_sizes = True
        else:
            tell = value_text if name in WINDOWS else _listed
            distinct = list(dict.fromkeys(tell(v) for v in values))
            if any(part.endswith(" " + ", ".join(distinct)) and name.endswith(part.split(" ")[0]) for part in rest):
                continue  # kv_heads, as many as heads
            rest.append(f"{name} " + (", ".join(distinct) if len(distinct) <= 4 else f"{distinct[0]}…{distinct[-1]}"))
    if moved:
        assert before is not None and after is not None
        parts.append(f"{size_text(before)}→{size_text(after)}")
    elif told_sizes and after is not None:
        parts.append(size_text(after))
    return ", ".join([*parts, *rest[:3]])


def _listed(value: Any) -> str:
    """An argument of a block: a list is no shape, and has commas."""
    return ", ".join(value_text(v) for v in value) if isinstance(value, (tuple, list)) and value else value_text(value)
