"""Check a file from Python: `python print_mistakes.py FILE`. Exits with 1 where there are mistakes.

Diagnostics are values: a code, a title, places, and helps, some of which carry edits that mend the file.
"""

import sys

import dslnet
from dslnet.render import render


def main() -> int:
    report = dslnet.check(sys.argv[1])
    for diagnostic in report.sorted():
        span = diagnostic.primary.span
        line, column = report.sources[span.file].position(span.start)
        sure = sum(help.sure for help in diagnostic.helps)
        print(f"{diagnostic.code} at {line}:{column}: {diagnostic.title} ({sure} sure fixes)")
    print(render(report, "text"), end="")
    return 1 if report.errors else 0


if __name__ == "__main__":
    sys.exit(main())
