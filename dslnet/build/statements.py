"""Statements of a body, in text order.

Enters: a suite and what flows in. Leaves: what flows out; names are bound, outputs and objectives collected.
"""

from __future__ import annotations

import re
from typing import Any

from ..below import below
from ..diagnostics import Edit, Help, Label, did_you_mean
from ..source import Span
from ..syntax import (
    Bad,
    Body,
    Choice,
    Declaration,
    Expression,
    Item,
    Key,
    Lane,
    List,
    Nest,
    Ref,
    Statement,
    Suite,
    Valued,
)
from ..syntax import (
    Flow as FlowBody,
)
from . import static
from .expressions import Flow
from .mending import on_the_side
from .objectives import Objectives
from .roles import MARKS, ROLES, STATEMENTS
from .values import UNKNOWN_VALUE, DraftNode, DraftRegion, ModuleValue, Unknown, Wire, Wires, describe

#: A line that gives a name: `- name:`, `role name:`, `name:`.
_NAMED = re.compile(r"(?:[-|] *)?(?:[a-z_]\w* +)?([a-z_]\w*) *:")
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")  # what a name in quotes may be


class Statements(Objectives):
    """The part of a frame that runs statements."""

    def run(self, body: Body, flow: Flow, fresh: bool) -> Flow:
        match body:
            case Valued():
                return self.valued(body, flow, fresh)
            case Suite():
                return self.suite(body.statements, flow, fresh)
            case FlowBody():
                return self.flow(body, flow, fresh)
            case Nest():
                return self.nest(body, flow, fresh)
        raise AssertionError(body)

    def suite(self, statements: tuple[Statement, ...], flow: Flow, fresh: bool) -> Flow:
        """Statements one after another; `elif` and `else` continue the `if` above them."""
        taken: bool | None = None
        chain = False
        for statement in statements:
            choice = _choice(statement)
            if choice is not None and isinstance(statement, Item):
                if choice.word == "if":
                    taken, chain = False, True
                elif not chain:
                    self.error("E0114", f"`{choice.word}` has no `if` above it", choice.span, "continues nothing")
                    taken, chain = False, True
                if taken is True:
                    continue
                condition = self.truth(choice.condition) if choice.condition is not None else taken is False
                if condition is False:
                    continue
                assert isinstance(statement.body, Nest)
                before = flow
                flow = self.item(statement, flow, fresh, statement.body.body)
                if condition is None or taken is None:
                    flow, taken = self.blur(before, flow), None
                else:
                    taken = True
                fresh = False
                continue
            chain = False
            flow = self.statement(statement, flow, fresh)
            fresh = fresh and not isinstance(statement, Item)
        return flow

    def statement(self, statement: Statement, flow: Flow, fresh: bool) -> Flow:
        match statement:
            case Item():
                return self.item(statement, flow, fresh, statement.body)
            case Lane():
                if not fresh:
                    self.error(
                        "E0114",
                        "a lane belongs to `residual:`, `concat:`, `add:`, `mul:`, `stack:` or `parallel:`",
                        statement.span,
                        "a lane of nothing",
                    )
                    return flow
                return self.item(statement, flow, True, statement.body)
            case Declaration():
                self.declaration(statement, flow)
                return flow
            case Bad():
                if statement.body is not None:
                    self.suite(statement.body.statements, self.unknown(statement.span), True)
                self.unread(statement)
                return self.unknown(statement.span)
        raise AssertionError(statement)

    def unread(self, statement: Bad) -> None:
        """The name that a line would have given, had it been understood."""
        text = self.file.spec.source.text
        named = _NAMED.match(text, statement.span.start) if statement.span.file == self.file.spec.source.name else None
        if named is not None and self.scope.find(named[1]) is None:
            self.define(named[1], UNKNOWN_VALUE, Span(statement.span.file, named.start(1), named.end(1)))

    # --------------------------------------------------------------------------------------- dashes and lanes

    def item(self, statement: Item | Lane, flow: Flow, fresh: bool, body: Body) -> Flow:
        if statement.key is None:
            return self.run(body, flow, fresh)
        if self.naming_line is statement:
            return self.run(body, flow, fresh)
        if self.sequence is not None:
            self.position()
        role, name, place = self.role_of(statement.key, marks_only=True)
        bind = not statement.key.quoted
        made: Flow = self.named(
            name, role, place, statement.doc, statement.span, lambda: self.run(body, flow, fresh), bind
        )
        return made

    def named(
        self, name: str, role: str | None, place: Span, doc: tuple[str, ...], span: Span, make: Any, bind: bool = True
    ) -> Any:
        """Run something in the namespace of a name, and give the name to what it makes."""
        if bind and self.given_twice(name, place):
            return self.unknown(place)
        with (
            self.namespace(name) as names,
            self.region("group", span, name=name, path=self.prefix, role=role, doc=doc) as region,
        ):
            self.lane(region)
            inside = len(self.instances)
            value = self.placed(make(), role, region, span)
        if role == "teacher":
            for instance in self.instances[inside:]:
                instance.frozen, instance.role = True, instance.role or role
        self.tidy(region, name, role, doc)
        if isinstance(value, Wire):
            if value.frame is self and value.node is not None and not value.named and _holds(region, value.node):
                self.rename(value, name)
            value = self.view(value, names, role)
        elif isinstance(value, Wires) and names.names:
            value = Wires(value.items, value.span, value.value, value.frame, names)
        if bind:
            self.define(name, value, place)
        return value

    def view(self, wire: Wire, names: Any, role: str | None) -> Wire:
        """The wire with the names of its group readable from it."""
        if not names.names:
            return wire
        if wire.names is None:
            wire.names = names
        else:
            for name, value in names.names.items():
                wire.names.names.setdefault(name, value)
        return wire

    def tidy(self, region: DraftRegion, name: str, role: str | None, doc: tuple[str, ...]) -> None:
        """A group of one node is that node; an empty one is nothing."""
        place = self.items
        if place and place[-1] is region:
            inner = region.lanes[0]
            if not inner:
                place.pop()
            elif len(inner) == 1 and isinstance(inner[0], DraftNode):
                node = inner[0]
                if node.instance is not None and node.instance.path != region.path:
                    return  # a named thing with weights inside a named thing
                place[-1] = node
                node.name, node.role, node.doc = node.name or name, node.role or role, node.doc or doc

    def valued(self, body: Valued, flow: Flow, fresh: bool) -> Flow:
        value = body.value
        if body.default is not None:
            self.error("E0100", "`=` gives defaults and options, not here", body.default.span)
        if self.start(value) != "value":
            return self.step(value, flow)
        made = self.evaluate(value)
        if isinstance(made, (Wire, Wires)):
            lost = isinstance(flow, Wire) and not flow.unknown and not fresh and not self.mentions(value, flow)
            if lost and isinstance(flow, Wire) and not (isinstance(made, Wire) and made.unknown):
                self.flow_lost(value, flow)
            return made
        if not isinstance(made, Unknown):
            self.error("E0215", f"a step is a box, a module or a wire, and this is {describe(made)}", value.span)
        return self.unknown(value.span)

    def mentions(self, expression: Expression, flow: Wire) -> bool:
        """Whether an expression reads the wire that flows, so that nothing is lost."""
        for node in below(expression):
            if isinstance(node, Ref):
                found = self.scope.find(node.name)
                if isinstance(found, Wire) and (
                    found is flow
                    or self.captured.get(found) is flow
                    or (found.frame is flow.frame and found.name == flow.name)
                ):
                    return True
        return False

    def flow_lost(self, value: Expression, flow: Wire) -> None:
        source = self.file.spec.source
        first = value
        while hasattr(first, "steps"):
            first = first.steps[0]
        line = source.position(flow.span.start)[0] if flow.span.file == source.name else 0
        wire = first.name if isinstance(first, Ref) else "x"
        name = next((n for n in (wire[0], f"{wire}_side") if self.scope.find(n) is None), f"{wire}_1")
        self.error(
            "E0214",
            f"the flow from line {line} would be lost" if line else "the flow would be lost",
            first.span,
            "starts a new flow",
            secondary=[Label(flow.span, f"{flow.type} ends here, used by nothing"[:49])],
            helps=(on_the_side(source, value.span, name),),
        )

    def flow(self, body: FlowBody, flow: Flow, fresh: bool) -> Flow:
        """`source ->` and a list: the flow of the list begins at the source."""
        if self.start(body.source) != "value":
            return self.suite(body.suite.statements, self.step(body.source, flow), False)
        made = self.evaluate(body.source)
        if not isinstance(made, (Wire, Wires)):
            if not isinstance(made, Unknown):
                self.error("E0215", f"a flow starts from a wire, and this is {describe(made)}", body.source.span)
            made = self.unknown(body.source.span)
        return self.suite(body.suite.statements, made, False)

    # ------------------------------------------------------------------------------------------- declarations

    def role_of(self, key: Key, marks_only: bool = False) -> tuple[str | None, str, Span]:
        """The role and the name that a key says, and where the name stands."""
        first, last = key.words[0], key.words[-1]
        if key.quoted or key.number:
            text = self.filled(first.text, first.span)
            if _SEGMENT.fullmatch(text) is None:
                title = "a name in quotes is made of letters, digits, `_`, `-` and numbers `{i}`"
                self.error("E0204", title, first.span, "a segment of a path")
                text = "x"
            return None, text, first.span
        if len(key.words) == 1:
            role = first.text if first.text in (MARKS if marks_only else ROLES) else None
            return role, first.text, first.span
        if first.text not in ROLES:
            near = did_you_mean(first.text, sorted(ROLES))
            helps = [Help(f"did you mean `{n}`?", (Edit(first.span, n),), sure=i == 0) for i, n in enumerate(near)]
            if first.text == "return":
                near, helps = [last.text], [Help("a result is named by `output name: ...`")]
            self.error(
                "E0207",
                f"there is no role `{first.text}`",
                first.span,
                notes=("roles: " + ", ".join(sorted(ROLES)),) if not near else (),
                helps=helps,
            )
            return "unknown", last.text, last.span
        if marks_only and first.text in STATEMENTS:
            self.error(
                "E0207",
                f"`{first.text}` is a statement of its own, without a dash",
                first.span,
                helps=(f"`{first.text} {last.text}: …`",),
            )
            return None, last.text, last.span
        return first.text, last.text, last.span

    def declaration(self, statement: Declaration, flow: Flow) -> None:
        role, name, place = self.role_of(statement.key)
        body = statement.body
        if role == "unknown":
            self.misspelt(statement, name, place, flow)
            return
        if role in STATEMENTS:
            getattr(self, f"declare_{role}")(statement, name, place, flow)
            return
        if body is None:
            self.error(
                "E0100", f"`{name}` has no value", place, helps=(f"`{name}: …`, or `output {name}` for an output",)
            )
            return
        self.side(name, role, place, body, statement)

    def misspelt(self, statement: Declaration, name: str, place: Span, flow: Flow) -> None:
        """After a role that does not exist, the name is still there and its body still checked."""
        if id(statement) in self.seen:
            return  # it was bound as what it is like
        if isinstance(statement.body, Valued) and self.start(statement.body.value) != "value":
            with self.namespace(name):
                self.run(statement.body, flow, True)
        self.define(name, UNKNOWN_VALUE, place)

    def side(self, name: str, role: str | None, place: Span, body: Body, statement: Declaration) -> None:
        """A wire, a module or a size on the side: the kind shows in how the value starts."""
        if self.given_twice(name, place):
            return
        if isinstance(body, FlowBody):
            self.named(
                name, role, place, statement.doc, statement.span, lambda: self.run(body, self.unknown(place), True)
            )
            return
        if isinstance(body, Valued):
            if body.default is not None:
                self.error(
                    "E0100", "`=` gives defaults and options", body.default.span, helps=(f"`{name}: …` without `=`",)
                )
            start = self.start(body.value)
            if start == "value" or (start == "shape" and isinstance(body.value, List)):
                self.side_value_line(name, role, place, body.value, statement)
                return
        self.define_module(name, body, place, role)

    def side_value_line(
        self, name: str, role: str | None, place: Span, value: Expression, statement: Declaration
    ) -> None:
        made = self.named(name, role, place, statement.doc, statement.span, lambda: self.evaluate(value), bind=False)
        if isinstance(made, ModuleValue):
            self.error("E0215", f"`{name}` would be a second name of a module", value.span, describe(made))
            made = UNKNOWN_VALUE
        self.define(name, made, place)

    # ---------------------------------------------------------------------------------------------- outputs

    def declare_output(self, statement: Declaration, name: str, place: Span, flow: Flow) -> None:
        body = statement.body
        value: Any
        if name in self.output_names:
            first = [Label(self.output_spans[name], "first here")]
            self.error("E0203", f"`{name}` is an output twice", place, "again here", secondary=first)
            return
        if body is None:
            found = self.scope.find(name)
            value = self.reach(found) if isinstance(found, Wire) else flow if found is None else found
            if found is None:
                if isinstance(flow, Wire) and flow.frame is self and flow.node is not None and not flow.named:
                    self.rename(flow, name)
                self.define(name, value, place)
        else:
            if self.scope.where(name) is not None and isinstance(self.scope.find(name), Wire):
                value = self.named(
                    name, None, place, statement.doc, statement.span, lambda: self.run(body, flow, True), bind=False
                )
                self.define(name, value, place)
            else:
                value = self.named(name, None, place, statement.doc, statement.span, lambda: self.run(body, flow, True))
        if isinstance(value, Wires):
            self.error(
                "E0205",
                f"an output is one tensor, and this is {len(value.items)}",
                place,
                helps=("write one `output` line for each",),
            )
            value = self.unknown(place)
        if not isinstance(value, Wire):
            if not isinstance(value, Unknown):
                self.error("E0215", f"an output is a wire, and `{name}` is {describe(value)}", place)
            value = self.unknown(place)
        self.output_names[name] = value
        self.output_spans[name] = place

    # ------------------------------------------------------------------------------------------- objectives

    def declare_input(self, statement: Declaration, name: str, place: Span, flow: Flow) -> None:
        """Done before the body runs, because inputs bind its sizes; here only misplaced ones are found."""
        if id(statement) not in self.seen:
            self.error("E0207", f"an `{statement.key.words[0].text}` line stands at the top of a block's body", place)

    declare_target = declare_state = declare_require = declare_next = declare_param = declare_buffer = declare_input


def _choice(statement: Statement) -> Choice | None:
    body = getattr(statement, "body", None)
    return body.combinator if isinstance(body, Nest) and isinstance(body.combinator, Choice) else None


def _holds(region: DraftRegion, node: DraftNode) -> bool:
    return any(i is node or (isinstance(i, DraftRegion) and _holds(i, node)) for lane in region.lanes for i in lane)


__all__ = ["Statements", "static"]
