"""Draw the gallery: `python docs/gallery/draw.py`, from the root of a checkout, with Graphviz installed.

Each picture is one command, `dslnet draw FILE:MODEL`; nothing is touched by hand. Writes the SVGs and `README.md`.
"""

from __future__ import annotations

from pathlib import Path

import dslnet

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
#: The file and model of each picture, its level, and what to look at.
PICTURES = [
    (
        "resnet.net",
        "ResNet18",
        "block",
        "Equal blocks are one card with ×2; the block is defined once, in its own names.",
    ),
    ("resnet.net", "ResNet152", "block", "As tall as 18 layers: ×3, ×8, ×36, ×3."),
    (
        "transformer.net",
        "Transformer",
        "block",
        "One embedding used three times, a side input into a folded decoder layer.",
    ),
    ("transformer.net", "Transformer", "overview", "The same, closed."),
    ("film_vqa.net", "FiLMVQA", "block", "Two inputs, two outputs, a condition, losses with weights."),
    ("unet.net", "PaperUNet", "block", "Skips over the whole figure."),
    ("unet.net", "UNet", "block", "A block that contains itself."),
    ("gpt2.net", "GPT2", "block", "Pre-norm blocks, and the token that leads back."),
    ("vit.net", "ViT", "block", "Free parameters."),
    ("lstm.net", "Tagger", "block", "A cell of one's own, run along a sequence."),
    ("siamese.net", "Siamese", "block", "One tower, used twice."),
    ("distill.net", "Distilled", "block", "A frozen teacher; the gradient stops at the bar."),
    ("distill.net", "Distilled", "overview", "The same, closed."),
    ("vae.net", "VAE", "block", "A latent variable, and a loss from arithmetic."),
    ("gan.net", "GAN", "block", "Two steps of training; the critic is one module with three uses."),
    ("inception.net", "GoogLeNet", "block", "Lanes, and heads in the middle."),
    ("seq2seq.net", "Seq2Seq", "block", "Attention in a cell that starts where the encoder ended."),
    ("butd_vqa.net", "BottomUpTopDown", "block", "Attention from primitives."),
    ("llama.net", "LLaMA", "block", "Gates."),
    ("gcn.net", "GCN", "block", "A graph that goes to every layer."),
]


def main() -> None:
    lines = [
        "# Gallery",
        "",
        "Every picture was made by `dslnet draw FILE:MODEL -o NAME.svg` and follows the reader's light or dark theme.",
        "All of them again: `python docs/gallery/draw.py`.",
        "",
    ]
    for file, name, level, words in PICTURES:
        path = ROOT / "specs" / file
        if not path.is_file():
            continue
        picture = dslnet.load(path).draw(name, level=level)
        target = name + ("" if level == "block" else f"-{level}") + ".svg"
        (HERE / target).write_text(picture.svg, encoding="utf-8", newline="\n")
        option = "" if level == "block" else f" --level {level}"
        lines += [f"## {name}{'' if level == 'block' else ', ' + level}", "", words, ""]
        lines += ["```", f"dslnet draw specs/{file}:{name}{option}", "```", "", f"![{name}]({target})", ""]
        lines += [f"From [specs/{file}](../../specs/{file}).", ""]
    (HERE / "README.md").write_text("\n".join(lines), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
