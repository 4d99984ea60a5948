"""Pushing to browsers: Server-Sent Events of Splitflap beside Flask-SocketIO."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

from benchmarks.harness.processes import allow_many_files
from benchmarks.harness.table import number
from benchmarks.talk.apps import EVENT_NAMES
from benchmarks.talk.clients.crowd import crowd, publish
from benchmarks.talk.clients.pushers import Pusher, SocketIo, Splitflap, books, cpu_seconds, pss_kib
from benchmarks.talk.clients.resuming import restarted
from benchmarks.talk.context import Context
from benchmarks.talk.experiment import Case, Column, Experiment, Plot, Row, Rows, Table, Verdict
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

#: Posts of a full run to active clients, and their rate a second.
POSTS = 20
POST_RATE = 5.0


def run(context: Context) -> Sequence[Row]:
    """Idle clients of all servers at the same time, then active ones, then the restarts."""
    allow_many_files()
    idle = context.pick(1000, 20)
    with ExitStack() as stack:
        pushers: dict[str, Pusher] = {SPLITFLAP: stack.enter_context(_splitflap(context, idle))}
        for name in SOCKETIO:
            pushers[name] = stack.enter_context(_socketio(context, name, idle))
        for pusher in pushers.values():
            pusher.publish()  # the first one loads what the others use
        rows = asyncio.run(_idle(pushers, idle, context.pick(REST_SECONDS, 0.5)))
        active = context.pick(100, 10)
        posts = context.pick(POSTS, 3)
        rows += [asyncio.run(_active(name, it, active, posts)) for name, it in pushers.items()]
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


async def _idle(pushers: dict[str, Pusher], clients: int, seconds: float) -> list[Row]:
    """Memory and CPU with idle clients. All servers rest at the same time."""
    memory = {name: pss_kib(pusher) for name, pusher in pushers.items()}
    rows = []
    async with AsyncExitStack() as stack:
        for pusher in pushers.values():
            await stack.enter_async_context(crowd(pusher.protocol, pusher.port, clients))
        await asyncio.sleep(1)
        gained = {name: pss_kib(pusher) - memory[name] for name, pusher in pushers.items()}
        threads = {name: _threads(pusher) for name, pusher in pushers.items()}
        before = {name: cpu_seconds(pusher) for name, pusher in pushers.items()}
        await asyncio.sleep(seconds)
        for name, pusher in pushers.items():
            figures = {
                "clients": clients,
                "kib": gained[name] / clients,
                "cpu": (cpu_seconds(pusher) - before[name]) / seconds * 100,
                "threads": threads[name],
            }
            labels = {"case": "idle", "server": name, "balancer": BALANCER[name]}
            rows.append(Row(labels, figures))
    return rows


def _threads(pusher: Pusher) -> int:
    return sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pusher.pids())


async def _active(name: str, pusher: Pusher, clients: int, posts: int) -> Row:
    """CPU for each event at each client: what the same posts use without clients is taken off."""
    alone, _ = await publish(pusher, posts, POST_RATE)
    async with crowd(pusher.protocol, pusher.port, clients) as listeners:
        used, events = await publish(pusher, posts, POST_RATE, listeners)
    delivered = sum(each.got[event] for each in listeners for event in events)
    figures = {
        "clients": clients,
        "events": len(events) * clients,
        "us": (used - alone) * 1e6 / max(1, delivered),
        **books(listeners, events),
    }
    return Row({"case": "active", "server": name}, figures)


def verdict(rows: Rows) -> Verdict:
    """From the idle clients and the restarts."""
    idle = {str(each.labels["server"]): each for each in rows.where(case="idle")}
    restart = {str(each.labels["server"]): each for each in rows.where(case="restart")}
    ours = restart[SPLITFLAP]
    return Verdict(
        still_true=(
            ("Yes" if _all_arrived(rows) else "In part")
            + ": a server can push to browsers over one open connection for each of them. "
            f"For {idle[THREADS].most('clients'):.0f} idle clients, Flask-SocketIO on threads held "
            f"{idle[THREADS].most('threads'):.0f} threads, on gevent "
            f"{idle[GEVENT].most('threads'):.0f}, and Splitflap "
            f"{idle[SPLITFLAP].most('threads'):.0f}."
        ),
        by_how_much=(
            f"An idle client takes {_rest(idle[SPLITFLAP])} with Splitflap, "
            f"{_rest(idle[THREADS])} with Flask-SocketIO on threads and {_rest(idle[GEVENT])} on "
            f"gevent. Each server had {ours.total('away'):.0f} events to deliver that were sent "
            "while its clients were away. "
            f"Flask-SocketIO on threads lost {restart[THREADS].total('missed'):.0f} of them, and "
            f"on gevent {restart[GEVENT].total('missed'):.0f}. Splitflap lost "
            f"{ours.total('missed'):.0f}, and repeated {ours.total('repeated'):.0f}."
        ),
        what_to_do=(
            "Take Server-Sent Events if the browser only listens: EventSource connects again by "
            "itself and sends the last id, and any replica can answer. Store the events, or no "
            "protocol can resume. Take Socket.IO if the browser also sends, and give it ids and a "
            "history of your own. Its long polling needs sticky sessions; the experiment on load "
            "balancing counts what happens without them. `examples/socketio_bridge.py` serves "
            "Splitflap's events over Socket.IO, with what a client missed."
        ),
    )


def _all_arrived(rows: Rows) -> bool:
    return rows.where(case="active").total("missed") == 0


def _rest(case: Case) -> str:
    """Memory, and microseconds of CPU each second."""
    cpu = case.median("cpu") / case.median("clients") * 10_000
    return f"{number(case.median('kib'))} KiB and {number(cpu)} us of CPU a second"


EXPERIMENT = Experiment(
    name="pushing",
    title="Pushing to browsers",
    claim=(
        "A browser need not ask again and again: the server can push. Flask-SocketIO does it over "
        "WebSockets, with long polling where they do not work. Each browser holds a connection "
        "open, so the server should run on green threads."
    ),
    theory=(
        "Little's law: a connection that never ends is a request in flight that never ends. A "
        "server with threads needs one for each browser, although nothing happens. The CPU grows "
        "with events times clients."
    ),
    mistake=(
        "People test with a connection that never breaks. A phone in a tunnel and a deployment "
        "break it, and what was sent meanwhile is gone unless the server has stored it and the "
        "client says what it saw last."
    ),
    run=run,
    verdict=verdict,
    tables=(
        Table(
            "Idle clients, all connected for longer than a heartbeat",
            ("server",),
            (
                Column("clients", "clients", "most"),
                Column("kib", "memory per client, KiB"),
                Column("cpu", "CPU at rest, % of one"),
                Column("threads", "threads", "most"),
                Column("balancer", "what it needs of a load balancer"),
            ),
            {"case": "idle"},
        ),
        Table(
            f"Active clients: {POST_RATE:g} posts a second, {len(EVENT_NAMES)} events each",
            ("server",),
            (
                Column("clients", "clients", "most"),
                Column("events", "events to deliver", "total"),
                Column("us", "CPU per delivered event, us"),
                Column("missed", "missed", "total"),
                Column("repeated", "repeated", "total"),
            ),
            {"case": "active"},
        ),
        Table(
            "The server is killed and restarted, and events are sent before the clients are back",
            ("server",),
            (
                Column("clients", "clients", "most"),
                Column("events", "events to deliver", "total"),
                Column("away", "of them while away", "total"),
                Column("missed", "missed", "total"),
                Column("repeated", "repeated", "total"),
            ),
            {"case": "restart"},
        ),
    ),
    plots=(
        Plot(
            "memory",
            "Memory of an idle client",
            x="server",
            figure="kib",
            y_title="",
            x_title="KiB",
            where={"case": "idle"},
            kind="bar",
        ),
    ),
    packages=(
        "flask",
        "flask-socketio",
        "python-socketio",
        "simple-websocket",
        "gevent",
        "gunicorn",
    ),
)
