"""Which steps of a sequence a tensor depends on: the domain of the proof that a model is autoregressive.

Enters: for each input of an operator its type and its `Steps`. Leaves: the `Steps` of what it makes. The functions
here are what the `dependence` methods of the operators are written with.

Let some axis of a tensor have index i. That it carries the sequence with shift s says: the elements at i depend on
steps up to i + s, and on none after. A shift of 0 is causal, -1 is one step late, 1 sees the future. All bounds are
from above, so what is said stays true when an axis of one element is repeated along others.

Scores of queries and keys carry the sequence in two axes. A causal mask makes all elements beyond the diagonal
constant (`Triangle`); after a softmax they are 0, so that a product with the values sums over keys up to the query
only. That is how attention written from primitives is proved.

The steps of an image are its places, row by row. Then two axes carry one sequence between them, `order`, with a shift
each, and (row, column) pairs are compared as words are in a dictionary: an element at (i, j) depends on places up to
(i + s, j + t), which is every place of a row above that. What bounds an index from above along either axis by itself
bounds the pair, so nearly every rule is the same for both; only joins compare pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from ..shape import Tensor, same


class Triangle(NamedTuple):
    """Where the index of axis `column` is more than `reach` above that of axis `row`, every element is 0 (`zero`), or
    minus infinity."""

    row: int
    column: int
    reach: int = 0
    zero: bool = False


class Steps(NamedTuple):
    """The steps that the elements of a tensor depend on.

    `at` has (axis, shift) pairs in the order of axes: an element depends on steps up to the largest index + shift.
    Negative axes are those of scans around. Without any it depends on no step. `exact` says that it depends on the
    step at that index and on no other. `everything` is any step; then `proved` says whether the operator is known to
    mix them, or is only not known to keep them apart. Where `order` names axes, they are those of `at`, and their
    shifts are compared in that order. `why` is for readers and does not count in comparisons.
    """

    at: tuple[tuple[int, int], ...] = ()
    exact: bool = True
    everything: bool = False
    proved: bool = True
    triangle: Triangle | None = None
    order: tuple[int, ...] = ()
    why: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Steps) and self[:6] == other[:6]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:6])

    @property
    def depends(self) -> bool:
        return bool(self.at) or self.everything

    @property
    def ahead(self) -> bool:
        """Whether it is known to see, or may see, later steps than its own."""
        if self.order and not self.everything:
            return self.shifts > (0,) * len(self.order)
        return self.everything or any(shift > 0 for _, shift in self.at)

    @property
    def shifts(self) -> tuple[int, ...]:
        """The shifts along the axes of `order`."""
        at = dict(self.at)
        return tuple(at[axis] for axis in self.order)

    def because(self, why: str) -> Steps:
        return self._replace(why=why)


#: What depends on no step.
NO_STEPS = Steps()


class Traced(NamedTuple):
    """An input of an operator: its type and the steps it depends on."""

    type: Tensor
    steps: Steps

    @property
    def rank(self) -> int:
        return self.type.rank


Body = Callable[[Sequence[Steps]], tuple[Steps, ...]]


def all_steps(why: str, proved: bool = True) -> Steps:
    """Any step; `why` in a few words."""
    return Steps(everything=True, exact=False, proved=proved, why=why)


def unproved(name: str, inputs: Iterable[Traced | None]) -> Steps:
    """What is known of an operator without a rule: nothing, unless no input depends on any step."""
    if any(x is not None and x.steps.depends for x in inputs):
        return all_steps(f"`{name}` has no rule for steps", proved=False)
    return NO_STEPS


#: Why nothing is known of what takes the places of an image out of their order.
MIXED = "joins rows and columns"


def raster(rows: int, columns: int) -> Steps:
    """The places of an image. What a model says at a place is of that place, which it must not have seen: so an image
    is one column ahead of what is said of it."""
    return Steps(((rows, 0), (columns, 1)), order=(rows, columns))


def made(at: Mapping[int, int], exact: bool, triangle: Triangle | None = None, why: str = "") -> Steps:
    """Steps in normal form: below a triangle the column is bounded by the row."""
    found = dict(at)
    if triangle is not None and triangle.column in found:
        bound = found.pop(triangle.column) + triangle.reach
        found[triangle.row] = max(found.get(triangle.row, bound), bound)
        exact = False
    return Steps(tuple(sorted(found.items())), exact or not found, triangle=triangle, why=why)


def join(parts: Iterable[Steps]) -> Steps:
    """What depends on whatever any of them depends on; the axes are the same."""
    at: dict[int, int] = {}
    exact = True
    seen: set[tuple[tuple[int, int], ...]] = set()
    worst: Steps | None = None
    parts = list(parts)
    orders = {part.order for part in parts if part.at and not part.everything}
    for part in parts:
        if part.everything and (worst is None or (part.proved and not worst.proved)):
            worst = part
        for axis, shift in part.at:
            at[axis] = max(at.get(axis, shift), shift)
        if part.at:
            seen.add(part.at)
            exact = exact and part.exact
    if worst is not None:
        return worst
    if not any(orders):
        return made(at, exact and len(seen) <= 1)
    if len(orders) > 1:
        return all_steps(MIXED, proved=False)
    latest = max((part for part in parts if part.order), key=lambda part: part.shifts)
    return latest._replace(exact=exact and len(seen) <= 1, triangle=None, why="")


def moved(steps: Steps, places: Callable[[int], int | None], why: str = "joins steps with others") -> Steps:
    """The same elements with their axes in other places; None where an index is no longer there to be seen."""
    if steps.everything:
        return steps
    at: dict[int, int] = {}
    for axis, shift in steps.at:
        place = axis if axis < 0 else places(axis)
        if place is None:
            return all_steps(why)
        at[place] = max(at.get(place, shift), shift)
    if len(at) < len(steps.order):
        return all_steps(MIXED, proved=False)
    order = tuple(places(axis) or 0 for axis in steps.order)
    triangle = steps.triangle
    if triangle is not None:
        row, column = places(triangle.row), places(triangle.column)
        triangle = triangle._replace(row=row, column=column) if row is not None and column is not None else None
    return made(at, steps.exact, None if order else triangle, steps.why)._replace(order=order)


def aligned(x: Traced, rank: int) -> Steps:
    """The steps of an input that is broadcast from the right to `rank` axes."""
    return moved(x.steps, lambda axis: axis + rank - x.rank)


def pointwise(*inputs: Traced | None, keeps: str = "", rank: int | None = None) -> Steps:
    """Element by element. `keeps` names what survives of a triangle in any input: "low", "zero" or both."""
    given = [x for x in inputs if x is not None]
    rank = max((x.rank for x in given), default=0) if rank is None else rank
    parts = [aligned(x, rank) for x in given]
    total = join(parts)
    kept = next((t for p in parts if (t := p.triangle) and ("zero" if t.zero else "low") in keeps), None)
    if kept is not None and not total.everything and not total.order:
        total = made(dict(total.at), total.exact, kept)
    return total.because(total.why if total.everything else "row by row")


def across(x: Traced, axes: Iterable[int], why: str = "mixes the steps") -> Steps:
    """Every element depends on all along some axes."""
    wanted = {axis % x.rank for axis in axes} if x.rank else set()
    steps = x.steps
    if steps.everything:
        return steps
    if any(axis in wanted for axis, _ in steps.at):
        return all_steps(why)
    return steps._replace(triangle=None, why="over the features")


def reduced(x: Traced, axes: Iterable[int], keep: bool = False, why: str = "joins all steps") -> Steps:
    """One number of all along some axes, which go, or stay with one element."""
    gone = {axis % x.rank for axis in axes} if x.rank else set()
    steps = across(x, gone, why)
    return steps if keep else dropped(steps, gone)


def dropped(steps: Steps, gone: Iterable[int]) -> Steps:
    """The same without some axes, which carry nothing."""
    missing = sorted(gone)
    return moved(steps, lambda axis: None if axis in missing else axis - sum(g < axis for g in missing))


def inserted(x: Traced, axis: int, count: int = 1) -> Steps:
    """The same with new axes before one."""
    return moved(x.steps, lambda a: a + count if a >= axis else a)


def shifted(steps: Steps, axis: int, by: int | None, why: str, exact: bool = True) -> Steps:
    """Index i along an axis now holds what was at i + `by`, or what was up to there; None for anywhere."""
    if steps.everything:
        return steps
    at = dict(steps.at)
    if axis not in at:
        return steps._replace(triangle=None)
    if by is None:
        return all_steps(why)
    at[axis] += by
    return made(at, steps.exact and exact, None, why)._replace(order=steps.order)


def regrouped(x: Traced, before: Sequence[tuple[str, ...]], after: Sequence[tuple[str, ...]]) -> Steps:
    """Axes split and joined by name, with the last name of an axis running fastest.

    An axis that is joined with others still bounds the steps from above: its index is at most the new one.
    """

    def place(axis: int) -> int | None:
        names = before[axis]
        if not names:
            return None
        for number, group in enumerate(after):
            for start in range(len(group) - len(names) + 1):
                if group[start : start + len(names)] == names:
                    return number
        return None

    joined = any(len(after[p]) > len(before[a]) for a, _ in x.steps.at if a >= 0 and (p := place(a)) is not None)
    steps = moved(x.steps, place, "splits the steps")
    return steps._replace(exact=False, triangle=None) if joined and not steps.everything else steps


def resized(x: Traced, output: Tensor) -> Steps:
    """Other sizes for the same numbers: axes that agree from either end are the same axes."""
    old, new = x.type.sizes, output.sizes
    left = 0
    while left < min(len(old), len(new)) and same(old[left], new[left]):
        left += 1
    right = 0
    while right < min(len(old), len(new)) - left and same(old[-1 - right], new[-1 - right]):
        right += 1
    middle = [str(i) for i in range(left, len(old) - right) if old[i] != 1]
    rest = len(new) - left - right
    before: list[tuple[str, ...]] = [(f"l{i}",) for i in range(left)]
    before += [(n,) if (n := str(i)) in middle else () for i in range(left, len(old) - right)]
    after: list[tuple[str, ...]] = [(f"l{i}",) for i in range(left)]
    spots = [i for i in range(left, len(new) - right) if new[i] != 1]
    if len(spots) == 1:
        after += [tuple(middle) if i == spots[0] else () for i in range(left, len(new) - right)]
    else:
        after += [()] * rest
    ends = [(f"r{i}",) for i in reversed(range(right))]
    return regrouped(x, [*before, *ends], [*after, *ends])


Lettered = Sequence[tuple[Traced, Sequence[str]]]


def summed(inputs: Lettered, result: Sequence[str], why: str = "sums over the steps") -> Steps:
    """A sum of products by letters, as `Einsum` has them: a letter that the result lacks is summed over."""
    place = {letter: axis for axis, letter in enumerate(result)}
    if any(x.steps.order for x, _ in inputs):
        return join([moved(x.steps, {a: place.get(n) for a, n in enumerate(names)}.get, why) for x, names in inputs])
    at: dict[int, int] = {}
    exact, kept = True, None
    worst: Steps | None = None
    for x, letters in inputs:
        if x.steps.everything:
            worst = worst or x.steps
            continue
        exact = exact and x.steps.exact
        triangle = x.steps.triangle
        if triangle is not None and triangle.zero:
            row, column = place.get(letters[triangle.row]), place.get(letters[triangle.column])
            kept = triangle._replace(row=row, column=column) if row is not None and column is not None else kept
        for axis, shift in x.steps.at:
            spot = axis if axis < 0 else place.get(letters[axis])
            if spot is None:
                bound = _below(letters[axis], inputs, place)
                if bound is None:
                    worst = worst or all_steps(why)
                    continue
                spot, reach = bound
                shift, exact = shift + reach, False
            at[spot] = max(at.get(spot, shift), shift)
    distinct = {x.steps.at for x, _ in inputs if x.steps.at}
    return worst or made(at, exact and len(distinct) <= 1, kept, _words(at, exact))


def _words(at: Mapping[int, int], exact: bool) -> str:
    if len(at) > 1:
        return "queries and keys"
    return "row by row" if exact else "steps up to t"


def _below(letter: str, inputs: Lettered, place: Mapping[str, int]) -> tuple[int, int] | None:
    """Where a letter that is summed over counts up to an index of the result only, because more is times 0."""
    for x, letters in inputs:
        triangle = x.steps.triangle
        if triangle is not None and triangle.zero and letters[triangle.column] == letter:
            row = place.get(letters[triangle.row])
            if row is not None:
                return row, triangle.reach
    return None


def product(x: Traced, y: Traced) -> Steps:
    """The matrix product of the last two axes."""

    def front(rank: int) -> list[str]:
        return [f".{i}" for i in reversed(range(max(rank - 2, 0)))]

    first = [*front(x.rank), *(["i"] if x.rank > 1 else []), "j"]
    second = [*front(y.rank), "j", *(["k"] if y.rank > 1 else [])]
    longer = front(max(x.rank, y.rank))
    result = [*longer, *(["i"] if x.rank > 1 else []), *(["k"] if y.rank > 1 else [])]
    return summed([(x, first), (y, second)], result)


def window(ahead: int | object, stride: object) -> tuple[int | None, str]:
    """How far a window that moves by `stride` reads ahead, for `shifted`, and the words for it."""
    if stride != 1:
        return None, f"moves by {stride} steps"
    if not isinstance(ahead, int):
        return None, "reads ahead"
    return ahead, f"reads {ahead} ahead" if ahead else "place by place"
