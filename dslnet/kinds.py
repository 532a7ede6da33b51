"""The kinds of tokens, one character each.

A whole text is lexed into a string of these characters, so that lines, brackets and operators are found by
string searches instead of loops over token objects. The names are those of the terminals of `grammars/net.lark`;
the last ones are made by the layout pass or by recovery, never by the lexer.
"""

from __future__ import annotations

KINDS: dict[str, str] = {
    "UNAME": "A",
    "LNAME": "a",
    "INT": "0",
    "FLOAT": "1",
    "STRING": '"',
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "COMMA": ",",
    "COLON": ":",
    "EQUAL": "=",
    "DOT": ".",
    "BAR": "|",
    "ARROW": ">",
    "ELLIPSIS": "_",
    "PLUS": "+",
    "MINUS": "-",
    "PRODUCT": "*",
    "POWER": "^",
    "COMPARISON": "<",
    "OR": "v",
    "AND": "&",
    "NOT": "~",
    "WITH": "w",
    "IF": "i",
    "ELIF": "l",
    "ELSE": "e",
    "USE": "u",
    "FROM": "f",
    "AS": "s",
    "REPEAT": "r",
    "IN": "n",
    "STRUCTURE": "S",
    "DTYPE": "t",
    "CONSTANT": "c",
    "DEFINE": "D",
    "NEWLINE": ";",
    "INDENT": "{",
    "DEDENT": "}",
    "ERROR": "!",
    "$END": "$",
}

ARROW, EQUAL, MINUS, WITH = ">", "=", "-", "w"
DEFINE, NEWLINE, INDENT, DEDENT, ERROR, END = "D", ";", "{", "}", "!", "$"

# Read by the layout pass and never by the grammar.
LINE_END = "\n"
COMMENT = "#"
BLANK = " "
JUNK = "?"

OPENING = {"(": ")", "[": "]"}

#: How a kind is called in a message.
SPELLING: dict[str, str] = {
    "A": "a box name",
    "a": "a name",
    "0": "a number",
    "1": "a number",
    '"': "a string",
    ">": "`->`",
    "_": "`...`",
    ";": "the end of the line",
    "{": "an indented line",
    "}": "the end of the block",
    "$": "the end of the file",
}

#: The words that are never names.
RESERVED: dict[str, str] = {
    "use": "u",
    "from": "f",
    "as": "s",
    "repeat": "r",
    "each": "r",
    "in": "n",
    **dict.fromkeys(("residual", "concat", "add", "mul", "stack", "parallel", "scan"), "S"),
    "if": "i",
    "elif": "l",
    "else": "e",
    **dict.fromkeys(("with", "by", "to"), "w"),
    "and": "&",
    "or": "v",
    "not": "~",
    **dict.fromkeys(("true", "false", "none"), "c"),
    **dict.fromkeys(("float", "long", "bool"), "t"),
}

#: How other languages write ours.
FOREIGN_CONSTANTS = {"True": "true", "False": "false", "None": "none"}
