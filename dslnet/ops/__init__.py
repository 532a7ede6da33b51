"""The boxes that are operators: one class each, one file for each family.

Enters: nothing. Leaves: `OPERATORS`, filled by importing the families. A user's own operator is the same class,
registered by being defined.
"""

from . import activation as activation
from . import convolution as convolution
from . import dense as dense
from . import normalisation as normalisation
from . import pooling as pooling
from .base import OPERATORS, Argument, Combinator, Mistake, Operator, Port, Weight, literal

__all__ = ["OPERATORS", "Argument", "Combinator", "Mistake", "Operator", "Port", "Weight", "literal"]
