"""The state_dict of a model as a list.

Enters: a checked `Model`. Leaves: one line for each entry, in torch's order: its key, its shape, and what it is
when it is not a trained float.
"""

from __future__ import annotations

from ..graph import Model
from ..shape import shape_text
from ..weights import definition_weights


def names(model: Model) -> str:
    """`fc.weight  [1000, 512]`, a line for each entry of the state_dict."""
    rows = []
    for weight in definition_weights(model, model.entry):
        extra = ["" if weight.trained else "buffer", "" if weight.dtype == "float" else weight.dtype]
        rows.append((weight.name, shape_text(weight.shape), " ".join(filter(None, extra))))
    first = max((len(name) for name, _, _ in rows), default=0)
    second = max((len(shape) for _, shape, _ in rows), default=0)
    return "".join(f"{name:<{first}}  {shape:<{second}}  {extra}".rstrip() + "\n" for name, shape, extra in rows)
