"""Shipped language models against transformers' and PyTorch's: their weights, our arithmetic.

Small configurations with random weights; nothing is downloaded. Batch 3 and two lengths; the bounds are those of
`test_parity_vision.py`: 1e-5 in float32, 1e-10 in float64.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from copy_weights import by_name, distance, disturb, split, transpose  # noqa: E402
from torch import nn  # noqa: E402
from torchvision_on_cpu import declare  # noqa: E402

import dslnet  # noqa: E402

SPECS = Path(__file__).parent.parent / "specs"


@pytest.fixture(scope="module")
def transformers() -> Any:
    declare()  # transformers imports torchvision where it finds it
    return pytest.importorskip("transformers")


def ours(file: str, name: str, **settings: Any) -> nn.Module:
    made: nn.Module = dslnet.load(SPECS / f"{file}.net")[name](**settings)
    return made.eval()


@torch.no_grad()
def compare(mine: nn.Module, other: Any, *inputs: tuple[Any, ...]) -> None:
    """Both on the same inputs, in float32 and, what they hold doubled in place, in float64."""
    for given in inputs:
        expected = other(*given)
        assert expected.abs().max() > 0.01, "the reference says nothing"
        assert distance(mine(*given), expected) <= 1e-5


def tokens(below: int, *shape: int) -> Any:
    return torch.randint(below, shape)


# --------------------------------------------------------------------------------------------------- GPT-2

GPT2 = {"vocab": 97, "context": 40, "d": 48, "heads": 4, "layers": 3}


def gpt2(transformers: Any) -> tuple[nn.Module, nn.Module]:
    """Theirs, random and noisy, and ours with its weights."""
    torch.manual_seed(0)
    config = transformers.GPT2Config(vocab_size=97, n_positions=40, n_embd=48, n_head=4, n_layer=3)
    theirs = disturb(transformers.GPT2LMHeadModel(config)).eval()
    table = {k: v for k, v in theirs.state_dict().items() if k != "lm_head.weight"}
    assert torch.equal(theirs.lm_head.weight, theirs.transformer.wte.weight)
    transpose(table, r"\.(c_attn|c_proj|c_fc)\.weight$")
    split(table, "c_attn.weight", ("q.weight", "k.weight", "v.weight"))
    split(table, "c_attn.bias", ("q.bias", "k.bias", "v.bias"))
    mine = ours("gpt2", "GPT2", **GPT2)
    by_name(
        mine,
        table,
        [
            (r"^transformer\.", ""),
            (r"\.ln_(\d)\.", r".ln\1."),
            (r"\.attn\.c_proj", ".attention1.out"),
            (r"\.attn\.", ".attention1."),
            (r"\.mlp\.c_fc", ".linear1"),
            (r"\.mlp\.c_proj", ".linear2"),
        ],
    )
    return theirs, mine


def test_gpt2(transformers: Any) -> None:
    theirs, mine = gpt2(transformers)
    inputs = (tokens(97, 3, 40),), (tokens(97, 3, 7),)
    compare(mine, lambda ids: theirs(ids).logits, *inputs)
    theirs, mine = theirs.double(), mine.double()
    with torch.no_grad():
        assert distance(mine(*inputs[0]), theirs(*inputs[0]).logits) <= 1e-10


def test_gpt2_trains_as_theirs_does(transformers: Any) -> None:
    """The gradient of the same loss, at the tied table and at the first layer."""
    theirs, mine = gpt2(transformers)
    ids = tokens(97, 3, 9)
    expected = theirs(ids, labels=ids).loss
    logits = mine(ids)
    loss = nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    assert abs(float((loss - expected).detach())) <= 1e-5
    expected.backward()
    loss.backward()
    assert distance(mine.wte.weight.grad, theirs.transformer.wte.weight.grad) <= 1e-5
    assert distance(mine.h[0].linear1.weight.grad, theirs.transformer.h[0].mlp.c_fc.weight.grad.T) <= 1e-5


@torch.no_grad()
def test_gpt2_never_sees_the_future(transformers: Any) -> None:
    """Another last token changes no earlier logit, bit for bit; and it does change the last."""
    _, mine = gpt2(transformers)
    ids = tokens(97, 3, 12)
    other = ids.clone()
    other[:, -1] = (other[:, -1] + 1) % 97
    before, after = mine(ids), mine(other)
    assert torch.equal(before[:, :-1], after[:, :-1])
    assert not torch.equal(before[:, -1], after[:, -1])


@pytest.mark.parametrize(
    ("name", "reference"),
    [("GPT2", {}), ("GPT2Medium", (1024, 24, 16)), ("GPT2Large", (1280, 36, 20)), ("GPT2XL", (1600, 48, 25))],
)
def test_gpt2_presets_have_the_published_shapes(transformers: Any, name: str, reference: Any) -> None:
    """As many parameters as transformers' model of that configuration, none of which is allocated."""
    from dslnet.weights import count_parameters

    sizes = dict(zip(("n_embd", "n_layer", "n_head"), reference, strict=True)) if reference else {}
    with torch.device("meta"):
        theirs = transformers.GPT2Model(transformers.GPT2Config(**sizes))
    expected = sum(p.numel() for p in theirs.parameters())
    assert count_parameters(dslnet.load(SPECS / "gpt2.net")[name].graph()) == expected


# --------------------------------------------------------------------------------------------- Transformer


def sines(length: int, width: int) -> Any:
    """The positions of the paper, section 3.5, written out."""
    table = torch.zeros(length, width)
    for step in range(length):
        for pair in range(width // 2):
            angle = step / 10000 ** (2 * pair / width)
            table[step, 2 * pair], table[step, 2 * pair + 1] = math.sin(angle), math.cos(angle)
    return table


class Reference(nn.Module):
    """`nn.Transformer` without its two last norms, which the paper has not, between the paper's embeddings."""

    def __init__(self, vocab: int, d: int, heads: int, ff: int, depth: int) -> None:
        super().__init__()
        self.d = d
        self.embed = nn.Embedding(vocab, d)
        self.net = nn.Transformer(d, heads, depth, depth, ff, batch_first=True)
        self.net.encoder.norm = self.net.decoder.norm = None

    def forward(self, source: Any, shifted: Any) -> Any:
        length = shifted.shape[1]
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        a = self.embed(source) * math.sqrt(self.d) + sines(source.shape[1], self.d)
        b = self.embed(shifted) * math.sqrt(self.d) + sines(length, self.d)
        return self.net(a, b, tgt_mask=future) @ self.embed.weight.T


def test_transformer() -> None:
    torch.manual_seed(0)
    theirs = disturb(Reference(61, 32, 4, 128, 2)).eval()
    nn.init.normal_(theirs.embed.weight, std=32**-0.5)
    mine = ours("transformer", "Transformer", vocab=61, d=32, heads=4, depth=2)
    table = dict(theirs.state_dict())
    split(table, "in_proj_weight", ("q.weight", "k.weight", "v.weight"))
    split(table, "in_proj_bias", ("q.bias", "k.bias", "v.bias"))
    by_name(
        mine,
        table,
        [
            (r"^net\.encoder\.layers", "memory"),
            (r"^net\.decoder\.layers", "hidden"),
            (r"self_attn\.out_proj", "attention1.out"),
            (r"self_attn", "attention1"),
            (r"multihead_attn\.out_proj", "attention2.out"),
            (r"multihead_attn", "attention2"),
            (r"\.linear", ".feedforward1.linear"),
            (r"\.norm", ".ln"),
        ],
    )
    inputs = (tokens(61, 3, 11), tokens(61, 3, 8)), (tokens(61, 3, 5), tokens(61, 3, 13))
    compare(mine, theirs, *inputs)
    theirs, mine = theirs.double(), mine.double()
    with torch.no_grad():  # the positions are float32 on both sides, so a part in 2 ** 24 of them is noise
        assert distance(mine(*inputs[0]), theirs(*inputs[0])) <= 1e-5


@torch.no_grad()
def test_transformer_never_sees_the_future() -> None:
    torch.manual_seed(0)
    mine = ours("transformer", "Transformer", vocab=61, d=32, heads=4, depth=2)
    source, shifted = tokens(61, 3, 6), tokens(61, 3, 9)
    other = shifted.clone()
    other[:, -1] = (other[:, -1] + 1) % 61
    before, after = mine(source, shifted), mine(source, other)
    assert torch.equal(before[:, :-1], after[:, :-1])
    assert not torch.equal(before[:, -1], after[:, -1])


# --------------------------------------------------------------------------------------- further models

T5 = """
block FF(ff):
  input x: [B, T, d]
  - Linear(ff, bias=false) -> ReLU -> Linear(d, bias=false)

model T5(vocab=61, d=32, heads=4, ff=64, depth=2):
  input source: [B, S] long < vocab
  input shifted: [B, T] long < vocab
  shared: Embedding(vocab, d)
  near: source -> RelativeBias(heads)
  past: shifted -> RelativeBias(heads, bidirectional=false)
  encoder memory: source -> shared ->
    - repeat depth:
        - residual: RMSNorm(eps=1e-6) -> Attention(heads, bias=false, scale=1) with (position=near)
        - residual: RMSNorm(eps=1e-6) -> FF(ff)
    - RMSNorm(eps=1e-6)
  decoder hidden: shifted -> shared ->
    - repeat depth:
        - residual:
            - RMSNorm(eps=1e-6)
            - Attention(heads, bias=false, scale=1, causal=true) with (position=past)
        - residual: RMSNorm(eps=1e-6) -> Attention(heads, bias=false, scale=1) to memory
        - residual: RMSNorm(eps=1e-6) -> FF(ff)
    - RMSNorm(eps=1e-6)
  output logits: hidden -> Scale(d ** -0.5) -> Unembed(shared)
  autoregressive shifted: logits
"""


def test_t5(transformers: Any, tmp_path: Path) -> None:
    """Positions relative to the query, one table for all layers, norms without a mean; longer than the buckets."""
    torch.manual_seed(0)
    config = transformers.T5Config(
        vocab_size=61, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, tie_word_embeddings=True
    )
    theirs = disturb(transformers.T5ForConditionalGeneration(config)).eval()
    path = tmp_path / "t5.net"
    path.write_text(T5)
    mine = dslnet.load(path).T5().eval()
    table = {k: v for k, v in theirs.state_dict().items() if "embed_tokens" not in k and k != "lm_head.weight"}
    by_name(
        mine,
        table,
        [
            (r"^encoder\.block\.0\.layer\.0\.SelfAttention\.relative_attention_bias", "near"),
            (r"^decoder\.block\.0\.layer\.0\.SelfAttention\.relative_attention_bias", "past"),
            (r"^encoder\.block\.(\d+)", r"memory.repeat1.\1"),
            (r"^decoder\.block\.(\d+)", r"hidden.repeat1.\1"),
            (r"^encoder\.final_layer_norm", "memory.rmsnorm1"),
            (r"^decoder\.final_layer_norm", "hidden.rmsnorm1"),
            (r"\.layer\.(0)\.SelfAttention\.", ".attention1."),
            (r"\.layer\.(1)\.EncDecAttention\.", ".attention2."),
            (r"\.o\.weight$", ".out.weight"),
            (r"\.layer\.0\.layer_norm", ".rmsnorm1"),
            (r"\.layer\.1\.layer_norm", ".rmsnorm2"),
            (r"\.layer\.2\.layer_norm", ".rmsnorm3"),
            (r"\.layer\.\d\.DenseReluDense\.wi", ".ff1.linear1"),
            (r"\.layer\.\d\.DenseReluDense\.wo", ".ff1.linear2"),
        ],
    )
    inputs = (tokens(61, 3, 11), tokens(61, 3, 8)), (tokens(61, 3, 200), tokens(61, 3, 150))
    compare(mine, lambda a, b: theirs(input_ids=a, decoder_input_ids=b).logits, *inputs)


LLAMA = """
block Layer(heads, kv_heads, ff):
  - residual:
      - RMSNorm(eps=1e-5)
      - Attention(heads, kv_heads=kv_heads, rope=10000, causal=true, bias=false)
  - residual: RMSNorm(eps=1e-5) -> SwiGLU(ff)

model Llama(vocab=61, d=32, heads=4, kv_heads=2, ff=80, depth=2):
  input tokens: [B, T] long < vocab
  - Embedding(vocab, d)
  - layers: repeat depth: Layer(heads, kv_heads, ff)
  - norm: RMSNorm(eps=1e-5)
  - head: Linear(vocab, bias=false)
  output logits: [B, T, vocab]
  autoregressive tokens: logits
"""


def test_llama_with_grouped_queries(transformers: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=61, hidden_size=32, intermediate_size=80, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, rms_norm_eps=1e-5, max_position_embeddings=64, tie_word_embeddings=False,
    )  # fmt: skip
    theirs = disturb(transformers.LlamaForCausalLM(config)).eval()
    path = tmp_path / "llama.net"
    path.write_text(LLAMA)
    mine = dslnet.load(path).Llama().eval()
    by_name(
        mine,
        dict(theirs.state_dict()),
        [
            (r"^model\.embed_tokens", "embedding1"),
            (r"^model\.", ""),
            (r"^lm_head", "head"),
            (r"self_attn\.([qkvo])_proj", r"attention1.\1"),
            (r"attention1\.o\.", "attention1.out."),
            (r"input_layernorm", "rmsnorm1"),
            (r"post_attention_layernorm", "rmsnorm2"),
            (r"mlp\.gate_proj", "swiglu1.w1"),
            (r"mlp\.up_proj", "swiglu1.w3"),
            (r"mlp\.down_proj", "swiglu1.w2"),
        ],
    )
    compare(mine, lambda ids: theirs(ids).logits, (tokens(61, 3, 30),), (tokens(61, 3, 7),))


BERT = """
block Layer(heads):
  input x: [B, T, d]
  input mask: [B, T] bool
  - residual: Attention(heads) with (mask=mask -> Unsqueeze(1) -> Unsqueeze(1))
  - LayerNorm(eps=1e-12)
  - residual: Linear(4 * d) -> GELU -> Linear(d)
  - LayerNorm(eps=1e-12)

model Bert(vocab=61, context=40, d=32, heads=4, depth=2):
  input tokens: [B, T] long < vocab
  input kinds: [B, T] long < 2
  input mask: [B, T] bool
  words: tokens -> Embedding(vocab, d)
  places: tokens -> Positions -> Embedding(context, d)
  segments: kinds -> Embedding(2, d)
  - words + places + segments -> LayerNorm(eps=1e-12)
  - layers: repeat depth: Layer(heads) with mask
  output hidden
  output pooled: First -> Linear(d) -> Tanh
"""


def test_bert_with_padding(transformers: Any, tmp_path: Path) -> None:
    """Both outputs; what is padded is compared too, for it attends to what is not."""
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=61, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
        max_position_embeddings=40,
    )  # fmt: skip
    theirs = disturb(transformers.BertModel(config)).eval()
    path = tmp_path / "bert.net"
    path.write_text(BERT)
    mine = dslnet.load(path).Bert().eval()
    by_name(
        mine,
        dict(theirs.state_dict()),
        [
            (r"^embeddings\.word_embeddings", "words"),
            (r"^embeddings\.position_embeddings", "places"),
            (r"^embeddings\.token_type_embeddings", "segments"),
            (r"^embeddings\.LayerNorm", "ln1"),
            (r"^encoder\.layer\.", "layers."),
            (r"attention\.self\.query", "attention1.q"),
            (r"attention\.self\.key", "attention1.k"),
            (r"attention\.self\.value", "attention1.v"),
            (r"attention\.output\.dense", "attention1.out"),
            (r"attention\.output\.LayerNorm", "ln1"),
            (r"intermediate\.dense", "linear1"),
            (r"output\.dense", "linear2"),
            (r"output\.LayerNorm", "ln2"),
            (r"^pooler\.dense", "pooled"),
        ],
    )
    for length in (12, 31):
        ids, kinds = tokens(61, 3, length), tokens(2, 3, length)
        mask = torch.arange(length) < torch.tensor([[length], [length - 3], [5]])
        with torch.no_grad():
            expected = theirs(ids, token_type_ids=kinds, attention_mask=mask.long())
            got = mine(ids, kinds, mask)
        assert distance(got.hidden, expected.last_hidden_state) <= 1e-5
        assert distance(got.pooled, expected.pooler_output) <= 1e-5
