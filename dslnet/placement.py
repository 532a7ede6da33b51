"""Lanes and `else` where they can stand.

Enters: the statements of a file. Leaves: a diagnostic for each lane outside of a merge, each dash in one, each
`else` without its `if`, and each `each` that is no lane. The grammar lets them stand anywhere, so that one of them in
the wrong place does not hide what is around it.
"""

from __future__ import annotations

from .mistakes import Mistakes
from .syntax import (
    Bad,
    Body,
    Choice,
    Combinator,
    Declaration,
    Definition,
    Flow,
    Item,
    Lane,
    Nest,
    Repeat,
    Statement,
    Structure,
    Suite,
    Top,
)

_MERGES = frozenset(("concat", "add", "mul", "stack", "parallel"))


def check_placement(statements: tuple[Top, ...], mistakes: Mistakes) -> None:
    """Look at every list of statements once; a list of lists in place of recursion."""
    waiting: list[tuple[tuple[Statement, ...], Combinator | None, bool]] = []

    def enter(body: Body, combinator: Combinator | None, lane: bool) -> None:
        while True:
            if type(body) is Nest:
                combinator = body.combinator
                if type(combinator) is Repeat and combinator.word == "each" and not lane:
                    span = combinator.span
                    mistakes.add(
                        "E0114",
                        "`each` makes lanes: it stands after a bar",
                        span.start,
                        span.start + 4,
                        helps=["write it under `concat:` or another merge, as `| each ...`; in series it is `repeat`"],
                    )
                lane = False
                body = body.body
            elif type(body) is Flow:
                combinator, body = None, body.suite
            else:
                if type(body) is Suite:
                    waiting.append((body.statements, combinator, True))
                return

    for top in statements:
        if type(top) is Definition:
            enter(top.body, None, False)
        elif type(top) is Bad and top.body is not None:
            waiting.append((top.body.statements, None, False))
    while waiting:
        inside, combinator, known = waiting.pop()
        if known:
            # Under a statement that was not understood, anything may stand.
            _check(inside, combinator, mistakes)
        for statement in inside:
            if type(statement) is Lane:
                enter(statement.body, None, True)
            elif type(statement) is Bad:
                if statement.body is not None:
                    waiting.append((statement.body.statements, None, False))
            elif type(statement) is Item or type(statement) is Declaration:
                if statement.body is not None:
                    enter(statement.body, None, False)


def _check(statements: tuple[Statement, ...], combinator: Combinator | None, mistakes: Mistakes) -> None:
    structure = combinator.word if type(combinator) is Structure else ""
    merge = structure in _MERGES
    lanes = 0
    excused = False
    before: Statement | None = None
    for statement in statements:
        kind = type(statement)
        start = statement.span.start
        if kind is Lane:
            lanes += 1
            if excused:
                # They stand below a block that has no lines, and belong inside it; or below a lane that was told of.
                pass
            elif not merge and structure != "residual":
                mistakes.add(
                    "E0114",
                    "a lane stands under `concat`, `add`, `mul`, `stack`, `parallel` or `residual`",
                    start,
                    start + 1,
                    helps=["open one above it, or write a dash for a step in series"],
                )
                excused = True
            elif structure == "residual" and lanes == 2:
                mistakes.add(
                    "E0114",
                    "`residual` has one lane at most: its shortcut",
                    start,
                    start + 1,
                    helps=["write `concat:` or `add:` for several branches"],
                )
        elif kind is Item and merge:
            mistakes.add(
                "E0114",
                f"a branch of `{structure}` starts with a bar",
                start,
                start + 1,
                "this dash would be a step in series",
                helps=[mistakes.put("write `|`", start, start + 1, "|")],
            )
        if kind is Item or kind is Lane:
            choice = _choice(statement)
            if choice is not None and choice.word != "if":
                last = _choice(before) if type(before) is kind else None
                if type(before) is not Bad and (last is None or last.word == "else"):
                    mistakes.add(
                        "E0114",
                        f"this `{choice.word}` has no `if` above it",
                        choice.span.start,
                        choice.span.start + 4,
                        helps=["it follows the lines of an `if` at the same indentation"],
                    )
        if kind is not Lane:
            excused = _is_hollow(statement)
        before = statement


def _is_hollow(statement: Statement) -> bool:
    """Whether a statement opens a block that was found empty."""
    body = None if isinstance(statement, Bad) else statement.body
    while type(body) is Nest:
        body = body.body
    return type(body) is Suite and len(body.statements) == 1 and type(body.statements[0]) is Bad


def _choice(statement: Statement | None) -> Choice | None:
    """The `if`, `elif` or `else` that a statement is."""
    if statement is None or type(statement) is Bad or type(statement.body) is not Nest:
        return None
    combinator = statement.body.combinator
    return combinator if type(combinator) is Choice else None
