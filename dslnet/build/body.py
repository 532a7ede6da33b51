"""A block on given arguments and inputs.

Enters: a block, its arguments, the types that are fed. Leaves: a `DraftDefinition`. This is the last layer of the
frame: it opens and closes frames, binds inputs, parameters, states, and checks `require`.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import Help, Label
from ..graph import Initial, Param
from ..ops.elementwise import SIGNS
from ..shape import UNKNOWN, UNKNOWN_TENSOR, Dim, Size, Tensor, compare, located, origin, shape_text
from ..source import Span
from ..syntax import Binary, BoxRef, Declaration, Expression, Item, List, Ref, Suite, Valued
from . import static
from .binding import Bound, initial
from .boxes import Fed
from .combinators import Combinators
from .expressions import Flow, Lazy
from .frame import FrameInput, Session
from .initial import initialiser, is_initialiser, is_table, table
from .naming import Naming, naming
from .patterns import Bound as Origin
from .patterns import Matching, Pair, missing_fact, pairs, rank_text
from .program import Block, File
from .statements import Statements
from .values import UNKNOWN_VALUE, BoxValue, DraftDefinition, ModuleValue, Wire, Wires


class Body(Statements):
    """A frame, complete."""

    # ----------------------------------------------------------------------------------- opening and closing

    def child(self, kind: str, hint: str) -> Body:
        frame = Body(self.session, self.file, self.naming, kind, hint, self)
        frame.objectives = False
        return frame

    def bare(self, file: File) -> Body:
        return Body(self.session, file, Naming.blank(), "file", "(file)", None)

    def add_input(self, wire: Wire, name: str = "x") -> Wire:
        """What flows into a body that declares no input."""
        local = Wire(self.fresh(name), wire.type, self, wire.span)
        self.inputs.append(FrameInput(local))
        return local

    def close(self, outputs: list[tuple[str, Wire]]) -> DraftDefinition:
        for module in self.modules:
            if not module.used and not self.failed:
                self.nothing_flows(module)
        outputs = [(name, self.reach(wire)) for name, wire in outputs]
        draft = DraftDefinition(self.key, self, outputs, max(self.boxes, 1))
        self.session.drafts[self.key] = draft
        return draft

    def nothing_flows(self, module: ModuleValue) -> None:
        from ..diagnostics import Edit

        source = self.file.spec.source
        line = source.position(module.span.start)[0]
        begin = source.starts[line - 1]
        indent = len(source.text[begin:]) - len(source.text[begin:].lstrip(" "))
        place = Span(module.span.file, begin + indent, begin + indent)
        shown = source.line(line).strip()
        self.error(
            "E0213", f"nothing flows through `{module.name}`", module.span, "a module that is never used",
            helps=(Help(f"did you forget the dash? `- {shown}`", (Edit(place, "- "),), sure=True),),
        )  # fmt: skip

    def run_child(self, module: ModuleValue, flow: Flow, span: Span) -> DraftDefinition | None:
        name = "".join(part.title() for part in module.name.split("_"))
        inner = self.child("module", name)
        inner.call_span = None
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
        values = {n: _frozen(v) for n, v in bound.values.items()}
        key = (
            id(block.root), tuple(sorted(values.items())),
            tuple(_type(f) for f in fed), tuple(sorted((n, _type(f)) for n, f in states.items())),
        )  # fmt: skip
        try:
            if key in session.memo:
                known: DraftDefinition | None = session.memo[key]
                return known
        except TypeError:  # an argument that cannot be compared, such as one that has an error
            key = (id(object()),)  # type: ignore[assignment]
        busy = ("busy", key)
        depth = sum(b.root is block.root for b, _ in session.stack)
        if busy in session.memo or depth >= session.limits.depth or len(session.stack) >= 4 * session.limits.depth:
            return self.endless(block, at)
        if session.loose and depth:
            return None
        session.memo[busy] = True
        session.stack.append((block, at))
        try:
            frame = Body(session, block.root.file, naming(block.root), "block", block.root.name, None)
            frame.call_span = self.call_span if self.file.prelude and self.call_span else at
            draft = frame.build(block, bound, fed, states, at, self)
        finally:
            session.stack.pop()
            del session.memo[busy]
        session.memo[key] = draft
        session.program.elaborated.add(id(block.root))
        return draft

    def endless(self, block: Block, at: Span) -> None:
        stack = self.session.stack
        names = [b.name for b, _ in stack]
        first = (
            max(i for i, (b, _) in enumerate(stack) if b.root is block.root)
            if any(b.root is block.root for b, _ in stack)
            else 0
        )
        circle = " -> ".join([*names[first:], block.name])
        code = "E0210" if any(b.root is block.root for b, _ in stack) else "E0910"
        title = (
            f"`{block.name}` contains itself without end"
            if code == "E0210"
            else f"blocks are nested deeper than {self.session.limits.depth}"
        )
        self.session.refuse(
            code, title, at, notes=(circle,),
            helps=("end it with a static choice: `if depth > 0:` around the inner use",) if code == "E0210" else (),
        )  # fmt: skip

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
        self.parameters(block, bound)
        declared = root.declarations("input")
        clashes = len(self.report.diagnostics)
        flow = self.bind_inputs(root, declared, fed, states, caller, at)
        broken = len(self.report.diagnostics) > clashes
        for target in root.declarations("target"):
            self.seen.add(target)
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
        self.root_statements = statements
        end = self.suite(statements, flow, True)
        self.end_states(root)
        if self.output_names:
            return self.close(list(self.output_names.items()))
        if isinstance(end, Wires):
            self.error(
                "E0205",
                f"`{root.name}` ends in {len(end.items)} tensors; name its outputs",
                root.syntax.name.span,
                helps=("write one `output name: …` line for each",),
            )
            end = self.unknown(root.syntax.name.span)
        return self.close([("out", end)])

    # ------------------------------------------------------------------------------------------------- inputs

    def bind_inputs(
        self,
        root: Block,
        declared: tuple[Declaration, ...],
        fed: list[Fed | None],
        states: dict[str, Fed],
        caller: Combinators,
        at: Span,
    ) -> Flow:
        """Meet the declared shapes with what is fed: bare symbols of all of them first, then expressions."""
        if not declared:
            given = fed[0]
            wire = given.value if given and isinstance(given.value, Wire) else None
            flow: Flow = self.add_input(wire) if wire else self.unknown(at)
            self.bind_states(root, states, Matching(self, {}), caller)
            return flow
        bounds: dict[str, Origin] = {}
        matching = Matching(self, bounds)
        later: list[tuple[Declaration, Expression]] = []
        first: Flow | None = None
        checks: list[tuple[Any, Tensor, Fed]] = []
        for declaration, given in zip(declared, fed):
            self.seen.add(declaration)
            name = declaration.key.words[-1]
            pattern, below, default = self.pattern_of(declaration)
            if pattern is None:
                self.define(name.text, self.unknown(name.span), name.span)
                continue
            if given is None:
                if default is not None:
                    later.append((declaration, default))
                continue
            assert isinstance(given.value, Wire)
            actual = given.value.type
            wire = Wire(self.fresh(name.text), actual, self, pattern.span, named=True)
            self.inputs.append(FrameInput(wire, optional=default is not None))
            self.define(name.text, wire, name.span)
            first = first or wire
            matched = pairs(pattern, actual)
            if matched is None:
                caller.error(
                    "E0302", f"`{name.text}` of {root.name} is {rank_text(pattern)}, not {actual}"[:80], given.span, f"gets {actual}"[:49],
                    secondary=[Label(pattern.span, f"rank {len(pattern.items)}")],
                )  # fmt: skip
                continue
            self.dtype(root, name.text, pattern, actual, given, caller)
            checks.append((below, actual, given))
            source = f"{'the flow ' if not given.side else ''}{actual} makes"
            matching.meet(matched, source, self.clash(root, name.text, pattern, actual, given, caller))
        self.bind_states(root, states, matching, caller)
        matching.finish()
        for declaration, default in later:
            self.default_input(declaration, default, matching)
        for below, actual, given in checks:
            self.id_range(below, actual, given, caller)
        return first or self.unknown(at)

    def pattern_of(self, declaration: Declaration) -> tuple[List | None, Expression | None, Expression | None]:
        """The shape, the bound of ids and the default of an `input [B, T] long < vocab = none`."""
        body = declaration.body
        value = body.value if isinstance(body, Valued) else None
        below: Expression | None = None
        if isinstance(value, Binary) and value.operator == "<":
            value, below = value.left, value.right
        if not isinstance(value, List):
            self.error("E0301", "an input is declared by its shape, such as `[B, 3, H, W]`", declaration.span)
            return None, None, None
        assert isinstance(body, Valued)
        return value, below, body.default

    def dtype(self, root: Block, name: str, pattern: List, actual: Tensor, given: Fed, caller: Combinators) -> None:
        wanted = pattern.dtype.text if pattern.dtype else "float"
        if pattern.dtype is None and root.file.prelude:
            return
        if wanted != actual.dtype:
            helps = (
                (f"declare it `input …: {shape_text(actual.shape)} {wanted}`",)
                if wanted != "float"
                else ("turn ids into vectors with `Embedding`, or declare the block's input `long`",)
            )
            caller.error(
                "E0316",
                f"`{name}` of {root.name} is {wanted}, not {actual.dtype}",
                given.span,
                f"gets {actual}"[:49],
                secondary=[Label(pattern.span, f"says {wanted}")],
                helps=helps,
            )

    def id_range(self, below: Expression | None, actual: Tensor, given: Fed, caller: Combinators) -> None:
        if below is None:
            return
        limit = self.evaluate(below)
        if actual.below is not None and static.is_size(limit) and compare(actual.below, limit) == 1:
            place = origin(actual.below)
            caller.error(
                "E0313",
                f"ids go up to {actual.below - 1}, and only those below {limit} fit",
                given.span,
                secondary=[Label(place, f"ids below {actual.below}")] if place else (),
            )

    def clash(self, root: Block, name: str, pattern: List, actual: Tensor, given: Fed, caller: Combinators) -> Any:
        def report(pair: Pair, value: Size, bound: Origin | None) -> None:
            syntax = pair.syntax
            facts = missing_fact(pair.size, value)
            if isinstance(syntax, (Ref, BoxRef)) and bound is not None:
                caller.error(
                    "E0310", f"`{syntax.name}` of {root.name} cannot be both {value} and {pair.size}", given.span,
                    f"{actual} makes {syntax.name} = {pair.size}"[:49],
                    secondary=[Label(bound.span, f"{bound.text} {syntax.name} = {value}"[:49]), Label(syntax.span, "compared here")],
                    helps=facts or self.bring(syntax.name, value, actual, pattern, syntax, given),
                )  # fmt: skip
                return
            caller.error(
                "E0303", f"`{name}` of {root.name} is {rank_text(pattern)}, not {actual}"[:80], given.span,
                f"{pair.size}, where {value} is needed"[:49], secondary=[Label(pattern.span, "declared here")], helps=facts,
            )  # fmt: skip

        return report

    def bring(
        self, name: str, value: Size, actual: Tensor, pattern: List, syntax: Expression, given: Fed
    ) -> tuple[Help, ...]:
        """`memory: regions -> Linear(32)`: when only the last size of a side input differs."""
        if pattern.items[-1] is not syntax or not isinstance(value, int) or not given.side:
            return ()
        source = self.report.sources.get(given.span.file)
        wire = source.text[given.span.start : given.span.end] if source else "x"
        return (Help(f"bring it to {value} first: `memory: {wire} -> Linear({value})`, then `with memory`"),)

    def default_input(self, declaration: Declaration, default: Expression, matching: Matching) -> None:
        """An input that is not fed: another input, or nothing."""
        name = declaration.key.words[-1]
        value = self.evaluate(default)
        if value is None:
            self.define(name.text, None, name.span)
            return
        if isinstance(value, Wire):
            self.define(name.text, value, name.span)
            pattern = self.pattern_of(declaration)[0]
            matched = pairs(pattern, value.type) if pattern is not None and not value.unknown else None
            if matched is not None:
                matching.meet(matched, f"{value.type} makes", lambda *_: None)
                matching.finish()
            return
        if value is not UNKNOWN_VALUE:
            self.error("E0301", "an input's default is another input, or none", default.span)
        self.define(name.text, self.unknown(name.span), name.span)

    # ------------------------------------------------------------------------------------------------- states

    def bind_states(self, root: Block, states: dict[str, Fed], matching: Matching, caller: Combinators) -> None:
        """The previous values of a cell."""
        for declaration in root.states:
            name = declaration.key.words[-1]
            self.seen.add(declaration)
            pattern, _, default = self.pattern_of(declaration)
            given = states.get(name.text)
            if pattern is not None and given is not None and isinstance(given.value, Wire):
                matched = pairs(pattern, given.value.type)
                if matched is None:
                    caller.error(
                        "E0302",
                        f"`{name.text}` of {root.name} is {rank_text(pattern)}, not {given.value.type}"[:80],
                        given.span,
                    )
                else:
                    matching.meet(
                        matched,
                        f"{given.value.type} makes",
                        self.clash(root, name.text, pattern, given.value.type, given, caller),
                    )
            elif default is None and pattern is not None:
                caller.error(
                    "E0401",
                    f"`{root.name}` needs its first `{name.text}`",
                    self.call_span or declaration.span,
                    secondary=[Label(declaration.span, "has no initial value")],
                    helps=(f"`with ({name.text}=…)`, or `state {name.text}: … = 0`",),
                )
        matching.finish()
        for declaration in root.states:
            name = declaration.key.words[-1]
            pattern, _, default = self.pattern_of(declaration)
            if pattern is None:
                continue
            type = self.shape_of(pattern)
            wire = Wire(self.fresh(name.text), type, self, name.span, named=True)
            self.define(name.text, wire, name.span)
            self.state_names.append(name.text)
            self.state_wires[name.text] = (wire, self.initial_of(default) if default is not None else None)

    def declare_next(self, statement: Declaration, name: str, place: Span, flow: Flow) -> None:
        if name not in self.state_wires or statement.body is None:
            self.error("E0201", f"there is no state `{name}`", place, helps=(f"`state {name}: … = 0`",))
            return
        body = statement.body
        with self.namespace(name):
            value = self.run(body, self.unknown(place), True)
        wire, _ = self.state_wires[name]
        if isinstance(value, Wire):
            if not value.unknown and not wire.unknown and value.type.shape != wire.type.shape:
                self.error(
                    "E0303",
                    f"the next `{name}` is {value.type}, not {wire.type}"[:80],
                    place,
                    secondary=[Label(wire.span, f"the state is {wire.type}"[:49])],
                )
            self.final_states.append((name, value))

    def end_states(self, root: Block) -> None:
        given = {name for name, _ in self.final_states}
        for declaration in root.states:
            name = declaration.key.words[-1]
            if name.text in self.state_wires and name.text not in given and not self.failed:
                self.error(
                    "E0401", f"the state `{name.text}` has no next value", name.span, helps=(f"`next {name.text}: …`",)
                )
        order = {n: i for i, n in enumerate(self.state_names)}
        self.final_states.sort(key=lambda s: order[s[0]])

    # -------------------------------------------------------------------------------------- free parameters

    def shape_of(self, pattern: List) -> Tensor:
        """A written shape, all of whose sizes must have a meaning."""
        sizes = tuple(self.type_size(self.evaluate(item), item.span, "a size") for item in pattern.items)
        return Tensor(sizes, pattern.dtype.text if pattern.dtype else "float")

    def initial_of(self, default: Expression) -> Initial | None:
        if is_initialiser(default):
            return initialiser(self, default)
        if is_table(default):
            tree = table(self, default)
            return None if tree is None else Initial("table", (tree,))
        return initial(self, self.evaluate(default), default.span)

    def declare_param(self, statement: Declaration, name: str, place: Span, flow: Flow, trained: bool = True) -> None:
        pattern, _, default = self.pattern_of(statement)
        if pattern is None:
            return
        type = self.shape_of(pattern)
        for size, item in zip(type.sizes, pattern.items):
            if isinstance(size, Dim) and size is not UNKNOWN:
                free = next(iter(size.symbols()), "H")
                self.error(
                    "E0312",
                    f"`{name}` needs known sizes, and {size} is free; give `{free}`",
                    item.span,
                    helps=(f"e.g. `--set {free}=224`, or write the number in the input's shape",),
                )
                type = UNKNOWN_TENSOR
                break
        start = (
            self.initial_of(default)
            if default is not None
            else Initial("number", (0,))
            if not trained
            else Initial("Normal", (0.02,))
        )
        path = self.path(name)
        self.claim(path, place)
        wire = Wire(self.fresh(name), type, self, place, loose=True, named=True)
        self.define(name, wire, place)
        value = wire
        self.param_wires.append((Param(path, None, start or Initial("number", (0,)), trained), value))  # type: ignore[arg-type]

    def declare_buffer(self, statement: Declaration, name: str, place: Span, flow: Flow) -> None:
        self.declare_param(statement, name, place, flow, trained=False)

    def declare_input(self, statement: Declaration, name: str, place: Span, flow: Flow) -> None:
        if statement not in self.seen:
            self.error("E0207", f"an `{statement.key.words[0].text}` line stands at the top of a block's body", place)

    declare_target = declare_state = declare_input

    # ----------------------------------------------------------------------------------------------- require

    def declare_require(self, statement: Declaration, name: str, place: Span, flow: Flow) -> None:
        if isinstance(statement.body, Valued):
            for part in _conjuncts(statement.body.value):
                self.require(part)

    def require(self, condition: Expression) -> None:
        before = len(self.report.diagnostics)
        try:
            value = self.quietly(condition)
        except static.Trouble as trouble:
            if self.entry:
                self.error(trouble.code, trouble.title, condition.span, helps=trouble.helps)
                return
            text = self.text(condition.span)
            self.error(
                "E0403",
                f"`require: {text}` cannot be shown here"[:80],
                self.call_span or condition.span,
                trouble.title[:49],
                secondary=[Label(condition.span, "required here")],
                helps=("say it of the model's sizes: `require: H % 32 == 0`",),
            )
            return
        if value is False and len(self.report.diagnostics) == before:
            self.required(condition)
            self.refused = not self.entry
        elif not isinstance(value, bool) and value is not UNKNOWN_VALUE and len(self.report.diagnostics) == before:
            self.error("E0301", "`require` takes a condition, which is true or false", condition.span)

    def quietly(self, condition: Expression) -> Any:
        """A condition; what depends on a free size is the caller's business."""
        if isinstance(condition, Binary) and condition.operator in ("==", "!=", "<", "<=", ">", ">="):
            left, right = self.evaluate(condition.left), self.evaluate(condition.right)
            if (
                not isinstance(left, (Wire, Wires))
                and not isinstance(right, (Wire, Wires))
                and UNKNOWN_VALUE not in (left, right)
            ):
                return static.comparison(condition.operator, left, right)
            if UNKNOWN_VALUE in (left, right):
                return UNKNOWN_VALUE
        return self.evaluate(condition)

    def text(self, span: Span) -> str:
        return " ".join(self.file.spec.source.text[span.start : span.end].split())

    def required(self, condition: Expression) -> None:
        """A condition that is certainly false."""
        divisor = _divisibility(condition)
        span = condition.span
        if divisor is not None:
            left, right = self.evaluate(divisor.left), self.evaluate(divisor.right)
            if isinstance(left, int) and isinstance(right, int):
                self.does_not_divide(divisor, left, right, span)
                return
        at = self.call_span if self.call_span is not None else span
        self.error(
            "E0403",
            f"`require: {self.text(span)}` fails"[:80],
            at,
            self.binding_text()[:49],
            secondary=[Label(span, "required here")] if at != span else (),
        )

    def does_not_divide(self, divisor: Binary, left: int, right: int, span: Span) -> None:
        name = divisor.right.name if isinstance(divisor.right, Ref) else self.text(divisor.right.span)
        whole = divisor.left.name if isinstance(divisor.left, Ref) else self.text(divisor.left.span)
        what = "a width" if whole in ("d", "width") else f"`{whole}`"
        title = (
            f"{right} {name} do not divide {what} of {left}"
            if name.isidentifier()
            else f"{right} does not divide {what}, which is {left}"
        )
        at = self.argument_spans.get(name) or self.call_span or span
        place = origin(left)
        choices = [str(n) for n in range(1, min(left, 4096) + 1) if left % n == 0]
        shown = choices if len(choices) <= 10 else [*choices[:9], "…"]
        self.error(
            "E0306", title, at, f"{left} = {right}*{left // right} + {left % right}",
            secondary=[Label(place, f"{what.strip('`')} is {left} here")] if place and place != at else (),
            helps=(f"{name} that divide {left}: {', '.join(shown)}",),
        )  # fmt: skip

    def learn(self, condition: Expression) -> None:
        """What a `require` of a model says of its free sizes, before anything is computed with them."""
        for part in _conjuncts(condition):
            if not isinstance(part, Binary):
                continue
            divisor = part.left if isinstance(part.left, Binary) and part.left.operator == "%" else None
            value = self.evaluate(divisor.left if divisor else part.left)
            symbol = value.symbol() if isinstance(value, Dim) else None
            number = self.evaluate(part.right)
            if symbol is None or not isinstance(number, int) or isinstance(number, bool):
                continue
            if divisor is not None:
                by = self.evaluate(divisor.right)
                if part.operator == "==" and isinstance(by, int) and by > 0 and not symbol.divides(by, number):
                    self.error(
                        "E0310", f"`{self.text(part.span)}` contradicts what is known of `{symbol.name}`", part.span
                    )
            elif part.operator in ("<", "<="):
                high = number - (part.operator == "<")
                symbol.high = high if symbol.high is None else min(symbol.high, high)
            elif part.operator in (">", ">="):
                symbol.low = max(symbol.low, number + (part.operator == ">"))


def _conjuncts(expression: Expression) -> list[Expression]:
    parts: list[Expression] = []
    stack = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, Binary) and node.operator == "and":
            stack += [node.right, node.left]
        else:
            parts.append(node)
    return parts


def _divisibility(condition: Expression) -> Binary | None:
    if isinstance(condition, Binary) and condition.operator == "==" and isinstance(condition.left, Binary):
        return condition.left if condition.left.operator == "%" else None
    return None


def _type(fed: Fed | None) -> Any:
    if fed is None:
        return None
    return fed.value.type if isinstance(fed.value, Wire) else tuple(w.type for w in fed.value.items)


def _frozen(value: Any) -> Any:
    """An argument as a part of a memo key: 1, 1.0 and true are different."""
    if isinstance(value, tuple):
        return ("list", tuple(map(_frozen, value)))
    if isinstance(value, BoxValue):
        return (
            "box",
            id(value.target),
            tuple(_frozen(v) for v, _ in value.positional),
            tuple((n, _frozen(v)) for n, v, _, _ in value.named),
        )
    if isinstance(value, ModuleValue):
        return ("module", id(value))
    if isinstance(value, Dim):
        return ("size", str(value))
    return (type(value).__name__ if not isinstance(value, int) or isinstance(value, bool) else "int", str(value))


__all__ = ["Body", "Session", "SIGNS"]
