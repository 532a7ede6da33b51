"""The error of a model that is not autoregressive.

Enters: a promise of a model. Leaves: nothing where it is proved; else E0505 with the path from the tokens to the
output, and what to write instead.
"""

from __future__ import annotations

from ..diagnostics import Label, Report
from ..graph import Autoregressive, Model
from ..ops.dependence import Steps
from ..shape import Tensor
from ..source import Span
from .causality import Prover, elements, holds, promised
from .cure import helps, image
from .path import Path, Row, blame_first, follow, own_place, reads


def prove(model: Model, promise: Autoregressive, report: Report, prelude: frozenset[str] = frozenset()) -> None:
    """Report E0505 unless `promise` holds. `prelude` are the names of files whose insides nobody wants to see."""
    key = model.entry
    values = model.definitions[key].values()
    if promise.logits not in values:
        key = model.training
        values = model.definitions[key].values() if key else {}
    if promise.logits not in values:
        title = f"no output and no loss needs `{promise.logits}`, which makes a promise"
        report.error("E0505", title[:80], promise.span, helps=(f"`output {promise.logits}`",))
        return
    if promise.tokens not in values:
        return  # what is not there is not seen
    type = values[promise.tokens].type
    if not isinstance(type, Tensor) or type.shape is None:
        return
    pinned = {promise.tokens: promised(type)}
    prover = Prover(model, pinned=pinned)
    environment = prover.entry(key)
    if holds(environment[promise.logits]):
        _trained(prover, promise, report)
        return
    path = Path()
    follow(prover, model.definitions[key], environment, promise.logits, path, prelude)
    if path.node is None and image(prover):
        blame_first(model.definitions[key], environment, promise.logits, path)
    _tell(prover, key, promise, path, report, prelude)


def _fact(steps: Steps | None) -> str:
    """The label of the box that leaks."""
    if steps is None:
        return "carries the steps in two axes"
    if not steps.everything and steps.order:
        rows, columns = own_place(steps)
        count, what = (rows, "row") if rows else (columns, "column")
        return f"reads {count} {what}{'s' if count > 1 else ''} ahead" if count > 0 else "sees the pixel itself"
    if not steps.everything:
        shift = max(shift for _, shift in steps.at)
        return f"reads {shift} step{'s' if shift > 1 else ''} ahead"
    if not steps.proved:
        return "not known to keep the steps apart"
    return "every step reads every step" if steps.why in ("not causal", "bidirectional") else f"{steps.why}"[:49]


def _tell(
    prover: Prover, key: str, promise: Autoregressive, path: Path, report: Report, prelude: frozenset[str]
) -> None:
    proved = path.steps is None or not path.steps.everything or path.steps.proved
    title = f"`{promise.logits}` at step t sees {promise.tokens} after t"
    said = f"promises: only {promise.tokens} up to t"
    if not proved:
        title = f"`{promise.logits}` at step t may see {promise.tokens} after t"
    if image(prover):
        title = f"`{promise.logits}` at a pixel {'sees' if proved else 'may see'} {promise.tokens} from there on"
        said = f"promises: only {promise.tokens} before the pixel"
    word = Span(promise.span.file, promise.span.start, promise.span.start + len("autoregressive"))
    secondary = [Label(path.node.span, _fact(path.steps))] if path.node is not None else []
    notes = [_shown(prover, key, promise, path, report)]
    counted = _counted(path)
    if counted:
        notes.append(counted)
    report.error(
        "E0505", title[:80], word, said[:49],
        secondary=secondary, notes=notes, helps=helps(prover, key, promise, path, report, prelude),
    )  # fmt: skip


def _shown(prover: Prover, key: str, promise: Autoregressive, path: Path, report: Report) -> str:
    """The path as a table of at most eight rows."""
    sequence = prover.pinned[promise.tokens]
    rows = [Row(promise.tokens, sequence), *path.rows]
    if len(rows) > 7:
        rows = [*rows[:2], Row("...", rows[2].known), *rows[-4:]]
    if path.node is not None and all(v.name != promise.logits for v in path.node.outputs):
        environment = prover.entry(key)
        rows.append(Row(f"{path.prefix} ... {promise.logits}".strip(), environment[promise.logits]))
    table = [[row.label, reads(row.known), row.why] for row in rows]
    width = max(18, *(len(label) for label, _, _ in table)) + 2
    middle = max(10, *(len(said) for _, said, _ in table)) + 2
    lines = ["the path that leaks" if path.node is not None else "the path from the tokens"]
    for row, (label, said, why) in zip(rows, table, strict=True):
        why = why if row.leak or row.label != rows[-1].label or path.node is None else ""
        if row.leak and path.node is not None:
            why += f"{', ' if why else ''}{_line(path.node.span, promise.span, report)}   <- leaks here"
        lines.append(f"{label:<{width}}{said:<{middle}}{why}".rstrip())
    return "\n".join(lines)


def _line(span: Span, near: Span, report: Report) -> str:
    source = report.sources.get(span.file)
    if source is None:
        return span.file
    line = source.position(span.start)[0]
    return f"line {line}" if span.file == near.file else f"{span.file}:{line}"


def _counted(path: Path) -> str:
    """How many instances of the block leak."""
    total, guilty = 1, 1
    for count, bad in path.rounds:
        total, guilty = total * count, guilty * bad
    if total < 2:
        return ""
    what = f"`{path.block}` is used" if path.block else "the body is repeated"
    which = "all leak" if total == guilty else f"{guilty} of them leak{'s' if guilty == 1 else ''}"
    return f"{what} {total} times ({path.prefix} to {path.last}); {which}"


def _trained(prover: Prover, promise: Autoregressive, report: Report) -> None:
    """A note where the proof holds in evaluation only: batch statistics are taken over the steps, too."""
    for definition in prover.model.definitions.values():
        for node in definition.nodes():
            if node.operator is None or node.operator.name != "BatchNorm":
                continue
            known = [e[n] for e in prover.seen(definition.key) for n in node.inputs if n is not None and n in e]
            if any(s.depends for k in known for s in elements(k)):
                report.error(
                    "E0505", "while it trains, `BatchNorm` mixes the steps", node.span,
                    "its means are over the batch and the steps", severity="note",
                    notes=(f"in evaluation `{promise.logits}` keeps the promise",),
                    helps=("`LayerNorm` sees one step at a time",),
                )  # fmt: skip
