"""Accepting, polling, listing and finishing in a database with many finished posts.

The baseline is the same release on a database with ten thousand posts. Both run all the time, each
with an API and a renderer, and get their load in turn for a few seconds each, so that both meet the
same machine. The second table has the statements that read more of the larger database. Then some
tasks become due, and the same is measured while those are deleted.

`--posts 10000000` fills the database with short texts, and needs 25 GB of disk below TMPDIR.
"""

import argparse
import time
from dataclasses import dataclass

from benchmarks.api.growth.fill import SHORT_TEXT, TEXT, fill
from benchmarks.api.growth.statements import SETTINGS, costs, grown, start_counting
from benchmarks.harness.bench import KEY, Bench, RunningApi, bench, create_post
from benchmarks.harness.database import database_cpu_seconds, execute, query, wait_drained
from benchmarks.harness.pace import PacedLoad, paced, request
from benchmarks.harness.table import Line, Target, at_least, at_most, note, show
from benchmarks.harness.wrk import closed_loop

#: Finished posts of the two databases.
POSTS = 1_000_000
BASELINE = 10_000

#: Posts from which the texts are short.
MANY = 5_000_000

#: Tasks that become due: as many at each size, so that the run has the same length.
DUE = 200_000

ROUNDS = 5

#: Seconds of a load, and of the polls before it; connections of the load.
SECONDS = 5
CONNECTIONS = 32

#: Polls, and pages of lists, per second.
POLLS = 100.0

#: Seconds until all accepted posts must be finished.
DRAIN_TIMEOUT = 120.0

#: A statement has grown if it reads twice the buffers, and at least so many more.
GROWN, MORE = 2.0, 20.0

#: Makes the oldest finished tasks due for deletion.
_AGE = """
UPDATE tasks SET expires_at = 1 WHERE id IN (
    SELECT id FROM tasks WHERE state <> 'running' ORDER BY expires_at LIMIT {due})
"""


@dataclass(frozen=True)
class Installation:
    """A database with its API."""

    api: RunningApi
    environ: dict[str, str]


class Lines:
    """The lines of one comparison. During deletion they have no targets: that is more work."""

    def __init__(self, when: str, least: Target | None = None, most: Target | None = None) -> None:
        self.accepted = Line(f"202s per second{when}", least)
        self.cpu = Line("  CPU us of the API per 202, until done", most)
        self.database = Line("  CPU us of the database per 202, until done", most)
        self.finished = Line("  posts per second until all are finished", least)
        self.poll = Line("  p50 ms of GET /v1/tasks/{id}, idle", most)
        self.poll_p99 = Line("  p99 ms of the same")
        self.page = Line("  p50 ms of a page of 20 posts", most)
        self.all = (
            *(self.accepted, self.cpu, self.database, self.finished),
            *(self.poll, self.poll_p99, self.page),
        )

    def measure(self, it: Bench, aged: Installation, new: Installation) -> None:
        """Run one round on both, and add its figures."""
        rounds = zip(self.all, _round(it, aged), _round(it, new), strict=True)
        for line, subject, baseline in rounds:
            line.add(subject, baseline)


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=POSTS)
    posts = parser.parse_args().posts
    with bench(servers=True, **SETTINGS) as it:
        old, new = it.backend(), it.backend()
        note(f"aged: filling a database with {posts} finished posts")
        began = time.monotonic()
        fill(old, posts, SHORT_TEXT if posts >= MANY else TEXT)
        fill(new, BASELINE, TEXT)
        note(f"aged: filled in {time.monotonic() - began:.0f} s")
        with (
            it.api(old) as api,
            it.renderer(old),
            it.api(new) as new_api,
            it.renderer(new),
        ):
            lines = _measure(it, Installation(api, old), Installation(new_api, new))
    show(f"aged: a database with {posts} finished posts, by one with {BASELINE}", *lines)


def _measure(it: Bench, aged: Installation, new: Installation) -> list[Line]:
    at_rest = Lines("", at_least(0.9), at_most(1.1))
    deleting = Lines(", while old tasks are deleted")
    deleted = Line("tasks deleted per second meanwhile")
    for each in (aged, new):
        closed_loop(each.api, it.folder, 2, CONNECTIONS)
        wait_drained(each.environ, DRAIN_TIMEOUT)
    for each in (aged, new):
        start_counting(each.environ)
    for number in range(ROUNDS):
        note(f"aged, at rest: round {number + 1} of {ROUNDS}")
        at_rest.measure(it, aged, new)
    _show_grown(aged, new)
    execute(aged.environ, _AGE.format(due=DUE))
    before, began = _due(aged), time.monotonic()
    while (due := _due(aged)) > 0:
        note(f"aged: {due} tasks are due for deletion")
        deleting.measure(it, aged, new)
        deleted.subjects = [(before - _due(aged)) / (time.monotonic() - began)]
    return [*at_rest.all, *deleting.all, deleted]


def _round(it: Bench, installation: Installation) -> tuple[float, ...]:
    """One figure for each of the lines."""
    api = installation.api
    gets = [request("GET", create_post(api, "a post").headers["Location"], KEY) for _ in range(20)]
    wait_drained(installation.environ, DRAIN_TIMEOUT)
    polls = paced(PacedLoad(api.port, POLLS, SECONDS, 4, gets)).of(201)
    page = request("GET", "/v1/posts?limit=20", KEY)
    pages = paced(PacedLoad(api.port, POLLS, SECONDS, 4, [page])).of(200)
    cpu, began, count = api.cpu(), time.monotonic(), _finished(installation)
    database = database_cpu_seconds(installation.environ)
    loop = closed_loop(api, it.folder, SECONDS, CONNECTIONS)
    assert loop.refused == 0, loop
    wait_drained(installation.environ, DRAIN_TIMEOUT)
    finished = (_finished(installation) - count) / (time.monotonic() - began)
    cpu_us = (api.cpu() - cpu) / loop.requests * 1e6
    database_us = (database_cpu_seconds(installation.environ) - database) / loop.requests * 1e6
    latencies = polls.quantile(0.5), polls.quantile(0.99), pages.quantile(0.5)
    return loop.rate, cpu_us, database_us, finished, *latencies


def _show_grown(aged: Installation, new: Installation) -> None:
    """Print the statements that cost more in the larger database."""
    found = grown(costs(new.environ), costs(aged.environ), GROWN, MORE)
    print(f"\n{len(found)} statements read more than {GROWN:g} times the buffers")
    for statement, (small, large) in found.items():
        print(f"- {small.buffers:.0f} -> {large.buffers:.0f}, {large.ms:.2f} ms: {statement[:300]}")


def _finished(installation: Installation) -> int:
    return int(installation.api.metric('splitflap_tasks_finished_total{status="201"}'))


def _due(installation: Installation) -> int:
    statement = "SELECT count(*) FROM tasks WHERE expires_at = 1"
    return int(query(installation.environ, statement)[0])


if __name__ == "__main__":
    main()
