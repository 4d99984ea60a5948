"""Concurrent calls share a run, and each call gets its own answer or error."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from splitflap_api.loops import batcher, loop
from splitflap_api.loops.batcher import MAX_BATCH, Batcher, Stopped, TookTooLong
from splitflap_api.store.engine import is_conflict, is_outage
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tests.support import wait_until

PATIENCE = 30.0

Run = Callable[[Sequence[str]], Sequence[Any]]


class StateError(Exception):
    """A driver's error with its SQLSTATE, as psycopg has it."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


OUTAGE = OperationalError("INSERT", {}, Exception("the server is gone"))
CONFLICT = DBAPIError("INSERT", {}, StateError("40001"))


class GatedBatcher:
    """A batcher that notes its runs, and holds them while its gate is closed."""

    def __init__(self, run: Run) -> None:
        self.runs: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self._run = run
        self._callers = ThreadPoolExecutor(300)
        self.batcher: Batcher[str, Any] = Batcher("gated", self._noting, size_of=len)

    def _noting(self, questions: Sequence[str]) -> Sequence[Any]:
        self.runs.append(list(questions))
        assert self.gate.wait(PATIENCE)
        return self._run(questions)

    def ask(self, *questions: str) -> list["Future[Any]"]:
        """Ask all questions, each from a thread, while a first run keeps the batcher busy."""
        self.gate.clear()
        first = self._callers.submit(self.batcher, "first")
        wait_until(lambda: self.runs == [["first"]])
        asked = [self._callers.submit(self.batcher, question) for question in questions]
        wait_until(lambda: self.batcher.waiting == len(questions))
        self.runs.clear()
        self.gate.set()
        first.result(PATIENCE)
        return asked

    def close(self) -> None:
        """End all threads."""
        self.gate.set()
        self.batcher.stop(PATIENCE)
        self._callers.shutdown()


@pytest.fixture
def make_gated() -> Iterator[Callable[[Run], GatedBatcher]]:
    """Creates started batchers."""
    made: list[GatedBatcher] = []

    def make(run: Run) -> GatedBatcher:
        made.append(GatedBatcher(run))
        made[-1].batcher.start()
        return made[-1]

    yield make
    for gated in made:
        gated.close()


MakeGated = Callable[[Run], GatedBatcher]


def upper(questions: Sequence[str]) -> Sequence[Any]:
    """Answers that show their question."""
    return [question.upper() for question in questions]


def raising(error: Exception, *failing: str) -> Run:
    """A run that fails if its batch has one of these questions."""

    def run(questions: Sequence[str]) -> Sequence[Any]:
        if set(questions) & set(failing):
            raise error
        return upper(questions)

    return run


def test_concurrent_calls_share_a_run(make_gated: MakeGated) -> None:
    """The next run answers the calls of a busy time, each with its own answer."""
    gated = make_gated(upper)
    names = [f"q{number}" for number in range(40)]
    answers = [each.result(PATIENCE) for each in gated.ask(*names)]
    assert answers == [name.upper() for name in names]
    assert [len(run) for run in gated.runs] == [40]


def test_a_run_takes_a_bounded_number_of_calls(make_gated: MakeGated) -> None:
    """More calls are split over several runs."""
    gated = make_gated(upper)
    for each in gated.ask(*map(str, range(MAX_BATCH + 10))):
        each.result(PATIENCE)
    assert [len(run) for run in gated.runs] == [MAX_BATCH, 10]


def test_a_run_takes_calls_of_a_bounded_size(
    make_gated: MakeGated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred large texts in one statement would hold the process. A larger one runs alone."""
    monkeypatch.setattr(batcher, "MAX_SIZE", 10)
    gated = make_gated(lambda questions: questions)
    for each in gated.ask("aaaa", "aaaa", "aaaa", "a" * 20, "aa", "aaaaaaaa"):
        assert each.result(PATIENCE)
    sizes = [sorted(map(len, run)) for run in gated.runs]
    assert sorted(size for run in sizes for size in run) == [2, 4, 4, 4, 8, 20]
    assert [20] in sizes
    assert all(len(run) == 1 or sum(run) <= 10 for run in sizes)


def test_a_run_may_answer_one_call_with_an_error(make_gated: MakeGated) -> None:
    """The others get their answers from the same run."""
    gated = make_gated(lambda questions: [KeyError(q) if q == "b" else q for q in questions])
    a, b, c = gated.ask("a", "b", "c")
    assert (a.result(PATIENCE), c.result(PATIENCE)) == ("a", "c")
    with pytest.raises(KeyError):
        b.result(PATIENCE)
    assert len(gated.runs) == 1


def test_only_the_failing_call_of_a_batch_gets_the_error(make_gated: MakeGated) -> None:
    """After a failed run each call is tried alone."""
    gated = make_gated(raising(ValueError("bad"), "bad"))
    good, bad, fine = gated.ask("good", "bad", "fine")
    assert (good.result(PATIENCE), fine.result(PATIENCE)) == ("GOOD", "FINE")
    with pytest.raises(ValueError, match="bad"):
        bad.result(PATIENCE)
    assert sorted(map(len, gated.runs)) == [1, 1, 1, 3]


def test_an_outage_fails_the_whole_batch_at_once(make_gated: MakeGated) -> None:
    """The batcher queries the database once, and works again after the outage."""
    gated = make_gated(raising(OUTAGE, "a"))
    for each in gated.ask("a", "b", "c"):
        with pytest.raises(OperationalError):
            each.result(PATIENCE)
    assert len(gated.runs) == 1
    assert gated.batcher("d") == "D"


@pytest.mark.parametrize("others", [[], ["b"]])
def test_a_conflict_is_tried_again(make_gated: MakeGated, others: list[str]) -> None:
    """A call is tried alone three times, then its caller gets the error. The others succeed."""
    gated = make_gated(raising(CONFLICT, "a"))
    first, *rest = gated.ask("a", *others)
    with pytest.raises(DBAPIError):
        first.result(PATIENCE)
    assert [each.result(PATIENCE) for each in rest] == ["B"] * len(others)
    assert sum("a" in run for run in gated.runs) == 4


def test_a_call_is_answered_after_a_passing_conflict(make_gated: MakeGated) -> None:
    """The caller gets the answer of the later try."""
    times: list[int] = []

    def run(questions: Sequence[str]) -> Sequence[Any]:
        times.append(1)
        if len(times) <= 3:
            raise CONFLICT
        return upper(questions)

    assert make_gated(run).batcher("a") == "A"


def test_a_stop_answers_the_waiting_calls(make_gated: MakeGated) -> None:
    """The batcher refuses later calls."""
    gated = make_gated(upper)
    asked = gated.ask("a", "b")
    gated.batcher.stop(PATIENCE)
    assert [each.result(PATIENCE) for each in asked] == ["A", "B"]
    with pytest.raises(Stopped):
        gated.batcher("c")
    assert "gated" not in {thread.name for thread in threading.enumerate()}


def test_a_stop_answers_several_runs_of_waiting_calls(make_gated: MakeGated) -> None:
    """The stop also answers the calls behind a run in progress."""
    gated = make_gated(upper)
    gated.gate.clear()
    asked = [gated._callers.submit(gated.batcher, str(number)) for number in range(MAX_BATCH + 10)]
    wait_until(lambda: sum(map(len, gated.runs)) + gated.batcher.waiting == MAX_BATCH + 10)
    threading.Timer(0.05, gated.gate.set).start()
    gated.batcher.stop(PATIENCE)
    assert [each.result(PATIENCE) for each in asked] == list(map(str, range(MAX_BATCH + 10)))


def test_a_batcher_can_be_stopped_before_its_start() -> None:
    """A process without a database does this."""
    gated = GatedBatcher(upper)
    gated.batcher.stop(PATIENCE)
    with pytest.raises(Stopped):
        gated.batcher("a")


def test_a_call_gets_an_error_after_the_longest_wait(
    make_gated: MakeGated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run does not return. The error leaves open whether the work was done."""
    monkeypatch.setattr(batcher, "MAX_WAIT", 0.05)
    gated = make_gated(upper)
    gated.gate.clear()
    expiry = batcher.expiry_of(gated.batcher)
    expiry.start()
    with pytest.raises(TookTooLong):
        gated.batcher("a")
    expiry.stop(PATIENCE)


@pytest.fixture
def lone() -> Iterator[tuple[Batcher[str, Any], list[list[str]], threading.Event]]:
    """A batcher with inline runs, its runs, and the gate that holds them."""
    runs: list[list[str]] = []
    gate = threading.Event()
    gate.set()

    def run(questions: Sequence[str]) -> Sequence[Any]:
        runs.append(list(questions))
        assert gate.wait(PATIENCE)
        return [KeyError(each) if each == "bad" else each.upper() for each in questions]

    made: Batcher[str, Any] = Batcher("lone", run, inline_when_idle=True)
    made.start()
    yield made, runs, gate
    gate.set()
    made.stop(PATIENCE)


def test_a_busy_batcher_is_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under load calls never stop waiting, so one iteration goes on for minutes."""
    monkeypatch.setattr(loop, "STUCK_AFTER", 0.2)
    stop = threading.Event()

    def run(questions: Sequence[int]) -> Sequence[int]:
        time.sleep(0.005)
        return questions

    busy: Batcher[int, int] = Batcher("busy", run)
    busy.start()

    def ask() -> None:
        while not stop.is_set():
            busy(1)

    with ThreadPoolExecutor(20) as callers:
        asking = [callers.submit(ask) for _ in range(20)]
        complaints = set()
        for _ in range(30):
            time.sleep(0.05)
            complaints.add(busy.complaint())
        stop.set()
        for each in asking:
            each.result(PATIENCE)
    busy.stop(PATIENCE)
    assert complaints == {None}


def test_a_single_call_runs_inline(
    lone: tuple[Batcher[str, Any], list[list[str]], threading.Event],
) -> None:
    """The call gets its own answer or error. After a stop the batcher refuses it."""
    batcher, runs, _gate = lone
    assert batcher("a") == "A"
    with pytest.raises(KeyError):
        batcher("bad")
    assert batcher("b") == "B"
    batcher.stop(PATIENCE)
    with pytest.raises(Stopped):
        batcher("c")
    assert runs == [["a"], ["bad"], ["b"]]


def test_a_stop_waits_for_an_inline_run() -> None:
    """The database closes right after the stop."""
    begun = threading.Event()
    ended: list[str] = []

    def run(questions: Sequence[str]) -> Sequence[Any]:
        begun.set()
        time.sleep(0.1)
        ended.extend(questions)
        return questions

    batcher: Batcher[str, Any] = Batcher("lone", run, inline_when_idle=True)
    batcher.start()
    with ThreadPoolExecutor(1) as callers:
        asked = callers.submit(batcher, "a")
        assert begun.wait(PATIENCE)
        batcher.stop(PATIENCE)
        assert ended == ["a"]
        assert asked.result(PATIENCE) == "a"


def test_calls_beside_an_inline_run_share_a_run(
    lone: tuple[Batcher[str, Any], list[list[str]], threading.Event],
) -> None:
    """One call runs inline. Later calls share a run, and either run may end first."""
    batcher, runs, gate = lone
    gate.clear()
    with ThreadPoolExecutor(50) as callers:
        first = callers.submit(batcher, "first")
        wait_until(lambda: runs == [["first"]])
        second = callers.submit(batcher, "second")
        wait_until(lambda: len(runs) == 2)
        others = [callers.submit(batcher, f"q{number}") for number in range(20)]
        wait_until(lambda: batcher.waiting == 20)
        gate.set()
        assert [each.result(PATIENCE) for each in (first, second)] == ["FIRST", "SECOND"]
        assert {each.result(PATIENCE) for each in others} == {f"Q{n}" for n in range(20)}
    assert sorted(map(len, runs)) == [1, 1, 20]


@pytest.mark.parametrize(
    ("error", "outage", "conflict"),
    [
        (OUTAGE, True, False),
        (PoolTimeout(), True, False),
        (DBAPIError("", {}, Exception(), connection_invalidated=True), True, False),
        (CONFLICT, False, True),
        (OperationalError("", {}, StateError("40P01")), False, True),
        (OperationalError("", {}, StateError("57P01")), True, False),
        (IntegrityError("", {}, StateError("23505")), False, False),
        (ValueError("x"), False, False),
    ],
)
def test_errors_are_outages_conflicts_or_neither(
    error: Exception, outage: bool, conflict: bool
) -> None:
    """The cause is the database, another transaction, or the data."""
    assert (is_outage(error), is_conflict(error)) == (outage, conflict)
