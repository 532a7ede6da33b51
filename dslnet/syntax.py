"""The syntax tree of a `.net` file.

Enters: nothing; these are the shapes that `parse` builds and that `format` and `build` read. Every node is
frozen and knows the span of the text that made it. The tree holds what was written, not what it means: a
statement's words are kept as words, and a name is not yet a wire, a module or a size.
"""

from __future__ import annotations

from dataclasses import dataclass

from .source import Source, Span

# ------------------------------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Name:
    """An identifier where it stands: `width`, `Conv`."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, string, boolean or `none`. `text` is as written (`2e-4`), for the formatter."""

    value: int | float | str | bool | None
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Ref:
    """A lower-case name in an expression: that very thing again."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class BoxRef:
    """A Capital name in an expression: a new box, or a dimension."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Argument:
    """One thing between parentheses, with its name if it has one."""

    name: Name | None
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """`Conv(64, 3, stride=2)` or `len(depths)`."""

    callee: Ref | BoxRef
    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Ellipsis:
    """`...`: any leading dimensions."""

    span: Span


@dataclass(frozen=True, slots=True)
class List:
    """`[64, 128]`, `[B, 3, H, W]`, `[B, T] long`: a list or a shape, which look the same."""

    items: tuple[Expression, ...]
    dtype: Name | None
    span: Span


@dataclass(frozen=True, slots=True)
class Paren:
    """`(a)` groups, `(a, b)` and `(memory, mask=pad)` make a tuple."""

    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Attribute:
    """`net.layer4`."""

    value: Expression
    name: Name
    span: Span


@dataclass(frozen=True, slots=True)
class Index:
    """`widths[i]`."""

    value: Expression
    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x` or `not x`."""

    operator: str
    operand: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, comparison, `and`, `or`. `operator_span` is where the sign stands."""

    operator: str
    left: Expression
    right: Expression
    operator_span: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Conditional:
    """`then if condition else otherwise`."""

    then: Expression
    condition: Expression
    otherwise: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Side:
    """`step with inputs`, where `word` is `with`, `by` or `to`."""

    step: Expression
    word: str
    inputs: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Pipeline:
    """`x -> A -> B`: two steps or more. A single step is that expression itself."""

    steps: tuple[Expression, ...]
    span: Span


Expression = (
    Literal
    | Ref
    | BoxRef
    | Call
    | Ellipsis
    | List
    | Paren
    | Attribute
    | Index
    | Unary
    | Binary
    | Conditional
    | Side
    | Pipeline
)

# ------------------------------------------------------------------------------------------ combinators


@dataclass(frozen=True, slots=True)
class Repeat:
    """`repeat n:`, `repeat i in n:`; `each` is the same across lanes (`word` says which)."""

    word: str
    variable: Name | None
    count: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Structure:
    """`residual:`, `concat(axis=1):`, `add:`, `mul:`, `stack:`, `parallel:`, `scan:`."""

    word: str
    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Choice:
    """`if c:`, `elif c:`, `else:` (no condition)."""

    word: str
    condition: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class Wrap:
    """`MoE(8, top=2):`: a Box that takes the body as a box."""

    name: BoxRef
    arguments: tuple[Argument, ...]
    span: Span


Combinator = Repeat | Structure | Choice | Wrap

# ----------------------------------------------------------------------------------------------- bodies


@dataclass(frozen=True, slots=True)
class Valued:
    """A value on the line: `Linear(10) -> ReLU`, or `[B, T] = none` with its `default`."""

    value: Expression
    default: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class Suite:
    """An indented list of statements."""

    statements: tuple[Statement, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Flow:
    """`source ->` followed by an indented list."""

    source: Expression
    suite: Suite
    span: Span


@dataclass(frozen=True, slots=True)
class Nest:
    """`repeat 6: body`."""

    combinator: Combinator
    body: Body
    span: Span


Body = Valued | Suite | Flow | Nest

# ------------------------------------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class Key:
    """What stands before the colon: `fc`, `latent z`, `0`, `"LayerNorm"`.

    `words` has one or two names; a whole number or a quoted key is one name with `quoted` set (`number` for the
    former), whose text is the bare segment.
    """

    words: tuple[Name, ...]
    quoted: bool
    number: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Item:
    """`- key: body`: in series."""

    key: Key | None
    body: Body
    doc: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Lane:
    """`| key: body`: in parallel."""

    key: Key | None
    body: Body
    doc: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Declaration:
    """`[role] name: body` on the side, or `output y` alone (no body)."""

    key: Key
    body: Body | None
    doc: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Bad:
    """A statement that could not be read; already reported. Its names are unknown, its body is still checked."""

    body: Suite | None
    span: Span


Statement = Item | Lane | Declaration | Bad

# --------------------------------------------------------------------------------------------- top level


@dataclass(frozen=True, slots=True)
class UseName:
    """`ResNet50 as Deep`."""

    name: Name
    alias: Name | None

    @property
    def local(self) -> Name:
        return self.alias or self.name


@dataclass(frozen=True, slots=True)
class Use:
    """`use A, B as C from "file.net"`, `use V from specs.vit` (`dotted`), `use python W from "pkg.mod"`."""

    names: tuple[UseName, ...]
    python: bool
    origin: str
    dotted: bool
    origin_span: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Constant:
    """`width: 64` of a file."""

    name: Name
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Parameter:
    """A declared name of a block, with its default. A capitalised one takes a box."""

    name: Name
    default: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class Definition:
    """`block Name(parameters): body` or `model …`. `doc` has the lines of its `##` comments without their marks."""

    word: str
    name: Name
    parameters: tuple[Parameter, ...]
    body: Body
    doc: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Comment:
    """A `#` or `##` comment, mark included; `trailing` when something stands before it on its line."""

    text: str
    trailing: bool
    span: Span


Top = Use | Constant | Definition | Bad


@dataclass(frozen=True, slots=True)
class Spec:
    """A whole file."""

    source: Source
    statements: tuple[Top, ...]
    comments: tuple[Comment, ...]
