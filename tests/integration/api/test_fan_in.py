"""Many tasks, shared previews, two replicas: each task ends once, whatever order things come in."""

import random
import threading
from collections import Counter
from collections.abc import Sequence

from splitflap_api.domain.changes import Row
from splitflap_api.domain.tasks import CHUNK
from splitflap_api.store import schema
from splitflap_core.contracts import JobOutcome

from asyncrequest import TaskState

from .conftest import MakeReplica
from .replica import Replica, rendered, scraped
from .tail import Tail

#: Tasks that wait for one preview, and for one of their own.
TASKS = 60
SHARED = "http://shared.example/"

#: Outcomes in one batch at most.
BATCH = 7


def in_batches(outcomes: Sequence[JobOutcome], seed: int) -> list[list[JobOutcome]]:
    """All of them, some twice, in an order of their own, in batches of many sizes."""
    choice = random.Random(seed)
    order = [*outcomes, *choice.sample(outcomes, len(outcomes) // 3)]
    choice.shuffle(order)
    batches = []
    while order:
        size = choice.randint(1, BATCH)
        batches.append(order[:size])
        del order[:size]
    return batches


def race(replicas: Sequence[Replica], outcomes: Sequence[JobOutcome]) -> list[Row]:
    """Every replica applies all outcomes, at the same time; the jobs that came of them."""
    made: list[Row] = []
    wrong: list[BaseException] = []

    def apply(replica: Replica, seed: int) -> None:
        try:
            for batch in in_batches(outcomes, seed):
                made.extend(replica.apply(*batch))
        except BaseException as error:  # noqa: BLE001 - shown by the test's thread
            wrong.append(error)

    threads = [
        threading.Thread(target=apply, args=(replica, seed))
        for seed, replica in enumerate(replicas)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
        assert not thread.is_alive()
    assert wrong == []
    return made


def render_outcomes(replica: Replica, tasks: Sequence[TaskState]) -> list[JobOutcome]:
    """A render of each task's text, with the shared link and one of its own."""
    return [
        rendered(replica.job(task), [SHARED, f"http://own.example/{number}"])
        for number, task in enumerate(tasks)
    ]


def test_racing_replicas_end_each_task_once(make_replica: MakeReplica) -> None:
    """Outcomes doubled and in any order: one job a URL, every task done once, events dense."""
    replicas = [make_replica(), make_replica()]
    one = replicas[0]
    with Tail(one.store) as tail:
        tasks = [one.post(f"post {number}") for number in range(TASKS)]
        scrapes = race(replicas, render_outcomes(one, tasks))
        assert Counter(job["subject"] for job in scrapes).most_common(1)[0][1] == 1
        assert len(scrapes) == TASKS + 1
        assert {one.task(task)["pending"] for task in tasks} == {2}
        race(replicas, [scraped(job) for job in scrapes])
        assert {one.task(task)["state"] for task in tasks} == {"done"}
        assert {one.task(task)["pending"] for task in tasks} == {0}
        seen = tail.until(len(one.rows(schema.events)))
    assert one.rows(schema.waiters) == one.rows(schema.jobs) == []
    finished = [each.count("splitflap_tasks_finished_total") for each in replicas]
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


def test_renders_and_previews_race(make_replica: MakeReplica) -> None:
    """The shared preview comes while later texts are still rendered: it is fresh for those."""
    replicas = [make_replica(), make_replica()]
    one = replicas[0]
    tasks = [one.post(f"post {number}") for number in range(TASKS)]
    outcomes = render_outcomes(one, tasks)
    [shared] = [job for job in one.apply(outcomes[0]) if job["subject"] == SHARED]
    made = race(replicas, [*outcomes[1:], scraped(shared)])
    left = one.rows(schema.jobs)
    assert {job["subject"] for job in made if job["subject"] == SHARED} == set()
    race(replicas, [scraped(job) for job in left])
    assert {one.task(task)["state"] for task in tasks} == {"done"}
    assert sum(each.count("splitflap_tasks_finished_total") for each in replicas) == TASKS


def test_preview_that_very_many_wait_for_is_told_in_chunks(replica: Replica) -> None:
    """The first chunk with the outcome, the rest in rounds; all are done in the end."""
    many = 2 * CHUNK + 200
    first = replica.post()
    [scrape] = replica.apply(rendered(replica.job(first), [SHARED]))
    with replica.store.write() as tx:
        template = replica.task(first)
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
    replica.apply(scraped(scrape))
    done = len(replica.rows(schema.tasks, state="done"))
    assert 0 < done <= CHUNK
    rounds = 0
    while replica.ingest.resume_completions():
        rounds += 1
    assert rounds >= 2
    assert len(replica.rows(schema.tasks, state="done")) == many + 1
    assert replica.rows(schema.waiters) == replica.rows(schema.completions) == []
