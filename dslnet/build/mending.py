"""Changes of the text that mend a mistake of the flow.

Enters: places of the text. Leaves: helps; one has edits where the lines are simple enough to change, and is sure where
the changed file passes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..diagnostics import Edit, Help
from ..shape import fits
from ..source import Source, Span
from .values import Wire


def on_the_side(source: Source, value: Span, name: str) -> Help:
    """A step that starts a new flow, as a definition that the flow is joined with."""
    begin = source.starts[source.position(value.start)[0] - 1]
    text, before = source.text[value.start : value.end], source.text[begin : value.start]
    advice = f"put it on the side: `{name}: {text}`, then join: `- Concat with {name}`"
    if before.strip() != "-":
        return Help(advice)
    dash = Span(source.name, begin + before.index("-"), value.start)
    end = Span(source.name, value.end, value.end)
    return Help(advice, (Edit(dash, f"{name}: "), Edit(end, f"\n{before}Concat with {name}")))


def line_as_body(source: Source | None, flow: Wire, at: Span) -> Help:
    """An `Add` of one wire was meant as a shortcut around the line that makes it."""
    first = flow
    while source is not None and first.node is not None and first.span.file == at.file:
        before = first.node.inputs[0] if first.node.inputs else None
        if not isinstance(before, Wire) or before.node is None:
            break
        if source.position(before.span.start)[0] != source.position(flow.span.start)[0]:
            break
        first = before
    if source is None or first.node is None or first.span.file != at.file:
        return Help("for a shortcut write `- residual: Linear(10) -> ReLU`")
    begin, text = first.span.start, source.text
    advice = f"for a shortcut write `- residual: {text[begin : flow.span.end]}`"
    line, above = source.position(at.start)[0], source.position(begin)[0]
    start = source.starts[line - 1]
    stop = source.starts[line] if line < len(source.starts) else len(text)
    alone = text[start:stop].split("#")[0].strip() == "- Add" and line == above + 1
    if not alone or text[source.starts[above - 1] : begin].strip() != "-":
        return Help(advice)
    entering = first.node.inputs[0] if first.node.inputs else None
    sure = isinstance(entering, Wire) and fits(entering.type.sizes, flow.type.sizes)
    edits = (Edit(Span(at.file, begin, begin), "residual: "), Edit(Span(at.file, start, stop), ""))
    return Help(advice, edits, sure=sure)


def brought(source: Source | None, given: Span, width: object, taken: bool) -> Help:
    """A side input whose last size is another one, through a `Linear`; `memory` may be a name already."""
    if source is None:
        return Help(f"bring it to {width} first, through `Linear({width})`")
    wire = source.text[given.start : given.end]
    advice = f"bring it to {width} first: `memory: {wire} -> Linear({width})`, then `with memory`"
    begin = source.starts[source.position(given.start)[0] - 1]
    line = source.text[begin : given.start]
    indent = line[: len(line) - len(line.lstrip(" "))]
    if taken or not line.lstrip(" ").startswith("- ") or not wire.isidentifier():
        return Help(advice)
    edits = (
        Edit(Span(given.file, begin, begin), f"{indent}memory: {wire} -> Linear({width})\n"),
        Edit(given, "memory"),
    )
    return Help(advice, edits, sure=True)


def left_out(sources: Mapping[str, Source], advice: str, name: str, value: Span | None) -> Help:
    """An argument that is better not given, where it stands behind another one."""
    source = sources.get(value.file) if value is not None else None
    if source is None or value is None:
        return Help(advice)
    found = re.search(rf",\s*{name}\s*=\s*$", source.text[max(value.start - 200, 0) : value.start])
    if found is None:
        return Help(advice)
    start = value.start - len(found[0])
    return Help(advice, (Edit(Span(value.file, start, value.end), ""),), sure=True)
