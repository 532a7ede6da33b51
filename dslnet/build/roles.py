"""The words before a name: which statements there are, and which roles only mark a thing."""

from __future__ import annotations

#: Words that make a statement of their own kind.
STATEMENTS = frozenset(
    "input output param buffer state next require target loss metric train optimizer freeze autoregressive".split()
)
#: Words that mark a step, a wire or a module.
MARKS = frozenset("encoder decoder latent teacher student generator critic".split())
ROLES = STATEMENTS | MARKS
