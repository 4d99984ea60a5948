"""The rows of the experiment `green_threads`: one server serves most cases of a library."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from benchmarks.talk.commands import Shape
from benchmarks.talk.context import Context
from benchmarks.talk.experiment import Row
from benchmarks.talk.servers import Running, Server

from .orders import computing, together
from .parts import Part, rows_of
from .queries import Queries

LIBRARIES = ("eventlet", "gevent")

#: The server beside them.
THREADS = "gunicorn gthread"

#: Green threads of a server.
SLOTS = 20

#: Slots while the database is under test: with the requests that wait for a slot, fewer than the
#: connections of SQLAlchemy's pool.
DATABASE_SLOTS = 6

APPS = "benchmarks.talk.apps"
GREEN = f"{APPS}.green"

#: What a program sets so that drivers in C wait in Python.
WAITS_IN_PYTHON = {"PSYCOPG_WAIT_FUNC": "wait_select", "TALK_WAIT_CALLBACK": "yes"}

#: The drivers that wait in C by default, and the one in Python alone.
IN_C = ("psycopg", "psycopg2")
IN_PYTHON = "pg8000"

#: The two ways to compute, as labels.
WHOLE, YIELDING = "in one piece", "with sleep(0)"

#: Requests that want the lock at the same time: one has it at once, six wait for each other.
LOCKED = (1, 6)

#: The drivers that are told to wait in Python: those that one of the libraries does not reach.
TOLD = {"eventlet": "psycopg", "gevent": "psycopg2"}

#: Slots of a server with many waiting requests, and the seconds of their page, full and quick.
MANY = (200, 25)
MANY_SECONDS = (1.5, 0.5)

#: When the lock is made, as labels.
EARLY, LATE = "before the patch", "after the patch"

#: Seconds that a request waits. A deadlock never ends, so its bound may be short, full and quick:
#: about twice the time that all requests take one after the other.
TIMEOUT = 20.0
DEADLOCK_TIMEOUT = (2.5, 1.2)


def green(library: str, patch: str = "first") -> Server:
    """The library's plain WSGI server. `patch`: first, late or never."""

    def command(it: Shape) -> list[str]:
        where = [library, patch, str(it.port), str(it.slots), it.app]
        return [sys.executable, "-m", f"{GREEN}.server", *where]

    # eventlet's own resolver is not under test.
    environ = {"EVENTLET_NO_GREENDNS": "yes"}
    return Server(f"{library}, patched {patch}", library, command, "green thread", environ)


def run(context: Context) -> Sequence[Row]:
    """Each library in four set-ups, then threads beside them, then many requests on each."""
    parts: list[Part] = [
        partial(_library, library=each, url=context.new_database()) for each in LIBRARIES
    ]
    rows = rows_of([*parts, _threads], context)
    if not context.quick:
        rows += [_many(context, server) for server in (*LIBRARIES, THREADS)]
    return rows


def _library(context: Context, library: str, url: str) -> list[Row]:
    return [
        *_patched(context, library, url),
        *_waiting_in_c(context, library, url),
        *_patched_late(context, library),
        *_not_patched(context, library),
    ]


def _patched(context: Context, library: str, url: str) -> list[Row]:
    """All as it should be, and async views last: they leave the server in disorder."""
    app, environ = f"{GREEN}.all_parts:app", {"TALK_DATABASE_URL": url, **WAITS_IN_PYTHON}
    with context.serving(green(library), slots=SLOTS, app=app, environ=environ) as running:
        return [
            _io(context, running, library, "yes"),
            *_cpu(context, running, library),
            _db(context, running, library, TOLD[library], "in Python"),
            *_lock(context, running, library, LATE),
            _async_view(context, running, library),
        ]


def _waiting_in_c(context: Context, library: str, url: str) -> list[Row]:
    """The same without a hint to the drivers."""
    app, environ = f"{GREEN}.drivers:app", {"TALK_DATABASE_URL": url}
    drivers = (*IN_C, IN_PYTHON)
    with context.serving(green(library), slots=SLOTS, app=app, environ=environ) as running:
        return [_db(context, running, library, driver, "as installed") for driver in drivers]


def _patched_late(context: Context, library: str) -> list[Row]:
    app = f"{GREEN}.early_lock:app"
    with context.serving(green(library, "late"), slots=SLOTS, app=app) as running:
        return _lock(context, running, library, EARLY)


def _not_patched(context: Context, library: str) -> list[Row]:
    # A few requests that wait are enough to see that they are served one after the other.
    with context.serving(green(library, "never"), slots=SLOTS) as running:
        return [_io(context, replace(running, slots=SLOTS // 4), library, "no")]


def _threads(context: Context) -> list[Row]:
    """Threads with the same load."""
    with context.serving(THREADS, slots=SLOTS, app=f"{GREEN}.yielding:app") as running:
        waiting = _io(context, running, THREADS, "not needed")
        return [waiting, *_cpu(context, running, THREADS, sleeps=(False,))]


def _many(context: Context, name: str) -> Row:
    """Many requests that wait for a slow page: the memory of each."""
    count, seconds = context.pick(*MANY), context.pick(*MANY_SECONDS)
    server = THREADS if name == THREADS else green(name)
    app, environ = f"{APPS}.asynchronous.views:app", {"TALK_SLOW_SECONDS": str(seconds)}
    with context.serving(server, slots=count, app=app, environ=environ) as running:
        found = context.peak(running, context.io().moved("/io/slow"), seconds)
    return Row({"work": "many", "library": name}, found.figures())


def _io(context: Context, running: Running, library: str, patched: str) -> Row:
    # Without the patch, no second page comes that the first one could wait for.
    found = context.peak(running, context.io(), _seconds(context), gathers=patched != "no")
    return Row({"work": "io", "library": library, "patched": patched}, found.figures())


def _seconds(context: Context) -> float:
    """Seconds of a peak. A number in flight is reached at once."""
    return context.sizes.page_seconds * context.pick(5, 3)


def _db(context: Context, running: Running, library: str, driver: str, waits: str) -> Row:
    """In flight is what PostgreSQL sees."""
    work = context.db().moved(f"/db/{driver}")
    queries = Queries(running.service.environ["TALK_DATABASE_URL"])
    with queries.watched():
        seconds = context.sizes.page_seconds * 3
        few = replace(running, slots=DATABASE_SLOTS)
        found = context.peak(few, work, seconds, gathers=False)
    labels = {"work": "db", "library": library, "driver": driver, "waits": waits}
    return Row(labels, replace(found, in_flight=queries.largest).figures())


def _cpu(
    context: Context, running: Running, library: str, sleeps: Sequence[bool] = (False, True)
) -> list[Row]:
    rows = []
    for each in sleeps:
        work = context.cpu().moved("/cpu/yielding") if each else context.cpu()
        labels = {"work": "cpu", "library": library, "computes": YIELDING if each else WHOLE}
        rows.append(computing(context, running, work, labels))
    return rows


def _lock(context: Context, running: Running, library: str, made: str) -> list[Row]:
    labels = {"work": "lock", "library": library, "made": made}
    work, rows = context.io().moved("/locked"), []
    for count in LOCKED:
        deadlock = made == EARLY and count > 1
        timeout = context.pick(*DEADLOCK_TIMEOUT) if deadlock else TIMEOUT
        rows.append(Row({**labels, "requests": count}, together(running, work, count, timeout)))
    return rows


def _async_view(context: Context, running: Running, library: str) -> Row:
    work = context.io().moved("/io/async")
    found = context.peak(running, work, _seconds(context), gathers=False)
    return Row({"work": "async", "library": library}, found.figures())
