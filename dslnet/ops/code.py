"""What an operator is in PyTorch, as a small closed tree.

Enters: the pieces that an operator's `torch` method puts together. Leaves: a tree that `targets.python` prints.
No node holds raw text of a spec: names are the operators' own, values go through the one literal printer, and a
size that is only known at run time (`Dim`) is replaced by an expression on the shapes of the inputs.
"""

from __future__ import annotations

from typing import Any

from ..node import field, node
from ..shape import Dim


class Expression:
    """Anything that can stand in an argument list beside plain values."""

    __slots__ = ()


@node
class Input(Expression):
    """The input number `index` of the box, in the order of its ports; of a variadic port, `rest` is all of them
    from there on as a list."""

    index: int
    rest: bool = False


@node
class Own(Expression):
    """The module that was built for this box: `self.conv1`."""


@node
class Held(Expression):
    """The module that was given as the argument `name`: the `wte` of `Unembed(wte)`."""

    name: str


@node
class Bodies(Expression):
    """The list of modules made from the body of a combinator, `count` of them."""

    count: int


@node
class Training(Expression):
    """`self.training`."""


@node
class Floats(Expression):
    """The dtype in which the module around computes: that of its weights, float32 where it has none. For a box that
    makes fractions of whole numbers, which cannot say how exact the rest of the model is."""


@node
class Global(Expression):
    """A dotted name of torch: `torch.long`, `torch.inf`."""

    name: str


@node
class Apply(Expression):
    """`function(*args, **kwargs)`. A name without a dot is a function of a file `targets/boxes*.py`, or a builtin."""

    function: str | Expression
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


@node
class Method(Expression):
    """`owner.name(*args, **kwargs)`."""

    owner: Expression
    name: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


@node
class Attr(Expression):
    """`owner.name`."""

    owner: Expression
    name: str


@node
class Infix(Expression):
    """`left operator right`; parentheses are put where precedence asks for them."""

    operator: str
    left: Any
    right: Any


@node
class Prefix(Expression):
    """`-operand` or `~operand`."""

    operator: str
    operand: Any


@node
class Cut(Expression):
    """`start:stop:step` inside a subscript; None leaves a part out."""

    start: int | Dim | None = None
    stop: int | Dim | None = None
    step: int | None = None


@node
class Subscript(Expression):
    """`owner[items]`; an item is a value, a `Cut`, None (new axis) or `...` (Python's Ellipsis)."""

    owner: Expression
    items: tuple[Any, ...]


@node
class Module:
    """A module built in the constructor, `cls(*args, **kwargs)`, and how it is called.

    `cls` is `nn.Something`, or a name without a dot, which is a class of `targets/boxes.py` that the emitted
    source then contains. Without `call` the module is called with all the inputs that are fed, in order.
    """

    cls: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    call: Expression | None = None


Code = Expression | Module


def module(cls: str, *args: Any, call: Expression | None = None, **kwargs: Any) -> Module:
    return Module(cls, args, kwargs, call)


def apply(function: str | Expression, *args: Any, **kwargs: Any) -> Apply:
    return Apply(function, args, kwargs)


def method(owner: Expression, name: str, *args: Any, **kwargs: Any) -> Method:
    return Method(owner, name, args, kwargs)


def as_floats(owner: Expression) -> Method:
    """Whole numbers or truth values as numbers with a point, as exact as those of the module around."""
    return method(owner, "to", Floats())


#: The first three inputs, under the names that `torch` methods use for them.
X, Y, Z = Input(0), Input(1), Input(2)
