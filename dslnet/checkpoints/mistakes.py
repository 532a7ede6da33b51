"""What is wrong with a file of weights."""

from __future__ import annotations

from ..diagnostics import Report
from ..source import Span


class WeightsMistake(Exception):
    """Weights that cannot be used: the parts of a diagnostic. `span` is its place where a text is at fault, else the
    file of weights is."""

    def __init__(
        self,
        code: str,
        title: str,
        *,
        span: Span | None = None,
        label: str = "",
        notes: tuple[str, ...] = (),
        helps: tuple[str, ...] = (),
    ) -> None:
        super().__init__(title)
        self.code, self.title, self.span, self.label, self.notes, self.helps = code, title, span, label, notes, helps

    def tell(self, report: Report, file: str) -> None:
        """Add it to a report, at the file of weights where it has no place of its own."""
        span = self.span or Span(file, 0, 0)
        severity = "warning" if self.code.startswith("W") else "error"
        report.error(self.code, self.title, span, self.label, notes=self.notes, helps=self.helps, severity=severity)
