"""Dense layers: maps of the feature axis, tables, dropout."""

from collections.abc import Iterator

from ..shape import Size, Tensor, numel
from .arguments import Extent
from .base import Operator, Weight
from .code import Code, X, apply, module


class Linear(Operator, kind="linear", weighted=True, aliases=("Dense",)):
    """Affine map of the last axis, y = x W^T + b.

    [8, 10] -> Linear(20)    # [8, 20]
    [B, T, 64] -> Linear(128, bias=false)    # [B, T, 128]
    """

    out_features: Extent
    bias: bool = True

    def shape(self, x: Tensor) -> Tensor:
        return x.last(self.out_features)

    def weights(self, x: Tensor) -> Iterator[Weight]:
        yield Weight("weight", (self.out_features, x.sizes[-1]))
        if self.bias:
            yield Weight("bias", (self.out_features,))

    def flops(self, x: Tensor) -> Size:
        return 2 * numel(x.sizes) * self.out_features

    def torch(self, x: Tensor) -> Code:
        return module("nn.Linear", x.sizes[-1], self.out_features, bias=self.bias)


class Identity(Operator, kind="shape"):
    """What comes in goes out.

    [B, 8] -> Identity    # [B, 8]
    """

    def shape(self, x: Tensor) -> Tensor:
        return x

    def torch(self, x: Tensor) -> Code:
        return X


class ReLU(Operator, kind="activation"):
    """max(x, 0).

    [B, 8] -> ReLU    # [B, 8]
    """

    def shape(self, x: Tensor) -> Tensor:
        return x

    def torch(self, x: Tensor) -> Code:
        return apply("F.relu", X)
