"""Draw the patterns and write their page: `python docs/patterns/draw.py [NAME…]`, with Graphviz installed.

Enters: the starting files `specs/patterns/*.net`. Leaves: `NAME.svg` here for each (or for the names given), which
`dslnet draw` makes and nobody touches, and `docs/patterns.md`, whose text is that of the files.
"""

from __future__ import annotations

import sys
from pathlib import Path

import dslnet
from dslnet.starting import Pattern, patterns

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PAGE = ROOT / "docs" / "patterns.md"

#: The order of the page, and the shipped specs that have the pattern in full.
ORDER = {
    "residual": ("resnet", "wrn"),
    "dense": ("densenet",),
    "encoder_decoder": ("autoencoder", "unet", "depth"),
    "variational": ("vae",),
    "multi_input": ("film_vqa", "butd_vqa", "clip"),
    "multi_output": ("multitask", "heads"),
    "probabilistic": ("heads",),
    "modulation": ("film_vqa",),
    "attention": ("transformer", "butd_vqa"),
    "recurrent": ("rnn", "lstm", "gru"),
    "autoregressive": ("gpt2", "wavenet", "pixelcnn"),
    "graph": ("gcn", "gat", "graphsage", "gin"),
    "relation": ("relation",),
    "mixture_of_experts": ("moe",),
    "siamese": ("siamese",),
    "contrastive": ("simclr", "clip"),
    "teacher_student": ("distill",),
    "mean_teacher": ("mean_teacher",),
    "adversarial": ("gan", "wgan"),
    "gradient_reversal": ("domain_adversarial",),
    "diffusion": ("diffusion_unet",),
}

#: Whose parts are large, and drawn closed.
LEVEL = {"teacher_student": "overview"}

HEAD = """\
# Design patterns

What the architectures of the field are made of, each as small as it can be: a figure, when to use it, a spec, a
paper. `dslnet new PATTERN` writes the spec as a file to start from, and `dslnet new` lists them. Every figure is what
`dslnet draw` makes of the spec beside it; how to read one is in [drawing.md](drawing.md).
"""


def section(pattern: Pattern) -> str:
    """One pattern on the page."""
    links = ", ".join(f"[{file}.net](../specs/{file}.net)" for file in ORDER[pattern.name])
    return "\n".join(
        [
            f"## {pattern.title}",
            "",
            pattern.when,
            "",
            f"![{pattern.comment()}](patterns/{pattern.name}.svg)",
            "",
            f"```net {pattern.name}.net",
            pattern.spec + "```",
            "",
            f"{pattern.comment('authors')}: *{pattern.comment('paper')}*.",
            f"`dslnet new {pattern.spelled}` · in full: {links}",
            "",
        ]
    )


def page() -> str:
    """The whole page."""
    known = {pattern.name: pattern for pattern in patterns()}
    assert set(known) == set(ORDER)
    titles = [known[name].title for name in ORDER]
    anchors = ["".join(c for c in t.lower() if c.isalnum() or c in " -").replace(" ", "-") for t in titles]
    contents = "\n".join(f"* [{title}](#{anchor})" for title, anchor in zip(titles, anchors, strict=True))
    return "\n".join([HEAD, contents + "\n", *(section(known[name]) for name in ORDER)])


def main(names: list[str]) -> None:
    for name in names or ORDER:
        net = dslnet.load(ROOT / "specs" / "patterns" / f"{name}.net")
        picture = net.draw(list(net)[-1], level=LEVEL.get(name, "block"), theme="light")
        (HERE / f"{name}.svg").write_text(picture.svg, encoding="utf-8", newline="\n")
    PAGE.write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
