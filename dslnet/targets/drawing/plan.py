"""What is open and what is closed.

Enters: a model and the reader's wishes. Leaves: for each use of a block, what it comes to when blocks that only pass
on are looked through, and whether its inside is drawn in its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...graph import Definition, Model, Node
from ...resources import specs
from ...source import Source, Span
from .symbols import Symbols
from .wishes import Wishes

#: What is drawn only on request.
SHOWN = ("metrics", "sharing")
LEVELS = ("overview", "block", "full")
#: Parts that stand as units beside each other.
UNITS = ("encoder", "decoder", "generator", "critic", "teacher", "student")
#: A block with more inside is closed unless it is asked for; recursion deeper than this is closed too.
INSIDE, DEEP = 12, 4

#: Of calls that are drawn as one: what is read of those before the last, by the definition and the last's value.
Inner = dict[tuple[str, str], list[str]]


@dataclass(frozen=True, slots=True)
class Options:
    """What the reader asks for. `wishes` are (open, pattern) in the order given; the last match wins. `twins` are the
    same model at other values of the arguments `names`, by which sizes are then told; `alone` are definitions of
    one block that is drawn by itself. Raises ValueError for a level or orientation that there is not."""

    level: str = "block"
    wishes: tuple[tuple[bool, str], ...] = ()
    training: bool = True
    show: tuple[str, ...] = ()
    orient: str | None = None
    legend: bool = True
    caption: bool = True
    apart: bool = False
    link: str | None = None
    sources: dict[str, Source] = field(default_factory=dict)
    twins: tuple[Model, ...] = ()
    names: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"a level is one of {', '.join(LEVELS)}, not {self.level!r}")
        if self.orient not in (None, "TB", "BT", "LR"):
            raise ValueError(f"an orientation is TB, BT or LR, not {self.orient!r}")
        if isinstance(self.show, str) or set(self.show) - set(SHOWN):
            raise ValueError(f"what can be shown is a tuple of {' and '.join(SHOWN)}, not {self.show!r}")

    def text(self, span: Span) -> str | None:
        """The text of a place in a spec, where it is known."""
        source = self.sources.get(span.file)
        return source.text[span.start : span.end] if source is not None and span.end else None

    def rest(self, span: Span) -> str:
        """The text from the beginning of a place to the end of its line, where it is known."""
        source = self.sources.get(span.file)
        return source.text[span.start :].partition("\n")[0] if source is not None and span.end else ""

    def line(self, span: Span) -> int | None:
        source = self.sources.get(span.file)
        return source.position(min(span.start, len(source.text)))[0] if source is not None and span.end else None


def from_prelude(definition: Definition) -> bool:
    """Whether a block is one of the shipped ones, which a reader knows by name."""
    first = next(definition.nodes(), None)
    if first is None or not first.span.file:
        return False
    path = Path(first.span.file)
    return path.parent.name == "std" and (specs() / "std" / path.name).is_file()


def passed(definition: Definition) -> Node | None:
    """The one call or repeat to which a block hands its input and whose value it returns; else None."""
    if definition.params or definition.states or len(definition.body) != 1 or not definition.inputs:
        return None
    node = definition.body[0]
    if not isinstance(node, Node) or node.kind not in ("call", "repeat") or node.role is not None:
        return None
    same = node.inputs[0] == definition.inputs[0].value.name and definition.outputs[0][1] == node.outputs[0].name
    return node if same else None


@dataclass(slots=True)
class Use:
    """What a call or a repeat comes to. `inputs` are positions of the node's inputs, `node` is the innermost call
    (whose text has the arguments), `through` the definitions that were looked through. `held` are the modules of the
    node's scope that the definition has from outside, and `lent` is the one that it is itself, if it is."""

    rounds: list[tuple[str, int]]
    inputs: list[int | None]
    node: Node
    repeated: bool
    through: str = ""
    held: tuple[str, ...] = ()
    lent: str = ""

    @property
    def times(self) -> int:
        return sum(count for _, count in self.rounds)

    @property
    def key(self) -> str:
        return self.rounds[0][0]


class Plan:
    """The opening of one model's blocks, in the usual `way`; `flat`, blocks that use themselves are closed, and `shut`,
    every block that nobody asks for and that has no role."""

    def __init__(self, model: Model, options: Options, root: str, inner: Inner | None = None, way: str = "") -> None:
        self.model, self.options, self.root, self.way = model, options, root, way
        self.inner = inner or {}
        self.symbols = Symbols(model, root, options.twins, options.names)
        self.sites: dict[str, set[tuple[str, object]]] = {}
        self.wishes = Wishes(model, options.wishes, options.level == "full")
        self._survey()

    def use(self, node: Node) -> Use:
        """A call, repeat, each or scan, with blocks that only pass on looked through."""
        rounds = [(r.definition, r.count) for r in node.rounds] or [(node.definition or "", 1)]
        found = Use(rounds, list(range(len(node.inputs))), node, bool(node.rounds), held=node.held)
        if self.options.level == "full":
            return found
        while (deeper := self._deeper(found)) is not None:
            found = deeper
        return found

    def _deeper(self, use: Use) -> Use | None:
        definitions = [self.model.definitions[key] for key, _ in use.rounds]
        inner = [passed(d) for d in definitions]
        if any(from_prelude(d) for d in definitions):
            return None
        first = inner[0]
        if first is None:
            return None
        if first.kind == "repeat":
            if len(inner) > 1 or use.rounds[0][1] > 1:
                return None
            rounds = [(r.definition, r.count) for r in first.rounds]
        else:
            if any(n is None or n.kind != "call" or n.inputs != first.inputs for n in inner):
                return None
            calls = [n.definition for n in inner if n is not None and n.definition is not None]
            if len({self.model.definitions[c].block for c in calls}) > 1:
                return None
            rounds = [(c, count) for c, (_, count) in zip(calls, use.rounds, strict=True)]
        fed = {i.value.name: at for i, at in zip(definitions[0].inputs, use.inputs, strict=False)}
        inputs = [fed.get(name) if name is not None else None for name in first.inputs]
        through = next((d.block for d in definitions if d.kind == "block"), use.through)
        outer = dict(zip(definitions[0].held, use.held, strict=False))
        held = tuple(outer.get(path, "") for path in first.held)
        lent = outer.get(first.module or "", "") or use.lent
        return Use(rounds, inputs, first, use.repeated or first.kind == "repeat", through, held, lent)

    def _survey(self) -> None:
        """Count in how many places of the text each block is used."""
        seen: set[str] = set()
        todo: list[tuple[str, str]] = [(self.root, "")]
        while todo:
            key, path = todo.pop()
            if key in seen:
                continue
            seen.add(key)
            definition = self.model.definitions[key]
            written: Counter[Span] = Counter()
            for node in definition.nodes():
                if node.kind == "box":
                    continue
                written[node.span] += 1
                use = self.use(node)
                here = ".".join(p for p in (path, node.module or "") if p)
                below = self.model.definitions[use.key]
                if below.block != definition.block:
                    # the rounds of a repeat that are steps of their own stand at one place of the text
                    place = (definition.block, (node.span, written[node.span]) if node.span.end else here)
                    self.sites.setdefault(below.block, set()).add(place)
                todo += [(k, here) for k in distinct(k for k, _ in use.rounds)]

    def check(self) -> None:
        """Refuse patterns that fit nothing, after all that is drawn has been asked for."""
        self.wishes.check(self.root)

    def recursive(self, key: str) -> bool:
        """Whether a block uses itself, at whatever depth."""
        block = self.model.definitions[key].block
        seen: set[str] = set()
        todo = [key]
        while todo:
            for node in self.model.definitions[todo.pop()].nodes():
                for below in (*([node.definition] if node.definition else []), *(r.definition for r in node.rounds)):
                    if self.model.definitions[below].block == block:
                        return True
                    if below not in seen:
                        seen.add(below)
                        todo.append(below)
        return False

    def opened(self, use: Use, wish: bool | None, nesting: Sequence[str], role: str | None, shared: bool) -> bool:
        """Whether the inside of a use is drawn in its place; `wish` is what the reader asks for."""
        definition = self.model.definitions[use.key]
        if wish is not None:
            return wish
        if self.options.apart:
            return definition.kind == "round" and not shared
        if self.options.level != "block":
            return self.options.level == "full"
        if shared or from_prelude(definition):
            return False
        if nesting.count(definition.block) >= DEEP or (self.way and self.recursive(use.key)):
            return False
        if len({self.model.definitions[k].block for k, _ in use.rounds}) > 1 and definition.kind == "block":
            return False
        if self.way == "shut" and definition.kind != "round" and role not in UNITS:
            return False
        small = weight(definition) <= INSIDE
        return small and (definition.kind == "round" or len(self.sites.get(definition.block, ())) <= 1 or role in UNITS)


def weight(definition: Definition) -> int:
    """About how many boxes a definition is drawn with: what does not vanish into a row of another."""
    total = 0
    for node in definition.nodes():
        many = len([i for i in node.inputs if i is not None]) > 1
        total += node.kind != "box" or many or (node.operator is not None and node.operator.weighted)
    return total


def distinct(keys: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(keys))
