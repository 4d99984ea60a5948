"""Figure 7: accepting, looking and finishing in a database that holds a million finished tasks.

Beside it the same release on a database that is new. Both run all the time, each with an API and a
renderer, and are loaded in turn for a few seconds each, so that both meet the same machine. Then a
fifth of the million becomes due for deletion, and the same is measured while it is deleted.
"""

import time
from dataclasses import dataclass

import psycopg

from benchmarks.harness.bench import (
    KEY,
    Bench,
    Running,
    bench,
    database_url,
    post,
    query,
    wait_drained,
)
from benchmarks.harness.pace import Plan, paced, request
from benchmarks.harness.table import Line, Target, at_least, at_most, note, show
from benchmarks.harness.wrk import posts

TASKS = 1_000_000
DUE = TASKS // 5

ROUNDS = 5

#: Seconds of a load, and of the looks before it; connections of the load.
SECONDS = 5
CONNECTIONS = 32

#: Looks per second.
LOOKS = 100.0

#: Seconds until what was accepted is done.
DRAIN = 120.0

#: Finished tasks as the service leaves them, each with its post, over the last day. The ids are
#: UUIDs of version 7: their first 48 bits are the time in milliseconds (RFC 9562).
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

_AGE = """
UPDATE tasks SET expires_at = 1 WHERE id IN (
    SELECT id FROM tasks WHERE state = 'done' ORDER BY expires_at LIMIT {due})
"""


@dataclass(frozen=True)
class Place:
    """A database with its API."""

    api: Running
    environ: dict[str, str]


class Lines:
    """What is compared, at one time; what deletes has no targets, for that is work of its own."""

    def __init__(self, when: str, least: Target | None = None, most: Target | None = None) -> None:
        self.accepted = Line(f"202s per second{when}", least)
        self.cpu = Line("  CPU us of the API per 202, until done", most)
        self.finished = Line("  posts per second until all are finished", least)
        self.look = Line("  p50 ms of GET /v1/tasks/{id}, idle", most)
        self.look_p99 = Line("  p99 ms of the same")
        self.all = (self.accepted, self.cpu, self.finished, self.look, self.look_p99)

    def measure(self, it: Bench, aged: Place, new: Place) -> None:
        """A round."""
        for line, subject, baseline in zip(
            self.all, _round(it, aged), _round(it, new), strict=True
        ):
            line.add(subject, baseline)


def main() -> None:
    """Measure, and print the table."""
    resting = Lines("", at_least(0.9), at_most(1.1))
    deleting = Lines(", while old tasks are deleted")
    deleted = Line("tasks deleted per second meanwhile")
    with bench() as it:
        environs = it.backend(), it.backend()
        note(f"aged: {TASKS} finished tasks")
        _execute(environs[0], _FILL.format(tasks=TASKS))
        with (
            it.api(environs[0]) as api,
            it.renderer(environs[0]),
            it.api(environs[1]) as new_api,
            it.renderer(environs[1]),
        ):
            aged, new = Place(api, environs[0]), Place(new_api, environs[1])
            for place in (aged, new):
                posts(place.api, it.folder, 2, CONNECTIONS)
                wait_drained(place.environ, DRAIN)
            for number in range(ROUNDS):
                note(f"aged, at rest: round {number + 1} of {ROUNDS}")
                resting.measure(it, aged, new)
            _execute(aged.environ, _AGE.format(due=DUE))
            before, began = _left(aged), time.monotonic()
            while (left := _left(aged)) > 0:
                note(f"aged: {left} tasks are to be deleted")
                deleting.measure(it, aged, new)
                deleted.subjects = [(before - _left(aged)) / (time.monotonic() - began)]
    show(__doc__.partition("\n")[0], *resting.all, *deleting.all, deleted)


def _round(it: Bench, place: Place) -> tuple[float, ...]:
    """As many figures as there are lines."""
    api = place.api
    gets = [request("GET", post(api, "a post").headers["Location"], KEY) for _ in range(20)]
    wait_drained(place.environ, DRAIN)
    looks = paced(Plan(api.port, LOOKS, SECONDS, 4, gets)).of(201)
    cpu, began, count = api.cpu(), time.monotonic(), _finished(place)
    loop = posts(api, it.folder, SECONDS, CONNECTIONS)
    assert loop.refused == 0, loop
    wait_drained(place.environ, DRAIN)
    finished = (_finished(place) - count) / (time.monotonic() - began)
    cpu_us = (api.cpu() - cpu) / loop.requests * 1e6
    return loop.rate, cpu_us, finished, looks.quantile(0.5), looks.quantile(0.99)


def _finished(place: Place) -> int:
    series = 'splitflap_tasks_finished_total{status="201"}'
    return int(place.api.metric(series))


def _execute(environ: dict[str, str], statements: str) -> None:
    with psycopg.connect(database_url(environ)) as connection:
        connection.execute(statements.encode())


def _left(place: Place) -> int:
    return int(query(place.environ, "SELECT count(*) FROM tasks WHERE expires_at = 1")[0])


if __name__ == "__main__":
    main()
