"""What is drawn, before any syntax: folding, fusing, side inputs, labels, counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from dslnet.build import build_model, read_program
from dslnet.diagnostics import Report
from dslnet.limits import DEFAULT
from dslnet.targets.drawing import NothingMatches, Options, draw
from dslnet.targets.drawing.make import make_view
from dslnet.targets.drawing.view import Box, Cluster, View

SPECS = Path(__file__).parent.parent / "specs"


def view_of(path: Path, name: str, **options: object) -> View:
    report = Report()
    program = read_program(str(path), report, DEFAULT, None)
    assert program is not None
    model = build_model(program, name, {}, report)
    assert model is not None, [d.title for d in report.diagnostics]
    return make_view(model, Options(sources=report.sources, **options))  # type: ignore[arg-type]


def shipped(file: str, name: str, **options: object) -> View:
    return view_of(SPECS / file, name, **options)


@pytest.fixture
def spec(tmp_path: Path):  # type: ignore[no-untyped-def]
    """The view of a model called `M` in a spec of the given text."""

    def make(text: str, **options: object) -> View:
        path = tmp_path / "m.net"
        path.write_text(text, encoding="utf-8")
        return view_of(path, "M", **options)

    return make


def box(view: View, title: str) -> Box:
    found = [b for p in view.panels for b in p.boxes() if b.title == title or any(r.name == title for r in b.rows)]
    assert found, f"no {title} among {[b.title for p in view.panels for b in p.boxes()]}"
    return found[0]


def cluster(view: View, title: str) -> Cluster:
    return next(c for p in view.panels for c in p.root.clusters() if c.title == title)


def rows(found: Box) -> list[str]:
    return [row.text for row in found.rows]


def test_a_repeat_is_one_card_and_a_definition() -> None:
    view = shipped("resnet.net", "ResNet152")
    layers = [b for b in view.main.boxes() if b.shape == "fold"]
    assert [(b.title, b.badge) for b in layers] == [
        ("layer1", "×3"),
        ("layer2", "×8"),
        ("layer3", "×36"),
        ("layer4", "×3"),
    ]
    assert layers[1].notes == ["Bottleneck 256→512, width 128, /2", "2.34 M in all"]
    assert [c.title for c in view.definitions[0].root.clusters()] == ["Bottleneck(width, stride)"]


def test_depth_adds_no_boxes() -> None:
    count = {name: shipped("resnet.net", name).main.root for name in ("ResNet50", "ResNet152")}
    assert len(list(count["ResNet50"].boxes())) == len(list(count["ResNet152"].boxes()))
    assert shipped("gpt2.net", "GPT2").count() == shipped("gpt2.net", "GPT2XL").count()


def test_a_definition_speaks_in_the_names_of_its_block() -> None:
    view = shipped("resnet.net", "ResNet18")
    panel = view.definitions[0]
    texts = [row.text for b in panel.boxes() for row in b.rows]
    assert "Conv 3×3, width, /stride" in texts and "Conv 1×1, width, /stride" in texts
    counts = [row.count for b in panel.boxes() for row in b.rows if row.role == "conv"]
    assert counts == ["9·width·C", "9·width²", "width·C"]
    conditions = [k.label for k in panel.links if k.label.startswith("if ")]
    assert conditions == ["if stride ≠ 1 or C ≠ width"]
    notes = {b.title: b.notes for b in panel.boxes() if b.shape in ("input", "output")}
    assert notes == {"in": ["B×C×H×W"], "out": ["B×width×H/stride×W/stride"]}


def test_chains_are_one_card() -> None:
    view = shipped("resnet.net", "ResNet18")
    assert rows(view.main.boxes()[1]) == ["Conv 7×7, 64, /2", "BatchNorm", "ReLU", "MaxPool 3×3, /2"]


def test_shapes_stand_where_they_change() -> None:
    labels = [k.label for k in shipped("resnet.net", "ResNet18").main.links if k.label]
    assert labels == [
        "B×64×⌈H/4⌉×⌈W/4⌉",
        "B×128×⌈H/8⌉×⌈W/8⌉",
        "B×256×⌈H/16⌉×⌈W/16⌉",
        "B×512×⌈H/32⌉×⌈W/32⌉",
    ]


def test_a_side_input_is_drawn_once_into_the_folded_copy() -> None:
    view = shipped("film_vqa.net", "FiLMVQA")
    side = [k for k in view.main.links if k.kind == "side"]
    assert [k.label for k in side] == ["cond : B×4096"]
    assert cluster(view, "blocks · FiLMBlock").badge == "×4"


def test_add_and_norm_are_one() -> None:
    view = shipped("transformer.net", "Transformer")
    titles = [b.title for b in view.main.boxes()]
    assert titles.count("Add & LayerNorm") == 5
    assert view.main.orient == "BT"
    assert {c.title for c in view.main.root.clusters()} >= {"encoder · memory", "decoder · hidden", "EncoderLayer"}


def test_shared_weights_are_told_at_each_use() -> None:
    view = shipped("transformer.net", "Transformer")
    assert sum(b.share == "embed" for b in view.main.boxes()) == 3
    assert "⇄ embed: the same weights" in view.caption.marks


def test_what_is_generated_leads_back() -> None:
    back = [k for k in shipped("gpt2.net", "GPT2").main.links if k.kind == "next"]
    assert [(k.tail, k.head, k.label) for k in back] == [("output.logits", "tokens", "next token")]


def test_losses_are_hexagons_with_weights() -> None:
    view = shipped("film_vqa.net", "FiLMVQA")
    losses = {b.title: b.notes for b in view.main.boxes() if b.shape == "loss"}
    assert losses == {"CrossEntropy": ["what"], "BCE": ["sure", "weight 0.2"]}
    assert [b.title for b in view.main.boxes() if b.shape == "sum"] == ["Σ"]


def test_without_training_there_are_no_losses() -> None:
    view = shipped("film_vqa.net", "FiLMVQA", training=False)
    assert not {b.shape for b in view.main.boxes()} & {"loss", "sum", "target"}


def test_a_scan_has_its_state_twice() -> None:
    view = shipped("lstm.net", "Tagger")
    states = [(b.title, *b.notes) for b in view.main.boxes() if b.shape == "state"]
    assert sorted(states) == [("c", "at t"), ("c", "at t − 1"), ("h", "at t"), ("h", "at t − 1")]
    assert cluster(view, "Cell").note.startswith("scan over T")


def test_a_tower_used_twice_is_defined_once() -> None:
    view = shipped("siamese.net", "Siamese")
    assert [b.share for b in view.main.boxes() if b.shape == "fold"] == ["tower", "tower"]
    assert view.main.orient == "LR" and len(view.definitions) == 1


def test_lanes_stand_in_text_order(spec) -> None:  # type: ignore[no-untyped-def]
    view = spec(
        "model M:\n  input x: [B, 8, H, W]\n  - concat:\n      | Conv(4, 1)\n      | Conv(5, 3)\n      | Identity\n"
    )
    joined = box(view, "∥")
    into = [k for k in view.main.links if k.head == joined.id]
    assert [k.kind for k in into] == ["flow", "flow", "skip"]
    assert [b.rows[0].arguments for b in view.main.boxes() if b.rows] == ["1×1, 4", "3×3, 5"]


def test_long_arithmetic_is_one_card(spec) -> None:  # type: ignore[no-untyped-def]
    text = "model M:\n  input x: [B, D]\n  input y: [B, D]\n  output z: x * y + x - y * 2\n"
    assert box(spec(text), "x × y + x − y × 2").shape == "expression"
    assert not any(b.shape == "expression" for b in spec(text, level="full").main.boxes())


def test_what_nothing_uses_is_not_drawn(spec) -> None:  # type: ignore[no-untyped-def]
    view = spec("model M:\n  input x: [B, 8]\n  - a: Linear(4)\n  - b: Linear(3)\n  - Linear(2)\n  output y\n")
    assert [b.shape for b in view.main.boxes()] == ["input", "card", "output"]


@pytest.mark.parametrize("level", ["overview", "block", "full"])
def test_every_shipped_model_is_a_sound_view(level: str) -> None:
    for path in sorted(SPECS.glob("*.net")):
        report = Report()
        program = read_program(str(path), report, DEFAULT, None)
        assert program is not None
        for name in program.models[:2]:
            model = build_model(program, name, {}, report)
            assert model is not None
            view = make_view(model, Options(level=level, sources=report.sources))
            ids = [b.id for p in view.panels for b in p.boxes()]
            assert len(ids) == len(set(ids)), name
            for panel in view.panels:
                inside = {b.id for b in panel.boxes()}
                assert all(k.tail in inside and k.head in inside for k in panel.links), name
            if level == "overview":
                assert view.count() <= 25, name


def test_open_and_close() -> None:
    opened = shipped("resnet.net", "ResNet18", wishes=((True, "layer1"),))
    assert "layer1 · BasicBlock" in {c.title for c in opened.main.root.clusters()}
    closed = shipped("gpt2.net", "GPT2", wishes=((True, "Block"), (False, "Blo*")))
    assert box(closed, "h").shape == "fold"
    with pytest.raises(NothingMatches, match="did you mean layer1"):
        shipped("resnet.net", "ResNet18", wishes=((True, "layer9"),))


def test_the_drawing_needs_no_graphviz_for_dot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dslnet.targets.drawing.layout.find", lambda name="dot": None)
    report = Report()
    program = read_program(str(SPECS / "mlp.net"), report, DEFAULT, None)
    assert program is not None
    model = build_model(program, program.models[0], {}, report)
    assert model is not None
    picture = draw(model)
    assert picture.dot.startswith("digraph") and picture._repr_svg_() is None


def test_rounds_that_differ_are_told(spec) -> None:  # type: ignore[no-untyped-def]
    view = spec(
        "block Grow(width):\n  - concat:\n      | Identity\n      | Conv(width, 3)\n\n"
        "model M:\n  input x: [B, 8, H, W]\n  - repeat n in [6, 12]:\n      - repeat n: Grow(4)\n"
        "      - if n < 12: Conv(16, 1) -> AvgPool(2)\n"
    )
    assert cluster(view, "Grow").badge == "×6, 12"
    assert [k.label for k in view.main.links if k.head == box(view, "∥").id] == ["", ""]  # no shape fits all rounds
