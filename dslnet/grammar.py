"""From `grammars/net.lark` to `dslnet/tables.py`.

Enters: the grammar. Leaves: the text of a module with the LALR(1) tables and the patterns of the terminals, as
strings that the driver unpacks. Lark computes them here and is not imported anywhere else, so that reading a
`.net` file needs nothing but these tables. Run `python -m dslnet.grammar` after every change of the grammar; a
test compares the two.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .kinds import KINDS
from .resources import grammars

if TYPE_CHECKING:
    from lark import Lark

GRAMMAR = grammars() / "net.lark"
TABLES = Path(__file__).with_name("tables.py")

#: Alternatives that only pass a symbol on; everything else must be named.
PASS = "-"


def load(strict: bool = False) -> Lark:
    """The grammar as Lark reads it. With `strict`, a conflict of any sort is an exception."""
    from lark import Lark

    return Lark(GRAMMAR.read_text(encoding="utf-8"), parser="lalr", lexer="basic", strict=strict)


def generate() -> str:
    """The text of `dslnet/tables.py`."""
    lark = load()
    # Lark has no public door to its table: parser frontend -> LALR parser -> integer table.
    frontend: Any = lark.parser
    table = frontend.parser._parse_table
    # Lark numbers states in the order of a set; ours are in the order in which a reader of the table meets them.
    start = table.start_states["start"]
    numbers: dict[int, int] = {start: 0}
    queue = [start]
    for state in queue:
        for _, (move, target) in sorted(table.states[state].items()):
            if move.name == "Shift" and target not in numbers:
                numbers[target] = len(numbers)
                queue.append(target)

    rules: dict[Any, int] = {}
    actions: list[str] = []
    gotos: list[str] = []
    for state in numbers:
        action: list[str] = []
        goto: list[str] = []
        for symbol, (move, target) in sorted(table.states[state].items()):
            if symbol in KINDS:
                if move.name == "Shift":
                    action.append(f"{KINDS[symbol]}{numbers[target]}")
                else:
                    action.append(f"{KINDS[symbol]}r{rules.setdefault(target, len(rules))}")
            else:
                goto.append(f"{symbol}:{numbers[target]}")
        actions.append(" ".join(action))
        gotos.append(" ".join(goto))

    lines = [
        '"""Generated from grammars/net.lark by `python -m dslnet.grammar`: do not edit.',
        "",
        "ACTIONS has a line for each state: a kind and the state to shift to, or a kind, `r` and the rule;",
        "GOTOS has a line for each state: a nonterminal and the state that follows it. RULES has a line for each rule:",
        "what it makes, how many symbols it takes, and the function that builds the node (`-` for a lone symbol that",
        "stands for itself). TERMINALS are the patterns that the lexer tries, in this order.",
        '"""',
        "",
        "# fmt: off",
        "# ruff: noqa",
        "",
        f"FINAL = {numbers[table.end_states['start']]}",
        "",
        "TERMINALS = (",
    ]
    for terminal in sorted(lark.terminals, key=lambda t: (-t.priority, -t.pattern.max_width, -len(t.pattern.value))):
        if terminal.name in KINDS:
            # The lexer takes whole matches, so groups need no numbers.
            pattern = re.sub(r"(?<!\\)\((?!\?)", "(?:", terminal.pattern.to_regexp())
            lines.append(f"    ({terminal.name!r}, {pattern!r}),")
    lines.append(")")
    rule_lines = [f"{rule.origin.name} {len(rule.expansion)} {_alias(rule)}" for rule in rules]
    for name, rows in (("RULES", rule_lines), ("ACTIONS", actions), ("GOTOS", gotos)):
        lines += ["", f'{name} = """', *rows, '"""']
    return "\n".join(lines) + "\n"


def _alias(rule: Any) -> str:
    if rule.alias is not None:
        return str(rule.alias)
    if len(rule.expansion) != 1:
        raise ValueError(f"this alternative needs an alias: {rule}")
    return PASS


def main() -> None:
    TABLES.write_text(generate(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
