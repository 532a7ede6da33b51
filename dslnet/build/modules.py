"""Modules on the side: built once, used by name, on every use checked anew.

Enters: `name: Box -> …` or `name:` with dashes. Leaves: a `ModuleValue`, and for each use a node. A module has one
path, where it was defined, and one set of weights, so all its uses must agree on their shapes.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import Label
from ..ops import Operator
from ..ops.arguments import ModuleArgument
from ..source import Span
from ..syntax import Body, BoxRef, Call, Expression, Paren, Valued
from .binding import Bound, bind_block, bind_operator
from .blocks import Block
from .boxes import Fed, SideInput
from .expressions import Flow
from .taps import Taps
from .values import BoxValue, DraftDefinition, DraftInstance, ModuleValue, Wire, Wires


class Modules(Taps):
    """The part of a frame that defines and uses modules."""

    def run_child(self, module: ModuleValue, flow: Flow, span: Span) -> DraftDefinition | None:
        """The definition of a module's body on these inputs (see `Body`)."""
        raise NotImplementedError

    def define_module(self, name: str, body: Body, span: Span, role: str | None) -> ModuleValue:
        """Reserve the module's place, which is where its text stands."""
        path = self.path(name)
        instance = DraftInstance(path, shared=True, span=span, role=role, frozen=role == "teacher")
        self.claim(path, span)
        self.instances.append(instance)
        module = ModuleValue(
            name, path, self, span, instance, _single(body), body, role=role, parametrization=self.parametrization
        )
        self.define(name, module, span)
        self.modules.append(module)
        return module

    def target(self, module: ModuleValue) -> tuple[Any, Bound] | None:
        """What a module of one box is: an operator or a block, with its arguments, bound once. None for a body."""
        if "target" not in module.known:
            module.known["target"] = None
            frame = module.frame
            assert isinstance(frame, Modules)
            box = frame.configured(module.box) if isinstance(module.box, (Call, BoxRef)) else None
            at = module.box.callee.span if isinstance(module.box, Call) else module.span
            if box is None:
                module.known["broken"] = module.box is not None
            elif isinstance(box.target, Block):
                bound = bind_block(frame, box, at)
                module.known["target"] = (box, bound) if bound else None
            elif isinstance(box.target, type):
                module.known["target"] = bind_operator(frame, box, at)
            else:
                module.known["target"] = (box, Bound())
            if box is not None and module.known["target"] is None:
                module.known["broken"] = True
            if module.known["target"] is not None:
                extras = module.known["target"][1].extras
                instance = module.instance
                instance.frozen |= extras.frozen
                instance.weights_file = extras.weights_file
                if isinstance(module.known["target"][0], Operator):
                    instance.initial = extras.initial or frame.initial
                    instance.parametrization = module.parametrization
        found: tuple[Any, Bound] | None = module.known["target"]
        return found

    def preview(self, module: ModuleValue) -> Operator | None:
        found = self.target(module) if module.box is not None else None
        return found[0] if found and isinstance(found[0], Operator) else None

    def run_module(self, module: ModuleValue, flow: Flow, sides: list[SideInput], span: Span) -> Flow:
        module.used = True
        if module.inside is not None:
            return self.belongs_elsewhere(module, span)
        if module.elaborating:
            self.error(
                "E0210",
                f"`{module.name}` uses itself",
                span,
                "inside its own body",
                secondary=[Label(module.span, "defined here")],
            )
            return self.unknown(span)
        found = self.target(module)
        if module.known.get("broken"):
            return self.unknown(span)
        if found is None:
            return self.run_body_module(module, flow, sides, span)
        target, bound = found
        if isinstance(target, Operator):
            return self.run_operator_module(module, target, bound, flow, sides, span)
        assert isinstance(target, BoxValue)
        if not isinstance(target.target, Block):
            instance = module.instance
            wire = self.run_python(target, "", flow, sides, span, span)
            self.instances.pop()
            self.paths.pop("", None)
            assert isinstance(wire, Wire) and wire.node is not None
            instance.operator, wire.node.instance, wire.node.module = (
                wire.node.operator,
                None,
                self.reach_module(module),
            )
            return wire
        block = target.target
        fed = self.feed_block(block, flow, sides, span)
        if fed is None:
            return self.unknown(span)
        with self.held_by(module.parametrization):
            draft = self.elaborate(block, bound, fed, {}, span)
        return self.use(module, draft, fed, span)

    def belongs_elsewhere(self, module: ModuleValue, span: Span) -> Wire:
        """Report that something flows through a module of another block: only its weights can be read from here."""
        block = module.inside.frame.hint if module.inside is not None else ""
        source = self.report.sources.get(module.span.file)
        end = source.text.find("\n", module.span.start) if source is not None else -1
        made = source.text[module.span.start : end].split("#")[0].strip() if source is not None else module.name
        self.error(
            "E0215",
            f"`{module.name}` belongs to `{block}`: nothing flows through it here"[:80],
            span,
            "only its weights can be read from here",
            secondary=[Label(module.span, "defined here")],
            helps=(f"define `{made}` in this body, and give it to the block: `{block}({module.name})`",),
        )
        return self.unknown(span)

    def use(self, module: ModuleValue, draft: DraftDefinition | None, fed: list[Fed | None], span: Span) -> Flow:
        if draft is None:
            return self.unknown(span)
        instance = module.instance
        if instance.definition is None:
            instance.definition = draft.key
        instance.others.append(draft.key)
        return self.run_definition(draft, fed, None, self.reach_module(module), span)

    def run_operator_module(
        self, module: ModuleValue, operator: Operator, bound: Bound, flow: Flow, sides: list[SideInput], span: Span
    ) -> Flow:
        held = next((v for v in operator.values().values() if isinstance(v, ModuleArgument)), None)
        if held is not None and operator.name == "EMA":
            return self.run_copy(module, operator, flow, sides, span)
        feeds = self.feed_operator(operator, flow, sides, span)
        if feeds is None:
            return self.unknown(span)
        types: list[Any] = []
        for value in feeds:
            types.extend(
                [w.type for w in value.items] if isinstance(value, Wires) else [None if value is None else value.type]
            )
        instance = module.instance
        if instance.operator is None:
            instance.operator, instance.inputs = operator, tuple(types)
            self.check_weights(operator, types, module.span, instance)
        elif not any(t is not None and t.shape is None for t in (*types, *instance.inputs)):
            before = [(w.name, w.shape) for w in operator.weights(*instance.inputs)]
            now = [(w.name, w.shape) for w in operator.weights(*types)]
            if before != now:
                first = next((a, b) for a, b in zip(before, now, strict=False) if a != b)
                self.error(
                    "E0402",
                    f"`{module.name}` is one {operator.name}; its weights cannot fit both inputs",
                    span,
                    f"its {first[1][0]} would be {list(first[1][1])}"[:49],
                    secondary=[Label(module.span, f"its {first[0][0]} is {list(first[0][1])}"[:49])],
                    helps=(f"write `{operator.name}(…)` in both places: a Capital makes a new box",),
                )
                return self.unknown(span)
        name = self.reach_module(module) if operator.weighted else None
        return self.run_operator(operator, feeds, span, at=span, module=name)

    def run_copy(self, module: ModuleValue, operator: Operator, flow: Flow, sides: list[SideInput], span: Span) -> Flow:
        """An averaged copy runs what it is a copy of, with its own weights."""
        frame = module.frame
        assert isinstance(module.box, Call) and isinstance(frame, Modules)
        source = frame.evaluate(module.box.arguments[0].value)
        if not isinstance(source, ModuleValue):
            return self.unknown(span)
        if source.inside is not None:
            return self.belongs_elsewhere(source, module.box.arguments[0].span)
        result = self.run_module(source, flow, sides, span)
        if isinstance(result, Wire) and result.node is not None:
            result.node.module = self.reach_module(module)
        instance = module.instance
        instance.copy_of, instance.frozen = source.path, True
        instance.operator, instance.decay = operator, operator.values()["decay"]
        return result

    def run_body_module(self, module: ModuleValue, flow: Flow, sides: list[SideInput], span: Span) -> Flow:
        if sides:
            self.error(
                "E0205",
                f"`{module.name}` has no side inputs",
                sides[0].span,
                "nothing takes this",
                helps=("a `block` declares inputs",),
            )
        wires = self.separate(flow, span)
        flow = Wires(tuple(wires), span, None, self) if isinstance(flow, Wires) else flow
        key = tuple(w.type for w in wires)
        if key not in module.known:
            module.elaborating = True
            frame = module.frame
            assert isinstance(frame, Modules)
            with frame.held_by(module.parametrization):
                module.known[key] = frame.run_child(module, flow, span)
            module.elaborating = False
        return self.use(module, module.known[key], [Fed(w, span) for w in wires], span)


def _single(body: Body) -> Expression | None:
    """The one box that a body is, if that is all."""
    if not isinstance(body, Valued) or body.default is not None:
        return None
    value = body.value
    while isinstance(value, Paren) and len(value.arguments) == 1 and value.arguments[0].name is None:
        value = value.arguments[0].value
    if isinstance(value, BoxRef) or (isinstance(value, Call) and isinstance(value.callee, BoxRef)):
        return value
    return None
