"""Optimizers: what moves the weights, in an `optimizer` line.

Only names and arguments are here: they take no wires and have no shape.

Enters: the arguments of `optimizer small: AdamW(lr=3e-4)`. Leaves: `OPTIMIZERS`, and from each of them the class of
`torch.optim` with its arguments. Names and defaults are PyTorch's.
"""

from typing import Annotated, Any

from ..shape import Tensor
from .arguments import Flag, ListType, NonNegative, Probability, RealType
from .base import Mistake, Operator

#: A pair of coefficients of running averages.
Betas = Annotated[tuple[float, ...], ListType(RealType(0, 1))]

#: Every optimizer by name.
OPTIMIZERS: dict[str, type["Optimizer"]] = {}


class Optimization(Operator, abstract=True, kind="optimizer"):
    """What may stand in an `optimizer` line: none of it is a step of the flow."""

    def __init_subclass__(cls, **rest: Any) -> None:
        rest["abstract"] = True
        super().__init_subclass__(**rest)

    def fault(self) -> str:
        """What is wrong with arguments that are each right; empty where nothing is."""
        return ""

    def shape(self, *xs: Tensor) -> Tensor:
        raise Mistake(
            "E0215",
            f"`{self.name}` belongs to an `optimizer` line, and is no step of the flow",
            None,
            helps=("`optimizer: AdamW(lr=3e-4)`",),
        )


class Optimizer(Optimization, abstract=True):
    """What optimizers have in common. The keyword of the class is not needed: its name is PyTorch's."""

    def __init_subclass__(cls, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        OPTIMIZERS[cls.__name__] = cls

    def fault(self) -> str:
        betas = self.values().get("betas")
        if betas is not None and (len(betas) != 2 or not all(beta < 1 for beta in betas)):
            return f"`betas` of {self.name} are two numbers below 1"
        return ""

    @property
    def call(self) -> tuple[str, dict[str, Any]]:
        """The class of PyTorch, and the arguments that differ from its defaults."""
        changed = self.changed()
        if "lr" in self.arguments:
            changed = {"lr": self.values()["lr"], **changed}
        return f"torch.optim.{self.name}", changed


class SGD(Optimizer):
    """Gradient descent with momentum (Sutskever et al., 2013)."""

    lr: NonNegative
    momentum: NonNegative = 0
    nesterov: Flag = False
    weight_decay: NonNegative = 0
    dampening: NonNegative = 0

    def fault(self) -> str:
        if self.nesterov and (not self.momentum or self.dampening):
            return "`nesterov` of SGD wants a momentum, and no dampening"
        return ""


class Adam(Optimizer):
    """Steps from running means of the gradient and of its square (Kingma and Ba, 2015)."""

    lr: NonNegative = 1e-3
    betas: Betas = (0.9, 0.999)
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 0
    amsgrad: Flag = False


class AdamW(Optimizer):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    lr: NonNegative = 1e-3
    betas: Betas = (0.9, 0.999)
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 1e-2
    amsgrad: Flag = False


class NAdam(Optimizer):
    """Adam with Nesterov momentum (Dozat, 2016)."""

    lr: NonNegative = 2e-3
    betas: Betas = (0.9, 0.999)
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 0
    momentum_decay: NonNegative = 4e-3


class RAdam(Optimizer):
    """Adam with a rectified warm-up (Liu et al., 2020)."""

    lr: NonNegative = 1e-3
    betas: Betas = (0.9, 0.999)
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 0


class RMSprop(Optimizer):
    """Steps divided by a running root mean square (Hinton, 2012)."""

    lr: NonNegative = 1e-2
    alpha: Probability = 0.99
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 0
    momentum: NonNegative = 0
    centered: Flag = False


class Adagrad(Optimizer):
    """Steps divided by the root of all squares so far (Duchi et al., 2011)."""

    lr: NonNegative = 1e-2
    lr_decay: NonNegative = 0
    weight_decay: NonNegative = 0
    initial_accumulator_value: NonNegative = 0
    eps: NonNegative = 1e-10


class Adadelta(Optimizer):
    """Steps from running means of the squares of gradients and of steps (Zeiler, 2012)."""

    lr: NonNegative = 1.0
    rho: Probability = 0.9
    eps: NonNegative = 1e-6
    weight_decay: NonNegative = 0


class Adamax(Optimizer):
    """Adam in the infinity norm (Kingma and Ba, 2015)."""

    lr: NonNegative = 2e-3
    betas: Betas = (0.9, 0.999)
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 0
