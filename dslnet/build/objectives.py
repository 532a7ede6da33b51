"""Losses, metrics, and what is trained by what.

Enters: the lines that "Objectives" of docs/language.md describes. Leaves: wires of the training graph, collected in
the frame. In a model that is used as a box they are passed over.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import Edit, Help, Label, did_you_mean
from ..graph import Autoregressive, Loss, Optimizer, Schedule
from ..ops import Operator
from ..ops.cut import Slice
from ..ops.losses import CrossEntropy
from ..ops.optimizers import OPTIMIZERS, Optimization
from ..ops.schedules import SCHEDULES
from ..ops.updates import AFTER, BEFORE
from ..shape import same
from ..source import Span
from ..syntax import (
    Attribute,
    BoxRef,
    Call,
    Declaration,
    Expression,
    Name,
    Paren,
    Pipeline,
    Ref,
    Valued,
)
from .binding import bind_operator
from .combinators import Combinators
from .expressions import Flow
from .values import BoxValue, ModuleValue, Wire

#: The field of `graph.Optimizer` that holds the one argument of what stands around it.
_FIELDS = {
    "Every": "every",
    "ClipGradNorm": "clip_norm",
    "ClipGradValue": "clip_value",
    "ClipWeights": "clip_weights",
}
_ORDER = "the order: `Every(n) -> ClipGradNorm(c) -> AdamW -> ClipWeights(c) -> StepLR(30)`"


class Objectives(Combinators):
    """The part of a frame that reads objectives."""

    def named(
        self, name: str, role: str | None, place: Span, doc: tuple[str, ...], span: Span, make: Any, bind: bool = True
    ) -> Any:
        """Run something in the namespace of a name (see `Statements`)."""
        raise NotImplementedError

    def declare_loss(self, statement: Declaration, name: str, place: Span, flow: Flow, kind: str = "loss") -> None:
        if not self.objectives or statement.body is None:
            return
        value = self.named(
            name,
            None,
            place,
            statement.doc,
            statement.span,
            lambda: self.run(statement.body, self.unknown(place), True),
        )
        if isinstance(value, Wire):
            if kind == "loss" and not value.unknown and value.type.rank != 0:
                self.error(
                    "E0302",
                    f"a loss is one number, and `{name}` is {value.type}",
                    place,
                    helps=("end it with `-> Mean` or `-> Sum`",),
                )
            made = Loss(name, "", kind, place)
            first = self.told_losses.setdefault(name, made)
            if first is not made:  # in another group: their values are told by name
                label = [Label(first.span, f"a {first.kind} already")]
                self.error("E0203", f"`{name}` is a {kind} twice", place, "again here", secondary=label)
            self.losses.append((made, value))

    def declare_metric(self, statement: Declaration, name: str, place: Span, flow: Flow) -> None:
        self.declare_loss(statement, name, place, flow, "metric")

    def declare_train(self, statement: Declaration, name: str, place: Span, flow: Flow) -> None:
        if not self.objectives or not isinstance(statement.body, Valued):
            return
        targets: list[str] = []
        if len(statement.key.words) == 2:
            found = self.scope.find(name)
            if not isinstance(found, (ModuleValue, Wire)):
                self.undefined(name, place)
                return
            targets.append(found.path if isinstance(found, ModuleValue) else name)
        written = statement.body.value
        value = self.evaluate(written)
        if isinstance(value, Wire):
            text = " ".join(self.file.spec.source.text[written.span.start : written.span.end].split())
            self.trains.append((tuple(targets), value, place, text))

    def declare_optimizer(self, statement: Declaration, name: str, place: Span, flow: Flow) -> None:
        """`optimizer small: AdamW(lr=3e-4)`, and what stands around it."""
        if not self.objectives or not isinstance(statement.body, Valued):
            return
        value = statement.body.value
        found: dict[str, Any] = {}
        schedules: list[Schedule] = []
        for step in value.steps if isinstance(value, Pipeline) else (value,):
            made = self.optimization(step)
            if made is None:
                return
            known, told = found.get("name") is not None, made.values()
            fault = ""
            if made.name in OPTIMIZERS:
                fault = "there is one optimizer in a line" if known else ""
                found |= {"name": made.name, "arguments": told}
            elif made.name in BEFORE:
                fault = f"`{made.name}` acts before the optimizer does" if known else ""
                found[_FIELDS[made.name]] = next(iter(told.values()))
            else:
                fault = "" if known else f"`{made.name}` comes after an optimizer"
                if made.name in AFTER:
                    found[_FIELDS[made.name]] = next(iter(told.values()))
                else:
                    schedules.append(Schedule(made.name, told))
                    if schedules[0].arguments["unit"] != told["unit"]:
                        fault = "schedules that follow one another count the same thing"
            if fault:
                self.error("E0215", fault, step.span, notes=(_ORDER,))
                return
        if "name" not in found:
            self.error("E0215", "there is no optimizer in this line", value.span, notes=(_ORDER,))
            return
        module = name if len(statement.key.words) == 2 else None
        self.optimizers.append(Optimizer(module, span=place, schedules=tuple(schedules), **found))

    def optimization(self, step: Expression) -> Operator | None:
        """One step of an `optimizer` line with its arguments bound."""
        callee = step.callee if isinstance(step, Call) else step
        if not isinstance(callee, BoxRef):
            self.error("E0215", "an optimizer is a box such as `AdamW(lr=3e-4)`", step.span)
            return None
        known = {**OPTIMIZERS, **BEFORE, **AFTER, **SCHEDULES}
        if callee.name not in known:
            near = did_you_mean(callee.name, known)
            helps = [Help(f"did you mean `{n}`?", (Edit(callee.span, n),), sure=i == 0) for i, n in enumerate(near)]
            names = ", ".join(OPTIMIZERS)
            self.error("E0202", f"there is no optimizer `{callee.name}`", callee.span, notes=(names,), helps=helps)
            return None
        box = self.with_arguments(BoxValue(known[callee.name], span=callee.span), step)
        made = bind_operator(self, box, callee.span) if box else None
        if made is None or not isinstance(made[0], Optimization):
            return None
        fault = made[0].fault()
        if fault:
            self.error("E0301", fault, step.span)
        return None if fault else made[0]

    def declare_freeze(self, statement: Declaration, name: str, place: Span, flow: Flow) -> None:
        if not self.objectives or not isinstance(statement.body, Valued):
            return
        value = statement.body.value
        parts = [a.value for a in value.arguments] if isinstance(value, Paren) else [value]
        for part in parts:
            path = _dotted(part)
            if path is None:
                self.error("E0215", "`freeze` names modules", part.span)
                continue
            root = path[0]
            found = self.scope.find(root.text)
            if found is None:
                self.undefined(root.text, root.span)
            elif isinstance(found, ModuleValue):
                found.used = True
            self.frozen.append((".".join(n.text for n in path), part.span))

    def declare_autoregressive(self, statement: Declaration, name: str, place: Span, flow: Flow) -> None:
        if not self.objectives or not isinstance(statement.body, Valued):
            return
        tokens = self.lookup(name, place)
        logits = self.evaluate(statement.body.value)
        if isinstance(tokens, Wire) and isinstance(logits, Wire):
            self.promises.append((Autoregressive(tokens.name, logits.name, statement.span), tokens, logits))

    def next_token(self) -> None:
        """The loss of an autoregressive model that writes none: the cross entropy of each token after the first, as
        what comes before it foretells it."""
        if any(loss.kind == "loss" for loss, _ in self.losses) or self.trains or len(self.promises) != 1:
            return
        promise, tokens, logits = self.promises[0]
        given, told = tokens.type, logits.type
        if given.shape is None or told.shape is None or given.dtype != "long" or (given.rank, told.rank) != (2, 3):
            return
        steps = given.sizes[1]
        axis = next((axis for axis in (1, 2) if same(told.sizes[axis], steps)), None)
        if axis is None or not same(told.sizes[0], given.sizes[0]) or (isinstance(steps, int) and steps < 2):
            return
        span = promise.span
        early = self.run_operator(Slice(start=0, stop=-1, axis=axis), [logits], span)
        late = self.run_operator(Slice(start=1, axis=1), [tokens], span)
        value = self.run_operator(CrossEntropy(), [early, late], span)
        if isinstance(value, Wire) and not value.unknown:
            self.losses.append((Loss("next_token", "", "loss", span), value))


def _dotted(expression: Expression) -> tuple[Name, ...] | None:
    names: list[Name] = []
    while isinstance(expression, Attribute):
        names.append(expression.name)
        expression = expression.value
    if not isinstance(expression, Ref):
        return None
    names.append(Name(expression.name, expression.span))
    return tuple(reversed(names))
