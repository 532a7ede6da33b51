"""The laws of the package: where imports go, what `check` may load, how long a file may be."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dslnet

PACKAGE = Path(dslnet.__file__).parent
SPECS = PACKAGE.parent / "specs"

#: Imports go from later names to earlier ones; names on one line may know each other.
ORDER = [
    "node source limits collector __init__ resources late",
    "diagnostics codes",
    "render",
    "syntax below kinds tables grammar",
    "brackets lexer words mistakes placement",
    "decode layout",
    "leaves terms tree driver repair capitals habits foreign repairs recovery",
    "parse",
    "write format",
    "schema symbol size size_text",
    "shape",
    "exchange",
    "ops",
    "graph",
    "weights",
    "seals files settings",
    "build",
    "analysis",
    "checking",
    "checkpoints unchanged",
    "targets",
    "cache runtime",
    "training",
    "loading reference hook",
    "terminal exporting onnx program starting train commands lookups options cli __main__",
]
RANK = {name: rank for rank, line in enumerate(ORDER) for name in line.split()}
#: Heavy packages; these folders may use them, inside functions.
HEAVY = {"torch", "onnx", "onnxruntime", "numpy", "sympy", "lightning", "torchmetrics", "safetensors"}
MAY_USE_HEAVY = {"checkpoints", "targets", "runtime", "training"}

FILES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The first part of a module's name below the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Absolute names of what a file imports, and whether that happens when it is loaded."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    here = ["dslnet", *path.relative_to(PACKAGE).with_suffix("").parts]
    stack: list[tuple[ast.AST, bool]] = [(tree, True)]
    while stack:
        node, top = stack.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            stack += [(child, top) for child in node.orelse]
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{module}.{alias.name}", top
        inner = top and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        stack += [(child, inner) for child in ast.iter_child_nodes(node)]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_upwards(path: Path) -> None:
    own = room(path)
    assert own in RANK, f"give {own} a place in ORDER"
    for name, top in imports(path):
        if name.startswith("dslnet.") and top:
            other = name.split(".")[1]
            if other == "__version__":
                continue
            assert other in RANK, f"give {other} a place in ORDER"
            assert RANK[other] <= RANK[own], f"{own} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_packages_stay_in_functions(path: Path) -> None:
    for name, top in imports(path):
        if name.split(".")[0] in HEAVY:
            assert room(path) in MAY_USE_HEAVY, f"{name} outside {MAY_USE_HEAVY}"
            # boxes*.py is source that is copied into what is emitted
            assert not top or path.stem.startswith("boxes") or room(path) == "training", (
                f"{name} when {path.name} is loaded"
            )


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_file_is_long(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 400 or path.name == "tables.py", f"{lines} lines"


def test_check_loads_nothing_heavy() -> None:
    """`dslnet check` of a large spec leaves these out of `sys.modules`."""
    code = (
        "import sys; from dslnet.cli import main; code = main(['check', sys.argv[1]])\n"
        "heavy = {'torch', 'onnx', 'numpy', 'sympy', 'pydantic', 'pydantic_core', 'lark', 'rich', 'graphviz'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(SPECS / "resnet.net")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_the_package_is_light() -> None:
    code = "import sys, dslnet; print(sorted(m for m in sys.modules if m.startswith('dslnet')))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "['dslnet']"
