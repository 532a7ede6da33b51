"""Why a name has no meaning where it stands: it belongs to a group, to a round or to a branch, or it is a string.

Enters: the block around it, the name and its place. Leaves: where it is defined, and what to write instead. This is
asked for after a mistake only.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Edit, Help
from ..node import record
from ..ops import OPERATORS
from ..ops.arguments import ChoiceType, PaddingType
from ..source import Span
from ..syntax import Body, Choice, Declaration, Definition, Flow, Item, Lane, Name, Nest, Repeat, Suite


@record
class Around:
    """Something that holds a definition: a `group` by its name, a `module`, a `repeat` or an `each`, an `if`."""

    kind: str
    name: str
    span: Span


def elsewhere(block: Definition, name: str, at: Span) -> tuple[Span, Help] | None:
    """The place where a block defines a name that cannot be read at `at`, and how to reach it."""
    for place, above in _places(block.body, name, ()):
        if place.start < at.start:
            outside = [a for a in above if not a.span.start <= at.start < a.span.end]
            if outside:
                return place, _reach(name, at, outside)
    return None


def _places(body: Body, name: str, above: tuple[Around, ...]) -> Iterator[tuple[Span, tuple[Around, ...]]]:
    """Where a name is defined, and what holds it there, from the outside to the inside."""
    if isinstance(body, Nest):
        combinator = body.combinator
        if isinstance(combinator, Repeat):
            above = (*above, Around(combinator.word, "", body.span))
        elif isinstance(combinator, Choice):
            above = (*above, Around("if", "", body.span))
        yield from _places(body.body, name, above)
    elif isinstance(body, Flow):
        yield from _places(body.suite, name, above)
    elif isinstance(body, Suite):
        for statement in body.statements:
            if not isinstance(statement, (Item, Lane, Declaration)) or statement.body is None:
                continue
            key, inner = statement.key, above
            if key is not None:
                last: Name = key.words[-1]
                if last.text == name:
                    yield last.span, above
                module = isinstance(statement, Declaration) and isinstance(statement.body, Suite)
                inner = (*above, Around("module" if module else "group", last.text, statement.span))
            yield from _places(statement.body, name, inner)


def _reach(name: str, at: Span, outside: list[Around]) -> Help:
    kinds = [a.kind for a in outside]
    path = ".".join([*(a.name for a in outside if a.kind == "group"), name])
    if "module" in kinds:
        module = outside[kinds.index("module")].name
        return Help(f"read it from what the module makes: `h: x -> {module}`, then `h.{name}`")
    if "if" in kinds:
        return Help("the branch that defines it is not taken here; define it in the others too")
    if "repeat" in kinds or "each" in kinds:
        word = "repeat" if "repeat" in kinds else "each"
        if "group" in kinds[: kinds.index(word)]:
            return Help(f"it belongs to the rounds: `{path}[0]` is that of the first", (Edit(at, f"{path}[0]"),))
        return Help(f"it belongs to the rounds: name them, `rounds: {word} …`, and read `rounds.{name}[0]`")
    return Help(f"it belongs to a group: write `{path}`", (Edit(at, path),), sure=True)


def quoted(name: str, before: str, at: Span) -> Help | None:
    """A word that is a choice of some argument, and stands without quotes. `before` is the text in front of it."""
    before = before.rstrip()
    if not before.endswith(("(", "=", ",")):
        return None
    argument = before[:-1].rstrip().rpartition(" ")[2].rpartition("(")[2] if before.endswith("=") else ""
    if name == "valid" and argument == "padding":
        return Help("no padding at all is `padding=0`", (Edit(at, "0"),), sure=True)
    for operator in OPERATORS.values():
        for each in operator.arguments.values():
            kind = getattr(each.type, "inner", each.type)
            words = ("same", "causal") if isinstance(kind, PaddingType) else ()
            words = kind.words if isinstance(kind, ChoiceType) else words
            if name in words and argument in ("", each.name):
                return Help(f'a string has quotes: `"{name}"`', (Edit(at, f'"{name}"'),), sure=bool(argument))
    return None
