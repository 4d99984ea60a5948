"""What waits for a process, and in which order it gets one."""

import time

from splitflap_core.contracts import RenderRequest
from splitflap_renderer.process.lanes import PAUSE, Lanes, Text


def text(name: str) -> Text:
    """A text that is told apart by what it says."""
    return Text(RenderRequest(name), lambda *_: None)


def names(texts: list[Text]) -> list[str]:
    """What they say."""
    return [each.request.text for each in texts]


def test_a_pause_between_trips_is_no_slow_text_s_turn() -> None:
    """The next texts are on their way; only after a while nobody else waits."""
    lanes = Lanes(slots=1, texts_per_batch=4, deadline=60, most_slow=1)
    lanes.add(text("quick"))
    assert lanes.postpone(text("slow"))
    assert names(lanes.next_batch(1, 0)) == ["quick"]
    assert lanes.next_batch(1, 0) == []
    lanes.add(text("quick again"))
    assert names(lanes.next_batch(1, 0)) == ["quick again"]
    time.sleep(PAUSE)
    assert names(lanes.next_batch(1, 0)) == ["slow"]


def test_fewer_slow_texts_may_wait_later() -> None:
    """Those that were put aside last go."""
    lanes = Lanes(slots=4, texts_per_batch=4, deadline=60, most_slow=4)
    assert all(lanes.postpone(text(str(number))) for number in range(4))
    assert names(lanes.limit_slow(1)) == ["3", "2", "1"]
    assert lanes.limit_slow(2) == []
    assert lanes.postpone(text("4"))
    assert not lanes.postpone(text("5"))
    assert len(lanes) == 2
