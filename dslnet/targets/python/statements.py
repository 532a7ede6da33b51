"""Statements of a function, and what an item reads and costs a reader.

Enters: nothing but trees. Leaves: the vocabulary of `scheduling`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...graph import Type
from .reading import Item, Loop
from .tree import Attribute, Binary, Call, Name, Ref, Sequence, Subscript, Tree, children, walk


@dataclass(slots=True)
class Assign:
    targets: list[str]
    tree: Tree
    type: Type | None = None


@dataclass(slots=True)
class Run:
    """An expression statement."""

    tree: Tree


@dataclass(slots=True)
class Return:
    """`types` are those of the outputs; a method of training that returns something else has none."""

    trees: list[Tree]
    types: list[Type] = field(default_factory=list)


@dataclass(slots=True)
class For:
    variables: list[str]
    iterable: Tree
    body: list[Statement]


@dataclass(slots=True)
class Delete:
    names: list[str]


@dataclass(slots=True)
class With:
    context: Tree
    body: list[Statement]


Statement = Assign | Run | Return | For | Delete | With


@dataclass(slots=True)
class Pending:
    """An expression that is not yet in a statement."""

    tree: Tree
    calls: float
    heavy: bool
    light_top: bool
    block: bool = False
    alone: bool = False  # on a line of its own, or in a sum


def appends(statement: Run, name: str) -> bool:
    call = statement.tree
    return isinstance(call, Call) and isinstance(call.function, Attribute) and call.function.owner == Name(name)


def loop_results(loop: Loop) -> list[str]:
    return [end for _, _, end, _ in loop.carried] + [wire for wire, _ in loop.collected]


def refs(tree: Tree) -> list[str]:
    """The wires that an expression reads, in order of evaluation."""
    if isinstance(tree, Ref):
        return [tree.value]
    return [wire for child in children(tree) for wire in refs(child)]


def reads(item: Item) -> list[str]:
    if item.tree is not None:
        return refs(item.tree)
    assert item.loop is not None
    before = [b for b, *_ in item.loop.carried if b is not None]
    return before + refs(item.loop.iterable)


def all_reads(item: Item) -> list[str]:
    inner = [w for i in item.loop.body for w in all_reads(i)] if item.loop else []
    return reads(item) + inner


def calls(tree: Tree) -> float:
    """How much there is to read in a line: calls count 1, methods and operators less."""
    if isinstance(tree, Call):
        own = 0.5 if is_method(tree) else 1.0
        inner = [calls(a) for a in (*tree.args, *(v for _, v in tree.keywords))]
        owner = calls(tree.function.owner) if isinstance(tree.function, Attribute) else calls(tree.function)
        return own + owner + sum(inner)
    if isinstance(tree, Sequence):
        return max(map(calls, tree.items), default=0)
    if isinstance(tree, Binary):
        return 0.25 + calls(tree.left) + calls(tree.right)
    return sum(map(calls, children(tree)), 0.0)


def is_method(tree: Call) -> bool:
    """Whether a call is a method of a tensor rather than a module or function."""
    if not isinstance(tree.function, Attribute):
        return False
    owner = tree.function.owner
    while isinstance(owner, Attribute):
        owner = owner.owner
    return not (isinstance(owner, Name) and owner.id in ("self", "torch", "F", "nn"))


def runs(tree: Tree) -> bool:
    """Whether an expression calls a module of the class."""
    return any(isinstance(part, Call) and _own(part.function) for part in walk(tree))


def _own(tree: Tree) -> bool:
    while isinstance(tree, (Attribute, Subscript)):
        tree = tree.owner
    return tree == Name("self") or tree == Name("super()")


def says(tree: Tree | None, name: str) -> bool:
    """Whether an expression is a call of the module of that name, so that a reader sees the name anyway."""
    return isinstance(tree, Call) and isinstance(tree.function, Attribute) and tree.function.name == name
