"""llama.net: transformers' LlamaForCausalLM, by `llama.transformers.names`."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from copy_weights import by_table, disturb
from torchvision_on_cpu import transformers

from . import Pair, Small, ours, reference

SMALL = {
    "Llama2_7B": Small(
        {"vocab": 31, "d": 16, "heads": 4, "kv_heads": 2, "ff": 24, "depth": 2}, {"T": (7, 20)}
    ),
}  # fmt: skip
PUBLISHED = {
    "Llama2_7B": "llama-7b / llama-2-7b", "Llama2_13B": "llama-2-13b", "Llama2_70B": "llama-2-70b (GQA 8)",
    "Llama3_8B": "llama-3-8b",
}  # fmt: skip


@torch.no_grad()
def outputs(kv_heads: int, base: int) -> Iterator[Pair]:
    config = transformers().LlamaConfig(
        vocab_size=61, hidden_size=32, intermediate_size=80, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=kv_heads, rms_norm_eps=1e-5, max_position_embeddings=512, tie_word_embeddings=False,
        rope_parameters={"rope_type": "default", "rope_theta": float(base)},
    )  # fmt: skip
    theirs = disturb(transformers().LlamaForCausalLM(config)).eval()
    assert theirs.config.rope_parameters["rope_theta"] == base
    mine = ours("llama:Llama2_7B", vocab=61, d=32, heads=4, kv_heads=kv_heads, ff=80, depth=2, base=base)
    by_table(mine, theirs.state_dict(), "llama.transformers")
    for length in (300, 7):  # far enough for the base to matter
        ids = torch.randint(61, (3, length))
        yield mine(ids), theirs(ids).logits


@reference("transformers LlamaForCausalLM", "Llama2_7B", "Llama2_13B")
def llama() -> Iterator[Pair]:
    return outputs(4, 10000)


@reference("transformers LlamaForCausalLM, grouped queries", "Llama2_70B")
def grouped() -> Iterator[Pair]:
    return outputs(2, 10000)


@reference("transformers LlamaForCausalLM, another base", "Llama3_8B")
def slower() -> Iterator[Pair]:
    return outputs(1, 500000)
