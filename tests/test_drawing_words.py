"""What a picture calls things: names of presets and arguments, sharing, losses, latents, numbers, whole sentences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pictures import drawn
from view_text import written

import dslnet
from dslnet.targets.drawing.describe import sentences
from dslnet.targets.drawing.view import Box, View
from dslnet.targets.drawing.wording import decimal

Make = Callable[..., View]


@pytest.fixture
def spec(tmp_path: Path) -> Make:
    """The view of a model called `M` in a spec of the given text."""

    def make(text: str, **options: object) -> View:
        path = tmp_path / "m.net"
        path.write_text(text, encoding="utf-8")
        return dslnet.load(path).draw("M", **options).view

    return make


def shapes(view: View, shape: str) -> list[Box]:
    return [b for b in view.main.boxes() if b.shape == shape]


def titles(view: View) -> set[str]:
    return {c.title for p in view.panels for c in p.root.clusters()}


def test_one_set_of_weights_is_told_where_all_rounds_are_one_module(spec: Make) -> None:
    whole = (
        "model M:\n  input x: [B, 8]\n  layer:\n    - residual: Linear(8) -> ReLU\n  - repeat 6: layer\n  output y\n"
    )
    cluster = next(iter(spec(whole).main.root.clusters()))
    assert (cluster.title, cluster.badge, cluster.note) == ("layer", "×6 ⇄", "72 · one set of weights")
    assert "×N ⇄: the same weights N times" in spec(whole).caption.marks
    assert not any(mark.startswith("×N:") for mark in spec(whole).caption.marks)
    closed = shapes(spec(whole, level="overview"), "fold")[0]
    assert (closed.title, closed.badge, closed.notes) == ("layer", "×6 ⇄", ["72", "one set of weights"])


def test_a_preset_is_called_by_its_own_name() -> None:
    assert {"student · small · ResNet18", "teacher · large · ResNet50"} <= titles(drawn("distill", "Distilled").view)
    assert "encoder · DenseNet169" in titles(drawn("depth", "DenseDepth").view)
    view = drawn("simclr", "SimCLR").view
    assert [b.notes[0] for b in shapes(view, "fold") if b.title == "encoder"] == ["ResNet50 3→2048"] * 2
    assert "ResNet50" in titles(view) and "ResNet18" not in titles(view)


def test_each_step_of_training_has_its_sum() -> None:
    view = drawn("wgan", "WGAN").view
    assert [b.notes for b in shapes(view, "sum")] == [["1 train judge"], ["2 train gen"]]
    told = {b.title: b.notes for b in shapes(view, "loss")}
    assert told["fool"] == ["Mean(judge)", "weight −1"] and told["on_fake"] == ["Mean(judge)"]


def test_a_block_that_computes_a_loss_is_its_hexagon() -> None:
    view = drawn("simclr", "SimCLR").view
    assert [b.title for b in shapes(view, "loss")] == ["NTXent"] and "NTXent" in titles(view)
    opened = drawn("simclr", "SimCLR", wishes=((True, "NTXent"),)).view
    assert "NTXent" not in [b.title for b in shapes(opened, "loss")]


def test_a_function_of_each_number_is_a_row(spec: Make) -> None:
    text = (
        "block Soft:\n  input x: [..., d]\n  - x * (x -> Scale(2) -> Sigmoid)\n\n"
        "model M:\n  input x: [B, 8]\n  - Linear(4) -> Soft -> Linear(2)\n  output y\n"
    )
    view = spec(text)
    assert [[r.text for r in b.rows] for b in view.main.boxes() if b.rows] == [["Linear 8→4", "Soft", "Linear 4→2"]]
    assert [p.id for p in view.definitions] == ["def Soft"]
    layer = next(p for p in drawn("clip", "CLIP").view.definitions if p.id == "def Layer")
    assert ["LayerNorm", "Linear 4·d", "QuickGELU", "Linear d"] in [[r.text for r in b.rows] for b in layer.boxes()]


def test_a_module_without_a_block_is_called_by_its_name() -> None:
    closed = [b.title for b in shapes(drawn("domain_adversarial", "DomainAdversarial").view, "fold")]
    assert sorted(closed) == ["domain", "domain", "features", "here"]


def test_a_latent_is_told_once_whatever_it_is(spec: Make) -> None:
    head = "model M(d=8):\n  input x: [B, T, 4]\n  encoder read: x -> GRU(d)\n"
    tail = "  decoder out: z -> Linear(4) -> ReLU\n  output y: out\n"
    alias, made, chain = (
        spec(head + f"  latent z: {text}\n" + tail)
        for text in ("read.state", "read.state -> Linear(3)", "read.state -> Linear(3) -> Tanh")
    )
    for view in (alias, made, chain):
        (ellipse,) = shapes(view, "latent")
        assert ellipse.title == "z" and "z" not in {b.title for b in view.main.boxes() if b is not ellipse}
    assert any(k.head.endswith("z.latent") and k.name == ".state" for k in alias.main.links)


def test_a_parameter_stands_in_the_group_that_declares_it() -> None:
    view = drawn("vit", "ViT").view
    encoder = next(c for c in view.main.root.clusters() if c.title == "encoder")
    inside = [b.title for b in encoder.items if isinstance(b, Box) and b.shape == "param"]
    assert inside == ["pos_embedding"]
    assert {b.title: b.notes for b in shapes(view, "param")}["class_token"] == ["1×1×d · 768"]


def test_a_list_is_no_shape() -> None:
    view = drawn("deeplab", "DeepLabV3ResNet50").view
    assert any(b.notes[0] == "2048→256, rates 12, 24, 36" for b in shapes(view, "fold"))


def test_a_resize_is_told_in_the_names_of_its_block() -> None:
    up = next(p for p in drawn("depth", "DenseDepth").view.definitions if p.id == "def Up")
    assert [r.text for b in up.boxes() for r in b.rows][0].startswith("Resize")
    assert next(r.arguments for b in up.boxes() for r in b.rows if r.name == "Resize") == "K×L"


def test_numbers_are_read_at_a_glance() -> None:
    told = [decimal(n) for n in (0.1, 1e-5, 11570.4, 1e9, -0.5, 22.627, 12345678.0)]
    assert told == ["0.1", "1e−5", "11570", "1e9", "−0.5", "22.63", "1.235e7"]


def test_a_caption_ends_with_its_sentence() -> None:
    assert sentences(("A net", "that reads. And writes.", "paper: X")) == "A net that reads."
    assert sentences(("A net.", "Another line.")) == "A net."
    assert sentences(("A net", "paper: X")) == "A net" and sentences(()) == ""
    assert drawn("butd_vqa", "BottomUpTopDown").view.caption.doc.endswith(".")


def test_a_definition_has_the_inputs_that_only_some_uses_have(spec: Make) -> None:
    side = next(p for p in drawn("t5", "T5Small").view.definitions if p.id == "def Side")
    assert {b.title: b.notes[-1] for b in side.boxes() if b.shape == "input"}["memory"] == "in 1 of 2"
    assert [k.kind for k in side.links if k.tail == "Side/input.memory"] != []


def test_a_number_and_its_negative_are_told_by_one_name(spec: Make) -> None:
    text = """\
block Layer(shift):
  input x: [B, H, W, d]
  - if shift > 0: Roll(-shift, axis=1) -> LayerNorm
  - Linear(d)
  - if shift > 0: Roll(shift, axis=1)

model M:
  input x: [B, 8, 8, 4]
  - repeat i in 4: Layer(3 if i % 2 == 1 else 0)
  output y: Roll(-3, axis=1)
"""
    told = written(spec(text, level="block"))
    assert "Roll, -shift, axis 1" in told and "Roll, shift, axis 1" in told and "Roll -3, axis 1" in told
