"""Models as JSON: an equal model comes back, and nothing else is read."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
import shipped
from hypothesis import given
from hypothesis import strategies as st

from dslnet.build import check_program, read_program
from dslnet.diagnostics import Report
from dslnet.exchange import Unreadable, decode, dim_text, encode, read_dim
from dslnet.graph import Model
from dslnet.ops import OPERATORS
from dslnet.ops.arithmetic import SIGNS
from dslnet.seals import unchanged
from dslnet.shape import UNKNOWN, Dim, free
from dslnet.targets.json import json_schema, read, read_json, write_json
from dslnet.targets.provenance import portable
from dslnet.targets.python import emit

ROOT = Path(__file__).parent.parent
SPECS = sorted((ROOT / "specs").glob("*.net"))

SMALL = """\
block Half(width):
  input x: [B, C, H, W]
  require: H % 2 == 0
  - Conv(width, 3, stride=2) -> ReLU

## A small net.
## paper: None, 2024
model Small(classes=10, depths=[1, 2]):
  input image: [B, 3, H, W]
  require: H % 32 == 0
  input flags: [B] bool
  param scale: [classes] = Normal(0.02)
  - Half(8)
  - repeat d in depths: Conv(8, 3) -> BatchNorm
  - GlobalAvgPool
  output logits: Linear(classes)
  output scaled: logits * scale
"""


def models(path: Path) -> dict[str, Model]:
    report = Report()
    program = read_program(path, report)
    assert program is not None
    found = check_program(program, report)
    assert not report.errors
    return found


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "small.net"
    path.write_text(SMALL)
    (model,) = models(path).values()
    text = write_json(model)
    assert read_json(text) == portable(model)[0]
    assert write_json(read_json(text)) == text
    assert text.isascii() and unchanged(text.encode())
    assert not unchanged(text.replace("Small", "Smell").encode())


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_round_trip_of_shipped_specs(path: Path) -> None:
    for model in models(path).values():
        assert read_json(write_json(model)) == portable(model)[0]


@pytest.mark.parametrize("name", shipped.goldens())
def test_the_source_of_a_file_is_that_of_the_spec(name: str) -> None:
    """The file knows what the numbers are called and what the text says, so that both name parameters alike."""
    file, _, model = name.partition(":")
    net = shipped.net(file)
    graph = net[model].graph()
    for sources in (None, net._program.report.sources):
        text = write_json(graph, sources)
        again, found = read(text)
        assert bool(found) == bool(sources)
        assert emit(again, found or None) == emit(graph, sources)
        assert write_json(again, found) == text


def test_a_file_does_not_say_where_it_was_made(tmp_path: Path) -> None:
    """The same bytes from two folders, and however the spec was named; imports keep their names below it."""
    written = []
    for folder in ("one", "two/deep"):
        (tmp_path / folder / "parts").mkdir(parents=True)
        (tmp_path / folder / "parts" / "half.net").write_text(SMALL.partition("## A small net")[0])
        main = tmp_path / folder / "small.net"
        main.write_text('use Half from "parts/half.net"\n' + SMALL[SMALL.index("## A small net") :])
        report = Report()
        program = read_program(main, report)
        assert program is not None
        (model,) = check_program(program, report).values()
        written.append(write_json(model, report.sources))
    assert written[0] == written[1]
    assert str(tmp_path) not in written[0]
    assert list(json.loads(written[0])["sources"]) == ["parts/half.net", "small.net"]


@pytest.mark.parametrize(
    "change",
    [
        {"sources": []}, {"sources": {"a.net": 1}}, {"origins": []}, {"origins": {"spans": [], "sizes": [0]}},
        {"origins": {"spans": [], "sizes": [1, 5]}}, {"origins": {"spans": [["a", 5, 2]], "sizes": []}},
        {"origins": {"spans": [], "sizes": [0, -1]}}, {"origins": {"spans": [], "sizes": [0, True]}},
        {"origins": {"spans": [], "sizes": [0, "1"]}},
    ],
)  # fmt: skip
def test_what_is_beside_the_model_is_read_strictly(change: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "small.net").write_text(SMALL)
    (model,) = models(tmp_path / "small.net").values()
    whole = json.loads(write_json(model))
    with pytest.raises(Unreadable):
        read_json(json.dumps({**whole, **change}))


def test_origins_of_another_graph_only_name(tmp_path: Path) -> None:
    """A file whose model was edited is read: what it computes is not what its numbers were called."""
    (tmp_path / "small.net").write_text(SMALL)
    (model,) = models(tmp_path / "small.net").values()
    whole = json.loads(write_json(model))
    whole["origins"]["sizes"] = [1, 1, -1, 2, 0, 3, 2, 900_000_000_000]
    assert read_json(json.dumps(whole)) == portable(model)[0]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"format": 1}', '{"format": 2, "model": {}}', '{"format": 1, "model": {}}', "[" * 9999],
)
def test_other_texts(text: str) -> None:
    with pytest.raises(ValueError):
        read_json(text)


def test_the_schema_is_current() -> None:
    """`python -c 'from dslnet.targets.json import *; print(json_schema(), end="")' > docs/model.schema.json`"""
    assert (ROOT / "docs" / "model.schema.json").read_text(encoding="utf-8") == json_schema()
    definitions = json.loads(json_schema())["$defs"]
    assert {"Definition", "Node", "Region", "Instance"} <= set(definitions)


# ------------------------------------------------------------------------------------------------- values

B, H, W = free("B"), free("H"), free("W")
EVEN, ODD = free("E"), free("O")
EVEN.symbol().divides(32)  # type: ignore[union-attr]
ODD.symbol().divides(2, 1)  # type: ignore[union-attr]
SYMBOLS = {name: symbol for size in (B, H, W, EVEN, ODD) for name, symbol in size.symbols().items()}

sizes = st.recursive(
    st.one_of(st.integers(-9, 9), st.sampled_from([B, H, W, EVEN, ODD])),
    lambda inner: st.one_of(
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: a - b, inner, inner),
        st.builds(lambda a, b: a * b if _degree(a) + _degree(b) <= 4 else a, inner, inner),
        st.builds(lambda a, n: a // n, inner, st.integers(1, 12)),
        st.builds(lambda a, n: a % n, inner, st.integers(1, 12)),
    ),
    max_leaves=8,
)


def _degree(size: object) -> int:
    return max((sum(p for _, p in m) for m in size.terms), default=0) if isinstance(size, Dim) else 0


@given(sizes)
def test_sizes(size: Dim | int) -> None:
    text = dim_text(size) if isinstance(size, Dim) else str(size)
    assert read_dim(text, SYMBOLS) == size
    assert decode(json.loads(json.dumps(encode(size))), SYMBOLS) == size


def test_unknown_and_fractions() -> None:
    assert read_dim(dim_text(UNKNOWN), {}) is UNKNOWN
    half = (ODD + 1) // 2
    assert isinstance(half, Dim) and Fraction(1, 2) in half.terms.values()
    assert read_dim(dim_text(half), SYMBOLS) == half


@pytest.mark.parametrize(
    "text",
    [
        "", "Z", "__import__('os')", "H.real", "H[0]", "H if H else W", "lambda: H", "H and W", "H // 0", "H ** 99",
        "H ** W", "1.5", "'H'", "True", "H; W", "f(H)", "1/2", "(H for H in W)", "(" * 500 + "H" + ")" * 500,
        "H" * 200_000,
    ],
)  # fmt: skip
def test_sizes_are_arithmetic_and_nothing_else(text: str) -> None:
    if text == "1/2":
        assert isinstance(read_dim(text, SYMBOLS), Dim)  # exact, but no size that a model could hold
        return
    with pytest.raises(Unreadable):
        read_dim(text, SYMBOLS)


@pytest.mark.parametrize(
    "data",
    [
        {"op": "Nothing", "arguments": {}},
        {"op": "Linear", "arguments": {}},
        {"op": "Linear", "arguments": {"out_features": "8"}},
        {"op": "Linear", "arguments": {"out_features": 8, "more": 1}},
        {"op": "Linear", "arguments": {"out_features": 8}, "more": 1},
        {"dim": "H", "more": 1},
        {"__class__": "os"},
        {},
    ],
)
def test_values_are_closed(data: object) -> None:
    with pytest.raises(Unreadable):
        decode(data, SYMBOLS)


def test_values() -> None:
    linear = OPERATORS["Linear"](out_features=H // 2, bias=False)
    plus = SIGNS["+"](right=H)
    for value in (None, True, 3, 2.5, "x", (1, (2, "y")), H * W, linear, plus, {"h": H}):
        back = decode(json.loads(json.dumps(encode(value))), SYMBOLS)
        assert back == value and type(back) is type(value)
    with pytest.raises(TypeError):
        encode(object())
