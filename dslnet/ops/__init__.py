"""The boxes that are operators: one class each, one file for each family.

Enters: nothing. Leaves: `OPERATORS`, filled by importing the families. A user's own operator is the same class,
registered by being defined.
"""

from . import activation as activation
from . import attention as attention
from . import augmentation as augmentation
from . import convolution as convolution
from . import cut as cut
from . import dense as dense
from . import divergences as divergences
from . import elementwise as elementwise
from . import functions as functions
from . import graphs as graphs
from . import heads as heads
from . import join as join
from . import losses as losses
from . import metrics as metrics
from . import normalisation as normalisation
from . import numbering as numbering
from . import optimizers as optimizers
from . import pair_losses as pair_losses
from . import pattern as pattern
from . import pooling as pooling
from . import positions as positions
from . import rearrange as rearrange
from . import recurrent as recurrent
from . import reduction as reduction
from . import resizing as resizing
from . import schedules as schedules
from . import stochastic as stochastic
from . import updates as updates
from .base import OPERATORS, Argument, Combinator, Mistake, Operator, Port, Weight, literal

__all__ = ["OPERATORS", "Argument", "Combinator", "Mistake", "Operator", "Port", "Weight", "literal"]
