"""Draw the gallery: `python docs/gallery/draw.py`, from the root of a checkout, with Graphviz installed.

Each picture is one command, `dslnet draw FILE:MODEL`; nothing is touched by hand. Writes the SVGs and `README.md`,
where each picture stands beside the text of its model. Names on the command line draw only these models.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

import dslnet  # noqa: E402

#: The file and model of each picture, its level, and what to look at.
PICTURES = [
    ("resnet", "ResNet18", "block", "Equal blocks are one card with ×2; the block is defined once, in its own names."),
    ("resnet", "ResNet152", "block", "As tall as 18 layers: ×3, ×8, ×36, ×3."),
    ("transformer", "Transformer", "block", "One embedding used three times, a side input into a folded layer."),
    ("transformer", "Transformer", "overview", "The same, closed."),
    ("film_vqa", "FiLMVQA", "block", "Two inputs, two outputs, a condition, losses with weights."),
    ("distill", "Distilled", "block", "A frozen teacher; the gradient stops at the bar."),
    ("distill", "Distilled", "overview", "The same, closed."),
    ("unet", "UNet", "block", "A block that contains itself: down on the left, up on the right."),
    ("unet", "PaperUNet", "block", "The same idea as the paper has it, with cropped skips."),
    ("googlenet", "GoogLeNet", "block", "Lanes; runs of blocks in one card; heads in the middle."),
    ("inception", "InceptionV3", "block", "Runs of unlike blocks; what is large is defined beside."),
    ("inception", "InceptionV3", "overview", "The same, closed."),
    ("vae", "VAE", "block", "A latent variable, and a loss from arithmetic."),
    ("gan", "GAN", "block", "Two steps of training; the critic is one module with three uses."),
    ("vgg", "VGG16", "block", "Stages that end with their pool."),
    ("llama", "Llama2_7B", "block", "Gates, and the token that leads back."),
    ("gpt2", "GPT2", "block", "Norms before the layers."),
    ("vit", "ViT", "block", "Free parameters."),
    ("gcn", "GCN", "block", "A graph that goes to every layer."),
    ("seq2seq", "Seq2Seq", "block", "Each layer of the decoder begins where that of the encoder ended."),
    ("seq2seq", "RNNSearch", "block", "Attention inside a cell; what is written comes back as the next word."),
    ("lstm", "Tagger", "block", "A cell of one's own, run along a sequence."),
    ("butd_vqa", "BottomUpTopDown", "block", "Attention from primitives."),
    ("diffusion_unet", "DiffusionUNet", "block", "A larger block that contains itself is defined once."),
    ("siamese", "Siamese", "block", "One tower, used twice."),
]


def name_of(model: str, level: str) -> str:
    """The name of a picture's file."""
    return model + ("" if level == "block" else f"-{level}") + ".svg"


def section(file: str, model: str, level: str, words: str) -> list[str]:
    """One picture of the page, beside the text of its model."""
    graph = dslnet.load(ROOT / "specs" / f"{file}.net")[model].graph()
    span = graph.definition.span
    text = (ROOT / "specs" / f"{file}.net").read_text(encoding="utf-8")[span.start : span.end].strip()
    option = "" if level == "block" else f" --level {level}"
    title = model if level == "block" else f"{model}, {level}"
    return [
        f"## {title}",
        "",
        f"{words} From [specs/{file}.net](../../specs/{file}.net):",
        "",
        *(["```", text, "```", ""] if level == "block" else []),
        "```",
        f"dslnet draw specs/{file}.net:{model}{option}",
        "```",
        "",
        f"![{title}]({name_of(model, level)})",
        "",
    ]


def digits() -> None:
    """The picture of the readme: its first model, with the mistake repaired that it shows."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("```\n", 2)[1].replace("1024", "1568")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.net"
        path.write_text(text, encoding="utf-8")
        (HERE / "Digits.svg").write_text(dslnet.load(path).draw("Digits").svg, encoding="utf-8", newline="\n")


def main() -> None:
    digits()
    lines = [
        "# Gallery",
        "",
        "Every picture was made by the command above it and follows the reader's light or dark theme. All of them:",
        "`python docs/gallery/draw.py`. [How to read them](../drawing.md#how-to-read-one).",
        "",
    ]
    chosen = set(sys.argv[1:])
    for file, model, level, words in PICTURES:
        if not chosen or model in chosen:
            picture = dslnet.load(ROOT / "specs" / f"{file}.net").draw(model, level=level)
            (HERE / name_of(model, level)).write_text(picture.svg, encoding="utf-8", newline="\n")
        lines += section(file, model, level, words)
    (HERE / "README.md").write_text("\n".join(lines), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
