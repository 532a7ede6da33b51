"""Sums over alignments as nodes.

Enters: scores of steps and sequences of labels. Leaves: the name of a loss.
"""

from __future__ import annotations

from ...shape import Shape, Size, Tensor
from .comparing import Comparing
from .nodes import Body, Wire

NEVER = float("-inf")


class Aligning(Comparing):
    """A graph with words for sequences of other lengths."""

    def alignments(self, x: Wire, y: Wire, lengths: Wire | None, ends: Wire | None, blank: Size, reduction: str) -> str:
        """-log of the sum over all alignments of scores [B, T, classes] with labels [B, S] (Graves et al., 2006).

        The labels stand between blanks, [B, 2 S + 1]. A `Scan` over the steps keeps the log-probability of every
        beginning of them: it stays, grows by one, or skips the blank between two different labels.
        """
        batch, steps, _ = x.sizes
        count = y.sizes[1]
        states: Shape = (batch, 2 * count + 1)
        empty = self.scalar(blank)
        blanks = self.expand(empty, (batch, 1))
        truth = y.name
        last = self.expand(self.scalar(count), (batch,)) if ends is None else ends.name
        if ends is not None:  # what stands behind the labels may be anything
            inside = self.op("Less", self.unsqueeze(self.steps(count), 0), self.unsqueeze(ends, 1))
            truth = self.op("Where", inside, y, empty)
        pairs = (self.expand(empty, (batch, count, 1)), self.unsqueeze(truth, 2))
        between = self.reshape(self.concat(pairs, 2), (batch, count, 2), (batch, 2 * count))
        row = self.concat((between, blanks), 1)
        seen = self.expand(self.unsqueeze(row, 1), (batch, steps, states[1]))
        seen = self.op("GatherElements", self.op("LogSoftmax", x, axis=2), seen, axis=2)
        before = self.concat((blanks, blanks, self.slice(row, 1, 0, -2)), 1)
        skip = self.op("Where", self.op("Equal", row, before), self.number(NEVER), self.number(0.0))
        alive = None
        if lengths is not None:
            alive = self.op("Less", self.unsqueeze(self.steps(steps), 0), self.unsqueeze(lengths, 1))
        sums = self._sums(seen, skip, alive, states)
        read = self.op("Mul", last, self.number(2, "long"))
        label = self.op("Max", self.op("Sub", read, self.number(1, "long")), self.number(0, "long"))
        whole, short = (
            self.squeeze(self.op("GatherElements", sums, self.unsqueeze(i, 1), axis=1), 1) for i in (read, label)
        )
        short = self.op("Where", self.op("Equal", read, self.number(0, "long")), self.number(NEVER), short)
        losses = self.op("Neg", self._log_sum(whole, short))
        if reduction == "mean":
            losses = self.op("Div", losses, self.above(self.cast(last, "float"), 1.0))
        return self.reduced(losses, reduction)

    def _sums(self, seen: str, skip: str, alive: str | None, states: Shape) -> str:
        """The log-probabilities after the last step, [B, 2 S + 1]."""
        batch, width = states
        never = self.filled(NEVER, (batch, 1))
        begin = self.concat((self.filled(0.0, (batch, 1)), self.filled(NEVER, (batch, width - 1))), 1)
        name = self.name(f"{self.stem}/step")
        state, now, going = (self.name(f"{name}/{part}") for part in ("state", "seen", "alive"))
        inputs = [(state, Tensor(states)), (now, Tensor(states))]
        if alive is not None:
            inputs.append((going, Tensor((batch,), "bool")))
        body = Body(name, inputs, [])
        outside, self.nodes = self.nodes, body.nodes
        try:
            with self.within(f"{name}/cell"):
                grown = self.concat((never, self.slice(state, 1, 0, -1)), 1)
                skipped = self.op("Add", self.concat((never, never, self.slice(state, 1, 0, -2)), 1), skip)
                made = self.op("Add", self._log_sum(state, grown, skipped), now)
                if alive is not None:
                    made = self.op("Where", self.unsqueeze(going, 1), made, state)
        finally:
            self.nodes = outside
        body.outputs = [(made, Tensor(states))]
        count = len(inputs) - 1
        return self.op("Scan", begin, seen, alive, body=body, num_scan_inputs=count, scan_input_axes=(1,) * count)

    def _log_sum(self, *parts: str) -> str:
        """log sum exp of parts that may all be minus infinity."""
        most = self.op("Max", *parts)
        finite = self.op("Where", self.op("Equal", most, self.number(NEVER)), self.number(0.0), most)
        total = self.op("Sum", *(self.op("Exp", self.op("Sub", part, finite)) for part in parts))
        return self.op("Add", self.op("Log", total), finite)
