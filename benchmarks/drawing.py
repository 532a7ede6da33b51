"""The same two nets as dslnet, torchview and Keras draw them: `python benchmarks/drawing.py`.

For each: the size of the picture in points, how many boxes it has, and the time from the built net to the SVG. Peers
that are not installed are left out (`pip install torchview torchvision keras pydot`). Also the time that our part
takes for a picture of a thousand boxes.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ.setdefault("KERAS_BACKEND", "torch")

import dslnet  # noqa: E402

SPECS = ROOT / "specs"


def size(svg: str) -> str:
    """Width and height of a picture in points, and its boxes."""
    found = re.search(r'width="(\d+)(?:\.\d+)?pt" height="(\d+)(?:\.\d+)?pt"', svg)
    assert found is not None
    boxes = len(re.findall(r'<g id="[^"]*" class="node', svg))
    return f"{found[1]} x {found[2]} pt, {boxes} boxes"


def ours(file: str, name: str) -> str:
    maker = dslnet.load(SPECS / file)[name]
    begin = time.perf_counter()
    picture = maker.draw(theme="light")
    svg = picture.svg
    took = time.perf_counter() - begin
    return f"{size(svg).split(',')[0]}, {picture.view.count()} boxes, {took:.2f} s"


def torchview(make: Callable[[], object], **inputs: object) -> str:
    from torchview import draw_graph

    net = make()
    begin = time.perf_counter()
    graph = draw_graph(net, expand_nested=True, **inputs)
    svg = graph.visual_graph.pipe("svg").decode()
    return f"{size(svg)}, {time.perf_counter() - begin:.2f} s"


def keras_plot(net: object) -> str:
    import keras

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/net.svg"
        begin = time.perf_counter()
        keras.utils.plot_model(net, path, show_shapes=True, expand_nested=True, dpi=72)
        took = time.perf_counter() - begin
        return f"{size(Path(path).read_text())}, {took:.2f} s"


def keras_resnet() -> object:
    from keras import Model, layers

    def block(x: object, width: int, stride: int) -> object:
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


def keras_transformer() -> object:
    from keras import Model, layers

    def attend(x: object, to: object, causal: bool = False) -> object:
        y = layers.MultiHeadAttention(8, 64)(x, to, use_causal_mask=causal)
        return layers.LayerNormalization()(layers.Add()([x, layers.Dropout(0.1)(y)]))

    def feed(x: object) -> object:
        y = layers.Dense(512)(layers.Dense(2048, "relu")(x))
        return layers.LayerNormalization()(layers.Add()([x, layers.Dropout(0.1)(y)]))

    source, shifted = layers.Input((None,)), layers.Input((None,))
    embed = layers.Embedding(37000, 512)
    memory, hidden = embed(source), embed(shifted)
    for _ in range(6):
        memory = feed(attend(memory, memory))
    for _ in range(6):
        hidden = feed(attend(attend(hidden, hidden, True), memory))
    return Model([source, shifted], layers.Dense(37000)(hidden))


def row(net: str, tool: str, run: Callable[[], str]) -> None:
    try:
        print(f"{net:12} {tool:10} {run()}", flush=True)
    except ImportError as error:
        print(f"{net:12} {tool:10} not installed: {error.name}", flush=True)


def torch_resnet() -> object:
    from torchvision_on_cpu import declare  # of the tests: lets torchvision load beside a CPU build of torch

    declare()
    import torchvision

    return torchvision.models.resnet18()


def torch_transformer() -> object:
    import torch

    return torch.nn.Transformer(batch_first=True)


def transformer_inputs() -> dict[str, object]:
    import torch

    return {"input_data": (torch.rand(1, 7, 512), torch.rand(1, 5, 512))}


def main() -> None:
    row("ResNet-18", "dslnet", lambda: ours("resnet.net", "ResNet18"))
    row("ResNet-18", "torchview", lambda: torchview(torch_resnet, input_size=(1, 3, 224, 224)))
    row("ResNet-18", "Keras", lambda: keras_plot(keras_resnet()))
    row("Transformer", "dslnet", lambda: ours("transformer.net", "Transformer"))
    row("Transformer", "torchview", lambda: torchview(torch_transformer, **transformer_inputs()))
    row("Transformer", "Keras", lambda: keras_plot(keras_transformer()))
    maker = dslnet.load(SPECS / "gpt2.net").GPT2XL
    graph = maker.draw(level="full", sizes="concrete")
    begin = time.perf_counter()
    graph = maker.draw(level="full", sizes="concrete")
    text = graph.dot
    took = time.perf_counter() - begin
    print(f"GPT2XL full: {graph.view.count()} boxes to {len(text) / 1e6:.1f} MB of DOT in {took:.2f} s")


if __name__ == "__main__":
    main()
