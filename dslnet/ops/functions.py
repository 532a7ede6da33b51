"""Functions of each element: exponentials, roots, sines.

Enters: one tensor. Leaves: one of the same shape. They are written as functions of a wire, `sin(x)`, or as boxes,
`x -> Sin`.
"""

from .arithmetic import Function


class Exp(Function, function="exp"):
    """e to the power x. On a wire `exp(x)` is the same.

    [B, 8] -> Exp    # [B, 8]
    """


class Log(Function, function="log"):
    """The natural logarithm of x. On a wire `log(x)` is the same.

    [B, 8] -> Log    # [B, 8]
    """


class Sqrt(Function, function="sqrt"):
    """The square root of x. On a wire `sqrt(x)` is the same.

    [B, 8] -> Sqrt    # [B, 8]
    """


class Abs(Function, function="abs"):
    """x without its sign. On a wire `abs(x)` is the same.

    [B, 8] -> Abs    # [B, 8]
    """

    keeps = True


class Sin(Function, function="sin"):
    """The sine of x. On a wire `sin(x)` is the same.

    [B, 8] -> Sin    # [B, 8]
    """


class Cos(Function, function="cos"):
    """The cosine of x. On a wire `cos(x)` is the same.

    [B, 8] -> Cos    # [B, 8]
    """
