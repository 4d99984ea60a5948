"""Accepting, polling and finishing in a database with a million finished tasks.

The baseline is the same release on a new database. Both run all the time, each with an API and a
renderer, and get their load in turn for a few seconds each, so that both meet the same machine.
Then a fifth of the million becomes due, and the same is measured while those are deleted.
"""

import time
from dataclasses import dataclass

from benchmarks.harness.bench import KEY, Bench, RunningApi, bench, create_post
from benchmarks.harness.database import execute, query, wait_drained
from benchmarks.harness.pace import PacedLoad, paced, request
from benchmarks.harness.table import Line, Target, at_least, at_most, note, show
from benchmarks.harness.wrk import closed_loop

TASKS = 1_000_000
DUE = TASKS // 5

ROUNDS = 5

#: Seconds of a load, and of the polls before it; connections of the load.
SECONDS = 5
CONNECTIONS = 32

#: Polls per second.
POLLS = 100.0

#: Seconds until all accepted posts must be finished.
DRAIN_TIMEOUT = 120.0

#: Finished tasks as the service leaves them, each with its post, spread over the last day. The
#: ids are UUIDs of version 7: their first 48 bits are the time in milliseconds (RFC 9562).
_FILL = """
CREATE FUNCTION uuid7(ms bigint) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (lpad(to_hex(ms), 12, '0') || '7' || substr(md5(random()::text), 1, 3)
        || '8' || substr(md5(random()::text), 1, 15))::uuid
$$;
CREATE TEMPORARY TABLE made AS
    SELECT uuid7(at) AS task, uuid7(at) AS post, at
    FROM (SELECT (extract(epoch FROM now()) * 1000)::bigint - 80 * n AS at
        FROM generate_series(1, {tasks}) AS n) AS times;
INSERT INTO posts (id, channel, account, text, html, mentions, channels, excerpt, state,
        revision, created_at, updated_at)
    SELECT post, 'general', 'admin', repeat('x', 189), '<p>' || repeat('x', 189) || '</p>',
        '[]', '[]', repeat('x', 100), 'complete', 1, at, at FROM made;
INSERT INTO tasks (id, account, finish, subject, revision, state, pending, total, created_at,
        expires_at, status, headers, body)
    SELECT task, 'admin', 'post_created', post, 1, 'done', 0, 1, at, at + 86400000, 201,
        '[["Content-Type", "application/json"]]', convert_to(repeat('x', 600), 'UTF8') FROM made;
ANALYZE;
"""

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
        self.finished = Line("  posts per second until all are finished", least)
        self.poll = Line("  p50 ms of GET /v1/tasks/{id}, idle", most)
        self.poll_p99 = Line("  p99 ms of the same")
        self.all = (self.accepted, self.cpu, self.finished, self.poll, self.poll_p99)

    def measure(self, it: Bench, aged: Installation, new: Installation) -> None:
        """Run one round on both, and add its figures."""
        rounds = zip(self.all, _round(it, aged), _round(it, new), strict=True)
        for line, subject, baseline in rounds:
            line.add(subject, baseline)


def main() -> None:
    """Measure, and print the table."""
    with bench() as it:
        old, new = it.backend(), it.backend()
        note(f"aged: {TASKS} finished tasks")
        execute(old, _FILL.format(tasks=TASKS))
        with (
            it.api(old) as api,
            it.renderer(old),
            it.api(new) as new_api,
            it.renderer(new),
        ):
            lines = _measure(it, Installation(api, old), Installation(new_api, new))
    show("aged: a database with a million finished tasks", *lines)


def _measure(it: Bench, aged: Installation, new: Installation) -> list[Line]:
    at_rest = Lines("", at_least(0.9), at_most(1.1))
    deleting = Lines(", while old tasks are deleted")
    deleted = Line("tasks deleted per second meanwhile")
    for each in (aged, new):
        closed_loop(each.api, it.folder, 2, CONNECTIONS)
        wait_drained(each.environ, DRAIN_TIMEOUT)
    for number in range(ROUNDS):
        note(f"aged, at rest: round {number + 1} of {ROUNDS}")
        at_rest.measure(it, aged, new)
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
    cpu, began, count = api.cpu(), time.monotonic(), _finished(installation)
    loop = closed_loop(api, it.folder, SECONDS, CONNECTIONS)
    assert loop.refused == 0, loop
    wait_drained(installation.environ, DRAIN_TIMEOUT)
    finished = (_finished(installation) - count) / (time.monotonic() - began)
    cpu_us = (api.cpu() - cpu) / loop.requests * 1e6
    return loop.rate, cpu_us, finished, polls.quantile(0.5), polls.quantile(0.99)


def _finished(installation: Installation) -> int:
    return int(installation.api.metric('splitflap_tasks_finished_total{status="201"}'))


def _due(installation: Installation) -> int:
    statement = "SELECT count(*) FROM tasks WHERE expires_at = 1"
    return int(query(installation.environ, statement)[0])


if __name__ == "__main__":
    main()
