"""The operator: one box, one class, one place.

Enters: a class body with annotated arguments and a few methods. Leaves: an entry of `OPERATORS`, from which come
the box's name, its signature in errors and in `dslnet ops`, argument checking, shapes, counts, source, drawing
and tests. There is no other list of boxes.

    class Linear(Operator, kind="linear", weighted=True):
        \"\"\"Affine map of the last axis, y = x W^T + b.

        [8, 10] -> Linear(20)    # [8, 20]
        \"\"\"

        out_features: Extent
        bias: bool = True

        def shape(self, x: Tensor) -> Tensor:
            return x.last(self.out_features)

The ports of a box are the parameters of its `shape` method: one with the default None is optional, `*xs` takes
any number. `shape` is called with types whose rank is known; single sizes may be `UNKNOWN`, which fits everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, get_args, get_origin

from ..late import Late
from ..node import node
from ..shape import Shape, Size, Tensor
from .arguments import ArgumentType, ChoiceType, FlagType, OptionalType
from .code import Code
from .dependence import Steps, unproved

if TYPE_CHECKING:
    from ..targets.onnx.inlining import Onnx as Onnx
    from ..targets.onnx.nodes import Wire as Wire
else:
    Onnx = Wire = Any  # rules name the builder that they are given, and import nothing of it


@node
class Argument:
    """A declared argument of an operator."""

    name: str
    type: ArgumentType
    required: bool
    default: Any = None


@node
class Port:
    """An input of a box; a `variadic` one takes any number of wires."""

    name: str
    optional: bool = False
    variadic: bool = False


@node
class Weight:
    """An entry of the state_dict below the box's path. `trained` is False for running statistics and tables; `rows` is
    the axis of what it makes, which a spectral norm takes for the rows of a matrix."""

    name: str
    shape: Shape
    trained: bool = True
    dtype: str = "float"
    rows: int = 0


class Mistake(Exception):
    """What a shape rule says of a wrong use. `build` gives it places and makes it a diagnostic.

    `at` is the name of an argument or of a port, or None for the box itself. `others` are further places with
    their labels, `at` as above or a span (the `origin` of a size). `fixes` are helps with an edit:
    (text, at, replacement). An argument whose replacement is empty is left out, and a port is an input of the model
    that is declared by another shape.
    """

    def __init__(
        self,
        code: str,
        title: str,
        at: str | None = None,
        label: str = "",
        *,
        others: tuple[tuple[Any, str], ...] = (),
        notes: tuple[str, ...] = (),
        helps: tuple[str, ...] = (),
        fixes: tuple[tuple[str, str | None, str], ...] = (),
    ) -> None:
        super().__init__(title)
        self.code, self.title, self.at, self.label = code, title, at, label
        self.others, self.notes, self.helps, self.fixes = others, notes, helps, fixes


#: Every box that is an operator, by name and alias, in the order of definition.
OPERATORS: dict[str, type[Operator]] = {}


class Operator:
    """A built-in box with its arguments bound. Values compare by class and arguments.

    Class keywords: `kind` colours the drawing (`conv linear attention recurrent embedding norm activation shape
    conditioning loss …`); `weighted` says that it can own parameters, which is what naming looks at; `short` is the
    short type of a path and is inherited (`conv` for every convolution); `aliases` are further names; `outputs` names
    what it makes, the first being its value; `abstract` marks a family's base; `stochastic` that it differs between
    training and evaluation or draws random numbers.
    """

    name: ClassVar[str]
    kind: ClassVar[str] = "op"
    short: ClassVar[str]
    family_short: ClassVar[str | None] = None
    weighted: ClassVar[bool] = False
    stochastic: ClassVar[bool] = False
    #: The argument that collects all positional ones: `Reshape(2, 5)`.
    variadic: ClassVar[str | None] = None
    #: Whether keyword arguments beyond the declared ones are collected in the dict argument `sizes`.
    open_arguments: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ()
    #: How many wires a box with a variadic port joins at least, when they are written one by one.
    least: ClassVar[int] = 1
    outputs: ClassVar[tuple[str, ...]] = ("out",)
    arguments: ClassVar[dict[str, Argument]] = {}
    #: The arguments that have a default, with it.
    defaults: ClassVar[dict[str, Any]] = {}
    ports: ClassVar[tuple[Port, ...]] = ()

    def __init_subclass__(
        cls,
        kind: str | None = None,
        short: str | None = None,
        weighted: bool | None = None,
        stochastic: bool | None = None,
        aliases: tuple[str, ...] = (),
        outputs: tuple[str, ...] | None = None,
        abstract: bool = False,
        **rest: Any,
    ) -> None:
        super().__init_subclass__(**rest)
        cls.name = cls.__name__
        for key, value in (("kind", kind), ("weighted", weighted), ("stochastic", stochastic), ("outputs", outputs)):
            if value is not None:
                setattr(cls, key, value)
        if short is not None:
            cls.family_short = short
        cls.short = cls.family_short or cls.name.lower()
        cls.aliases = aliases
        # each class has its own, so that none is taken for its parent's; a run uses a dozen of two hundred operators
        setattr(cls, "arguments", Late("arguments", lambda owner: owner.declared()))  # noqa: B010
        setattr(cls, "defaults", Late("defaults", lambda owner: dict(_defaults(owner))))  # noqa: B010
        setattr(cls, "ports", Late("ports", lambda owner: tuple(_ports(owner))))  # noqa: B010
        if not abstract:
            for word in (cls.name, *aliases):
                OPERATORS[word] = cls

    def __init__(self, **values: Any) -> None:
        arguments = self.arguments
        made = {**self.defaults, **values}
        if len(made) != len(arguments) or made.keys() != arguments.keys():
            missing = [name for name in arguments if name not in made]
            unknown = [name for name in made if name not in arguments]
            raise TypeError(
                f"{self.name} needs {', '.join(missing)}"
                if missing
                else f"{self.name} has no argument {', '.join(unknown)}"
            )
        vars(self).update(made)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{self.name} is frozen")

    def values(self) -> dict[str, Any]:
        """The bound arguments, in the order of declaration."""
        return {name: getattr(self, name) for name in self.arguments}

    def changed(self) -> dict[str, Any]:
        """The arguments that differ from their defaults, as a reader would write them."""
        return {
            name: value
            for name, value in self.values().items()
            if self.arguments[name].required or value != self.arguments[name].default
        }

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from ..schema import core_schema

        return core_schema((cls,))

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Any:
        from ..schema import OPERATOR_SCHEMA

        return dict(OPERATOR_SCHEMA)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.values() == other.values()

    def __hash__(self) -> int:
        return hash((self.name, tuple(map(_hashable, self.values().values()))))

    def __repr__(self) -> str:
        changed = self.changed()
        return self.name + (f"({', '.join(f'{k}={v!r}' for k, v in changed.items())})" if changed else "")

    # -------------------------------------------------------------------------- what an operator says of itself

    def shape(self, *inputs: Any) -> Tensor | tuple[Tensor, ...]:
        """The types of the outputs for types of the inputs. Raises `Mistake`.

        A tuple has one type for each of `outputs`; where there is only one, the value itself is a tuple (`Split`).
        """
        raise NotImplementedError

    def weights(self, *inputs: Any) -> Iterator[Weight]:
        """The entries of the state_dict, in torch's order."""
        return iter(())

    def flops(self, *inputs: Any) -> Size:
        """Floating-point operations of one forward pass, a multiply-add counted as 2; 0 for what only moves data."""
        return 0

    def torch(self, *inputs: Any) -> Code:
        """The operator in PyTorch."""
        raise NotImplementedError

    def because(self, output: Tensor, *inputs: Any) -> str:
        """How the output's shape came to be, for the history in errors: "halves 32". Empty when it is plain."""
        return ""

    def dependence(self, *inputs: Any, **more: Any) -> Steps | tuple[Steps, ...]:
        """Which steps of a sequence each output depends on, for `Traced` inputs; one answer may stand for all.

        A box with an indented body is also given `body`, which answers for that. Without a rule nothing is known,
        and a model that is declared autoregressive is refused.
        """
        return unproved(self.name, inputs)

    def onnx(self, g: Onnx, *inputs: Any) -> Any:
        """The operator as ONNX nodes, as it computes in evaluation.

        `g` is the builder, `inputs` are `Wire`s, values with their types, in the order of the ports; None for what
        is not fed. Gives the name of a value, or one for each output. None means that there is no rule, which
        export reports by name.
        """
        return None

    # ---------------------------------------------------------------------------------------------- descriptions

    @classmethod
    def declared(cls) -> dict[str, Argument]:
        """The arguments: those of the parent, then the class's own in the order of the text."""
        parent = next(base for base in cls.__mro__[1:] if issubclass(base, Operator))
        return {**parent.arguments, **dict(_declared(cls))}

    @classmethod
    def signature(cls) -> str:
        """`Conv(out_channels, kernel_size, stride=1, …)`, as errors and `dslnet ops` show it."""
        shown = [
            f"*{a.name}"
            if a.name == cls.variadic
            else f"**{a.name}"
            if cls.open_arguments and a.name == "sizes"
            else a.name
            if a.required
            else f"{a.name}={literal(a.default)}"
            for a in cls.arguments.values()
        ]
        return cls.name + (f"({', '.join(shown)})" if shown else "")

    @classmethod
    def examples(cls) -> list[tuple[str, str]]:
        """The examples of the docstring: (a pipeline from shapes, the resulting shapes) as texts."""
        found = []
        for line in (cls.__doc__ or "").splitlines():
            before, mark, after = line.partition("  # ")
            if mark and "->" in before:
                found.append((before.strip(), after.strip()))
        return found


def literal(value: Any) -> str:
    """A value as a spec writes it."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(map(literal, value)) + "]"
    return str(value)


def _hashable(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(sorted(value.items(), key=str))
    return tuple(map(_hashable, value)) if isinstance(value, (list, tuple)) else value


def _declared(cls: type) -> Iterator[tuple[str, Argument]]:
    annotations = vars(cls).get("__annotations__", {})
    if any(isinstance(annotation, str) for annotation in annotations.values()):
        from inspect import get_annotations

        annotations = get_annotations(cls, eval_str=True)
    for name, annotation in annotations.items():
        if annotation is ClassVar or get_origin(annotation) is ClassVar:
            continue
        has_default = name in vars(cls)
        yield name, Argument(name, _type_of(annotation, cls, name), not has_default, vars(cls).get(name))


def _type_of(annotation: Any, cls: type, name: str) -> ArgumentType:
    if annotation is bool:
        return FlagType()
    if get_origin(annotation) is Annotated:
        return next(m for m in get_args(annotation)[1:] if isinstance(m, ArgumentType))
    if get_origin(annotation) is Literal:
        return ChoiceType(get_args(annotation))
    parts = get_args(annotation)
    if type(None) in parts and len(parts) == 2:
        return OptionalType(_type_of(next(p for p in parts if p is not type(None)), cls, name))
    raise TypeError(f"{cls.__name__}.{name}: annotate with a type of ops/arguments.py, bool or Literal")


def _defaults(cls: type[Operator]) -> Iterator[tuple[str, Any]]:
    return ((a.name, a.default) for a in cls.arguments.values() if not a.required)


_VARARGS = 0x04  # `inspect.CO_VARARGS`


def _ports(cls: type[Operator]) -> Iterator[Port]:
    # read from the code object: `inspect.signature` of two hundred classes would be a tenth of a start
    shape: Any = cls.shape
    while hasattr(shape, "__wrapped__"):
        shape = shape.__wrapped__
    code, defaults = shape.__code__, shape.__defaults__ or ()
    names = code.co_varnames[1 : code.co_argcount]
    for number, name in enumerate(names):
        given = number - (len(names) - len(defaults))
        yield Port(name, given >= 0 and defaults[given] is None)
    if code.co_flags & _VARARGS:
        yield Port(code.co_varnames[code.co_argcount + code.co_kwonlyargcount], variadic=True)


class Combinator(Operator, abstract=True):
    """A box that takes an indented body.

    An `inline` one runs its body in the enclosing scope and then acts on the result, which is what its `shape` is
    given; a `parametrization` also wraps the weights inside (`spectral_norm`, `weight_norm`), and a `numbered` one
    names its boxes by their positions: these two are `silent`, and do nothing else. Any other one builds
    `copies` of the body below `body_path`: `inner` gives the types that a copy is fed, and `shape` gets the
    body's outputs as the keyword `body`. In `torch` the copies are `code.Bodies`.
    """

    inline: ClassVar[bool] = False
    numbered: ClassVar[bool] = False
    parametrization: ClassVar[str | None] = None
    body_path: ClassVar[str] = "body"

    @property
    def silent(self) -> bool:
        """Whether it makes what its body makes."""
        return self.numbered or self.parametrization is not None

    @property
    def copies(self) -> int:
        """How many instances of the body there are."""
        return 1

    def inner(self, *inputs: Any) -> tuple[Tensor, ...]:
        """The types that the body is fed."""
        return inputs

    def expected(self, *inputs: Any) -> dict[str, Size]:
        """Sizes in those types that only data decide, by symbol: what to count costs with."""
        return {}
