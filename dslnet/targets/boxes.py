"""What takes more than one expression in PyTorch.

Never imported by the checker: the text of a class or function is copied into emitted source where it is used. So
each needs only `torch`, `nn`, `F` and other names of this file.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# mypy: disable-error-code="override, no-any-return, no-untyped-call"


def pairs(x: Tensor) -> Tensor:
    """Every row beside every row: [B, N, D] to [B, N * N, 2 * D]."""
    rows = x.shape[1]
    return torch.cat((x.repeat_interleave(rows, dim=1), x.repeat(1, rows, 1)), dim=2)


def sample_gaussian(mu: Tensor, logvar: Tensor, training: bool) -> Tensor:
    """A draw from a normal distribution through which gradients flow; its mean in evaluation."""
    return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu) if training else mu


def gumbel_softmax(
    x: Tensor, tau: float, hard: bool, dim: int, training: bool
) -> Tensor:
    """A differentiable draw from a categorical distribution; without noise in evaluation."""
    if training:
        return F.gumbel_softmax(x, tau, hard, dim=dim)
    soft = F.softmax(x / tau, dim=dim)
    if not hard:
        return soft
    return (
        torch.zeros_like(x).scatter(dim, soft.argmax(dim, keepdim=True), 1.0)
        - soft.detach()
        + soft
    )


def gaussian_noise(x: Tensor, std: float, training: bool) -> Tensor:
    """Normal noise on top, in training."""
    return x + std * torch.randn_like(x) if training else x


def stochastic_depth(x: Tensor, p: float, mode: str, training: bool) -> Tensor:
    """Whole samples dropped with probability p, in training."""
    if not training or p == 0.0:
        return x
    if p == 1.0:
        return torch.zeros_like(x)
    size = [x.shape[0] if mode == "row" else 1] + [1] * (x.dim() - 1)
    return x * (
        torch.empty(size, dtype=x.dtype, device=x.device).bernoulli_(1 - p) / (1 - p)
    )


class MixtureOfExperts(nn.Module):
    """Each vector of the last axis goes to the experts that a router likes best."""

    def __init__(self, width: int, experts: nn.ModuleList, top: int) -> None:
        super().__init__()
        self.router = nn.Linear(width, len(experts), bias=False)
        self.experts = nn.ModuleList(experts)
        self.top = top

    def forward(self, x: Tensor) -> Tensor:
        rows = x.flatten(0, -2)
        score, chosen = self.router(rows).topk(self.top, dim=-1)
        weight = score.softmax(dim=-1)
        out: Tensor | None = None
        for i, expert in enumerate(self.experts):
            row, place = torch.where(chosen == i)
            made = expert(rows[row][(None,) * (x.dim() - 2)]).flatten(0, -2)
            if out is None:
                out = made.new_zeros(rows.shape[0], made.shape[-1])
            out = out.index_add(0, row, weight[row, place, None] * made)
        assert out is not None
        return out.view(*x.shape[:-1], out.shape[-1])


def contrastive(distance: Tensor, same: Tensor, margin: float) -> Tensor:
    """Pulls together what is the same and pushes the rest out to the margin."""
    return 0.5 * (
        same * distance**2 + (1 - same) * (margin - distance).clamp(min=0) ** 2
    )


def info_nce(scores: Tensor) -> Tensor:
    """Row i chooses column i, and the reverse."""
    truth = torch.arange(scores.shape[0], device=scores.device)
    return (
        F.cross_entropy(scores, truth) + F.cross_entropy(scores.transpose(0, 1), truth)
    ) / 2


def ctc(
    x: Tensor,
    target: Tensor,
    lengths: Tensor | None,
    target_lengths: Tensor | None,
    blank: int,
    reduction: str,
) -> Tensor:
    """Connectionist temporal classification of scores [B, T, classes] against labels [B, S]."""
    if lengths is None:
        lengths = torch.full((x.shape[0],), x.shape[1], dtype=torch.long)
    if target_lengths is None:
        target_lengths = torch.full((x.shape[0],), target.shape[1], dtype=torch.long)
    scores = F.log_softmax(x, dim=-1).transpose(0, 1)
    return F.ctc_loss(
        scores, target, lengths, target_lengths, blank=blank, reduction=reduction
    )


def dice(x: Tensor, target: Tensor, smooth: float) -> Tensor:
    """One minus the overlap of each sample."""
    x, target = x.flatten(1), target.flatten(1)
    return 1 - (2 * (x * target).sum(1) + smooth) / (x.sum(1) + target.sum(1) + smooth)


def focal(entropy: Tensor, gamma: float) -> Tensor:
    """Cross entropy with less weight on what is right already."""
    return (1 - torch.exp(-entropy)) ** gamma * entropy


def confusion(chosen: Tensor, target: Tensor, classes: int) -> Tensor:
    """How often class i (row) was called class j (column)."""
    return torch.bincount(
        classes * target.flatten() + chosen.flatten(), minlength=classes**2
    ).view(classes, classes)


def f1(chosen: Tensor, target: Tensor, classes: int, average: str) -> Tensor:
    """The harmonic mean of precision and recall."""
    table = confusion(chosen, target, classes).float()
    right, said, true = table.diagonal(), table.sum(0), table.sum(1)
    if average == "micro":
        return 2 * right.sum() / (said.sum() + true.sum())
    occurs = said + true > 0
    return (2 * right[occurs] / (said + true)[occurs]).mean()


def mean_iou(chosen: Tensor, target: Tensor, classes: int) -> Tensor:
    """Intersection over union, the mean over the classes that occur."""
    table = confusion(chosen, target, classes).float()
    right, union = table.diagonal(), table.sum(0) + table.sum(1) - table.diagonal()
    return (right[union > 0] / union[union > 0]).mean()


def initial_state(state: Tensor, size: int) -> Tensor:
    """A state [B, directions * size] in the layout that PyTorch's recurrent layers want, [directions, B, size]."""
    return state.unflatten(1, (-1, size)).transpose(0, 1).contiguous()


def last_state(states: Tensor, bidirectional: bool) -> Tensor:
    """The state of the last layer, [B, directions * size], of the states [layers * directions, B, size]."""
    return states[-2:].transpose(0, 1).flatten(1) if bidirectional else states[-1]


class RNN(nn.RNN):
    """`nn.RNN` over [B, T, d] that gives all steps, [B, T, size], and the last state of the last layer, [B, size];
    two directions stand side by side in both."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        bias: bool = True,
        nonlinearity: str = "tanh",
    ) -> None:
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias=bias,
            batch_first=True,
            dropout=dropout,
            bidirectional=bidirectional,
            nonlinearity=nonlinearity,
        )

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        start = None if state is None else initial_state(state, self.hidden_size)
        steps, states = super().forward(x, start)
        return steps, last_state(states, self.bidirectional)


class GRU(nn.GRU):
    """`nn.GRU` over [B, T, d] that gives all steps, [B, T, size], and the last state of the last layer, [B, size];
    two directions stand side by side in both."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        bias: bool = True,
    ) -> None:
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias=bias,
            batch_first=True,
            dropout=dropout,
            bidirectional=bidirectional,
        )

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        start = None if state is None else initial_state(state, self.hidden_size)
        steps, states = super().forward(x, start)
        return steps, last_state(states, self.bidirectional)


class LSTM(nn.LSTM):
    """`nn.LSTM` over [B, T, d] that gives all steps, [B, T, size], and the last state and memory cell of the last
    layer, [B, size] each; two directions stand side by side in all."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        bias: bool = True,
    ) -> None:
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias=bias,
            batch_first=True,
            dropout=dropout,
            bidirectional=bidirectional,
        )

    def forward(
        self, x: Tensor, state: Tensor | None = None, cell: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        start = None
        given = state if state is not None else cell
        if given is not None:
            zeros = torch.zeros_like(given)
            both = (zeros if state is None else state, zeros if cell is None else cell)
            start = (
                initial_state(both[0], self.hidden_size),
                initial_state(both[1], self.hidden_size),
            )
        steps, (states, cells) = super().forward(x, start)
        return (
            steps,
            last_state(states, self.bidirectional),
            last_state(cells, self.bidirectional),
        )


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    position: Tensor | None = None,
    causal: bool = False,
    dropout_p: float = 0.0,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Attention that may be masked, causal and biased at once: `mask` is true where a key is kept, `position` is
    added to the scores [..., heads, T, S]."""
    if causal:
        past = torch.ones(
            q.shape[-2], k.shape[-2], dtype=torch.bool, device=q.device
        ).tril()
        mask = past if mask is None else mask & past
    if position is not None:
        position = position.to(q.dtype)
        mask = position if mask is None else position.masked_fill(~mask, -torch.inf)
    return F.scaled_dot_product_attention(
        q, k, v, mask, dropout_p, scale=scale, enable_gqa=enable_gqa
    )


def frequencies(width: int, base: float, device: torch.device) -> Tensor:
    """base ^ (-2 i / width) for i below width / 2."""
    return base ** (
        torch.arange(0, width, 2, dtype=torch.float32, device=device) / -width
    )


def rotate(x: Tensor, base: float, interleaved: bool = False) -> Tensor:
    """Rotary positions: pairs of features of [..., T, e] turn by the step times their frequency."""
    steps = torch.arange(x.shape[-2], dtype=torch.float32, device=x.device)
    angles = steps[:, None] * frequencies(x.shape[-1], base, x.device)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    if interleaved:
        a, b = x[..., 0::2], x[..., 1::2]
        return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2)
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)


def sine_embedding(
    x: Tensor, width: int, base: float, dtype: torch.dtype | None = None
) -> Tensor:
    """Numbers [...] as sines, then cosines, of width / 2 frequencies: [..., width], of x's type or `dtype`."""
    angles = x.to(torch.float32)[..., None] * frequencies(width, base, x.device)
    return torch.cat((angles.sin(), angles.cos()), dim=-1).to(dtype or x.dtype)


def add_sine_positions(x: Tensor, base: float) -> Tensor:
    """A sequence [B, T, d] plus sines (even features) and cosines (odd features) of the step."""
    steps = torch.arange(x.shape[1], dtype=torch.float32, device=x.device)
    angles = steps[:, None] * frequencies(x.shape[2], base, x.device)
    return x + torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1).to(x.dtype)


class RelativeBias(nn.Embedding):
    """A number for each head and each bucket of distances: a bias of attention scores, [1, heads, T, T].

    Half of the buckets are single distances, the rest grow logarithmically up to `distance`.
    """

    def __init__(
        self,
        heads: int,
        buckets: int = 32,
        distance: int = 128,
        bidirectional: bool = True,
    ) -> None:
        super().__init__(buckets, heads)
        self.distance, self.bidirectional = distance, bidirectional

    def forward(self, x: Tensor) -> Tensor:
        steps = torch.arange(x.shape[1], device=x.device)
        offset = steps[None, :] - steps[:, None]  # of the key from the query
        return super().forward(self.bucket(offset)).permute(2, 0, 1)[None]

    def bucket(self, offset: Tensor) -> Tensor:
        """The row of the table for each offset."""
        buckets = (
            self.num_embeddings // 2 if self.bidirectional else self.num_embeddings
        )
        distance = offset.abs() if self.bidirectional else (-offset).clamp(min=0)
        exact = buckets // 2
        span = (
            torch.tensor(self.distance / exact, dtype=torch.float64, device="cpu")
            .log()
            .item()
        )
        far = (distance.clamp(min=1).float() / exact).log() / span * (buckets - exact)
        row = torch.where(
            distance < exact, distance, (exact + far.long()).clamp(max=buckets - 1)
        )
        return row + (offset > 0).long() * buckets if self.bidirectional else row


def scatter_rows(x: Tensor, index: Tensor, rows: int, reduce: str = "sum") -> Tensor:
    """Rows [E, ...] joined by their id into [rows, ...]; 0 where no row has an id."""
    empty = x.new_zeros(rows, *x.shape[1:])
    if reduce == "sum":
        return empty.index_add(0, index, x)
    where = index.view(-1, *[1] * (x.ndim - 1)).expand_as(x)
    name = {"mean": "mean", "max": "amax", "min": "amin"}[reduce]
    return empty.scatter_reduce(0, where, x, name, include_self=False)


def segment_softmax(x: Tensor, index: Tensor, rows: int) -> Tensor:
    """A softmax over the rows of [E, ...] that have the same id."""
    top = scatter_rows(x.detach(), index, rows, "max")
    weights = (x - top[index]).exp()
    return weights / scatter_rows(weights, index, rows)[index]
