"""Convolutions that see only what comes before: in time, or in an image row by row.

Never imported by the checker: the text of a class is copied into emitted source where it is used, as that of
`boxes.py`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# mypy: disable-error-code="override, no-any-return, no-untyped-call"


class CausalConv1d(nn.Conv1d):
    """A convolution over [B, C, T] that is padded on the left only, so that step t sees the steps up to t."""

    def forward(self, x: Tensor) -> Tensor:
        past = self.dilation[0] * (self.kernel_size[0] - 1)
        return super().forward(F.pad(x, (past, 0)))


class MaskedConv2d(nn.Conv2d):
    """A convolution that sees the rows above and what is on the left; with mask "B" also the place itself."""

    mask: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        mask: str = "B",
        dilation: int | tuple[int, int] = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            padding="same",
            dilation=dilation,
            bias=bias,
        )
        order = torch.arange(self.weight[0, 0].numel()).view(self.kernel_size)
        middle = order.numel() // 2
        seen = order <= middle if mask == "B" else order < middle
        self.register_buffer("mask", seen, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight * self.mask
        return F.conv2d(x, weight, self.bias, padding="same", dilation=self.dilation)
