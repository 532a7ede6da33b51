"""Attention: weighted means of values, masks of scores.

Enters: queries, keys and values [..., heads, T, e], or scores [B, ..., T, S]. Leaves: the same layout.
Positions are in `positions.py`.
"""

from typing import Any

from ..shape import Shape, Size, Tensor, differ, numel, same
from .arguments import Probability, Real
from .base import Mistake, Onnx, Operator, Wire
from .code import Attr, Code, Cut, Expression, Global, Infix, Input, Prefix, Subscript, Training, X, Y, Z, apply, method
from .dependence import Steps, Traced, Triangle, inserted, made, moved, pointwise, summed
from .rules import brief, need_divisor, need_float, need_rank, shown


def need_bool(op: Operator, mask: Tensor, at: str) -> None:
    """E0316 unless a mask is true and false."""
    if mask.dtype != "bool":
        sizes = "[" + ", ".join(map(brief, mask.sizes)) + "]"
        raise Mistake(
            "E0316",
            f"`{at}` of {op.name} is true or false, got {shown(mask)}",
            at,
            f"{mask.dtype}, not bool",
            helps=(f"`input {at}: {sizes} bool`", "a comparison makes one: `tokens != 0`"),
        )


def need_broadcast(part: Shape, whole: Shape, title: str, at: str) -> None:
    """E0317 unless each size, from the right, is 1 or the one that it meets."""
    for a, b in zip(reversed(part), reversed(whole), strict=False):
        if not same(a, b) and a != 1:
            helps = ("each size is that of the scores, or 1",)
            raise Mistake("E0317", title, at, f"{brief(a)} meets {brief(b)}", helps=helps)


class DotProductAttention(Operator, kind="attention", stochastic=True):
    """Means of the values, weighted by how well each query fits each key, after Vaswani et al., 2017.

    softmax(q k^T * scale + position) v, with scale 1 / sqrt(e) unless it is given. Query heads may be a multiple of
    the heads of k and v, each of which then serves a group of neighbours (Ainslie et al., "GQA", 2023). `mask` is
    true where a key is kept: it broadcasts to the scores [..., heads, T, S], or is [B, S] or [B, T, S]. `position`
    is added to the scores. `causal=true` keeps the keys up to the query.

    ([2, 8, 10, 64], [2, 8, 12, 64], [2, 8, 12, 32]) -> DotProductAttention    # [2, 8, 10, 32]
    ([B, 4, T, 8], [B, 4, T, 8], [B, 4, T, 8]) -> DotProductAttention(causal=true, scale=1)    # [B, 4, T, 8]
    ([B, 4, T, 8], [B, 2, T, 8], [B, 2, T, 8]) -> DotProductAttention(causal=true) with [B, T] bool    # [B, 4, T, 8]
    ([B, 4, T, 8], [B, 4, S, 8], [B, 4, S, 8]) -> DotProductAttention with mask=[B, T, S] bool    # [B, 4, T, 8]
    ([4, T, 8], [1, S, 8], [1, S, 8]) -> DotProductAttention with (mask=[1, 1, S] bool, position=[T, S])    # [4, T, 8]
    ([4, T, 8], [4, S, 8], [4, S, 8]) -> DotProductAttention(dropout=0.1) with position=[4, T, S]    # [4, T, 8]
    """

    causal: bool = False
    scale: Real | None = None
    dropout: Probability = 0.0

    def shape(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, position: Tensor | None = None
    ) -> Tensor:
        for port, x in (("q", q), ("k", k), ("v", v)):
            need_rank(self, x, range(3, 17), "[..., heads, T, e]", port)
            need_float(self, x, port)
        if not q.rank == k.rank == v.rank:
            raise Mistake("E0302", f"q, k and v of {self.name} have {q.rank}, {k.rank} and {v.rank} axes", "k")
        self._same(q.sizes[:-3], k.sizes[:-3], "k", "batches of queries and keys")
        self._same(k.sizes[:-1], v.sizes[:-1], "v", "keys and values")
        self._same(q.sizes[-1:], k.sizes[-1:], "k", "widths of queries and keys")
        heads, served = q.sizes[-3], k.sizes[-3]
        title = f"{brief(served)} heads of keys do not divide {brief(heads)} heads of queries"
        need_divisor(self, served, heads, title, "k", "heads")
        if differ(served, heads) is False and not same(served, heads):
            self._same((served,), (heads,), "k", "heads of keys and queries")
        scores = (*q.sizes[:-1], k.sizes[-2])
        if self.causal is True:
            self._same(scores[-2:-1], scores[-1:], "k", "with `causal`, lengths of queries and keys")
        if mask is not None:
            need_bool(self, mask, "mask")
            self._fits(self._mask_sizes(mask, q), scores, mask, "mask")
        if position is not None:
            need_float(self, position, "position", helps=("a table of numbers, as `RelativeBias` makes",))
            self._fits(position.sizes, scores, position, "position")
        return Tensor((*q.sizes[:-1], v.sizes[-1]))

    def _same(self, a: Shape, b: Shape, at: str, what: str) -> None:
        for x, y in zip(a, b, strict=True):
            if not same(x, y):
                raise Mistake(
                    "E0311",
                    f"{what} differ: {brief(x)} and {brief(y)}",
                    at,
                    f"{brief(y)}, not {brief(x)}",
                )

    def _fits(self, sizes: Shape, scores: Shape, x: Tensor, at: str) -> None:
        title = f"`{at}` {shown(x)} does not fit scores {shown(Tensor(scores))}"
        if len(sizes) > len(scores):
            raise Mistake("E0302", title[:80], at, f"{x.rank} axes for {len(scores)}")
        need_broadcast(sizes, scores, title[:80], at)

    def _mask_sizes(self, mask: Tensor, q: Tensor) -> Shape:
        """A mask [B, S] or [B, T, S] with the axes that it lacks."""
        if q.rank == 4 and mask.rank in (2, 3):
            return (mask.sizes[0], *(1,) * (4 - mask.rank), *mask.sizes[1:])
        return mask.sizes

    def flops(self, q: Tensor, k: Tensor, v: Tensor, *sides: Tensor | None) -> Size:
        return 2 * numel(q.sizes[:-1]) * k.sizes[-2] * (q.sizes[-1] + v.sizes[-1])

    def dependence(
        self, q: Traced, k: Traced, v: Traced, mask: Traced | None = None, position: Traced | None = None
    ) -> Steps:
        lead = [f".{i}" for i in range(q.rank - 3)]
        grouped = not same(q.type.sizes[-3], k.type.sizes[-3])
        keys = [*lead, "g" if grouped else "h", "s"]
        why = "steps up to t" if self.causal else "not causal"
        triangle = Triangle(q.rank - 2, q.rank - 1, zero=True) if self.causal else None
        scores = Traced(Tensor((*q.type.sizes[:-1], k.type.sizes[-2])), Steps(triangle=triangle))
        rows = [*lead, "h", "t", "s"]
        given = [(scores, rows), (q, [*lead, "h", "t", "e"]), (k, [*keys, "e"]), (v, [*keys, "f"])]
        for side in (mask, position):
            if side is not None:
                rank = len(self._mask_sizes(side.type, q.type)) if side is mask else side.rank
                steps = inserted(side, 1, rank - side.rank) if rank > side.rank else side.steps
                given.append((Traced(Tensor((1,) * rank), steps), rows[len(rows) - rank :]))
        return summed(given, [*lead, "h", "t", "f"], why).because(why)

    def torch(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, position: Tensor | None = None
    ) -> Code:
        keep: Expression | None = None
        if mask is not None:
            keep = Input(3)
            if q.rank == 4 and mask.rank in (2, 3):
                keep = Subscript(keep, (Cut(), *(None,) * (4 - mask.rank)))
        options: dict[str, Any] = {}
        if (mask is not None) + (position is not None) + self.causal > 1:
            function = "attend"
            given = {"mask": keep, "position": None if position is None else Input(4), "causal": self.causal or None}
            options = {name: value for name, value in given.items() if value is not None}
        else:
            function = "F.scaled_dot_product_attention"
            if mask is not None or position is not None:
                options["attn_mask"] = keep if mask is not None else Input(4)
            if self.causal:
                options["is_causal"] = True
        if self.dropout:
            options["dropout_p"] = Infix("*", self.dropout, Training())
        if self.scale is not None:
            options["scale"] = self.scale
        if not same(q.sizes[-3], k.sizes[-3]):
            options["enable_gqa"] = True
        return apply(function, X, Y, Z, **options)

    def onnx(self, g: Onnx, q: Wire, k: Wire, v: Wire, mask: Wire | None = None, position: Wire | None = None) -> str:
        keep = None if mask is None else mask.name
        if mask is not None and q.rank == 4 and mask.rank in (2, 3):
            keep = g.unsqueeze(mask, *range(1, 5 - mask.rank))
        return g.attend(q, k, v, keep, position, self.causal, self.scale)

    def because(self, output: Tensor, *inputs: Tensor | None) -> str:
        return "values weighted for each query"


class CausalMask(Operator, kind="attention"):
    """Scores of keys after the query become minus infinity, so that a softmax gives them 0.

    [2, 8, 10, 10] -> CausalMask    # [2, 8, 10, 10]
    [B, h, T, T] -> CausalMask    # [B, h, T, T]
    """

    def shape(self, x: Tensor) -> Tensor:
        need_rank(self, x, range(2, 17), "scores [..., T, T]", "x")
        need_float(self, x, "x")
        queries, keys = x.sizes[-2:]
        if not same(queries, keys):
            raise Mistake(
                "E0311",
                f"`CausalMask` wants as many keys as queries, got {brief(keys)} and {brief(queries)}",
                "x",
                "which key is the query's own is not known",
            )
        return x

    def dependence(self, x: Traced) -> Steps:
        if x.steps.everything or x.steps.order:
            return x.steps
        return made(dict(x.steps.at), x.steps.exact, Triangle(x.rank - 2, x.rank - 1), "keys up to the query")

    def torch(self, x: Tensor) -> Code:
        ones = apply("torch.ones", *x.sizes[-2:], dtype=Global("torch.bool"), device=Attr(X, "device"))
        return method(X, "masked_fill", method(ones, "triu", 1), Prefix("-", Global("torch.inf")))

    def onnx(self, g: Onnx, x: Wire) -> str:
        return g.op("Where", g.later(*x.sizes[-2:]), g.number(float("-inf")), x)


class PaddingMask(Operator, kind="attention"):
    """Scores of keys that the mask [B, S] does not keep become the least number there is: a softmax gives them 0,
    and a query without any key gives no NaN. Without a mask nothing happens.

    [2, 8, 10, 12] -> PaddingMask with [2, 12] bool    # [2, 8, 10, 12]
    [B, h, T, S] -> PaddingMask with mask=[B, S] bool    # [B, h, T, S]
    [B, S] -> PaddingMask with [B, S] bool    # [B, S]
    [B, T, S] -> PaddingMask    # [B, T, S]
    """

    def shape(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        need_rank(self, x, range(2, 17), "scores [B, ..., S]", "x")
        need_float(self, x, "x")
        if mask is not None:
            need_bool(self, mask, "mask")
            need_rank(self, mask, range(2, 3), "a mask [B, S]", "mask")
            ends = (x.sizes[0], x.sizes[-1])
            title = f"`mask` {shown(mask)} does not fit scores {shown(x)}"
            need_broadcast(mask.sizes, ends, title[:80], "mask")
        return x

    def dependence(self, x: Traced, mask: Traced | None = None) -> Steps:
        if mask is None:
            return x.steps
        last = moved(mask.steps, lambda axis: axis and x.rank - 1)
        return pointwise(x, Traced(x.type, last), keeps="low")

    def torch(self, x: Tensor, mask: Tensor | None = None) -> Code:
        if mask is None:
            return X
        lacking = x.rank - 2
        keep = Subscript(Y, (Cut(), *(None,) * lacking)) if lacking else Y
        least = Attr(apply("torch.finfo", Attr(X, "dtype")), "min")
        return method(X, "masked_fill", Prefix("~", keep), least)

    def onnx(self, g: Onnx, x: Wire, mask: Wire | None = None) -> str:
        if mask is None:
            return x.name
        return g.op("Where", g.unsqueeze(mask, *range(1, x.rank - 1)), x, g.number(-3.4028234663852886e38))
