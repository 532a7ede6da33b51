"""What differs between the uses of a block that is drawn once.

Enters: definitions of one block with other arguments, and the text. Leaves: the
condition under which a part is there, and the parts that the one that is walked has not: a static `if` is drawn with
all its branches where not all uses take the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ...graph import Node
from ...source import Source, Span
from .formula import consumers
from .scope import Anchor, Scope

if TYPE_CHECKING:
    from .expand import Expander

#: Where an `if` has its colon: at the end of a header, or before the step that it decides on.
_HEADER = re.compile(r"(?:^|[\s:|-])(if|elif|else)\b([^:]*):")


def condition(sources: Mapping[str, Source], span: Span) -> str:
    """The static condition under which a place of the text is there: `if s > 1 or C ≠ width`; nothing where there is
    none."""
    source = sources.get(span.file)
    if source is None or not span.end:
        return ""
    text = source.text
    begin = text.rfind("\n", 0, span.start) + 1
    own, rest = text[begin : span.start], text[span.end :].partition("\n")[0]
    chosen = re.match(r"\s*if\s+(.+?)\s+else\b", rest)
    if chosen:
        return _told("if", chosen[1])
    refused = re.search(r"\bif\s+([^()]+?)\s+else\b([^)]*)$", own)
    if refused and refused[2].count("(") >= refused[2].count(")"):
        return _told("not", refused[1])
    found = [m for m in _HEADER.finditer(own)]
    indent = len(own) - len(own.lstrip())
    above = [line.partition(" #")[0].rstrip() for line in reversed(text[:begin].splitlines())]
    for number, line in enumerate(above):
        if found or not indent:
            break
        depth = len(line) - len(line.lstrip())
        if line and depth < indent:
            indent = depth
            found = [*_HEADER.finditer(line)] if line.endswith(":") else []
            above = above if not found else above[number + 1 :]
    if not found:
        return ""
    if found[-1][1] == "else":  # what it is an alternative to stands above it, as far in
        before = [line for line in above if line and len(line) - len(line.lstrip()) <= indent]
        first = _HEADER.search(before[0]) if before else None
        return _told("not", first[2]) if first is not None and first[1] == "if" else "else"
    return _told("if", found[-1][2])


def _told(word: str, text: str) -> str:
    signs = (("!=", "≠"), (">=", "≥"), ("<=", "≤"), ("==", "="))
    for written, drawn in signs:
        text = text.replace(written, drawn)
    if word == "if":
        return f"if {text.strip()}"
    return f"if not {text.strip()}" if re.fullmatch(r"\w+", text.strip()) else f"if not ({text.strip()})"


def optional(to: Expander, scope: Scope, node: Node) -> tuple[str, bool]:
    """What is said at the arrow into a part that not every use has, and whether such a part ends before the node."""
    if len(scope.variants) < 2:
        return "", False
    first = node.inputs[0] if node.inputs else None
    maker = next((n for n in scope.definition.nodes() if any(v.name == first for v in n.outputs)), None)
    follows = maker is not None and not all(to.same(scope.definition, maker, v) for v in scope.variants)
    if all(to.same(scope.definition, node, v) for v in scope.variants):
        return "", follows
    return "" if follows else condition(to.options.sources, node.span) or "not in every copy", False


def draw_others(to: Expander, scope: Scope) -> dict[str, list[Anchor]]:
    """The parts that only other uses have, with arrows to what reads them. Leaves for each output of the body what
    it comes from in those uses."""
    outputs: dict[str, list[Anchor]] = {}
    drawn = set(to.places(scope.definition))
    walked = to.places(scope.definition)
    for variant in scope.variants:
        own = to.places(variant)
        missing = [place for place in own if place not in drawn]
        if variant is scope.definition or not missing:
            continue
        drawn.update(missing)
        env = {i.value.name: scope.env[i.value.name] for i in variant.inputs if i.value.name in scope.env}
        env |= {name: anchor for name, anchor in scope.env.items() if name in {s.value.name for s in variant.states}}
        for place, node in own.items():
            if place in walked:
                pairs = zip(node.outputs, walked[place].outputs, strict=False)
                env.update((mine.name, scope.env[other.name]) for mine, other in pairs if other.name in scope.env)
        having = [v for v in scope.variants if missing[0] in to.places(v)]
        rest = [v for v in scope.variants if v not in having]
        inner = replace(scope, definition=variant, variants=[*having, *rest], env=env, wanted=None, formulas={})
        inner.uses = consumers(variant)
        made = {v.name for place in missing for v in own[place].outputs}
        for place in missing:
            to.node(inner, own[place])
        for place, node in own.items():
            reader = scope.env.get(walked[place].outputs[0].name) if place in walked else None
            if reader is None or reader.box not in to.boxes:
                continue
            for name in node.inputs:
                if name in made and name in inner.env:
                    to.link(inner, inner.env[name], to.boxes[reader.box])
        for name, value in variant.outputs:
            if value in made and value in inner.env:
                outputs.setdefault(name, []).append(inner.env[value])
    return outputs
