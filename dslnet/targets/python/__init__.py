"""Python source of a model.

Enters: a checked `Model`. Leaves: the text of a module that imports nothing but torch and reads as if a person had
written it. The text is parsed again and compared with an allow-list before it leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...source import Source
from .allowlist import InternalError

if TYPE_CHECKING:
    from ...graph import Model


def emit(model: Model, sources: Mapping[str, Source] | None = None, inference: bool = False) -> str:
    """The Python source of a model; `dslnet.runtime` runs this very text.

    Where the spec has losses, the class has the training too: teachers and critics, `losses`, `objective` and the
    `plan`. With `inference` it has what the outputs need, and nothing else.

    With `sources`, the files that the spans of the model point into, classes say where they come from and numbers
    are written as the text has them.

    Raises `InternalError` (E9001) when the text holds what may not be emitted, which is a bug of dslnet.
    """
    from .allowlist import check
    from .classes import Project
    from .source import write

    project = Project(model, sources, inference)
    text = write(project)
    check(text, frozenset(module for module, _ in project.imports.values()))
    return text


__all__ = ["InternalError", "emit"]
