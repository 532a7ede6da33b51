"""Spec to Model: names, parameters, flow, shapes, objectives.

Enters: the path of a `.net` file. Leaves: checked models of the graph IR. Every mistake is in the report; nothing
here raises for one.
"""

from .blocks import Block
from .model import build_model, check_program
from .program import Program, read_program

__all__ = ["Block", "Program", "build_model", "check_program", "read_program"]
