"""The order in which waiting texts get a process."""

import time

from splitflap_core.contracts import RenderRequest
from splitflap_renderer.process.lanes import QUIET_BEFORE_SLOW, Lanes, Text


def text(name: str) -> Text:
    """A text with this content."""
    return Text(RenderRequest(name), lambda *_: None)


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
