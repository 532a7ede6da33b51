"""What no tensor is kept for.

Enters: the statements of a function. Leaves: the same computation, holding while a block runs only what is read
afterwards: large locals that nothing reads any more are deleted before it. Inside a line, and beside a single layer,
locals stay: that is how people write.
"""

from __future__ import annotations

from collections.abc import Callable

from ...shape import Tensor
from .statements import Assign, Delete, Statement
from .tree import Call, Name, walk
from .units import statement_trees

#: Whether a call is that of a block, with locals of its own.
Test = Callable[[Call], bool]


def release(statements: list[Statement], inputs: set[str], is_block: Test) -> list[Statement]:
    """The statements of a function with these arguments, which its caller keeps anyway, with a `del` before each call
    of a block that dead locals would outlive."""
    made: list[Statement] = []
    held: dict[str, None] = {}
    parts = [[part for tree in statement_trees([s]) for part in walk(tree)] for s in statements]
    last = {part.id: number for number, row in enumerate(parts) for part in row if isinstance(part, Name)}
    for number, statement in enumerate(statements):
        if held and any(isinstance(part, Call) and is_block(part) for part in parts[number]):
            target = set(statement.targets) if isinstance(statement, Assign) else set()
            dead = [name for name in held if last.get(name, -1) < number and name not in target]
            if dead:
                made.append(Delete(dead))
                held = {n: None for n in held if n not in dead}
        made.append(statement)
        if isinstance(statement, Assign):
            for name in statement.targets:
                held.pop(name, None)
                if name not in inputs and name != "_" and _large(statement):
                    held[name] = None
    return made


def _large(statement: Assign) -> bool:
    """Whether a local may hold much: a map or a sequence, not a row of features for each sample."""
    type_ = statement.type
    return isinstance(type_, Tensor) and type_.shape is not None and len(type_.shape) > 2
