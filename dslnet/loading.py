"""Specs from Python.

Enters: the path of a `.net` file. Leaves: `Net`, whose attributes are the file's models. A file with mistakes
raises `NetError` with all of them rendered; torch is imported when a model is made, and not before.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from . import cache
from .collector import paused
from .decode import decode
from .diagnostics import NetError, Report
from .files import read_spec
from .limits import DEFAULT, Limits
from .source import Source
from .unchanged import Checked, Key, Read, Recent, Written, keep, key, only_shipped, recall

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
    Python boxes may come from. A text that was checked before, and had no mistake and no warning then, is not checked
    again: in this process, or (docs/performance.md) in another one.
    """
    wanted = key(os.fspath(path), limits, None if root is None else os.path.realpath(root))
    source = _text(path, limits)
    checked = recall(wanted, source)
    if checked is None and source is not None and only_shipped() and (kept := cache.recall(wanted, source)):
        checked = Checked(source, *kept, partial(_read_checked, path, limits, root, source))
        keep(wanted, checked)
    if checked is None:
        read = _read_checked(path, limits, root, strict=strict)
        checked = Checked(read.program.entry.spec.source, _parameters(read.program), Recent(), read)
        if checked.lasting:
            keep(wanted, checked)
    return Net(checked, wanted, strict, tuple(allow_python))


def _text(path: Path, limits: Limits) -> Source | None:
    """The text of a file; None where it has none, which reading it says better."""
    report = Report()
    shown = os.fspath(path)
    data = read_spec(shown, report, limits)
    return decode(shown, data, report, limits) if data is not None else None


def _read(
    path: Path, limits: Limits, root: Path | None, source: Source | None = None
) -> tuple[Program | None, dict[str, Model], Report]:
    """Read and check a file; its text is `source` where that is known."""
    from .build import read_program
    from .checking import check

    report, data = Report(), None if source is None else source.text.encode()
    with paused():
        program = read_program(os.fspath(path), report, limits, None if root is None else os.fspath(root), data)
        models = check(program, report) if program is not None else {}
    return program, models, report


def _read_checked(
    path: Path, limits: Limits, root: Path | None, source: Source | None = None, strict: bool = False
) -> Read:
    """The same for a file without mistakes. Raises `NetError` for any other."""
    program, models, report = _read(path, limits, root, source)
    _raise(report, strict)
    assert program is not None  # a file that cannot be read is a mistake in the report
    return Read(program, models, report)


def _parameters(program: Program) -> dict[str, list[str]]:
    """The names of each model's parameters, in order."""
    blocks: Any = program.entry.blocks
    return {name: [p.name.text for p in blocks[name].parameters] for name in program.models}


def _raise(report: Report, strict: bool) -> None:
    if report.errors or (strict and report.warnings):
        from .render import render

        raise NetError(report, render(report))


class _Sources(Mapping[str, Source]):
    """All texts of a program, which is read when one of them is wanted."""

    def __init__(self, checked: Checked) -> None:
        self._checked = checked

    def __getitem__(self, name: str) -> Source:
        return self._checked.read.report.sources[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._checked.read.report.sources)

    def __len__(self) -> int:
        return len(self._checked.read.report.sources)

    def __reduce__(self) -> tuple[type[dict[str, Source]], tuple[dict[str, Source]]]:
        return dict, (dict(self),)


class Net:
    """A checked file. `net.ResNet18` is a model of it, `net.ResNet18(classes=10)` a `torch.nn.Module`."""

    def __init__(self, checked: Checked, wanted: Key, strict: bool, allow_python: tuple[str, ...]) -> None:
        self._checked, self._wanted, self._path = checked, wanted, wanted[0]
        self._strict, self._allow_python = strict, allow_python

    @property
    def _program(self) -> Program:
        return self._checked.read.program

    @property
    def _texts(self) -> dict[str, str]:
        """The texts of the user's own files, of which most programs have one."""
        if self._checked.lasting:
            return {os.path.basename(self._wanted[1]): self._checked.source.text}
        return self._program.texts

    def __getattr__(self, name: str) -> Maker:
        models = {} if name.startswith("_") else self._checked.parameters
        if name not in models:
            from .diagnostics import did_you_mean

            near = did_you_mean(name, models)
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
        return iter(self._checked.parameters)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._checked.parameters]

    def __repr__(self) -> str:
        return f"<{self._path}: {', '.join(self._checked.parameters) or 'no models'}>"


def sizes_by_name(program: Program, model: Model, given: dict[str, Any]) -> dict[str, Any]:
    """The options by which a drawing tells sizes by names: the model at other values of the arguments that shapes
    name. `given` are the arguments that the reader chose, which stay numbers."""
    from .build import build_model
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
        read = self._net._checked.read
        if not values and self.__name__ in read.models:
            return read.models[self.__name__]
        known = (self.__name__, repr(values))
        if known in read.graphs:
            return read.graphs[known]
        from .checking import compile_model

        report = Report(sources=read.report.sources)
        model = compile_model(read.program, self.__name__, values, report)
        _raise(report, self._net._strict)
        assert model is not None  # building fails with a diagnostic or not at all
        if not report.diagnostics:
            read.graphs[known] = model
        return model

    def __call__(self, *positional: Any, inference: bool = False, **settings: Any) -> nn.Module:
        """A `torch.nn.Module` with these arguments, made from the source that `compile` writes.

        Where the spec has losses, it has the parts and methods of training: `losses`, `objective`, `plan`. With
        `inference` it has what the outputs need, and nothing else.

        `weights="x.safetensors"` fills it. Its tensors are called as in the state_dict, or otherwise: `names="x.names"`
        is the table that says how, by default one that lies beside the spec. (A model's own parameters of these two
        names are what they are in the spec.) Raises `NetError`.
        """
        weights, names = (settings.pop(n, None) if n not in self.parameters else None for n in ("weights", "names"))
        module = self._made(self._values(positional, settings), inference)
        if weights is not None:
            self._fill(module, weights, names, not inference)
        elif names is not None:
            raise TypeError("`names` says what the tensors of `weights` are called here")
        return module

    def _made(self, values: dict[str, Any], inference: bool) -> nn.Module:
        from .runtime import Origin, made_by

        net, checked = self._net, self._net._checked
        origin = Origin(net._texts, values, _Sources(checked))
        wanted = (self.__name__, repr(values), inference)
        written = checked.written.get(wanted)
        if written is not None and written.whole and (written.sound or cache.prove(written)):
            return made_by(written.text, self.__name__, lambda: self._graph(values), origin)
        from .checkpoints import WeightsMistake
        from .runtime.instances import instantiate, only_text
        from .targets.python import emit

        model = self._graph(values)
        if written is None or not written.sound:
            with paused():
                text = emit(model, checked.read.report.sources, inference)
            silent = not values or wanted[:2] in checked.read.graphs
            written = checked.written[wanted] = Written(text, silent and only_text(model, inference))
            if written.whole and checked.lasting and only_shipped():
                cache.store(net._wanted, checked)
        folder = os.path.dirname(os.path.abspath(net._path))
        try:
            return instantiate(
                model, text=written.text, allow_python=net._allow_python, folder=folder, origin=origin,
                inference=inference,
            )  # fmt: skip
        except WeightsMistake as mistake:
            report = Report(sources=dict(checked.read.report.sources))
            mistake.tell(report, net._path)
            _raise(report, False)
            raise

    def _fill(self, module: nn.Module, weights: Path, names: Path | None, training: bool) -> None:
        from .checkpoints import read_checkpoint
        from .runtime.filling import copy_tensors

        model: Model = type(module).__graph__  # type: ignore[attr-defined]  # every class of ours has it
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
        return self._net._checked.parameters[self.__name__]

    def __repr__(self) -> str:
        return f"<model {self.__name__}({', '.join(self.parameters)}) of {self._net._path}>"


def _value(name: str, value: Any) -> Any:
    """An argument as the language knows it: a list is a tuple, and nothing but plain values."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return tuple(_value(name, item) for item in value)
    raise TypeError(f"{name} is a number, string, boolean, None or a list of these, not {type(value).__name__}")
