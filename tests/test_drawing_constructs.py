"""How each construct of the language is drawn: runs of calls, lanes, blocks alone, sizes by name, towers, a U."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from geometry import faults as overlaid
from geometry import read
from pictures import drawn

import dslnet
from dslnet.targets.drawing import Drawing
from dslnet.targets.drawing.crossing import faults
from dslnet.targets.drawing.labels import rows
from dslnet.targets.drawing.style import theme
from dslnet.targets.drawing.view import Box, Row, View

Make = Callable[..., View]


@pytest.fixture
def spec(tmp_path: Path) -> Make:
    """The view of a model called `M` in a spec of the given text."""

    def make(text: str, **options: object) -> View:
        path = tmp_path / "m.net"
        path.write_text(text, encoding="utf-8")
        return dslnet.load(path).draw("M", **options).view

    return make


def folds(view: View) -> list[tuple[str, str, list[str]]]:
    return [(b.title, b.badge, b.notes) for b in view.main.boxes() if b.shape == "fold"]


UNIT = "block Unit(width, stride=1):\n  - Conv(width, 3, stride=stride) -> ReLU\n  - Conv(width, 3)\n\n"
HEAD = "model M:\n  input x: [B, 8, H, W]\n"


def test_equal_calls_in_a_row_are_one(spec: Make) -> None:
    text = UNIT + HEAD + "  - Unit(8) -> Unit(8) -> Unit(8)\n  - MaxPool(2) -> Unit(16, stride=2)\n"
    assert folds(spec(text)) == [("Unit", "×3", ["8", "1.17 k each"]), ("Unit", "", ["8→16, /2", "3.49 k"])]
    assert len([b for b in spec(text, level="full").main.boxes() if b.rows]) == 13
    opened = spec(text, wishes=((True, "unit2"),))
    assert [badge for _, badge, _ in folds(opened)] == ["", "", ""]  # the run ends at what is opened


def test_calls_of_which_the_first_differs_are_one(spec: Make) -> None:
    text = UNIT + HEAD + "  - Unit(16, stride=2) -> Unit(16) -> Unit(16)\n  - MaxPool(2) -> Unit(4)\n"
    assert folds(spec(text))[0] == ("Unit", "×3", ["8→16, /2", "12.8 k in all"])


def test_calls_that_the_author_names_are_told_apart(spec: Make) -> None:
    text = UNIT + HEAD + "  - a: Unit(8)\n  - b: Unit(16)\n  - c: Unit(16)\n"
    assert [(title, badge) for title, badge, _ in folds(spec(text))] == [("a", ""), ("b, c", "×2")]


def test_what_is_read_in_the_middle_of_a_run_does_not_unfold_it(spec: Make) -> None:
    text = (
        UNIT
        + HEAD
        + "  - a: Unit(8)\n  - b: Unit(8)\n  output y\n  output z: a -> Conv(1, 1)\n  output v: x -> Unit(4)\n"
    )
    view = spec(text)
    assert ("a, b", "×2") in [(title, badge) for title, badge, _ in folds(view)]
    assert [k.label for k in view.main.links if k.name] == [".a"]


def test_many_different_calls_are_one_only_in_a_tall_picture(spec: Make) -> None:
    steps = "".join(f"  - s{n}: Unit({n}, stride={1 + n % 2})\n  - MaxPool(3, stride=1)\n" for n in range(4, 12))
    row = "".join(f"  - t{n}: Unit({n})\n" for n in range(4, 8))
    assert [t for t, _, _ in folds(spec(UNIT + HEAD + row))] == ["t4", "t5", "t6", "t7"]
    assert ("t4 … t7", "×4") in [(t, badge) for t, badge, _ in folds(spec(UNIT + HEAD + steps + row))]


def test_lanes_that_differ_are_drawn_one_by_one(spec: Make) -> None:
    def kernels(count: int, **options: object) -> list[str]:
        lanes = ", ".join(str(2 * n + 1) for n in range(count))
        view = spec(HEAD + f"  - concat:\n      | each k in [{lanes}]: Conv(4, k)\n", **options)
        join = next(b for b in view.main.boxes() if b.title == "∥")
        assert len([k for k in view.main.links if k.head == join.id]) == min(count, 3 if count > 6 else count)
        return [b.rows[0].arguments if b.rows else b.notes[0] for b in view.main.boxes() if b.shape in ("card", "text")]

    assert kernels(3) == ["1×1, 4", "3×3, 4", "5×5, 4"]
    assert kernels(9) == ["1×1, 4", "7 more lanes", "17×17, 4"]


def test_equal_lanes_are_one_with_their_number(spec: Make) -> None:
    view = spec(HEAD + "  - concat:\n      | each 5: Conv(4, 3)\n")
    assert "×5 lanes" in [b.badge for b in view.main.boxes()] + [c.badge for c in view.main.root.clusters()]


# --------------------------------------------------------------------------------------------------- sizes


def test_sizes_are_told_by_the_names_that_the_spec_gives(spec: Make) -> None:
    text = (
        "model M(d=64, e=64, classes=10):\n  input x: [B, d]\n  input y: [B, 64]\n"
        "  - x -> Linear(4 * d) -> [B, 4 * d] -> ReLU -> Linear(e) -> Tanh\n"
        "  output z: Linear(classes)\n  output w: y\n"
    )
    view = spec(text)
    told = {b.title: b.notes for b in view.main.boxes() if b.shape in ("input", "output")}
    assert told == {"x": ["B×d"], "y": ["B×64"], "z": ["B×10"], "w": ["B×64"]}  # 64 is d only where d says so
    assert "d = 64" in view.caption.facts and "classes" not in view.caption.facts
    assert spec(text, sizes="concrete").main.boxes()[0].notes == ["B×64"]
    assert spec(text, settings={"d": 64}).main.boxes()[0].notes == ["B×64"]
    with pytest.raises(ValueError, match="symbolic or concrete"):
        spec(text, sizes="named")


def test_a_multiple_of_a_named_size() -> None:
    labels = [k.type for k in drawn("unet", "UNet").view.main.links]
    assert "B×width×H×W" in labels and "B×8·width×H/8×W/8" in labels


def test_wrong_options_are_refused(spec: Make) -> None:
    for options in ({"level": "half"}, {"orient": "RL"}):
        with pytest.raises(ValueError, match="not '"):
            spec(HEAD + "  - ReLU\n", **options)


# --------------------------------------------------------------------------------------- sharing and freezing


def test_what_nothing_uses_is_named_in_the_caption(spec: Make) -> None:
    text = (
        "block Trunk:\n  - features: Conv(4, 3) -> ReLU\n  - GlobalAvgPool\n  - fc: Linear(5)\n\n"
        + HEAD
        + "  t: x -> Trunk\n  output y: t.features -> GlobalAvgPool\n"
    )
    assert spec(text).caption.unused == ["not used: t.fc"]


def test_lines_of_sharing_only_on_request() -> None:
    assert "share" not in {k.kind for k in drawn("siamese", "Siamese").view.main.links}
    shared = drawn("siamese", "Siamese", show=("sharing",)).view
    assert [(k.tail, k.head) for k in shared.main.links if k.kind == "share"] != []
    assert "dotted: the same weights" in shared.caption.marks


TEACHER = (
    "block Net(width):\n  - Flatten -> Linear(width) -> ReLU -> Linear(10)\n\n"
    "model M:\n  input x: [B, 8]\n  target label: [B] long < 10\n  teacher big: Net(64)\n  student small: Net(4)\n"
    "  soft: x -> big\n  output logits: x -> small\n"
    "  loss hard: logits -> CrossEntropy to label\n  loss kd: logits -> Distill(4) to soft\n"
    "  train small: 0.1 * hard + 0.9 * kd\n"
)


def test_a_teacher_is_frozen_and_its_gradient_stops(spec: Make) -> None:
    view = spec(TEACHER)
    frozen = {c.title for c in view.main.root.clusters() if c.frozen} | {
        b.title for b in view.main.boxes() if b.frozen and b.title
    }
    assert any(title.startswith("teacher · big") for title in frozen)
    stops = [k for k in view.main.links if k.stop]
    assert [k.kind for k in stops] == ["loss"]
    assert view.caption.facts.startswith("86 parameters trained, 1.23 k frozen")
    assert [b.notes for b in view.main.boxes() if b.shape == "sum"] == [["train small"]]
    assert not any(b.frozen for b in spec(TEACHER, training=False).main.boxes())


GAN = (
    "block Make:\n  - Linear(16) -> Tanh\n\nblock Judge:\n  - Linear(8) -> ReLU -> Linear(1)\n\n"
    "model M:\n  input z: [B, 4]\n  target real: [B, 16]\n  generator gen: Make\n  critic judge: Judge\n"
    "  output fake: z -> gen\n  loss on_real: real -> judge -> BCELogits to 1\n"
    "  loss on_fake: fake -> StopGrad -> judge -> BCELogits to 0\n  loss fool: fake -> judge -> BCELogits to 1\n"
    "  train judge: on_real + on_fake\n  train gen: fool\n"
)


def test_a_critic_reads_the_output_where_it_is_drawn(spec: Make) -> None:
    view = spec(GAN)
    judges = [b.id for b in view.main.boxes() if b.share == "judge"]
    read = [(k.tail, k.stop) for k in view.main.links if k.head in judges]
    assert sorted(read) == [("output.fake", False), ("output.fake", True), ("real", False)]
    sums = [b.notes for b in view.main.boxes() if b.shape == "sum"]
    assert sums == [["1 train judge"], ["2 train gen"]]


def test_a_learned_weight_of_a_loss_is_told_in_its_hexagon() -> None:
    view = drawn("multitask", "SceneTasks").view
    losses = {b.title: b.notes for b in view.main.boxes() if b.shape == "loss"}
    assert not [b for b in view.main.boxes() if b.shape == "param"]
    assert all(any(note.endswith("is learned") for note in notes) for notes in losses.values())


# -------------------------------------------------------------------------------------------------- layout


def test_rows_are_read_in_the_direction_of_the_flow() -> None:
    card = Box("a", "card", rows=[Row("Linear", "8", role="linear"), Row("ReLU", thin=True)])
    down, up = (rows(card, theme("light"), upward) for upward in (False, True))
    assert down.index("Linear") < down.index("ReLU") and up.index("ReLU") < up.index("Linear")


def test_the_words_between_towers_stand_inside() -> None:
    view = drawn("transformer", "Transformer").view
    words = [
        (c.title, b.notes) for c in view.main.root.clusters() for b in c.items if getattr(b, "shape", "") == "text"
    ]
    assert words == [("DecoderLayer", ["memory : B×S×d"])]
    lead = next(k for k in view.main.links if k.kind == "lead")
    assert lead.ordered and lead.beside in {b.id for b in view.main.root.boxes()}


def test_a_flow_with_skips_inside_skips_is_a_u() -> None:
    for name in ("UNet", "PaperUNet"):
        links = drawn("unet", name).view.main.links
        assert len([k for k in links if k.level and not k.trunk and k.kind != "none"]) == 4
        assert any(k.back and k.head == "output.mask" for k in links)
    assert not any(k.back for k in drawn("resnet", "ResNet18").view.main.links)
    assert not any(k.back for k in drawn("gpt2", "GPT2").view.main.links)


def test_a_block_that_uses_itself_is_closed_where_it_would_fill_the_page() -> None:
    view = drawn("diffusion_unet", "DiffusionUNet").view
    assert {p.id for p in view.definitions} >= {"def Level"}
    assert "Level" in {c.title for p in drawn("unet", "UNet").view.panels for c in p.root.clusters()}


def test_crossings_are_found() -> None:
    def picture(x: float, words: float) -> str:
        return (
            '<g id="cluster.a" class="cluster block">\n<path fill="none" d="M0,0C0,0 200,0 200,100"/>\n'
            '<text text-anchor="start" x="10" y="20" font-size="12">title</text>\n</g>\n'
            f'<g id="edge1" class="edge">\n<path fill="none" d="M{x},0C{x},10 {x},30 {x},50"/>\n'
            f'<text text-anchor="start" x="{words}" y="60" font-size="9">words</text>\n</g>'
        )

    def found(svg: str) -> tuple[set[str], set[int], int, int]:
        each = faults(svg)
        return each.titles, each.words, each.through, each.crossings

    assert found(picture(20, 60)) == ({"cluster.a"}, set(), 0, 0)
    assert found(picture(90, 190)) == (set(), {0}, 0, 0)
    assert found(picture(90, 60)) == (set(), set(), 0, 0)
    through = '\n<g id="edge2" class="edge">\n<path fill="none" d="M-20,60C60,61 140,62 220,63"/>\n</g>'
    assert found(picture(90, 60) + through)[2] == 1
    across = '\n<g id="edge2" class="edge">\n<path fill="none" d="M20,28C60,28 100,31 140,31"/>\n</g>'
    assert found(picture(90, 60) + across)[3] == 1
    one, two = faults(picture(90, 60) + across), faults(picture(90, 60) + across + across.replace("28", "24"))
    assert not one.any() and two.any() and two.cost() > one.cost()


def test_a_line_that_leads_back_goes_around_what_is_between() -> None:
    for file, name in (("seq2seq", "RNNSearch"), ("pixelcnn", "GatedPixelCNN"), ("depth", "DenseDepth")):
        assert not [fault for fault in overlaid(read(drawn(file, name).svg)) if "crosses" in fault]


def test_a_notebook_shows_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    model = dslnet.load(Path(__file__).parent.parent / "specs" / "mlp.net").MLP
    shown = model._repr_svg_()
    assert shown is None or shown.startswith("<svg")
    picture = drawn("mlp", "MLP")
    assert isinstance(picture, Drawing) and re.fullmatch(r"<drawing of MLP, \d+ boxes>", repr(picture))
    monkeypatch.setattr("dslnet.targets.drawing.layout.find", lambda name="dot": None)
    for each in (model, picture := model.draw()):
        assert each._repr_svg_() is None
    assert "apt install graphviz" in repr(picture)
    slow = drawn("mlp", "MLP", timeout=1e-9)
    monkeypatch.undo()
    assert slow._repr_svg_() is None and ("took more than" in repr(slow) or "missing" in repr(slow))


def test_the_options_of_python(spec: Make, tmp_path: Path) -> None:
    text = UNIT + HEAD + "  - a: Unit(8)\n  - b: Unit(16)\n"
    assert [title for title, _, _ in folds(spec(text))] == ["a", "b"]
    assert [title for title, _, _ in folds(spec(text, open="a"))] == ["b"]
    assert [title for title, _, _ in folds(spec(text, open=["a", "b"], close=["b"]))] == ["b"]
    model = dslnet.load(tmp_path / "m.net").M
    for options, told in (
        ({"theme": "pink"}, "a theme is one of auto, light, dark, print"),
        ({"show": "metrics"}, "a tuple of metrics and sharing"),
        ({"show": ("losses",)}, "a tuple of metrics and sharing"),
    ):
        with pytest.raises(ValueError, match=told):
            model.draw(**options)
    with pytest.raises(TypeError, match="no option 'colour'; it has caption, close, dpi, legend, level"):
        model.draw(colour="red")


def test_a_part_that_only_some_uses_have_stands_by_itself(spec: Make) -> None:
    text = (
        "block Window(shift=0):\n  input x: [B, T, d]\n"
        "  - LayerNorm\n  - if shift > 0: Roll(-shift, axis=1)\n  - Linear(d)\n\n"
        "model M:\n  input x: [B, T, 8]\n  - Window -> Window(shift=3)\n"
    )
    view = spec(text, wishes=((True, "Window"),))
    rows = [[row.name for row in box.rows] for box in view.main.boxes() if box.rows]
    assert ["Roll"] in [[word.split()[0].strip(",") for word in names] for names in rows]
    assert "if shift > 0" in [link.label for link in view.main.links]
