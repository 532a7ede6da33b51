"""Specs from Python.

Enters: the path of a `.net` file. Leaves: `Net`, whose attributes are the file's models. A file with mistakes
raises `NetError` with all of them rendered; torch is imported when a model is made, and not before.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .build import build_model, read_program
from .checking import check as check_program
from .checking import compile_model
from .collector import paused
from .diagnostics import NetError, Report
from .limits import DEFAULT, Limits
from .ops import OPERATORS
from .unchanged import Checked, Recent, keep, key, recall

if TYPE_CHECKING:
    from torch import nn

    from .build import Program
    from .graph import Model
    from .targets.drawing import Drawing

Path = str | os.PathLike[str]
#: Arguments of `draw` that are no fields of its `Options`.
DRAWN = ("close", "dpi", "open", "settings", "sizes", "theme", "timeout")


def check(path: Path, *, limits: Limits = DEFAULT, root: Path | None = None) -> Report:
    """Every mistake in a file and in what it imports."""
    return _read(path, limits, root)[2]


def load(
    path: Path,
    *,
    limits: Limits = DEFAULT,
    root: Path | None = None,
    strict: bool = False,
    allow_python: Iterable[str] = (),
) -> Net:
    """Read and check a file. Raises `NetError` when it has mistakes; with `strict` warnings count too.

    `root` is the folder that imports may not leave (by default the file's own), `allow_python` the packages that
    Python boxes may come from.
    """
    known = key(os.fspath(path), limits, None if root is None else os.path.realpath(root))
    checked = recall(known)
    if checked is None:
        program, models, report = _read(path, limits, root)
        _raise(report, strict)
        assert program is not None  # a file that cannot be read is a mistake in the report
        checked = Checked(program, models, report, dict(OPERATORS), Recent(), Recent())
        keep(known, checked)
    return Net(checked, os.fspath(path), strict, tuple(allow_python))


def _read(path: Path, limits: Limits, root: Path | None) -> tuple[Program | None, dict[str, Model], Report]:
    report = Report()
    with paused():
        program = read_program(os.fspath(path), report, limits, None if root is None else os.fspath(root))
        models = check_program(program, report) if program is not None else {}
    return program, models, report


def _raise(report: Report, strict: bool) -> None:
    if report.errors or (strict and report.warnings):
        from .render import render

        raise NetError(report, render(report))


class Net:
    """A checked file. `net.ResNet18` is a model of it, `net.ResNet18(classes=10)` a `torch.nn.Module`."""

    def __init__(self, checked: Checked, path: str, strict: bool, allow_python: tuple[str, ...]) -> None:
        self._checked, self._program = checked, checked.program
        self._path, self._strict, self._allow_python = path, strict, allow_python

    def __getattr__(self, name: str) -> Maker:
        if name.startswith("_") or name not in self._program.models:
            from .diagnostics import did_you_mean

            near = did_you_mean(name, self._program.models)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise AttributeError(f"{self._path} has no model {name}{hint}")
        return Maker(self, name)

    def __getitem__(self, name: str) -> Maker:
        try:
            return self.__getattr__(name)
        except AttributeError as error:
            raise KeyError(str(error)) from None

    def draw(self, name: str, **options: Any) -> Drawing:
        """A picture of one model: `net.draw("GPT2", level="overview").save("gpt2.svg")`."""
        return self[name].draw(**options)

    def __iter__(self) -> Iterator[str]:
        return iter(self._program.models)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._program.models]

    def __repr__(self) -> str:
        return f"<{self._path}: {', '.join(self._program.models) or 'no models'}>"


def sizes_by_name(program: Program, model: Model, given: dict[str, Any]) -> dict[str, Any]:
    """The options by which a drawing tells sizes by names: the model at other values of the arguments that shapes
    name. `given` are the arguments that the reader chose, which stay numbers."""
    from .targets.drawing.symbols import named, twins

    sources = program.report.sources
    names = named(model, sources, given)
    found = twins(
        model, names, lambda other: build_model(program, model.name, {**given, **other}, Report(sources=sources))
    )
    return {"names": tuple(names), "twins": found}


class Maker:
    """A model that still wants its arguments."""

    def __init__(self, net: Net, name: str) -> None:
        self._net, self.__name__ = net, name

    def graph(self, *positional: Any, **settings: Any) -> Model:
        """The checked graph at these arguments. Raises `NetError`."""
        return self._graph(self._values(positional, settings))

    def _values(self, positional: tuple[Any, ...], settings: dict[str, Any]) -> dict[str, Any]:
        """All arguments by name."""
        names = self.parameters
        if len(positional) > len(names):
            raise TypeError(f"{self.__name__} takes {len(names)} arguments, got {len(positional)}")
        for name, value in zip(names, positional, strict=False):
            if name in settings:
                raise TypeError(f"{self.__name__} got {name} twice")
            settings[name] = value
        return {name: _value(name, settings[name]) for name in sorted(settings)}

    def _graph(self, values: dict[str, Any]) -> Model:
        checked = self._net._checked
        if not values and self.__name__ in checked.models:
            return checked.models[self.__name__]
        known = (self.__name__, repr(values))
        if known in checked.graphs:
            return checked.graphs[known]
        report = Report(sources=checked.program.report.sources)
        model = compile_model(checked.program, self.__name__, values, report)
        _raise(report, self._net._strict)
        assert model is not None  # building fails with a diagnostic or not at all
        if not report.diagnostics:
            checked.graphs[known] = model
        return model

    def __call__(self, *positional: Any, inference: bool = False, **settings: Any) -> nn.Module:
        """A `torch.nn.Module` with these arguments, made from the source that `compile` writes.

        Where the spec has losses, it has the parts and methods of training: `losses`, `objective`, `plan`. With
        `inference` it has what the outputs need, and nothing else.

        `weights="x.safetensors"` fills it. Its tensors are called as in the state_dict, or otherwise: `names="x.names"`
        is the table that says how, by default one that lies beside the spec. (A model's own parameters of these two
        names are what they are in the spec.) Raises `NetError`.
        """
        from .checkpoints import WeightsMistake
        from .runtime import Origin, instantiate
        from .targets.python import emit

        weights, names = (settings.pop(n, None) if n not in self.parameters else None for n in ("weights", "names"))
        values = self._values(positional, settings)
        model = self._graph(values)
        known, sources = (self.__name__, repr(values), inference), self._net._checked.sources
        if known not in sources:
            with paused():
                sources[known] = emit(model, self._net._program.report.sources, inference)
        folder = os.path.dirname(os.path.abspath(self._net._path))
        origin = Origin(self._net._program.texts, values, self._net._program.report.sources)
        allowed = self._net._allow_python
        try:
            module: nn.Module = instantiate(
                model, text=sources[known], allow_python=allowed, folder=folder, origin=origin, inference=inference
            )
        except WeightsMistake as mistake:
            report = Report(sources=dict(self._net._program.report.sources))
            mistake.tell(report, self._net._path)
            _raise(report, False)
            raise
        if weights is not None:
            self._fill(module, model, weights, names, not inference)
        elif names is not None:
            raise TypeError("`names` says what the tensors of `weights` are called here")
        return module

    def _fill(self, module: nn.Module, model: Model, weights: Path, names: Path | None, training: bool) -> None:
        from .checkpoints import read_checkpoint
        from .runtime.filling import copy_tensors

        program = self._net._program
        report = Report(sources=dict(program.report.sources))
        spec = program.path(model.definition.span.file)
        checkpoint = read_checkpoint(model, weights, names, spec, report, training)
        _raise(report, self._net._strict)
        for diagnostic in report.diagnostics:
            warnings.warn(f"{diagnostic.code}: {diagnostic.title}", stacklevel=3)
        assert checkpoint is not None  # or the report has a reason
        copy_tensors(module, checkpoint.tensors)

    def draw(
        self,
        *,
        theme: str = "auto",
        settings: dict[str, Any] | None = None,
        timeout: float = 60.0,
        dpi: int = 150,
        sizes: str = "symbolic",
        open: Sequence[str] = (),
        close: Sequence[str] = (),
        **options: Any,
    ) -> Drawing:
        """A picture of the model: `.svg`, `.dot`, `.save("x.pdf")`; a notebook shows it.

        `theme` is auto, light, dark or print; `settings` are arguments of the model; `open` and `close` are parts, by
        path, block or role, of which the last that fits counts. `options` are the fields of
        `dslnet.targets.drawing.Options`, among them `level`, `orient` and `training`. Raises TypeError for an option
        that there is not, ValueError for a value that it cannot have, and `dslnet.targets.drawing.NothingMatches`."""
        from .targets.drawing import THEMES, Options, draw

        known = [
            name for name in Options.__dataclass_fields__ if name not in ("sources", "twins", "names", "alone", "apart")
        ]
        if odd := sorted(options.keys() - set(known)):
            raise TypeError(f"a drawing has no option {odd[0]!r}; it has {', '.join(sorted({*known, *DRAWN}))}")
        if theme not in THEMES:
            raise ValueError(f"a theme is one of {', '.join(THEMES)}, not {theme!r}")
        parts = [(True, part) for part in ([open] if isinstance(open, str) else open)]
        parts += [(False, part) for part in ([close] if isinstance(close, str) else close)]
        options["wishes"] = (*options.get("wishes", ()), *parts)
        given = settings or {}
        graph = self.graph(**given)
        if sizes not in ("symbolic", "concrete"):
            raise ValueError(f"sizes are symbolic or concrete, not {sizes!r}")
        if sizes == "symbolic":
            values = {name: _value(name, value) for name, value in given.items()}
            options |= sizes_by_name(self._net._program, graph, values)
        return draw(graph, Options(sources=self._net._program.report.sources, **options), theme, timeout, dpi)

    def _repr_svg_(self) -> str | None:
        """What a notebook shows; without Graphviz it shows the text instead."""
        return self.draw()._repr_svg_()

    @property
    def parameters(self) -> list[str]:
        """The names of the arguments, in order."""
        block: Any = self._net._program.entry.blocks[self.__name__]
        return [parameter.name.text for parameter in block.parameters]

    def __repr__(self) -> str:
        return f"<model {self.__name__}({', '.join(self.parameters)}) of {self._net._path}>"


def _value(name: str, value: Any) -> Any:
    """An argument as the language knows it: a list is a tuple, and nothing but plain values."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return tuple(_value(name, item) for item in value)
    raise TypeError(f"{name} is a number, string, boolean, None or a list of these, not {type(value).__name__}")
