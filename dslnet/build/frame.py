"""A body being built: its names, its nodes, and what it reads from the text around it.

A frame becomes one definition of the IR. The body of a repeat, a lane of `each` and a module on the side are
frames inside the frame of the text around them: a wire or module of the outer frame is *captured* on first use
and becomes an input of the inner one.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..diagnostics import Diagnostic, Help, Label
from ..graph import Initial, Param
from ..node import record
from ..ops import Operator
from ..shape import UNKNOWN_TENSOR, Dim, Size, Tensor
from ..source import NOWHERE, Span
from .naming import Naming
from .paths import Paths
from .session import Session
from .values import (
    DraftInstance,
    DraftNode,
    DraftRegion,
    ModuleValue,
    Namespace,
    Wire,
    Wires,
)

if TYPE_CHECKING:
    from .program import File


@record
class FrameInput:
    """An input of a frame; `outer` is the captured wire of the frame around."""

    wire: Wire
    kind: str = "input"
    optional: bool = False
    outer: Wire | None = None
    tuple_of: Wires | None = None


class Frame:
    """The state of one body; the classes that build on it say what the text does."""

    def __init__(self, session: Session, file: File, naming: Naming, kind: str, hint: str, outer: Frame | None) -> None:
        self.session, self.report, self.file, self.naming = session, session.report, file, naming
        self.kind, self.hint, self.outer = kind, hint, outer
        self.key = session.key(hint)
        self.scope: Namespace = Namespace(outer.scope if outer else None)
        self.body: list[DraftNode | DraftRegion] = []
        self.items = self.body
        self.instances: list[DraftInstance] = []
        self.paths = Paths()
        self.inputs: list[FrameInput] = []
        self.captured: dict[Wire, Wire] = {}
        self.held: list[tuple[str, ModuleValue]] = []
        self.held_names: dict[ModuleValue, str] = {}
        self.used_names: set[str] = set()
        self.numbers: dict[str, int] = {}  # of the names with a number, the last one given for each
        self.indexing = False  # a tuple from outside is wanted for one of its elements, so not all are captured
        self.picked: dict[tuple[str, int], Wire] = {}  # elements of tuples that frames inside have captured
        self.made: dict[str, Wire] = {}
        self.prefix = ""
        self.sequence: int | None = None  # the number of the next box, where boxes are numbered
        self.naming_line: object = None  # the statement of a round that has the name of the round
        self.boxes = 0
        self.sealed: tuple[str, Span] | None = None
        # what a SpectralNorm around the text, or the `init=` of an enclosing block, does to the weights inside
        self.parametrization: str | None = outer.parametrization if outer else None
        self.initial: Initial | None = outer.initial if outer else None
        self.sizes: dict[str, Size] = outer.sizes if outer else {}
        self.bindings: dict[str, Any] = outer.bindings if outer else {}
        self.doc: tuple[str, ...] = ()
        self.called = ""  # the name of the preset that was used
        self.failed = False
        self.told = len(session.report.diagnostics)  # what was said before this body
        self.refused = False
        self.call_span: Span | None = outer.call_span if outer else None
        self.modules: list[ModuleValue] = []
        self.inner_modules: dict[str, ModuleValue] = {}  # those of blocks that are called here, by path
        self.repeats: list[Span] = []
        self.argument_spans: dict[str, Span] = outer.argument_spans if outer else {}
        self.objectives = False
        self.contradictions: set[Span] = set()
        self.seen: set[int] = set()  # statements that were read, by identity
        self.output_names: dict[str, Wire] = {}
        self.output_spans: dict[str, Span] = {}
        self.state_names: list[str] = []
        self.state_wires: dict[str, tuple[Wire, Any]] = {}
        self.param_wires: list[tuple[Param, Wire]] = []
        self.entry = False
        self.settings: dict[str, Any] = {}
        #: The text that the definition is made from.
        self.text_span: Span = outer.text_span if outer else NOWHERE
        self.final_states: list[tuple[str, Wire]] = []
        self.losses: list[tuple[Any, Wire]] = []
        self.told_losses: dict[str, Any] = {}  # the first one of each name
        self.trains: list[tuple[tuple[str, ...], Wire, Span, str]] = []
        self.optimizers: list[Any] = []
        self.frozen: list[tuple[str, Span]] = []
        self.promises: list[tuple[Any, Wire, Wire]] = []

    @property
    def silent(self) -> bool:
        """Whether a `require` of the block failed: what follows from that is not told."""
        return self.refused or (self.outer is not None and self.outer.silent)

    def bindings_plain(self) -> dict[str, Any]:
        """The bindings that are plain data."""
        return {
            n: v for n, v in self.bindings.items() if v is None or isinstance(v, (bool, int, float, str, tuple, Dim))
        }

    # ---------------------------------------------------------------------------------------------- mistakes

    def error(
        self,
        code: str,
        title: str,
        span: Span,
        label: str = "",
        *,
        secondary: Iterable[Label] = (),
        notes: Iterable[str] = (),
        helps: Iterable[Help | str] = (),
        severity: str = "error",
    ) -> None:
        """Report a mistake of this body, unless its line could not even be read, or its block was refused."""
        self.failed |= severity == "error"
        if self.silent or self.session.unreadable(span):
            return
        advice = tuple(Help(h) if isinstance(h, str) else h for h in helps)
        if self.file.prelude and self.call_span is not None and span.file == self.file.spec.source.name:
            # nobody can mend a prelude block: what is wrong is how it is used
            notes = (*notes, f"found inside the prelude block `{self.hint}`")
            span, label, secondary = self.call_span, label, ()
        self.report.add(Diagnostic(code, title, Label(span, label), tuple(secondary), tuple(notes), advice, severity))

    # ------------------------------------------------------------------------------------------------ values

    def fresh(self, name: str) -> str:
        """A value name that is not taken in this frame."""
        base = candidate = name or "x"
        if base in self.used_names:
            number = self.numbers.get(base, 1)
            while candidate in self.used_names:
                number += 1
                candidate = f"{base}.{number}"
            self.numbers[base] = number
        self.used_names.add(candidate)
        return candidate

    def wire(self, name: str, type: Tensor, span: Span, node: DraftNode | None = None) -> Wire:
        made = Wire(self.fresh(name), type, self, span, node)
        self.made[made.name] = made
        return made

    def rename(self, wire: Wire, name: str) -> None:
        """Give a wire that was just made the name that its author chose."""
        self.used_names.discard(wire.name)
        base, _, number = wire.name.rpartition(".")
        if base in self.numbers:
            self.numbers[base] = min(self.numbers[base], int(number) - 1)  # the one that is free again
        self.made.pop(wire.name, None)
        wire.name, wire.named = self.fresh(name), True
        self.made[wire.name] = wire

    def unknown(self, span: Span) -> Wire:
        """The wire of something with an error."""
        return Wire(self.fresh("unknown"), UNKNOWN_TENSOR, self, span)

    # ---------------------------------------------------------------------------------------------- captures

    def reach(self, wire: Wire) -> Wire:
        """The wire as this frame sees it, captured through the frames between."""
        if wire.frame is self:
            return wire
        if wire in self.captured:
            return self.captured[wire]
        if self.outer is None:
            self.error(
                "E0215",
                f"`{wire.name}` belongs to the body of another block",
                wire.span,
                "read by a module that was passed on",
                helps=("a module that is given to a block reads only what flows through it",),
            )
            return self.unknown(wire.span)
        if self.sealed is not None:
            self.captured[wire] = self.from_outside(*self.sealed)
            return self.captured[wire]
        outer = self.outer.reach(wire)
        local = Wire(self.fresh(wire.name), wire.type, self, wire.span, None, wire.loose, wire.names, named=wire.named)
        self.captured[wire] = local
        self.captured[outer] = local
        self.inputs.append(FrameInput(local, "capture", outer=outer))
        return local

    def from_outside(self, name: str, span: Span) -> Wire:
        """Report that the body of a combinator, which has copies, reads what is around it."""
        title = f"the body of `{name}` reads a wire or module from outside"
        self.error("E0215", title, span, "its copies see only what flows in")
        return self.unknown(span)

    def reach_all(self, wires: Wires) -> Wires:
        if self.indexing or wires.frame is self or (wires.value is None and all(w.frame is self for w in wires.items)):
            return wires
        found = tuple(self.element(wires, number) for number in range(len(wires.items)))
        return Wires(found, wires.span, None, self, wires.names)

    def element(self, wires: Wires, number: int) -> Wire:
        """One wire of a tuple from outside, captured alone."""
        if wires.value is None or wires.frame is None:
            return self.reach(wires.items[number])
        picked = wires.frame.picked
        if (wires.value, number) not in picked:
            picked[wires.value, number] = wires.frame.pick(wires, number, wires.span)
        return self.reach(picked[wires.value, number])

    def pick(self, wires: Wires, number: int, span: Span) -> Wire:
        """One wire of a tuple of this frame (see `Operators`)."""
        raise NotImplementedError

    def reach_module(self, module: ModuleValue) -> str:
        """The path or name by which this frame's nodes call a module."""
        if module.frame is self:
            return module.path
        if module in self.held_names:
            return self.held_names[module]
        if self.sealed is not None:
            self.from_outside(*self.sealed)
        elif self.outer is not None:
            self.outer.reach_module(module)
        name = self.fresh(module.name)
        self.held_names[module] = name
        self.held.append((name, module))
        return name

    # ---------------------------------------------------------------------------------------------- the graph

    def add(self, node: DraftNode, boxes: int = 1) -> None:
        self.items.append(node)
        self.boxes += boxes
        self.session.bound(self.boxes, node.span)

    @contextmanager
    def region(self, kind: str, span: Span, **details: Any) -> Any:
        """Nodes made inside belong to a region; `lane()` of it opens the next lane."""
        region = DraftRegion(kind, [], span=span, **details)
        outer = self.items
        outer.append(region)
        try:
            yield region
        finally:
            self.items = outer

    def lane(self, region: DraftRegion) -> None:
        """Go on in a new lane of a region."""
        region.lanes.append([])
        self.items = region.lanes[-1]

    def claim(self, path: str, span: Span) -> bool:
        """Take a path in the state_dict; False after a report when it is taken, or cannot be one."""
        if "training" in path.split("."):
            advice = "torch keeps there whether a module is trained or evaluated; choose another name"
            self.error("E0204", "`training` cannot name anything with weights", span, helps=(advice,))
            return False
        taken = self.paths.taken(path)
        if taken is not None:
            self.twice(path, taken, span)
            return False
        self.paths.take(path, span)
        return True

    def text_of(self, span: Span) -> str:
        """What is written at a place, on one line."""
        source = self.report.sources.get(span.file)
        return " ".join(source.text[span.start : span.end].split()) if source is not None else ""

    def twice(self, path: str, taken: Span, span: Span) -> None:
        first = [Label(taken, "taken here")] if taken != span else []
        shown = path or "the name of the block"
        self.error("E0203", f"two things have the path `{shown}`", span, "defined again here", secondary=first)

    def claim_numbers(self, path: str, numbers: range, span: Span) -> None:
        """Take the paths of rounds that are numbered with the steps around them."""
        if path in self.paths.rounds:
            self.error(
                "E0203",
                "a second `repeat` cannot go on counting in one place",
                span,
                "needs a name",
                secondary=[Label(self.paths.rounds[path][1], "its rounds are numbered after the step above")],
                helps=("`- blocks: repeat ...` has numbers of its own",),
            )
            return
        found = self.paths.first_among(path, numbers)
        if found is not None:
            self.twice(f"{path}.{found[0]}" if path else str(found[0]), found[1], span)
            return
        self.paths.rounds[path] = numbers, span

    def instance(self, path: str, span: Span, operator: Operator | None = None, **details: Any) -> DraftInstance:
        """A new module of this frame. One that holds others has no weights that a `SpectralNorm` could take."""
        self.claim(path, span)
        held = self.parametrization if operator is not None else None
        made = DraftInstance(path, operator, span=span, parametrization=held, **details)
        self.instances.append(made)
        return made

    # ------------------------------------------------------------------------------------------------- names

    def define(self, name: str, value: Any, span: Span) -> bool:
        """Bind a name of this scope; False after a report when it is already taken."""
        limits = self.session.limits
        if len(name) > limits.name:
            self.error("E0905", f"a name has at most {limits.name} characters", span)
            return False
        before = self.scope.where(name)
        if before is not None and self.taken(name, span):
            self.error(
                "E0203",
                f"`{name}` is defined twice",
                span,
                "defined again here",
                secondary=[Label(before, "first defined here")],
            )
            return False
        self.scope.names[name] = value
        self.scope.spans[name] = span
        return True

    def given_twice(self, name: str, span: Span) -> bool:
        """Whether a name is taken, after a report; its value is then not looked at."""
        return self.taken(name, span) and not self.define(name, None, span)

    def taken(self, name: str, span: Span) -> bool:
        """Whether a name is defined by another text; by the same one, it is another round or another arm."""
        before = self.scope.where(name)
        return before is not None and before != span and self.scope.find(name) is not None

    @contextmanager
    def namespace(self, name: str) -> Any:
        """The names and paths made inside are those of the group `name`."""
        outer = self.scope
        self.scope = Namespace(outer)
        try:
            with self.under(name):
                yield self.scope
        finally:
            self.scope = outer

    @contextmanager
    def under(self, segment: str) -> Any:
        """The paths made inside are below a segment, and named as usual."""
        prefix, sequence = self.prefix, self.sequence
        self.prefix, self.sequence = self.path(segment), None
        try:
            yield
        finally:
            self.prefix, self.sequence = prefix, sequence

    @contextmanager
    def held_by(self, parametrization: str | None) -> Any:
        """The weights made inside are computed by a parametrization, or by none."""
        outer, self.parametrization = self.parametrization, parametrization
        try:
            yield
        finally:
            self.parametrization = outer

    def place(self, node: object) -> str:
        """The path of a box, repeat or each of the text."""
        return self.path(self.naming.segment(node) if self.sequence is None else self.position())

    def position(self) -> str:
        """The next number, where boxes are numbered."""
        assert self.sequence is not None
        self.sequence += 1
        return str(self.sequence - 1)

    def path(self, segment: str) -> str:
        """A segment below the current namespace."""
        return f"{self.prefix}.{segment}" if self.prefix and segment else self.prefix or segment
