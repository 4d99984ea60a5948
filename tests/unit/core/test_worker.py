"""The worker loop, on the embedded broker, with a pool of the test.

The rig reads private attributes of worker and link: a pause and an unsettled delivery show nowhere
else.
"""

import errno
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from splitflap_core import topology, worker
from splitflap_core.broker import Delivery, Subscription
from splitflap_core.broker.messages import ReceivedMessage
from splitflap_core.contracts import (
    Job,
    JobOutcome,
    Kind,
    RenderRequest,
    RenderResult,
    decode_job_outcome,
    encode,
)
from splitflap_core.kinds import RENDER
from splitflap_core.outcomes import Begun, Done, Failed, Outcome, RetryLater, SlowDown
from splitflap_core.telemetry import Metrics
from splitflap_core.trace import continued
from splitflap_core.worker import REDELIVERED_AFTER, Begin, Finish, Worker

from tests.support.peer import Peer, embedded_broker

DONE = Done(msgspec.Raw(encode(RenderResult("<p>hi</p>", []))))


class FakePool:
    """Keeps the submitted jobs until the test finishes them."""

    slots = 3

    def __init__(self) -> None:
        self.taken: list[tuple[Job, RenderRequest, Finish]] = []
        self.begins: list[Begin | None] = []
        self.express: list[bool] = []
        self.refuse: SlowDown | None = None
        self.events: list[str] = []
        self.at_stop: Callable[[], None] = lambda: None

    def start(self) -> None:
        self.events.append("start")

    def submit(
        self,
        job: Job,
        request: RenderRequest,
        finish: Finish,
        begin: Begin | None = None,
        *,
        express: bool = False,
    ) -> None:
        if self.refuse and not express:
            raise self.refuse
        self.taken.append((job, request, finish))
        self.express.append(express)
        self.begins.append(begin)

    def stop(self, timeout: float) -> None:
        self.events.append("stop")
        self.at_stop()

    def complaint(self) -> str | None:
        return None


class Rig:
    """A worker, and a peer in the place of the API."""

    def __init__(self, folder: Path) -> None:
        self.pool = FakePool()
        self.metrics = Metrics("renderer")
        backend = embedded_broker(folder)
        self.worker = Worker(RENDER, self.pool, backend, self.metrics, 5, express_prefetch=2)
        everything = (
            topology.RESULTS_QUEUE,
            topology.EXPRESS_RESULTS_QUEUE,
            topology.DEAD_QUEUE,
        )
        subscriptions = [Subscription(queue, 100) for queue in everything]
        self.api = Peer(backend, *subscriptions, acks=True).started()
        self.worker.start()
        self.link = self.worker._normal.link
        self.api.wait(lambda: self.link.up, "the worker")
        self.folder = folder / "broker"

    def submit(
        self,
        name: str,
        *,
        kind: Kind = "render",
        traceparent: str | None = None,
        queue: str = "render",
    ) -> Job:
        """Publish a job."""
        payload = msgspec.Raw(encode(RenderRequest(name)))
        job = Job(name, kind, 2, time.time(), payload, task="task", traceparent=traceparent)
        self.api.send(encode(job), key=queue)
        return job

    def taken(self, count: int = 1) -> list[tuple[Job, RenderRequest, Finish]]:
        """Wait until the pool has `count` jobs, and return them."""
        self.api.wait(lambda: len(self.pool.taken) >= count, f"{count} jobs")
        return self.pool.taken

    def finish(self, outcome: Outcome | None, took: float = 0.25) -> None:
        """Finish the last job from another thread, as pools do."""
        threading.Thread(target=self.taken()[-1][2], args=(outcome, took)).start()

    def outcome(self, queue: str = "results") -> JobOutcome:
        """Wait for the last outcome at the API."""
        return decode_job_outcome(self.answer(queue).body)

    def answer(self, queue: str) -> Delivery:
        """Wait for a message in a queue, and return the last one."""
        self.api.wait(lambda: bool(self.answers(queue)), f"a message in {queue}")
        return self.answers(queue)[-1]

    def answers(self, queue: str) -> list[Delivery]:
        """The messages of a queue so far."""
        return [each for each in self.api.deliveries if each.received.queue == queue]

    def metric(self, name: str, *labels: str) -> float:
        """The value of a metric."""
        found: Any = self.metrics._metrics[name]
        value: float = found.labels(*labels)._value.get()
        return value

    @property
    def unsettled(self) -> int:
        """The number of deliveries that the worker has yet to settle."""
        session: Any = self.link._session
        return sum(map(len, session._held.values()))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A running worker."""
    rig = Rig(tmp_path)
    yield rig
    rig.worker.stop(0.5)
    rig.api.link.stop(0.5)


def test_a_broker_that_stores_no_outcome_gets_a_pause(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its disk is full. Without the pause the jobs would be computed again and again.

    Each pause is longer than the last one, up to a bound. The first stored outcome ends that.
    """
    monkeypatch.setattr(worker, "REFUSED_PAUSES", (0.1, 0.3))
    session: Any = rig.link._session
    put = session._put
    session._put = disk_full
    pauses: list[float] = []
    monkeypatch.setattr(rig.link, "pause", noted(pauses, rig.link.pause))
    rig.submit("job")
    for number in range(1, 5):
        rig.taken(number)
        rig.finish(DONE)
    rig.api.wait(lambda: len(pauses) == 4, "the pauses")
    assert pauses == [0.1, 0.2, 0.3, 0.3]
    session._put = put
    rig.taken(5)
    rig.finish(DONE)
    assert rig.outcome().outcome == DONE
    session._put = disk_full
    rig.submit("next")
    rig.taken(6)
    rig.finish(DONE)
    rig.api.wait(lambda: len(pauses) == 5, "the pause")
    assert pauses[-1] == 0.1


def test_the_jobs_of_one_refusal_make_one_pause(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their number does not count."""
    session: Any = rig.link._session
    session._put = disk_full
    pauses: list[float] = []
    monkeypatch.setattr(rig.link, "pause", noted(pauses, rig.link.pause))
    for name in "abc":
        rig.submit(name)
    for _, _, finish in rig.taken(3):
        finish(DONE, 0.1)
    rig.api.wait(lambda: rig.unsettled == 0, "the requeues")
    assert pauses == [worker.REFUSED_PAUSES[0]]


def disk_full(*_: object) -> None:
    """What a session gets from a full disk."""
    raise OSError(errno.ENOSPC, "No space left on device")


def noted(seconds: list[float], pause: Callable[[float], None]) -> Callable[[float], None]:
    """The function, with a note of each call."""

    def noting(each: float) -> None:
        seconds.append(each)
        pause(each)

    return noting


def test_an_outcome_is_published_before_its_job_is_acked(rig: Rig) -> None:
    """The outcome has the ids, the attempt and the trace of the job."""
    parent = continued(None)
    rig.submit("job", traceparent=parent)
    job, request, _ = rig.taken()[0]
    assert (job.id, request.text) == ("job", "job")
    assert rig.unsettled == 1
    assert rig.metric("splitflap_jobs_in_flight", "render") == 1
    rig.finish(DONE)
    found = rig.outcome()
    assert found.outcome == DONE
    assert (found.job, found.kind, found.attempt, found.task) == ("job", "render", 2, "task")
    assert (found.took, found.traceparent) == (0.25, parent)
    rig.api.wait(lambda: rig.unsettled == 0, "the ack")
    assert rig.metric("splitflap_jobs_in_flight", "render") == 0
    assert rig.metric("splitflap_jobs_computed_total", "render", "done") == 1


@pytest.mark.parametrize(
    "outcome", [RetryLater(1.5, "busy"), Failed("broken", "why", 60.0)], ids=["later", "failed"]
)
def test_outcomes_reach_the_api_unchanged(rig: Rig, outcome: Outcome) -> None:
    """All kinds of outcome are acked alike."""
    rig.submit("job")
    rig.finish(outcome)
    assert rig.outcome().outcome == outcome
    rig.api.wait(lambda: rig.unsettled == 0, "the ack")


def test_a_job_given_back_is_requeued(rig: Rig) -> None:
    """The pool finishes it with None. The API gets no outcome."""
    job = rig.submit("job")
    rig.finish(None)
    assert rig.taken(2)[1][0] == job
    rig.finish(DONE)
    assert rig.outcome().outcome == DONE
    assert len(rig.api.deliveries) == 1
    assert rig.metric("splitflap_jobs_in_flight", "render") == 0


def test_slow_down_pauses_the_deliveries(rig: Rig) -> None:
    """The worker holds the refused job, and submits it first after the pause."""
    rig.pool.refuse = SlowDown(0.6, "too much")
    rig.submit("job")
    rig.api.wait(lambda: rig.link._paused_until > 0, "the pause")
    assert rig.unsettled == 1
    rig.pool.refuse = None
    begin = time.monotonic()
    rig.submit("other")
    assert [job.id for job, _, _ in rig.taken(2)] == ["job", "other"]
    assert 0.3 < time.monotonic() - begin < 3
    assert rig.metric("splitflap_jobs_in_flight", "render") == 2
    assert not rig.api.deliveries


def test_a_full_pool_does_not_hold_up_express_jobs(rig: Rig) -> None:
    """They have slots of their own. The worker still holds the refused normal job."""
    rig.pool.refuse = SlowDown(60, "too much")
    rig.submit("normal")
    rig.api.wait(lambda: rig.link._paused_until > 0, "the pause")
    rig.submit("express", queue="render.express")
    assert [job.id for job, _, _ in rig.taken()] == ["express"]
    assert rig.pool.express == [True]
    rig.finish(DONE)
    assert rig.outcome("results.express").job == "express"
    assert rig.unsettled == 1


def test_the_prefetch_of_the_express_queue_stays(rig: Rig) -> None:
    """The worker holds as many express jobs as before the normal prefetch fell to one."""
    rig.worker.set_prefetch(1)
    for name in "abc":
        rig.submit(name, queue="render.express")
    rig.taken(2)
    rig.submit("normal")
    assert [job.id for job, _, _ in rig.taken(3)] == ["a", "b", "normal"]
    rig.pool.taken[0][2](DONE, 0.1)
    assert [job.id for job, _, _ in rig.taken(4)][3] == "c"
    assert rig.pool.express == [True, True, False, True]


def test_a_stop_gives_express_jobs_back(rig: Rig) -> None:
    """The pool gives them back, and another worker gets them."""
    rig.submit("job", queue="render.express")
    [(_, _, finish)] = rig.taken()
    rig.pool.at_stop = lambda: finish(None, 0.0)
    rig.worker.stop(5)
    rig.pool.at_stop = lambda: None
    assert len(list((rig.folder / "render.express").iterdir())) == 1


def test_an_outcome_says_how_many_jobs_its_worker_computes_at_a_time(rig: Rig) -> None:
    """The API publishes as many jobs as all workers can hold."""
    rig.submit("job", queue="render.express")
    rig.finish(DONE)
    assert rig.outcome("results.express").slots == rig.pool.slots


def test_a_stop_requeues_the_held_jobs(rig: Rig) -> None:
    """The broker has them for another worker."""
    rig.pool.refuse = SlowDown(60, "too much")
    rig.submit("job")
    rig.api.wait(lambda: rig.link._paused_until > 0, "the pause")
    rig.worker.stop(1)
    assert len(list((rig.folder / "render").iterdir())) == 1
    assert not rig.api.deliveries


@pytest.mark.parametrize(
    "body",
    [b"text", b"\xff", b'{"version": 2}', b'{"version": 1}', b"[" * 100_000],
    ids=["text", "bytes", "version", "fields", "deep"],
)
def test_a_malformed_message_becomes_a_dead_letter(rig: Rig, body: bytes) -> None:
    """The dead letter has the body, the queue and the reason."""
    rig.api.send(body)
    dead = rig.answer("dead")
    assert dead.body == body
    assert dead.received.headers["splitflap-queue"] == "render"
    assert dead.received.headers["splitflap-reason"]
    rig.api.wait(lambda: rig.unsettled == 0, "the ack")
    assert not rig.pool.taken


def test_a_job_in_the_wrong_queue_becomes_a_dead_letter(rig: Rig) -> None:
    """The pool never gets it."""
    rig.submit("job", kind="scrape")
    assert "scrape job" in rig.answer("dead").received.headers["splitflap-reason"]


def test_a_job_with_an_outcome_that_cannot_be_encoded_fails(rig: Rig) -> None:
    """An example is text with half a surrogate pair. A job without an outcome would never end."""
    rig.submit("job")
    rig.finish(Failed("broken", "\ud800"))
    outcome = rig.outcome().outcome
    assert isinstance(outcome, Failed)
    assert (outcome.reason, "no JSON" in outcome.detail) == ("broken", True)
    rig.api.wait(lambda: rig.unsettled == 0, "the ack")


@pytest.mark.parametrize(("deliveries", "tried"), [(1, True), (2, False)])
def test_a_job_redelivered_too_often_gets_retry_later(
    rig: Rig, deliveries: int, tried: bool
) -> None:
    """The third delivery could crash the worker again."""
    job = Job("job", "render", 1, time.time(), msgspec.Raw(b'{"text":""}'))
    received = ReceivedMessage("no tag", "render", encode(job), {}, deliveries)
    # The embedded broker counts no deliveries, so the message goes straight to the worker.
    rig.worker._normal._deliver(Delivery(rig.link, -1, received))
    assert bool(rig.pool.taken) == tried
    if not tried:
        outcome = rig.outcome().outcome
        assert isinstance(outcome, RetryLater)
        assert (outcome.reason, outcome.progress) == ("redelivered", "untouched")
        assert REDELIVERED_AFTER[0] <= outcome.after <= REDELIVERED_AFTER[1]
        samples = rig.metrics.exposition().decode()
        assert 'splitflap_job_service_seconds_count{kind="render"} 0.0' in samples


@pytest.mark.parametrize(
    ("deliveries", "report_begun", "reports"),
    [(0, msgspec.UNSET, False), (1, msgspec.UNSET, True), (0, True, True)],
    ids=["first", "redelivered", "begun before"],
)
def test_the_begin_of_a_job_that_came_back_is_reported(
    rig: Rig, deliveries: int, report_begun: bool | msgspec.UnsetType, reports: bool
) -> None:
    """The report comes when the pool begins the job, before the outcome. A first delivery has none.

    The worker holds other jobs meanwhile, and these are no attempts.
    """
    job = Job(
        "job", "render", 1, time.time(), msgspec.Raw(b'{"text":""}'), report_begun=report_begun
    )
    received = ReceivedMessage("no tag", "render", encode(job), {}, deliveries)
    rig.worker._normal._deliver(Delivery(rig.link, -1, received))
    [begin] = rig.pool.begins
    assert (begin is not None) == reports
    assert not rig.api.deliveries
    if begin:
        begin()
        found = rig.outcome()
        assert (found.outcome, found.job, found.attempt) == (Begun(), "job", 1)


def test_a_stop_publishes_the_last_outcomes_before_it_closes(rig: Rig) -> None:
    """Deliveries end, the pool ends, outcomes are acked, and the link closes."""
    rig.submit("running")
    rig.submit("given back")
    rig.taken(2)

    def end() -> None:
        assert rig.link.up
        finish = {job.id: finish for job, _, finish in rig.pool.taken}
        finish["running"](DONE, 0.1)
        finish["given back"](None, 0.0)

    rig.pool.at_stop = end
    rig.worker.stop(5)
    rig.pool.at_stop = lambda: None
    assert not rig.link.up
    assert rig.pool.events == ["start", "stop"]
    assert rig.outcome().job == "running"
    assert len(list((rig.folder / "render").iterdir())) == 1


def test_a_job_is_requeued_if_the_broker_refuses_its_outcome(rig: Rig, tmp_path: Path) -> None:
    """Another attempt computes the outcome again."""
    rig.submit("job")
    rig.taken()
    results = rig.folder / "results"
    results.rename(tmp_path / "away")
    results.touch()  # a file in the folder's place: nothing can be written
    rig.finish(DONE)
    rig.taken(2)
    results.unlink()
    (tmp_path / "away").rename(results)
    rig.api.wait(lambda: rig.link.up, "the link")
    assert not rig.api.deliveries
