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
