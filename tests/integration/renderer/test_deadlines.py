"""The pool with real processes: deadlines and slow texts."""

import os
import signal
import time
from contextlib import suppress

from splitflap_core.outcomes import Done, Failed, RetryLater
from splitflap_renderer.process.child_handle import WALL_CLOCK_FACTOR
from splitflap_renderer.process.dispatcher import RETRY_AFTER
from splitflap_renderer.render import render

from tests.support import wait_until

from .conftest import MakeRig, cpu_ticks, slow
from .endless import ENDLESS


def test_a_deadline_fails_only_the_text_that_used_it(make_rig: MakeRig) -> None:
    """The other texts of its batch are rendered, in their order and before it."""
    rig = make_rig(render_deadline=0.3, texts_per_batch=8)
    for name in ("a", "b", "endless", "c", "d"):
        rig.submit(name, ENDLESS if name == "endless" else name)
    for name in ("a", "b", "c", "d"):
        assert rig.html(name) == f'<p dir="auto">{name}</p>'
    outcome = rig.outcome("endless")
    assert isinstance(outcome, Failed)
    assert outcome.reason == "deadline"
    assert rig.order == ["a", "b", "c", "d", "endless"], "it waited in the slow lane"
    wait_until(lambda: rig.replaced("deadline") == 2)


def test_took_excludes_the_wait_behind_a_slow_text(make_rig: MakeRig) -> None:
    """`took` is the time that the text itself occupied the process."""
    rig = make_rig(render_deadline=0.3)
    rig.submit("slow", ENDLESS)
    rig.submit("quick", "hi")
    rig.html("quick")
    rig.outcome("slow")
    assert rig.outcomes["slow"][1] >= 0.3, "CPU time, so at least as long by the clock"
    assert rig.outcomes["quick"][1] < rig.outcomes["slow"][1]


def _seconds_to_render(text: str) -> float:
    begin = time.monotonic()
    render(text)
    return time.monotonic() - begin


def test_every_text_of_a_batch_has_its_own_deadline(make_rig: MakeRig) -> None:
    """Texts that together take twice the deadline are all done."""
    render("builds the parser")
    markers, alone = 200, 0.0
    while alone < 0.1:
        markers += 100
        # The shortest of three: other programs only make it longer.
        alone = min(_seconds_to_render(slow(markers)) for _ in range(3))
    # A text gets an eighth of the deadline at first.
    rig = make_rig(render_deadline=4 * alone * 8, texts_per_batch=8)
    for number in range(8):
        rig.submit(str(number), slow(markers))
    assert all(isinstance(rig.outcome(str(number)), Done) for number in range(8))
    assert sum(took for _, took in rig.outcomes.values()) > 4 * alone


def test_a_deadline_counts_cpu_time(make_rig: MakeRig) -> None:
    """A text is done although its process was stopped for longer than the deadline."""
    rig = make_rig(render_deadline=16)  # the first attempt gets an eighth: 2 s
    pid = rig.warm_up()
    used = cpu_ticks(pid)
    rig.submit("starved", slow(2700))
    wait_until(lambda: cpu_ticks(pid) > used)
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(2.5)  # longer than 2 s, shorter than the wall-clock limit
        assert "starved" not in rig.outcomes
    finally:
        os.kill(pid, signal.SIGCONT)
    assert isinstance(rig.outcome("starved"), Done)
    assert rig.outcomes["starved"][1] > 2.5
    assert rig.pool.pids == [pid]


def test_a_starved_text_is_retried_and_its_process_replaced(make_rig: MakeRig) -> None:
    """A stopped process reaches the wall-clock limit; its text is retried."""
    rig = make_rig(render_deadline=0.3)
    os.kill(rig.warm_up(), signal.SIGSTOP)
    rig.submit("starved", "hi")
    rig.submit("behind", "hi")
    assert rig.outcome("starved") == RetryLater(RETRY_AFTER, "deadline", "waited")
    assert rig.html("behind") == '<p dir="auto">hi</p>'
    assert rig.replaced("deadline") == 1


def test_a_text_that_needs_its_deadline_fails_once_on_a_busy_machine(make_rig: MakeRig) -> None:
    """Its process gets a tenth of a CPU. It takes longer than the wall-clock limit, and fails."""
    rig = make_rig(render_deadline=0.4)
    rig.warm_up()
    rig.submit("endless", ENDLESS)
    while "endless" not in rig.outcomes:
        for signal_, seconds in ((signal.SIGSTOP, 0.18), (signal.SIGCONT, 0.02)):
            for pid in rig.pool.pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal_)
            time.sleep(seconds)
    outcome, took = rig.outcomes["endless"]
    assert took > WALL_CLOCK_FACTOR * 0.4
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason == "deadline"
    # In the quick lane and in the slow one; the count follows the outcome.
    wait_until(lambda: rig.replaced("deadline") == 2)


def test_a_slow_text_without_cpu_does_not_fail(make_rig: MakeRig) -> None:
    """Its process is stopped within its second, longer run: the text is retried."""
    rig = make_rig(render_deadline=0.3)
    rig.warm_up()
    rig.submit("slow", ENDLESS)
    wait_until(lambda: rig.replaced("deadline") == 1)
    wait_until(lambda: bool(rig.pool.pids) and cpu_ticks(rig.pool.pids[0]) > 0)
    os.kill(rig.pool.pids[0], signal.SIGSTOP)
    assert rig.outcome("slow") == RetryLater(RETRY_AFTER, "deadline", "waited")


def test_slow_texts_leave_one_process_to_quick_texts(make_rig: MakeRig) -> None:
    """One of two processes renders only quick texts, however many slow texts there are."""
    rig = make_rig(processes=2, render_deadline=2)
    for number in range(4):
        rig.submit(f"slow {number}", ENDLESS)
    for number in range(50):
        rig.submit(str(number), "hi")
    for number in range(50):
        rig.html(str(number))
    assert not any(name.startswith("slow") for name in rig.outcomes)


def test_a_slow_text_is_done_although_quick_texts_always_wait(make_rig: MakeRig) -> None:
    """It starts when the slow lane is due."""
    rig = make_rig(render_deadline=4)
    rig.submit("slow", slow(4500))
    number = 0
    while "slow" not in rig.outcomes:
        for _ in range(100):
            rig.submit(str(number), "hi " * 300)
            number += 1
        rig.html(str(number - 100))
    assert isinstance(rig.outcome("slow"), Done)
    assert rig.replaced("deadline") == 1, "it went through the slow lane"


def test_slow_texts_beyond_the_slow_lane_are_retried_later(make_rig: MakeRig) -> None:
    """The slow lane holds at most a quarter of the prefetch."""
    rig = make_rig(render_deadline=0.8, texts_per_batch=4)
    for number in range(5):
        rig.submit(str(number), ENDLESS)
    outcomes = [rig.outcome(str(number)) for number in range(5)]
    later = [each for each in outcomes if isinstance(each, RetryLater)]
    assert later
    assert {(each.reason, each.progress) for each in later} == {("deadline", "waited")}
    assert sum(isinstance(each, Failed) for each in outcomes) == 5 - len(later) >= 2


def test_a_smaller_prefetch_shrinks_the_slow_lane(make_rig: MakeRig) -> None:
    """Otherwise the slow texts of the larger prefetch would fill the smaller one."""
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
    assert held <= rig.pool.prefetch // 4 + 1, "those in the slow lane, and one that runs"
