"""The pool with real processes: batches, failures of a text, replaced processes, a stop."""

import os
import signal
import time
from contextlib import suppress

import pytest
from splitflap_core.outcomes import Done, Failed, RetryLater, SlowDown
from splitflap_renderer.process.dispatcher import RETRY_AFTER

from tests.support import wait_until

from .conftest import MakeRig, Rig, cpu_ticks, slow
from .endless import ENDLESS


def test_each_of_many_texts_gets_its_own_html(make_rig: MakeRig) -> None:
    """Each text has one outcome, over several processes and batches."""
    rig = make_rig(processes=2, texts_per_batch=8)
    for number in range(200):
        rig.submit(str(number), f"text *{number}*")
    for number in range(200):
        assert rig.html(str(number)) == f'<p dir="auto">text <em>{number}</em></p>'
    assert rig.pool.slots == 2
    assert rig.pool.complaint() is None


def test_a_process_starts_with_its_parsers_built(make_rig: MakeRig) -> None:
    """The fork server has built them. A new process would need 0.6 s of CPU to build them."""
    assert cpu_ticks(make_rig().warm_up()) < 20, "0.2 s"


def test_a_text_that_raises_fails_as_broken(make_rig: MakeRig) -> None:
    """The process survives and renders the next text."""
    rig = make_rig()
    rig.submit("nested", "[r]: https://x.example/" + "b" * 2000 + "\n\n" + "[r] " * 3000)
    rig.submit("next", "hi")
    outcome = rig.outcome("nested")
    assert isinstance(outcome, Failed)
    assert outcome.reason == "broken"
    assert outcome.detail.startswith("TooLarge")
    assert rig.html("next") == '<p dir="auto">hi</p>'
    assert rig.replaced("crashed") == 0


def test_a_text_beyond_the_memory_limit_fails_as_broken(make_rig: MakeRig) -> None:
    """A new process renders the next text."""
    rig = make_rig(render_memory_mib=384, render_deadline=20)
    rig.submit("fat", "[r]: https://x.example/" + "b" * 32_000 + "\n\n" + "[r] " * 8_000)
    rig.submit("next", "hi")
    outcome = rig.outcome("fat")
    assert isinstance(outcome, Failed)
    assert outcome.reason == "broken"
    assert outcome.detail.startswith("MemoryError")
    assert rig.html("next") == '<p dir="auto">hi</p>'
    # The pool counts after the outcome. On a slow machine the next text is rendered before it.
    wait_until(lambda: rig.replaced("crashed") == 1)


def test_an_express_text_waits_for_no_normal_text(make_rig: MakeRig) -> None:
    """Each normal process is busy, and texts wait. The express process renders nothing else."""
    rig = make_rig(render_deadline=30)
    rig.warm_up()
    for number in range(20):
        rig.submit(str(number), ENDLESS)
    wait_until(lambda: cpu_ticks(rig.pool.pids[0]) > 20)
    rig.submit("express", "hi", express=True)
    assert rig.html("express") == '<p dir="auto">hi</p>'
    assert list(rig.outcomes) == ["warm", "express"]


def test_a_slow_express_text_leaves_the_express_process(make_rig: MakeRig) -> None:
    """It moves to the slow lane after its first share. A new express process renders the next."""
    rig = make_rig(render_deadline=2)
    rig.warm_up()
    rig.submit("endless", ENDLESS, express=True)
    wait_until(lambda: rig.pool.express_pids != [] and cpu_ticks(rig.pool.express_pids[0]) > 5)
    rig.submit("express", "hi", express=True)
    assert rig.html("express") == '<p dir="auto">hi</p>'
    outcome = rig.outcome("endless")
    assert isinstance(outcome, Failed)
    assert outcome.reason == "deadline"
    assert list(rig.outcomes) == ["warm", "express", "endless"]


def test_an_idle_process_takes_express_texts_too(make_rig: MakeRig) -> None:
    """The express process is stopped, as if it were busy."""
    rig = make_rig(render_deadline=30)
    rig.warm_up()
    [express] = rig.pool.express_pids
    rig.submit("first", ENDLESS, express=True)
    wait_until(lambda: cpu_ticks(express) > 5)
    rig.submit("second", "hi", express=True)
    assert rig.html("second") == '<p dir="auto">hi</p>'
    assert list(rig.outcomes) == ["warm", "second"]


def test_a_process_killed_while_idle_costs_no_text(make_rig: MakeRig) -> None:
    """The pool starts another process, which renders the next text."""
    rig = make_rig()
    killed = rig.warm_up()
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: rig.pool.pids not in ([], [killed]))
    rig.submit("after", "hi")
    assert rig.html("after") == '<p dir="auto">hi</p>'
    assert rig.replaced("crashed") == 1


def test_a_process_killed_at_work_has_its_text_retried(make_rig: MakeRig) -> None:
    """The texts behind it are done."""
    rig = make_rig(render_deadline=30)
    rig.warm_up()
    rig.submit("victim", ENDLESS)
    wait_until(lambda: cpu_ticks(rig.pool.pids[0]) > 20)
    rig.submit("behind", "hi")
    os.kill(rig.pool.pids[0], signal.SIGKILL)
    assert rig.outcome("victim") == RetryLater(RETRY_AFTER, "crashed")
    assert rig.html("behind") == '<p dir="auto">hi</p>'


def test_the_delays_of_a_text_whose_process_dies_grow(make_rig: MakeRig) -> None:
    """The machine may lack memory for a minute, and the text is fine."""
    rig = make_rig(render_deadline=30)
    rig.warm_up()
    rig.submit("victim", ENDLESS, attempt=4)
    wait_until(lambda: cpu_ticks(rig.pool.pids[0]) > 20)
    os.kill(rig.pool.pids[0], signal.SIGKILL)
    outcome = rig.outcome("victim")
    assert isinstance(outcome, RetryLater)
    assert (outcome.after, outcome.progress) == (27, "tried")


def test_a_text_that_came_back_is_reported_when_its_process_gets_to_it(make_rig: MakeRig) -> None:
    """The texts that wait behind it have not begun."""
    rig = make_rig(render_deadline=30)
    rig.warm_up()
    rig.submit("endless", ENDLESS, came_back=True)
    for number in range(5):
        rig.submit(f"behind {number}", "hi", came_back=True)
    wait_until(lambda: cpu_ticks(rig.pool.pids[0]) > 20)
    assert rig.begun == ["endless"]
    os.kill(rig.pool.pids[0], signal.SIGKILL)
    rig.outcome("behind 4")
    assert rig.begun == ["endless", *(f"behind {number}" for number in range(5))]


def test_a_text_that_starts_again_in_the_slow_lane_has_begun_once(make_rig: MakeRig) -> None:
    """Both runs are one attempt."""
    rig = make_rig(render_deadline=0.8)
    rig.submit("slow", ENDLESS, came_back=True)
    assert isinstance(rig.outcome("slow"), Failed)
    assert rig.begun == ["slow"]


def test_a_process_that_stalls_within_an_answer_is_replaced(make_rig: MakeRig) -> None:
    """The other process goes on with the other texts."""
    rig = make_rig(processes=2, render_deadline=2)
    rig.warm_up()
    _stop_within_an_answer(rig)
    rig.submit("another", "hi")
    assert rig.html("another") == '<p dir="auto">hi</p>'
    rig.submit("after", "hi")
    assert rig.html("after") == '<p dir="auto">hi</p>'


def _stop_within_an_answer(rig: Rig) -> None:
    """Stop a process while it writes an answer larger than the pipe. Its text is tried again."""
    while True:
        name = f"large {time.monotonic()}"
        rig.submit(name, "    " + "&" * 60_000, "gfm")
        while name not in rig.outcomes:
            # Private: the pool reads the pipes itself, so only they show a half-written answer.
            for child in rig.pool._children:
                with suppress(OSError):  # the pool has closed the pipe
                    if child.batch and child.pipe.poll():
                        os.kill(child.pid, signal.SIGSTOP)
                        if rig.outcome(name) == RetryLater(RETRY_AFTER, "crashed"):
                            return
                        # The pool has read the whole answer just before.
                        os.kill(child.pid, signal.SIGCONT)


def test_a_process_that_stops_reading_is_replaced(make_rig: MakeRig) -> None:
    """The process is stopped while idle, and gets a batch larger than its pipe."""
    rig = make_rig(texts_per_batch=32)
    os.kill(rig.warm_up(), signal.SIGSTOP)
    for number in range(32):
        rig.submit(str(number), "hi " * 10_000)
    for number in range(32):
        assert isinstance(rig.outcome(str(number)), Done | RetryLater)
    rig.submit("after", "hi")
    assert rig.html("after") == '<p dir="auto">hi</p>'


def test_a_process_is_replaced_after_child_texts(make_rig: MakeRig) -> None:
    """Every text is done."""
    rig = make_rig(child_texts=10, texts_per_batch=5)
    for number in range(35):
        rig.submit(str(number), "hi")
    for number in range(35):
        rig.html(str(number))
    assert rig.replaced("worn") >= 2


def test_submit_is_refused_while_no_process_starts(
    make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal names a pause. The pool recovers by itself once processes start."""

    def refuse(*_args: object, **_more: object) -> None:
        raise OSError(11, "no process left")

    with monkeypatch.context() as patch:
        patch.setattr("splitflap_renderer.process.child_set.ChildHandle", refuse)
        rig = make_rig()
        with pytest.raises(SlowDown) as refused:
            rig.submit("early", "hi")
    assert refused.value.after == 1.0
    wait_until(lambda: rig.pool.pids != [])
    wait_until(lambda: _accepts(rig))
    assert rig.html("later") == '<p dir="auto">hi</p>'


def _accepts(rig: Rig) -> bool:
    try:
        rig.submit("later", "hi")
    except SlowDown:
        return False
    return True


def test_stop_gives_back_the_texts_that_have_not_begun(make_rig: MakeRig) -> None:
    """The pool gives them back first, and then finishes the running text."""
    rig = make_rig(texts_per_batch=3, render_deadline=20)
    used = cpu_ticks(rig.warm_up())
    rig.submit("running", slow(1500))
    for number in range(10):
        rig.submit(f"waiting {number}", "hi")
    wait_until(lambda: cpu_ticks(rig.pool.pids[0]) > used + 5)
    rig.pool.stop(20)
    assert isinstance(rig.outcome("running"), Done)
    assert all(rig.outcomes[f"waiting {number}"] == (None, 0.0) for number in range(10))
    assert rig.order.index("waiting 9") < rig.order.index("running")
    assert rig.pool.pids == []


def test_stop_kills_running_texts_after_its_timeout(make_rig: MakeRig) -> None:
    """They are given back, and the pool refuses further texts."""
    rig = make_rig(render_deadline=60)
    rig.warm_up()
    rig.submit("running", ENDLESS)
    wait_until(lambda: cpu_ticks(rig.pool.pids[0]) > 5)
    begin = time.monotonic()
    rig.pool.stop(0.3)
    assert time.monotonic() - begin < 5
    assert rig.outcomes["running"] == (None, 0.0)
    with pytest.raises(SlowDown):
        rig.submit("late", "hi")
