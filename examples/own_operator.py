"""An operator of one's own: a class, registered by being defined. `python own_operator.py`.

The class says what the box takes, which shape it makes, and what it is in PyTorch. Everything else, from checking its
arguments to the errors and the emitted source, is the library's.
"""

import tempfile
from pathlib import Path

import torch

import dslnet
from dslnet.ops import Operator
from dslnet.ops.arguments import Positive
from dslnet.ops.code import Code, X, apply
from dslnet.shape import Tensor


class SoftShrink(Operator, kind="activation"):
    """x moved towards zero by `amount`, and 0 where it is nearer than that.

    [B, 8] -> SoftShrink(0.5)    # [B, 8]
    """

    amount: Positive = 0.5

    def shape(self, x: Tensor) -> Tensor:
        return x

    def torch(self, x: Tensor) -> Code:
        return apply("F.softshrink", X, self.amount)


SPEC = """\
model Sparse(amount=0.25):
  input x: [B, 8]
  - Linear(16) -> SoftShrink(amount)
  output y: Linear(2)
"""

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "sparse.net"
    path.write_text(SPEC, encoding="utf-8")
    model = dslnet.load(path).Sparse(amount=1)
    print(tuple(model(torch.randn(4, 8)).shape))

    path.write_text(SPEC.replace("SoftShrink(amount)", 'SoftShrink("much")'), encoding="utf-8")
    print(dslnet.check(path).diagnostics[0].title)
