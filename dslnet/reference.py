"""The boxes as documentation.

Enters: the operators' classes and the prelude's files. Leaves: the text of `dslnet ops`. Nothing is listed here:
names, signatures, words and examples come from where each box is made.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from textwrap import dedent

from .diagnostics import Report, did_you_mean
from .limits import DEFAULT
from .ops import OPERATORS
from .ops.base import Operator, literal
from .ops.optimizers import OPTIMIZERS
from .ops.schedules import SCHEDULES
from .ops.updates import AFTER, BEFORE
from .resources import specs
from .source import Source
from .syntax import Definition
from .write import join, write

#: What stands in an `optimizer` line.
OPTIMIZATION: dict[str, type[Operator]] = {**OPTIMIZERS, **BEFORE, **AFTER, **SCHEDULES}


def box_list() -> str:
    """Every box with its arguments, by family; then the blocks of the prelude."""
    families: dict[str, list[type[Operator]]] = {}
    for name, operator in [*OPERATORS.items(), *OPTIMIZATION.items()]:
        if name == operator.name:
            families.setdefault(operator.__module__, []).append(operator)
    out = []
    for module, operators in families.items():
        title = (sys.modules[module].__doc__ or module).strip().splitlines()[0].rstrip(".")
        out.append(f"{title}\n" + "".join(f"  {operator.signature()}\n" for operator in operators))
    blocks = [f"  {_header(block)}\n" for _, block in prelude()]
    if blocks:
        out.append("Written in the language itself\n" + "".join(blocks))
    return "\n".join(out)


def prelude() -> Iterator[tuple[Source, Definition]]:
    """The blocks that are visible without `use`, with the files they stand in."""
    from .parse import parse

    for path in sorted((specs() / "std").glob("*.net")):
        source = Source(f"std/{path.name}", path.read_text(encoding="utf-8"))
        for statement in parse(source, Report(), DEFAULT).statements:
            if isinstance(statement, Definition):
                yield source, statement


def _header(block: Definition) -> str:
    names = [p.name.text + ("" if p.default is None else f"={join(write(p.default))}") for p in block.parameters]
    return block.name.text + (f"({', '.join(names)})" if names else "")


def describe_box(name: str) -> str | list[str]:
    """All about one box, or names close to one that does not exist."""
    operator = OPERATORS.get(name) or OPTIMIZATION.get(name)
    if operator is not None:
        return _operator(operator)
    blocks = {block.name.text: (source, block) for source, block in prelude()}
    if name in blocks:
        source, block = blocks[name]
        text = source.text[block.span.start : block.span.end].rstrip()
        doc = "".join(f"{line.strip()}\n" for line in block.doc)
        return f"{_header(block)}\n\n{doc}\nWritten in the language itself, {source.name}:\n\n{text}\n"
    return did_you_mean(name, [*OPERATORS, *OPTIMIZATION, *blocks])


def _operator(operator: type[Operator]) -> str:
    lines = [operator.signature()]
    if operator.aliases:
        lines.append(f"also called {', '.join(operator.aliases)}")
    lines += ["", *dedent("    " + (operator.__doc__ or "").strip()).splitlines(), ""]
    rows = []
    for argument in operator.arguments.values():
        default = "" if argument.required else f" (default {literal(argument.default)})"
        rows.append((argument.name, argument.type.text + default))
    for port in operator.ports if operator.name not in OPTIMIZATION else ():
        kind = "any number of wires" if port.variadic else "a wire, may be left out" if port.optional else "a wire"
        rows.append((f"<- {port.name}", kind))
    if operator.name not in OPTIMIZATION:
        rows += [("->", "its value"), *((f"-> .{output}", "read with a dot") for output in operator.outputs[1:])]
    width = max(len(left) for left, _ in rows)
    lines += [f"  {left:<{width}}  {right}".rstrip() for left, right in rows]
    return "\n".join(lines) + "\n"
