"""What takes more than one expression in PyTorch.

Never imported by the checker: the text of a class or function is copied into emitted source where it is used. So
each needs only `torch`, `nn`, `F` and other names of this file.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
