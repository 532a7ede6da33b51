"""What a name can stand for while a spec is built.

A static value is a plain Python value (a list is a tuple, a size an `int` or a `Dim`); the rest is here: wires,
modules, boxes, groups. `UNKNOWN_VALUE` is the meaning of what has an error, and is silent ever after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..graph import Initial, Round
from ..node import field, node, record
from ..ops import Operator
from ..shape import Dim, Tensor
from ..source import NOWHERE, Span
from ..syntax import Expression

if TYPE_CHECKING:
    from .blocks import Block, PythonClass
    from .frame import Frame


class Unknown:
    """The value of something with an error."""

    def __repr__(self) -> str:
        return "UNKNOWN_VALUE"


UNKNOWN_VALUE = Unknown()


@record
class Wire:
    """A value of a frame that is being built. `node` made it (None: an input, a param or a state); `names` are what
    can be read from it with a dot, which a group adds; `inner` is the callee's wire that this one brings out.
    `loose` marks a free parameter, or what is computed from such alone; it broadcasts."""

    name: str
    type: Tensor
    frame: Frame
    span: Span
    node: DraftNode | None = None
    loose: bool = False
    names: Namespace | None = None
    inner: Wire | None = None
    named: bool = False

    @property
    def unknown(self) -> bool:
        return self.type.shape is None


@record
class Wires:
    """A tuple of wires: what `parallel` makes, or one step of each round of a repeat. `value` is the name of the
    one IR value that holds all of them, when there is one."""

    items: tuple[Wire, ...]
    span: Span
    value: str | None = None
    frame: Frame | None = None
    names: Namespace | None = None


@record
class ModuleValue:
    """A lower-case module: built once, used by name. `parametrization` is what is around the place where it is
    defined, and `known` what its uses have found out: its target, and a definition for each tuple of input types. One
    that was read from a block that was called (`bert.words`) has its path from here, and `inside` is the module as the
    block knows it."""

    name: str
    path: str
    frame: Frame
    span: Span
    instance: DraftInstance
    box: Expression | None = None
    body: Any = None
    used: bool = False
    read: bool = False
    elaborating: bool = False
    role: str | None = None
    parametrization: str | None = None
    known: dict[Any, Any] = field(default_factory=dict)
    inside: ModuleValue | None = None


@node
class BoxValue:
    """A box, perhaps with arguments: what a capitalised parameter stands for, and what a step resolves to."""

    target: type[Operator] | Block | PythonClass
    positional: tuple[tuple[Any, Span], ...] = ()
    named: tuple[tuple[str, Any, Span, Span], ...] = ()  # name, value, span of the value, span of the name
    span: Span = NOWHERE
    label: str = ""

    @property
    def name(self) -> str:
        return self.target.name


@record
class Namespace:
    """Names of one scope. A named group is a namespace: bare inside, `group.name` outside."""

    parent: Namespace | None = None
    names: dict[str, Any] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)

    def find(self, name: str) -> Any:
        scope: Namespace | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    def where(self, name: str) -> Span | None:
        scope: Namespace | None = self
        while scope is not None:
            if name in scope.spans:
                return scope.spans[name]
            scope = scope.parent
        return None

    def visible(self) -> list[str]:
        found: list[str] = []
        scope: Namespace | None = self
        while scope is not None:
            found.extend(scope.names)
            scope = scope.parent
        return found


# ------------------------------------------------------------------------------------ drafts of the graph IR


@record
class DraftInstance:
    """An `Instance` in the making; see `graph.Instance`."""

    path: str
    operator: Operator | None = None
    definition: str | None = None
    rounds: list[Round] = field(default_factory=list)
    inputs: tuple[Tensor | None, ...] = ()
    body: str | None = None
    start: int = 0
    stem: str = ""
    shared: bool = False
    frozen: bool = False
    weights_file: str | None = None
    initial: Initial | None = None
    parametrization: str | None = None
    copy_of: str | None = None
    role: str | None = None
    span: Span = NOWHERE
    others: list[str] = field(default_factory=list)
    decay: float | None = None


@record
class DraftNode:
    """A `Node` in the making. `sources` has, for each output, the wire of the callee that it is; of a repeat, a
    table from a round's key to that wire. `brought` finds the output of a call by the identity of its source."""

    kind: str
    inputs: list[Wire | Wires | None]
    outputs: list[Wire | Wires]
    sources: list[Any] = field(default_factory=list)
    operator: Operator | None = None
    definition: str | None = None
    rounds: list[Round] = field(default_factory=list)
    instance: DraftInstance | None = None
    module: str | None = None
    held: list[str] = field(default_factory=list)
    sequences: int = 0
    states: int = 0
    name: str | None = None
    role: str | None = None
    doc: tuple[str, ...] = ()
    span: Span = NOWHERE
    callee: Any = None
    brought: dict[int, Any] | None = None


@record
class DraftRegion:
    """A `Region` in the making."""

    kind: str
    lanes: list[list[DraftNode | DraftRegion]]
    name: str | None = None
    path: str | None = None
    role: str | None = None
    doc: tuple[str, ...] = ()
    span: Span = NOWHERE


@record
class DraftDefinition:
    """A finished frame, not yet pruned: the body, what it makes, and what can be read from it. `called` has the names
    of its outputs by the identity of their wires."""

    key: str
    frame: Frame
    outputs: list[tuple[str, Wire]]
    boxes: int
    called: dict[int, str] = field(default_factory=dict)

    @property
    def value(self) -> Wire:
        """What the box makes: its first output."""
        return self.outputs[0][1]


def frozen(value: Any) -> Any:
    """A static value as a part of a memo key: 1, 1.0 and true are different."""
    if isinstance(value, tuple):
        return ("list", tuple(map(frozen, value)))
    if isinstance(value, BoxValue):
        return (
            "box",
            id(value.target),
            tuple(frozen(v) for v, _ in value.positional),
            tuple((n, frozen(v)) for n, v, _, _ in value.named),
        )
    if isinstance(value, ModuleValue):
        return ("module", id(value))
    if isinstance(value, Dim):
        return ("size", str(value))
    return (type(value).__name__ if not isinstance(value, int) or isinstance(value, bool) else "int", str(value))


def _listed(value: Any) -> str:
    """An element of a list as a spec writes it; what is built has its name."""
    from ..ops import literal

    if isinstance(value, tuple):
        return "[" + ", ".join(map(_listed, value)) + "]"
    return value.name if isinstance(value, (BoxValue, ModuleValue, Wire)) else literal(value)


def describe(value: Any) -> str:
    """A value as an error names it: `the string "20"`, `a list`, `a wire`."""
    from ..ops import literal

    if isinstance(value, bool) or value is None:
        return literal(value)
    if isinstance(value, str):
        return f"the string {literal(value)}"
    if isinstance(value, tuple):
        return f"the list {_listed(value)}"
    if isinstance(value, (Wire, Wires)):
        return "a wire"
    if isinstance(value, ModuleValue):
        return f"the module `{value.name}`"
    if isinstance(value, BoxValue):
        return f"the box `{value.name}`"
    return f"the size {value}" if isinstance(value, Dim) else str(value)
