"""Servers that push events, with active clients, with idle ones, and through a restart."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

from benchmarks.harness.processes import allow_many_files
from benchmarks.talk.clients.crowd import crowd, publish
from benchmarks.talk.clients.pushers import Pusher, SocketIo, Splitflap, books, cpu_seconds, pss_kib
from benchmarks.talk.clients.resuming import restarted
from benchmarks.talk.context import Context
from benchmarks.talk.experiment import Row
from tests.system.rig.stack import StackBackend, running

SPLITFLAP = "Splitflap, Server-Sent Events"
THREADS = "Flask-SocketIO, threads"
GEVENT = "Flask-SocketIO, gevent"

#: The servers of Flask-SocketIO: the one of the table, and its mode.
SOCKETIO = {THREADS: ("gunicorn gthread", "threading"), GEVENT: ("gunicorn gevent", "gevent")}

#: What a load balancer must do before several processes or machines.
BALANCER = {
    SPLITFLAP: "any replica at any time; no buffering of the response",
    THREADS: "sticky sessions for long polling; upgrades for WebSockets; a message queue behind",
    GEVENT: "as with threads",
}

#: Slots beyond the clients, for the requests that publish.
SPARE_SLOTS = 50

#: Seconds at rest. Each side has sent a sign of life to each client then: after 15 s, and 25 s.
REST_SECONDS = 26.0

#: Posts before any measurement: the first ones load what the others use.
WARM_POSTS = 3

#: Posts of a full run to active clients, and their rate a second.
POSTS = 12
POST_RATE = 5.0


def run(context: Context) -> Sequence[Row]:
    """Active clients of each server, then idle ones of all at the same time, then the restarts."""
    allow_many_files()
    idle = context.pick(1000, 20)
    with ExitStack() as stack:
        pushers: dict[str, Pusher] = {SPLITFLAP: stack.enter_context(_splitflap(context, idle))}
        for name in SOCKETIO:
            pushers[name] = stack.enter_context(_socketio(context, name, idle))
        for pusher in pushers.values():
            for _ in range(WARM_POSTS):
                pusher.publish()
        rest = {name: pss_kib(pusher) for name, pusher in pushers.items()}
        active, posts = context.pick(100, 10), context.pick(POSTS, 3)
        rows = [
            asyncio.run(_active(name, pusher, active, posts, rest[name]))
            for name, pusher in pushers.items()
        ]
        rows += asyncio.run(_idle(pushers, idle, context.pick(REST_SECONDS, 0.5), rest))
        restarts = restarted(pushers.values())
    labels = [{"case": "restart", "server": name} for name in pushers]
    return [*rows, *map(Row, labels, restarts)]


@contextmanager
def _splitflap(context: Context, clients: int) -> Iterator[Splitflap]:
    """An API and a renderer. One key has all streams."""
    folder: Path = context.folder / "splitflap"
    folder.mkdir()
    data = folder / "data"
    backend = StackBackend("embedded", {"SPLITFLAP_DATA_DIR": str(data)}, str(data / "broker"))
    most = str(clients + SPARE_SLOTS)
    with running(backend, folder, workers=("renderer",), MAX_CONNECTIONS_PER_KEY=most) as stack:
        yield Splitflap(stack)


@contextmanager
def _socketio(context: Context, name: str, clients: int) -> Iterator[SocketIo]:
    server, mode = SOCKETIO[name]
    app, environ = "benchmarks.talk.apps.pushing:app", {"TALK_ASYNC_MODE": mode}
    slots = clients + SPARE_SLOTS
    with context.serving(server, slots=slots, app=app, environ=environ) as started:
        yield SocketIo(started)


async def _active(name: str, pusher: Pusher, clients: int, posts: int, rest: float) -> Row:
    """CPU for each post and its events, without clients and with all of them."""
    alone, _ = await publish(pusher, posts, POST_RATE)
    async with crowd(pusher.protocol, pusher.port, clients) as listeners:
        used, events = await publish(pusher, posts, POST_RATE, listeners)
        gained = pss_kib(pusher) - rest
    figures = {
        "clients": clients,
        "kib": gained / clients,
        "events": len(events) * clients,
        "alone_ms": alone * 1000 / posts,
        "cpu_ms": used * 1000 / posts,
        **books(listeners, events),
    }
    return Row({"case": "active", "server": name}, figures)


async def _idle(
    pushers: dict[str, Pusher], clients: int, seconds: float, rest: dict[str, float]
) -> list[Row]:
    """Memory and CPU with idle clients. All servers rest at the same time."""
    async with AsyncExitStack() as stack:
        for pusher in pushers.values():
            await stack.enter_async_context(crowd(pusher.protocol, pusher.port, clients))
        await asyncio.sleep(1)
        gained = {name: pss_kib(pusher) - rest[name] for name, pusher in pushers.items()}
        threads = {name: _threads(pusher) for name, pusher in pushers.items()}
        before = {name: cpu_seconds(pusher) for name, pusher in pushers.items()}
        await asyncio.sleep(seconds)
        return [
            Row(
                {"case": "idle", "server": name, "balancer": BALANCER[name]},
                {
                    "clients": clients,
                    "kib": gained[name] / clients,
                    "cpu": (cpu_seconds(pusher) - before[name]) / seconds * 100,
                    "threads": threads[name],
                },
            )
            for name, pusher in pushers.items()
        ]


def _threads(pusher: Pusher) -> int:
    return sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pusher.pids())
