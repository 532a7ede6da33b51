"""Every program in `examples/` runs, and says what its docstring promises."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"

WRONG = "model Wrong:\n  input x: [B, 8]\n  output y: Linaer(2)\n"


def run(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLES / name), *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("load_and_run.py", ["logits: (2, 10)", "key: conv1.weight"]),
        ("swap_block.py", ["Plain: (1, 10), BatchNorm2d", "Modern: (1, 10), Conv2d, GroupNorm"]),
        ("own_operator.py", ["(4, 2)", "`amount` of SoftShrink is a number above 0"]),
    ],
)
def test_program(name: str, said: list[str]) -> None:
    done = run(name)
    assert done.returncode == 0, done.stderr
    for text in said:
        assert text in done.stdout


def test_print_mistakes(tmp_path: Path) -> None:
    (tmp_path / "wrong.net").write_text(WRONG)
    done = run("print_mistakes.py", str(tmp_path / "wrong.net"))
    assert done.returncode == 1, done.stderr
    assert "E0202 at 3:13: there is no box `Linaer` (1 sure fixes)" in done.stdout
    assert run("print_mistakes.py", str(ROOT / "specs" / "mlp.net")).returncode == 0


def test_export_summary(tmp_path: Path) -> None:
    done = run("export_summary.py", str(ROOT / "specs" / "vgg.net"), str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert {"VGG16.txt", "VGG16.json"} <= {path.name for path in tmp_path.iterdir()}
    assert "138,357,544" in (tmp_path / "VGG16.txt").read_text()


def test_run_module(tmp_path: Path) -> None:
    file = tmp_path / "resnet18.py"
    words = ["-m", "dslnet", "compile", str(ROOT / "specs" / "resnet.net") + ":ResNet18", "-o", str(file)]
    subprocess.run([sys.executable, *words], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, timeout=60)
    done = run("run_module.py", str(file))
    assert done.stdout == "ResNet18: 11,689,512 parameters, (2, 3, 224, 224) -> (2, 1000)\n", done.stderr


def test_every_program_is_listed_and_run() -> None:
    programs = {path.name for path in EXAMPLES.glob("*.py")}
    listed = {
        line.split("`")[1].split()[0]
        for line in (EXAMPLES / "README.md").read_text().split("\n")
        if "`" in line and line.split("`")[1].split()[0].endswith(".py") and "`training/" not in line
    }
    assert listed == programs
    text = Path(__file__).read_text()
    assert all(f'"{name}"' in text for name in programs)
