"""`model.generate` against sampling loops written by hand, and the loss that an autoregressive model has of itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402
from torch import Tensor, nn  # noqa: E402

import dslnet  # noqa: E402
from dslnet.training.plan import plan_of  # noqa: E402

Make = Callable[..., nn.Module]

LANGUAGE = """
model Language(vocab=13, d=16):
  input tokens: [B, T] long < vocab
  require: T <= 6
  wte: Embedding(vocab, d)
  - (tokens -> wte) + (tokens -> Positions -> Embedding(6, d)) -> Dropout(0.3)
  - repeat 2: residual: LayerNorm -> Attention(2, causal=true)
  - LayerNorm
  output logits: Unembed(wte)
  autoregressive tokens: logits
"""


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(text: str, **settings: object) -> nn.Module:
        path = tmp_path / "case.net"
        path.write_text(text, encoding="utf-8")
        net = dslnet.load(path)
        torch.manual_seed(0)
        return net[next(iter(net))](**settings)

    return made


def by_hand(
    score: Callable[[Tensor], Tensor], prompt: Tensor, count: int, temperature: float, top_k: int | None, seed: int
) -> Tensor:
    """One token after another; `score` gives the scores of the token behind a prompt, [B, vocab]."""
    generator = torch.Generator(prompt.device)
    generator.manual_seed(seed)
    rows = prompt
    for _ in range(count):
        with torch.no_grad():
            scores = score(rows).float()
        if temperature == 0:
            chosen = scores.argmax(1)
        else:
            odds = torch.zeros_like(scores)
            kept = scores.shape[1] if top_k is None else top_k
            for row in range(len(scores)):
                best = scores[row].sort(descending=True).indices[:kept]
                odds[row, best] = torch.softmax(scores[row, best] / temperature, 0)
            chosen = torch.multinomial(odds, 1, generator=generator)[:, 0]
        rows = torch.cat([rows, chosen[:, None]], 1)
    return rows


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize(("temperature", "top_k"), [(0, None), (1.0, None), (0.7, 5), (1.5, 1), (1.0, 13), (2.0, 99)])
def test_equal_to_a_loop_by_hand(make: Make, temperature: float, top_k: int | None, dtype: torch.dtype) -> None:
    """Longer than the context of 6: then the last 6 tokens are seen."""
    model = make(LANGUAGE).to(dtype)
    prompt = torch.randint(0, 13, (3, 2))
    told = model.generate(prompt, max_new=9, temperature=temperature, top_k=top_k, seed=5)
    assert told.shape == (3, 11) and told.dtype == torch.long and torch.equal(told[:, :2], prompt)
    model.eval()
    top = None if top_k is None else min(top_k, 13)
    expected = by_hand(lambda rows: model(rows[:, -6:])[:, -1], prompt, 9, temperature, top, 5)
    assert torch.equal(told, expected)


def test_the_mode_of_the_model_and_the_random_state_are_as_before(make: Make) -> None:
    model = make(LANGUAGE)
    before = torch.get_rng_state()
    first = model.generate(torch.zeros(1, 1, dtype=torch.long), max_new=5, seed=1)
    assert model.training and torch.equal(before, torch.get_rng_state())
    assert torch.equal(first, model.eval().generate(torch.zeros(1, 1, dtype=torch.long), max_new=5, seed=1))
    assert not model.training
    model.train()
    with pytest.raises(IndexError):
        model.generate(torch.full((1, 1), 99), max_new=2)
    assert model.training, "after an error too"
    assert torch.equal(first[:, :1], model.generate(first[:, :1], max_new=0))
    with pytest.raises(ValueError, match="temperature"):
        model.generate(first, temperature=-1.0)
    assert not model.generate(first, max_new=1).requires_grad


def test_without_a_seed_draws_follow_the_global_generator(make: Make) -> None:
    model = make(LANGUAGE)
    prompt = torch.zeros(4, 1, dtype=torch.long)
    torch.manual_seed(3)
    first = model.generate(prompt, max_new=8, temperature=3.0)
    second = model.generate(prompt, max_new=8, temperature=3.0)
    torch.manual_seed(3)
    assert torch.equal(first, model.generate(prompt, max_new=8, temperature=3.0)) and not torch.equal(first, second)


@pytest.mark.parametrize("inference", [False, True])
def test_a_model_for_inference_generates_too(make: Make, inference: bool) -> None:
    model = make(LANGUAGE, inference=inference)
    assert model.generate(torch.zeros(1, 1, dtype=torch.long), max_new=2).shape == (1, 3)
    assert hasattr(model, "plan") is not inference


def test_a_model_of_a_fixed_number_of_steps(make: Make) -> None:
    """What stands behind the last token is not seen, so zeros stand there."""
    text = LANGUAGE.replace("[B, T]", "[B, 6]").replace("  require: T <= 6\n", "")
    fixed, free = make(text), make(LANGUAGE)
    fixed.load_state_dict(free.state_dict())
    prompt = torch.randint(0, 13, (2, 1))
    assert torch.equal(fixed.generate(prompt, 8, 0.9, 4, 2), free.generate(prompt, 8, 0.9, 4, 2))


def test_a_number_of_steps_with_a_divisor(make: Make) -> None:
    text = LANGUAGE.replace("require: T <= 6", "require: T % 4 == 0 and T <= 6").replace("Embedding(6", "Embedding(8")
    divided = make(text)
    divided.eval()
    prompt = torch.randint(0, 13, (2, 3))

    def score(rows: Tensor) -> Tensor:
        rows = rows[:, -4:]
        length = rows.shape[1]
        return divided(F.pad(rows, (0, -length % 4)))[:, length - 1]

    assert torch.equal(divided.generate(prompt, 6, 0), by_hand(score, prompt, 6, 0, None, 0))


def test_other_inputs_and_other_outputs(make: Make) -> None:
    model = make(
        """
model Translator(vocab=11, d=8):
  input source: [B, S] long < vocab
  input shifted: [B, T] long < vocab
  memory: source -> Embedding(vocab, d)
  decoder: shifted -> Embedding(vocab, d) -> SinePositions ->
    - residual: Attention(2, causal=true)
    - residual: Attention(2) to memory
  output hidden: decoder
  output logits: decoder -> Linear(vocab)
  autoregressive shifted: logits
"""
    )
    model.eval()
    source, prompt = torch.randint(0, 11, (2, 5)), torch.randint(0, 11, (2, 1))
    told = model.generate(prompt, max_new=4, top_k=3, seed=9, source=source)
    assert torch.equal(told, by_hand(lambda rows: model(source, rows).logits[:, -1], prompt, 4, 1.0, 3, 9))
    with pytest.raises(TypeError):
        model.generate(prompt)


def test_scores_with_the_steps_last(make: Make) -> None:
    model = make(
        """
model Wave(levels=9):
  input audio: [B, T] long < levels
  - Embedding(levels, 8) -> Transpose
  - Conv(8, 2, padding="causal") -> ReLU
  output logits: Conv(levels, 1)
  autoregressive audio: logits
"""
    )
    prompt = torch.randint(0, 9, (2, 3))
    model.eval()
    expected = by_hand(lambda rows: model(rows)[:, :, -1], prompt, 5, 1.0, None, 4)
    assert torch.equal(model.generate(prompt, 5, seed=4), expected)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "  input x: [B, T, 4]\n  - GRU(8)\n  output y: Linear(4)\n  autoregressive x: y\n",
            r"`x` is \[B, T, 4\], not tokens",
        ),
        (
            "  input x: [B, T] long < 5\n  - Embedding(5, 4) -> GRU(8)\n  s: Linear(5)\n  - s\n  output y: Softmax\n"
            "  loss: y -> Mean\n  autoregressive x: y\n",
            "",
        ),
        (
            "  input x: [B, T] long < 5\n  input w: [B, T, 4]\n  - Embedding(5, 4)\n  - GRU(8)\n"
            "  output y: (x -> Embedding(5, 4)) + w -> GRU(8) -> Linear(5)\n  autoregressive x: y\n",
            "`w` is as long as `x`",
        ),
    ],
)
def test_what_cannot_be_generated_says_why(make: Make, text: str, why: str) -> None:
    model = make("model M:\n" + text)
    if not why:
        assert model.generate(torch.zeros(1, 1, dtype=torch.long), 1).shape == (1, 2)
        return
    with pytest.raises(NotImplementedError, match=why):
        model.generate(torch.zeros(1, 1, dtype=torch.long))


# ------------------------------------------------------------------------------------------------- next token


def test_the_loss_of_the_next_token(make: Make) -> None:
    model = make(LANGUAGE).eval()
    tokens = torch.randint(0, 13, (3, 6))
    told = model.losses({"tokens": tokens})
    assert list(told) == ["next_token"] == list(plan_of(model).losses)
    scores = torch.log_softmax(model(tokens), -1)
    expected = -torch.stack([scores[b, t, tokens[b, t + 1]] for b in range(3) for t in range(5)]).mean()
    torch.testing.assert_close(told["next_token"], expected)


@pytest.mark.parametrize(
    "more",
    [
        "  loss mine: logits -> Mean\n",
        "  target next: [B, T] long < vocab\n  loss mine: logits -> CrossEntropy to next\n  train: 2 * mine\n",
    ],
)
def test_a_written_loss_is_the_only_one(make: Make, more: str) -> None:
    assert plan_of(make(LANGUAGE + more)).losses == ("mine",)
