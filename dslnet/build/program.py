"""A `.net` file with everything that it imports.

Enters: a path. Leaves: a `Program`: the parsed files, and for each of them what a Capital name means there. The
prelude (`specs/std/`) is read only when one of its names is used. Nothing is elaborated yet.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from keyword import iskeyword
from pathlib import Path

from .. import resources
from ..decode import BOM, decode
from ..diagnostics import Edit, Help, Label, Report, did_you_mean
from ..files import Refusal, read_spec, resolve_import
from ..limits import DEFAULT, Limits
from ..node import field, record
from ..ops import OPERATORS, Operator
from ..parse import parse
from ..source import Span
from ..syntax import (
    Constant,
    Definition,
    Expression,
    Parameter,
    Spec,
    Use,
)
from . import shipped
from .blocks import Block, PythonClass

Target = Block | PythonClass | type[Operator]


@record
class File:
    """A parsed file and what its names mean."""

    spec: Spec
    path: Path
    program: Program
    prelude: bool = False
    blocks: dict[str, Block | PythonClass] = field(default_factory=dict)
    constants: dict[str, Expression] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def find(self, name: str) -> Target | None:
        """What a Capital name means in this file: its own, then the prelude's, then an operator."""
        return self.blocks.get(name) or OPERATORS.get(name) or self.program.prelude(name)

    def names(self) -> list[str]:
        """Every box that can be written here."""
        return [*self.blocks, *OPERATORS, *self.program.prelude_names]


@record
class Program:
    """The entry file and its imports. `models` are the models of the entry, in text order."""

    report: Report
    limits: Limits
    root: Path
    files: dict[Path, File] = field(default_factory=dict)
    shipped: dict[Path, File] = field(default_factory=dict)
    bytes_read: int = 0
    elaborated: set[int] = field(default_factory=set)
    entry: File = None  # type: ignore[assignment]  # set by read_program before anybody sees it

    @property
    def models(self) -> list[str]:
        return [name for name, b in self.entry.blocks.items() if self._own(b) and b.is_model]  # type: ignore[union-attr]

    @property
    def blocks(self) -> list[str]:
        return [name for name, b in self.entry.blocks.items() if self._own(b) and not b.is_model]  # type: ignore[union-attr]

    def _own(self, target: object) -> bool:
        return isinstance(target, Block) and target.file is self.entry

    def path(self, shown: str) -> str | None:
        """Where the file is that spans call so."""
        if any(file.spec.source.name == shown for file in self.files.values()):
            return shown
        return next((str(path) for path, file in self.shipped.items() if file.spec.source.name == shown), None)

    def free_name(self, shown: str, text: str) -> str:
        """What spans call a file: its path as it was named, and another way to write that where a file with another
        text is called so, as one of a user's `std/attention.net` may be."""
        while (known := self.report.sources.get(shown)) is not None and known.text not in ("", text):
            folder, name = os.path.split(shown)
            shown = f"{folder}/./{name}" if folder else f"./{name}"
        return shown

    @property
    def texts(self) -> dict[str, str]:
        """The entry file and what it imports, the entry first: texts by path below the folder that holds them all.
        What is shipped is not among them."""
        paths = [self.entry.path, *(path for path in self.files if path != self.entry.path)]
        folder = os.path.commonpath([path.parent for path in paths])
        return {path.relative_to(folder).as_posix(): self.files[path].spec.source.text for path in paths}

    # ---------------------------------------------------------------------------------------- the prelude

    @property
    def prelude_names(self) -> Iterator[str]:
        return iter(shipped.prelude())

    def prelude(self, name: str) -> Block | None:
        """The prelude block of that name."""
        path = shipped.prelude().get(name)
        if path is None:
            return None
        if path not in self.shipped:
            file = self.ship(path, f"std/{path.name}", prelude=True)
            _define(file, self.report)
        block = self.shipped[path].blocks.get(name)
        return block if isinstance(block, Block) else None

    def ship(self, path: Path, shown: str, prelude: bool = False) -> File:
        """A file that travels with the package, as one of this program."""
        spec = shipped.tree(path, shown)
        name = self.free_name(shown, spec.source.text)
        if name != shown:
            spec = shipped.tree(path, name)
        self.report.sources[name] = spec.source
        file = self.shipped[path] = File(spec, path, self, prelude)
        return file


def read_program(
    path: str | os.PathLike[str],
    report: Report,
    limits: Limits = DEFAULT,
    root: str | os.PathLike[str] | None = None,
    data: bytes | None = None,
) -> Program | None:
    """Read a file and its imports. None when the entry itself cannot be read; every mistake is in `report`. `data` is
    what the file holds, where that was read before."""
    shown = os.fspath(path)
    real = Path(os.path.realpath(shown))
    program = Program(report, limits, Path(os.path.realpath(root)) if root else real.parent)
    file = _read(program, real, shown, None, (), data)
    if file is None:
        return None
    program.entry = file
    return program


def _read(
    program: Program, path: Path, shown: str, span: Span | None, chain: tuple[Path, ...], data: bytes | None = None
) -> File | None:
    report = program.report
    if data is None:
        data = read_spec(shown if span is None else path, report, program.limits, span, program.root if span else None)
    if data is None:
        return None
    program.bytes_read += len(data)
    if program.bytes_read > program.limits.total_bytes:
        report.error(
            "E0900",
            f"the files together are larger than {program.limits.total_bytes:,} bytes",
            span or Span(shown, 0, 0),
        )
        return None
    shown = program.free_name(shown, data.removeprefix(BOM).decode("utf-8", "replace").replace("\r\n", "\n"))
    source = decode(shown, data, report, program.limits)
    if source is None:
        return None
    report.sources[source.name] = source
    file = File(parse(source, report, program.limits), path, program)
    program.files[path] = file
    _imports(file, (*chain, path))
    _define(file, report)
    return file


def _imports(file: File, chain: tuple[Path, ...]) -> None:
    report = file.program.report
    for use in file.spec.statements:
        if not isinstance(use, Use):
            continue
        if use.python:
            if not all(p.isidentifier() and p.isascii() and not iskeyword(p) for p in use.origin.split(".")):
                if not _told(report, use.span):
                    title = f'"{use.origin[:40]}" does not name a Python module'
                    report.error("E0804", title, use.origin_span, helps=["write it as Python does: `pkg.layers`"])
                file.broken.update(name.local.text for name in use.names)
                continue
            for name in use.names:
                _add(file, name.local.text, PythonClass(name.name.text, use.origin, name.name.span), name.local.span)
            continue
        target = _imported(file, use, chain)
        for name in use.names:
            found = target.blocks.get(name.name.text) if target else None
            if found is not None:
                _add(file, name.local.text, found, name.local.span)
                continue
            file.broken.add(name.local.text)
            if target is not None and name.name.text not in target.broken:
                near = did_you_mean(name.name.text, target.blocks)
                report.error(
                    "E0809",
                    f"there is no `{name.name.text}` in {use.origin}",
                    name.name.span,
                    helps=[
                        Help(f"did you mean `{n}`?", _rename(name.name.span, n), sure=i == 0)
                        for i, n in enumerate(near)
                    ],
                )


def _told(report: Report, span: Span) -> bool:
    """Whether there is a mistake in this text already, such as one of its letters."""
    places = (d.primary.span for d in report.diagnostics)
    return any(
        file == span.file and start < span.end and span.start < max(end, start + 1) for file, start, end in places
    )


def _rename(span: Span, text: str) -> tuple[Edit, ...]:
    return (Edit(span, text),)


def _imported(file: File, use: Use, chain: tuple[Path, ...]) -> File | None:
    """The file that a `use` line names, read once."""
    program, report, span = file.program, file.program.report, use.origin_span
    if use.dotted:
        return _shipped(program, use)
    path = resolve_import(use.origin, file.path, program.root)
    if isinstance(path, Refusal):
        path.tell(report, span)
        return None
    real = Path(os.path.realpath(path))
    if real in chain:
        names = [p.name for p in (*chain[chain.index(real) :], real)]
        report.error(
            "E0802", f"`{use.origin}` imports itself", span, "the circle closes here", notes=(" -> ".join(names),)
        )
        return None
    if real in program.files:
        return program.files[real]
    if len(chain) >= program.limits.import_depth or len(program.files) >= program.limits.import_files:
        report.error(
            "E0909",
            "too many imports",
            span,
            notes=(f"at most {program.limits.import_files} files, {program.limits.import_depth} deep",),
        )
        return None
    shown = os.path.normpath(os.path.join(os.path.dirname(file.spec.source.name), use.origin))
    return _read(program, real, shown, span, chain)


def _shipped(program: Program, use: Use) -> File | None:
    """`use ViT from specs.vit`: a file shipped with dslnet."""
    parts = use.origin.split(".")
    path = resources.specs().joinpath(*parts[1:]).with_suffix(".net")
    if parts[0] != "specs" or len(parts) < 2 or not path.is_file():
        known = sorted("specs." + p.stem for p in resources.specs().glob("*.net"))
        near = did_you_mean(use.origin, known)
        program.report.error(
            "E0801",
            f"dslnet has no file `{use.origin}`",
            use.origin_span,
            helps=[f"did you mean `{n}`?" for n in near] or ['a file of yours is written in quotes: `from "file.net"`'],
        )
        return None
    if path not in program.shipped:
        file = program.ship(path, f"{use.origin.replace('.', '/')}.net")
        before, program.root = program.root, resources.specs()
        _imports(file, (path,))
        program.root = before
        _define(file, program.report)
    return program.shipped[path]


def _add(file: File, name: str, target: Block | PythonClass, span: Span) -> bool:
    report = file.program.report
    if name in OPERATORS:
        report.error(
            "E0204",
            f"`{name}` is the name of an operator",
            span,
            "cannot be defined again",
            helps=("choose another name",),
        )
        return False
    if name in file.blocks:
        before = file.blocks[name]
        place = before.syntax.name.span if isinstance(before, Block) and before.file is file else None
        report.error(
            "E0203",
            f"`{name}` is defined twice",
            span,
            "defined again here",
            secondary=[Label(place, "first defined here")] if place else (),
        )
        return False
    file.blocks[name] = target
    return True


def _define(file: File, report: Report) -> None:
    """Enter the file's own blocks and constants."""
    limits = file.program.limits
    seen: dict[str, Span] = {}
    for statement in file.spec.statements:
        if isinstance(statement, Definition):
            if len(file.blocks) >= limits.blocks:
                report.error("E0906", f"a file has at most {limits.blocks:,} blocks", statement.name.span)
                return
            _add(file, statement.name.text, Block(statement.name.text, statement, file), statement.name.span)
            _check_parameters(statement, report, limits)
        elif isinstance(statement, Constant):
            name = statement.name
            if name.text in seen:
                report.error(
                    "E0203",
                    f"`{name.text}` is defined twice",
                    name.span,
                    "defined again here",
                    secondary=[Label(seen[name.text], "first defined here")],
                )
                continue
            seen[name.text] = name.span
            file.constants[name.text] = statement.value


def _check_parameters(definition: Definition, report: Report, limits: Limits) -> None:
    parameters = definition.parameters
    if len(parameters) > limits.parameters:
        report.error("E0906", f"a block has at most {limits.parameters} parameters", parameters[limits.parameters].span)
    seen: dict[str, Span] = {}
    optional: Parameter | None = None
    for parameter in parameters:
        name = parameter.name
        if name.text in seen:
            report.error(
                "E0203",
                f"`{name.text}` is defined twice",
                name.span,
                "defined again here",
                secondary=[Label(seen[name.text], "first defined here")],
            )
        seen[name.text] = name.span
        if parameter.default is not None:
            optional = optional or parameter
        elif optional is not None:
            report.error(
                "E0204",
                f"`{name.text}` has no default, but stands after one that has",
                name.span,
                "needs a value",
                secondary=[Label(optional.span, "has a default")],
                helps=("put the parameters without a default first",),
            )
