"""The same two nets as dslnet, torchview and Keras draw them: `python benchmarks/drawing.py`.

For each: the size of the picture in pixels as a browser shows it (96 an inch), how many boxes it has, and two times,
the best of five processes each: `drawn`, from the net in memory to the SVG in a file, and `in all`, from the start of
a process that then imports, makes the net, draws and writes. What a net in memory is: for dslnet a spec that was read,
so that its time has the checking of shapes in it; for torchview a module of PyTorch, which it runs once; for Keras a
functional model, whose making has told it the shapes. The rows are those of `docs/comparison-drawing.md`.

Peers that are not installed are left out (`pip install torchview torchvision keras pydot`). `--pictures FOLDER` makes
two PNG of each net with all three pictures side by side: whole, at the same scale, and how each begins, at the size at
which it is read. Also the time that our part takes for a picture of a thousand boxes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ.setdefault("KERAS_BACKEND", "torch")

NETS = {"ResNet-18": ("resnet.net", "ResNet18"), "Transformer": ("transformer.net", "Transformer")}
TOOLS = {"dslnet": "dslnet", "torchview": "torchview", "torchview, depth 3": "torchview", "Keras": "keras"}
RUNS = 5
#: Pixels in height of the highest picture in the one that shows all whole, and of what is shown of each's beginning.
WHOLE, BEGIN = 1400, 1450
#: Pixels of a page, and inches in a point.
PIXELS, POINT = 96, 1 / 72


# ------------------------------------------------------------------------------------------- nets of the peers


def torch_resnet() -> Any:
    from torchvision_on_cpu import declare  # of the tests: lets torchvision load beside a CPU build of torch

    declare()
    import torchvision

    return torchvision.models.resnet18()


def torch_transformer() -> Any:
    import torch
    from torch import nn

    class Transformer(nn.Module):
        def __init__(self, vocab: int = 37000, d: int = 512) -> None:
            super().__init__()
            self.embed = nn.Embedding(vocab, d)
            self.transformer = nn.Transformer(d, batch_first=True)
            self.drop = nn.Dropout(0.1)
            angle = torch.arange(1024)[:, None] / 10000 ** (torch.arange(0, d, 2) / d)
            self.register_buffer("positions", torch.stack([angle.sin(), angle.cos()], 2).flatten(1))

        def enter(self, tokens: Any) -> Any:
            x = self.embed(tokens) * self.embed.embedding_dim**0.5
            return self.drop(x + self.positions[: tokens.shape[1]])

        def forward(self, source: Any, shifted: Any) -> Any:
            causal = nn.Transformer.generate_square_subsequent_mask(shifted.shape[1])
            hidden = self.transformer(self.enter(source), self.enter(shifted), tgt_mask=causal)
            return hidden @ self.embed.weight.T

    return Transformer()


def keras_resnet() -> Any:
    from keras import Model, layers

    def block(x: Any, width: int, stride: int) -> Any:
        y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(width, 3, stride, "same", use_bias=False)(x)))
        y = layers.BatchNormalization()(layers.Conv2D(width, 3, 1, "same", use_bias=False)(y))
        if stride > 1:
            x = layers.BatchNormalization()(layers.Conv2D(width, 1, stride, use_bias=False)(x))
        return layers.ReLU()(layers.Add()([x, y]))

    image = layers.Input((224, 224, 3))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(64, 7, 2, "same", use_bias=False)(image)))
    x = layers.MaxPooling2D(3, 2, "same")(x)
    for width, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        x = block(block(x, width, stride), width, 1)
    return Model(image, layers.Dense(1000)(layers.GlobalAveragePooling2D()(x)))


def keras_transformer() -> Any:
    from keras import Model, layers, ops

    class SinePositions(layers.Layer):
        def call(self, x: Any) -> Any:
            length, d = ops.shape(x)[1], x.shape[-1]
            angle = ops.arange(length, dtype="float32")[:, None] / 10000 ** (ops.arange(0, d, 2, dtype="float32") / d)
            return x + ops.reshape(ops.stack([ops.sin(angle), ops.cos(angle)], 2), (length, d))

    def attend(x: Any, to: Any, causal: bool = False) -> Any:
        y = layers.MultiHeadAttention(8, 64)(x, to, use_causal_mask=causal)
        return layers.LayerNormalization()(layers.Add()([x, layers.Dropout(0.1)(y)]))

    def feed(x: Any) -> Any:
        y = layers.Dense(512)(layers.Dense(2048, "relu")(x))
        return layers.LayerNormalization()(layers.Add()([x, layers.Dropout(0.1)(y)]))

    embed = layers.ReversibleEmbedding(37000, 512)

    def enter(tokens: Any) -> Any:
        return layers.Dropout(0.1)(SinePositions()(layers.Rescaling(512**0.5)(embed(tokens))))

    source, shifted = layers.Input((None,), dtype="int64"), layers.Input((None,), dtype="int64")
    memory, hidden = enter(source), enter(shifted)
    for _ in range(6):
        memory = feed(attend(memory, memory))
    for _ in range(6):
        hidden = feed(attend(attend(hidden, hidden, True), memory))
    return Model([source, shifted], embed(hidden, reverse=True))


# ---------------------------------------------------------------------------------------------- one picture


def timed(draw: Callable[[], object]) -> float:
    begin = time.perf_counter()
    draw()
    return time.perf_counter() - begin


def by_dslnet(net: str, path: str) -> dict[str, float]:
    import dslnet

    file, name = NETS[net]
    maker = dslnet.load(ROOT / "specs" / file)[name]
    made: list[Any] = []

    def draw() -> None:
        made.append(maker.draw())
        made[0].save(path)

    return {"drawn": timed(draw), "boxes": made[0].view.count()}


def by_torchview(net: str, path: str, depth: int = 0) -> dict[str, float]:
    """A depth of 3 is what is drawn unasked; 4 shows the inside of the layers of a Transformer, as the others do."""
    import torch
    import torchview

    resnet = net == "ResNet-18"
    module = torch_resnet() if resnet else torch_transformer()
    tokens = torch.zeros(1, 7, dtype=torch.long), torch.zeros(1, 5, dtype=torch.long)
    inputs = {"input_size": (1, 3, 224, 224)} if resnet else {"input_data": tokens, "device": "cpu"}

    def draw() -> None:
        graph = torchview.draw_graph(module, expand_nested=True, depth=depth or (3 if resnet else 4), **inputs)
        Path(path).write_bytes(graph.visual_graph.pipe("svg"))

    return {"drawn": timed(draw)}


def by_keras(net: str, path: str) -> dict[str, float]:
    import keras

    model = keras_resnet() if net == "ResNet-18" else keras_transformer()

    def draw() -> None:
        keras.utils.plot_model(model, path, show_shapes=True, show_layer_names=True, expand_nested=True, dpi=72)

    return {"drawn": timed(draw)}


def one(net: str, tool: str, path: str) -> None:
    """Draw one picture and print what is known of it, as JSON."""
    draw: dict[str, Callable[[str, str], dict[str, float]]] = {
        "dslnet": by_dslnet,
        "torchview": by_torchview,
        "torchview, depth 3": lambda net, path: by_torchview(net, path, 3),
        "Keras": by_keras,
    }
    print(json.dumps(draw[tool](net, path)))


def size(svg: str) -> tuple[float, float]:
    """Width and height of a picture in points."""
    found = re.search(r'width="(\d+(?:\.\d+)?)pt" height="(\d+(?:\.\d+)?)pt"', svg)
    assert found is not None
    return float(found[1]), float(found[2])


# ------------------------------------------------------------------------------------------------ the tables


def measure(net: str, tool: str, path: Path) -> str:
    """The row of one net and one tool; its picture is left in the file."""
    facts: list[dict[str, float]] = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        command = [sys.executable, __file__, "--one", net, tool, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"| {net} | {tool} | failed: {done.stderr.strip().splitlines()[-1]} |"
        facts.append({**json.loads(done.stdout.splitlines()[-1]), "all": time.perf_counter() - begin})
    text = path.read_text(encoding="utf-8")
    wide, high = (round(points * POINT * PIXELS) for points in size(text))
    boxes = facts[0].get("boxes") or len(re.findall(r'<g id="[^"]*" class="node', text))
    drawn, whole = (min(each[key] for each in facts) for key in ("drawn", "all"))
    return f"| {net} | {tool} | {wide:,} × {high:,} | {boxes} | {drawn:.2f} s | {whole:.2f} s |"


def beside(files: list[Path], out: Path, scale: float, height: int) -> None:
    """Pictures at the same scale side by side on white; of each the first `height` pixels."""
    from PIL import Image, ImageChops

    pictures = []
    for path in files:
        png = path.with_suffix(".png")
        wide, high = (max(1, round(points * scale)) for points in size(path.read_text(encoding="utf-8")))
        subprocess.run(["rsvg-convert", "-w", str(wide), "-h", str(high), "-o", str(png), str(path)], check=True)
        with Image.open(png) as drawn:
            picture = Image.new("RGB", drawn.size, "white")
            picture.paste(drawn, (0, 0), drawn if drawn.mode == "RGBA" else None)
        picture = picture.crop((0, 0, wide, min(high, height)))
        used = ImageChops.invert(picture.convert("L")).getbbox() or (0, 0, wide, high)
        pictures.append(picture.crop((used[0], 0, used[2], picture.height)))
    gap, tall = 30, max(picture.height for picture in pictures)
    whole = Image.new("RGB", (sum(p.width for p in pictures) + gap * (len(pictures) + 1), tall + 2 * gap), "white")
    x = gap
    for picture in pictures:
        whole.paste(picture, (x, gap))
        x += picture.width + gap
    whole.quantize(64).save(out, optimize=True)


def keep(net: str, files: list[Path], folder: Path) -> None:
    """The two pictures of a net."""
    folder.mkdir(parents=True, exist_ok=True)
    highest = max(size(path.read_text(encoding="utf-8"))[1] for path in files)
    beside(files, folder / f"{net}-whole.png", WHOLE / highest, WHOLE)
    beside(files, folder / f"{net}-begin.png", POINT * PIXELS, BEGIN)


def thousand() -> str:
    import dslnet

    options: dict[str, Any] = {"level": "full", "sizes": "concrete", "settings": {"layers": 52}}
    maker = dslnet.load(ROOT / "specs" / "gpt2.net").GPT2XL
    maker.draw(**options)
    made: list[Any] = []
    took = min(timed(lambda: made.append(maker.draw(**options).dot)) for _ in range(RUNS))
    count = maker.draw(**options).view.count()
    return f"GPT2XL of 52 layers at --level full: {count} boxes to {len(made[0]) / 1e6:.1f} MB of DOT in {took:.2f} s"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--one", nargs=3, metavar=("NET", "TOOL", "OUT"), help="draw one picture (used by this script)")
    words.add_argument("--pictures", metavar="FOLDER", help="keep the pictures here")
    chosen = words.parse_args()
    if chosen.one:
        return one(*chosen.one)
    installed = {}
    for tool, package in TOOLS.items():
        try:
            installed[tool] = version(package) if tool != "dslnet" else ""
        except PackageNotFoundError:
            print(f"{tool} is not installed", file=sys.stderr)
    dot = subprocess.run(["dot", "-V"], capture_output=True, text=True, check=True).stderr.strip()
    print(", ".join(f"{tool} {told}" for tool, told in installed.items() if told and "," not in tool) + f", {dot}")
    print("| net | tool | pixels | boxes | drawn | in all |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for net in NETS:
            files = []
            for tool in installed:
                if (net, tool) == ("ResNet-18", "torchview, depth 3"):
                    continue  # that is its row already
                files.append(Path(folder) / f"{net}-{tool}.svg")
                print(measure(net, tool, files[-1]), flush=True)
            if chosen.pictures:
                keep(net, [path for path in files if path.exists() and "depth" not in path.name], Path(chosen.pictures))
    print(thousand())


if __name__ == "__main__":
    main()
