"""The renderings, character for character, from diagnostics made by hand."""

import json
import re

import pytest

from dslnet.diagnostics import Diagnostic, Edit, Help, Label, Report
from dslnet.render import FORMATS, render
from dslnet.render.characters import cells, columns, visible
from dslnet.render.text import render_diagnostic
from dslnet.source import Source, Span


class Page:
    """A source of which only some lines matter, and places in it."""

    def __init__(self, name: str, lines: dict[int, str]) -> None:
        self.source = Source(name, "\n".join(lines.get(n, "#") for n in range(1, max(lines) + 1)) + "\n")
        self.lines = lines

    def at(self, line: int, words: str, text: str = "", nth: int = 0) -> Label:
        start = -1
        for _ in range(nth + 1):
            start = self.lines[line].index(words, start + 1)
        start += self.source.starts[line - 1]
        return Label(self.source.span(start, start + len(words)), text)


VGG = Page("vgg.net", {4: "  - Flatten -> [B, 1024] -> Dropout(0.5)"})
DOWN = Page(
    "down.net",
    {
        2: "  input x: [B, C, H, W]",
        3: "  - residual:",
        5: "      - Conv(width, 3) -> BatchNorm",
        8: "  - Down(128) -> GlobalAvgPool",
    },
)
TINY = Page(
    "tiny.net",
    {
        3: "  - repeat width in [8, 16, 32]: Conv(width, 3) -> ReLU -> MaxPool(2)",
        4: "  - Conv(64, 9, padding=0) -> GlobalAvgPool",
    },
)
CAP = Page(
    "cap.net",
    {2: "  input x: [B, T, d]", 3: "  input memory: [B, S, d]", 10: "  - DecoderLayer(4) with regions"},
)
PRICE = Page(
    "price.net",
    {3: "  input base: [B]", 4: "  price: features -> Linear(1)", 5: "  output gain: price - base"},
)
TWO = Page("two.net", {4: "  - Conv(16, 3) -> ReLU -> GlobalAvgPool", 5: "  - meta -> Linear(16) -> ReLU"})
DISTILL = Page("distill.net", {5: "  teacher big: ResNet50(classes)", 7: "  soft: image -> big"})
GAN = Page(
    "gan.net",
    {
        4: "  trunk: Linear(784) -> ReLU",
        5: "  generator gen: trunk -> Linear(784) -> Tanh -> Reshape(1, 28, 28)",
        6: "  critic judge: Flatten -> trunk -> Linear(1)",
    },
)
GPT = Page(
    "gpt.net",
    {3: "  - residual: LayerNorm -> Attention(heads)", 12: "  autoregressive tokens: logits"},
)
AE = Page(
    "ae.net",
    {4: "  latent z: e -> Linear(size)", 5: "  decoder recon: (z, e) -> Concat -> Linear(784) -> Sigmoid"},
)
CLS = Page("cls.net", {3: "  target label: [B]", 5: "  loss: logits -> CrossEntropy to label"})
SOFT = Page("soft.net", {4: "  output p: Linear(10) -> Softmax", 5: "  loss: p -> CrossEntropy to label"})

VGG_TEXT = """\
error[E0303]: this is [B, 2048], not [B, 1024] as written
  --> vgg.net:4:16
4 |   - Flatten -> [B, 1024] -> Dropout(0.5)
  |     -------    ^^^^^^^^^ says 1024
  |     makes [B, 2048]
  = note: how [B, 2048] came to be
          image          [B, 3, 32, 32]   input, line 2
          repeat 0       [B, 16, 16, 16]  MaxPool(2) halves 32
          repeat 1       [B, 32, 8, 8]    MaxPool(2) halves 16
          Flatten        [B, 2048]        32 * 8 * 8
  = help: write `[B, 2048]`, or leave the assertion out
"""

VGG_DIAGNOSTIC = Diagnostic(
    "E0303",
    "this is [B, 2048], not [B, 1024] as written",
    VGG.at(4, "[B, 1024]", "says 1024"),
    (VGG.at(4, "Flatten", "makes [B, 2048]"),),
    (
        "how [B, 2048] came to be\n"
        "image          [B, 3, 32, 32]   input, line 2\n"
        "repeat 0       [B, 16, 16, 16]  MaxPool(2) halves 32\n"
        "repeat 1       [B, 32, 8, 8]    MaxPool(2) halves 16\n"
        "Flatten        [B, 2048]        32 * 8 * 8",
    ),
    (
        Help(
            "write `[B, 2048]`, or leave the assertion out",
            (Edit(VGG.at(4, "[B, 1024]").span, "[B, 2048]"),),
            True,
        ),
    ),
)

SAMPLES = [
    (VGG, VGG_DIAGNOSTIC, VGG_TEXT),
    (
        DOWN,
        Diagnostic(
            "E0311",
            "the two sides of `residual` differ: [B, 128, 16, 16] and [B, 64, 32, 32]",
            DOWN.at(3, "residual", "adds its body to its input"),
            (
                DOWN.at(2, "[B, C, H, W]", "the shortcut: [B, 64, 32, 32]"),
                DOWN.at(5, "BatchNorm", "the body: [B, 128, 16, 16]"),
                DOWN.at(8, "Down(128)", "C = 64, width = 128 here"),
            ),
            ("axis 1: 128 and 64; axes 2 and 3: 16 and 32, because line 4 has stride 2",),
            (Help("add a lane: `| Conv(width, 1, stride=2)`"),),
        ),
        """\
error[E0311]: the two sides of `residual` differ: [B, 128, 16, 16] and [B, 64, 32, 32]
  --> down.net:3:5
2 |   input x: [B, C, H, W]
  |            ------------ the shortcut: [B, 64, 32, 32]
3 |   - residual:
  |     ^^^^^^^^ adds its body to its input
...
5 |       - Conv(width, 3) -> BatchNorm
  |                           --------- the body: [B, 128, 16, 16]
...
8 |   - Down(128) -> GlobalAvgPool
  |     --------- C = 64, width = 128 here
  = note: axis 1: 128 and 64; axes 2 and 3: 16 and 32, because line 4 has stride 2
  = help: add a lane: `| Conv(width, 1, stride=2)`
""",
    ),
    (
        TINY,
        Diagnostic(
            "E0307",
            "`Conv` would make an image of height -4",
            TINY.at(4, "9", "kernel 9 > height 4"),
            (TINY.at(3, "MaxPool(2)", "halves: 32, 16, 8, 4"),),
            ("(4 + 2*0 - 9) / 1 + 1 = -4",),
            (Help('a kernel of 4 or less, or leave `padding` out ("same")'),),
        ),
        """\
error[E0307]: `Conv` would make an image of height -4
  --> tiny.net:4:14
3 |   - repeat width in [8, 16, 32]: Conv(width, 3) -> ReLU -> MaxPool(2)
  |                                                            ---------- halves: 32, 16, 8, 4
4 |   - Conv(64, 9, padding=0) -> GlobalAvgPool
  |              ^ kernel 9 > height 4
  = note: (4 + 2*0 - 9) / 1 + 1 = -4
  = help: a kernel of 4 or less, or leave `padding` out ("same")
""",
    ),
    (
        CAP,
        Diagnostic(
            "E0310",
            "`d` of DecoderLayer cannot be both 32 and 16",
            CAP.at(10, "regions", "[B, R, 16] makes d = 16"),
            (
                CAP.at(2, "d]", "the flow [B, T, 32] makes d = 32"),
                CAP.at(3, "d]", "compared here"),
            ),
            (),
            (Help("bring it to 32 first: `memory: regions -> Linear(32)`, then `with memory`"),),
        ),
        """\
error[E0310]: `d` of DecoderLayer cannot be both 32 and 16
   --> cap.net:10:26
 2 |   input x: [B, T, d]
   |                   - the flow [B, T, 32] makes d = 32
 3 |   input memory: [B, S, d]
   |                        - compared here
...
10 |   - DecoderLayer(4) with regions
   |                          ^^^^^^^ [B, R, 16] makes d = 16
   = help: bring it to 32 first: `memory: regions -> Linear(32)`, then `with memory`
""",
    ),
    (
        PRICE,
        Diagnostic(
            "W0412",
            "`-` stretches [B, 1] and [B] to [B, B]",
            PRICE.at(5, "-", "every price minus every base"),
            (PRICE.at(3, "[B]", "one number a row"), PRICE.at(4, "Linear(1)", "makes [B, 1]")),
            (),
            (Help("`input base: [B, 1]` gives [B, 1]"),),
            "warning",
        ),
        """\
warning[W0412]: `-` stretches [B, 1] and [B] to [B, B]
  --> price.net:5:22
3 |   input base: [B]
  |               --- one number a row
4 |   price: features -> Linear(1)
  |                      --------- makes [B, 1]
5 |   output gain: price - base
  |                      ^ every price minus every base
  = help: `input base: [B, 1]` gives [B, 1]
""",
    ),
    (
        TWO,
        Diagnostic(
            "E0214",
            "the flow from line 4 would be lost",
            TWO.at(5, "meta", "starts a new flow"),
            (TWO.at(4, "GlobalAvgPool", "[B, 16] ends here, used by nothing"),),
            (),
            (Help("put it on the side: `m: meta -> Linear(16) -> ReLU`, then join: `- Concat with m`"),),
        ),
        """\
error[E0214]: the flow from line 4 would be lost
  --> two.net:5:5
4 |   - Conv(16, 3) -> ReLU -> GlobalAvgPool
  |                            ------------- [B, 16] ends here, used by nothing
5 |   - meta -> Linear(16) -> ReLU
  |     ^^^^ starts a new flow
  = help: put it on the side: `m: meta -> Linear(16) -> ReLU`, then join: `- Concat with m`
""",
    ),
    (
        DISTILL,
        Diagnostic(
            "E0502",
            "no loss uses the teacher `big`",
            DISTILL.at(5, "teacher big", "trained away from here, so only a loss can use it"),
            (DISTILL.at(7, "soft", "the only wire out of it; nothing reads `soft`"),),
            (),
            (Help("`loss kd: logits -> Distill(4) to soft`, and `train small: 0.1 * hard + 0.9 * kd`"),),
        ),
        """\
error[E0502]: no loss uses the teacher `big`
  --> distill.net:5:3
5 |   teacher big: ResNet50(classes)
  |   ^^^^^^^^^^^ trained away from here, so only a loss can use it
...
7 |   soft: image -> big
  |   ---- the only wire out of it; nothing reads `soft`
  = help: `loss kd: logits -> Distill(4) to soft`, and `train small: 0.1 * hard + 0.9 * kd`
""",
    ),
    (
        GAN,
        Diagnostic(
            "E0503",
            "generator `gen` and critic `judge` share the parameters of `trunk`",
            GAN.at(6, "trunk", "the same module"),
            (
                GAN.at(4, "trunk", "defined once: 615,440 parameters"),
                GAN.at(5, "trunk", "used here"),
            ),
            ("`train judge` and `train gen` would pull `trunk` both ways",),
            (Help("write `Linear(784) -> ReLU` in both places: a Capital makes a new box"),),
        ),
        """\
error[E0503]: generator `gen` and critic `judge` share the parameters of `trunk`
  --> gan.net:6:28
4 |   trunk: Linear(784) -> ReLU
  |   ----- defined once: 615,440 parameters
5 |   generator gen: trunk -> Linear(784) -> Tanh -> Reshape(1, 28, 28)
  |                  ----- used here
6 |   critic judge: Flatten -> trunk -> Linear(1)
  |                            ^^^^^ the same module
  = note: `train judge` and `train gen` would pull `trunk` both ways
  = help: write `Linear(784) -> ReLU` in both places: a Capital makes a new box
""",
    ),
    (
        GPT,
        Diagnostic(
            "E0505",
            "`logits` at step t sees tokens after t",
            GPT.at(12, "autoregressive", "promises: only tokens up to t"),
            (GPT.at(3, "Attention(heads)", "every step reads every step"),),
            (
                "the path that leaks\n"
                "tokens              step t\n"
                "wte                 step t      row by row\n"
                "h.0 LayerNorm       step t      over the features\n"
                "h.0 Attention       all steps   not causal, line 3   <- leaks here\n"
                "h.0 ... logits      all steps",
                "`Block` is used 12 times (h.0 to h.11); all leak",
            ),
            (Help("`Attention(heads, causal=true)`"),),
        ),
        """\
error[E0505]: `logits` at step t sees tokens after t
   --> gpt.net:12:3
 3 |   - residual: LayerNorm -> Attention(heads)
   |                            ---------------- every step reads every step
...
12 |   autoregressive tokens: logits
   |   ^^^^^^^^^^^^^^ promises: only tokens up to t
   = note: the path that leaks
           tokens              step t
           wte                 step t      row by row
           h.0 LayerNorm       step t      over the features
           h.0 Attention       all steps   not causal, line 3   <- leaks here
           h.0 ... logits      all steps
   = note: `Block` is used 12 times (h.0 to h.11); all leak
   = help: `Attention(heads, causal=true)`
""",
    ),
    (
        AE,
        Diagnostic(
            "W0430",
            "the decoder sees the encoder past the latent `z`",
            AE.at(5, "e)", "400 numbers arrive beside z"),
            (AE.at(4, "latent z", "20 numbers, meant as the only way through"),),
            ("image -> e -> recon does not pass z",),
            (Help("decode z alone: `decoder recon: z -> Linear(400) -> ReLU -> ...`"),),
            "warning",
        ),
        """\
warning[W0430]: the decoder sees the encoder past the latent `z`
  --> ae.net:5:22
4 |   latent z: e -> Linear(size)
  |   -------- 20 numbers, meant as the only way through
5 |   decoder recon: (z, e) -> Concat -> Linear(784) -> Sigmoid
  |                      ^ 400 numbers arrive beside z
  = note: image -> e -> recon does not pass z
  = help: decode z alone: `decoder recon: z -> Linear(400) -> ReLU -> ...`
""",
    ),
    (
        CLS,
        Diagnostic(
            "E0511",
            "CrossEntropy wants class numbers, `label` is [B] float",
            CLS.at(5, "label", "this target"),
            (CLS.at(3, "[B]", "no `long`: a float"),),
            (),
            (Help("`target label: [B] long < 10`"),),
        ),
        """\
error[E0511]: CrossEntropy wants class numbers, `label` is [B] float
  --> cls.net:5:35
3 |   target label: [B]
  |                 --- no `long`: a float
...
5 |   loss: logits -> CrossEntropy to label
  |                                   ^^^^^ this target
  = help: `target label: [B] long < 10`
""",
    ),
    (
        SOFT,
        Diagnostic(
            "W0420",
            "Softmax before CrossEntropy",
            SOFT.at(5, "CrossEntropy", "applies log-softmax itself"),
            (SOFT.at(4, "Softmax", "makes probabilities"),),
            ("softmax twice flattens the gradients: training is slow and nothing fails",),
            (Help("`output logits: Linear(10)`, and give `logits` to the loss"),),
            "warning",
        ),
        """\
warning[W0420]: Softmax before CrossEntropy
  --> soft.net:5:14
4 |   output p: Linear(10) -> Softmax
  |                           ------- makes probabilities
5 |   loss: p -> CrossEntropy to label
  |              ^^^^^^^^^^^^ applies log-softmax itself
  = note: softmax twice flattens the gradients: training is slow and nothing fails
  = help: `output logits: Linear(10)`, and give `logits` to the loss
""",
    ),
]


def one_column(diagnostic: Diagnostic) -> Diagnostic:
    """The `d]` and `e)` above stand for their first letter."""

    def narrow(label: Label) -> Label:
        source = next(p.source for p, _, _ in SAMPLES if p.source.name == label.span.file)
        words = source.text[label.span.start : label.span.end]
        span = label.span._replace(end=label.span.start + 1) if words in ("d]", "e)") else label.span
        return Label(span, label.text)

    return Diagnostic(
        diagnostic.code,
        diagnostic.title,
        narrow(diagnostic.primary),
        tuple(map(narrow, diagnostic.secondary)),
        diagnostic.notes,
        diagnostic.helps,
        diagnostic.severity,
    )


@pytest.mark.parametrize(("page", "diagnostic", "text"), SAMPLES, ids=lambda v: getattr(v, "code", ""))
def test_samples(page: Page, diagnostic: Diagnostic, text: str) -> None:
    assert render_diagnostic(one_column(diagnostic), {page.source.name: page.source}) == text


def report_of(page: Page | Source, *diagnostics: Diagnostic) -> Report:
    source = page if isinstance(page, Source) else page.source
    return Report(list(diagnostics), {source.name: source})


def simple(source: Source, start: int, end: int, title: str = "title", label: str = "", **more: object) -> Report:
    diagnostic = Diagnostic("E0100", title, Label(source.span(start, end), label), **more)  # type: ignore[arg-type]
    return report_of(source, diagnostic)


def body(report: Report) -> list[str]:
    """The excerpt of a report with one diagnostic: without the title, the place and the count."""
    return render(report).split("\n")[2:-3]


def test_closing_line_and_blank_lines() -> None:
    both = [d for _, d, _ in SAMPLES[:1]] + [
        Diagnostic("E0311", "second", VGG.at(4, "Dropout")),
        Diagnostic("W0401", "third", VGG.at(4, "0.5"), severity="warning"),
    ]
    text = render(report_of(VGG, *both))
    assert text.startswith(VGG_TEXT + "\nerror[E0311]: second\n")
    assert text.endswith("\n\n2 errors, 1 warning; dslnet explain E0303 for more\n")
    assert render(report_of(VGG, both[2])).endswith("\n\n1 warning; dslnet explain W0401 for more\n")
    assert render(Report()) == ""


def test_twenty_are_shown() -> None:
    source = Source("many.net", "".join(f"line {n}\n" for n in range(300)))
    report = Report(sources={"many.net": source})
    for n in range(173):
        report.error("E0100", f"error {n}", source.span(source.starts[n], source.starts[n] + 4))
    text = render(report)
    assert text.count("error[") == 20
    assert text.endswith("\n\nand 153 more errors\n173 errors; dslnet explain E0100 for more\n")
    assert len(render(report, "short").splitlines()) == len(render(report, "json").splitlines()) == 173


def test_warnings_do_not_hide_errors() -> None:
    source = Source("many.net", "".join(f"line {n}\n" for n in range(40)))
    report = Report(sources={"many.net": source})
    for n in range(30):
        report.error("W0401", "unused", source.span(source.starts[n], source.starts[n] + 4), severity="warning")
    report.error("E0100", "the error", source.span(source.starts[35], source.starts[35] + 4))
    text = render(report)
    assert "error[E0100]: the error" in text
    assert text.endswith("\nand 11 more warnings\n1 error, 30 warnings; dslnet explain E0100 for more\n")


def test_three_labels_on_a_line() -> None:
    page = Page("a.net", {1: "  y: a + b + c"})
    diagnostic = Diagnostic(
        "E0317", "t", page.at(1, "+", "the plus"), (page.at(1, "a", "first"), page.at(1, "b", "second"))
    )
    assert body(report_of(page, diagnostic)) == [
        "1 |   y: a + b + c",
        "  |      - ^ - second",
        "  |      | the plus",
        "  |      first",
    ]


def test_short_labels_share_a_line() -> None:
    page = Page("a.net", {1: "one + another + third"})
    diagnostic = Diagnostic(
        "E0317", "t", page.at(1, "third", "3"), (page.at(1, "one", "1"), page.at(1, "another", "2"))
    )
    assert body(report_of(page, diagnostic)) == [
        "1 | one + another + third",
        "  | ---   -------   ^^^^^ 3",
        "  | 1     2",
    ]


def test_nested_marks_and_equal_starts() -> None:
    page = Page("a.net", {1: "- Conv(16, 3)"})
    diagnostic = Diagnostic(
        "E0301", "t", page.at(1, "16", "inner"), (page.at(1, "Conv(16, 3)", "outer"), page.at(1, "Conv", "name"))
    )
    assert body(report_of(page, diagnostic)) == [
        "1 | - Conv(16, 3)",
        "  |   -----^^---- outer",
        "  |   |    inner",
        "  |   name",
    ]


def test_wide_and_combining_characters() -> None:
    text = '# 漢字 e\u0301 x "y"'
    source = Source("w.net", text)
    at = text.index("x")
    assert body(simple(source, at, at + 1)) == [f"1 | {text}", "  |          ^"]
    at = text.index("字")
    assert body(simple(source, at, at + 1)) == [f"1 | {text}", "  |     ^^"]


def test_nothing_unprintable_is_sent() -> None:
    text = "a\x1b[31m\u202eb\x07\u2028c\x85"
    source = Source("u.net", text)
    report = simple(source, 0, 1, title=text, label=text, notes=(text,), helps=(Help(text),))
    for format in FORMATS:
        out = render(report, format)
        assert not re.search(r"[^\n -~]", out), format
    assert "a\\x1b[31m<U+202E>b\\x07<U+2028>c\\x85" in render(report)
    at = text.index("b")
    assert body(simple(source, at, at + 1))[1].index("^") == len("1 | a\\x1b[31m<U+202E>")


def test_tabs_take_columns() -> None:
    source = Source("t.net", "\tx\ty")
    assert body(simple(source, 1, 2)) == ["1 |     x   y", "  |     ^"]
    assert body(simple(source, 3, 4)) == ["1 |     x   y", "  |         ^"]
    assert body(simple(source, 0, 1)) == ["1 |     x   y", "  | ^^^^"]


@pytest.mark.parametrize("at", [0, 50, 119, 120, 121, 300, 590, 599])
def test_long_lines_are_cut(at: int) -> None:
    text = "".join(chr(ord("a") + n % 26) for n in range(600))
    line, carets = body(simple(Source("l.net", text), at, at + 1))
    assert len(line) <= 4 + 120
    assert line[carets.index("^")] == text[at]
    shown = line[4:].removeprefix("...").removesuffix("...")
    assert shown in text
    assert line.endswith("...") != line.endswith(text[-3:])


def test_long_line_with_a_mark_out_of_sight() -> None:
    text = "start " + "x" * 500 + " end"
    source = Source("l.net", text)
    diagnostic = Diagnostic("E0100", "t", Label(source.span(507, 510), "here"), (Label(source.span(0, 5), "there"),))
    line, carets, below = body(report_of(source, diagnostic))
    assert line.startswith("1 | ...xxx") and line.endswith("x end")
    assert carets.endswith("^^^ here") and line[carets.index("^") :] == "end"
    assert below == "  | there"


def test_span_over_lines() -> None:
    source = Source("s.net", "- a:\n    - b\n    - c\n- d\n")
    assert body(simple(source, 2, 20, label="all")) == [
        "1 | - a:",
        "  |   ^^",
        "...",
        "3 |     - c",
        "  |     ^^^ all",
    ]
    assert body(simple(source, 2, 21)) == body(simple(source, 2, 20))


def test_empty_places() -> None:
    source = Source("e.net", "abc")
    assert body(simple(source, 3, 3, label="end")) == ["1 | abc", "  |    ^ end"]
    assert body(simple(Source("e.net", ""), 0, 0)) == ["1 |", "  | ^"]
    assert body(simple(source, 90, 99)) == ["1 | abc", "  |    ^"]


def test_crlf_is_not_shown() -> None:
    source = Source("c.net", "abc\r\ndef\r\n")
    assert body(simple(source, 0, 3)) == ["1 | abc", "  | ^^^"]


def test_several_files() -> None:
    a, b = Source("a.net", "use X\n"), Source("b.net", "#\n#\nblock X:\n")
    diagnostic = Diagnostic(
        "E0809", "t", Label(a.span(4, 5), "wanted"), (Label(b.span(10, 11), "made"), Label(a.span(0, 3), "word"))
    )
    text = render(Report([diagnostic], {"a.net": a, "b.net": b}))
    assert text == (
        "error[E0809]: t\n"
        "  --> a.net:1:5\n"
        "1 | use X\n"
        "  | --- ^ wanted\n"
        "  | word\n"
        "  ::: b.net:3:7\n"
        "3 | block X:\n"
        "  |       - made\n"
        "\n"
        "1 error; dslnet explain E0809 for more\n"
    )


def test_no_excerpt_of_a_file_that_was_not_read() -> None:
    report = Report()
    report.error("E0801", "there is no file `x.net`", Span("x.net", 0, 0))
    assert render(report).startswith("error[E0801]: there is no file `x.net`\n  --> x.net\n\n1 error")
    assert render(report, "short") == "x.net: error[E0801]: there is no file `x.net`\n"
    assert render(report, "github") == "::error file=x.net,title=E0801::there is no file `x.net`\n"
    assert json.loads(render(report, "json"))["line"] is None


def test_long_helps_are_broken_and_tables_are_not() -> None:
    words = " ".join(["word"] * 40)
    table = "head\n" + "x" * 150
    text = render(simple(Source("a.net", "a"), 0, 1, notes=(table,), helps=(Help(words),)))
    lines = text.splitlines()
    assert "          " + "x" * 150 in lines
    first = next(n for n, line in enumerate(lines) if line.startswith("  = help: word"))
    assert all(len(line) <= 100 for line in lines[first:])
    assert lines[first + 1].startswith("          word")


def test_color_only_adds_escapes() -> None:
    for page, diagnostic, text in SAMPLES:
        colored = render(report_of(page, one_column(diagnostic)), color=True)
        assert "\x1b[" in colored
        assert re.sub(r"\x1b\[[0-9;]*m", "", colored).startswith(text)


def test_short() -> None:
    assert render(report_of(VGG, VGG_DIAGNOSTIC), "short") == (
        "vgg.net:4:16: error[E0303]: this is [B, 2048], not [B, 1024] as written\n"
    )


def test_json() -> None:
    data = json.loads(render(report_of(VGG, VGG_DIAGNOSTIC), "json"))
    assert list(data) == [
        "code",
        "severity",
        "title",
        "file",
        "line",
        "column",
        "end_line",
        "end_column",
        "labels",
        "notes",
        "helps",
    ]
    assert list(data.values())[3:8] == ["vgg.net", 4, 16, 4, 25]
    assert [(label["text"], label["primary"]) for label in data["labels"]] == [
        ("says 1024", True),
        ("makes [B, 2048]", False),
    ]
    (help,) = data["helps"]
    assert help["sure"] is True
    assert help["edits"][0]["text"] == "[B, 2048]" and help["edits"][0]["column"] == 16


def test_github_escapes() -> None:
    source = Source("a,b:c%.net", "x\n")
    out = render(simple(source, 0, 1, title="100% wrong\r\n::error::no"), "github")
    assert out == "::error file=a%2Cb%3Ac%25.net,line=1,col=1,title=E0100::100%25 wrong\\x0d\\x0a::error::no\n"


def test_sarif() -> None:
    log = json.loads(render(report_of(VGG, VGG_DIAGNOSTIC), "sarif"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "E0303"
    region = {"startLine": 4, "startColumn": 16, "endLine": 4, "endColumn": 25}
    assert result["locations"][0]["physicalLocation"]["region"] == region
    (replacement,) = result["fixes"][0]["artifactChanges"][0]["replacements"]
    assert replacement == {"deletedRegion": region, "insertedContent": {"text": "[B, 2048]"}}
    assert json.loads(render(Report(), "sarif"))["runs"][0]["results"] == []


def test_unknown_format() -> None:
    with pytest.raises(ValueError, match="xml"):
        render(report_of(VGG, VGG_DIAGNOSTIC), "xml")


def test_characters() -> None:
    assert visible("plain") == "plain"
    assert visible("é漢") == "é漢"
    assert columns("e\u0301漢") == 3
    assert cells("a\tb") == (["a", "   ", "b"], [0, 1, 4, 5])
