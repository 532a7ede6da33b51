"""The data of a training: what is read, what is refused and how that is said, how rows are cut into batches."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
numpy = pytest.importorskip("numpy")

import dslnet  # noqa: E402
import dslnet.training  # noqa: E402
from dslnet.diagnostics import Diagnostic, Report  # noqa: E402
from dslnet.training.batches import Batches  # noqa: E402
from dslnet.training.data import Data, fitting  # noqa: E402
from dslnet.training.reading import Unreadable, call_function, read_table  # noqa: E402

SPEC = """\
model Tagger(vocab=20, tags=3):
  input tokens: [B, T] long < vocab
  input image: [B, 2, H, 2 * W]
  input keep: [B, T] bool
  target tag: [B, T] long
  require: H % 4 == 0
  - words: Embedding(vocab, 8)
  seen: image -> GlobalAvgPool -> Linear(8) -> Unsqueeze(1)
  output scores: (words + seen) -> Linear(tags)
  output kept: (keep -> Unsqueeze(2)) * words
  loss ce: scores -> CrossEntropy(ignore_index=-1) to tag
"""


def model(folder: Path, text: str) -> Any:
    (folder / "tagger.net").write_text(text)
    return dslnet.load(folder / "tagger.net").Tagger.graph()


def table(**changed: Any) -> dict[str, Any]:
    numbers = numpy.random.default_rng(0)
    made = {
        "tokens": numbers.integers(0, 20, (6, 5)),
        "image": numbers.normal(size=(6, 2, 8, 10)).astype("float32"),
        "keep": numbers.random((6, 5)) < 0.5,
        "tag": numbers.integers(-1, 3, (6, 5)),
    }
    return {name: value for name, value in {**made, **changed}.items() if value is not None}


def told(folder: Path, text: str = SPEC, **changed: Any) -> list[Diagnostic]:
    report = Report()
    made = fitting(model(folder, text), table(**changed), report)
    assert (made is None) == bool(report.diagnostics)
    for found in report.diagnostics:
        assert len(found.title) <= 80 and not found.title.endswith("."), found.title
        assert len(found.primary.text) < 50 and found.primary.span.file, found
    return report.sorted()


def test_what_fits(tmp_path: Path) -> None:
    assert told(tmp_path) == []
    report = Report()
    data = fitting(model(tmp_path, SPEC), table(image=numpy.zeros((6, 2, 4, 6))), report)
    assert data is not None and data.rows == 6 and not data.whole
    dtypes = {name: str(x.dtype) for name, x in data.batch(torch.tensor([4, 1])).items()}
    assert dtypes == {"tokens": "torch.int64", "image": "torch.float32", "keep": "torch.bool", "tag": "torch.int64"}
    tokens = torch.as_tensor(table()["tokens"])
    assert torch.equal(data.batch(torch.tensor([4, 1]))["tokens"], tokens[[4, 1]])


@pytest.mark.parametrize(
    ("changed", "code", "line", "words"),
    [
        ({"tag": None}, "E0831", 5, "no `tag`"),
        ({"image": None}, "E0831", 3, "no `image`"),
        ({"tokens": numpy.zeros((6, 5, 1), "int64")}, "E0832", 2, "[6, 5, 1]"),
        ({"image": numpy.zeros((6, 3, 8, 10), "float32")}, "E0832", 3, "axis 1 is 3"),
        ({"image": numpy.zeros((6, 2, 8, 11), "float32")}, "E0832", 3, "axis 3 is 11, not 2 * W"),
        ({"image": numpy.zeros((6, 2, 6, 10), "float32")}, "E0832", 3, "H is 6, not a multiple of 4"),
        ({"tag": numpy.zeros((6, 4), "int64")}, "E0832", 5, "T is 5 in `tokens`"),
        ({"tag": numpy.zeros((5, 5), "int64")}, "E0832", 5, "B is 6 in `tokens`"),
        ({"image": numpy.zeros((6, 2, 8, 10), "uint8")}, "E0833", 3, "/ 255"),
        ({"tokens": numpy.zeros((6, 5))}, "E0833", 2, "int64"),
        ({"keep": numpy.zeros((6, 5), "int64")}, "E0833", 4, "keep != 0"),
        ({"image": numpy.zeros((6, 2, 8, 10), "complex64")}, "E0833", 3, "complex64"),
        ({"tokens": numpy.array([["a"] * 5] * 6)}, "E0833", 2, "no numbers"),
        ({"tokens": numpy.full((6, 5), 20)}, "E0834", 2, "has 20 in row 0, the greatest may be 19"),
        ({"tokens": numpy.full((6, 5), -1)}, "E0834", 2, "a number below 0"),
        ({"tag": numpy.full((6, 5), 3)}, "E0834", 5, "`CrossEntropy` has 3 classes"),
        ({"tag": numpy.full((6, 5), -2)}, "E0834", 5, "-2"),
        ({"image": numpy.full((6, 2, 8, 10), numpy.nan)}, "E0834", 3, "not finite, in row 0"),
    ],
)
def test_what_does_not(changed: dict[str, Any], code: str, line: int, words: str, tmp_path: Path) -> None:
    (found,) = told(tmp_path, **changed)
    text = " ".join([found.title, found.primary.text, *found.notes, *(h.text for h in found.helps)])
    position = SPEC.count("\n", 0, found.primary.span.start) + 1
    assert (found.code, position) == (code, line), text
    assert words in text, text


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    found = told(tmp_path, tag=None, tokens=numpy.zeros((6, 5)), keep=numpy.zeros((6, 5)))
    assert [d.code for d in found] == ["E0833", "E0833", "E0831"]


def test_the_first_row_that_is_wrong(tmp_path: Path) -> None:
    tokens = table()["tokens"].copy()
    tokens[4, 2] = 99
    (found,) = told(tmp_path, tokens=tokens)
    assert "has 99 in row 4" in found.title


def test_a_misspelt_name_is_proposed(tmp_path: Path) -> None:
    (found,) = told(tmp_path, tag=None, tags=table()["tag"])
    assert found.helps[0].text == "call `tags` there `tag`"


GRAPH = """\
model Tagger:
  input nodes: [N, 4]
  input edges: [2, E] long < N
  target tag: [N] long < 3
  source: edges -> Slice(0, 1, axis=0) -> Squeeze(0)
  output scores: nodes -> Linear(3)
  output tails: (nodes, source) -> Gather
  loss ce: scores -> CrossEntropy to tag
"""


def test_what_cannot_be_cut_is_taken_whole(tmp_path: Path) -> None:
    arrays = {
        "nodes": numpy.zeros((7, 4), "float32"), "edges": numpy.full((2, 9), 6), "tag": numpy.zeros(7, "int64")
    }  # fmt: skip
    report = Report()
    data = fitting(model(tmp_path, GRAPH), arrays, report)
    assert data is not None and data.rows == 1 and not data.columns
    assert {name: tuple(x.shape) for name, x in data.batch(torch.tensor([0])).items()} == {
        "nodes": (7, 4), "edges": (2, 9), "tag": (7,)
    }  # fmt: skip
    assert fitting(model(tmp_path, GRAPH), {**arrays, "edges": numpy.full((2, 9), 7)}, report) is None
    assert report.diagnostics[0].title == "`edges` has 7 in row 0, the greatest may be 6"


def test_noise_is_drawn_anew(tmp_path: Path) -> None:
    text = "model Tagger:\n  input z: [B, 3]\n  target y: [B]\n  output x: Linear(1) -> Squeeze(1)\n"
    text += "  loss: x -> MSE to y\n"
    report = Report()
    rows = {"y": numpy.zeros(50, "float32")}
    assert fitting(model(tmp_path, text), rows, report) is None
    assert report.diagnostics[0].helps[0].text == "noise that each batch draws anew: `--draw z`"
    data = fitting(model(tmp_path, text), rows, Report(), drawn=["z"])
    assert data is not None
    torch.manual_seed(0)
    one, other = (data.batch(torch.arange(50))["z"] for _ in range(2))
    assert one.shape == (50, 3) and not torch.equal(one, other) and abs(one.std() - 1) < 0.2
    torch.manual_seed(0)
    assert torch.equal(data.batch(torch.arange(50))["z"], one)


# ------------------------------------------------------------------------------------------------ files


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_files_give_back_what_was_saved(suffix: str, tmp_path: Path) -> None:
    arrays = {
        **table(),
        "F": numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3)),
        "big": numpy.arange(3, dtype=">i4"),
    }
    path = str(tmp_path / f"data.{suffix}")
    if suffix == "npz":
        numpy.savez_compressed(path, **arrays)
    else:
        del arrays["big"]
        from safetensors.numpy import save_file

        save_file({name: numpy.ascontiguousarray(value) for name, value in arrays.items()}, path)
    read = read_table(path, [*arrays, "absent"])
    assert set(read.names or ()) == set(arrays) == set(read.arrays)
    for name, value in arrays.items():
        assert numpy.array_equal(numpy.asarray(read.arrays[name]), value), name
    assert set(read_table(path, ["F"]).arrays) == {"F"}


def refused(path: Path, limit: int = 1 << 20) -> str:
    with pytest.raises(Unreadable) as caught:
        read_table(str(path), ["x"], limit)
    assert len(caught.value.title) <= 80
    return f"{caught.value.code} {caught.value.title}"


def test_files_that_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    assert refused(path).startswith("E0801")
    assert refused(tmp_path / "data.csv") == f"E0830 `{str(tmp_path / 'data.csv')[:50]}` is no data that is read"
    path.write_bytes(b"not a zip")
    assert refused(path) == "E0830 `data.npz` cannot be read"
    numpy.savez(path, x=numpy.array([{"a": 1}], dtype=object))
    assert refused(path) == "E0830 `x` holds Python objects, which are never read"
    numpy.savez_compressed(path, x=numpy.zeros(1 << 22, "uint8"))  # a few kilobytes in the file
    assert path.stat().st_size < 1 << 14
    assert refused(path) == "E0830 `data.npz` unpacks to more than 1,048,576 bytes"
    (tmp_path / "data.safetensors").write_bytes(b"\xff" * 100)
    assert refused(tmp_path / "data.safetensors").startswith("E0830")
    (tmp_path / "folder.npz").mkdir()
    assert refused(tmp_path / "folder.npz").startswith("E0806")


def test_a_header_that_lies_is_refused(tmp_path: Path) -> None:
    """A member that claims a terabyte, or fewer bytes than it has, is not believed."""
    import io

    for shape in ("(1099511627776,)", "(3,)"):
        header = io.BytesIO()
        numpy.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": eval(shape)})
        with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
            archive.writestr("x.npy", header.getvalue() + b"\0" * 16)
        assert refused(tmp_path / "data.npz", 1 << 50).startswith("E0830 `data.npz` cannot be read")


def test_functions_of_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_rows_of_data.py").write_text(
        "def load(): return {'x': [1]}\ndef pair(): return {'x': [1]}, {'x': [2]}\ndef wrong(): return 7\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    trained, held = call_function("my_rows_of_data:load")
    assert trained.arrays == {"x": [1]} and held is None
    assert call_function("my_rows_of_data:pair")[1].arrays == {"x": [2]}  # type: ignore[union-attr]
    for where, words in [
        ("my_rows_of_data:wrong", "returns a int"),
        ("my_rows_of_data:absent", "has no function"),
        ("no_such_module_here:f", "there is no module"),
    ]:
        with pytest.raises(Unreadable, match=words):
            call_function(where)


# ---------------------------------------------------------------------------------------------- batches


def test_an_epoch_has_every_row_once_and_an_order_of_its_own() -> None:
    batches = Batches(103, 10, seed=3)
    epochs = [batches.order(epoch) for epoch in range(3)]
    for order in epochs:
        assert [len(rows) for rows in order] == [10] * 10 + [3] and len(batches) == 11
        assert sorted(torch.cat(order).tolist()) == list(range(103))
    flat = [torch.cat(order).tolist() for order in epochs]
    assert flat[0] != flat[1] != flat[2] and torch.cat(batches.order(1)).tolist() == flat[1]
    assert torch.cat(Batches(103, 10, seed=4).order(0)).tolist() != flat[0]


def test_last_batches() -> None:
    assert [len(b) for b in Batches(21, 10).order(0)] == [10, 10]  # one row has no variance
    assert [len(b) for b in Batches(21, 10, shuffled=False).order(0)] == [10, 10, 1]
    assert [len(b) for b in Batches(1, 10).order(0)] == [1]
    assert [len(b) for b in Batches(25, 10, exact=True).order(0)] == [10, 10]
    assert [len(b) for b in Batches(22, 10, world=3).order(0)] == [10, 10]
    assert [len(b) for b in Batches(7, 0).order(0)] == [7]


def test_processes_share_a_batch() -> None:
    rows = torch.arange(7)
    parts = [Batches(7, 7, rank=rank, world=3).mine(rows) for rank in range(3)]
    assert sorted(torch.cat([part for part, _ in parts]).tolist()) == list(range(7))
    assert sum(weight for _, weight in parts) == pytest.approx(3)
    values = torch.randn(7)
    mean = sum(weight * values[part].mean() for part, weight in parts) / 3
    assert mean == pytest.approx(values.mean().item(), abs=1e-6)


def test_a_share_for_validation() -> None:
    data = Data(10, {"x": torch.arange(10)})
    kept, held = data.split(0.3, seed=5)
    assert (kept.rows, held.rows) == (7, 3)
    assert sorted([*kept.columns["x"].tolist(), *held.columns["x"].tolist()]) == list(range(10))
    assert data.split(0.3, seed=5)[1].columns["x"].tolist() == held.columns["x"].tolist()
    assert data.split(0.01, seed=5)[1].rows == 1


LOOKING_UP = """\
block Words(rows):
  input ids: [B, T] long
  - ids -> Slice(0, 1, axis=1) -> Embedding(rows, 4) -> Mean(axis=1)

model Net:
  input ids: [B, T] long
  target z: [B, 2]
  - (ids -> Words(9)) + (ids -> Words(5))
  output y: Linear(2)
  loss l: y -> MSE to z
"""


@pytest.mark.parametrize(("number", "fits"), [(4, True), (5, False), (-1, False)])
def test_ids_are_looked_up_in_tables_inside_blocks(number: int, fits: bool, tmp_path: Path) -> None:
    report = Report()
    (tmp_path / "net.net").write_text(LOOKING_UP)
    graph = dslnet.load(tmp_path / "net.net").Net.graph()
    ids = numpy.full((3, 4), number)
    found = fitting(graph, {"ids": ids, "z": numpy.zeros((3, 2), "f")}, report)
    assert (found is not None) == fits == (not report.errors)
    if not fits:
        assert report.diagnostics[0].code == "E0834" and report.diagnostics[0].primary.text == "`Embedding` has 5 rows"


FIXED = """\
model Net:
  input x: [8, 4]
  target z: [8, 2]
  output y: Linear(2)
  loss l: y -> MSE to z
"""


def test_a_spec_that_fixes_the_batch_takes_more_rows(tmp_path: Path) -> None:
    (tmp_path / "net.net").write_text(FIXED)
    made = dslnet.load(tmp_path / "net.net").Net()
    rows = {"x": numpy.zeros((20, 4), "f"), "z": numpy.zeros((20, 2), "f")}
    history = dslnet.training.fit(made, rows, epochs=1, progress=False, validation=0.4)
    assert history.last["step"] == 1 and "validation/l" in history.last
    with pytest.raises(dslnet.NetError, match="6 rows for validation make no batch of 8"):
        dslnet.training.fit(made, rows, epochs=1, progress=False, validation=0.3)
    with pytest.raises(dslnet.NetError, match="20 rows, others have 19"):
        dslnet.training.fit(made, rows | {"z": rows["z"][1:]}, epochs=1, progress=False)
    with pytest.raises(dslnet.NetError, match="7 rows make no batch of 8"):
        dslnet.training.fit(made, {name: value[:7] for name, value in rows.items()}, epochs=1, progress=False)
