"""The graph IR: a checked model as data.

Enters: what `build` found out about a spec. Leaves: a `Model`, from which every target is made. The IR is a table
of *definitions* (a block at given arguments and input types, the body of a repeat, a module); a definition refers
to others by key, so ten thousand equal layers are one definition and a count. Inside a definition the nodes are in
execution order and every value has one producer.

Invariant: everything here is plain data. Paths are relative to the definition that holds them; an empty path says
that the thing takes the definition's own place in the state_dict (a named line that holds one box).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from .node import field, node
from .ops.base import Operator
from .schema import Anything
from .shape import Tensor
from .source import NOWHERE, Span

#: A field that holds a static value: a number, string, boolean, None, size, operator, or a tuple of these.
Data = Annotated[Any, Anything]

#: The type of a value: a tensor, or a tuple of tensors (a step of each round of a repeat).
Type = Tensor | tuple[Tensor, ...]


@node
class Value:
    """A wire. `name` is unique in its definition; `named` says that the author chose it."""

    name: str
    type: Type
    span: Span = NOWHERE
    named: bool = False


@node
class Input:
    """An input of a definition. `kind` is `input` (declared, or the flow), `target`, or `capture` (a wire of the
    enclosing text that the body reads); `optional` inputs may be left unfed (`= none`)."""

    value: Value
    kind: str = "input"
    optional: bool = False


@node
class Initial:
    """How a free parameter or a state starts: `kind` is `number` (arguments: the number), an initialiser's name
    (`Normal`, `TruncatedNormal`, `Uniform`, `Xavier`, `Kaiming`, `Orthogonal`, `Eye`, with its arguments), or `table`
    (`arguments[0]` is an expression tree over `range(n)` as nested tuples: ("range", n), ("+", a, b), a number; the
    numbers are those of the last axes, which the others repeat)."""

    kind: str
    arguments: tuple[Data, ...] = ()


@node
class Param:
    """`param w: [d] = Normal(0.02)` or a `buffer`; `value` is how nodes read it."""

    path: str
    value: Value
    initial: Initial
    trained: bool = True


@node
class State:
    """A recurrent state of a cell: read as `value`, replaced by the value called `next`. Without `initial` the
    caller gives it."""

    name: str
    value: Value
    next: str
    initial: Initial | None


@node
class Round:
    """`count` equal rounds of a repeat, or lanes of an each, one after another."""

    definition: str
    count: int


@node
class Instance:
    """A module: something built once, that may own parameters. `path` is below the definition that holds it.

    Exactly one of `operator`, `definition`, `rounds` says what it is; `inputs` are the types that fixed an
    operator's weights. `body` is the definition that a combinator (`MoE`) takes; `start` is the
    number of the first round, and `stem` what stands before it in the path (`denselayer`). `parametrization` is
    `spectral_norm` or `weight_norm`, applied to its weights. `copy_of` names the instance that an averaged copy
    (`EMA`) begins as and follows with `decay`. `shared` marks a lower-case module, which has no place of its own in
    the flow.
    """

    path: str
    operator: Operator | None = None
    definition: str | None = None
    rounds: tuple[Round, ...] = ()
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
    decay: float | None = None

    @property
    def renamed(self) -> bool:
        """Whether the rounds are called otherwise than `0`, `1`, …."""
        return bool(self.stem or self.start)

    def round(self, index: int) -> str:
        """The segment of a round, the first one being 0."""
        return f"{self.stem}{self.start + index}"


@node
class Node:
    """One computation.

    kind `box`     `operator` on `inputs` (one entry for each port, None where nothing is fed; entries beyond the
                   ports belong to the variadic one)
    kind `call`    the definition `definition` on `inputs`, one entry for each of its inputs
    kind `repeat`  `rounds` one after another: input 0 is what flows, the others go to every round; output 0 is the
                   flow at the end, the others are tuples with one entry for each round (the definition's outputs
                   from 1 on)
    kind `each`    `rounds` side by side from the same inputs; the only output is the tuple of their values
    kind `scan`    the cell `definition` along axis 1: the first `sequences` inputs are cut, the next are constant,
                   the last (one for each state) are initial states, None for the declared ones; outputs are the
                   cell's outputs stacked along axis 1, then the final states

    `module` is the path of the `Instance` that is used (None: there is nothing to build), or the name of a module
    given from outside, in `Definition.held`. `held` are the modules passed on, one for each of the callee's `held`.
    """

    kind: str
    inputs: tuple[str | None, ...]
    outputs: tuple[Value, ...]
    operator: Operator | None = None
    definition: str | None = None
    rounds: tuple[Round, ...] = ()
    module: str | None = None
    held: tuple[str, ...] = ()
    sequences: int = 0
    name: str | None = None
    role: str | None = None
    doc: tuple[str, ...] = ()
    span: Span = NOWHERE


@node
class Region:
    """The outline of the text: a combinator or a named group, with its lanes. A `residual` has two lanes, the body
    and the shortcut (empty when it is the input itself); a `group` has one, and its `path` is the namespace of the
    instances inside."""

    kind: str
    lanes: tuple[tuple[Node | Region, ...], ...]
    name: str | None = None
    path: str | None = None
    role: str | None = None
    doc: tuple[str, ...] = ()
    span: Span = NOWHERE


@node
class Definition:
    """A body with fixed arguments and input types.

    `block` is the block's name, or for bodies without one a name made from where they stand (`kind` is `block`,
    `model`, `round`, `module` or `body`). `bindings` are the arguments and the sizes that the body's names stand
    for. `held` are modules of the enclosing definition that the body uses: their names, in order. `outputs` are
    (name, value name) in order; the first is the box's value. `wires` are all the names that can be read from
    outside, dotted below groups, with the values that they name. `unused` are the paths of instances in the text that
    nothing here needs. `called` is the model that was named, where it is one that gives its base other defaults.
    """

    key: str
    block: str
    kind: str
    bindings: dict[str, Data]
    inputs: tuple[Input, ...]
    held: tuple[str, ...]
    params: tuple[Param, ...]
    states: tuple[State, ...]
    instances: tuple[Instance, ...]
    body: tuple[Node | Region, ...]
    outputs: tuple[tuple[str, str], ...]
    wires: dict[str, str] = field(default_factory=dict)
    doc: tuple[str, ...] = ()
    span: Span = NOWHERE
    unused: tuple[str, ...] = ()
    called: str = ""

    def nodes(self) -> Iterator[Node]:
        """The nodes in execution order."""
        return walk(self.body)

    def values(self) -> dict[str, Value]:
        """Every value of the body by name."""
        found = {i.value.name: i.value for i in self.inputs}
        found.update((p.value.name, p.value) for p in self.params)
        found.update((s.value.name, s.value) for s in self.states)
        for each in self.nodes():
            found.update((v.name, v) for v in each.outputs)
        return found

    def instance(self, path: str) -> Instance | None:
        return next((i for i in self.instances if i.path == path), None)


def walk(items: tuple[Node | Region, ...]) -> Iterator[Node]:
    """The nodes of an outline in execution order."""
    for item in items:
        if isinstance(item, Node):
            yield item
        else:
            for lane in item.lanes:
                yield from walk(lane)


@node
class Fact:
    """What is known of a free dimension: `low <= n <= high` and `n % multiple == remainder`."""

    low: int = 1
    high: int | None = None
    multiple: int = 1
    remainder: int = 0


@node
class Loss:
    """`loss kd: …` or `metric …`: a value of the training graph."""

    name: str
    value: str
    kind: str = "loss"
    span: Span = NOWHERE


@node
class Train:
    """`train small: 0.1 * hard + 0.9 * kd`: one step, the modules that it updates and the scalar it descends, as a
    wire and in the author's words. No `modules` means everything that is not frozen."""

    modules: tuple[str, ...]
    value: str
    span: Span = NOWHERE
    text: str = ""


@node
class Schedule:
    """A learning rate over time: `CosineAnnealingLR` with its arguments."""

    name: str
    arguments: dict[str, Data]


@node
class Optimizer:
    """`optimizer small: Every(2) -> ClipGradNorm(1) -> AdamW(lr=3e-4) -> ClipWeights(0.01) -> CosineAnnealingLR`.
    `every` counts batches; the bounds are those of the gradients' norm, of each gradient, of each weight; one of
    the `schedules` follows another."""

    module: str | None
    name: str
    arguments: dict[str, Data]
    span: Span = NOWHERE
    every: int = 1
    clip_norm: float | None = None
    clip_value: float | None = None
    clip_weights: float | None = None
    schedules: tuple[Schedule, ...] = ()


@node
class Autoregressive:
    """`autoregressive tokens: logits`: a promise about two wires of the entry."""

    tokens: str
    logits: str
    span: Span = NOWHERE


@node
class Objectives:
    """What is trained by what. Paths in `frozen` are instances of the entry definition."""

    losses: tuple[Loss, ...] = ()
    trains: tuple[Train, ...] = ()
    optimizers: tuple[Optimizer, ...] = ()
    autoregressive: tuple[Autoregressive, ...] = ()
    frozen: tuple[str, ...] = ()


@node
class Model:
    """A model at given arguments, checked. `definitions[entry]` computes `outputs` from `inputs`; definitions come
    before the ones that use them. `free` are the dimensions that stay symbolic. `metadata` holds `paper`,
    `authors`, `url`, `params`. `training` is the key of the definition that has the targets and losses too
    (`entry` itself when there are none)."""

    name: str
    entry: str
    definitions: dict[str, Definition]
    free: dict[str, Fact]
    objectives: Objectives = Objectives()
    training: str = ""
    arguments: dict[str, Data] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    doc: tuple[str, ...] = ()
    source: str = ""
    span: Span = NOWHERE

    @property
    def definition(self) -> Definition:
        return self.definitions[self.entry]

    def instance(self, definition: Definition, path: str) -> Instance | None:
        """The module at a path of a definition, or inside of a block that the definition calls."""
        found = definition.instance(path)
        if found is not None:
            return found
        for outer in definition.instances:
            if outer.definition is not None and (not outer.path or path.startswith(outer.path + ".")):
                rest = path[len(outer.path) :].removeprefix(".")
                found = self.instance(self.definitions[outer.definition], rest)
                if found is not None:
                    return found
        return None


def join(*segments: str) -> str:
    """A dotted path; empty segments add nothing."""
    return ".".join(s for s in segments if s)
