"""Blocks and models of a file, before anything is elaborated.

Enters: definitions of the syntax tree. Leaves: what can be said of them from their text alone: parameters, inputs,
states, the base of a preset, and which names are sizes.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ..below import below
from ..diagnostics import did_you_mean
from ..node import node, record
from ..source import Span
from ..syntax import BoxRef, Call, Declaration, Definition, List, Name, Parameter, Ref, Suite, Valued
from .roles import ROLES

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
    def bases(self) -> tuple[Block, ...]:
        """Of a preset, the blocks that it configures, each through the one before; the last has the body. Empty
        for a block with a body, and for a preset that configures itself or stands on too many others."""
        found: list[Block] = []
        block: Block = self
        while (callee := block.configures) is not None:
            target = block.file.find(callee.name)
            if not isinstance(target, Block):
                break
            if target is self or target in found or len(found) >= self.file.program.limits.depth:
                return ()
            found.append(target)
            block = target
        return tuple(found)

    @property
    def base(self) -> tuple[Block, Call | BoxRef] | None:
        """Of a preset, the block that it configures and the call that does it."""
        body = self.syntax.body
        if not self.bases or not isinstance(body, Valued) or not isinstance(body.value, (Call, BoxRef)):
            return None
        return self.bases[0], body.value

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The declared names, a preset's being those of its base."""
        return self.root.syntax.parameters

    @property
    def root(self) -> Block:
        """The block that has the body: the base of the base of a preset."""
        return self.bases[-1] if self.bases else self

    @cached_property
    def states(self) -> tuple[Declaration, ...]:
        """The `state` lines, which make a block a cell."""
        return self.root.declarations("state")

    def declarations(self, *roles: str) -> tuple[Declaration, ...]:
        """The declarations of the body with one of these roles, in text order."""
        body = self.syntax.body
        statements = body.statements if isinstance(body, Suite) else ()
        return tuple(s for s in statements if isinstance(s, Declaration) and meant(s.key.words) in roles)

    @cached_property
    def dimensions(self) -> frozenset[str]:
        """The names that stand in shapes of the body: sizes, even when they are capital."""
        shapes = (item for item in below(self.syntax.body) if type(item) is List)
        return frozenset(size.name for shape in shapes for size in shape.items if isinstance(size, (Ref, BoxRef)))


def meant(words: tuple[Name, ...]) -> str:
    """The role that a key says. A misspelt one is told where the line is read, and means what it is like."""
    word = words[0].text
    if len(words) == 1 or word in ROLES:
        return word
    return next(iter(did_you_mean(word, sorted(ROLES))), word)
