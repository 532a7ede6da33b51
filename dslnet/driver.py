"""The LALR(1) driver: tokens to a tree, by the tables.

Enters: tokens. Leaves: the values of their rules, built by the functions of tree.py; or the number of the token at
which the grammar ends, with both stacks as they were when it came. There is no recursion: depth is on the stacks.

Two things make it quick. A token that is a node by itself (`ReLU`, `64`) is shifted as that node. And a rule that
only passes a symbol on (`sum: product`) is never reduced by: where a chain of them leads, for a state below, a
nonterminal and a next token, is found once and kept. What is kept depends on the grammar alone, so all parses share
it, and two threads that find it at once find the same.
"""

from __future__ import annotations

from typing import NamedTuple

from .kinds import KINDS
from .leaves import LEAVES, Builder, Leaf, Text, Values
from .tables import ACTIONS, FINAL, GOTOS, RULES
from .tree import BUILDERS


class Rule(NamedTuple):
    """Reduce by it: `size` values become one, made by `build`, of the nonterminal `makes`."""

    size: int
    makes: str
    build: Builder | None
    leaf: Leaf | None


class Shift(dict[str, "tuple[Leaf | None, State]"]):
    """What shifting a token comes to, for each next token: the node it is by itself, if any, and the next state."""

    __slots__ = ("below", "target")

    def __init__(self, below: State, target: State) -> None:
        self.below = below
        self.target = target

    def __missing__(self, following: str) -> tuple[Leaf | None, State]:
        rule = self.target.reduce.get(following)
        if rule is None or rule.size != 1:
            found: tuple[Leaf | None, State] = (None, self.target)
        else:
            found = (rule.leaf, self.below.goto[rule.makes][following])
        self[following] = found
        return found


class Goto(dict[str, "State"]):
    """The state after a nonterminal, for each next token: past all the rules that only pass a symbol on."""

    __slots__ = ("below", "target")

    def __init__(self, below: State, target: State) -> None:
        self.below = below
        self.target = target

    def __missing__(self, following: str) -> State:
        state = self.target
        rule = state.reduce.get(following)
        while rule is not None and rule.build is None:
            state = self.below.goto[rule.makes].target
            rule = state.reduce.get(following)
        self[following] = state
        return state


class State:
    """A row of the tables."""

    __slots__ = ("goto", "number", "reduce", "shift")

    def __init__(self, number: int) -> None:
        self.number = number
        self.shift: dict[str, Shift] = {}
        self.reduce: dict[str, Rule] = {}
        self.goto: dict[str, Goto] = {}


def _unpack() -> State:
    """The states behind the tables of `tables.py`; the first one is where a file begins."""
    rules: list[Rule] = []
    for line in RULES.strip().split("\n"):
        makes, size, alias = line.split(" ")
        # A rule without an alias has no builder: it passes its only symbol on.
        rules.append(Rule(int(size), makes, BUILDERS.get(alias), LEAVES.get(alias)))
    actions = ACTIONS[1:-1].split("\n")
    states = [State(number) for number in range(len(actions))]
    for state, action, goto in zip(states, actions, GOTOS[1:-1].split("\n"), strict=True):
        for move in action.split():
            kind = move[0]
            if move[1] == "r":
                state.reduce[kind] = rules[int(move[2:])]
            else:
                state.shift[kind] = Shift(state, states[int(move[1:])])
        for move in goto.split():
            name, target = move.split(":")
            state.goto[name] = Goto(state, states[int(target)])
    return states[0]


START = _unpack()


class Driver:
    """The stacks of one parse."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.states: list[State] = [START]
        self.values: Values = [None]
        #: Blocks that recovery opened, or left open, and that no DEDENT will close.
        self.borrowed = 0

    def run(self, index: int) -> int:
        """Read the tokens from `index` on. Returns where the grammar does not go on, or where the file ends."""
        text = self.text
        kinds = text.kinds
        states, values = self.states, self.values
        kind = kinds[index]
        self.settle(kind)
        state = states[-1]
        while True:
            shift = state.shift.get(kind)
            if shift is not None:
                following = kinds[index + 1]
                leaf, state = shift[following]
                values.append(index if leaf is None else leaf(text, index))
                states.append(state)
                index += 1
                kind = following
                continue
            rule = state.reduce.get(kind)
            if rule is None:
                return index
            size, makes, build, _ = rule
            build(values, text)  # type: ignore[misc]
            del states[-size:]
            state = states[-1].goto[makes][kind]
            states.append(state)

    @property
    def done(self) -> bool:
        """Whether the file was read to its end."""
        return self.states[-1].number == FINAL

    def settle(self, kind: str) -> None:
        """Take the passing steps that the last token left undone: it was read with another kind in sight."""
        states = self.states
        while (rule := states[-1].reduce.get(kind)) is not None and rule.build is None:
            states.pop()
            states.append(states[-1].goto[rule.makes][kind])

    def feed(self, kind: str, index: int, following: str) -> bool:
        """Read one token, which may stand anywhere in the lists. False, with it not read, where it cannot be."""
        text = self.text
        states, values = self.states, self.values
        self.settle(kind)
        while True:
            state = states[-1]
            shift = state.shift.get(kind)
            if shift is not None:
                leaf, state = shift[following]
                values.append(index if leaf is None else leaf(text, index))
                states.append(state)
                return True
            rule = state.reduce.get(kind)
            if rule is None or rule.build is None:
                return False
            rule.build(values, text)
            del states[-rule.size :]
            states.append(states[-1].goto[rule.makes][kind])


def accepted(stack: list[State], kinds: str) -> int:
    """How many of `kinds` can be read on from a stack of states, which is left as it is."""
    states = stack.copy()
    for count, kind in enumerate(kinds):
        while True:
            state = states[-1]
            shift = state.shift.get(kind)
            if shift is not None:
                states.append(shift.target)
                break
            rule = state.reduce.get(kind)
            if rule is None:
                return count
            del states[-rule.size :]
            states.append(states[-1].goto[rule.makes].target)
    return len(kinds)


def expected(stack: list[State]) -> list[str]:
    """The kinds that could come next, in the order of `KINDS`."""
    return [kind for kind in KINDS.values() if accepted(stack, kind)]
