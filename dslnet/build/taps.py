"""What can be read from a wire with a dot.

Enters: a wire and a name. Leaves: the wire that the name stands for: a step of a group, a further output of a box
(`GRU` has `.state`), a step inside a block that was called, or a tuple with one entry for each round of a repeat.
A step that is read becomes a further output of every definition on the way. A module inside a block that was called is
told by its path, for boxes that read its weights.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import Edit, Help, did_you_mean
from ..shape import UNKNOWN
from ..source import Span
from .boxes import Boxes
from .values import UNKNOWN_VALUE, DraftNode, ModuleValue, Namespace, Wire, Wires, describe


class Taps(Boxes):
    """The part of a frame that reads inner steps."""

    def tap(self, value: Any, name: str, span: Span) -> Any:
        found, names = self.find_tap(value, name, span)
        if found is not None:
            return found
        if isinstance(value, Wire) and (
            value.unknown or (value.node is None and any(s is UNKNOWN for s in value.type.sizes))
        ):
            return None  # something before it has a mistake
        if isinstance(value, ModuleValue):
            self.error(
                "E0215",
                f"`{value.name}` is a module; its steps are read from what flows through it",
                span,
                helps=(f"`y: x -> {value.name}`, then `y.{name}`",),
            )
            return None
        if not isinstance(value, (Wire, Wires)):
            self.error("E0209", f"{describe(value)} has nothing called `{name}`"[:80], span)
            return None
        near = did_you_mean(name, names)
        helps = [Help(f"did you mean `{n}`?", (Edit(span, n),), sure=i == 0) for i, n in enumerate(near)]
        what = self.made_by(value)
        notes = (f"it has {', '.join(f'`{n}`' for n in names[:12])}",) if names and not near else ()
        self.error("E0209", f"{what} has no output or step `{name}`", span, notes=notes, helps=helps)
        return None

    def made_by(self, value: Wire | Wires) -> str:
        node = value.node if isinstance(value, Wire) else None
        if node is not None and node.operator is not None:
            return f"`{node.operator.name}`"
        if node is not None and node.kind == "call":
            return f"`{node.callee.frame.hint}`"
        return f"`{value.name}`" if isinstance(value, Wire) else "this tuple"

    def find_tap(self, value: Any, name: str, span: Span) -> tuple[Any, list[str]]:
        """The thing called `name` below a value, without a report, and all the names that there are."""
        names: list[str] = []
        if isinstance(value, (Wire, Wires)) and value.names is not None:
            if name in value.names.names:
                return value.names.names[name], names
            names += value.names.names
        if not isinstance(value, Wire):
            return None, names
        if value.node is None:
            outer = next((e.outer for e in self.inputs if e.wire is value and e.outer is not None), None)
            if outer is not None and isinstance(self.outer, Taps):
                found, more = self.outer.find_tap(outer, name, span)
                return (self.reach(found) if isinstance(found, Wire) else found), names + more
            return None, names
        return self.below(value, value.node, name, span, names)

    def below(self, value: Wire, node: DraftNode, name: str, span: Span, names: list[str]) -> tuple[Any, list[str]]:
        if node.kind == "box" and node.operator is not None:
            outputs = node.operator.outputs
            if name in outputs[1:]:
                return node.outputs[outputs.index(name)], names
            return None, [*names, *outputs[1:]]
        if node.kind == "call":
            inner = node.callee.frame
            source = value.inner if value is not node.outputs[0] else None
            found, more = inner.find_tap(source, name, span) if source is not None else named_in(inner, name)
            if found is None and source is None and inner.kind == "round":
                found, more = inner.find_tap(node.callee.value, name, span)
            names += more
            if source is None:
                found = inner.scope.names.get(name) if found is None else found
                names += [n for n, v in inner.scope.names.items() if isinstance(v, ModuleValue)]
            if isinstance(found, ModuleValue):
                return self.module_inside(node, found), names
            if found is None or found is UNKNOWN_VALUE:
                return None, names
            return self.bring_out(node, inner.reach(found) if isinstance(found, Wire) else found, name, span), names
        if node.kind == "repeat":
            return self.of_rounds(node, name, span, names)
        return None, names

    def module_inside(self, node: DraftNode, module: ModuleValue) -> ModuleValue | None:
        """A module of the block that a node calls, by its path from here."""
        path = node.instance.path if node.instance is not None else node.module
        own = node.instance is not None or any(d.path == path for d in self.instances)
        if path is None or not own or module.frame is not node.callee.frame:
            return None
        path = f"{path}.{module.path}" if path else module.path
        if path not in self.inner_modules:
            self.inner_modules[path] = ModuleValue(
                module.name, path, self, module.span, module.instance, module.box, module.body, True, inside=module
            )
        return self.inner_modules[path]

    def bring_out(self, node: DraftNode, inner: Any, name: str, span: Span) -> Any:
        """A wire of a callee as a further output of the node that calls it."""
        if isinstance(inner, Wires) and inner.value is None:
            return Wires(tuple(self.bring_out(node, w, name, span) for w in inner.items), span, None, self)
        if node.brought is None:
            node.brought = {id(source): output for output, source in zip(node.outputs, node.sources, strict=False)}
        known = node.brought.get(id(inner))
        if known is not None:
            return known
        if isinstance(inner, Wires):
            items = tuple(Wire("item", w.type, self, span, node) for w in inner.items)
            tuple_of = Wires(items, span, self.fresh(name), self)
            node.outputs.append(tuple_of)
            node.sources.append(inner)
            node.brought[id(inner)] = tuple_of
            return tuple_of
        if not isinstance(inner, Wire):
            return None
        wire = self.wire(name, inner.type, inner.span, node)
        wire.inner, wire.names = inner, None
        node.outputs.append(wire)
        node.sources.append(inner)
        node.brought[id(inner)] = wire
        return wire

    def of_rounds(self, node: DraftNode, name: str, span: Span, names: list[str]) -> tuple[Any, list[str]]:
        """One entry for each round."""
        drafts, _, _ = node.callee
        total, limit = sum(count for _, count in drafts), self.session.limits.elements
        if total > limit:
            self.session.refuse("E0903", f"a tuple of {total:,} tensors; the limit is {limit:,}", span)
        table: dict[str, Wire] = {}
        items: list[Wire] = []
        for draft, count in drafts:
            inner = draft.frame
            found, more = named_in(inner, name)
            if found is None:
                found, further = inner.find_tap(draft.value, name, span)
                more += further
            if not isinstance(found, Wire):
                return None, names + more
            table[draft.key] = inner.reach(found)
            items += [Wire("item", found.type, self, span, node)] * count
        for output, source in zip(node.outputs[1:], node.sources[1:], strict=False):
            if source == table:
                return output, names
        wires = Wires(tuple(items), span, self.fresh(name), self)
        node.outputs.append(wires)
        node.sources.append(table)
        return wires, names


def named_in(frame: Any, name: str) -> tuple[Any, list[str]]:
    """A step or output by name in a finished frame; where there is none, all the names that there are."""
    scope: Namespace = frame.scope
    found = frame.output_names.get(name)
    if found is None:
        found = scope.names.get(name)
    if isinstance(found, (Wire, Wires)):
        return found, []
    return None, [n for n, v in {**scope.names, **frame.output_names}.items() if isinstance(v, (Wire, Wires))]
