"""The syntax tree of a `.net` file.

Enters: nothing; these are the shapes that `parse` builds and that `format` and `build` read. Every node is
frozen and knows the span of the text that made it. The tree holds what was written, not what it means: a
statement's words are kept as words, and a name is not yet a wire, a module or a size.
"""

from __future__ import annotations

from .node import node
from .source import Source, Span

# ------------------------------------------------------------------------------------------- expressions


@node
class Name:
    """An identifier where it stands: `width`, `Conv`."""

    text: str
    span: Span


@node
class Literal:
    """A number, string, boolean or `none`. `text` is as written (`2e-4`), for the formatter."""

    value: int | float | str | bool | None
    text: str
    span: Span


@node
class Ref:
    """A lower-case name in an expression: that very thing again."""

    name: str
    span: Span


@node
class BoxRef:
    """A Capital name in an expression: a new box, or a dimension."""

    name: str
    span: Span


@node
class Argument:
    """One thing between parentheses, with its name if it has one."""

    name: Name | None
    value: Expression
    span: Span


@node
class Call:
    """`Conv(64, 3, stride=2)` or `len(depths)`."""

    callee: Ref | BoxRef
    arguments: tuple[Argument, ...]
    span: Span


@node
class Ellipsis:
    """`...`: any leading dimensions."""

    span: Span


@node
class List:
    """`[64, 128]`, `[B, 3, H, W]`, `[B, T] long`: a list or a shape, which look the same."""

    items: tuple[Expression, ...]
    dtype: Name | None
    span: Span


@node
class Paren:
    """`(a)` groups, `(a, b)` and `(memory, mask=pad)` make a tuple."""

    arguments: tuple[Argument, ...]
    span: Span


@node
class Attribute:
    """`net.layer4`."""

    value: Expression
    name: Name
    span: Span


@node
class Index:
    """`widths[i]`."""

    value: Expression
    arguments: tuple[Argument, ...]
    span: Span


@node
class Unary:
    """`-x` or `not x`."""

    operator: str
    operand: Expression
    span: Span


@node
class Binary:
    """Arithmetic, comparison, `and`, `or`. `operator_span` is where the sign stands."""

    operator: str
    left: Expression
    right: Expression
    operator_span: Span
    span: Span


@node
class Conditional:
    """`then if condition else otherwise`."""

    then: Expression
    condition: Expression
    otherwise: Expression
    span: Span


@node
class Side:
    """`step with inputs`, where `word` is `with`, `by` or `to`."""

    step: Expression
    word: str
    inputs: Expression
    span: Span


@node
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


@node
class Repeat:
    """`repeat n:`, `repeat i in n:`; `each` is the same across lanes (`word` says which)."""

    word: str
    variable: Name | None
    count: Expression
    span: Span


@node
class Structure:
    """`residual:`, `concat(axis=1):`, `add:`, `mul:`, `stack:`, `parallel:`, `scan:`."""

    word: str
    arguments: tuple[Argument, ...]
    span: Span


@node
class Choice:
    """`if c:`, `elif c:`, `else:` (no condition)."""

    word: str
    condition: Expression | None
    span: Span


@node
class Wrap:
    """`MoE(8, top=2):`: a Box that takes the body as a box."""

    name: BoxRef
    arguments: tuple[Argument, ...]
    span: Span


Combinator = Repeat | Structure | Choice | Wrap

# ----------------------------------------------------------------------------------------------- bodies


@node
class Valued:
    """A value on the line: `Linear(10) -> ReLU`, or `[B, T] = none` with its `default`."""

    value: Expression
    default: Expression | None
    span: Span


@node
class Suite:
    """An indented list of statements."""

    statements: tuple[Statement, ...]
    span: Span


@node
class Flow:
    """`source ->` followed by an indented list."""

    source: Expression
    suite: Suite
    span: Span


@node
class Nest:
    """`repeat 6: body`."""

    combinator: Combinator
    body: Body
    span: Span


Body = Valued | Suite | Flow | Nest

# ------------------------------------------------------------------------------------------- statements


@node
class Key:
    """What stands before the colon: `fc`, `latent z`, `0`, `"LayerNorm"`.

    `words` has one or two names; a whole number or a quoted key is one name with `quoted` set (`number` for the
    former), whose text is the bare segment.
    """

    words: tuple[Name, ...]
    quoted: bool
    number: bool
    span: Span


@node
class Item:
    """`- key: body`: in series."""

    key: Key | None
    body: Body
    doc: tuple[str, ...]
    span: Span


@node
class Lane:
    """`| key: body`: in parallel."""

    key: Key | None
    body: Body
    doc: tuple[str, ...]
    span: Span


@node
class Declaration:
    """`[role] name: body` on the side, or `output y` alone (no body)."""

    key: Key
    body: Body | None
    doc: tuple[str, ...]
    span: Span


@node
class Bad:
    """A statement that could not be read; already reported. Its names are unknown, its body is still checked."""

    body: Suite | None
    span: Span


Statement = Item | Lane | Declaration | Bad

# --------------------------------------------------------------------------------------------- top level


@node
class UseName:
    """`ResNet50 as Deep`."""

    name: Name
    alias: Name | None

    @property
    def local(self) -> Name:
        return self.alias or self.name


@node
class Use:
    """`use A, B as C from "file.net"`, `use V from specs.vit` (`dotted`), `use python W from "pkg.mod"`."""

    names: tuple[UseName, ...]
    python: bool
    origin: str
    dotted: bool
    origin_span: Span
    span: Span


@node
class Constant:
    """`width: 64` of a file."""

    name: Name
    value: Expression
    span: Span


@node
class Parameter:
    """A declared name of a block, with its default. A capitalised one takes a box."""

    name: Name
    default: Expression | None
    span: Span


@node
class Definition:
    """`block Name(parameters): body` or `model …`. `doc` has the lines of its `##` comments without their marks."""

    word: str
    name: Name
    parameters: tuple[Parameter, ...]
    body: Body
    doc: tuple[str, ...]
    span: Span


@node
class Comment:
    """A `#` or `##` comment, mark included; `trailing` when something stands before it on its line."""

    text: str
    trailing: bool
    span: Span


Top = Use | Constant | Definition | Bad


@node
class Spec:
    """A whole file."""

    source: Source
    statements: tuple[Top, ...]
    comments: tuple[Comment, ...]
