"""Where the future arrives: the error of a model that is not autoregressive.

Enters: a finished proof that failed. Leaves: the path from the tokens to the output, oldest first, down to the box
that mixes the steps, and what to write there instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..diagnostics import Edit, Help, Label, Report
from ..graph import Autoregressive, Definition, Instance, Model, Node, Region, join
from ..ops.dependence import Steps
from ..shape import Tensor
from ..source import Span
from .causality import Environment, Known, Prover, elements, holds, leaks, time_axis

#: Kinds of boxes that a reader of the path can do without, where they change nothing.
PLAIN = ("dropout", "op", "shape", "activation")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the path: a thing, which steps its output depends on, and why."""

    label: str
    known: Known
    why: str = ""
    leak: bool = False


@dataclass
class Path:
    """What was found on the way down to the leak. `rounds` are (first place, last place, how many, how many of them
    leak) for each repeat on the way; `chain` are the calls, outermost first."""

    rows: list[Row] = field(default_factory=list)
    node: Node | None = None
    prefix: str = ""
    last: str = ""
    rounds: list[tuple[int, int]] = field(default_factory=list)
    chain: list[Node] = field(default_factory=list)
    block: str = ""
    steps: Steps | None = None


def prove(model: Model, promise: Autoregressive, report: Report, prelude: frozenset[str] = frozenset()) -> None:
    """Report E0505 unless `promise` holds. `prelude` are the names of files whose insides nobody wants to see."""
    key = model.entry
    values = model.definitions[key].values()
    if promise.logits not in values:
        key = model.training
        values = model.definitions[key].values() if key else {}
    if promise.logits not in values or promise.tokens not in values:
        return
    type = values[promise.tokens].type
    if not isinstance(type, Tensor) or type.shape is None:
        return
    pinned = {promise.tokens: Steps(((time_axis(type), 0),))}
    prover = Prover(model, pinned=pinned)
    environment = prover.entry(key)
    if holds(environment[promise.logits]):
        _trained(prover, promise, report, prelude)
        return
    path = Path()
    _follow(prover, model.definitions[key], environment, promise.logits, path, prelude)
    _tell(prover, key, promise, path, report, prelude)


# ------------------------------------------------------------------------------------------------- the path


def _follow(
    prover: Prover, definition: Definition, environment: Environment, target: str, path: Path, prelude: frozenset[str]
) -> None:
    """Add the rows of one definition up to the leak, and go down into the box that makes it."""
    for node, value in _way(definition, environment, target):
        known = environment[value]
        inside = [environment[n] for n in node.inputs if n is not None and n in environment]
        here = leaks(known) and not any(map(leaks, inside))
        if definition.kind == "block":
            path.block = definition.block
        if not here:
            if not _plain(node, known, inside):
                path.rows.append(Row(_label(definition, node, path.prefix), known, _why(known)))
            continue
        inner = None if _hidden(prover.model, node, prelude) else _inner(prover, environment, node, value)
        if inner is None:
            path.node, path.steps = node, next(s for s in elements(known) if s.ahead)
            path.rows.append(Row(_label(definition, node, path.prefix), known, _why(known), leak=True))
            return
        callee, below, output, first, last, counts = inner
        path.chain.append(node)
        path.prefix, path.last = join(path.prefix, first), join(path.last, last)
        if counts is not None:
            path.rounds.append(counts)
        _follow(prover, callee, below, output, path, prelude)
        return


def _way(definition: Definition, environment: Environment, target: str) -> list[tuple[Node, str]]:
    """The nodes from the sequence to a value, each with its output on the way."""
    producer = {v.name: n for n in definition.nodes() for v in n.outputs}
    found: list[tuple[Node, str]] = []
    value: str | None = target
    while value is not None and value in producer:
        node = producer[value]
        found.append((node, value))
        names = [n for n in node.inputs if n is not None and n in environment]
        guilty = [n for n in names if leaks(environment[n])]
        touched = [n for n in names if any(s.depends for s in elements(environment[n]))]
        value = next(iter(guilty or touched), None)
    found.reverse()
    return found


Inner = tuple[Definition, Environment, str, str, str, tuple[int, int] | None]


def _inner(prover: Prover, environment: Environment, node: Node, value: str) -> Inner | None:
    """The definition inside a node in which the leak is: its values, the one that leaks, where it stands."""
    model = prover.model
    inputs = [environment[n] if n is not None else Steps() for n in node.inputs]
    place = node.module or ""
    number = [v.name for v in node.outputs].index(value)
    if node.kind == "call":
        assert node.definition is not None
        callee = model.definitions[node.definition]
        return callee, prover.call(node, inputs), callee.outputs[number][1], place, place, None
    if node.kind == "scan":
        assert node.definition is not None
        callee = model.definitions[node.definition]
        below = prover.scanned(node, inputs)[1]
        output = callee.outputs[number][1] if number < len(callee.outputs) else callee.states[-1].next
        return (callee, below, output, place, place, None) if leaks(below[output]) else None
    if node.kind not in ("repeat", "each"):
        return None
    start = next((i.start for i in _owner(model, node) if i.path == node.module), 0)
    total = sum(r.count for r in node.rounds)
    guilty = 0
    first: Inner | None = None
    at = start
    for part in node.rounds:
        callee = model.definitions[part.definition]
        below = prover.run(part.definition, inputs)
        output = callee.outputs[0][1]
        if any(leaks(below[v]) for _, v in callee.outputs):
            output = next(v for _, v in callee.outputs if leaks(below[v]))
            guilty += part.count
            if first is None:
                last = join(place, str(start + total - 1))
                first = (callee, below, output, join(place, str(at)), last, (total, 0))
        at += part.count
    return (*first[:5], (total, guilty)) if first is not None else None


def _owner(model: Model, node: Node) -> Iterator[Instance]:
    for definition in model.definitions.values():
        if any(n is node for n in definition.nodes()):
            yield from definition.instances


def _hidden(model: Model, node: Node, prelude: frozenset[str]) -> bool:
    """Whether a call goes into a block of the prelude, which is shown as one box."""
    if node.kind not in ("call", "scan") or node.definition is None:
        return False
    inside = next(model.definitions[node.definition].nodes(), None)
    return inside is not None and inside.span.file in prelude


def _plain(node: Node, known: Known, inside: Sequence[Known]) -> bool:
    """Whether a step of the path says nothing."""
    operator = node.operator
    return operator is not None and operator.kind in PLAIN and any(_reads(k) == _reads(known) for k in inside)


def _label(definition: Definition, node: Node, prefix: str) -> str:
    place = join(prefix, _group(definition.body, node) or "")
    if node.name:
        return join(place, node.name)
    if node.module in definition.held or any(i.path == node.module and i.shared for i in definition.instances):
        name = node.module or ""
    elif node.operator is not None:
        name = getattr(node.operator, "sign", "") or node.operator.name
    else:
        name = _block(node)
    return f"{place} {name}".strip()


def _block(node: Node) -> str:
    return (node.definition or node.kind).partition(".")[0]


def _group(items: Sequence[Node | Region], node: Node) -> str | None:
    """The named group that a node stands in; None when it is not here."""
    for item in items:
        if item is node:
            return ""
        if isinstance(item, Region):
            for lane in item.lanes:
                found = _group(lane, node)
                if found is not None:
                    return found or (item.path if item.kind == "group" and item.path else "")
    return None


# ------------------------------------------------------------------------------------------------- the words


def _reads(known: Known) -> str:
    """`step t`, as a row of the path says it."""
    steps = max(elements(known), key=lambda s: (s.everything, s.proved, [shift for _, shift in s.at]))
    if steps.everything:
        return "all steps" if steps.proved else "not known"
    if not steps.at:
        return "no step"
    shift = max(shift for _, shift in steps.at)
    t = "t" + (f" + {shift}" if shift > 0 else f" - {-shift}" if shift < 0 else "")
    if len(steps.at) > 1:
        return f"steps {t}, s"
    return f"step {t}" if steps.exact else f"steps to {t}"


def _why(known: Known) -> str:
    steps = max(elements(known), key=lambda s: (s.everything, s.ahead))
    return steps.why


def _fact(steps: Steps | None) -> str:
    """The label of the box that leaks."""
    if steps is None:
        return "carries the steps in two axes"
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
    if not proved:
        title = f"`{promise.logits}` at step t may see {promise.tokens} after t"
    word = Span(promise.span.file, promise.span.start, promise.span.start + len("autoregressive"))
    secondary = [Label(path.node.span, _fact(path.steps))] if path.node is not None else []
    notes = [_shown(prover, key, promise, path, report)]
    counted = _counted(path)
    if counted:
        notes.append(counted)
    report.error(
        "E0505", title[:80], word, f"promises: only {promise.tokens} up to t"[:49],
        secondary=secondary, notes=notes, helps=_helps(prover, key, promise, path, report, prelude),
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
    table = [[row.label, _reads(row.known), row.why] for row in rows]
    width = max(18, *(len(label) for label, _, _ in table)) + 2
    middle = max(10, *(len(reads) for _, reads, _ in table)) + 2
    lines = ["the path that leaks" if path.node is not None else "the path from the tokens"]
    for row, (label, reads, why) in zip(rows, table, strict=True):
        why = why if row.leak or row.label != rows[-1].label or path.node is None else ""
        if row.leak and path.node is not None:
            why += f"{', ' if why else ''}{_line(path.node.span, promise.span, report)}   <- leaks here"
        lines.append(f"{label:<{width}}{reads:<{middle}}{why}".rstrip())
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


# ------------------------------------------------------------------------------------------------- the cure


def _helps(
    prover: Prover, key: str, promise: Autoregressive, path: Path, report: Report, prelude: frozenset[str]
) -> list[Help]:
    fixed = _mended(prover, key, promise, path, report, prelude)
    if fixed is not None:
        edits, texts = fixed
        return [Help(" and ".join(dict.fromkeys(f"`{t}`" for t in texts)), edits, sure=True)]
    node = path.node
    if node is None:
        return []
    for call in reversed(path.chain):
        callee = prover.model.definitions.get(call.definition or "")
        if callee is not None and callee.bindings.get("causal") is False:
            text = _text(call.span, report)
            return [Help(f"`{_with(text, 'causal', 'true')}`")] if text else []
    if node.operator is not None and node.operator.values().get("bidirectional") is True:
        return [Help(f"`{node.operator.name}` in one direction: `bidirectional=false`")]
    if _argument(prover, node) is not None:
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
        text, argument = _text(span, report), _argument(prover, path.node)
        if argument is None or span in fixes or span.file != promise.span.file:
            return None
        if f"{argument[0]}=" in text.replace(" ", ""):
            return None
        fixes.append(span)
        changed = _with(text, *argument)
        edits.append(Edit(span, changed))
        texts.append(changed)
        again = Prover(prover.model, frozenset(fixes), prover.pinned, types=prover.types)
        environment = again.entry(key)
        if holds(environment[promise.logits]):
            return tuple(edits), texts
        path = Path()
        _follow(again, prover.model.definitions[key], environment, promise.logits, path, prelude)
    return None


def _argument(prover: Prover, node: Node) -> tuple[str, str] | None:
    """The argument that makes a box causal, if there is one."""
    if node.kind == "call" and node.definition is not None:
        callee = prover.model.definitions[node.definition]
        return ("causal", "true") if callee.bindings.get("causal") is False else None
    operator = node.operator
    if operator is not None and operator.name == "DotProductAttention":
        return "causal", "true"
    if operator is not None and operator.name == "Conv":
        return "padding", '"causal"'
    return None


def _text(span: Span, report: Report) -> str:
    source = report.sources.get(span.file)
    return source.text[span.start : span.end] if source is not None else ""


def _with(text: str, name: str, value: str) -> str:
    """A box as it is written, with one more argument."""
    if not text.endswith(")"):
        return f"{text}({name}={value})"
    inside = text[text.index("(") + 1 : -1].strip()
    return f"{text[:-1]}{', ' if inside else ''}{name}={value})"


def _trained(prover: Prover, promise: Autoregressive, report: Report, prelude: frozenset[str]) -> None:
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
