"""Runs an operator's code tree in torch directly, with no source text in between.

Enters: an operator, the types of its inputs (sizes may be symbolic) and tensors. Leaves: what the `torch` method of
the operator computes. It is the reference for the emitter: both read the same tree.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor as Array
from torch import nn

from dslnet.ops import code
from dslnet.ops.base import Operator
from dslnet.shape import Dim, Tensor, evaluate
from dslnet.targets import boxes, boxes_augmentation, boxes_convolution

BUILTINS = {"abs": abs, "float": float, "int": int, "len": len, "list": list, "max": max, "min": min, "sum": sum,
            "tuple": tuple, "zip": zip}  # fmt: skip
INFIX = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "@": operator.matmul, "==": operator.eq, "!=": operator.ne,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "&": operator.and_, "|": operator.or_,
}  # fmt: skip
PREFIX = {"-": operator.neg, "~": operator.invert}


def named(name: str) -> Any:
    """What a name of the tree stands for: of torch when dotted, else of `targets/boxes.py`, else a builtin."""
    head, *rest = name.split(".")
    if not rest:
        files = (boxes, boxes_augmentation, boxes_convolution)
        return next((getattr(file, name) for file in files if hasattr(file, name)), None) or BUILTINS[name]
    value: Any = {"torch": torch, "nn": nn, "F": F, "math": math}[head]
    for part in rest:
        value = getattr(value, part)
    return value


def bind(types: Sequence[Tensor | None], inputs: Sequence[Any]) -> dict[str, int]:
    """The values of the symbols that stand bare in the types of the inputs."""
    found: dict[str, int] = {}
    for type_, value in zip(types, inputs, strict=False):
        if type_ is not None and value is not None:
            for size, actual in zip(type_.sizes, value.shape, strict=True):
                symbol = size.symbol() if isinstance(size, Dim) else None
                if symbol is not None:
                    found.setdefault(symbol.name, actual)
    return found


class Box(nn.Module):
    """An operator as a module; `own` is the module that its tree builds, if it builds one.

    `sizes` gives values of symbols that no input shows, `held` the modules passed as arguments by name of the
    argument, `bodies` the copies of a combinator's body.
    """

    def __init__(
        self,
        op: Operator,
        types: Sequence[Tensor | None],
        sizes: Mapping[str, int] | None = None,
        held: Mapping[str, nn.Module] | None = None,
        bodies: Sequence[nn.Module] = (),
    ) -> None:
        super().__init__()
        self.types, self.sizes = tuple(types), dict(sizes or {})
        self.code = op.torch(*types)
        self.held = nn.ModuleDict(held or {})
        self.bodies = nn.ModuleList(bodies)
        self.own: nn.Module | None = None
        if isinstance(self.code, code.Module):
            run = Run(self, [], self.sizes)
            arguments = [run.value(a) for a in self.code.args]
            self.own = named(self.code.cls)(*arguments, **{k: run.value(v) for k, v in self.code.kwargs.items()})

    def forward(self, *inputs: Array | None) -> Any:
        run = Run(self, list(inputs), {**self.sizes, **bind(self.types, inputs)})
        if not isinstance(self.code, code.Module):
            return run.value(self.code)
        if self.code.call is not None:
            return run.value(self.code.call)
        assert self.own is not None
        return self.own(*(x for x in inputs if x is not None))


class Run:
    """One evaluation of a tree."""

    def __init__(self, box: Box, inputs: list[Array | None], sizes: Mapping[str, int]) -> None:
        self.box, self.inputs, self.sizes = box, inputs, sizes

    def value(self, node: Any) -> Any:
        """What a node, or a plain value with nodes in it, evaluates to."""
        match node:
            case code.Input(index, rest):
                if rest:
                    return self.inputs[index:]
                return self.inputs[index] if index < len(self.inputs) else None
            case code.Own():
                return self.box.own
            case code.Held(name):
                return self.box.held[name]
            case code.Bodies(_):
                return self.box.bodies
            case code.Floats():
                return torch.float32
            case code.Training():
                return self.box.training
            case code.Global(name):
                return named(name)
            case code.Apply(function, args, kwargs):
                called = named(function) if isinstance(function, str) else self.value(function)
                return called(*map(self.value, args), **{k: self.value(v) for k, v in kwargs.items()})
            case code.Method(owner, name, args, kwargs):
                called = getattr(self.value(owner), name)
                return called(*map(self.value, args), **{k: self.value(v) for k, v in kwargs.items()})
            case code.Attr(owner, name):
                return getattr(self.value(owner), name)
            case code.Infix(sign, left, right):
                return INFIX[sign](self.value(left), self.value(right))
            case code.Prefix(sign, operand):
                return PREFIX[sign](self.value(operand))
            case code.Cut(start, stop, step):
                return slice(self.value(start), self.value(stop), self.value(step))
            case code.Subscript(owner, items):
                parts = tuple(map(self.value, items))
                return self.value(owner)[parts if len(parts) > 1 else parts[0]]
            case code.Expression():
                raise TypeError(f"the interpreter does not know {type(node).__name__}")
            case Dim():
                return evaluate(node, self.sizes) if self._plain() else _arithmetic(node, self.sizes)
            case tuple():
                return tuple(map(self.value, node))
            case list():
                return [self.value(v) for v in node]
            case bool() | None | str() | float():
                return node
            case int():
                return int(node)
        if node is Ellipsis:
            return node
        raise TypeError(f"{node!r} has no place in a code tree")

    def _plain(self) -> bool:
        return all(type(v) is int for v in self.sizes.values())


def _arithmetic(size: Any, sizes: Mapping[str, Any]) -> Any:
    """A size over symbolic integers of torch, as the emitted source computes it."""
    if isinstance(size, int):
        return size
    total: Any = 0
    for monomial, coefficient in size.terms.items():
        numerator: Any = coefficient.numerator
        for atom, power in monomial:
            if hasattr(atom, "name"):
                value = sizes[atom.name]
            else:
                value = _arithmetic(atom.dividend, sizes) // _arithmetic(atom.divisor, sizes)
            numerator = numerator * value**power
        total = total + (numerator if coefficient.denominator == 1 else numerator // coefficient.denominator)
    return total
