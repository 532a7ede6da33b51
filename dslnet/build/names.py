"""What a name means.

Enters: an identifier where it stands. Leaves: its value in the frame: a size, a wire captured from outside, a module,
a box. A name without a meaning is told once in a body.
"""

from __future__ import annotations

import re
from itertools import chain
from math import prod
from typing import Any

from ..below import below
from ..diagnostics import Edit, Help, Label, did_you_mean
from ..limits import INTEGER_MAX
from ..node import record
from ..ops import OPERATORS, Combinator, Operator
from ..ops.arguments import ModuleArgument
from ..shape import UNKNOWN, Dim, Number, Size, Tensor, located
from ..source import Span
from ..syntax import Declaration, Expression, Item, Lane, Ref
from . import static
from .frame import Frame
from .program import File
from .static import Trouble
from .values import UNKNOWN_VALUE, BoxValue, ModuleValue, Namespace, Wire, Wires, describe


@record
class Lazy:
    """A default that is evaluated when it is first read, in the frame of its block."""

    expression: Expression
    frame: Names
    span: Span
    busy: bool = False


Flow = Wire | Wires

#: The whole text is searched for the first mistakes only: the work has to stay linear.
MOST = 20

_BRACES = re.compile(r"\{([a-z_][A-Za-z0-9_]*)\}")


class Names(Frame):
    """The part of a frame that looks names up."""

    def evaluate(self, expression: Expression) -> Any:
        """The value of an expression (see `Expressions`)."""
        raise NotImplementedError

    def evaluate_argument(self, expression: Expression) -> Any:
        """The value of an argument (see `Expressions`)."""
        raise NotImplementedError

    def bare(self, file: File) -> Any:
        """A frame for expressions of a file that stand outside its blocks (see `Body`)."""
        raise NotImplementedError

    def module_argument(self, module: ModuleValue, span: Span) -> ModuleArgument:
        """A module as the argument of an operator (see `Boxes`)."""
        raise NotImplementedError

    def lookup(self, name: str, span: Span) -> Any:
        """The value of a name, wires captured into this frame; reported when there is none."""
        found = self.scope.find(name)
        if isinstance(found, Lazy):
            found = self.settle(name, found, span)
        if found is None and self.scope.where(name) is None:
            if name in self.sizes:
                return self.sizes[name]
            if name in self.file.constants:
                return self.constant(name)
            return self.undefined(name, span)
        if isinstance(found, Wire):
            return self.reach(found)
        if isinstance(found, Wires):
            return self.reach_all(found)
        if isinstance(found, ModuleValue):
            found.read = True
        return found

    def filled(self, text: str, span: Span) -> str:
        """A name in quotes with the numbers that it speaks of: `layer{i}` gives `layer3`."""
        parts = _BRACES.split(text)
        for place in range(1, len(parts), 2):
            value = self.lookup(parts[place], span)
            if value is not UNKNOWN_VALUE and value is not UNKNOWN and type(value) not in (int, Number):
                title = f"`{{{parts[place]}}}` in a name is a whole number, not {describe(value)}"
                self.error("E0301", title, span, helps=("only a number tells one name from the next",))
            parts[place] = str(int(value)) if isinstance(value, int) else "x"
        return "".join(parts)

    def settle(self, name: str, lazy: Lazy, span: Span) -> Any:
        """Evaluate a default on first use."""
        if lazy.busy:
            self.error("E0211", f"the default of `{name}` uses itself", span, "needs its own value")
            return UNKNOWN_VALUE
        lazy.busy = True
        value = lazy.frame.evaluate_argument(lazy.expression)
        if static.is_size(value) and value is not UNKNOWN:
            value = located(value, lazy.span)
        lazy.busy = False
        lazy.frame.scope_of_parameters()[name] = value
        lazy.frame.bindings[name] = value
        return value

    def scope_of_parameters(self) -> dict[str, Any]:
        scope = self.scope
        while scope.parent is not None:
            scope = scope.parent
        return scope.names

    def constant(self, name: str) -> Any:
        """A file constant, which sees nothing but others."""
        key = ("constant", id(self.file), name)
        memo = self.session.memo
        if key not in memo:
            memo[key] = None
            value = self.bare(self.file).evaluate(self.file.constants[name])
            memo[key] = (UNKNOWN_VALUE if isinstance(value, (Wire, Wires)) else value,)
        if memo[key] is None:  # on the way to its own value
            memo[key] = (UNKNOWN_VALUE,)
            place = self.file.constants[name].span
            self.error("E0211", f"the constant `{name}` uses itself", place, "needs its own value")
        return memo[key][0]

    def undefined(self, name: str, span: Span) -> Any:
        """Report a name without a meaning, once in a body; one that an unreadable line has may be defined there."""
        if name in self.session.unread:
            self.scope_of_parameters()[name] = UNKNOWN_VALUE
            return UNKNOWN_VALUE
        later = self.naming.declared.get(name)
        if later is not None and later.start > span.start:
            circle = self.circle(name, span)
            line = self.file.spec.source.position(later.start)[0]
            advice = "for recurrence use `GRU`, or a block with `state` under `scan:`"
            self.error(
                "E0211",
                f"`{name}` is used before it is defined",
                span,
                "not made yet",
                secondary=[Label(later, "defined here")],
                notes=(" -> ".join(circle),) if circle else (),
                helps=(advice if circle else f"move line {line}, which defines it, above this one",),
            )
        else:
            self.error("E0201", f"`{name}` is not defined", span, "", **self.meant(name, span))
        self.scope_of_parameters()[name] = UNKNOWN_VALUE
        return UNKNOWN_VALUE

    def circle(self, name: str, span: Span) -> list[str]:
        """The names that lead from the line at `span` to `name`, and so back to it: each flows into the next."""
        if self.report.errors > MOST:
            return []
        lines = [n for n in below(self.naming.block.syntax.body) if isinstance(n, (Item, Lane, Declaration))]
        named = [(n.key.words[-1].text, n) for n in lines if n.key is not None]
        around = [(n.span.start, own) for own, n in named if n.span.start <= span.start and span.end <= n.span.end]
        if not around:
            return []
        _, begin = max(around)
        reads = {own: {r.name for r in below(n.body) if isinstance(r, Ref)} for own, n in named}
        after = {name: begin}  # for each name that leads to `name`, what it flows into
        waiting = [name]
        for current in waiting:
            for other in sorted(reads.get(current, set()) - after.keys()):
                after[other] = current
                waiting.append(other)
        if begin not in after:
            return []
        circle = [begin, after[begin]]
        while circle[-1] != begin:
            circle.append(after[circle[-1]])
        return circle if len(circle) < 9 else [*circle[:6], "...", *circle[-2:]]

    def meant(self, name: str, span: Span) -> dict[str, Any]:
        """What is told of a name without a meaning: where it is hidden, or what it may be a misspelling of."""
        from .hidden import elsewhere, quoted

        if self.report.errors > MOST:  # nobody sees it, and looking for each name through a block takes its time
            return {}
        found = elsewhere(self.naming.block.syntax, name, span) if self.naming.declared.get(name) else None
        if found is not None:
            return {"secondary": [Label(found[0], "defined here")], "helps": [found[1]]}
        source = self.report.sources.get(span.file)
        string = quoted(name, source.text[max(span.start - 200, 0) : span.start] if source else "", span)
        if string is not None:
            return {"helps": [string]}
        box = next((n for n in self.file.names() if n.lower() == name.lower() and n != name), None)
        if box is not None:
            return {"helps": [Help(f"a box begins with a capital: `{box}`", (Edit(span, box),), sure=True)]}
        known = (n for n in self.scope.visible() if self.scope.where(n) or self.scope.find(n) is not UNKNOWN_VALUE)
        near = did_you_mean(name, chain(known, self.sizes, self.file.constants))  # which looks at the first ones only
        places = [Label(place, f"`{near[0]}`") for place in [self.scope.where(near[0])] if place] if near else []
        helps = [Help(f"did you mean `{n}`?", (Edit(span, n),), sure=i == 0) for i, n in enumerate(near)]
        return {"secondary": places, "helps": helps}

    def spoil(self, span: Span) -> None:
        """After a mistake in a value that is a name and nothing else: the name is unknown, and silent, from here on."""
        source = self.report.sources.get(span.file)
        name = source.text[span.start : span.end] if source else ""
        scope: Namespace | None = self.scope
        while scope is not None:
            if name in scope.names:
                scope.names[name] = UNKNOWN_VALUE
            scope = scope.parent

    def is_size_name(self, name: str) -> bool:
        """Whether a Capital name is a dimension here, not a box."""
        return name in self.sizes or isinstance(self.scope.find(name), (int, Dim))

    def box_named(self, name: str, span: Span) -> BoxValue | None:
        """The box that a Capital name means; None after a report."""
        found = self.scope.find(name)
        if isinstance(found, Lazy):
            found = self.settle(name, found, span)
        if isinstance(found, BoxValue):
            return BoxValue(found.target, found.positional, found.named, span, name)
        if found is UNKNOWN_VALUE or name in self.file.broken:
            return None
        if found is not None:
            self.error("E0215", f"`{name}` is {describe(found)}, not a box", span, "a box is needed here")
            return None
        target = self.file.find(name)
        if target is None:
            self.no_such_box(name, span)
            return None
        return BoxValue(target, span=span)

    def no_such_box(self, name: str, span: Span, before_colon: bool = False) -> None:
        """Report a box that is not there; one `before_colon` may be meant as the name of a step."""
        from .foreign import BOXES

        near = did_you_mean(name, [*self.file.names(), *self.naming.boxes], BOXES)
        if before_colon:  # only some boxes have a body
            near = [n for n in near if issubclass(OPERATORS.get(n, Operator), Combinator)]
        helps = [Help(f"did you mean `{n}`?", (Edit(span, n),), sure=i == 0) for i, n in enumerate(near)]
        if before_colon:
            small = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
            advice = f"the name of a step begins with a small letter: `{small}`"
            helps = [*helps[:2], Help(advice, (Edit(span, small),), sure=not near)]
        self.error("E0202", f"there is no box `{name}`", span, helps=helps)
        self.file.broken.add(name)

    def trouble(self, problem: Trouble, span: Span) -> Any:
        self.error(problem.code, problem.title, span, helps=problem.helps)
        return UNKNOWN_VALUE

    def whole(self, value: Any, span: Span, what: str, low: int = 0) -> int | None:
        """A whole number that must be known here, such as a count of rounds."""
        if value is UNKNOWN_VALUE or value is UNKNOWN:
            return None
        if isinstance(value, Dim):
            name = next(iter(value.symbols()), "H")
            self.error(
                "E0312",
                f"{what} needs a known size; give `{name}`",
                span,
                f"{value} is free",
                helps=(f"e.g. `--set {name}=4`",),
            )
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value < low:
            self.error("E0304", f"{what} is a whole number from {low}, not {describe(value)}", span)
            return None
        return value

    def countable(self, type: Tensor, at: Span) -> bool:
        """Whether a tensor is within the limits of rank and of elements; reported."""
        limit = self.session.limits.rank
        if type.shape is None:
            return True
        if len(type.shape) > limit:
            self.error("E0902", f"a tensor of rank {len(type.sizes)}; the limit is {limit}", at)
            return False
        if prod([size for size in type.shape if isinstance(size, int)]) > INTEGER_MAX:
            self.error("E0904", "a tensor of more elements than 64 bits count", at, f"{type}"[:49])
            return False
        return True

    def type_size(self, value: Any, span: Span, what: str) -> Size:
        """A value as a size; reported and unknown when it is none."""
        if value is UNKNOWN_VALUE:
            return UNKNOWN
        if static.is_size(value):
            if isinstance(value, int) and value < 1:
                self.error("E0305", f"{what} is {value}; a size is at least 1", span)
                return UNKNOWN
            return value
        self.error("E0301", f"{what} is a whole number, not {describe(value)}", span)
        return UNKNOWN
