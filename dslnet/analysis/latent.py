"""Whether a latent is the only way from an encoder to a decoder.

Enters: a model. Leaves: W0430 for each wire that a decoder reads from an encoder past the latent. Steps of an encoder
that are read by name (`e.layer2`, as in a U-Net) are meant, and are let through.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..diagnostics import Label, Report
from ..graph import Definition, Model, Node, Region
from ..shape import Tensor, numel
from ..source import Source, Span
from .reading import text


class Part(NamedTuple):
    """An encoder, latent or decoder: its nodes, and the value that it makes."""

    role: str
    name: str
    span: Span
    nodes: tuple[Node, ...]

    @property
    def value(self) -> str:
        return self.nodes[-1].outputs[0].name

    @property
    def made(self) -> set[str]:
        return {value.name for node in self.nodes for value in node.outputs}


def check_latents(model: Model, report: Report) -> None:
    """Look at every definition that has a latent between an encoder and a decoder."""
    for key, definition in model.definitions.items():
        if key == model.entry and model.training and model.training != model.entry:
            continue  # the training graph has more
        parts = _parts(definition)
        if {"encoder", "latent", "decoder"} <= {part.role for part in parts}:
            _check(definition, parts, report)


def _parts(definition: Definition) -> list[Part]:
    found: list[Part] = []
    modules = {i.path: i for i in definition.instances if i.role in ("encoder", "latent", "decoder")}
    stack: list[Node | Region] = list(reversed(definition.body))
    while stack:
        item = stack.pop()
        if isinstance(item, Node):
            owner = modules.get(item.module or "")
            role = item.role or (owner.role if owner is not None else None)
            if role is not None:
                name = item.name or (owner.path if owner is not None else "")
                found.append(Part(role, name, item.span, (item,)))
            continue
        inside = _nodes(item)
        if item.role is not None and inside:
            found.append(Part(item.role, item.name or "", item.span, tuple(inside)))
        stack += [inner for lane in reversed(item.lanes) for inner in reversed(lane)]
    return found


def _nodes(region: Region) -> list[Node]:
    found: list[Node] = []
    for lane in region.lanes:
        for item in lane:
            found += [item] if isinstance(item, Node) else _nodes(item)
    return found


def _check(definition: Definition, parts: list[Part], report: Report) -> None:
    """Flood from the encoders' values without passing a latent; what a decoder reads of that goes round it."""
    encoders = [p for p in parts if p.role == "encoder"]
    latents = [p for p in parts if p.role == "latent"]
    decoders = [p for p in parts if p.role == "decoder"]
    stop = {id(n) for p in (*latents, *encoders) for n in p.nodes}
    inside = {id(n): p for p in decoders for n in p.nodes}
    origin = {p.value: p for p in encoders}
    for node in definition.nodes():
        read = [name for name in node.inputs if name in origin]
        if not read or id(node) in stop:
            continue
        decoder = inside.get(id(node))
        if decoder is not None and read[0] not in decoder.made:
            _tell(definition, origin[read[0]], latents, decoder, read[0], node, report)
            return
        origin.update((value.name, origin[read[0]]) for value in node.outputs)


def _tell(
    definition: Definition, encoder: Part, latents: list[Part], decoder: Part, value: str, node: Node, report: Report
) -> None:
    source = report.sources.get(node.span.file)
    before = [p for p in latents if p.span < decoder.span] or latents
    latent = before[-1]
    types = definition.values()
    numbers = _numbers(types[value].type)
    spot = _spot(source, decoder, types[value].name) or _spot(source, decoder, encoder.name) or node.span
    start = _start(source, latent)
    first = next((i.value.name for i in definition.inputs), "")
    way = " -> ".join(dict.fromkeys(n for n in (first, encoder.name, decoder.name) if n))
    title = f"the decoder sees the encoder past the latent `{latent.name}`"
    report.error(
        "W0430", title[:80], spot, f"{numbers} arrive beside {latent.name}"[:49],
        secondary=[Label(start, f"{_numbers(types[latent.value].type)}, meant as the only way through"[:49])],
        notes=(f"{way} does not pass {latent.name}",), severity="warning",
        helps=(_help(source, encoder, latent, decoder),),
    )  # fmt: skip


def _numbers(type: object) -> str:
    """How many numbers a wire carries for each sample."""
    if not isinstance(type, Tensor) or type.shape is None:
        return "its numbers"
    count = numel(type.sizes[1:])
    return f"{count:,} number{'' if count == 1 else 's'}" if isinstance(count, int) else f"{count} numbers"


def _spot(source: Source | None, part: Part, name: str) -> Span | None:
    """Where a part of the text reads a name."""
    if source is None or source.name != part.span.file or not name.isidentifier():
        return None
    line = source.text[part.span.start : part.span.end]
    start = line.find(":") + 1
    found = re.compile(rf"\b{name}\b").search(line, start)
    return Span(part.span.file, part.span.start + found.start(), part.span.start + found.end()) if found else None


def _start(source: Source | None, part: Part) -> Span:
    """`latent z`, the beginning of its line."""
    if source is None or source.name != part.span.file:
        return part.span
    line = source.text.rfind("\n", 0, part.span.start) + 1
    end = source.text.find("\n", part.span.start)
    found = re.compile(r"(?:-\s*)?((?:latent\s+)?[A-Za-z_]\w*)\s*:").search(source.text[line:end])
    return Span(part.span.file, line + found.start(1), line + found.end(1)) if found else part.span


def _help(source: Source | None, encoder: Part, latent: Part, decoder: Part) -> str:
    """Decode the latent alone, with the encoder's own steps turned round where they fit on a line."""
    steps = text(source, encoder.span).partition(":")[2].strip()
    rest = " -> ".join(part.strip() for part in steps.split("->")[1:])
    if not rest or "\n" in steps or len(rest) > 40 or "(" in steps.split("->")[0]:
        return f"decode {latent.name} alone"
    return f"decode {latent.name} alone: `decoder {decoder.name}: {latent.name} -> {rest} -> ...`"
