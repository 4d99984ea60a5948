"""The pool: real processes, hostile texts, kill -9."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from splitflap_core.outcomes import Done, Failed, RetryLater, SlowDown
from splitflap_renderer.process.pool import TRY_AGAIN_AFTER
from splitflap_renderer.render import render

from tests.support import wait_until

from .conftest import ENDLESS, Rig, slow

MakeRig = Callable[..., Rig]


def test_many_texts_each_once(make_rig: MakeRig) -> None:
    """Every text gets its own HTML, over several processes and trips."""
    rig = make_rig(processes=2, texts_per_batch=8)
    for number in range(200):
        rig.submit(str(number), f"text *{number}*")
    for number in range(200):
        assert rig.html(str(number)) == f"<p>text <em>{number}</em></p>"
    assert rig.pool.slots == 2
    assert rig.pool.alive() is None


def test_took_is_the_time_of_the_text_alone(make_rig: MakeRig) -> None:
    """Waiting behind a slow text is not counted for the texts behind it."""
    rig = make_rig(render_deadline=0.3)
    rig.submit("slow", ENDLESS)
    rig.submit("quick", "hi")
    rig.html("quick")
    rig.outcome("slow")
    assert rig.outcomes["slow"][1] >= 0.3, "CPU time, so at least as long by the clock"
    assert rig.outcomes["quick"][1] < rig.outcomes["slow"][1]


def test_deadline_kills_the_guilty_only(make_rig: MakeRig) -> None:
    """The texts around a hostile one in the same trip are rendered, in their order."""
    rig = make_rig(render_deadline=0.3, texts_per_batch=8)
    for name in ("a", "b", "guilty", "c", "d"):
        rig.submit(name, ENDLESS if name == "guilty" else name)
    for name in ("a", "b", "c", "d"):
        assert rig.html(name) == f"<p>{name}</p>"
    outcome = rig.outcome("guilty")
    assert isinstance(outcome, Failed)
    assert outcome.reason == "deadline"
    assert rig.order == ["a", "b", "c", "d", "guilty"], "it was put aside"
    wait_until(lambda: rig.replaced("deadline") == 2)


def _seconds(text: str) -> float:
    begin = time.monotonic()
    render(text)
    return time.monotonic() - begin


def test_every_text_of_a_trip_has_its_own_deadline(make_rig: MakeRig) -> None:
    """Texts that together take twice the deadline are all done."""
    render("so that the parser is built")
    markers, alone = 200, 0.0
    while alone < 0.1:
        markers += 100
        # The least of three: whatever else runs here makes it longer.
        alone = min(_seconds(slow(markers)) for _ in range(3))
    # A text gets an eighth of it at first.
    rig = make_rig(render_deadline=4 * alone * 8, texts_per_batch=8)
    for number in range(8):
        rig.submit(str(number), slow(markers))
    assert all(isinstance(rig.outcome(str(number)), Done) for number in range(8))
    assert sum(took for _, took in rig.outcomes.values()) > 4 * alone


def test_slow_texts_leave_a_process_to_the_others(make_rig: MakeRig) -> None:
    """Of two processes one goes on with what is quick, however many slow texts there are."""
    rig = make_rig(processes=2, render_deadline=2)
    for number in range(4):
        rig.submit(f"slow {number}", ENDLESS)
    for number in range(50):
        rig.submit(str(number), "hi")
    for number in range(50):
        rig.html(str(number))
    assert not any(name.startswith("slow") for name in rig.outcomes)


def test_a_slow_text_has_its_turn(make_rig: MakeRig) -> None:
    """It is done although there are always others that wait."""
    rig = make_rig(render_deadline=4)
    rig.submit("slow", slow(4500))
    number = 0
    while "slow" not in rig.outcomes:
        for _ in range(100):
            rig.submit(str(number), "hi " * 300)
            number += 1
        rig.html(str(number - 100))
    assert isinstance(rig.outcome("slow"), Done)
    assert rig.replaced("deadline") == 1, "it was put aside"


def test_too_many_slow_texts_are_tried_later(make_rig: MakeRig) -> None:
    """Beyond a quarter of what may be held they would leave no room for others."""
    rig = make_rig(render_deadline=0.8, texts_per_batch=4)
    for number in range(5):
        rig.submit(str(number), ENDLESS)
    outcomes = [rig.outcome(str(number)) for number in range(5)]
    later = [each for each in outcomes if isinstance(each, RetryLater)]
    assert later
    assert {each.reason for each in later} == {"deadline"}
    assert sum(isinstance(each, Failed) for each in outcomes) == 5 - len(later) >= 2


def test_fewer_slow_texts_are_kept_once_texts_take_longer(make_rig: MakeRig) -> None:
    """Those that were put aside while more might be held would be all that is held."""
    rig = make_rig(render_deadline=1.6)
    for number in range(40):
        rig.submit(str(number), "hi")
    rig.html("39")
    assert rig.pool.prefetch == 32
    for number in range(8):
        rig.submit(f"slow {number}", ENDLESS)
    wait_until(lambda: rig.replaced("deadline") >= 8)
    assert rig.pool.prefetch < 32
    held = 8 - sum(name.startswith("slow") for name in rig.outcomes)
    assert held <= rig.pool.prefetch // 4 + 1, "aside, and one that runs"


def test_a_deadline_is_of_cpu_time(make_rig: MakeRig) -> None:
    """A text whose process got no CPU for longer than its deadline is done all the same."""
    rig = make_rig(render_deadline=16)  # of which it gets an eighth at first
    rig.submit("warm", "hi")
    rig.html("warm")
    pid, used = rig.pool.pids[0], cpu_ticks(rig.pool.pids[0])
    rig.submit("starved", slow(2700))
    wait_until(lambda: cpu_ticks(pid) > used)
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(2.5)  # longer than that, shorter than the patience
        assert "starved" not in rig.outcomes
    finally:
        os.kill(pid, signal.SIGCONT)
    assert isinstance(rig.outcome("starved"), Done)
    assert rig.outcomes["starved"][1] > 2.5
    assert rig.pool.pids == [pid]


def test_who_starves_for_long_is_tried_again(make_rig: MakeRig) -> None:
    """A process that is never given a CPU is replaced in the end; that is no fault of its text."""
    rig = make_rig(render_deadline=0.3)
    rig.submit("warm", "hi")
    rig.html("warm")
    os.kill(rig.pool.pids[0], signal.SIGSTOP)
    rig.submit("starved", "hi")
    rig.submit("behind", "hi")
    assert rig.outcome("starved") == RetryLater(TRY_AGAIN_AFTER, "deadline")
    assert rig.html("behind") == "<p>hi</p>"
    assert rig.replaced("deadline") == 1


def test_who_is_stopped_in_the_middle_of_an_answer(make_rig: MakeRig) -> None:
    """Is replaced; the other process goes on with the others' texts."""
    rig = make_rig(processes=2, render_deadline=2)
    for name in ("warm", "warm too"):
        rig.submit(name, "hi")
        rig.html(name)
    stopped = 0
    while not stopped:
        # More than a pipe holds, so that it waits for its reader, who looks now and then.
        name = f"large {time.monotonic()}"
        rig.submit(name, "<a>" * 20_000, "gfm")
        while not stopped and name not in rig.outcomes:
            for child in list(rig.pool._children):
                with suppress(OSError):  # it is gone already
                    if child.batch and child.pipe.poll():
                        stopped = child.pid
                        os.kill(stopped, signal.SIGSTOP)
    rig.submit("another", "hi")
    assert rig.html("another") == "<p>hi</p>"
    # It may have been read to its end just before.
    assert rig.outcome(name) == RetryLater(TRY_AGAIN_AFTER, "crashed") or isinstance(
        rig.outcome(name), Done
    )
    rig.submit("after", "hi")
    assert rig.html("after") == "<p>hi</p>"


def test_who_does_not_read_is_replaced(make_rig: MakeRig) -> None:
    """A process that is stopped while it is idle, and given more than a pipe holds."""
    rig = make_rig(texts_per_batch=32)
    rig.submit("warm", "hi")
    rig.html("warm")
    os.kill(rig.pool.pids[0], signal.SIGSTOP)
    for number in range(32):
        rig.submit(str(number), "hi " * 10_000)
    for number in range(32):
        assert isinstance(rig.outcome(str(number)), Done | RetryLater)
    rig.submit("after", "hi")
    assert rig.html("after") == "<p>hi</p>"


def test_a_text_that_raises_is_broken(make_rig: MakeRig) -> None:
    """What Markdown raises is the text's outcome; the process goes on with the next."""
    rig = make_rig()
    rig.submit("nested", "[r]: https://x.example/" + "b" * 2000 + "\n\n" + "[r] " * 3000)
    rig.submit("next", "hi")
    outcome = rig.outcome("nested")
    assert isinstance(outcome, Failed)
    assert outcome.reason == "broken"
    assert outcome.detail.startswith("TooLarge")
    assert rig.html("next") == "<p>hi</p>"
    assert rig.replaced("crashed") == 0


def test_memory_is_limited(make_rig: MakeRig) -> None:
    """A text that needs more than its process may have fails; the next is done by a new one."""
    rig = make_rig(render_memory_mib=384, render_deadline=20)
    rig.submit("fat", "[r]: https://x.example/" + "b" * 32_000 + "\n\n" + "[r] " * 8_000)
    rig.submit("next", "hi")
    outcome = rig.outcome("fat")
    assert isinstance(outcome, Failed)
    assert outcome.reason == "broken"
    assert outcome.detail.startswith("MemoryError")
    assert rig.html("next") == "<p>hi</p>"
    assert rig.replaced("crashed") == 1


def test_killed_while_idle(make_rig: MakeRig) -> None:
    """A process that dies between texts is replaced, and costs nobody a text."""
    rig = make_rig()
    rig.submit("before", "hi")
    rig.html("before")
    killed = rig.pool.pids[0]
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: rig.pool.pids not in ([], [killed]))
    rig.submit("after", "hi")
    assert rig.html("after") == "<p>hi</p>"
    assert rig.replaced("crashed") == 1


def test_killed_while_working(make_rig: MakeRig) -> None:
    """The text in progress is to be tried again, and those behind it are done."""
    rig = make_rig(render_deadline=30)
    rig.submit("first", "hi")
    rig.html("first")
    rig.submit("victim", ENDLESS)
    wait_until(lambda: cpu_ticks(rig.pool.pids[0]) > 20)
    rig.submit("behind", "hi")
    os.kill(rig.pool.pids[0], signal.SIGKILL)
    outcome = rig.outcome("victim")
    assert outcome == RetryLater(TRY_AGAIN_AFTER, "crashed")
    assert rig.html("behind") == "<p>hi</p>"


def test_worn_children_are_replaced(make_rig: MakeRig) -> None:
    """After child_texts a new process goes on, and no text is lost."""
    rig = make_rig(child_texts=10, texts_per_batch=5)
    for number in range(35):
        rig.submit(str(number), "hi")
    for number in range(35):
        rig.html(str(number))
    assert rig.replaced("worn") >= 2


def test_stop_gives_back_what_has_not_begun(make_rig: MakeRig) -> None:
    """What runs is finished; the rest, in the trip and in the queue, is given back untouched."""
    rig = make_rig(texts_per_batch=3, render_deadline=20)
    rig.submit("warm", "hi")
    rig.html("warm")
    used = cpu_ticks(rig.pool.pids[0])
    rig.submit("running", slow(1500))
    for number in range(10):
        rig.submit(f"waiting {number}", "hi")
    wait_until(lambda: cpu_ticks(rig.pool.pids[0]) > used + 5)
    rig.pool.stop(20)
    assert isinstance(rig.outcome("running"), Done)
    assert all(rig.outcomes[f"waiting {number}"] == (None, 0.0) for number in range(10))
    assert rig.order.index("waiting 9") < rig.order.index("running"), "not kept until it is done"
    assert rig.pool.pids == []


def test_stop_gives_up_after_its_timeout(make_rig: MakeRig) -> None:
    """What is still running then is killed and given back; nothing is taken any more."""
    rig = make_rig(render_deadline=60)
    rig.submit("warm", "hi")
    rig.html("warm")
    rig.submit("running", ENDLESS)
    wait_until(lambda: cpu_ticks(rig.pool.pids[0]) > 5)
    begin = time.monotonic()
    rig.pool.stop(0.3)
    assert time.monotonic() - begin < 5
    assert rig.outcomes["running"] == (None, 0.0)
    with pytest.raises(SlowDown):
        rig.submit("late", "hi")


def test_no_process_can_be_started(make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """While there is none, texts are refused with a pause; later the pool recovers by itself."""

    def refuse(*_args: object) -> None:
        raise OSError(11, "no process left")

    with monkeypatch.context() as patch:
        patch.setattr("splitflap_renderer.process.pool.ChildHandle", refuse)
        rig = make_rig()
        with pytest.raises(SlowDown) as refused:
            rig.submit("early", "hi")
    assert refused.value.after == 1.0
    wait_until(lambda: rig.pool.pids != [])
    wait_until(lambda: accepts(rig))
    assert rig.html("later") == "<p>hi</p>"


def accepts(rig: Rig) -> bool:
    """Whether the pool takes a text now."""
    try:
        rig.submit("later", "hi")
    except SlowDown:
        return False
    return True


def cpu_ticks(pid: int) -> int:
    """Clock ticks that a process has computed, by proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11])
