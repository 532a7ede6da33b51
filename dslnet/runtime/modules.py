"""Text as a Python module.

Enters: source. Leaves: the module, known to `sys.modules` and `linecache` under a name made from its content, so
that tracebacks show its lines and `inspect.getsource`, pickling in one process, `copy.deepcopy`, `torch.compile` and
`torch.export` find it. Equal text is one module.
"""

from __future__ import annotations

import hashlib
import linecache
import re
import sys
from types import ModuleType


def module_from(text: str, name: str) -> ModuleType:
    """The module that a text is; `name` is its last part, made an identifier."""
    word = re.sub(r"[^A-Za-z0-9_]", "_", name) or "model"
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    qualified = f"dslnet_models.{word}_{digest}"
    known = sys.modules.get(qualified)
    if known is not None:
        return known
    package = sys.modules.setdefault("dslnet_models", _package())
    filename = f"<dslnet {word} {digest}>"
    module = ModuleType(qualified)
    module.__file__ = filename
    module.__package__ = "dslnet_models"
    code = compile(text, filename, "exec", dont_inherit=True)
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    sys.modules[qualified] = module
    try:
        exec(code, module.__dict__)
    except BaseException:
        del sys.modules[qualified]
        raise
    setattr(package, f"{word}_{digest}", module)
    return module


def _package() -> ModuleType:
    """The package that holds all modules made from specs; it has no files."""
    package = ModuleType("dslnet_models", "Models made from specs by dslnet.")
    package.__path__ = []
    return package
