"""Many tasks, shared previews, two replicas: each task ends once, in any order of outcomes."""

import random
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress

import pytest
from splitflap_api.domain import fan_in
from splitflap_api.domain.changes import Row
from splitflap_api.domain.fan_in import CHUNK
from splitflap_api.domain.jobs import locks
from splitflap_api.domain.previews import FetchPreview
from splitflap_api.store import schema
from splitflap_core.contracts import JobOutcome
from sqlalchemy import Connection

from asyncrequest import TaskState
from tests.unit.api.rig import Rig, rendered, scraped

from .conftest import MakeRig
from .tail import Tail

#: Tasks with the shared preview and one of their own.
TASKS = 60
SHARED = "http://shared.example/"

#: Most outcomes in one batch.
BATCH = 7


def in_batches(outcomes: Sequence[JobOutcome], seed: int) -> list[list[JobOutcome]]:
    """All outcomes, some of them twice, in random order, in batches of random sizes."""
    choice = random.Random(seed)
    order = [*outcomes, *choice.sample(outcomes, len(outcomes) // 3)]
    choice.shuffle(order)
    batches = []
    while order:
        size = choice.randint(1, BATCH)
        batches.append(order[:size])
        del order[:size]
    return batches


def race(replicas: Sequence[Rig], outcomes: Sequence[JobOutcome]) -> list[Row]:
    """Let every replica apply all outcomes at the same time, and return the new jobs."""
    made: list[Row] = []
    wrong: list[BaseException] = []

    def apply(rig: Rig, seed: int) -> None:
        try:
            for batch in in_batches(outcomes, seed):
                made.extend(rig.apply(*batch))
        except BaseException as error:  # noqa: BLE001 - shown by the test's thread
            wrong.append(error)

    threads = [
        threading.Thread(target=apply, args=(rig, seed)) for seed, rig in enumerate(replicas)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
        assert not thread.is_alive()
    assert wrong == []
    return made


def render_outcomes(rig: Rig, tasks: Sequence[TaskState]) -> list[JobOutcome]:
    """A render of each task's text, with the shared link and one of its own."""
    return [
        rendered(rig.job(task), [SHARED, f"http://own.example/{number}"])
        for number, task in enumerate(tasks)
    ]


def test_racing_replicas_end_each_task_once(make_rig: MakeRig) -> None:
    """Some outcomes come twice, in any order. There is one job per URL, and no gap in event ids."""
    replicas = [make_rig(), make_rig()]
    one = replicas[0]
    with Tail(one.store) as tail:
        tasks = [one.post(f"post {number}") for number in range(TASKS)]
        scrapes = race(replicas, render_outcomes(one, tasks))
        assert Counter(job["subject"] for job in scrapes).most_common(1)[0][1] == 1
        assert len(scrapes) == TASKS + 1
        assert {one.task(task)["pending"] for task in tasks} == {2}
        race(replicas, [scraped(job) for job in scrapes])
        assert {one.task(task)["state"] for task in tasks} == {"split"}
        assert {one.task(task)["pending"] for task in tasks} == {0}
        seen = tail.until(len(one.rows(schema.events)))
    assert one.rows(schema.waiters) == one.rows(schema.jobs) == []
    finished = [each.metric("splitflap_tasks_finished_total") for each in replicas]
    assert sum(finished) == TASKS
    assert tail.least_pending >= 0
    assert seen == list(range(1, len(seen) + 1))
    kinds = Counter(row["kind"] for row in one.rows(schema.events))
    assert kinds == {
        "accepted": TASKS,
        "rendered": TASKS,
        "preview": 2 * TASKS,
        "done": TASKS,
    }


def test_renders_and_previews_race(make_rig: MakeRig) -> None:
    """The shared preview comes before the later renders, which find it fresh."""
    replicas = [make_rig(), make_rig()]
    one = replicas[0]
    tasks = [one.post(f"post {number}") for number in range(TASKS)]
    outcomes = render_outcomes(one, tasks)
    [shared] = [job for job in one.apply(outcomes[0]) if job["subject"] == SHARED]
    made = race(replicas, [*outcomes[1:], scraped(shared)])
    left = one.rows(schema.jobs)
    assert {job["subject"] for job in made if job["subject"] == SHARED} == set()
    race(replicas, [scraped(job) for job in left])
    assert {one.task(task)["state"] for task in tasks} == {"split"}
    assert sum(each.metric("splitflap_tasks_finished_total") for each in replicas) == TASKS


def test_many_waiters_end_in_chunks(rig: Rig) -> None:
    """The first chunk ends with the outcome, the rest in later transactions."""
    many = 2 * CHUNK + 200
    first = rig.post()
    [scrape] = rig.apply(rendered(rig.job(first), [SHARED]))
    with rig.store.write() as tx:
        template = rig.task(first)
        copies = [
            template | {"id": f"01890a5d-ac96-774b-bcce-{number:012x}", "subject": SHARED}
            for number in range(many)
        ]
        tx.execute(
            schema.tasks.insert(),
            [copy | {"finish": "fetched_preview", "revision": None} for copy in copies],
        )
        waiting = [{"job_id": scrape["id"], "task_id": copy["id"]} for copy in copies]
        tx.execute(schema.waiters.insert(), waiting)
    rig.apply(scraped(scrape))
    done = len(rig.rows(schema.tasks, pending=0))
    assert 0 < done <= CHUNK
    rounds = 0
    while rig.ingest.resume_completions():
        rounds += 1
    assert rounds >= 2
    assert len(rig.rows(schema.tasks, pending=0)) == many + 1
    assert rig.rows(schema.waiters) == rig.rows(schema.completions) == []


def test_each_waiter_of_a_chunked_scrape_ends_once(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chunk has two waiters here."""
    monkeypatch.setattr(fan_in, "CHUNK", 2)
    states = [rig.accept(FetchPreview(SHARED)) for _ in range(5)]
    rig.scraped(rig.row("jobs"))
    assert sum(rig.final(state) is not None for state in states) == 2
    while rig.ingest.resume_completions():
        pass
    assert all(rig.final(state) is not None for state in states)
    assert rig.count("completions") == rig.count("waiters") == 0


def test_two_replicas_take_different_waiters_of_a_chunked_scrape(
    make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both would count one waiter. The second post would end before its own preview."""
    monkeypatch.setattr(fan_in, "CHUNK", 1)
    replicas = [make_rig(), make_rig()]
    one = replicas[0]
    first, second = one.post("first"), one.post("second")
    [shared] = one.apply(rendered(one.job(first), [SHARED]))
    [own] = one.apply(rendered(one.job(second), [SHARED, "http://own.example/"]))
    one.scraped(shared)
    assert one.final(first) is not None
    together(replicas, monkeypatch)
    assert one.task(second)["pending"] == 1
    assert one.final(second) is None
    assert one.kinds().count("preview") == 2
    one.scraped(own)
    assert one.body(second)["state"] == "complete"


def together(replicas: Sequence[Rig], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all replicas resume completions: each waits for the others before it locks tasks."""
    barrier = threading.Barrier(len(replicas), timeout=1)

    def lock_tasks(tx: Connection, ids: Iterable[str]) -> list[Row]:
        with suppress(threading.BrokenBarrierError):
            barrier.wait()
        return locks.lock_tasks(tx, ids)

    monkeypatch.setattr(fan_in, "lock_tasks", lock_tasks)
    threads = [threading.Thread(target=each.ingest.resume_completions) for each in replicas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    for each in replicas:
        each.number()
