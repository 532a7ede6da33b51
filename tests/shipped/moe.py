"""moe.net: transformers' MixtralForCausalLM, by `moe.transformers.names`; and a mixture written out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from copy_weights import by_name, by_table, disturb
from torch import nn
from torchvision_on_cpu import transformers

from . import Pair, Small, ours, reference

SMALL = {
    "Mixtral": Small(
        {
            "vocab": 31, "d": 16, "heads": 4, "kv_heads": 2, "ff": 24, "depth": 2,
            "experts": 4, "top": 2,
        },
        {"T": (7, 20)},
    ),
    "SoftMixture": Small(),
}  # fmt: skip
PUBLISHED = {"Mixtral": "mixtral-8x7b"}


def as_published(table: dict[str, Any]) -> dict[str, Any]:
    """In files every expert has its matrices; in memory transformers stacks them, the two that see the input in one."""
    found = {}
    for name, value in table.items():
        stem, _, last = name.partition(".mlp.")
        stem += ".block_sparse_moe"
        if last == "experts.gate_up_proj":
            for n, expert in enumerate(value):
                found[f"{stem}.experts.{n}.w1.weight"], found[f"{stem}.experts.{n}.w3.weight"] = expert.chunk(2)
        elif last == "experts.down_proj":
            found.update({f"{stem}.experts.{n}.w2.weight": expert for n, expert in enumerate(value)})
        else:
            found[f"{stem}.{last}" if last else name] = value
    return found


@reference("transformers MixtralForCausalLM", "Mixtral")
@torch.no_grad()
def mixtral() -> Iterator[Pair]:
    config = transformers().MixtralConfig(
        vocab_size=61, hidden_size=32, intermediate_size=80, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, num_local_experts=6, num_experts_per_tok=2, rms_norm_eps=1e-5,
        max_position_embeddings=64, tie_word_embeddings=False,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6},
    )  # fmt: skip
    theirs = disturb(transformers().MixtralForCausalLM(config)).eval()
    mine = ours("moe:Mixtral", vocab=61, d=32, heads=4, kv_heads=2, ff=80, depth=2, experts=6)
    by_table(mine, as_published(theirs.state_dict()), "moe.transformers")
    for length in (30, 7):
        ids = torch.randint(61, (3, length))
        yield mine(ids), theirs(ids).logits


class Mixture(nn.Module):
    """y = sum over i of g_i(x) f_i(x), with the gate g a softmax."""

    def __init__(self, features: int, width: int, experts: int) -> None:
        super().__init__()
        self.gate = nn.Linear(features, experts)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(features, width), nn.ReLU(), nn.Linear(width, width)) for _ in range(experts)
        )

    def forward(self, x: Any) -> Any:
        gate = torch.softmax(self.gate(x), 1)
        return sum(gate[:, n, None] * expert(x) for n, expert in enumerate(self.experts))


@reference("hand-written module", "SoftMixture")
@torch.no_grad()
def soft() -> Iterator[Pair]:
    """A vector has no second size; the second model is another one."""
    for features, width, experts in ((16, 32, 4), (5, 9, 3)):
        theirs = Mixture(features, width, experts).eval()
        mine = ours("moe:SoftMixture", features=features, width=width, n=experts)
        layers = [(r"^experts\.(\d)\.0", r"experts.\1.linear1"), (r"^experts\.(\d)\.2", r"experts.\1.linear2")]
        by_name(mine, dict(theirs.state_dict()), layers)
        x = torch.randn(3, features)
        yield mine(x), theirs(x)
