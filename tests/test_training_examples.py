"""Every program in `examples/training/` trains on real digits and does what its docstring promises."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("safetensors")

import dslnet

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples" / "training"


def run(name: str, folder: Path) -> tuple[str, list[float]]:
    """What a program says, and the numbers in it."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py"), str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout, [float(number) for number in re.findall(r"\d+(?:\.\d+)?", done.stdout)]


def is_picture(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n") and path.stat().st_size > 1000


def test_classifier(tmp_path: Path) -> None:
    _, numbers = run("classifier", tmp_path)
    assert numbers[0] > 97
    assert (tmp_path / "classifier" / "curves.svg").exists()


def test_multitask(tmp_path: Path) -> None:
    _, (digit, parity, error, spread) = run("multitask", tmp_path)
    assert digit > 93 and parity > 93 and error < 0.4 * spread


def test_autoencoder(tmp_path: Path) -> None:
    said, numbers = run("autoencoder", tmp_path)
    ours, linear = re.findall(r"0\.\d+", said)[:2]
    assert float(ours) < float(linear), "better than as many principal components"
    first, last = re.search(r"digit: (\S+) after one epoch, (\S+) after", said).groups()  # type: ignore[union-attr]
    assert float(last) < float(first) - 10
    assert is_picture(tmp_path / "vae" / "drawn.png")


def test_siamese(tmp_path: Path) -> None:
    assert run("siamese", tmp_path)[1][0] > 90


def test_distillation(tmp_path: Path) -> None:
    """The student with the teacher beats the student alone, in the mean of five seeds and in most of them."""
    said, numbers = run("distillation", tmp_path)
    teacher, alone, taught = numbers[-3:]
    assert teacher > 96 and taught > alone + 1, said
    pairs = re.findall(r"alone (\S+)%, with a teacher (\S+)%", said)[:5]
    assert len(pairs) == 5 and sum(float(b) > float(a) for a, b in pairs) >= 4, said


def test_gan(tmp_path: Path) -> None:
    _, numbers = run("gan", tmp_path)
    assert numbers[1] < numbers[0] / 5
    assert is_picture(tmp_path / "gan" / "samples.png")


def test_transfer(tmp_path: Path) -> None:
    _, (count, nothing, learned) = run("transfer", tmp_path)
    assert learned > 90 and learned > nothing + 15


def test_characters(tmp_path: Path) -> None:
    said, (ours, frequency, *_) = run("characters", tmp_path)
    assert ours < 0.8 * frequency
    written = said.split("\n", 1)[1]
    assert written.startswith("The data ") and len(written) > 100


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.net")), ids=lambda path: path.stem)
def test_specs_have_no_mistakes(path: Path) -> None:
    assert not dslnet.check(path).diagnostics


def test_every_program_is_listed_and_run() -> None:
    programs = {path.stem for path in EXAMPLES.glob("*.py")} - {"digits"}
    page = (EXAMPLES.parent / "README.md").read_text()
    assert programs == set(re.findall(r"`training/(\w+)\.py`", page))
    text = Path(__file__).read_text()
    assert all(f'run("{name}"' in text for name in programs)
