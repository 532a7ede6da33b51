"""Properties of any text and of any size.

Any bytes give a result or diagnostics inside the file, never another exception; polynomials with `//` and `%` compute
what Python's whole numbers compute. The counts are for every run; `DSLNET_EXAMPLES=100` makes them a hundred times.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from checking import check_text, inside
from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st

from dslnet.shape import (
    Dim,
    Size,
    Symbol,
    bounds,
    compare,
    evaluate,
    free,
    quotient,
    solve,
    substitute,
)

MORE = int(os.environ.get("DSLNET_EXAMPLES", "1"))
FOLDER = Path(tempfile.mkdtemp(prefix="dslnet-"))
SPECS = sorted((Path(__file__).parent.parent / "specs").rglob("*.net"))
CASES = sorted((Path(__file__).parent / "cases").rglob("*.md"))
TEXTS = [path.read_text("utf-8") for path in SPECS]
TEXTS += [text for page in CASES for text in re.findall(r"^```net.*\n((?:.*\n)*?)```", page.read_text("utf-8"), re.M)]
TEXTS = [text for text in TEXTS if text.strip()]
TOKENS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9.]+|->|\*\*|//|[=!<>]=|\n *|[^\sA-Za-z0-9_]| +")
WORDS = sorted(
    {word for text in TEXTS for word in TOKENS.findall(text)} | {"none", "[]", "()", "...", "\t", "\x00", "é"}
)


def profile(count: int) -> settings:
    return settings(
        phases=[p for p in Phase if p is not Phase.explain],
        max_examples=count * MORE, derandomize=MORE == 1, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def ends_well(text: str | bytes) -> None:
    report, models = check_text(text, FOLDER)
    inside(report)
    assert models or report.diagnostics or True
    assert not (report.errors and models and not report.diagnostics)


# ------------------------------------------------------------------------------------------------- any text


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf")
@profile(150)
def test_any_bytes(data: bytes) -> None:
    ends_well(data)


@given(st.text(max_size=200))
@profile(150)
def test_any_text(text: str) -> None:
    ends_well(text)


@given(st.lists(st.sampled_from(WORDS), max_size=60).map("".join))
@profile(150)
def test_any_words(text: str) -> None:
    ends_well(text)


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=40).map("".join))
@profile(150)
def test_any_body(text: str) -> None:
    ends_well("model M(n=3):\n  input x: [B, T, 4]\n  - " + text.replace("\n", "\n  ") + "\n")


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A valid text with a few of its tokens or lines deleted, doubled, swapped or replaced."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        parts = text.splitlines(keepends=True) if draw(st.booleans()) else TOKENS.findall(text)
        if not parts:
            break
        i, j = draw(st.integers(0, len(parts) - 1)), draw(st.integers(0, len(parts) - 1))
        match draw(st.sampled_from(["delete", "double", "swap", "replace", "move", "cut"])):
            case "delete":
                del parts[i]
            case "double":
                parts.insert(i, parts[i])
            case "swap":
                parts[i], parts[j] = parts[j], parts[i]
            case "replace":
                parts[i] = draw(st.sampled_from(WORDS)) + ("\n" if parts[i].endswith("\n") else "")
            case "move":
                parts.insert(j, parts.pop(i))
            case "cut":
                del parts[min(i, j) : min(i, j) + abs(i - j) % 8]
        text = "".join(parts)
    return text


@given(mutated())
@profile(300)
def test_any_mutation(text: str) -> None:
    ends_well(text)


# -------------------------------------------------------------------------------------------------- any size

SYMBOLS = ("H", "W", "n")


@st.composite
def symbols(draw: st.DrawFn) -> dict[str, Dim]:
    """Free sizes, some with a fact."""
    made = {}
    for name in SYMBOLS:
        size = free(name)
        symbol = size.symbol()
        assert isinstance(symbol, Symbol)
        if draw(st.booleans()):
            multiple = draw(st.integers(1, 12))
            assert symbol.divides(multiple, draw(st.integers(0, multiple - 1)))
        if draw(st.booleans()):
            symbol.low = draw(st.integers(1, 20))
        if draw(st.booleans()):
            symbol.high = symbol.low + draw(st.integers(12, 60))
        made[name] = size
    return made


Tree = tuple[str, object, object]


def trees() -> st.SearchStrategy[object]:
    leaf: st.SearchStrategy[object] = st.one_of(st.sampled_from(SYMBOLS), st.integers(-20, 20))
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.tuples(st.sampled_from("+-*"), inner, inner),
            st.tuples(st.sampled_from(["//", "%"]), inner, st.integers(1, 12)),
            st.tuples(st.sampled_from(["//", "%"]), inner, inner),
        ),
        max_leaves=8,
    )


def compute(tree: object, values: dict[str, Size] | dict[str, int]) -> Size:
    """The tree with sizes for its names: symbols make a polynomial, numbers make a number."""
    if isinstance(tree, str):
        return values[tree]
    if not isinstance(tree, tuple):
        assert isinstance(tree, int)
        return tree
    sign, left, right = tree
    a, b = compute(left, values), compute(right, values)
    match sign:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "//":
            return quotient(a, b)
    return a % b


def some(draw: st.DrawFn, known: dict[str, Dim]) -> dict[str, int]:
    """Values that keep the facts."""
    values = {}
    for name, size in known.items():
        symbol = size.symbol()
        assert symbol is not None
        value = draw(st.integers(symbol.low, symbol.high or symbol.low + 60))
        value -= (value - symbol.remainder) % symbol.multiple
        assume(value >= symbol.low)
        values[name] = value
    return values


@given(st.data())
@profile(250)
def test_sizes_compute_what_whole_numbers_compute(data: st.DataObject) -> None:
    known = data.draw(symbols())
    tree = data.draw(trees())
    try:
        size = compute(tree, known)
    except ZeroDivisionError:
        assume(False)
    values = some(data.draw, known)
    try:
        expected = compute(tree, values)
    except ZeroDivisionError:
        assume(False)
    assert evaluate(size, values) == expected
    low, high = bounds(size)
    assert (low is None or low <= expected) and (high is None or expected <= high)
    halves = {name: value for name, value in values.items() if data.draw(st.booleans())}
    assert evaluate(substitute(size, halves), values) == expected
    if isinstance(size, Dim):
        assert str(size) and size == compute(tree, known) and hash(size) == hash(compute(tree, known))


@given(st.data())
@profile(120)
def test_comparisons_hold(data: st.DataObject) -> None:
    known = data.draw(symbols())
    left, right = data.draw(trees()), data.draw(trees())
    values = some(data.draw, known)
    try:
        a, b = compute(left, known), compute(right, known)
        x, y = compute(left, values), compute(right, values)
    except ZeroDivisionError:
        assume(False)
    order = compare(a, b)
    assert order is None or order == (x > y) - (x < y)  # type: ignore[operator]
    assert a != b or x == y


@given(st.data())
@profile(120)
def test_solutions_solve(data: st.DataObject) -> None:
    known = data.draw(symbols())
    unknown = free("q")
    factor, tree = data.draw(st.integers(-6, 6)), data.draw(trees())
    value = data.draw(trees())
    values = some(data.draw, known)
    try:
        size = unknown * factor + compute(tree, known)
        target = compute(value, known)
        assume(isinstance(size, Dim))
        assert isinstance(size, Dim)
        found = solve(size, "q", target)
        if found is None:
            return
        q = evaluate(found, values)
        assert evaluate(size, {**values, "q": q}) == evaluate(target, values)
    except ZeroDivisionError:
        assume(False)
