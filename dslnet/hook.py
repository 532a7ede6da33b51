"""Importing `.net` files like modules.

`import dslnet.hook` once; then `import my_specs.resnet18` finds `my_specs/resnet18.net`, and
`from my_specs.resnet18 import ResNet18` a model of it. A `.py` file of the same name is preferred. Mistakes in
the file raise `NetError`, which is an error of the import.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType


class NetLoader(Loader):
    """Fills a module with the models of one file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        from .loading import load

        net = load(self.path)
        module.__file__ = str(self.path)
        module.__doc__ = f"The models of {self.path.name}."
        names = list(net)
        module.__dict__.update({name: net[name] for name in names}, __all__=names, __net__=net)


class NetFinder(MetaPathFinder):
    """Looks for `name.net` where Python looks for `name.py`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        name = fullname.rpartition(".")[2] + ".net"
        for folder in sys.path if path is None else path:
            candidate = Path(folder or ".") / name
            if candidate.is_file():
                found = spec_from_loader(fullname, NetLoader(candidate), origin=str(candidate))
                if found is not None:
                    found.has_location = True
                return found
        return None


def install() -> None:
    """Add the finder, once, after Python's own."""
    if not any(isinstance(finder, NetFinder) for finder in sys.meta_path):
        sys.meta_path.append(NetFinder())


install()
