"""The emitted loops over steps in a form that a trace keeps.

Enters: a module whose classes dslnet wrote, with `for y_t in y.unbind(1)`. Leaves: meanwhile, the same module with
classes that were made from the same text, in which each such loop is a call of `unrolling.scan`. Weights, hooks and
modes stay those of the module: nothing but the classes of its parts is exchanged. What is not exactly such a loop stays
as it is.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from types import ModuleType
from typing import Any

from .python.source import HEADER


@contextmanager
def scanning(module: Any) -> Iterator[bool]:
    """Meanwhile, the loops over steps in a module are scans. Tells whether there are any."""
    names = sorted({type(part).__module__ for part in module.modules()})
    copies: dict[str, ModuleType] = {}
    exchanged: list[tuple[Any, Any]] = []
    try:
        for name in names:
            copy = _copy(name)
            if copy is not None:
                copies[name] = copy
        for part in module.modules():
            own = type(part)
            if own.__module__ in copies and vars(sys.modules[own.__module__]).get(own.__name__) is own:
                exchanged.append((part, own))
                part.__class__ = getattr(copies[own.__module__], own.__name__)
        yield bool(copies)
    finally:
        for part, own in exchanged:
            part.__class__ = own
        for copy in copies.values():
            del sys.modules[copy.__name__]


def _copy(name: str) -> ModuleType | None:
    """The module of a name, with scans, in `sys.modules`, where a trace looks for what the functions of it read; None
    where dslnet did not write it, or there is no loop over steps."""
    from .unrolling import scan

    try:
        text = inspect.getsource(sys.modules[name])
    except (KeyError, OSError, TypeError):
        return None
    if not text.startswith(HEADER):
        return None
    tree, called = scanned(text)
    if not called:
        return None
    made = ModuleType(f"{name}_scanned")
    made.__dict__[called] = scan
    exec(compile(tree, f"<{made.__name__}>", "exec", dont_inherit=True), made.__dict__)
    sys.modules[made.__name__] = made
    return made


def scanned(text: str) -> tuple[ast.Module, str]:
    """Emitted source with its loops over steps as scans, and how what they call is named; empty where there is none.

    `hs = []`, `for x_t in x.unbind(1):`, `h = self.cell(x_t, h)`, `hs.append(h)` and `torch.stack(hs, dim=1)` become
    `def step0(h, x_t):`, `h = self.cell(x_t, h)`, `return (h,), (h,)`, `(h,), (hs,) = scan(step0, (h,), (x,))` and
    `hs`; what is new has a name that is nowhere in the text.
    """
    tree = ast.parse(text)
    scans = _Scans(next(mark for number in count() if (mark := f"_{number}_") not in text))
    scans.visit(tree)
    return ast.fix_missing_locations(tree), scans.name("scan") if scans.count else ""


class _Scans(ast.NodeTransformer):
    """Puts scans in the place of loops over steps, function by function."""

    def __init__(self, mark: str) -> None:
        self.mark, self.count = mark, 0
        self.names: list[ast.Name] = []  # of the function, in the order in which they are read and stored
        self.stacks: set[str] = set()  # lists of the function that become tensors
        self.tensors: set[str] = set()  # those that are tensors now

    def name(self, word: str) -> str:
        return self.mark + word

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        arguments = [ast.Name(argument.arg, ast.Store()) for argument in node.args.args]
        self.names = [*arguments, *(name for statement in node.body for name in _names(statement))]
        self.stacks = {_stack(part) for part in ast.walk(node) if isinstance(part, ast.Call)}
        self.tensors = set()
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        return ast.Name(name, ast.Load()) if (name := _stack(node)) in self.tensors else self.generic_visit(node)

    def visit_For(self, node: ast.For) -> Any:
        lists = [name for statement in node.body if (name := _appended(statement))]
        states = None if _sequences(node.iter) is None else self._states(node)
        self.generic_visit(node)
        sequences = _sequences(node.iter)
        if states is None or any(name not in self.stacks or self._read(name) != 2 for name in lists):
            return node  # a list that is more than appended to here and stacked behind stays one
        step, made = self.name(f"step{self.count}"), [self.name(f"made{n}") for n in range(len(lists))]
        arguments = ", ".join([*states, *(name.id for name in _names(node.target))])
        define, call = ast.parse(
            f"def {step}({arguments}):\n    return {_tuple(states)}, {_tuple(made)}\n"
            f"{_tuple(states)}, {_tuple(lists)} = "
            f"{self.name('scan')}({step}, {_tuple(states)}, {_tuple(sequences or [])})"
        ).body
        assert isinstance(define, ast.FunctionDef)
        define.body[:0] = [_assigned(s, dict(zip(lists, made, strict=True))) for s in node.body]
        self.count += 1
        self.tensors |= {*lists}
        return [define, call]

    def _states(self, loop: ast.For) -> list[str] | None:
        """What a loop hands from step to step: names that it stores, and reads before or only behind. None where one
        of them is not there before the loop, or something else of the loop is read behind it."""
        inside = [name for statement in loop.body for name in _names(statement)]
        start, end = self.names.index(inside[0]), self.names.index(inside[-1])
        first = {name.id: name.ctx for name in reversed(inside)}
        later = {name.id: name.ctx for name in reversed(self.names[end + 1 :])}
        stored = dict.fromkeys(name.id for name in inside if isinstance(name.ctx, ast.Store))
        states = [name for name in stored if ast.Load in (type(first[name]), type(later.get(name)))]
        before = {name.id for name in self.names[:start] if isinstance(name.ctx, ast.Store)}
        rows = [name.id for name in _names(loop.target)]
        lost = any(isinstance(later.get(name), ast.Load) for name in rows)
        return states if before >= {*states} and not lost else None

    def _read(self, name: str) -> int:
        """How often a name is read in the function."""
        return sum(other.id == name and isinstance(other.ctx, ast.Load) for other in self.names)


def _names(node: ast.AST) -> Iterator[ast.Name]:
    """The names in a part of a function, in the order in which they are read and stored."""
    if isinstance(node, ast.Name):
        yield node
    elif isinstance(node, ast.Assign):
        yield from _names(node.value)
        for target in node.targets:
            yield from _names(target)
    elif isinstance(node, ast.For):
        for part in (node.iter, node.target, *node.body):
            yield from _names(part)
    else:
        for part in ast.iter_child_nodes(node):
            yield from _names(part)


def _sequences(iterable: ast.expr) -> list[str] | None:
    """What a loop over steps goes along: `x.unbind(1)`, or `zip` of such."""
    if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Name) and iterable.func.id == "zip":
        found = [_sequences(argument) for argument in iterable.args]
        return None if None in found or iterable.keywords else [text for one in found for text in one or ()]
    match iterable:
        case ast.Call(ast.Attribute(owner, "unbind"), [ast.Constant(1)], []):
            return [ast.unparse(owner)]
    return None


def _appended(statement: ast.stmt) -> str:
    """The list to which a statement appends."""
    match statement:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(name), "append"), [_], [])):
            return str(name)
    return ""


def _assigned(statement: ast.stmt, made: dict[str, str]) -> ast.stmt:
    """A statement of a loop as one of a step: what was appended is assigned."""
    match statement:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(name), "append"), [value], [])) if name in made:
            return ast.Assign([ast.Name(made[name], ast.Store())], value)
    return statement


def _stack(call: ast.Call) -> str:
    """The list of which a call makes a tensor, with the steps in axis 1."""
    match call:
        case ast.Call(
            ast.Attribute(ast.Name("torch"), "stack"), [ast.Name(name)], [ast.keyword("dim", ast.Constant(1))]
        ):
            return str(name)
    return ""


def _tuple(parts: list[str]) -> str:
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
