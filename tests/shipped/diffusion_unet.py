"""diffusion_unet.net: diffusers' `UNet2DModel`, configured as the model of DDPM for CIFAR-10."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import torch
from copy_weights import by_name, disturb
from torchvision_on_cpu import declare

from . import Pair, Small, ours, reference

SMALL = {"DiffusionUNet": Small({"widths": [32, 32, 64, 32]}, {"H": (16, 32), "W": (24, 16)})}
PUBLISHED = {"DiffusionUNet": "DDPM U-Net, CIFAR-10"}

DEPTH = 4
#: Inside a residual block and beside it.
INSIDE = [
    (r"time_emb_proj", "film1.beta"),
    (r"\bnorm", "groupnorm"),
    (r"conv_shortcut", "shortcut"),
    (r"attention\.group_norm", "attention.groupnorm1"),
    (r"attention\.to_([qkv])", r"attention.spatialattention1.\1"),
    (r"attention\.to_out\.0", "attention.spatialattention1.out"),
    (r"time_embedding\.linear_", "time.linear"),
    (r"^conv_in", "conv1"),
    (r"^conv_norm_out", "eps.groupnorm1"),
    (r"^conv_out", "eps.conv1"),
]


def ours_of(name: str) -> str:
    """A name of theirs, which counts resolutions on the way down and on the way up, as a place in the U: `below`
    once for each resolution. An attention belongs to the residual block that it follows."""
    found = re.match(r"(down|up)_blocks\.(\d)\.(resnets|attentions|downsamplers|upsamplers)\.(\d)\.(.*)", name)
    if found:
        side, level, kind, which = found[1], int(found[2]), found[3], int(found[4])
        if kind == "upsamplers":
            path = ["below"] * (DEPTH - 2 - level) + ["up"]
        elif kind == "downsamplers":
            path = ["below"] * level + ["down"]
        elif side == "down":
            path = ["below"] * level + ["ab"[which]]
        else:
            path = ["below"] * (DEPTH - 1 - level) + [f"resblock{which + 1}"]
        rest = found[5].removeprefix("conv.") if kind.endswith("samplers") else found[5]
        path += ["attention"] if kind == "attentions" else []
        return ".".join(["u", *path, rest])
    middle = re.match(r"mid_block\.(resnets|attentions)\.(\d)\.(.*)", name)
    if middle:
        which = "mid.attention" if middle[1] == "attentions" else ("mid", "end")[int(middle[2])]
        return ".".join(["u", *["below"] * (DEPTH - 1), which, middle[3]])
    return name


@reference("diffusers UNet2DModel", "DiffusionUNet")
@torch.no_grad()
def unet() -> Iterator[Pair]:
    declare()
    diffusers = pytest.importorskip("diffusers")
    theirs = diffusers.UNet2DModel(
        sample_size=32,
        block_out_channels=(128, 256, 256, 256),
        down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=None,
        downsample_padding=0,
        flip_sin_to_cos=False,
        freq_shift=1,
        norm_eps=1e-6,
    )
    mine, theirs = ours("diffusion_unet:DiffusionUNet"), disturb(theirs).eval()
    by_name(mine, {ours_of(name): value for name, value in theirs.state_dict().items()}, INSIDE)
    for height, width in ((16, 16), (8, 24)):
        noisy, time = torch.randn(3, 3, height, width), torch.randint(1000, (3,))
        yield mine(noisy, time), theirs(noisy, time).sample
