"""The operators behind signs and functions on wires: `a + b`, `a < b`, `a @ b`, `exp(a)`, `max(a, b)`.

Enters: two wires, or a wire and a number given as the argument `left` or `right`. Leaves: their elementwise result
under the rule of broadcasting: sizes align from the right, and each pair is known to be equal or holds a 1; a
difference of rank is for scalars and, with `loose`, for free parameters.

These classes are no boxes: a spec reaches them through `SIGNS` and `FUNCTIONS` only.
"""

from typing import Any, ClassVar

from ..shape import Dim, Size, Tensor, numel, same
from . import ranges
from .arguments import Anything, Flag
from .axes import brief, pair
from .base import Mistake, Onnx, Operator, Wire
from .broadcasting import broadcast, stretched
from .code import Code, Expression, Infix, Prefix, X, Y, apply, as_floats, method
from .dependence import Steps, Traced, pointwise, product
from .join import promoted
from .ranges import Range

Number = int | float | Dim

#: Operators of the language that stand between two wires, by sign; `neg` is the minus before one.
SIGNS: dict[str, type[Operator]] = {}
#: Functions of wires, by name.
FUNCTIONS: dict[str, type[Operator]] = {}


def dtype_of(value: Any) -> str:
    """The dtype of a number in a spec."""
    return "bool" if isinstance(value, bool) else "float" if isinstance(value, float) else "long"


class Arithmetic(Operator, abstract=True, kind="op"):
    """Two operands, of which one may be a constant. `sign` is how the language writes it."""

    sign: ClassVar[str] = ""
    keeps: ClassVar[str] = ""  # what an operand's masked elements stay, see `dependence.pointwise`

    left: Anything = None
    right: Anything = None
    loose: Flag = False

    def __init_subclass__(cls, sign: str = "", function: str = "", **rest: Any) -> None:
        super().__init_subclass__(abstract=True, **rest)
        cls.sign = sign or function
        if sign:
            SIGNS[sign] = cls
        if function:
            FUNCTIONS[function] = cls

    def operands(self, x: Tensor, y: Tensor | None) -> tuple[Tensor, Tensor]:
        """The types of both sides; a constant is a scalar."""
        if self.left is not None:
            return Tensor((), dtype_of(self.left)), x
        if self.right is not None:
            return x, Tensor((), dtype_of(self.right))
        if y is None:
            raise Mistake("E0205", f"`{self.sign}` joins 2 wires, 1 is given")
        return x, y

    def shape(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        a, b = self.operands(x, y)
        made = self.made(a.dtype, b.dtype)
        sizes = broadcast(self.sign, a, b, self.loose, named=y is not None)
        if made != "long":
            return Tensor(sizes, made)
        return ranges.ids(sizes, made, self.of_ranges(ranges.range_of(a, self.left), ranges.range_of(b, self.right)))

    def of_ranges(self, a: Range, b: Range) -> Range:
        """The range of the result of ids in ranges; None where that is not known."""
        return None

    def made(self, a: str, b: str) -> str:
        """The dtype of the result."""
        both = promoted(a, b)
        return "long" if both == "bool" else both

    def warning(self, x: Tensor, y: Tensor | None = None) -> Mistake | None:
        """W0412 where both sides grow though neither was told to."""
        if y is None or self.loose or x.rank == y.rank or not x.rank or not y.rank or not stretched(x, y):
            return None
        made = Tensor(broadcast(self.sign, x, y))
        title = f"`{self.sign}` stretches {x} and {y} to {made}"
        title = title if len(title) <= 80 else f"`{self.sign}` stretches {pair(x, y)}"
        low, high = ("x", y) if x.rank < y.rank else ("y", x)
        verb = {"+": "plus", "-": "minus", "*": "times", "/": "over"}.get(self.sign, "with")
        # the builder puts the wires' names in the place of {x} and {y}
        wide = Tensor(high.sizes, (x if low == "x" else y).dtype)
        fixes = ((f"`{{{low}}}: {wide}` gives {high}", low, str(wide)),)
        return Mistake("W0412", title, None, f"every {{x}} {verb} every {{y}}", fixes=fixes)

    def flops(self, x: Tensor, y: Tensor | None = None) -> Size:
        return numel(self.shape(x, y).sizes)

    def sides(self, x: Tensor, y: Tensor | None) -> tuple[Any, Any]:
        """Both sides in PyTorch, before any conversion."""
        if self.left is not None:
            return self.left, X
        return X, Y if self.right is None else self.right

    def dependence(self, x: Traced, y: Traced | None = None) -> Steps:
        return pointwise(x, y, keeps=self.keeps)

    def torch(self, x: Tensor, y: Tensor | None = None) -> Code:
        a, b = self.converted(x, y)
        return Infix(self.sign, a, b)

    def onnx(self, g: Onnx, x: Wire, y: Wire | None = None) -> str:
        a, b = self.operands(x.type, None if y is None else y.type)
        left, right = (self.left, x) if self.left is not None else (x, y if self.right is None else self.right)
        return g.binary(self.sign, left, right, promoted(a.dtype, b.dtype), self.made(a.dtype, b.dtype))

    def converted(self, x: Tensor, y: Tensor | None, always: bool = False) -> tuple[Any, Any]:
        """Both sides, truth values as whole numbers where PyTorch would not count them."""
        a, b = self.sides(x, y)
        s, t = self.operands(x, y)
        if always or (s.dtype == "bool" and t.dtype == "bool"):
            a = as_long(a) if s.dtype == "bool" else a
            b = as_long(b) if t.dtype == "bool" and (always or not isinstance(a, Expression)) else b
        return self.pointed(a, b, x, y)

    def pointed(self, a: Any, b: Any, x: Tensor, y: Tensor | None) -> tuple[Any, Any]:
        """Both sides, one of them as exact as the model is where numbers with a point come of whole ones: PyTorch
        would make them single precision."""
        s, t = self.operands(x, y)
        whole = x.dtype != "float" and (y is None or y.dtype != "float")
        if not whole or self.made(s.dtype, t.dtype) != "float":
            return a, b
        a, b = self.sides(x, y)
        return (as_floats(a), b) if isinstance(a, Expression) else (a, as_floats(b))


def as_long(side: Any) -> Any:
    """Truth values as 0 and 1."""
    return method(side, "long") if isinstance(side, Expression) else int(side)


class Plus(Arithmetic, sign="+"):
    """x + y.

    Truth values count as 0 and 1.
    """

    keeps = "low"

    def of_ranges(self, a: Range, b: Range) -> Range:
        return ranges.total(a, b)


class Minus(Arithmetic, sign="-"):
    """x - y."""

    def of_ranges(self, a: Range, b: Range) -> Range:
        return ranges.difference(a, b)

    def torch(self, x: Tensor, y: Tensor | None = None) -> Code:
        return Infix("-", *self.converted(x, y, always=True))


class Times(Arithmetic, sign="*"):
    """x * y."""

    keeps = "zero"

    def of_ranges(self, a: Range, b: Range) -> Range:
        return ranges.product(a, b)


class Divide(Arithmetic, sign="/"):
    """x / y, a number with a point whatever the operands are."""

    def made(self, a: str, b: str) -> str:
        return "float"

    def shape(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        _by_zero(self)
        return Arithmetic.shape(self, x, y)

    def dependence(self, x: Traced, y: Traced | None = None) -> Steps:
        constant = isinstance(self.right, (int, float)) and self.right > 0
        fixed = y is not None and y.steps.triangle is None
        return pointwise(x, y, keeps="low zero" if constant else "zero" if fixed else "")

    def torch(self, x: Tensor, y: Tensor | None = None) -> Code:
        return Infix("/", *self.pointed(*self.sides(x, y), x, y))


def _by_zero(op: Arithmetic) -> None:
    if op.right is not None and not isinstance(op.right, Dim) and op.right == 0:
        raise Mistake("E0318", f"`{op.sign}` by zero", None, "the number on the right is 0")


class FloorDivide(Arithmetic, sign="//"):
    """The whole part of x / y, rounded down."""

    def shape(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        _by_zero(self)
        return Arithmetic.shape(self, x, y)

    def of_ranges(self, a: Range, b: Range) -> Range:
        return ranges.whole_part(a, self.right)

    def torch(self, x: Tensor, y: Tensor | None = None) -> Code:
        return Infix("//", *self.converted(x, y, always=True))


class Remainder(FloorDivide, sign="%"):
    """x - y * (x // y), with the sign of y."""

    def of_ranges(self, a: Range, b: Range) -> Range:
        return ranges.remainder(a, self.right)

    def torch(self, x: Tensor, y: Tensor | None = None) -> Code:
        return Infix("%", *self.converted(x, y, always=True))


class Power(Arithmetic, sign="**"):
    """x to the power y. Whole numbers to a negative power are numbers with a point."""

    def _inverts(self) -> bool:
        return isinstance(self.right, int) and self.right < 0

    def made(self, a: str, b: str) -> str:
        return "float" if self._inverts() else Arithmetic.made(self, a, b)

    def torch(self, x: Tensor, y: Tensor | None = None) -> Code:
        return Infix("**", *self.converted(x, y, always=True))


class MatrixProduct(Arithmetic, sign="@"):
    """The matrix product of the last two axes; the axes before them broadcast."""

    def shape(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return matrix_product("@", *self.operands(x, y))

    def flops(self, x: Tensor, y: Tensor | None = None) -> Size:
        return 2 * numel(self.shape(x, y).sizes) * x.sizes[-1]

    def dependence(self, x: Traced, y: Traced | None = None) -> Steps:
        assert y is not None
        return product(x, y)

    def torch(self, x: Tensor, y: Tensor | None = None) -> Code:
        assert y is not None
        return Infix("@", *alike(x, y))

    def warning(self, x: Tensor, y: Tensor | None = None) -> Mistake | None:
        return None


def matrix_product(sign: str, x: Tensor, y: Tensor) -> Tensor:
    """The type of x @ y."""
    if not x.rank or not y.rank:
        raise Mistake("E0302", f"`{sign}` joins matrices, got {pair(x, y)}", None, "for a number write `*`")
    inner = y.sizes[-2] if y.rank > 1 else y.sizes[0]
    if not same(x.sizes[-1], inner):
        first, second = brief(x.sizes[-1]), brief(inner)
        title = f"`{sign}` joins rows of {first} with columns of {second}"
        helps = ("`Transpose` swaps the last two axes",) if y.rank > 1 and same(x.sizes[-1], y.sizes[-1]) else ()
        raise Mistake("E0311", title, None, pair(x, y), helps=helps)
    front, back = x.sizes[:-2], y.sizes[:-2]
    batch = front or back
    if front and back:
        batch = broadcast(sign, Tensor(front), Tensor(back))
    rows = (x.sizes[-2],) if x.rank > 1 else ()
    columns = (y.sizes[-1],) if y.rank > 1 else ()
    dtype = promoted(x.dtype, y.dtype)
    return Tensor((*batch, *rows, *columns), "long" if dtype == "bool" else dtype)


def alike(x: Tensor, y: Tensor) -> tuple[Any, Any]:
    """Both factors in one dtype, which PyTorch wants of them."""
    dtype = promoted(x.dtype, y.dtype)
    dtype = "long" if dtype == "bool" else dtype
    convert = as_floats if dtype == "float" else as_long
    return (X if x.dtype == dtype else convert(X)), (Y if y.dtype == dtype else convert(Y))


class Comparison(Arithmetic):
    """What comparisons have in common: they give truth values."""

    def made(self, a: str, b: str) -> str:
        return "bool"

    def torch(self, x: Tensor, y: Tensor | None = None) -> Code:
        return Infix(self.sign, *self.sides(x, y))


class Equal(Comparison, sign="=="):
    """Whether x is y."""


class Unequal(Comparison, sign="!="):
    """Whether x is not y."""


class Less(Comparison, sign="<"):
    """Whether x is less than y."""


class LessOrEqual(Comparison, sign="<="):
    """Whether x is at most y."""


class Greater(Comparison, sign=">"):
    """Whether x is more than y."""


class GreaterOrEqual(Comparison, sign=">="):
    """Whether x is at least y."""


class Minimum(Arithmetic, function="min"):
    """The smaller of x and y, element by element."""

    bound: ClassVar[str] = "max"
    called: ClassVar[str] = "torch.minimum"

    def of_ranges(self, a: Range, b: Range) -> Range:
        return ranges.least(a, b)

    def torch(self, x: Tensor, y: Tensor | None = None) -> Code:
        constant = self.left if self.left is not None else self.right
        a, b = self.converted(x, y, always=constant is not None)
        if constant is not None:
            return method(a if self.left is None else b, "clamp", **{self.bound: constant})
        return apply(self.called, a, b)


class Maximum(Minimum, function="max"):
    """The larger of x and y, element by element."""

    bound = "min"
    called = "torch.maximum"

    def of_ranges(self, a: Range, b: Range) -> Range:
        return ranges.greatest(a, b)


class Function(Operator, abstract=True, kind="op"):
    """One operand; `called` is PyTorch's function."""

    called: ClassVar[str] = ""
    keeps: ClassVar[bool] = False

    def __init_subclass__(cls, function: str = "", **rest: Any) -> None:
        super().__init_subclass__(abstract=not function, **rest)
        cls.called = f"torch.{function}"
        if function:
            FUNCTIONS[function] = cls

    def shape(self, x: Tensor) -> Tensor:
        dtype = "long" if x.dtype == "bool" else x.dtype
        return Tensor(x.sizes, dtype if self.keeps else "float")

    def flops(self, x: Tensor) -> Size:
        return numel(x.sizes)

    def dependence(self, x: Traced) -> Steps:
        return pointwise(x)

    def torch(self, x: Tensor) -> Code:
        if not self.keeps:
            return apply(self.called, X if x.dtype == "float" else as_floats(X))
        return apply(self.called, as_long(X) if x.dtype == "bool" else X)

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op({"Negate": "Neg"}.get(self.name, self.name), g.typed(x, self.shape(x.type).dtype))


class Negate(Function):
    """-x."""

    keeps = True

    def torch(self, x: Tensor) -> Code:
        return Prefix("-", as_long(X) if x.dtype == "bool" else X)


SIGNS["neg"] = Negate
