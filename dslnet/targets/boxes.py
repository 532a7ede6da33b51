"""What takes more than one expression in PyTorch.

Never imported by the checker: the text of a class or function is copied into emitted source where it is used. So
each needs only `torch`, `nn`, `F` and other names of this file.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class CausalConv1d(nn.Conv1d):
    """A convolution over [B, C, T] that is padded on the left only, so that step t sees the steps up to t."""

    def forward(self, x: Tensor) -> Tensor:
        past = self.dilation[0] * (self.kernel_size[0] - 1)
        return super().forward(F.pad(x, (past, 0)))


def pairs(x: Tensor) -> Tensor:
    """Every row beside every row: [B, N, D] to [B, N * N, 2 * D]."""
    rows = x.shape[1]
    return torch.cat((x.repeat_interleave(rows, dim=1), x.repeat(1, rows, 1)), dim=2)


def sample_gaussian(mu: Tensor, logvar: Tensor, training: bool) -> Tensor:
    """A draw from a normal distribution through which gradients flow; its mean in evaluation."""
    return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu) if training else mu


def gumbel_softmax(x: Tensor, tau: float, hard: bool, dim: int, training: bool) -> Tensor:
    """A differentiable draw from a categorical distribution; without noise in evaluation."""
    if training:
        return F.gumbel_softmax(x, tau, hard, dim=dim)
    soft = F.softmax(x / tau, dim=dim)
    if not hard:
        return soft
    return torch.zeros_like(x).scatter(dim, soft.argmax(dim, keepdim=True), 1.0) - soft.detach() + soft


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
    return x * (torch.empty(size, dtype=x.dtype, device=x.device).bernoulli_(1 - p) / (1 - p))


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
            made = expert(rows[row].view(*[1] * (x.dim() - 2), len(row), -1)).flatten(0, -2)
            if out is None:
                out = made.new_zeros(rows.shape[0], made.shape[-1])
            out = out.index_add(0, row, weight[row, place, None] * made)
        assert out is not None
        return out.view(*x.shape[:-1], out.shape[-1])


def contrastive(distance: Tensor, same: Tensor, margin: float) -> Tensor:
    """Pulls together what is the same and pushes the rest out to the margin."""
    return 0.5 * (same * distance**2 + (1 - same) * (margin - distance).clamp(min=0) ** 2)


def info_nce(scores: Tensor) -> Tensor:
    """Row i chooses column i, and the reverse."""
    truth = torch.arange(scores.shape[0], device=scores.device)
    return (F.cross_entropy(scores, truth) + F.cross_entropy(scores.transpose(0, 1), truth)) / 2


def ctc(
    x: Tensor, target: Tensor, lengths: Tensor | None, target_lengths: Tensor | None, blank: int, reduction: str
) -> Tensor:
    """Connectionist temporal classification of scores [B, T, classes] against labels [B, S]."""
    if lengths is None:
        lengths = torch.full((x.shape[0],), x.shape[1], dtype=torch.long)
    if target_lengths is None:
        target_lengths = torch.full((x.shape[0],), target.shape[1], dtype=torch.long)
    scores = F.log_softmax(x, dim=-1).transpose(0, 1)
    return F.ctc_loss(scores, target, lengths, target_lengths, blank=blank, reduction=reduction)


def dice(x: Tensor, target: Tensor, smooth: float) -> Tensor:
    """One minus the overlap of each sample."""
    x, target = x.flatten(1), target.flatten(1)
    return 1 - (2 * (x * target).sum(1) + smooth) / (x.sum(1) + target.sum(1) + smooth)


def focal(entropy: Tensor, gamma: float) -> Tensor:
    """Cross entropy with less weight on what is right already."""
    return (1 - torch.exp(-entropy)) ** gamma * entropy


def confusion(chosen: Tensor, target: Tensor, classes: int) -> Tensor:
    """How often class i (row) was called class j (column)."""
    return torch.bincount(classes * target.flatten() + chosen.flatten(), minlength=classes**2).view(classes, classes)


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
