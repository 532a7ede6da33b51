"""What the rounds of a `repeat` will see of its variable.

Enters: the body of a `repeat` or `each`, before it is elaborated. Leaves: for each value of the variable, something
that is equal for two values when the rounds cannot tell them apart. In `repeat i in 100: Block(stride=2 if i == 0
else 1)` the second round and the ninety-eight behind it are one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..diagnostics import Report
from ..syntax import (
    Binary,
    BoxRef,
    Call,
    Conditional,
    Expression,
    Index,
    Item,
    Key,
    List,
    Literal,
    Paren,
    Ref,
    Repeat,
    Unary,
)
from .names import Lazy, Names
from .values import UNKNOWN_VALUE, BoxValue, ModuleValue, Namespace, Wire, Wires, frozen


def foresee(frame: Names, combinator: Repeat, body: object, line: Item | None = None) -> Callable[[Any], Any] | None:
    """What a round sees of a value of the variable; None where no round looks at it. `line` is the statement that has
    the name of the round, which is not seen inside."""
    if combinator.variable is None:
        return None
    name = combinator.variable.text
    readings = _readings(body, name, None if line is None else line.key)
    if not readings:
        return None
    if not all(_known(frame, other) for reading in readings for other in _names(reading) or () if other.name != name):
        return frozen
    probe = frame.bare(frame.file)
    probe.report = Report()  # a mistake is told by the round that makes it
    probe.sizes = frame.sizes

    def seen(value: Any) -> Any:
        probe.scope = Namespace(frame.scope, {name: value}, {name: combinator.span})
        results = [probe.evaluate(reading) for reading in readings]
        return frozen(value if UNKNOWN_VALUE in results else tuple(results))

    return seen


def _known(frame: Names, name: Ref | BoxRef) -> bool:
    """Whether a name stands for a number, string or list before the round begins."""
    if isinstance(name, BoxRef) and not frame.is_size_name(name.name):
        return False
    found = frame.scope.find(name.name)
    if isinstance(found, Lazy):
        found = frame.settle(name.name, found, name.span)
    if found is None and frame.scope.where(name.name) is None:
        if name.name in frame.sizes:
            return True
        if name.name not in frame.file.constants:
            return False
        found = frame.constant(name.name)
    return found is not UNKNOWN_VALUE and not isinstance(found, (Wire, Wires, ModuleValue, BoxValue))


def _readings(body: object, name: str, but: Key | None) -> list[Expression]:
    """The outermost arithmetic of a body that reads a name, and its keys with the name in braces, but for one."""
    found: list[Expression] = []
    stack = [body]
    while stack:
        node: Any = stack.pop()
        if isinstance(node, tuple):
            stack.extend(node)
            continue
        if isinstance(node, Key):
            if node is not but and node.quoted and f"{{{name}}}" in node.words[0].text:
                found.append(Ref(name, node.span))
            continue
        names = _names(node)
        if names is not None:
            if any(other.name == name for other in names):
                found.append(node)
        elif isinstance(node, Binary):
            while isinstance(node, Binary):  # its left side would be as long again
                stack.append(node.right)
                node = node.left
            stack.append(node)
        else:
            parts = getattr(node, "__match_args__", ())
            stack.extend(getattr(node, part) for part in parts if not part.endswith("span"))
    return found


def _names(expression: object) -> list[Ref | BoxRef] | None:
    """The names in arithmetic on sizes and lists; None for anything else."""
    names: list[Ref | BoxRef] = []
    stack = [expression]
    while stack:
        node = stack.pop()
        match node:
            case Ref() | BoxRef():
                names.append(node)
            case Binary():
                stack += (node.right, node.left)
            case Unary():
                stack.append(node.operand)
            case Conditional():
                stack += (node.condition, node.then, node.otherwise)
            case List(dtype=None):
                stack += node.items
            case Index():
                stack += (node.value, *(argument.value for argument in node.arguments))
            case Call(callee=Ref()) | Paren(arguments=(_,)):
                stack += (argument.value for argument in node.arguments)
            case Literal():
                pass
            case _:
                return None
    return names
