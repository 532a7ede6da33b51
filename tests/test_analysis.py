"""What is proved of checked models, from both sides: what keeps a promise passes, what breaks it is told."""

from pathlib import Path

import pytest

from dslnet.build import read_program
from dslnet.checking import check, compile_model
from dslnet.diagnostics import Diagnostic, Report

SPECS = Path(__file__).parent.parent / "specs"


def found(folder: Path, text: str) -> list[Diagnostic]:
    """What `dslnet check` finds in a text. Sure helps are applied, and must leave nothing."""
    path = folder / "main.net"
    path.write_text(text, encoding="utf-8")
    report = Report()
    program = read_program(path, report)
    assert program is not None
    check(program, report)
    for diagnostic in report.sorted():
        for help in diagnostic.helps:
            if help.sure:
                mended = text
                for edit in sorted(help.edits, key=lambda e: -e.span.start):
                    mended = mended[: edit.span.start] + edit.text + mended[edit.span.end :]
                assert not [d for d in found(folder, mended) if d.code == diagnostic.code], help.text
    return report.sorted()


def codes(folder: Path, text: str) -> list[str]:
    return [d.code for d in found(folder, text)]


# ------------------------------------------------------------------------------------------------ causality


def sequence(*steps: str, blocks: str = "", side: str = "", tokens: str = "[B, T] long < 9") -> str:
    """A model that promises to be autoregressive, with some steps in the middle."""
    middle = "".join(f"  - {step}\n" for step in steps)
    beside = f"  {side}\n" if side else ""
    return (
        f"{blocks}model M:\n  input tokens: {tokens}\n{beside}  - Embedding(9, 8)\n{middle}"
        "  output logits: Linear(9)\n  autoregressive tokens: logits\n"
    )


#: Tokens of a sequence whose length is known.
EIGHT = "[B, 8] long < 9"


OWN = """block Own(heads, causal=false):
  input x: [B, T, d]
  q: x -> Linear(d) -> Rearrange("b t (h e) -> b h t e", h=heads)
  k: x -> Linear(d) -> Rearrange("b t (h e) -> b h e t", h=heads)
  v: x -> Linear(d) -> Rearrange("b t (h e) -> b h t e", h=heads)
  weights: q @ k / sqrt(d // heads) ->
    - if causal: CausalMask
    - Softmax
  output out: weights @ v -> Rearrange("b h t e -> b t (h e)") -> Linear(d)

"""
CELL = """block Cell(width):
  input x: [B, D]
  state h: [B, width] = 0
  new: (x, h) -> Concat -> Linear(width) -> Tanh
  next h: new
  output new

"""
LAST = """block Cell(width):
  input x: [B, D]
  input end: [B, D]
  new: x + end -> Linear(width)
  output new
  state h: [B, width] = 0
  next h: new

"""

CAUSAL = [
    ("nothing", sequence()),
    ("attention", sequence("residual: LayerNorm -> Attention(2, causal=true)")),
    ("grouped", sequence("Attention(4, kv_heads=2, causal=true, rope=100, bias=false)")),
    ("own attention", sequence("Own(2, causal=true)", blocks=OWN)),
    ("position", sequence("SinePositions", "Attention(2, causal=true)", "GELU", "Dropout")),
    ("convolution", sequence("Transpose", 'Conv(8, 3, padding="causal")', "BatchNorm", "Transpose")),
    ("dilated", sequence("Transpose", 'repeat i in 4: Conv(8, 2, dilation=2 ** i, padding="causal")', "Transpose")),
    ("padded", sequence("Pad(2, after=0, axis=1)", "Transpose", "Conv(8, 3, padding=0)", "Transpose")),
    ("late", sequence("Pad(1, after=0, axis=1)", "Slice(0, -1)")),
    ("there and back", sequence("Pad(0, after=1, axis=1)", "Slice(1)", "Pad(1, after=0, axis=1)", "Slice(0, -1)")),
    ("recurrent", sequence("GRU(8)", "LSTM(8, num_layers=2)", "RNN(8)")),
    ("cell", sequence("scan: Cell(8)", blocks=CELL)),
    ("running", sequence("CumSum(axis=1)")),
    ("experts", sequence("MoE(4, top=2): FeedForward(16)")),
    ("dropped", sequence("StochasticDepth(0.1): Linear(8) -> ReLU -> Linear(8)")),
    ("branches", sequence("add:\n      | Linear(8)\n      | Identity\n      | RMSNorm")),
    ("stacked", sequence("stack(axis=2):\n      | each 3: Linear(8)", "Mean(axis=2)")),
    ("repeat", sequence("repeat 100: residual: LayerNorm -> Linear(16) -> GELU -> Linear(8)")),
    ("later and later", sequence("repeat 100: Pad(1, after=0, axis=1) -> Slice(0, -1) -> Linear(8)")),
    ("split", sequence("Linear(16) -> Split(2, axis=2) -> Mul")),
    ("heads", sequence('Rearrange("b t (h e) -> b t h e", h=2)', 'Rearrange("b t h e -> b t (h e)")')),
    ("einsum", sequence('Einsum("btd->btd")')),
    ("positions", sequence("Add with table", side="table: tokens -> Positions -> Embedding(99, 8) -> Unsqueeze(0)")),
    ("memory", sequence("Attention(2) to memory", side="input memory: [B, S, 6]")),
]  # fmt: skip

LEAKS = [
    ("attention", sequence("residual: LayerNorm -> Attention(2)"), "every step reads every step"),
    ("false", sequence("residual: LayerNorm -> Attention(2, causal=false)"), "every step reads every step"),
    ("own attention", sequence("Own(2)", blocks=OWN), "mixes the steps"),
    ("one of two", sequence("Attention(2, causal=true)", "Attention(2)"), "every step reads every step"),
    ("to itself", sequence("Attention(2) to e", side="e: tokens -> Embedding(9, 8)"), "every step reads every step"),
    ("convolution", sequence("Transpose", "Conv(8, 3)", "Transpose"), "reads 1 step ahead"),
    ("wide", sequence("Transpose", "Conv(8, 3, dilation=2)", "Transpose"), "reads 2 steps ahead"),
    (
        "strided",
        sequence("Transpose", "Conv(8, 2, stride=2)", "Upsample(2)", "Transpose", tokens=EIGHT),
        "moves by 2 steps",
    ),
    ("ahead", sequence("Pad(0, after=1, axis=1)", "Slice(1)"), "reads 1 step ahead"),
    ("round", sequence("Roll(1, axis=1)"), "the end comes back at the start"),
    ("both ways", sequence("GRU(4, bidirectional=true)"), "every step reads every step"),
    ("mean", sequence("add:\n      | Identity\n      | Mean(axis=1, keep=true)"), "averages the steps"),
    ("softmax", sequence("Softmax(axis=1)"), "mixes the steps"),
    ("over the steps", sequence("Transpose", "Linear(8)", "Transpose", tokens=EIGHT), "mixes the steps"),
    ("group norm", sequence("Transpose", "GroupNorm(2)", "Transpose"), "means over the steps"),
    ("experts", sequence("MoE(4, top=2): Pad(0, after=1, axis=1) -> Slice(1)"), "an expert mixes its vectors"),
    (
        "state",
        sequence("scan: Cell(8) with e", blocks=LAST, side="e: tokens -> Embedding(9, 8) -> Last"),
        "one step for all",
    ),
    ("more and more", sequence("repeat 3: Pad(0, after=1, axis=1) -> Slice(1)"), "reads 1 step ahead"),
    ("flattened", sequence("Flatten", "Linear(64)", "Reshape(8, 8)", tokens=EIGHT), "mixes the steps"),
]  # fmt: skip


@pytest.mark.parametrize(("text"), [pytest.param(text, id=name) for name, text in CAUSAL])
def test_causal(text: str, tmp_path: Path) -> None:
    assert [d.title for d in found(tmp_path, text) if d.severity == "error"] == []


@pytest.mark.parametrize(("text", "fact"), [pytest.param(text, fact, id=name) for name, text, fact in LEAKS])
def test_leaks(text: str, fact: str, tmp_path: Path) -> None:
    errors = [d for d in found(tmp_path, text) if d.severity == "error"]
    assert [(d.code, d.title) for d in errors] == [("E0505", "`logits` at step t sees tokens after t")]
    assert errors[0].secondary[0].text == fact


def test_the_path(tmp_path: Path) -> None:
    block = "block Block:\n  - residual: LayerNorm -> Attention(2)\n\n"
    (diagnostic,) = found(tmp_path, sequence("h: repeat 12: Block", blocks=block))
    path, count = diagnostic.notes
    assert [line.split("  ")[0] for line in path.splitlines()] == [
        "the path that leaks", "tokens", "Embedding", "h.0 LayerNorm", "h.0 Attention", "h.0 ... logits",
    ]  # fmt: skip
    assert "not causal, line 2   <- leaks here" in path
    assert count == "`Block` is used 12 times (h.0 to h.11); all leak"
    assert [(h.text, h.sure) for h in diagnostic.helps] == [("`Attention(2, causal=true)`", True)]


def test_some_rounds_leak(tmp_path: Path) -> None:
    text = sequence("h: repeat i in 4: Attention(2, causal=i != 2)")
    (diagnostic,) = found(tmp_path, text)
    assert "the body is repeated 4 times" in diagnostic.notes[1] and "1 of them leaks" in diagnostic.notes[1]


def test_many_rounds_that_add_up(tmp_path: Path) -> None:
    (diagnostic,) = found(tmp_path, sequence("repeat 200: Pad(0, after=1, axis=1) -> Slice(1)"))
    assert diagnostic.code == "E0505" and "is used" not in diagnostic.notes[1]


def test_two_leaks_are_mended_together(tmp_path: Path) -> None:
    (diagnostic,) = found(tmp_path, sequence("Attention(2)", "Attention(4)"))
    assert diagnostic.helps[0].sure and len(diagnostic.helps[0].edits) == 2


def test_unknown_operators_prove_nothing(tmp_path: Path) -> None:
    text = sequence("Mine -> [B, T, 8]").replace("model", 'use python Mine from "my.boxes"\nmodel', 1)
    (diagnostic,) = found(tmp_path, text)
    assert diagnostic.title == "`logits` at step t may see tokens after t"
    assert diagnostic.secondary[0].text == "not known to keep the steps apart"


def test_batch_norm_is_noted(tmp_path: Path) -> None:
    (note,) = found(tmp_path, sequence("Transpose", "BatchNorm", "Transpose"))
    assert (note.code, note.severity) == ("E0505", "note") and "while it trains" in note.title


def test_at_settings(tmp_path: Path) -> None:
    path = tmp_path / "main.net"
    path.write_text(sequence("Attention(2, causal=keep)").replace("model M:", "model M(keep=true):"), "utf-8")
    report = Report()
    program = read_program(path, report)
    assert program is not None and check(program, report) and not report.diagnostics
    assert compile_model(program, "M", {}, report) is not None
    assert compile_model(program, "M", {"keep": False}, report) is None
    assert [d.code for d in report.diagnostics] == ["E0505"]


@pytest.mark.parametrize("path", sorted(SPECS.rglob("*.net")), ids=lambda p: p.name)
def test_shipped_specs_are_clean(path: Path) -> None:
    report = Report()
    program = read_program(path, report)
    assert program is not None
    check(program, report)
    assert report.diagnostics == []


# ------------------------------------------------------------------------------------------ teacher, student

DISTILLED = """model M:
  input x: [B, 8]
  target label: [B] long < 4
  teacher big: Linear(64) -> ReLU -> Linear(4)
  student small: Linear(4)
  soft: x -> big
  output logits: x -> small
  loss hard: logits -> CrossEntropy to label
  loss kd: logits -> Distill(4) to soft
  train small: 0.1 * hard + 0.9 * kd
"""


def without(text: str, *starts: str) -> str:
    """A text without the lines that begin with something."""
    return "".join(line for line in text.splitlines(True) if not line.strip().startswith(starts))


def test_distillation(tmp_path: Path) -> None:
    assert codes(tmp_path, DISTILLED) == []
    assert codes(tmp_path, without(DISTILLED, "train")) == []
    (d,) = found(tmp_path, without(DISTILLED, "loss kd", "train"))
    assert (d.code, d.title) == ("E0502", "no loss uses the teacher `big`")
    assert d.secondary[0].text == "the only wire out of it; nothing reads `soft`"
    assert d.helps[0].text == "`loss kd: logits -> Distill(4) to soft`, and `train small: 0.1 * hard + 0.9 * kd`"


def test_a_teacher_for_an_output(tmp_path: Path) -> None:
    text = without(DISTILLED, "loss kd", "train") + "  output soft\n"
    (d,) = found(tmp_path, text)
    assert d.code == "E0502"


def test_a_metric_is_no_loss(tmp_path: Path) -> None:
    text = without(DISTILLED, "train").replace("loss kd", "metric kd")
    assert codes(tmp_path, text) == ["E0502"]


def test_a_student_that_nothing_trains(tmp_path: Path) -> None:
    text = without(DISTILLED, "loss", "train", "output logits")
    text += "  hidden: x -> Linear(4)\n  output logits: hidden + (x -> small -> StopGrad)\n"
    text += "  loss hard: logits -> CrossEntropy to label\n  loss kd: logits -> Distill(4) to soft\n"
    (d,) = found(tmp_path, text)
    assert (d.code, d.title) == ("E0504", "nothing trains the student `small`")


def test_a_frozen_student(tmp_path: Path) -> None:
    text = without(DISTILLED, "train") + "  freeze: small\n"
    text += "  other: Linear(4)\n  loss third: (x -> other) -> MSE to soft\n"
    titles = [d.title for d in found(tmp_path, text)]
    assert "nothing trains the student `small`" in titles


# --------------------------------------------------------------------------------------- generator and critic

GAN = """model GAN:
  input z: [B, 16]
  target real: [B, 8]
  generator gen: Linear(32) -> ReLU -> Linear(8)
  critic judge: Linear(32) -> ReLU -> Linear(1)
  output fake: z -> gen
  loss on_real: real -> judge -> BCELogits to 1
  loss on_fake: fake -> StopGrad -> judge -> BCELogits to 0
  loss fool: fake -> judge -> BCELogits to 1
  train judge: on_real + on_fake
  train gen: fool
"""


def test_opponents(tmp_path: Path) -> None:
    assert codes(tmp_path, GAN) == []


def test_shared_parameters(tmp_path: Path) -> None:
    text = GAN.replace("  generator gen: Linear(32)", "  trunk: Linear(8)\n  generator gen: Linear(8) -> trunk")
    text = text.replace("critic judge: Linear(32)", "critic judge: trunk -> Linear(32)")
    (d,) = found(tmp_path, text)
    assert (d.code, d.title) == ("E0503", "generator `gen` and critic `judge` share the parameters of `trunk`")
    assert [label.text for label in d.secondary] == ["defined once: 72 parameters", "used here"]
    assert d.notes == ("`train judge` and `train gen` would pull `trunk` both ways",)


def test_what_has_no_parameters_may_be_shared(tmp_path: Path) -> None:
    text = GAN.replace("  generator gen: Linear(32)", "  act: ReLU\n  generator gen: Linear(32) -> act")
    assert codes(tmp_path, text.replace("critic judge: Linear(32)", "critic judge: Linear(32) -> act")) == []


@pytest.mark.parametrize(("line", "name"), [("train gen", "generator `gen`"), ("train judge", "critic `judge`")])
def test_opponents_need_their_train_lines(line: str, name: str, tmp_path: Path) -> None:
    (d,) = found(tmp_path, without(GAN, line))
    assert (d.code, d.title) == ("E0504", f"no `train` line trains the {name}")


def test_no_train_lines_at_all(tmp_path: Path) -> None:
    assert codes(tmp_path, without(GAN, "train")) == ["E0504", "E0504"]


def test_without_losses_it_is_a_sketch(tmp_path: Path) -> None:
    text = without(GAN, "train", "loss", "target", "critic")
    assert codes(tmp_path, text) == []


# ------------------------------------------------------------------------------------------------ train lines

TRAINED = """model M:
  input x: [B, 8]
  target label: [B] long < 4
  body: Linear(16) -> ReLU
  head: Linear(4)
  output logits: x -> body -> head
  loss hard: logits -> CrossEntropy to label
  train head: hard
"""


def test_train_lines(tmp_path: Path) -> None:
    assert codes(tmp_path, TRAINED) == []
    assert codes(tmp_path, TRAINED + "  train body: hard\n") == []


def test_overlapping_train_lines(tmp_path: Path) -> None:
    (d,) = found(tmp_path, TRAINED + "  train: hard\n")
    assert (d.code, d.title) == ("E0506", "two `train` lines update the same parameters")
    text = TRAINED.replace("head: Linear(4)", "head: body -> Linear(4)").replace("x -> body -> head", "x -> head")
    (d,) = found(tmp_path, text + "  train body: hard\n")
    assert (d.code, d.title) == ("E0506", "`train body` and `train head` update the same parameters")
    assert d.primary.text == "`body` a second time"


@pytest.mark.parametrize(
    ("change", "title", "label"),
    [
        (("head: Linear(4)", "act: ReLU\n  head: act -> Linear(4)\n"), "`act` has nothing to train", "no parameters"),
        (
            ("head: Linear(4)", "act: Linear(4, frozen=true)\n  head: act -> Linear(4)\n"),
            "`act` has nothing to train",
            "all its parameters are frozen",
        ),
        (
            ("-> body", "-> act -> body -> StopGrad"),
            "what `train act` descends does not depend on `act`",
            "no gradient arrives here",
        ),
    ],
)
def test_nothing_to_train(change: tuple[str, str], title: str, label: str, tmp_path: Path) -> None:
    text = TRAINED.replace(*change).replace("train head", "train act")
    if "  act: " not in text:
        text = text.replace("  head", "  act: Linear(8)\n  head", 1)
    (d,) = found(tmp_path, text)
    assert (d.code, d.title, d.primary.text) == ("E0504", title, label)


def test_all_is_frozen(tmp_path: Path) -> None:
    text = without(TRAINED, "train") + "  freeze: (body, head)\n"
    (d,) = found(tmp_path, text)
    assert (d.code, d.title) == ("E0504", "the loss `hard` reaches nothing that can be trained")
    assert codes(tmp_path, text.replace("(body, head)", "body")) == []


def test_freeze_names_modules(tmp_path: Path) -> None:
    block = "block Body:\n  - first: Linear(8)\n  - blocks: repeat 2: Linear(16)\n  - Linear(16)\n\n"
    text = block + TRAINED.replace("body: Linear(16) -> ReLU", "body: Body")
    assert codes(tmp_path, text + "  freeze: (body.first, body.blocks)\n") == []
    (d,) = found(tmp_path, text + "  freeze: body.frist\n")
    assert (d.code, d.title) == ("E0201", "`body` has no module `frist`")
    assert d.helps[0].text == "did you mean `first`?" and d.helps[0].sure


# ---------------------------------------------------------------------------------------------------- latents

LATENT = """model AE(size=20):
  input image: [B, 784]
  encoder e: image -> Linear(400) -> ReLU
  latent z: e -> Linear(size)
  decoder recon: z -> Linear(400) -> ReLU -> Linear(784)
  output recon
"""


def test_a_cut(tmp_path: Path) -> None:
    assert codes(tmp_path, LATENT) == []


def test_a_bypass(tmp_path: Path) -> None:
    (d,) = found(tmp_path, LATENT.replace("recon: z -> ", "recon: (z, e) -> Concat -> "))
    assert (d.code, d.severity, d.title) == ("W0430", "warning", "the decoder sees the encoder past the latent `z`")
    assert d.primary.text == "400 numbers arrive beside z"
    assert d.secondary[0].text == "20 numbers, meant as the only way through"
    assert d.notes == ("image -> e -> recon does not pass z",)
    assert d.helps[0].text == "decode z alone: `decoder recon: z -> Linear(400) -> ReLU -> ...`"


def test_a_longer_bypass(tmp_path: Path) -> None:
    text = LATENT.replace("  decoder", "  near: e -> Linear(30)\n  decoder")
    text = text.replace("recon: z", "recon: (z, near) -> Concat")
    assert codes(tmp_path, text) == ["W0430"]


def test_a_module_as_encoder(tmp_path: Path) -> None:
    text = LATENT.replace("e: image -> Linear(400) -> ReLU\n", "enc: Linear(400) -> ReLU\n  e: image -> enc\n")
    assert codes(tmp_path, text) == []
    assert codes(tmp_path, text.replace("recon: z -> ", "recon: (z, e) -> Concat -> ")) == ["W0430"]


def test_a_latent_that_is_another_name_is_a_cut_too(tmp_path: Path) -> None:
    text = """model M(d=8):
  input x: [B, T, 4]
  encoder e: x -> GRU(d)
  latent z: e.state
  decoder y: z -> Linear(4)
  output y
"""
    assert codes(tmp_path, text) == []
    bypass = text.replace("y: z ->", "y: (z, e -> Last) -> Concat ->")
    (d,) = found(tmp_path, bypass)
    assert (d.code, d.title) == ("W0430", "the decoder sees the encoder past the latent `z`")


def test_taps_are_meant(tmp_path: Path) -> None:
    text = """model U:
  input image: [B, 8]
  encoder e: image ->
    - low: Linear(8)
    - high: Linear(4)
  latent z: e -> Linear(2)
  decoder d: (z, e.low) -> Concat -> Linear(8)
  output d
"""
    assert codes(tmp_path, text) == []


# ------------------------------------------------------------------------------------------------------ lints

PLAIN = """model M:
  input x: [B, 8]
  target label: [B] long < 4
  output p: Linear(4) -> Softmax
  loss: p -> CrossEntropy to label
"""


def test_softmax_twice(tmp_path: Path) -> None:
    (d,) = found(tmp_path, PLAIN)
    assert (d.code, d.title) == ("W0420", "Softmax before CrossEntropy")
    assert d.helps[0].text == "`output logits: Linear(4)`, and give `logits` to the loss"
    assert codes(tmp_path, PLAIN.replace(" -> Softmax", "")) == []
    assert codes(tmp_path, PLAIN.replace("CrossEntropy to label", "Sum")) == ["W0401"]


def test_softmax_inside_a_block(tmp_path: Path) -> None:
    text = "block Head:\n  - Linear(4) -> Softmax\n\n" + PLAIN.replace("Linear(4) -> Softmax", "Head")
    assert codes(tmp_path, text) == ["W0420"]


def test_sigmoid_twice(tmp_path: Path) -> None:
    text = PLAIN.replace("[B] long < 4", "[B, 4]").replace("Softmax", "Sigmoid").replace("CrossEntropy", "BCELogits")
    (d,) = found(tmp_path, text)
    assert (d.code, d.helps[0].sure) == ("W0421", True)
    assert codes(tmp_path, text.replace(" -> Sigmoid", "")) == []


def test_unused(tmp_path: Path) -> None:
    text = PLAIN.replace(" -> Softmax", "").replace("  output", "  aside: x -> Linear(3)\n  output")
    (d,) = found(tmp_path, text)
    assert (d.code, d.title) == ("W0401", "nothing uses `aside`")
    assert codes(tmp_path, text + "  output aside\n  loss other: aside -> Mean\n") == []


def test_unused_parameters_and_inputs(tmp_path: Path) -> None:
    text = "block B(width, more=2, Act=ReLU):\n  input x: [B, d]\n  input y: [B, d]\n  - Linear(width)\n\n"
    text += "model M:\n  input x: [B, 8]\n  input y: [B, 8]\n  output z: B(3) with y\n"
    assert [d.title for d in found(tmp_path, text)] == [
        "nothing uses the parameter `more`", "nothing uses the parameter `Act`", "nothing reads the input `y`",
    ]  # fmt: skip


def test_mistakes_silence_lints_of_names(tmp_path: Path) -> None:
    text = PLAIN.replace(" -> Softmax", "").replace("  output", "  aside: x -> Linear(3)\n  output") + "  output asid\n"
    assert "W0401" not in codes(tmp_path, text.replace("output asid", "output q: asid -> ReLU"))


def test_look_alikes(tmp_path: Path) -> None:
    text = PLAIN.replace("Linear(4) -> Softmax", "fc_a + fc_A")
    text = text.replace("  output", "  fc_a: x -> Linear(4)\n  fc_A: x -> Linear(4)\n  output")
    assert codes(tmp_path, text) == ["W0403"]


PADDED = """model M:
  input tokens: [B, T] long < 100
  input keep: [B, T] bool
  - Embedding(100, 32)
  - residual: Attention(4) with (mask=keep)
  - {}
  output y: Linear(4)
"""


def test_padding(tmp_path: Path) -> None:
    assert codes(tmp_path, PADDED.format("Last")) == ["W0431"]
    assert codes(tmp_path, PADDED.format("Mean(axis=1)")) == ["W0431"]
    assert codes(tmp_path, PADDED.format("First")) == []
    assert codes(tmp_path, PADDED.format("Mean(axis=2) -> Linear(3)").replace("[B, T]", "[B, 6]")) == []
    weighed = PADDED.format("Mul with weight -> Mean(axis=1)")
    weighed = weighed.replace("  - Mul", "  weight: keep -> Unsqueeze(2)\n  - Mul")
    assert codes(tmp_path, weighed) == []
