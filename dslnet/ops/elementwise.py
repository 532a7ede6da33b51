"""Elementwise boxes and products of tensors.

Enters: one tensor or several under the broadcasting rule. Leaves: one. The classes behind signs and functions on wires
are in `arithmetic.py`.
"""

from typing import Any, ClassVar

from ..shape import UNKNOWN, Size, Tensor, compare, numel, same
from .arguments import Axis, Extent, Flag, NonNegative, Real, Word
from .arithmetic import SIGNS, alike, as_long, matrix_product
from .axes import axis_of, brief, has_unknown, kind_of, pair, when_known
from .base import Mistake, Onnx, Operator, Wire
from .broadcasting import broadcast
from .code import Code, Expression, Infix, Input, X, Y, Z, apply, as_floats, method
from .dependence import Steps, Traced, inserted, pointwise, product, reduced, summed
from .join import promoted
from .ranges import clamped, ids, need_from_zero, range_of, widest
from .rules import need_float


class Joined(Operator, abstract=True, kind="op"):
    """Any number of inputs, two at a time."""

    least = 2

    sign: ClassVar[str] = "+"

    loose: Flag = False  # set by the builder where an input is a free parameter, which may have fewer axes

    @classmethod
    def signature(cls) -> str:
        return cls.name

    def shape(self, *xs: Tensor) -> Tensor:
        if not xs:
            raise Mistake("E0205", f"`{self.name}` joins 2 inputs or more, none flows in")
        total = xs[0]
        for x in xs[1:]:
            dtype = promoted(total.dtype, x.dtype)
            shape = broadcast(self.name, total, x, self.loose)
            total = Tensor(shape, "long" if dtype == "bool" else dtype)
        return total

    def flops(self, *xs: Tensor) -> Size:
        total, count = xs[0], 0  # type: Tensor, Size
        for x in xs[1:]:
            total = Tensor(broadcast(self.name, total, x, self.loose))
            count = count + numel(total.sizes)
        return count

    def warning(self, *xs: Tensor) -> Mistake | None:
        """W0412 where an input and the ones before it stretch each other."""
        total = xs[0]
        for x in xs[1:]:
            found = SIGNS[self.sign](loose=self.loose).warning(total, x)  # type: ignore[attr-defined]
            if found is not None:
                title = str(found).replace(f"`{self.sign}`", f"`{self.name}`")
                return Mistake(found.code, title, None, "every element with every element")
            total = Tensor(broadcast(self.name, total, x, self.loose))
        return None

    def dependence(self, *xs: Traced) -> Steps:
        return pointwise(*xs, keeps="zero" if self.sign == "*" else "low")

    def torch(self, *xs: Tensor) -> Code:
        code: Expression = as_long(X) if xs[0].dtype == "bool" and len(xs) > 1 else X
        for i in range(1, len(xs)):
            code = Infix(self.sign, code, Input(i))
        return code

    def onnx(self, g: Onnx, *xs: Wire) -> str:
        made = xs[0]
        for x in xs[1:]:
            both = promoted(made.dtype, x.dtype)
            both = "long" if both == "bool" else both
            made = g.wire(g.binary(self.sign, made, x, both, both), Tensor((), both))
        return made.name


class Add(Joined):
    """Sum of its inputs, elementwise.

    ([B, T, 8], [B, T, 8]) -> Add    # [B, T, 8]
    [B, 16, 8] -> Add with [1, 16, 8]    # [B, 16, 8]
    ([B, 4], [B, 4], [B, 1]) -> Add    # [B, 4]
    """

    def torch(self, *xs: Tensor) -> Code:
        if len(xs) > 3:
            return apply("sum", Input(0, rest=True))
        return Joined.torch(self, *xs)


class Mul(Joined):
    """Product of its inputs, elementwise.

    ([B, 8, H, W], [B, 8, 1, 1]) -> Mul    # [B, 8, H, W]
    [2, 5, 3] -> Mul with [2, 5, 1]    # [2, 5, 3]
    """

    sign = "*"


class Scale(Operator, kind="op"):
    """k x, for a number k.

    [B, T, 512] -> Scale(22.6)    # [B, T, 512]
    """

    k: Real

    def shape(self, x: Tensor) -> Tensor:
        whole = isinstance(self.k, int) and x.dtype != "float"
        return Tensor(x.sizes, "long" if whole else "float")

    def flops(self, x: Tensor) -> Size:
        return numel(x.sizes)

    def dependence(self, x: Traced) -> Steps:
        positive = isinstance(self.k, (int, float)) and self.k > 0
        return pointwise(x, keeps="low zero" if positive else "zero")

    def torch(self, x: Tensor) -> Code:
        whole = x.dtype != "float" and self.shape(x).dtype == "float"
        return Infix("*", as_floats(X) if whole else X, self.k)

    def onnx(self, g: Onnx, x: Wire) -> str:
        dtype = self.shape(x.type).dtype
        return g.op("Mul", g.typed(x, dtype), g.number(self.k, dtype))


class Clamp(Operator, kind="op"):
    """Keeps the elements between `min` and `max`, of which one may be left out.

    [B, 8] -> Clamp(0, 1)    # [B, 8]
    [2, 3] -> Clamp(max=0.5)    # [2, 3]
    """

    min: Real | None = None
    max: Real | None = None

    def shape(self, x: Tensor) -> Tensor:
        if self.min is None and self.max is None:
            raise Mistake("E0401", "`Clamp` needs `min`, `max` or both", None, helps=("`Clamp(0, 1)`",))
        low, high = self.min, self.max
        if low is not None and high is not None and not has_unknown((low, high)) and low > high:
            raise Mistake("E0301", f"`min` of Clamp is {low:g}, above `max`, which is {high:g}", "min")
        pointed = any(isinstance(bound, float) for bound in (low, high))
        kept = None if pointed or has_unknown((low, high)) else clamped(range_of(x), low, high)
        return ids(x.sizes, "float" if pointed or x.dtype == "float" else "long", kept)

    def flops(self, x: Tensor) -> Size:
        return numel(x.sizes)

    def dependence(self, x: Traced) -> Steps:
        return pointwise(x)

    def torch(self, x: Tensor) -> Code:
        bounds = {name: bound for name, bound in (("min", self.min), ("max", self.max)) if bound is not None}
        pointed = any(isinstance(bound, float) for bound in bounds.values())
        floats = pointed and x.dtype != "float"
        return method(as_floats(X) if floats else as_long(X) if x.dtype == "bool" else X, "clamp", **bounds)

    def onnx(self, g: Onnx, x: Wire) -> str:
        dtype = self.shape(x.type).dtype
        low, high = (None if bound is None else g.number(bound, dtype) for bound in (self.min, self.max))
        return g.op("Clip", g.typed(x, dtype), low, high)


class Where(Operator, kind="op"):
    """The second input where the first is true, else the third.

    ([B, 8] bool, [B, 8], [B, 8]) -> Where    # [B, 8]
    ([B, T, 1] bool, [B, T, 4], [B, T, 4]) -> Where    # [B, T, 4]
    """

    def shape(self, condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
        if condition.dtype != "bool":
            title = f"`Where` chooses by truth values, got {kind_of(condition)}"
            raise Mistake("E0316", title, "condition", "not bool", helps=("a comparison gives bool: `x > 0`",))
        both = Tensor(broadcast("Where", x, y), promoted(x.dtype, y.dtype))
        return ids(broadcast("Where", condition, both), both.dtype, widest([range_of(x), range_of(y)]))

    def dependence(self, condition: Traced, x: Traced, y: Traced) -> Steps:
        return pointwise(condition, x, y)

    def torch(self, condition: Tensor, x: Tensor, y: Tensor) -> Code:
        return apply("torch.where", X, Y, Z)

    def onnx(self, g: Onnx, condition: Wire, x: Wire, y: Wire) -> str:
        dtype = promoted(x.dtype, y.dtype)
        return g.op("Where", condition, g.typed(x, dtype), g.typed(y, dtype))


class OneHot(Operator, kind="op"):
    """Whole numbers as vectors of one 1 and else 0, along a new last axis.

    [B, T] long < 10 -> OneHot(10)    # [B, T, 10]
    """

    n: Extent

    def shape(self, x: Tensor) -> Tensor:
        if x.dtype == "float":
            raise Mistake("E0316", f"`OneHot` wants whole numbers, got {kind_of(x)} float", None, "not `long`")
        need_from_zero(x, None, "`OneHot`")
        below = 2 if x.dtype == "bool" else x.below
        if below is not None and compare(below, self.n) == 1:
            title = f"ids go up to {brief(below - 1)}, `OneHot` has {brief(self.n)} places"
            raise Mistake("E0313", title, "n", helps=(f"`OneHot({below})`",))
        return Tensor((*x.sizes, self.n))

    def dependence(self, x: Traced) -> Steps:
        return pointwise(Traced(x.type, inserted(x, x.rank)), rank=x.rank)

    def torch(self, x: Tensor) -> Code:
        return as_floats(apply("F.one_hot", as_long(X) if x.dtype == "bool" else X, self.n))

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op("OneHot", g.counted(x), g.size(self.n), g.vector((0, 1), "float"), axis=-1)


class MatMul(Operator, kind="op"):
    """The matrix product of the last two axes, as `@`.

    ([B, 8, T, 64], [B, 8, 64, S]) -> MatMul    # [B, 8, T, S]
    ([2, 3, 4], [4, 5]) -> MatMul    # [2, 3, 5]
    """

    def shape(self, x: Tensor, y: Tensor) -> Tensor:
        return matrix_product("MatMul", x, y)

    def flops(self, x: Tensor, y: Tensor) -> Size:
        return 2 * numel(self.shape(x, y).sizes) * x.sizes[-1]

    def dependence(self, x: Traced, y: Traced) -> Steps:
        return product(x, y)

    def torch(self, x: Tensor, y: Tensor) -> Code:
        return Infix("@", *alike(x, y))

    def onnx(self, g: Onnx, x: Wire, y: Wire) -> str:
        both = promoted(x.dtype, y.dtype)
        return g.binary("@", x, y, both, both)


class Einsum(Operator, kind="op"):
    """A sum of products by letters (Einstein's convention): letters that the right side lacks are summed over.

    ([B, 8, T, 64], [B, 8, S, 64]) -> Einsum("bhid,bhjd->bhij")    # [B, 8, T, S]
    ([2, 3, 4], [4, 5]) -> Einsum("...i,ij->...j")    # [2, 3, 5]
    [4, 4] -> Einsum("ii->")    # []
    """

    equation: Word

    def _sizes(self, xs: tuple[Tensor, ...]) -> tuple[list[list[str]], list[str], dict[str, Size]]:
        """The letters of each input and of the output, and the size of each; `...` counts from the right."""
        left, arrow, right = self.equation.replace(" ", "").partition("->")
        terms = left.split(",")
        if len(terms) != len(xs):
            title = f"the equation of `Einsum` has {len(terms)} inputs, {len(xs)} flow in"
            raise Mistake("E0205", title, "equation")
        letters, sizes = [], {}  # type: list[list[str]], dict[str, Size]
        for term, x in zip(terms, xs, strict=True):
            names = self._letters(term, x.rank)
            if len(names) != x.rank:
                shown = term if len(term) <= 16 else f"{term[:13]}..."
                title = f"`{shown}` has {len(names)} letters, the input {kind_of(x)} has {x.rank} axes"
                raise Mistake("E0302", title, "equation")
            for name, size in zip(names, x.sizes, strict=True):
                before = sizes.get(name, UNKNOWN)
                if name.startswith(".") and size == 1 and name in sizes:
                    continue
                if not same(before, size) and not (name.startswith(".") and before == 1):
                    title = f"`{name}` of `Einsum` is {brief(before)} and {brief(size)}"
                    raise Mistake("E0311", title, "equation", f"the input is {kind_of(x)}")
                sizes[name] = size if before is UNKNOWN or before == 1 else before
            letters.append(names)
        dots = sorted((name for name in sizes if name.startswith(".")), key=lambda name: -int(name[1:]))
        if arrow:
            head, mark, tail = right.partition("...")
            result = [*head, *(dots if mark else []), *tail]
        else:
            once = sorted(name for name in sizes if sum(map(lambda n: n.count(name), letters)) == 1)
            result = [*dots, *(name for name in once if not name.startswith("."))]
        for name in result:
            if name not in sizes or result.count(name) > 1:
                why = "stands twice on" if name in sizes else "is only on"
                raise Mistake("E0301", f"`{name}` {why} the right side of the equation", "equation")
        return letters, result, sizes

    def _letters(self, term: str, rank: int) -> list[str]:
        head, mark, tail = term.partition("...")
        for letter in head + tail:
            if not (letter.isascii() and letter.isalpha()):
                title = f"`{letter}` is not part of an equation of `Einsum`"
                raise Mistake("E0301", title, "equation", helps=('such as `"bhid,bhjd->bhij"`',))
        count = rank - len(head) - len(tail) if mark else 0
        return [*head, *(f".{i}" for i in reversed(range(count))), *tail]

    @when_known("equation")
    def shape(self, *xs: Tensor) -> Tensor:
        _, result, sizes = self._sizes(xs)
        dtype = promoted(*(x.dtype for x in xs))
        return Tensor(tuple(sizes[name] for name in result), "long" if dtype == "bool" else dtype)

    def flops(self, *xs: Tensor) -> Size:
        _, _, sizes = self._sizes(xs)
        return 2 * numel(sizes.values()) if len(xs) > 1 else numel(sizes.values())

    def dependence(self, *xs: Traced) -> Steps:
        letters, result, _ = self._sizes(tuple(x.type for x in xs))
        return summed(list(zip(xs, letters, strict=True)), result)

    def torch(self, *xs: Tensor) -> Code:
        dtype = self.shape(*xs).dtype
        convert = as_floats if dtype == "float" else as_long
        inputs: list[Any] = [Input(i) if x.dtype == dtype else convert(Input(i)) for i, x in enumerate(xs)]
        return apply("torch.einsum", self.equation.replace(" ", ""), *inputs)

    def onnx(self, g: Onnx, *xs: Wire) -> str:
        dtype = self.shape(*(x.type for x in xs)).dtype
        return g.op("Einsum", *(g.typed(x, dtype) for x in xs), equation=self.equation.replace(" ", ""))

    def because(self, output: Tensor, *xs: Tensor) -> str:
        return self.equation


def two_alike(box: str, x: Tensor, y: Tensor) -> None:
    """Two inputs of one shape, or a mistake."""
    if x.rank != y.rank or not all(map(same, x.sizes, y.sizes)):
        raise Mistake("E0311", f"`{box}` compares equal shapes, got {pair(x, y)}", None, "the two inputs")


class CosineSimilarity(Operator, kind="op"):
    """The cosine of the angle between two inputs along an axis.

    ([B, 64], [B, 64]) -> CosineSimilarity    # [B]
    ([2, 3, 4], [2, 3, 4]) -> CosineSimilarity(axis=-1)    # [2, 3]
    """

    axis: Axis = 1
    eps: NonNegative = 1e-8

    @when_known("axis")
    def shape(self, x: Tensor, y: Tensor) -> Tensor:
        need_float(self, x, "x")
        need_float(self, y, "y")
        two_alike("CosineSimilarity", x, y)
        axis = axis_of("CosineSimilarity", self.axis, x)
        return Tensor((*x.sizes[:axis], *x.sizes[axis + 1 :]))

    def flops(self, x: Tensor, y: Tensor) -> Size:
        return 6 * numel(x.sizes)

    def dependence(self, x: Traced, y: Traced) -> Steps:
        return reduced(Traced(x.type, pointwise(x, y)), [self.axis])

    def torch(self, x: Tensor, y: Tensor) -> Code:
        more: dict[str, Any] = {} if self.eps == 1e-8 else {"eps": self.eps}
        return apply("F.cosine_similarity", X, Y, dim=self.axis, **more)

    def onnx(self, g: Onnx, x: Wire, y: Wire) -> str:
        axes, eps = (self.axis % x.rank,), g.number(self.eps)
        a, b = (g.op("Div", side, g.op("Max", g.norm(side, 2, axes, True), eps)) for side in (x, y))
        return g.reduce("ReduceSum", g.op("Mul", a, b), axes)


class L2Distance(Operator, kind="op"):
    """The Euclidean distance of two inputs along the last axis; `eps` keeps its gradient finite at 0.

    ([B, 64], [B, 64]) -> L2Distance    # [B]
    ([2, 3, 4], [2, 3, 4]) -> L2Distance    # [2, 3]
    """

    eps: NonNegative = 1e-6

    def shape(self, x: Tensor, y: Tensor) -> Tensor:
        need_float(self, x, "x")
        need_float(self, y, "y")
        two_alike("L2Distance", x, y)
        if not x.rank:
            raise Mistake("E0302", "`L2Distance` compares vectors, got two scalars")
        return Tensor(x.sizes[:-1])

    def flops(self, x: Tensor, y: Tensor) -> Size:
        return 4 * numel(x.sizes)

    def dependence(self, x: Traced, y: Traced) -> Steps:
        return reduced(Traced(x.type, pointwise(x, y)), [-1])

    def torch(self, x: Tensor, y: Tensor) -> Code:
        more: dict[str, Any] = {} if self.eps == 1e-6 else {"eps": self.eps}
        return apply("F.pairwise_distance", X, Y, **more)

    def onnx(self, g: Onnx, x: Wire, y: Wire) -> str:
        return g.norm(g.op("Add", g.op("Sub", x, y), g.number(self.eps)), 2, (x.rank - 1,))
