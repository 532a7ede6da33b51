"""The pause of the garbage collector, and what it leaves behind."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from dslnet import collector
from dslnet.collector import paused
from dslnet.diagnostics import Report
from dslnet.limits import Limits
from dslnet.parse import parse
from dslnet.source import Source


@pytest.fixture(autouse=True)
def _collecting() -> Iterator[None]:
    assert gc.isenabled() and not gc.get_freeze_count()
    yield
    gc.unfreeze()
    gc.enable()


def young(made: list[list[object]]) -> int:
    """How many of some objects the next collection would walk."""
    mine = set(map(id, made))
    return sum(id(item) in mine for item in gc.get_objects(generation=0))


def many(count: int) -> list[list[object]]:
    return [[] for _ in range(count)]


def test_many_new_objects_are_old_when_the_pause_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "MANY", 10_000)
    with paused():
        made = many(10_001)
        assert young(made) == len(made)
    assert young(made) == 0
    assert gc.isenabled() and gc.get_freeze_count() == 0


def test_no_collection_walks_the_tree_of_a_large_file() -> None:
    walked: list[int] = []

    def look(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            walked.append(len(gc.get_objects(generation=0)))

    text = "block B(n):\n" + "  - Linear(4 * n, bias=false) -> ReLU -> [B, 4 * n]\n" * 20_000
    gc.callbacks.append(look)
    try:
        spec = parse(Source("large.net", text), Report(), Limits(file_bytes=1 << 30, tokens=1 << 30))
        kept = many(10_000)
    finally:
        gc.callbacks.remove(look)
    assert len(spec.statements) == 1 and len(kept) == 10_000
    assert walked and max(walked) < 50_000


def test_few_new_objects_are_left_to_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "MANY", 10_000)
    before = {id(item) for item in gc.get_objects(generation=2)}
    with paused():
        made = many(5_000)
    assert not before & set(map(id, made))
    assert not set(map(id, gc.get_objects(generation=2))) & set(map(id, made))


def test_what_the_caller_froze_stays_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "MANY", 10_000)
    gc.freeze()
    frozen = gc.get_freeze_count()
    with paused():
        made = many(10_001)
    assert gc.get_freeze_count() >= frozen > 0
    assert made


def test_garbage_of_the_pause_is_found_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "MANY", 10_000)
    with paused():
        for ring in many(10_001):
            ring.append(ring)
    assert gc.collect() >= 10_001
