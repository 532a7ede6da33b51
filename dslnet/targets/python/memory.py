"""What no tensor is kept for.

Enters: the statements of a function. Leaves: the same computation, holding while a block runs only what is read
afterwards: an argument that is made of dead locals gets a statement of its own, and large locals that nothing reads
any more are deleted. Inside a line, and beside a single layer, locals stay: that is how people write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...shape import Tensor
from .statements import Assign, Delete, Return, Statement
from .tree import Call, Name, Tree, walk
from .units import statement_trees

#: Whether a call is that of a block, with locals of its own.
Test = Callable[[Call], bool]


def release(statements: list[Statement], inputs: set[str], is_block: Test) -> list[Statement]:
    """The statements of a function with these arguments, which its caller keeps anyway."""
    made: list[Statement] = []
    for statement, later in zip(statements, _live(statements), strict=True):
        made += _split(statement, later, inputs, is_block)
    return _deleted(made, inputs, is_block)


def _live(statements: list[Statement]) -> list[set[str]]:
    """The locals that are read after each statement, before they are made anew."""
    found: list[set[str]] = []
    live: set[str] = set()
    for statement in reversed(statements):
        found.append(set(live))
        if isinstance(statement, Assign):
            live -= set(statement.targets)
        live |= _names([statement])
    return found[::-1]


def _names(statements: list[Statement]) -> set[str]:
    """What is read somewhere in these."""
    return {part.id for tree in statement_trees(statements) for part in walk(tree) if isinstance(part, Name)}


def _reads(tree: Tree) -> set[str]:
    """The locals that an expression reads; what it calls is none."""
    parts = list(walk(tree))
    called = {p.function.id for p in parts if isinstance(p, Call) and isinstance(p.function, Name)}
    return {p.id for p in parts if isinstance(p, Name) and "." not in p.id} - called


def _split(statement: Statement, later: set[str], inputs: set[str], is_block: Test) -> Iterator[Statement]:
    """`self.block(torch.cat([x, y]))` as two statements where x or y are locals that end here."""
    tree = statement.tree if isinstance(statement, Assign) else None
    if isinstance(statement, Return) and len(statement.trees) == 1:
        tree = statement.trees[0]
    if isinstance(tree, Call) and is_block(tree) and tree.args and isinstance(tree.args[0], Call):
        first, rest = tree.args[0], tree.args[1:]
        others = set().union(*map(_reads, rest)) if rest else set()
        made = set(statement.targets) if isinstance(statement, Assign) else set()
        ends = sorted(n for n in _reads(first) - others - (later - made) if n.isidentifier() and n != "self")
        known = {n for n in ends if n not in inputs}
        if known and not is_block(first) and all(isinstance(a, Name) for a in rest):
            name = "x" if "x" in ends else min(known)
            short = Call(tree.function, (Name(name), *rest), tree.keywords, tree.defaults)
            yield Assign([name], first)
            yield (
                Assign(statement.targets, short, statement.type)
                if isinstance(statement, Assign)
                else Return([short], statement.types if isinstance(statement, Return) else [])
            )
            return
    yield statement


def _deleted(statements: list[Statement], inputs: set[str], is_block: Test) -> list[Statement]:
    """The statements with a `del` before each call of a block that dead locals would outlive."""
    made: list[Statement] = []
    held: dict[str, None] = {}
    for number, statement in enumerate(statements):
        trees = list(statement_trees([statement]))
        if any(isinstance(part, Call) and is_block(part) for tree in trees for part in walk(tree)):
            read = _names(statements[number:])
            target = set(statement.targets) if isinstance(statement, Assign) else set()
            dead = [name for name in held if name not in read and name not in target]
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
