"""The order in which waiting texts get a process."""

import time

import msgspec
import pytest
from splitflap_core.contracts import Job, RenderRequest
from splitflap_renderer.process import lanes as module
from splitflap_renderer.process.lanes import QUIET_BEFORE_SLOW, SLOW_EXPRESS_LIMIT, Lanes, Text


def text(name: str, *, came_back: bool = False, express: bool = False) -> Text:
    """A text with this content."""
    job = Job(name, "render", 1, 0.0, msgspec.Raw(b"{}"))
    begin = (lambda: None) if came_back else None
    return Text(job, RenderRequest(name), lambda *_: None, begin, express)


def names(texts: list[Text]) -> list[str]:
    """The contents of the texts."""
    return [each.request.text for each in texts]


def test_a_pause_between_batches_starts_no_slow_text() -> None:
    """A slow text starts only after QUIET_BEFORE_SLOW seconds of an empty quick lane."""
    lanes = Lanes(slots=1, texts_per_batch=4, deadline=60, slow_limit=1)
    lanes.add(text("quick"))
    assert lanes.postpone(text("slow"))
    assert names(lanes.next_batch(1, 0)) == ["quick"]
    assert lanes.next_batch(1, 0) == []
    lanes.add(text("quick again"))
    assert names(lanes.next_batch(1, 0)) == ["quick again"]
    time.sleep(QUIET_BEFORE_SLOW)
    assert names(lanes.next_batch(1, 0)) == ["slow"]


def test_a_lower_limit_removes_the_newest_slow_texts() -> None:
    """The slow lane accepts texts up to the new limit."""
    lanes = Lanes(slots=4, texts_per_batch=4, deadline=60, slow_limit=4)
    assert all(lanes.postpone(text(str(number))) for number in range(4))
    assert names(lanes.limit_slow(1)) == ["3", "2", "1"]
    assert lanes.limit_slow(2) == []
    assert lanes.postpone(text("4"))
    assert not lanes.postpone(text("5"))
    assert len(lanes) == 2


def test_a_text_that_came_back_has_a_batch_of_its_own() -> None:
    """It may kill the renderer. Its begin is reported at once, and no other text begins with it."""
    lanes = Lanes(slots=1, texts_per_batch=4, deadline=60, slow_limit=1)
    for name in "ab":
        lanes.add(text(name))
    lanes.add(text("back", came_back=True))
    lanes.add(text("c"))
    batches = [names(lanes.next_batch(1, 0)) for _ in range(4)]
    assert batches == [["a", "b"], ["back"], ["c"], []]


def test_express_texts_have_a_lane_of_their_own() -> None:
    """The idle processes share them, and no normal text is among them."""
    lanes = Lanes(slots=1, texts_per_batch=4, deadline=60, slow_limit=1)
    lanes.add(text("normal"))
    for name in "abc":
        lanes.add(text(name, express=True))
    assert names(lanes.next_express(2)) == ["a", "b"]
    assert names(lanes.next_express(1)) == ["c"]
    assert lanes.next_express(1) == []
    assert names(lanes.next_batch(1, 0)) == ["normal"]


def test_a_slow_express_text_waits_in_the_slow_lane() -> None:
    """It occupies the express process no longer. The texts behind it return to their lane."""
    lanes = Lanes(slots=1, texts_per_batch=4, deadline=60, slow_limit=1)
    for name in "abc":
        lanes.add(text(name, express=True))
    slow, *rest = lanes.next_express(1)
    assert lanes.postpone(slow)
    lanes.put_back(rest)
    assert names(lanes.next_express(1)) == ["b", "c"]
    assert names(lanes.next_batch(1, 0)) == ["a"]


def test_slow_texts_are_a_part_of_the_express_texts_that_a_renderer_holds() -> None:
    """Otherwise the worker would hold no others. The end of one makes room for the next."""
    lanes = Lanes(slots=4, texts_per_batch=4, deadline=60, slow_limit=100)
    for number in range(SLOW_EXPRESS_LIMIT):
        assert lanes.postpone(text(str(number), express=True))
    assert not lanes.postpone(text("one more", express=True))
    assert lanes.postpone(text("normal"))
    [first] = lanes.next_batch(1, 0)
    assert not lanes.postpone(text("one more", express=True)), "the first one is being rendered"
    lanes.slow_ended(first, 0.0)
    assert lanes.postpone(text("one more", express=True))
    lanes.limit_slow(0)
    lanes.limit_slow(100)
    assert lanes.postpone(text("next", express=True))


def test_a_slow_text_that_returns_takes_no_time_from_quick_texts() -> None:
    """The lanes know its job. It waits in the slow lane, or is sent back at once."""
    lanes = Lanes(slots=1, texts_per_batch=4, deadline=60, slow_limit=1)
    assert lanes.postpone(text("first"))
    assert not lanes.postpone(text("second"))
    assert not lanes.add(text("second"))
    assert names(lanes.limit_slow(0)) == ["first"]
    lanes.limit_slow(1)
    assert lanes.add(text("second"))
    [taken] = lanes.next_batch(1, 0)
    assert taken.slow


def test_the_memory_of_slow_texts_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forgotten text is tried in the quick lane again."""
    monkeypatch.setattr(module, "REMEMBERED", 2)
    lanes = Lanes(slots=1, texts_per_batch=4, deadline=60, slow_limit=0)
    for name in "abc":
        assert not lanes.postpone(text(name))
    assert lanes.add(text("a"))
    assert not lanes.add(text("b"))
