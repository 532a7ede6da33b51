"""What to write where the future arrives.

Enters: the path to a leak. Leaves: helps. One that is sure was tried on the graph: with it, the proof succeeds.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import Edit, Help, Report
from ..graph import Autoregressive, Node
from ..source import Span
from .causality import Prover, holds
from .path import Path, blame_first, follow


def helps(
    prover: Prover, key: str, promise: Autoregressive, path: Path, report: Report, prelude: frozenset[str]
) -> list[Help]:
    node = path.node
    if node is None:
        return []
    for call in reversed(path.chain):
        callee = prover.model.definitions.get(call.definition or "")
        if callee is not None and callee.bindings.get("causal") is False:
            text = _text(call.span, report)
            return [Help(f"`{_with(text, 'causal', 'true')}`")] if text else []
    fixed = _mended(prover, key, promise, path, report, prelude)
    if fixed is not None:
        edits, texts = fixed
        return [Help(" and ".join(dict.fromkeys(f"`{t}`" for t in texts)), edits, sure=True)]
    if node.operator is not None and node.operator.values().get("bidirectional") is True:
        return [Help(f"`{node.operator.name}` in one direction: `bidirectional=false`")]
    if image(prover) and node.operator is not None and node.operator.kind == "conv":
        return [Help('`MaskedConv` sees the pixels before: with `mask="A"` in the first layer, and "B" after it')]
    if node.operator is None and node.definition is not None:
        return [Help("`causal=true` keeps a step from reading later ones")]
    return []


def _mended(
    prover: Prover, key: str, promise: Autoregressive, path: Path, report: Report, prelude: frozenset[str]
) -> tuple[tuple[Edit, ...], list[str]] | None:
    """The edits that make the promise hold, tried on the graph; None when one argument is not enough."""
    fixes: list[Span] = []
    edits: list[Edit] = []
    texts: list[str] = []
    while path.node is not None and len(fixes) < 16:
        span = path.node.span
        changed = _changed(prover, path.node, _text(span, report))
        if changed is None or span in fixes or span.file != promise.span.file or not _square(prover, span):
            return None
        fixes.append(span)
        edits.append(Edit(span, changed))
        texts.append(changed)
        again = Prover(prover.model, frozenset(fixes), prover.pinned, types=prover.types)
        environment = again.entry(key)
        if holds(environment[promise.logits]):
            return tuple(edits), texts
        path = Path()
        follow(again, prover.model.definitions[key], environment, promise.logits, path, prelude)
        if path.node is None and image(prover):
            blame_first(prover.model.definitions[key], environment, promise.logits, path)
    return None


def image(prover: Prover) -> bool:
    """Whether the promise is about the pixels of an image."""
    return any(steps.order for steps in prover.pinned.values())


def _square(prover: Prover, span: Span) -> bool:
    """Whether everything that a text makes has as many keys as queries, so that a causal mask fits."""
    pairs: list[tuple[Any, Any]] = []
    for definition in prover.model.definitions.values():
        for node in definition.nodes():
            if node.span != span:
                continue
            inside = prover.model.definitions[node.definition] if node.definition is not None else definition
            for box in [node] if node.operator is not None else inside.nodes():
                types = prover.value_types(inside)
                given = [types[name].sizes for name in box.inputs[:2] if name is not None]
                if box.operator is not None and box.operator.name == "DotProductAttention":
                    pairs.append((given[0][-2], given[1][-2]))
                elif box.operator is not None and box.operator.name == "Softmax":
                    pairs.append((given[0][-2] if len(given[0]) > 1 else None, given[0][-1]))
    return all(queries == keys for queries, keys in pairs)


def _changed(prover: Prover, node: Node, text: str) -> str | None:
    """The text of a box that would keep the steps in order, if one word does that."""
    operator = node.operator
    name, value = "causal", "true"
    if operator is None:
        callee = prover.model.definitions.get(node.definition or "")
        if callee is None or callee.bindings.get("causal") is not False:
            return None
    elif operator.name == "Softmax":
        return f"CausalMask -> {text}" if operator.values()["axis"] == -1 else None
    elif operator.name == "MaskedConv":
        name, value = "mask", '"A"'
    elif operator.name == "Conv" and image(prover):
        return f"Masked{text}" if text.startswith("Conv(") and "padding" not in text else None
    elif operator.name in ("Conv", "DepthwiseConv"):
        name, value = "padding", '"causal"'
    elif operator.name != "DotProductAttention":
        return None
    return _with(text, name, value) if text and f"{name}=" not in text.replace(" ", "") else None


def _text(span: Span, report: Report) -> str:
    source = report.sources.get(span.file)
    return source.text[span.start : span.end] if source is not None else ""


def _with(text: str, name: str, value: str) -> str:
    """A box as it is written, with one more argument."""
    if not text.endswith(")"):
        return f"{text}({name}={value})"
    inside = text[text.index("(") + 1 : -1].strip()
    return f"{text[:-1]}{', ' if inside else ''}{name}={value})"
