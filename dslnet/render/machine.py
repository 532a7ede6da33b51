"""Diagnostics for tools: one line each for grep and editors, JSON, GitHub's workflow commands, SARIF.

Enters: a `Report`. Leaves: text whose lines start with nothing that a user wrote, all diagnostics in order. Lines
and columns count from 1, columns in code points, ends are exclusive.
"""

from __future__ import annotations

import json
from typing import Any

from ..codes import CATALOGUE
from ..diagnostics import Diagnostic, Edit, Label, Report
from ..source import Source, Span
from .characters import visible
from .text import place


def render_short(report: Report) -> str:
    """`file:line:column: error[E0303]: title`."""
    return "".join(
        f"{visible(_prefixed(place(d.primary, report.sources)))}{d.severity}[{d.code}]: {visible(d.title)}\n"
        for d in report.sorted()
    )


def _prefixed(where: str) -> str:
    return f"{where}: " if where else ""


def region(span: Span, sources: dict[str, Source]) -> dict[str, Any]:
    """A span as file, line, column, end_line, end_column; the numbers are None where the text is not known."""
    source = sources.get(span.file)
    if source is None:
        return dict(file=span.file, line=None, column=None, end_line=None, end_column=None)
    line, column = source.position(min(span.start, len(source.text)))
    end_line, end_column = source.position(min(max(span.end, span.start), len(source.text)))
    return dict(file=source.name, line=line, column=column, end_line=end_line, end_column=end_column)


def as_data(diagnostic: Diagnostic, sources: dict[str, Source]) -> dict[str, Any]:
    """A diagnostic as JSON has it."""

    def label(one: Label, primary: bool) -> dict[str, Any]:
        return {**region(one.span, sources), "text": one.text, "primary": primary}

    def edit(one: Edit) -> dict[str, Any]:
        return {**region(one.span, sources), "text": one.text}

    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "title": diagnostic.title,
        **region(diagnostic.primary.span, sources),
        "labels": [label(diagnostic.primary, True), *(label(s, False) for s in diagnostic.secondary)],
        "notes": list(diagnostic.notes),
        "helps": [{"text": h.text, "sure": h.sure, "edits": [edit(e) for e in h.edits]} for h in diagnostic.helps],
    }


def render_json(report: Report) -> str:
    """One JSON object a line, in ASCII."""
    return "".join(json.dumps(as_data(d, report.sources), ensure_ascii=True) + "\n" for d in report.sorted())


# ------------------------------------------------------------------------------------------------- github


def render_github(report: Report) -> str:
    """`::error file=..,line=..,col=..,title=E0303::..`, which a workflow shows beside the line."""
    words = {"error": "error", "warning": "warning", "note": "notice"}
    out = []
    for diagnostic in report.sorted():
        at = region(diagnostic.primary.span, report.sources)
        properties = {"file": at["file"], "line": at["line"], "col": at["column"], "title": diagnostic.code}
        shown = ",".join(f"{k}={_property(str(v))}" for k, v in properties.items() if v not in (None, ""))
        message = "\n".join([visible(diagnostic.title), *(f"help: {h.text}" for h in diagnostic.helps)])
        out.append(f"::{words[diagnostic.severity]} {shown}::{_data(message)}\n")
    return "".join(out)


def _data(text: str) -> str:
    lines = text.replace("%", "%25").split("\n")
    return "%0A".join(visible(line.replace("\r", "%0D")) for line in lines)


def _property(text: str) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return visible(escaped.replace(":", "%3A").replace(",", "%2C"))


# -------------------------------------------------------------------------------------------------- sarif


def render_sarif(report: Report) -> str:
    """One SARIF 2.1.0 log, with a rule for each code that occurs and the sure helps as fixes."""
    ordered = report.sorted()
    codes = sorted({d.code for d in ordered})
    rules = [{"id": code, "name": code, "shortDescription": {"text": CATALOGUE.get(code, code)}} for code in codes]
    results = [_result(d, codes.index(d.code), report.sources) for d in ordered]
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "dslnet", "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }
    return json.dumps(log, ensure_ascii=True, indent=2) + "\n"


def _result(diagnostic: Diagnostic, rule: int, sources: dict[str, Source]) -> dict[str, Any]:
    message = "\n".join(
        [diagnostic.title, *(f"note: {n}" for n in diagnostic.notes), *(f"help: {h.text}" for h in diagnostic.helps)]
    )
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": diagnostic.severity,
        "message": {"text": message},
    }
    if diagnostic.primary.span.file:
        result["locations"] = [_location(diagnostic.primary, sources)]
    if diagnostic.secondary:
        result["relatedLocations"] = [_location(label, sources) for label in diagnostic.secondary]
    fixes = [_fix(h.text, h.edits, sources) for h in diagnostic.helps if h.sure and h.edits]
    if fixes:
        result["fixes"] = fixes
    return result


def _location(label: Label, sources: dict[str, Source]) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(label.span.file)}}
    if label.span.file in sources:
        physical["region"] = _region(label.span, sources)
    location: dict[str, Any] = {"physicalLocation": physical}
    if label.text:
        location["message"] = {"text": label.text}
    return location


def _region(span: Span, sources: dict[str, Source]) -> dict[str, int]:
    at = region(span, sources)
    return {
        "startLine": at["line"],
        "startColumn": at["column"],
        "endLine": at["end_line"],
        "endColumn": at["end_column"],
    }


def _fix(text: str, edits: tuple[Edit, ...], sources: dict[str, Source]) -> dict[str, Any]:
    by_file: dict[str, list[dict[str, Any]]] = {}
    for edit in edits:
        replacement = {"deletedRegion": _region(edit.span, sources), "insertedContent": {"text": edit.text}}
        by_file.setdefault(edit.span.file, []).append(replacement)
    changes = [{"artifactLocation": {"uri": _uri(file)}, "replacements": parts} for file, parts in by_file.items()]
    return {"description": {"text": text}, "artifactChanges": changes}


def _uri(path: str) -> str:
    """A path as a relative URI reference: bytes outside the plain ones percent-encoded."""
    plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/"
    encoded = path.encode("utf-8", "surrogateescape")
    return "".join(chr(b) if chr(b) in plain else f"%{b:02X}" for b in encoded)
