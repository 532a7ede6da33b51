"""Text to tree: the grammar, the tables, what each construct becomes."""

from __future__ import annotations

import gc
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dslnet import grammar, kinds
from dslnet.decode import decode
from dslnet.diagnostics import Report
from dslnet.lexer import lex
from dslnet.limits import DEFAULT
from dslnet.parse import parse
from dslnet.source import Source, Span
from dslnet.syntax import (
    Argument,
    Attribute,
    Bad,
    Binary,
    BoxRef,
    Call,
    Choice,
    Conditional,
    Constant,
    Declaration,
    Definition,
    Ellipsis,
    Expression,
    Flow,
    Index,
    Item,
    Lane,
    List,
    Literal,
    Nest,
    Paren,
    Pipeline,
    Ref,
    Repeat,
    Side,
    Spec,
    Structure,
    Suite,
    Unary,
    Use,
    Valued,
    Wrap,
)

SPECS = sorted((Path(__file__).parent.parent / "specs").rglob("*.net"))

#: Every construct of the language in one file.
EVERYTHING = """\
# Everything once.
use GPT2, ResNet50 as Deep from "gpt2.net"
use ViT from specs.vit
use python Wavelet from "pkg.layers"

width: 64

## A preset.
model Big: GPT2(d=1024)

block Empty(): Linear(3)

## Caption.
## params: 3
block Piece(size, Act=GELU, ff=4 * size,):
  input x: [..., d]
  input mask: [B, K] bool = none
  input ids: [B, T] long < size
  param w: [d] = Normal(0.02)
  require: d % size == 0 and not (size > 9 or size == -1)
  a: x -> Linear(2 ** 3 ** 2)
  layer:
    - Norm(eps=1e-5) -> (Conv(1) if size != 3 else Identity)
  b: x ->
    ## The merge.
    - concat(axis=1):
        | Identity
        | down: if size > 1:
            - 0: Conv(1)
            - "Layer-Norm": LayerNorm
        | each i in [1, 2]: Pool(i) -> Tanh
          -> ReLU
  - main: repeat i in size: residual: Box(i // 2)
  - if size == 1: A
  - elif size == 2: B
  - else: C
  - MoE(8, top=2): SwiGLU(ff)
  - (a, b.state[0]) -> Attention(8) to (x, mask=mask) -> D by w -> E to -1
  loss l: -0.5 * (1 + a - b ** 2) @ a -> Sum   # trailing
  output y
  output z: (-a) * f(x, [])
"""


def read(text: str) -> tuple[Spec, Report]:
    report = Report()
    return parse(Source("test.net", text), report), report


def sound(text: str) -> Spec:
    spec, report = read(text)
    assert not report.diagnostics, report.diagnostics
    return spec


def bare(node: Any) -> Any:
    """A tree as tuples, without its places."""
    if isinstance(node, tuple) and not isinstance(node, Span):
        return tuple(bare(item) for item in node)
    if is_dataclass(node):
        parts = [bare(getattr(node, f.name)) for f in fields(node) if not f.name.endswith("span")]
        return (type(node).__name__, *parts)
    return node


def value(text: str) -> Expression:
    """The tree of an expression."""
    definition = sound(f"block A:\n  loss y: {text}\n").statements[0]
    assert isinstance(definition, Definition) and isinstance(definition.body, Suite)
    line = definition.body.statements[0]
    assert isinstance(line, Declaration) and isinstance(line.body, Valued)
    return line.body.value


def shown(node: Any) -> str:
    """An expression with all its parentheses."""
    match node:
        case Literal():
            return node.text
        case Ref() | BoxRef():
            return node.name
        case Binary():
            return f"({shown(node.left)} {node.operator} {shown(node.right)})"
        case Unary():
            return f"({node.operator} {shown(node.operand)})"
        case Conditional():
            return f"({shown(node.then)} if {shown(node.condition)} else {shown(node.otherwise)})"
        case Side():
            return f"({shown(node.step)} {node.word} {shown(node.inputs)})"
        case Pipeline():
            return "(" + " -> ".join(map(shown, node.steps)) + ")"
        case Paren():
            return "<" + ", ".join(map(shown, node.arguments)) + ">"
        case Argument():
            return shown(node.value) if node.name is None else f"{node.name.text}={shown(node.value)}"
        case Call():
            return shown(node.callee) + "{" + ", ".join(map(shown, node.arguments)) + "}"
        case Attribute():
            return f"{shown(node.value)}.{node.name.text}"
        case Index():
            return f"{shown(node.value)}[{', '.join(map(shown, node.arguments))}]"
        case List():
            return "[" + ", ".join(map(shown, node.items)) + "]" + (f" {node.dtype.text}" if node.dtype else "")
        case Ellipsis():
            return "..."
    raise AssertionError(node)


# ---------------------------------------------------------------------------------------------------- grammar


def test_the_grammar_is_strictly_lalr() -> None:
    pytest.importorskip("lark")
    pytest.importorskip("interegular")
    grammar.load(strict=True)


def test_the_tables_are_those_of_the_grammar() -> None:
    pytest.importorskip("lark")
    assert grammar.TABLES.read_text(encoding="utf-8") == grammar.generate(), "run `python -m dslnet.grammar`"


@pytest.mark.parametrize("text", [EVERYTHING, *(path.read_text() for path in SPECS)])
def test_our_lexer_finds_what_larks_finds(text: str) -> None:
    pytest.importorskip("lark")
    theirs = [(kinds.KINDS[token.type], str(token), token.end_pos) for token in grammar.load().lex(text)]
    lexed = lex(text)
    ours = [
        (kind, word, end)
        for kind, word, end in zip(lexed.kinds, lexed.words, lexed.ends, strict=True)
        if kind not in (kinds.LINE_END, kinds.COMMENT, kinds.BLANK)
    ]
    assert ours == theirs


def test_reading_needs_no_lark() -> None:
    code = "import sys, dslnet.parse, dslnet.format; print('lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# ------------------------------------------------------------------------------------------------ expressions


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b -> Norm", "((a + b) -> Norm)"),
        ("a + b * c - d", "((a + (b * c)) - d)"),
        ("a * b // c % d @ e", "((((a * b) // c) % d) @ e)"),
        ("-a ** b", "(- (a ** b))"),
        ("a ** -b", "(a ** (- b))"),
        ("a ** b ** c", "(a ** (b ** c))"),
        ("not a == b and c or d", "(((not (a == b)) and c) or d)"),
        ("a or b if c else d if e else f", "((a or b) if c else (d if e else f))"),
        ("A with b.c * d", "((A with b.c) * d)"),
        ("A by b -> C to (d, e=f)", "((A by b) -> (C to <d, e=f>))"),
        ("A to -1", "(A to (- 1))"),
        ("(a -> B) * c", "(<(a -> B)> * c)"),
        ("(a, b,) -> C", "(<a, b> -> C)"),
        ("x -> [B, ..., 2 * H] long", "(x -> [B, ..., (2 * H)] long)"),
        ("f(a, B, k=c -> D)[0].e", "f{a, B, k=(c -> D)}[0].e"),
        ("[[1], []]", "[[1], []]"),
        ("block + model", "(block + model)"),
    ],
)
def test_precedence(text: str, tree: str) -> None:
    assert shown(value(text)) == tree


@pytest.mark.parametrize(
    ("text", "number"),
    [("3", 3), ("0.5", 0.5), ("2e-4", 2e-4), ("1.5e+3", 1500.0), ("007", 7), (str(2**63 - 1), 2**63 - 1)],
)
def test_numbers(text: str, number: float) -> None:
    found = value(text)
    assert isinstance(found, Literal) and found.value == number and type(found.value) is type(number)
    assert found.text == text


@pytest.mark.parametrize(
    ("text", "meant"), [('"a b"', "a b"), (r'"\"\\n"', '"\\n'), ('"é # ->"', "é # ->"), ('""', "")]
)
def test_strings(text: str, meant: str) -> None:
    found = value(text)
    assert isinstance(found, Literal) and found.value == meant


def test_constants() -> None:
    assert [item.value for item in value("[true, false, none]").items] == [True, False, None]  # type: ignore[union-attr]


# -------------------------------------------------------------------------------------------------- statements


def test_everything() -> None:
    spec = sound(EVERYTHING)
    use, dotted, python, constant, preset, empty, piece = spec.statements
    assert isinstance(use, Use) and [n.local.text for n in use.names] == ["GPT2", "Deep"] and use.origin == "gpt2.net"
    assert isinstance(dotted, Use) and dotted.dotted and dotted.origin == "specs.vit"
    assert isinstance(python, Use) and python.python and python.origin == "pkg.layers"
    assert isinstance(constant, Constant) and constant.name.text == "width"
    assert isinstance(preset, Definition) and preset.doc == ("A preset.",) and isinstance(preset.body, Valued)
    assert isinstance(empty, Definition) and empty.parameters == ()
    assert isinstance(piece, Definition) and piece.doc == ("Caption.", "params: 3") and piece.word == "block"
    assert [p.name.text for p in piece.parameters] == ["size", "Act", "ff"]
    assert isinstance(piece.body, Suite)
    lines = piece.body.statements
    mask = lines[1]
    assert isinstance(mask, Declaration) and isinstance(mask.body, Valued) and mask.body.default is not None
    assert [word.text for word in mask.key.words] == ["input", "mask"]
    flow = lines[7]
    assert isinstance(flow, Declaration) and isinstance(flow.body, Flow)
    merge = flow.body.suite.statements[0]
    assert isinstance(merge, Item) and merge.doc == ("The merge.",) and isinstance(merge.body, Nest)
    assert isinstance(merge.body.combinator, Structure) and len(merge.body.combinator.arguments) == 1
    assert isinstance(merge.body.body, Suite)
    lanes = merge.body.body.statements
    assert all(isinstance(lane, Lane) for lane in lanes) and len(lanes) == 3
    down = lanes[1]
    assert isinstance(down, Lane) and isinstance(down.body, Nest) and isinstance(down.body.combinator, Choice)
    assert isinstance(down.body.body, Suite)
    keys = [item.key for item in down.body.body.statements if isinstance(item, Item)]
    assert [(k.words[0].text, k.quoted, k.number) for k in keys if k] == [
        ("0", True, True),
        ("Layer-Norm", True, False),
    ]
    each = lanes[2]
    assert isinstance(each, Lane) and isinstance(each.body, Nest) and isinstance(each.body.combinator, Repeat)
    assert isinstance(each.body.body, Valued) and isinstance(each.body.body.value, Pipeline)
    assert len(each.body.body.value.steps) == 3
    main = lines[8]
    assert isinstance(main, Item) and isinstance(main.body, Nest) and isinstance(main.body.body, Nest)
    assert isinstance(lines[12], Item) and isinstance(lines[12].body, Nest)
    assert isinstance(lines[12].body.combinator, Wrap)
    export = lines[15]
    assert isinstance(export, Declaration) and export.body is None
    assert [c.text for c in spec.comments if c.trailing] == ["# trailing"]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_shipped_specs_are_sound(path: Path) -> None:
    sound(path.read_text(encoding="utf-8"))


def test_spans_are_the_text_of_their_nodes() -> None:
    spec = sound(EVERYTHING)
    waiting: list[Any] = list(spec.statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple) and not isinstance(node, Span):
            waiting += node
        elif is_dataclass(node):
            text = EVERYTHING[node.span.start : node.span.end] if hasattr(node, "span") else ""
            assert text == text.strip()
            if isinstance(node, Literal):
                assert text == node.text
            if isinstance(node, Ref | BoxRef):
                assert text == node.name
            waiting += [getattr(node, f.name) for f in fields(node)]


def test_crlf_and_tabs_between_words_change_nothing() -> None:
    plain = bare(sound(EVERYTHING).statements)
    assert bare(sound(EVERYTHING.replace("\n", "\r\n")).statements) == plain
    assert bare(sound(EVERYTHING.replace(" -> ", "\t->\t")).statements) == plain
    assert bare(sound(EVERYTHING.rstrip("\n")).statements) == plain


def test_a_doc_comment_documents_the_next_statement_only() -> None:
    spec = sound("## no\nuse A from b\n## yes\n# plain\nblock B:\n  ## step\n  - A\n    ## inside\n    -> C\n  - D\n")
    definition = spec.statements[1]
    assert isinstance(definition, Definition) and definition.doc == ("yes",)
    assert isinstance(definition.body, Suite)
    assert [s.doc for s in definition.body.statements if not isinstance(s, Bad)] == [("step",), ()]
    assert len(spec.comments) == 5


# ---------------------------------------------------------------------------------------------------- process


def test_the_garbage_collector_is_left_as_it_was() -> None:
    for on in (True, False):
        (gc.enable if on else gc.disable)()
        try:
            sound(EVERYTHING)
            assert gc.isenabled() is on
        finally:
            gc.enable()


def test_threads_share_nothing() -> None:
    wanted = bare(sound(EVERYTHING).statements)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: bare(sound(EVERYTHING).statements), range(64)))
    assert all(tree == wanted for tree in found)


# ------------------------------------------------------------------------------------------------- any text

_PIECES = (
    "( ) [ ] : , . ... = == < ** // -> - | + @ A b 3 4.5 1e9 \" ' # ## é → § \\ \t \r\n \n use from as repeat each"
    " in if elif else with by to and or not true none long residual concat scan block model input output True"
).split(" ") + [" ", "\n", "\n  ", "\n      ", "\n  - ", "\n      | ", ":\n      - ", "(\n    "]


def check(text: str) -> None:
    """A result or diagnostics inside the file; nothing else, whatever the text."""
    spec, report = read(text)
    lines = set()
    for found in report.diagnostics:
        spans = [found.primary.span, *(label.span for label in found.secondary)]
        spans += [edit.span for help in found.helps for edit in help.edits]
        assert all(0 <= span.start <= span.end <= len(text) for span in spans), found
        assert len(found.title) <= 80 and len(found.primary.text) < 50, found
        line = spec.source.position(found.primary.span.start)[0]
        assert line not in lines, "two diagnostics on a line"
        lines.add(line)
    assert report.diagnostics or not any(isinstance(top, Bad) for top in spec.statements)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(_PIECES), max_size=60).map("".join))
def test_any_words(text: str) -> None:
    check(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    check(text)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    report = Report()
    source = decode("bytes.net", data, report, DEFAULT)
    assert (source is None) == bool(report.diagnostics)
    for found in report.diagnostics:
        text = report.sources["bytes.net"].text
        assert 0 <= found.primary.span.start <= found.primary.span.end <= len(text)
    if source is not None:
        check(source.text)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([EVERYTHING, *(path.read_text() for path in SPECS)]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(["", *_PIECES])), min_size=1, max_size=6),
)
def test_damaged_specs(text: str, damage: list[tuple[float, int, str]]) -> None:
    for place, size, piece in damage:
        start = int(place * len(text))
        text = text[:start] + piece + text[start + size :]
    check(text)
