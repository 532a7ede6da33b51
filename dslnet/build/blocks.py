"""Blocks and models of a file, before anything is elaborated.

Enters: definitions of the syntax tree. Leaves: what can be said of them from their text alone: parameters, inputs,
states, the base of a preset, and which names are sizes.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ..node import fields, node, record
from ..source import Span
from ..syntax import BoxRef, Call, Declaration, Definition, List, Parameter, Ref, Suite, Valued

if TYPE_CHECKING:
    from .program import File


@node
class PythonClass:
    """`use python Wavelet from "pkg.mod"`: a name that only `compile` and `load` may turn into a class."""

    name: str
    module: str
    span: Span


@record
class Block:
    """A `block` or `model` of a file."""

    name: str
    syntax: Definition
    file: File

    @property
    def is_model(self) -> bool:
        return self.syntax.word == "model"

    @property
    def configures(self) -> BoxRef | None:
        """The name after the colon of `model Name: Base(arguments)`, which is how a preset is written."""
        body = self.syntax.body
        if not isinstance(body, Valued) or self.syntax.parameters or body.default is not None:
            return None
        callee = body.value.callee if isinstance(body.value, Call) else body.value
        return callee if isinstance(callee, BoxRef) else None

    @cached_property
    def base(self) -> tuple[Block, Call | BoxRef] | None:
        """Of a preset, the block that it configures and the call that does it."""
        callee, body = self.configures, self.syntax.body
        if callee is None or not isinstance(body, Valued) or not isinstance(body.value, (Call, BoxRef)):
            return None
        target = self.file.find(callee.name)
        if not isinstance(target, Block) or target is self or target.inside(self):
            return None
        return target, body.value

    def inside(self, other: Block) -> bool:
        """Whether a chain of presets leads from this block to `other`."""
        seen: set[int] = set()
        block: Block | None = self
        while block is not None and id(block) not in seen:
            seen.add(id(block))
            callee = block.configures
            found = block.file.blocks.get(callee.name) if callee is not None else None
            block = found if isinstance(found, Block) else None
            if block is other:
                return True
        return False

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The declared names, a preset's being those of its base."""
        return self.base[0].parameters if self.base else self.syntax.parameters

    @property
    def root(self) -> Block:
        """The block that has the body: the base of the base of a preset."""
        return self.base[0].root if self.base else self

    @cached_property
    def states(self) -> tuple[Declaration, ...]:
        """The `state` lines, which make a block a cell."""
        return self.root.declarations("state")

    def declarations(self, *roles: str) -> tuple[Declaration, ...]:
        """The declarations of the body with one of these roles, in text order."""
        body = self.syntax.body
        statements = body.statements if isinstance(body, Suite) else ()
        return tuple(s for s in statements if isinstance(s, Declaration) and s.key.words[0].text in roles)

    @cached_property
    def dimensions(self) -> frozenset[str]:
        """The names that stand in shapes of the body: sizes, even when they are capital."""
        found: set[str] = set()
        _dimensions(self.syntax.body, found)
        return frozenset(found)


def _dimensions(node: object, found: set[str]) -> None:
    """Collect bare names of shapes anywhere below a body."""
    stack: list[object] = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, tuple):
            stack.extend(item)
        elif isinstance(item, List):
            for size in item.items:
                if isinstance(size, (Ref, BoxRef)):
                    found.add(size.name)
            stack.extend(item.items)
        elif names := fields(type(item)):
            stack.extend(getattr(item, name) for name in names if not name.endswith("span"))
