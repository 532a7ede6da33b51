"""A block on given arguments and inputs.

Enters: a block, its arguments, the types that are fed. Leaves: a `DraftDefinition`. This is the last layer of the
frame: it opens and closes frames, binds inputs, parameters, states, and checks `require`.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from ..diagnostics import Diagnostic, Edit, Help
from ..ops.arithmetic import SIGNS
from ..shape import UNKNOWN, located, origin
from ..source import Span
from ..syntax import Item, Suite
from . import static
from .binding import Bound
from .blocks import Block
from .boxes import Fed
from .combinators import Combinators
from .expressions import Flow, Lazy
from .frame import FrameInput
from .inputs import Inputs
from .naming import Naming, naming
from .program import File
from .session import FILE, Session
from .values import UNKNOWN_VALUE, DraftDefinition, ModuleValue, Wire, Wires, frozen


class Body(Inputs):
    """A frame, complete."""

    # ----------------------------------------------------------------------------------- opening and closing

    def child(self, kind: str, hint: str) -> Body:
        frame = Body(self.session, self.file, self.naming, kind, hint, self)
        frame.objectives = False
        return frame

    def bare(self, file: File) -> Body:
        return Body(self.session, file, Naming.blank(), "file", FILE, None)

    def add_input(self, wire: Wire, name: str = "x") -> Wire:
        """What flows into a body that declares no input."""
        local = Wire(self.fresh(name), wire.type, self, wire.span)
        self.inputs.append(FrameInput(local))
        return local

    def close(self, outputs: list[tuple[str, Wire]]) -> DraftDefinition:
        first = True
        for module in self.modules:
            told = module.read and self.failed  # where it was read, it was said what is wrong
            if not module.used and not told and self.session.readable:
                if first:
                    self.follows_from(module)
                first = False
                self.nothing_flows(module)
        outputs = [(name, self.reach(wire)) for name, wire in outputs]
        draft = DraftDefinition(self.key, self, outputs, max(self.boxes, 1))
        self.session.drafts[self.key] = draft
        return draft

    def follows_from(self, module: ModuleValue) -> None:
        """Take back what was said of shapes after a module that nothing flows through: a step is missing there."""
        source, start = self.file.spec.source.name, module.span.start

        def follows(diagnostic: Diagnostic) -> bool:
            file, place, _ = diagnostic.primary.span
            return file == source and place > start and diagnostic.code.startswith(("E03", "E0511"))

        self.report.withdraw(follows, self.told)

    def nothing_flows(self, module: ModuleValue) -> None:
        if module.box is not None and self.target(module) is None:
            return  # nor could it: its box was just told to be wrong

        source = self.file.spec.source
        line = source.position(module.span.start)[0]
        begin = source.starts[line - 1]
        written, comments = source.line(line), self.file.spec.comments
        indent = len(written) - len(written.lstrip(" "))
        place = Span(module.span.file, begin + indent, begin + indent)
        after = bisect_left(comments, begin, key=lambda comment: comment.span.start)
        end = min([begin + len(written), *(comment.span.start for comment in comments[after : after + 1])])
        shown = source.text[begin:end].strip()
        self.error(
            "E0213",
            f"nothing flows through `{module.name}`",
            module.span,
            "a module that is never used",
            helps=(Help(f"did you forget the dash? `- {shown}`", (Edit(place, "- "),), sure=True),),
        )

    def run_child(self, module: ModuleValue, flow: Flow, span: Span) -> DraftDefinition | None:
        name = "".join(part.title() for part in module.name.split("_"))
        inner = self.child("module", name)
        inner.call_span, inner.text_span = None, module.span
        wires = flow.items if isinstance(flow, Wires) else (flow,)
        entries = tuple(inner.add_input(w, "x" if len(wires) == 1 else f"x{i}") for i, w in enumerate(wires))
        entry: Flow = entries[0] if len(entries) == 1 else Wires(entries, span, None, inner)
        result = inner.run(module.body, entry, False)
        if isinstance(result, Wires):
            self.error(
                "E0205", f"a module makes one tensor, and `{module.name}` makes {len(result.items)}", module.span
            )
            return None
        return inner.close([("out", result)])

    # ---------------------------------------------------------------------------------------------- elaborate

    def elaborate(
        self, block: Block, bound: Bound, fed: list[Fed | None], states: dict[str, Fed], at: Span
    ) -> DraftDefinition | None:
        session = self.session
        flows = [f for f in fed if f is not None] + list(states.values())
        if any(isinstance(f.value, Wire) and f.value.unknown for f in flows):
            return None
        initial = bound.extras.initial or self.initial
        values = {n: frozen(v) for n, v in bound.values.items()}
        key: tuple[Any, ...] = (
            id(block.root),
            session.facts,
            self.parametrization,
            initial,
            tuple(sorted(values.items())),
            tuple(_type(f) for f in fed),
            tuple(sorted((n, _type(f)) for n, f in states.items())),
        )
        try:
            if key in session.memo:
                known: DraftDefinition | None = session.memo[key]
                return known
        except TypeError:  # an argument that cannot be compared, such as one that has an error
            key = (id(object()),)
        busy = ("busy", key)
        if busy in session.memo or len(session.stack) >= session.limits.depth:
            self.endless(block, at, busy in session.memo)
        uncertain = session.loose or session.report.errors > 0
        if uncertain and any(b.root is block.root for b, _ in session.stack):
            return None  # what ends the recursion is not known here
        session.memo[busy] = True
        session.stack.append((block, at))
        try:
            frame = Body(session, block.root.file, naming(block.root), "block", block.root.name, None)
            frame.text_span = block.root.syntax.span
            frame.parametrization, frame.initial = self.parametrization, initial
            frame.call_span = self.call_span if self.file.prelude and self.call_span else at
            draft = frame.build(block, bound, fed, states, at, self)
        finally:
            session.stack.pop()
            del session.memo[busy]
        session.memo[key] = draft
        session.program.elaborated.add(id(block.root))
        return draft

    def endless(self, block: Block, at: Span, certain: bool) -> None:
        """Refuse a block that is entered again as it is (`certain`), or too deep inside others."""
        limit = self.session.limits.depth
        blocks = [b for b, _ in self.session.stack]
        above = [number for number, b in enumerate(blocks) if b.root is block.root]
        if not above:
            self.session.refuse("E0910", f"blocks are nested deeper than {limit}", at, notes=(_circle(blocks, block),))
        how = "without end" if certain else f"more than {limit} deep"
        self.session.refuse(
            "E0210",
            f"`{block.name}` contains itself {how}",
            at,
            notes=(_circle(blocks[above[-1] :], block),),
            helps=("end it with a static choice: `if depth > 0:` around the inner use",),
        )

    def parameters(self, block: Block, bound: Bound) -> None:
        """Enter the arguments; defaults wait until they are read, because they may use inferred sizes."""
        root = self.scope
        for parameter in block.parameters:
            name = parameter.name.text
            root.spans[name] = parameter.span
            if name in bound.values:
                value = bound.values[name]
                if static.is_size(value) and value is not UNKNOWN and origin(value) is None:
                    value = located(value, bound.spans.get(name))
                if isinstance(value, ModuleValue):
                    self.held_names[value] = self.fresh(name)
                    self.held.append((self.held_names[value], value))
                root.names[name] = value
                self.bindings[name] = value
                if name in bound.spans:
                    self.argument_spans[name] = bound.spans[name]
            elif parameter.default is not None:
                root.names[name] = Lazy(parameter.default, self, parameter.span)
            else:
                root.names[name] = UNKNOWN_VALUE

    def settle_all(self, block: Block) -> None:
        """Read every default, so that a mistake in one that nothing uses is found, and bindings are complete."""
        for parameter in block.parameters:
            name = parameter.name.text
            lazy = self.scope_of_parameters().get(name)
            if isinstance(lazy, Lazy):
                self.settle(name, lazy, parameter.span)

    def build(
        self, block: Block, bound: Bound, fed: list[Fed | None], states: dict[str, Fed], at: Span, caller: Combinators
    ) -> DraftDefinition | None:
        """The body of a block."""
        root = block.root
        self.doc = block.syntax.doc or root.syntax.doc
        self.called = "" if block is root else block.name
        self.parameters(block, bound)
        declared = root.declarations("input")
        clashes = len(self.report.diagnostics)
        flow = self.bind_inputs(root, declared, fed, states, caller, at)
        broken = len(self.report.diagnostics) > clashes
        for target in root.declarations("target"):
            self.seen.add(id(target))
            self.define(target.key.words[-1].text, self.unknown(target.span), target.key.words[-1].span)
        self.settle_all(block)
        if broken:
            return None
        draft = self.finish(root, flow)
        return None if self.refused else draft

    def finish(self, root: Block, flow: Flow) -> DraftDefinition:
        """Run the statements and close the frame."""
        body = root.syntax.body
        statements = body.statements if isinstance(body, Suite) else (Item(None, body, (), body.span),)
        end = self.suite(statements, flow, True)
        self.end_states(root)
        if self.output_names:
            return self.close(list(self.output_names.items()))
        if isinstance(end, Wires):
            self.error(
                "E0205",
                f"`{root.name}` ends in a tuple of {len(end.items)}; name its outputs",
                root.syntax.name.span,
                helps=("write one `output name: …` line for each",),
            )
            end = self.unknown(root.syntax.name.span)
        return self.close([("out", end)])


def _circle(blocks: list[Block], last: Block) -> str:
    names = [b.name for b in (*blocks, last)]
    return " -> ".join(names if len(names) <= 8 else [*names[:4], "...", *names[-4:]])


def _type(fed: Fed | None) -> Any:
    if fed is None:
        return None
    return fed.value.type if isinstance(fed.value, Wire) else tuple(w.type for w in fed.value.items)


__all__ = ["Body", "Session", "SIGNS"]
