"""What the shape rule of an operator complains of, told with its places.

Enters: a `Mistake`, with the inputs of the operator and the places of its arguments. Leaves: a diagnostic. A rule
knows neither places nor names: it says which argument or port it means, and `{port}` for the name of what is fed.
"""

from __future__ import annotations

from typing import Any

from ..below import below
from ..diagnostics import Edit, Help, Label
from ..ops import Mistake, Operator
from ..shape import UNKNOWN_TENSOR, Size, origin, same
from ..source import Span
from ..syntax import Call, Expression, Ref
from . import history
from .expressions import Expressions
from .mending import left_out
from .names import MOST
from .values import Wire

#: The key of the whole step among the places of its arguments and ports.
WHOLE = "(step)"


class Complaints(Expressions):
    """The part of a frame that tells the mistakes of shape rules."""

    def mistake(
        self,
        mistake: Mistake,
        operator: Operator,
        inputs: list[Any],
        at: Span,
        spans: dict[str, Span],
        severity: str = "error",
    ) -> None:
        """A shape rule's complaint, with places."""
        ports = {p.name: w for p, w in zip(operator.ports, inputs, strict=False) if w is not None}

        def place(where: Any) -> Span | None:
            if isinstance(where, Span):
                return where
            if where is None:
                return at
            if isinstance(where, str):
                if where in spans:
                    return spans[where]
                wire = ports.get(where)
                return wire.span if wire is not None else at
            return origin(where)

        def fill(text: str) -> str:
            """An operator cannot know what its inputs are called; it writes `{target}`, and `{x.below}` for a range."""
            for port, wire in ports.items():
                name = wire.name if isinstance(wire, Wire) else port
                if isinstance(wire, Wire) and wire.node is None:
                    text = text.replace("`{" + port + "}:", f"`input {name}:")
                if isinstance(wire, Wire) and wire.type.below is not None:
                    text = text.replace("{" + port + ".below}", self.as_written(wire.type.below))
                text = text.replace("{" + port + "}", name)
            return text

        def origin_of(where: Any) -> Span | None:
            """Of an input, where its wire was made, and not where it is fed."""
            wire = ports.get(where) if isinstance(where, str) else None
            if not isinstance(wire, Wire):
                return place(where)
            box = self.module_box(wire)
            return box.span if box is not None else history.producer(wire)[0]

        wrong = ports.get(mistake.at or "")
        if mistake.code == "E0511" and isinstance(wrong, Wire) and wrong.node is None and severity == "error":
            wrong.type = UNKNOWN_TENSOR  # a target is declared wrongly once, however many losses read it
        primary = spans.get(mistake.at, at) if mistake.at in ports else place(mistake.at)
        others = [
            Label(there, fill(text))
            for where, text in mistake.others
            if (there := origin_of(where)) is not None and there != primary
        ]
        makers = [history.producer(w) for w in ports.values() if isinstance(w, Wire) and w.span != at and not w.unknown]
        others = others or [Label(span, text[:49]) for span, text in makers[:3]]
        helps: list[Help] = [Help(fill(h)) for h in mistake.helps]
        for text, target, replacement in mistake.fixes:
            if target in ports:
                helps.append(self.declared_as(fill(text), ports[target], replacement))
            elif not replacement and target is not None:
                helps.append(left_out(self.report.sources, fill(text), target, spans.get(target)))
            else:
                # of a module that is used by its name, the arguments stand elsewhere
                spot = self.step_of(operator, spans.get(WHOLE, at)) if target is None else spans.get(target)
                helps.append(Help(fill(text), (Edit(spot, fill(replacement)),) if spot else (), sure=spot is not None))
        if mistake.code == "E0510":
            helps += self.same_classes(ports)
        self.error(
            mistake.code,
            fill(mistake.title),
            primary or at,
            fill(mistake.label),
            secondary=others,
            notes=mistake.notes,
            helps=helps,
            severity=severity,
        )

    # ------------------------------------------------------------------------------------------------- mending

    def declared_as(self, text: str, wire: Any, shape: str) -> Help:
        """The help to declare an input of the model by another shape; its edit is sure where nothing else reads it."""
        outermost: Any = self
        while outermost.outer is not None:
            outermost = outermost.outer
        source = self.report.sources.get(wire.span.file) if isinstance(wire, Wire) else None
        if source is None or not outermost.entry or wire.node is not None:
            return Help(text)
        if source.text[wire.span.start : wire.span.start + 1] != "[":
            return Help(text)
        if len(self.report.diagnostics) > MOST:
            return Help(text, (Edit(wire.span, shape),))
        whole = outermost.text_span
        reads = [n.span for n in below(self.file.spec.statements) if isinstance(n, Ref) and n.name == wire.name]
        once = sum(whole.start <= start and end <= whole.end for _, start, end in reads) == 1
        return Help(text, (Edit(wire.span, shape),), sure=once)

    def step_of(self, operator: Operator, span: Span) -> Span | None:
        """The place of a step, where it is the box that is called there, and not a combinator that makes it."""
        source = self.report.sources.get(span.file)
        return span if source is not None and source.text.startswith(operator.name, span.start) else None

    def as_written(self, size: Size) -> str:
        """A size by the name that it has in the text, where that name means the same here."""
        place = origin(size)
        source = self.report.sources.get(place.file) if place is not None else None
        if source is not None and place is not None:
            name = source.text[place.start : place.end].lstrip("< ")  # of a range, its sign too
            found = self.scope.find(name) if name.isidentifier() else None
            if isinstance(found, int) and same(found, size):
                return name
        return str(size)

    def module_box(self, wire: Wire) -> Expression | None:
        """The box of the module that made a wire."""
        path = wire.node.module if wire.node is not None else None
        return next((m.box for m in self.modules if m.path == path), None) if path is not None else None

    def same_classes(self, ports: dict[str, Any]) -> list[Help]:
        """The teacher with the student's first argument."""
        found = [self.module_box(w) for w in ports.values() if isinstance(w, Wire)]
        calls = [c for c in found if isinstance(c, Call) and c.arguments and c.arguments[0].name is None]
        if len(calls) != 2:
            return []
        student, teacher = (c.arguments[0].value.span for c in calls)
        text, whole = self.file.spec.source.text, calls[1].span
        words = text[student.start : student.end]
        shown = f"`{text[whole.start : teacher.start]}{words}{text[teacher.end : whole.end]}`"
        return [Help(shown, (Edit(teacher, words),), sure=True)]
