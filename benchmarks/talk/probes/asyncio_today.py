"""The rows of the experiment `asyncio_today`: the same requests in Flask and in FastAPI."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import requests

from benchmarks.talk.context import Context
from benchmarks.talk.experiment import Row
from benchmarks.talk.load import DIFFERENT, Work
from benchmarks.talk.page_site import title
from benchmarks.talk.servers import Running

from .orders import computing
from .parts import Part, rows_of

#: Threads of the servers that have them.
SLOTS = 20

#: Slots that the load supposes of servers with one.
FEW = 4

#: Pages of one request to /several.
SEVERAL = 5

#: Requests that leave a task behind.
LEFT = 10

#: Seconds for these tasks to finish. A page takes a small part of it.
LEFT_TIMEOUT = 2.0

APPS = "benchmarks.talk.apps.asynchronous"

SYNC, THREADS = "gunicorn sync", "gunicorn gthread"
ASGIREF, A2WSGI = "asgiref on uvicorn", "a2wsgi on uvicorn"
FASTAPI = "FastAPI on uvicorn"

#: The kinds of view, as labels.
DEF, ASYNC, BLOCKING = "def", "async def", "async def with requests"


@dataclass(frozen=True)
class Host:
    """A server with an application, and the paths that wait for another site."""

    name: str
    #: Its line in servers.TABLE.
    server: str
    app: str
    slots: int
    paths: dict[str, str]


FLASK = {DEF: "/io", ASYNC: "/io/async"}
UVICORN = "uvicorn with a2wsgi"

HOSTS = (
    Host(SYNC, SYNC, f"{APPS}.views:app", 1, FLASK),
    Host(THREADS, THREADS, f"{APPS}.views:app", SLOTS, FLASK),
    Host(ASGIREF, UVICORN, f"{APPS}.bridges:asgiref", SLOTS, FLASK),
    Host(A2WSGI, UVICORN, f"{APPS}.bridges:a2wsgi", SLOTS, FLASK),
    Host(
        FASTAPI,
        UVICORN,
        f"{APPS}.framework:app",
        SLOTS,
        {ASYNC: "/io", DEF: "/io/threads", BLOCKING: "/io/blocking"},
    ),
)

#: Seconds of that load: more than a hundred requests.
HALF_SECONDS = 3.0

#: The views that are measured with pings beside them.
COMPARED = {(THREADS, DEF), (FASTAPI, ASYNC)}


def run(context: Context) -> Sequence[Row]:
    """Each server with all that it can show."""
    parts: list[Part] = [partial(_host, host=host) for host in HOSTS]
    return rows_of([*parts, _many], context)


def _host(context: Context, host: Host) -> list[Row]:
    with context.serving(host.server, slots=host.slots, app=host.app) as running:
        rows = []
        for view, path in host.paths.items():
            rows += _io(context, running, host.name, view, context.io().moved(path))
        rows += _computing(context, running) if host.name == FASTAPI else []
        return [*rows, *_several(context, running, host.name), _left_behind(running, host.name)]


def _io(context: Context, running: Running, server: str, view: str, work: Work) -> list[Row]:
    # A few requests that wait are enough to see that they are served one after the other.
    alone = server in {SYNC, ASGIREF} or view == BLOCKING
    running = replace(running, slots=FEW if alone else SLOTS)
    labels = {"work": "io", "server": server, "view": view}
    most = context.peak(running, work, context.sizes.page_seconds * 5, gathers=not alone)
    rows = [Row({**labels, "load": "peak"}, most.figures())]
    if (server, view) in COMPARED:
        half = context.at(running, work, most.rate / 2, seconds=context.pick(HALF_SECONDS, None))
        rows.append(Row({**labels, "load": "half"}, half.figures()))
    return rows


def _computing(context: Context, running: Running) -> list[Row]:
    """CPU work in the event loop, and in a thread."""
    work, labels = context.cpu(), {"work": "cpu", "server": FASTAPI}
    return [
        computing(context, running, work, {**labels, "view": ASYNC}),
        computing(context, running, work.moved("/cpu/threads"), {**labels, "view": DEF}),
    ]


def _several(context: Context, running: Running, server: str) -> list[Row]:
    """One request at a time, each for several pages."""
    paths = {ASYNC: "/several"} if server == FASTAPI else {DEF: "/several", ASYNC: "/several/async"}
    rows = []
    for view, path in paths.items():
        context.site.reset()
        figures = {"right": float(_is_right(running, path, 1)), "in_flight": context.site.largest()}
        rows.append(Row({"work": "several", "server": server, "view": view}, figures))
    return rows


def _is_right(running: Running, path: str, number: int) -> bool:
    titles = "\n".join(title(each) for each in range(number, number + SEVERAL))
    return _get(running, f"{path}?number={number}") == titles


def _left_behind(running: Running, server: str) -> Row:
    """Requests that leave a task behind, and how many tasks finish."""
    answers = [_get(running, f"/later?number={number}") for number in range(LEFT)]
    until = time.monotonic() + LEFT_TIMEOUT
    while (finished := int(_get(running, "/finished"))) < LEFT and time.monotonic() < until:
        time.sleep(0.1)
    figures = {"right": answers.count("started\n"), "finished": finished}
    return Row({"work": "later", "server": server}, figures)


def _get(running: Running, target: str) -> str:
    return requests.get(f"{running.url}{target}", timeout=30).text


def _many(context: Context) -> list[Row]:
    """Many requests that wait for a slow page: what a thread costs, and what a task costs."""
    count, seconds = context.pick(400, 50), context.pick(2, 1)
    targets = tuple(f"/io/slow?number={number}" for number in range(DIFFERENT))
    work = replace(context.io(), targets=targets)
    rows = []
    for host in (HOSTS[1], HOSTS[-1]):
        environ = {"TALK_SLOW_SECONDS": str(seconds)}
        with context.serving(host.server, slots=count, app=host.app, environ=environ) as running:
            found = context.peak(running, work, seconds)
        rows.append(Row({"work": "many", "server": host.name}, found.figures()))
    return rows
