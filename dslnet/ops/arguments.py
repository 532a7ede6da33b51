"""What the arguments of an operator may be.

Enters: the value that a spec gives. Leaves: the value as the operator uses it, or `Wrong`, which says what was
expected. A spec's `[2, 3]` is a tuple here, and a `Size` may be symbolic, which is why this is not pydantic's job.

An operator annotates its arguments with the names at the end of this file, with `bool`, or with
`typing.Literal["nearest", "bilinear"]` for a closed choice of words.
"""

from __future__ import annotations

from typing import Annotated, Any

from ..shape import UNKNOWN, Dim, Size
from ..source import Span


class Wrong(Exception):
    """A value of the wrong type or range. `code` is E0301 unless a choice (E0208) is missed."""

    def __init__(self, expected: str, helps: tuple[str, ...] = (), code: str = "E0301") -> None:
        super().__init__(expected)
        self.expected, self.helps, self.code = expected, helps, code


class ModuleArgument:
    """A module passed to a box: its path, as the definition that holds the box sees it.

    `weights` maps each weight's name to its shape, as far as they are known where the argument is written.
    """

    __slots__ = ("path", "span", "weights")

    def __init__(self, path: str, span: Span, weights: dict[str, tuple[Size, ...]]) -> None:
        self.path, self.span, self.weights = path, span, weights

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModuleArgument) and (self.path, self.weights) == (other.path, other.weights)

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        return self.path


class ArgumentType:
    """A kind of value. `text` completes "`p` of Dropout is …"."""

    text = "anything"

    def accept(self, value: Any) -> Any:
        """The value as the operator uses it, or raise `Wrong`."""
        return value


class WholeType(ArgumentType):
    def __init__(self, low: int | None = None, symbolic: bool = False) -> None:
        self.low, self.symbolic = low, symbolic
        self.text = "a whole number" if low is None else f"a whole number from {low}"

    def accept(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, Dim)):
            raise Wrong("a whole number")
        if isinstance(value, int) and self.low is not None and value < self.low:
            raise Wrong(self.text)
        return value


class RealType(ArgumentType):
    """A number from `low` to `high`; with `above`, `low` itself is left out."""

    def __init__(self, low: float | None = None, high: float | None = None, above: bool = False) -> None:
        self.low, self.high, self.above = low, high, above
        word = "above" if above else "from"
        self.text = (
            "a number" if low is None else f"a number {word} {low:g}" + ("" if high is None else f" to {high:g}")
        )

    def accept(self, value: Any) -> Any:
        if value is UNKNOWN:
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Wrong(self.text)
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            raise Wrong(self.text)
        if self.above and value == self.low:
            raise Wrong(self.text)
        return value


class FlagType(ArgumentType):
    text = "true or false"

    def accept(self, value: Any) -> Any:
        if isinstance(value, bool) or value is UNKNOWN:
            return value
        raise Wrong(self.text)


class WordType(ArgumentType):
    text = "a string"

    def accept(self, value: Any) -> Any:
        if isinstance(value, str) or value is UNKNOWN:
            return value
        raise Wrong(self.text)


class ChoiceType(ArgumentType):
    def __init__(self, words: tuple[Any, ...]) -> None:
        self.words = words
        shown = [f'"{w}"' if isinstance(w, str) else str(w).lower() for w in words]
        self.text = "one of " + ", ".join(shown) if len(shown) > 1 else shown[0]

    def accept(self, value: Any) -> Any:
        if value in self.words or value is UNKNOWN:
            return value
        raise Wrong(self.text, code="E0208")


class SizesType(ArgumentType):
    """One size, or one for each axis of space."""

    def __init__(self, low: int = 1) -> None:
        self.one = WholeType(low)
        self.text = self.one.text + ", or a list of them"

    def accept(self, value: Any) -> Any:
        try:
            if isinstance(value, tuple):
                return tuple(map(self.one.accept, value))
            return self.one.accept(value)
        except Wrong:
            raise Wrong(self.text) from None


class PaddingType(ArgumentType):
    text = 'a whole number from 0, a list of them, "same" or "causal"'

    def accept(self, value: Any) -> Any:
        if value in ("same", "causal"):
            return value
        helps = ("no padding at all is `padding=0`",) if value == "valid" else ()
        try:
            return SizesType(0).accept(value)
        except Wrong:
            raise Wrong(self.text, helps) from None


class ListType(ArgumentType):
    """A list of something, which may be written without brackets when it has one element."""

    def __init__(self, element: ArgumentType) -> None:
        self.element = element
        self.text = f"a list, each {element.text}"

    def accept(self, value: Any) -> Any:
        return tuple(map(self.element.accept, value if isinstance(value, tuple) else (value,)))


class ModuleType(ArgumentType):
    text = "a module (a lower-case name)"

    def accept(self, value: Any) -> Any:
        if isinstance(value, ModuleArgument) or value is UNKNOWN:
            return value
        raise Wrong(self.text)


class OptionalType(ArgumentType):
    """The same or `none`."""

    def __init__(self, inner: ArgumentType) -> None:
        self.inner = inner
        self.text = inner.text + ", or none"

    def accept(self, value: Any) -> Any:
        if value is None:
            return None
        try:
            return self.inner.accept(value)
        except Wrong as wrong:
            raise Wrong(self.text, wrong.helps, wrong.code) from None


#: A positive size, known or symbolic.
Extent = Annotated[Size, WholeType(1)]
#: The same, or one for each axis of space.
Extents = Annotated[Size | tuple[Size, ...], SizesType(1)]
#: As `Extents`, from 0.
Amounts = Annotated[Size | tuple[Size, ...], SizesType(0)]
#: Any whole number: positions, shifts. May be symbolic.
Whole = Annotated[Size, WholeType()]
#: A whole number from 0 or 1 that must be known.
Count = Annotated[int, WholeType(1)]
Axis = Annotated[int, WholeType()]
Axes = Annotated[tuple[int, ...], ListType(WholeType())]
Real = Annotated[float, RealType()]
NonNegative = Annotated[float, RealType(0)]
Positive = Annotated[float, RealType(0, above=True)]
Probability = Annotated[float, RealType(0, 1)]
Word = Annotated[str, WordType()]
Padding = Annotated[str | Size | tuple[Size, ...], PaddingType()]
Wholes = Annotated[tuple[Size, ...], ListType(WholeType())]
Reals = Annotated[tuple[float, ...], ListType(RealType())]
Held = Annotated[ModuleArgument, ModuleType()]
Flag = Annotated[bool, FlagType()]
Anything = Annotated[Any, ArgumentType()]
