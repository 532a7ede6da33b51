"""Drafts of classes, and classes: definitions whose source is the same but for numbers are one class.

Enters: a `Draft` for each definition. Leaves: `Unit`s, their numbers still open (see `settling`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ...node import replace
from ...shape import Dim, Size
from .bodies import Body
from .formulas import renamed
from .statements import Assign, Delete, For, Return, Run, Statement, With
from .tree import Attribute, Call, Late, Name, Number, Tree, rewrite

Scalar = int | float | bool


@dataclass(slots=True)
class Set:
    """A line of the constructor: `target = tree`, or just `tree` where `target` is empty. `path` is the attribute."""

    target: str
    tree: Tree
    path: str = ""


@dataclass(slots=True)
class Parameter:
    """An argument of `forward`."""

    name: str
    annotation: str
    optional: bool = False


@dataclass(slots=True)
class Method:
    """A further method of the model's class, in words and as statements."""

    name: str
    doc: str
    parameters: list[str]
    returns: str
    statements: list[Statement]


@dataclass(slots=True)
class Draft:
    """The source of one definition, its numbers still open. `base` is what the class inherits from, `start` are the
    arguments of its constructor. The class of a model that is trained has further `methods`, its `plan`, and `last`
    lines of its constructor; that of one that is autoregressive has the lines of `generate`."""

    body: Body
    base: Tree
    start: list[Tree]
    init: list[Set]
    inputs: list[Parameter]
    forward: list[Statement]
    returns: str
    locals: set[str] = field(default_factory=set)
    methods: list[Method] = field(default_factory=list)
    plan: Tree | None = None
    last: list[Statement] = field(default_factory=list)
    generate: list[str] = field(default_factory=list)

    def trees(self) -> Iterator[tuple[str, Tree]]:
        """Every expression with where it stands, in the order of the text."""
        yield from (("init", t) for t in self.start)
        yield from (("init", line.tree) for line in self.init)
        yield from (("forward", t) for t in statement_trees(self.forward))
        yield from (("forward", t) for method in self.methods for t in statement_trees(method.statements))

    def print(self) -> str:
        """The text but for numbers: equal for definitions that are one class."""
        shape = [repr(self.base), str(len(self.start)), repr([(line.target, line.path) for line in self.init])]
        shape += [repr(self.inputs), self.returns, _outline(self.forward)]
        return "\n".join(shape + [repr(_blank(t)) for _, t in self.trees()])


def statement_trees(statements: list[Statement]) -> Iterator[Tree]:
    for s in statements:
        if isinstance(s, (Assign, Run)):
            yield s.tree
        elif isinstance(s, Return):
            yield from s.trees
        elif isinstance(s, For):
            yield s.iterable
            yield from statement_trees(s.body)
        elif isinstance(s, With):
            yield s.context
            yield from statement_trees(s.body)


def _outline(statements: list[Statement]) -> str:
    parts = []
    for s in statements:
        if isinstance(s, Assign):
            parts.append(" ".join(s.targets))
        elif isinstance(s, For):
            parts.append(f"for {' '.join(s.variables)} {{{_outline(s.body)}}}")
        elif isinstance(s, Delete):
            parts.append(f"del {' '.join(s.names)}")
        else:
            parts.append(type(s).__name__ + (str(len(s.trees)) if isinstance(s, Return) else ""))
    return ";".join(parts)


def _blank(tree: Tree) -> Tree:
    return rewrite(tree, lambda t: Name("#") if isinstance(t, Number) else None)


def change(statements: list[Statement], new: Callable[[Tree], Tree]) -> list[Statement]:
    """The statements with every expression replaced."""
    made: list[Statement] = []
    for s in statements:
        if isinstance(s, (Assign, Run)):
            made.append(replace(s, tree=new(s.tree)))
        elif isinstance(s, Return):
            made.append(replace(s, trees=[new(t) for t in s.trees]))
        elif isinstance(s, For):
            made.append(For(s.variables, new(s.iterable), change(s.body, new)))
        elif isinstance(s, With):
            made.append(With(new(s.context), change(s.body, new)))
        else:
            made.append(s)
    return made


@dataclass(slots=True, eq=False)
class Unit:
    """A class or function of the emitted file. `values` are the arguments with which each definition builds it,
    `formulas` what they are in the words of that definition. `words` says a size
    over all drafts in the names of the parameters, `family` is the class without a suffix."""

    number: int
    block: str
    function: bool
    drafts: list[Draft]
    parameters: list[str] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, Scalar]] = field(default_factory=dict)
    formulas: dict[str, dict[str, Dim | None]] = field(default_factory=dict)
    stored: list[tuple[str, str]] = field(default_factory=list)
    start: list[Tree] = field(default_factory=list)
    init: list[Set] = field(default_factory=list)
    forward: list[Statement] = field(default_factory=list)
    methods: list[Method] = field(default_factory=list)
    name: str = ""
    family: str = ""
    words: Callable[[list[Size]], str] = lambda sizes: ""

    def __repr__(self) -> str:
        return f"<unit {self.number}>"

    @property
    def draft(self) -> Draft:
        return self.drafts[0]

    def arguments(self, key: str, env: Mapping[str, Size]) -> tuple[tuple[Tree, ...], tuple[tuple[str, Tree], ...]]:
        """What one definition gives to the constructor where its names are `env`: the first in order, what is no
        plain size by name."""
        args: list[Tree] = []
        keywords: list[tuple[str, Tree]] = []
        for number, name in enumerate(self.parameters):
            value = Number(self.values[key][name], name, renamed(self.formulas[key][name], env))
            if number < 3 and not keywords and self.kinds[name] == "int":
                args.append(value)
            else:
                keywords.append((name, value))
        return tuple(args), tuple(keywords)


@dataclass(slots=True)
class Function:
    """How a definition without modules is called."""

    unit: Unit
    key: str

    def call(
        self,
        args: tuple[Tree, ...],
        keywords: tuple[tuple[str, Tree], ...],
        training: Tree | None,
        env: Mapping[str, Size],
    ) -> Tree:
        more_args, more = self.unit.arguments(self.key, env)
        extra: tuple[tuple[str, Tree], ...] = ()
        if any(p.name == "training" for p in self.unit.draft.inputs):
            extra = (("training", training or Attribute(Name("self"), "training")),)
        names = self.unit.parameters[: len(more_args)]
        return Call(Late(self.unit), args, (*keywords, *extra, *zip(names, more_args, strict=True), *more))


def numbers(tree: Tree) -> Iterator[Number]:
    """The numbers of an expression, in the order in which `rewrite` meets them."""
    found: list[Number] = []

    def note(part: Tree) -> Tree | None:
        if isinstance(part, Number):
            found.append(part)
            return part
        return None

    rewrite(tree, note)
    yield from found
