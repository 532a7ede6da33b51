"""Where a model comes from, as files that are made of it say.

Enters: a model and the sources that were read. Leaves: texts by name: the doc comment's fields (`paper`, ...), the
file, its hash, the model's name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from ..graph import Model
from ..source import Source


def file_of(model: Model) -> str:
    """The file's name without its folder."""
    return model.span.file.replace("\\", "/").rpartition("/")[2]


def about(model: Model, sources: Mapping[str, Source]) -> dict[str, str]:
    """What is known of a model, sorted by name; `spec_sha256` where its source was read."""
    found = {key: str(text) for key, text in model.metadata.items()}
    found |= {"spec": file_of(model) or "a spec", "model": model.name}
    source = sources.get(model.span.file)
    if source is not None:
        found["spec_sha256"] = hashlib.sha256(source.text.encode()).hexdigest()
    return dict(sorted(found.items()))
