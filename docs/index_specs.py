"""Write `specs/README.md`, the table of the shipped models: `python docs/index_specs.py [FILE…]`.

Enters: `specs/*.net` and what the tests know of each (`tests/shipped`). Leaves: a line for every model. What is
measured is measured here, with the reference of each model; the names of files (`resnet vgg`) confine that to them,
and keep the figures that stand for the others. A test compares every other column with what is true.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "specs" / "README.md"
sys.path.insert(0, str(ROOT / "tests"))

import shipped  # noqa: E402

from dslnet.weights import count_parameters  # noqa: E402

HEAD = """\
# Shipped models

Each file here is a `.net` file to read, to use and to start from: `use ResNet50 from specs.resnet` works in any spec.
`std/` holds the blocks that every spec sees without `use`. In a clone:

```
dslnet check specs/*.net                                # all of them, every mistake
dslnet summary specs/resnet.net:ResNet50                # boxes, shapes, parameters, FLOPs
dslnet compile specs/resnet.net:ResNet50 -o resnet50.py # a module that needs torch and nothing else
dslnet draw specs/unet.net:UNet -o unet.svg
```

Where a file follows the parameter names of a published implementation, its checkpoints load by name:

```python
import dslnet
import torchvision

model = dslnet.load("specs/resnet.net").ResNet50()
model.load_state_dict(torchvision.models.resnet50(weights="DEFAULT").state_dict(), strict=True)
```

`dslnet compile specs/resnet.net:ResNet50 -o resnet50.onnx --weights resnet50.safetensors` writes them into the export.
Files that transformers wrote fill a model by the table of names beside its spec, `gpt2.transformers.names`:
`dslnet.load("specs/gpt2.net").GPT2(weights="model.safetensors")`. [More of both](../docs/checkpoints.md).

*Lines* are those of the model and of the blocks of its file that it uses, without comments and blank lines;
*parameters* are counted at the default arguments; *difference* is the largest one between an output and the
reference's in float32, with the reference's weights copied in, at two sizes or more and batch 3, where other threads
and processors give other roundings: `tests/test_parity.py` holds it below 1e-5.

<!-- made by index_specs.py -->

"""

TITLES = ("model", "paper", "lines", "parameters", "reference", "difference")


def definitions(text: str) -> dict[str, list[str]]:
    """The lines of each block and model of a file, without comments and blank ones."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        head = re.match(r"(?:block|model) (\w+)", line)
        if head is not None:
            lines = found[head[1]] = []
        elif line and not line.startswith((" ", "#")):
            lines = []  # a constant of the file, an import
        if line.strip() and not line.lstrip().startswith("#"):
            lines.append(line)
    return found


def lines(text: str, model: str) -> int:
    """How many lines a model takes, with what it uses of its file."""
    known = definitions(text)
    used, todo = set[str](), [model]
    while todo:
        name = todo.pop()
        if name in known and name not in used:
            used.add(name)
            body = re.sub(r'"[^"]*"|#.*', "", "\n".join(known[name]))
            todo += re.findall(r"\b[A-Z]\w*", body)
    return sum(len(known[name]) for name in used)


@cache
def rows() -> dict[str, tuple[str, ...]]:
    """For each `file:Model` what needs no measuring."""
    vouched = {f"{each.file}:{model}": each.against for each in shipped.references().values() for model in each.models}
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(shipped.SPECS.glob("*.net")):
        text = path.read_text("utf-8")
        for name in shipped.net(path.stem):
            model = shipped.net(path.stem)[name].graph()
            key = f"{path.stem}:{name}"
            paper, url = model.metadata.get("paper", ""), model.metadata.get("url")
            found[key] = (
                f"[{key}]({path.name})",
                f"[{paper}]({url})" if url else paper,
                str(lines(text, name)),
                f"{count_parameters(model):,}",
                vouched.get(key, ""),
            )
    return found


def measured(files: list[str]) -> dict[str, str]:
    """The differences of the models of these files, or of all."""
    import torch

    found: dict[str, str] = {}
    for each in shipped.references().values():
        if not files or each.file in files:
            torch.manual_seed(0)
            largest = max(shipped.difference(pair) for pair in each.outputs())
            shown = f"{largest:.1e}" if largest else "0"
            found.update((f"{each.file}:{model}", shown) for model in each.models)
    return found


def cells() -> Iterator[list[str]]:
    """The lines of the table as it stands."""
    if PAGE.is_file():
        for line in PAGE.read_text("utf-8").splitlines():
            if line.startswith("| ["):
                yield [cell.strip() for cell in line.strip("|").split("|")]


def page(differences: dict[str, str]) -> str:
    """The page with these differences, and for the other models those that stand."""
    standing = {re.sub(r"\[|\].*", "", row[0]): row[-1] for row in cells()}
    table: list[Any] = [TITLES, ["---"] * len(TITLES)]
    table += [(*row, differences.get(key, standing.get(key, ""))) for key, row in rows().items()]
    return HEAD + "".join("| " + " | ".join(row) + " |\n" for row in table)


if __name__ == "__main__":
    PAGE.write_text(page(measured(sys.argv[1:])), encoding="utf-8")
