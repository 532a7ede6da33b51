"""Text to a syntax tree.

Enters: a source. Leaves: a `Spec` with everything in it that was sound, and a diagnostic in the report for each
thing that was not. A statement that could not be read is a `Bad` in its place. No text makes it raise.
"""

from __future__ import annotations

from .collector import paused
from .diagnostics import Report
from .driver import Driver
from .layout import layout
from .leaves import Text
from .limits import DEFAULT, Limits
from .mistakes import Mistakes
from .placement import check_placement
from .source import Source
from .syntax import Spec


def parse(source: Source, report: Report, limits: Limits = DEFAULT) -> Spec:
    """The tree of a source, with its syntax errors added to `report`."""
    report.sources.setdefault(source.name, source)
    with paused():
        return _parse(source, Mistakes(source, report), limits)


def _parse(source: Source, mistakes: Mistakes, limits: Limits) -> Spec:
    tokens = layout(source, mistakes, limits)
    comments = tuple(tokens.comments)
    if tokens.kinds == "$":
        return Spec(source, (), comments)
    # A list, so that recovery can drop a token in its place.
    driver = Driver(Text(source.name, list(tokens.kinds), tokens.words, tokens.ends, tokens.docs, mistakes))
    index = driver.run(0)
    if not driver.done:
        # Only a file with mistakes pays for loading what explains them.
        from .recovery import recover
    while not driver.done:
        index = driver.run(recover(driver, index))
    statements = tuple(driver.values[-1])
    check_placement(statements, mistakes)
    return Spec(source, statements, comments)
