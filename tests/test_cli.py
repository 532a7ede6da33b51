"""The command line: what it prints, where, and with which exit code."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dslnet
from dslnet import cli
from dslnet.codes import CATALOGUE, page
from dslnet.settings import Misuse, limits, settings, target

ROOT = Path(__file__).parent.parent

GOOD = """\
block Layer(width):
  - Linear(width) -> ReLU

model Digits(classes=10, widths=[16, 32]):
  input image: [B, 1, 28, 28]
  - Flatten
  - repeat width in widths: Layer(width)
  output logits: Linear(classes)
"""
WRONG = GOOD.replace("Layer(width)\n  output", "Layre(width)\n  output")
WARNS = """\
model Price:
  input features: [B, 8]
  input base: [B]
  price: features -> Linear(1)
  output gain: price - base
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / "good.net").write_text(GOOD)
    (tmp_path / "wrong.net").write_text(WRONG)
    (tmp_path / "warns.net").write_text(WARNS)
    yield tmp_path


class Out:
    """A finished command."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *words: str) -> None:
        self.code = cli.main(list(words))
        self.out, self.err = capsys.readouterr()


def process(*words: str, **options: object) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **options.pop("env", {})}  # type: ignore[dict-item]
    return subprocess.run(
        [sys.executable, "-m", "dslnet", *words], capture_output=True, text=True, env=environment, **options
    )  # type: ignore[call-overload, no-any-return]


# -------------------------------------------------------------------------------------------------- check


def test_check(capsys: pytest.CaptureFixture[str]) -> None:
    done = Out(capsys, "check", "good.net")
    assert (done.code, done.out, done.err) == (0, "good.net: 1 model, 1 block, no mistakes\n", "")
    done = Out(capsys, "check", "wrong.net")
    assert done.code == 1
    assert done.out.startswith("error[E0202]: there is no box `Layre`\n  --> wrong.net:7:29\n")
    assert done.out.endswith("\n1 error; dslnet explain E0202 for more\n")


def test_check_of_several_files(capsys: pytest.CaptureFixture[str]) -> None:
    done = Out(capsys, "check", "wrong.net", "good.net", "none.net")
    assert done.code == 1
    assert done.out.count("error[") == 2 and "E0801" in done.out
    assert done.out.endswith("\n2 errors; dslnet explain E0801 for more\n")


@pytest.mark.parametrize("format", ["short", "json", "github", "sarif"])
def test_formats(capsys: pytest.CaptureFixture[str], format: str) -> None:
    done = Out(capsys, "check", "--format", format, "wrong.net")
    assert done.code == 1
    assert "E0202" in done.out
    if format in ("json", "sarif"):
        json.loads(done.out)
    assert Out(capsys, "check", "--format", format, "good.net").code == 0


def test_strict(capsys: pytest.CaptureFixture[str]) -> None:
    assert Out(capsys, "check", "warns.net").code == 0
    assert Out(capsys, "check", "--strict", "warns.net").code == 1


def test_root_and_limits(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "main.net").write_text('use Layer from "../good.net"\n\nblock Two:\n  - Layer(8)\n')
    assert "E0803" in Out(capsys, "check", "sub/main.net").out
    assert Out(capsys, "check", "sub/main.net", "--root", ".").code == 0
    assert Out(capsys, "check", "--root", "none", "sub/main.net").code == 2
    assert "E0900" in Out(capsys, "check", "--limit", "file_bytes=10", "good.net").out


def test_the_readme_tells_the_truth(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    fences = (ROOT / "README.md").read_text(encoding="utf-8").split("```")[1::2]
    spec, shown = fences[0].removeprefix("\n"), fences[1].removeprefix("\n")
    (folder / "digits.net").write_text(spec)
    assert shown.startswith("$ dslnet check digits.net\n")
    assert Out(capsys, "check", "digits.net").out.startswith(shown.removeprefix("$ dslnet check digits.net\n"))
    fixed = spec.replace("1024", "1568")
    (folder / "digits.net").write_text(fixed)
    assert Out(capsys, "check", "digits.net").code == 0


# ------------------------------------------------------------------------------------------- wrong words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["chekc"], "No such command"),
        (["check"], "Missing argument"),
        (["check", "--format", "xml", "good.net"], "--format"),
        (["check", "--limit", "boxes", "good.net"], "--limit name=number"),
        (["check", "--limit", "boxs=1", "good.net"], "did you mean `boxes`?"),
        (["check", "--limit", "boxes=many", "good.net"], "not a whole number"),
        (["summary", "good.net:Digit"], "did you mean `good.net:Digits`?"),
        (["summary", "good.net", "--set", "classes"], "--set name=value"),
        (["summary", "good.net", "--set", "classes=[1"], "not a number"),
        (["summary", "good.net", "--set", "classes=ten"], "a string has quotes"),
        (["summary", "good.net", "--set", "classes=f(1)"], "not a number"),
        (["summary", "good.net", "--set", "Norm=RMSNorm"], "a preset there, such as `model Mine: Model(Norm=RMSNorm)`"),
        (["summary", "good.net", "--set", "Norm=GroupNorm(8)"], "`GroupNorm(8)` is a box"),
        (["compile", "good.net"], "Missing option"),
        (["compile", "good.net", "-o", "x.onxx"], ".py (Python source) or .json"),
        (["compile", "good.net", "-o", "x"], ".py (Python source) or .json"),
        (["ops", "Linaer"], "did you mean `Linear`"),
        (["explain", "E9999"], "there is no diagnostic `E9999`"),
    ],
)
def test_misuse(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    done = Out(capsys, *words)
    assert done.code == 2
    assert done.err.startswith("dslnet: ") and said in done.err
    assert done.out == ""


def test_which_model(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "two.net").write_text(GOOD + GOOD.replace("block Layer", "block Other").replace("Digits", "More"))
    done = Out(capsys, "names", "two.net")
    assert done.code == 2 and "`two.net:Digits`, `two.net:More`" in done.err
    assert Out(capsys, "names", "two.net:More").code == 0
    (folder / "none.net").write_text("block Layer:\n  - ReLU\n")
    assert Out(capsys, "names", "none.net").code == 2


def test_targets() -> None:
    assert target("a.net") == ("a.net", None)
    assert target("a.net:Net") == ("a.net", "Net")
    assert target("c:/x.net:Net") == ("c:/x.net", "Net")
    assert target("c:/x.net") == ("c:/x.net", None)


def test_settings() -> None:
    found = settings(("a=1", "b=-2.5", 'c="x"', "d=[1, [2, 3]]", "e=true", "f=none", "g= 1e-3", "W=()=")[:7])
    assert found == {"a": 1, "b": -2.5, "c": "x", "d": (1, (2, 3)), "e": True, "f": None, "g": 0.001}
    for word in ("x", "=1", "a b=1", "a=", "a=1\nb: 2", "a=b", "a=1 + 1", "a=99999999999999999999", 'a="', "a=[x]"):
        with pytest.raises(Misuse):
            settings((word,))


def test_limits() -> None:
    assert limits(("boxes=1e7", "depth=100")).boxes == 10_000_000
    for word in ("boxes=1.5", "boxes=-1", "boxes=1e99", "boxes=inf", "boxes=", "boxes=١"):
        with pytest.raises(Misuse):
            limits((word,))


# ---------------------------------------------------------------------------------------------- one model


def test_summary(capsys: pytest.CaptureFixture[str]) -> None:
    done = Out(capsys, "summary", "good.net", "--set", "classes=5")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == "Digits(classes=5, widths=[16, 32])"
    assert lines[2].split() == ["path", "box", "shape", "parameters", "FLOPs", "memory"]
    assert any(line.split() == "logits Linear(5) [B, 5] 165 320 20 B".split() for line in lines)
    assert f"parameters  {784 * 16 + 16 + 16 * 32 + 32 + 32 * 5 + 5:,} (51.8 KiB)" in lines
    assert lines[-1] == "at          B = 1"
    assert all(line == line.rstrip() for line in lines)


def test_summary_does_not_grow_with_the_expansion(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    blocks = ["block Deep0:\n  - Linear(8)\n"]
    blocks += [f"block Deep{n}:\n  - Deep{n - 1} -> Deep{n - 1}\n" for n in range(1, 15)]
    model = "model Deep:\n  input x: [B, 8]\n  output y: repeat 30: Deep14\n"
    (folder / "deep.net").write_text("\n".join([*blocks, model]))
    done = Out(capsys, "summary", "deep.net")
    assert done.code == 0, done.out + done.err
    assert len(done.out.splitlines()) < 60
    assert f"parameters  {72 * 2**14 * 30:,}" in done.out


def test_names(capsys: pytest.CaptureFixture[str]) -> None:
    done = Out(capsys, "names", "good.net:Digits")
    assert done.code == 0, done.err
    assert done.out.splitlines()[-2:] == ["logits.weight     [10, 32]", "logits.bias       [10]"]


def test_mistakes_go_to_the_error_stream(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["summary", "wrong.net"], ["names", "wrong.net"], ["compile", "wrong.net", "-o", "-"]):
        done = Out(capsys, *words)
        assert (done.code, done.out) == (1, "")
        assert "error[E0202]" in done.err


def test_settings_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert Out(capsys, "summary", "good.net", "--set", "clases=5").code in (1, 2)
    done = Out(capsys, "summary", "good.net", "--set", 'classes="5"')
    assert done.code == 1 and "E0301" in done.err


# ------------------------------------------------------------------------------------------------ compile


def test_compile_python(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert Out(capsys, "compile", "good.net", "-o", "net.py").code == 0
    text = (folder / "net.py").read_text()
    assert "class Digits(nn.Module)" in text
    compile(text, "net.py", "exec")
    assert Out(capsys, "compile", "good.net", "-o", "net.py", "--set", "classes=3").code == 0
    assert (folder / "net.py").read_text() != text
    (folder / "net.py").write_text(text + "# mine\n")
    done = Out(capsys, "compile", "good.net", "-o", "net.py")
    assert done.code == 1 and "error[E0810]" in done.err
    assert (folder / "net.py").read_text() == text + "# mine\n"
    assert Out(capsys, "compile", "good.net", "-o", "net.py", "--force").code == 0
    assert (folder / "net.py").read_text() == text
    assert sorted(p.name for p in folder.iterdir()) == ["good.net", "net.py", "warns.net", "wrong.net"]


def test_compile_prints(capsys: pytest.CaptureFixture[str]) -> None:
    done = Out(capsys, "compile", "good.net", "-o", "-")
    assert done.code == 0 and "class Digits(nn.Module)" in done.out


def test_compile_json(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert Out(capsys, "compile", "good.net", "-o", "net.json").code == 0
    assert Out(capsys, "compile", "good.net", "-o", "net.json").code == 0
    from dslnet.targets.json import read_json

    assert read_json((folder / "net.json").read_text()).name == "Digits"


def test_python_boxes_need_leave(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "python.net").write_text(
        'use python Wavelet from "signal_boxes.layers"\n\n'
        "model M:\n  input x: [B, 8]\n  - Wavelet(2) -> [B, 4]\n  output y: Linear(3)\n"
    )
    assert Out(capsys, "check", "python.net").code == 0
    done = Out(capsys, "compile", "python.net", "-o", "net.py", "--allow-python", "signal")
    assert done.code == 1 and "error[E0818]" in done.err and "--allow-python signal_boxes" in done.err
    assert not (folder / "net.py").exists()
    assert Out(capsys, "compile", "python.net", "-o", "net.py", "--allow-python", "signal_boxes").code == 0
    assert "from signal_boxes.layers import Wavelet" in (folder / "net.py").read_text()
    assert not any(name.startswith("signal_boxes") for name in sys.modules)
    with pytest.raises(PermissionError):
        dslnet.load("python.net").M()


# ---------------------------------------------------------------------------------------------------- fmt

UGLY = GOOD.replace("  - Flatten", "  -   Flatten")


def test_fmt(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "ugly.net").write_text(UGLY)
    done = Out(capsys, "fmt", "--check", "ugly.net", "good.net")
    assert (done.code, done.out) == (1, "ugly.net would change\n")
    done = Out(capsys, "fmt", "--diff", "ugly.net", "good.net")
    assert done.code == 1 and "\n-  -   Flatten\n+  - Flatten\n" in done.out
    assert (folder / "ugly.net").read_text() == UGLY
    (folder / "ugly.net").chmod(0o640)
    done = Out(capsys, "fmt", "ugly.net", "good.net")
    assert (done.code, done.out) == (0, "ugly.net written\n")
    assert (folder / "ugly.net").read_text() == GOOD
    assert (folder / "ugly.net").stat().st_mode & 0o777 == 0o640
    assert Out(capsys, "fmt", "--check", "ugly.net").code == 0


def test_fmt_leaves_wrong_files_alone(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "bad.net").write_text("model M:\n   input x [B\n")
    done = Out(capsys, "fmt", "bad.net", "none.net")
    assert done.code == 1
    assert "E0801" in done.err
    assert (folder / "bad.net").read_text() == "model M:\n   input x [B\n"


def test_fmt_does_not_write_through_links(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "ugly.net").write_text(UGLY)
    (folder / "link.net").symlink_to("ugly.net")
    done = Out(capsys, "fmt", "link.net")
    assert done.code == 1 and "E0812" in done.err
    assert (folder / "ugly.net").read_text() == UGLY


# --------------------------------------------------------------------------------------------- references


def test_ops(capsys: pytest.CaptureFixture[str]) -> None:
    done = Out(capsys, "ops")
    assert done.code == 0
    assert "  Linear(out_features, bias=true)\n" in done.out
    for name in ("AdamW", "Every", "ClipWeights", "StepLR"):
        told = Out(capsys, "ops", name)
        assert f"  {name}(" in done.out and told.out.startswith(f"{name}(") and "->" not in told.out
    done = Out(capsys, "ops", "Linear")
    assert done.code == 0
    assert done.out.startswith("Linear(out_features, bias=true)\n") and "[8, 10] -> Linear(20)" in done.out


def test_every_operator_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    from dslnet.ops import OPERATORS

    for name in OPERATORS:
        done = Out(capsys, "ops", name)
        assert done.code == 0 and len(done.out.splitlines()) >= 3


def test_prelude_blocks_are_described(capsys: pytest.CaptureFixture[str]) -> None:
    from dslnet.reference import prelude

    for _, block in prelude():
        done = Out(capsys, "ops", block.name.text)
        assert done.code == 0 and f"block {block.name.text}" in done.out


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    done = Out(capsys, "explain", "e0303")
    assert (done.code, done.out) == (0, page("E0303"))
    done = Out(capsys, "explain")
    assert done.code == 0 and all(f"  {code}  {sentence}\n" in done.out for code, sentence in CATALOGUE.items())


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    done = Out(capsys, "--version")
    assert (done.code, done.out) == (0, f"dslnet {dslnet.__version__}\n")
    for words in (["--help"], ["check", "-h"], ["compile", "--help"]):
        done = Out(capsys, *words)
        assert done.code == 0 and done.out.startswith("Usage: dslnet")


def test_without_a_command_it_shows_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    done = Out(capsys)
    assert (done.code, done.out) == (2, "") and done.err.startswith("Usage: dslnet")
    listed = done.err[done.err.index("Commands:") :].splitlines()[1:]
    words = [line.split()[0] for line in listed]
    assert words == ["check", "compile", "draw", "summary", "train", "names", "fmt", "new", "ops", "explain"]
    assert all(line.endswith(".") and not line.endswith("...") for line in listed), "a line is cut"


# --------------------------------------------------------------------------------------------- the process


def test_internal_errors(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    import dslnet.checking

    def fail(*_: object) -> None:
        raise RuntimeError("secret\x1b[31m words")

    monkeypatch.setattr(dslnet.checking, "check", fail)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    done = Out(capsys, "check", "good.net")
    assert done.code == 3 and done.out == ""
    assert done.err.startswith("error[E9001]: this is a bug in dslnet, not in your file\n")
    assert f"dslnet {dslnet.__version__}" in done.err and "check, on `good.net`" in done.err
    assert "Traceback" not in done.err and "\x1b" not in done.err
    (trace,) = folder.glob("dslnet-*.txt")
    assert str(trace) in done.err
    assert "RuntimeError: secret" in trace.read_text()


def test_interrupt(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import dslnet.build

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(dslnet.build, "read_program", interrupt)
    for words in (["check", "good.net"], ["check", "--strict", "good.net"], ["names", "good.net"]):
        done = Out(capsys, *words)
        assert done.code == 130 and "Traceback" not in done.err


def test_a_closed_pipe_ends_quietly() -> None:
    code = (
        "import subprocess, sys\n"
        "command = [sys.executable, '-m', 'dslnet', 'ops']\n"
        "p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)\n"
        "p.stdout.close()\n"
        "print(repr(p.stderr.read()), p.wait())"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "b'' 0\n"


def test_any_locale(folder: Path) -> None:
    text = 'model M:\n  input x: [B, 8]\n  - Linaer("漢字")  # é\n  output y: ReLU\n'
    (folder / "wide.net").write_text(text, encoding="utf-8")
    done = process("check", "wide.net", env={"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert done.returncode == 1 and "\\u6f22" in done.stdout and done.stderr == ""


def test_same_bytes_under_any_hash_seed() -> None:
    outs = {process("check", "wrong.net", "none.net", env={"PYTHONHASHSEED": str(n)}).stdout for n in range(3)}
    assert len(outs) == 1


def test_color_is_for_terminals(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from dslnet.terminal import colorful

    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    assert not colorful(Terminal())  # type: ignore[arg-type]
    monkeypatch.delenv("NO_COLOR")
    assert colorful(Terminal())  # type: ignore[arg-type]
    monkeypatch.setenv("TERM", "dumb")
    assert not colorful(Terminal())  # type: ignore[arg-type]
    assert "\x1b" not in Out(capsys, "check", "wrong.net").out


# ------------------------------------------------------------------------------------------------- Python


def test_load_reports_mistakes() -> None:
    with pytest.raises(dslnet.NetError, match="E0202") as caught:
        dslnet.load("wrong.net")
    assert caught.value.report.errors == 1
    with pytest.raises(dslnet.NetError, match="E0801"):
        dslnet.load("none.net")
    assert dslnet.check("wrong.net").errors == 1
    assert dslnet.check("good.net").errors == 0


def test_functions_stay_functions() -> None:
    import dslnet.hook  # which imports modules of the package

    dslnet.check("good.net")
    assert callable(dslnet.check) and callable(dslnet.load)
    with pytest.raises(AttributeError):
        dslnet.nothing  # noqa: B018


def test_net() -> None:
    net = dslnet.load("good.net")
    assert list(net) == ["Digits"] and "Digits" in dir(net)
    assert repr(net) == "<good.net: Digits>"
    assert repr(net.Digits) == "<model Digits(classes, widths) of good.net>"
    assert net["Digits"].graph(5).arguments["classes"] == 5
    assert net.Digits.graph(widths=[8]).arguments["widths"] == (8,)
    with pytest.raises(AttributeError, match="did you mean Digits"):
        net.Digit  # noqa: B018
    with pytest.raises(KeyError):
        net["Layer"]
    with pytest.raises(TypeError, match="classes twice"):
        net.Digits.graph(5, classes=5)
    with pytest.raises(TypeError, match="takes 2"):
        net.Digits.graph(1, 2, 3)
    with pytest.raises(TypeError, match="not object"):
        net.Digits.graph(object())
    with pytest.raises(dslnet.NetError):
        net.Digits.graph(classes="5")


def test_module_from_a_spec() -> None:
    torch = pytest.importorskip("torch")
    model = dslnet.load("good.net").Digits(classes=3)
    assert isinstance(model, torch.nn.Module)
    assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 3)


def test_import_hook(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dslnet.hook

    (folder / "my_specs").mkdir()
    (folder / "my_specs" / "digits.net").write_text(GOOD)
    (folder / "my_specs" / "broken.net").write_text(WRONG)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    from my_specs.digits import Digits  # type: ignore[import-not-found]

    assert Digits.graph(4).arguments["classes"] == 4
    assert sys.modules["my_specs.digits"].__all__ == ["Digits"]
    with pytest.raises(dslnet.NetError):
        import my_specs.broken  # type: ignore[import-not-found]  # noqa: F401
    with pytest.raises(ImportError):
        import my_specs.absent  # type: ignore[import-not-found]  # noqa: F401
    before = list(sys.meta_path)
    dslnet.hook.install()
    assert sys.meta_path == before
