"""Pushing to browsers: Server-Sent Events of Splitflap beside Flask-SocketIO."""

from collections.abc import Mapping

from benchmarks.harness.table import number
from benchmarks.talk.apps import EVENT_NAMES
from benchmarks.talk.experiment import Case, Column, Experiment, Plot, Rows, Table, Verdict, bullets
from benchmarks.talk.probes.pushing import GEVENT, POST_RATE, SOCKETIO, SPLITFLAP, THREADS, run

#: What the prose calls them.
NAMES = {
    SPLITFLAP: "Splitflap",
    THREADS: "Flask-SocketIO on threads",
    GEVENT: "Flask-SocketIO on gevent",
}


def verdict(rows: Rows) -> Verdict:
    """From the idle and the active clients, and from the restarts."""
    idle, active, restart = (_by_server(rows, case) for case in ("idle", "active", "restart"))
    return Verdict(
        still_true=f"{_pushed(active, idle)} {_held(idle)}",
        by_how_much=bullets(_rest(idle), _cost(active), _away(restart)),
        what_to_do=(
            f"{_listen(restart[SPLITFLAP])}Take Socket.IO if the browser also sends. "
            f"{_history(restart)}Its long polling needs sticky sessions; the experiment on load "
            "balancing counts what happens without them. `examples/socketio_bridge.py` serves "
            "Splitflap's events over Socket.IO, with what a client missed."
        ),
    )


def _by_server(rows: Rows, case: str) -> dict[str, Case]:
    return {str(each.labels["server"]): each for each in rows.where(case=case)}


def _of_each(cases: Mapping[str, Case], figure: str, unit: str) -> str:
    """A figure of each server."""
    return ", ".join(
        f"{number(cases[name].median(figure))} {unit} with {NAMES[name]}" for name in NAMES
    )


def _pushed(active: Mapping[str, Case], idle: Mapping[str, Case]) -> str:
    """Whether each event reached each client once."""
    events = sum(each.total("events") for each in active.values())
    missed = sum(each.total("missed") for each in active.values())
    repeated = sum(each.total("repeated") for each in active.values())
    return (
        f"{'In part' if missed or repeated else 'Yes'}: a server can push over one open connection "
        f"for each browser, which takes {_of_each(idle, 'kib', 'KiB')}. Of {events:,.0f} events "
        f"at active clients, {missed:,.0f} were missed "
        f"and {repeated:,.0f} repeated."
    )


def _held(idle: Mapping[str, Case]) -> str:
    """Whether threads grow with the clients."""
    threads = {name: each.most("threads") for name, each in idle.items()}
    clients = idle[THREADS].most("clients")
    advice = (
        "A thread for each browser is the price of a server without green threads or an event loop."
        if threads[THREADS] >= clients > threads[GEVENT]
        else "The number of threads is no reason for green threads in this run."
    )
    told = ", ".join(f"{threads[name]:,.0f} threads with {NAMES[name]}" for name in NAMES)
    return (
        f"Servers with {clients:,.0f} idle clients had {told}. Flask-SocketIO and its libraries "
        f"start more than one for a client. {advice}"
        if threads[THREADS] > 2 * clients
        else f"Servers with {clients:,.0f} idle clients had {told}. {advice}"
    )


def _rest(idle: Mapping[str, Case]) -> str:
    """The CPU that idle clients use."""
    clients = idle[SPLITFLAP].most("clients")
    return f"{clients:,.0f} idle clients use {_of_each(idle, 'cpu', '% of a CPU')}."


def _cost(active: Mapping[str, Case]) -> str:
    costs = ", ".join(
        f"{number(active[name].median('alone_ms'))} and {number(active[name].median('cpu_ms'))} ms "
        f"with {NAMES[name]}"
        for name in NAMES
    )
    return (
        f"A post with {len(EVENT_NAMES)} events takes this CPU without a client and with "
        f"{active[SPLITFLAP].most('clients'):.0f}: {costs}. Splitflap's post is also stored."
    )


def _away(restart: Mapping[str, Case]) -> str:
    """What was sent while the clients were away."""
    missed = ", ".join(f"{restart[name].total('missed'):,.0f} with {NAMES[name]}" for name in NAMES)
    return (
        f"Each server was killed and restarted, and {restart[SPLITFLAP].total('away'):,.0f} events "
        f"were due while its clients were away. Missed in all: {missed}. Splitflap repeated "
        f"{restart[SPLITFLAP].total('repeated'):,.0f}."
    )


def _listen(ours: Case) -> str:
    advice = "Take Server-Sent Events if the browser only listens. "
    if ours.total("missed") or ours.total("repeated"):
        return f"{advice}Test how they resume: Splitflap did not resume cleanly in this run. "
    return (
        f"{advice}Each event has an id. The browser's `EventSource` connects again by itself and "
        "sends the last id, and any server that can read the stored events answers. Store the "
        "events, or no protocol can resume. "
    )


def _history(restart: Mapping[str, Case]) -> str:
    lost = any(restart[name].total("missed") for name in SOCKETIO)
    return "Number and store its events yourself, since its default keeps none. " if lost else ""


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
        "with events times clients. Server-Sent Events are one HTTP response that never ends; a "
        "WebSocket goes both ways. A heartbeat is a message that shows that the other side is "
        "still there."
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
                Column("alone_ms", "CPU per post without clients, ms"),
                Column("cpu_ms", "CPU per post with clients, ms"),
                Column("kib", "memory per client, KiB"),
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
    rounds=1,
)
