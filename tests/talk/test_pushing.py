"""Events reach all clients; a restart loses those that no server has stored."""

import pytest

from benchmarks.talk.apps import EVENT_NAMES
from benchmarks.talk.clients.resuming import RESUMED_POSTS, RESUMING
from benchmarks.talk.experiment import Row, Verdict, cases
from benchmarks.talk.experiments.pushing import verdict
from benchmarks.talk.probes.pushing import GEVENT, SOCKETIO, SPLITFLAP, THREADS

from .conftest import QuickRows

#: Seconds: the first test starts all servers, and Splitflap twice.
pytestmark = pytest.mark.timeout(240)

SERVERS = (SPLITFLAP, *SOCKETIO)

#: Events of the posts that were sent while the clients were away, for all clients.
AWAY = RESUMING * RESUMED_POSTS * len(EVENT_NAMES)


@pytest.mark.parametrize("server", SERVERS)
def test_each_active_client_gets_each_event_once(quick_rows: QuickRows, server: str) -> None:
    """Over both protocols."""
    case = quick_rows("pushing").one(case="active", server=server)
    assert case.total("events") > 0
    assert (case.total("missed"), case.total("repeated")) == (0, 0)


def test_a_stream_of_splitflap_resumes_after_a_restart(quick_rows: QuickRows) -> None:
    """With Last-Event-ID nothing is missed and nothing repeated."""
    case = quick_rows("pushing").one(case="restart", server=SPLITFLAP)
    assert (case.total("away"), case.total("missed"), case.total("repeated")) == (AWAY, 0, 0)


@pytest.mark.parametrize("server", SOCKETIO)
def test_socketio_loses_what_was_sent_while_its_clients_were_away(
    quick_rows: QuickRows, server: str
) -> None:
    """All of it, and nothing else: its default keeps no history."""
    case = quick_rows("pushing").one(case="restart", server=server)
    assert (case.total("away"), case.total("missed"), case.total("repeated")) == (AWAY, AWAY, 0)


def test_threads_grow_with_the_clients(quick_rows: QuickRows) -> None:
    """Each client of the threaded server holds one or more; those of gevent hold none."""
    idle = quick_rows("pushing").where(case="idle")
    clients = idle.one(server=THREADS).most("clients")
    assert idle.one(server=THREADS).most("threads") > clients
    assert idle.one(server=GEVENT).most("threads") < clients


def judged(
    *, threads: int = 1010, active_missed: int = 0, ours: tuple[int, int] = (0, 0), lost: int = 45
) -> Verdict:
    """The verdict on made-up rows. `ours` is what Splitflap missed and repeated after a restart."""
    held = {SPLITFLAP: 9, THREADS: threads, GEVENT: 12}
    after = {SPLITFLAP: ours, THREADS: (lost, 0), GEVENT: (lost, 0)}
    rows = []
    for server in SERVERS:
        idle = {"clients": 1000, "threads": held[server], "kib": 20, "cpu": 3}
        active = {"events": 300, "missed": active_missed, "repeated": 0, "alone_ms": 2, "cpu_ms": 9}
        restart = {"away": 45, "missed": after[server][0], "repeated": after[server][1]}
        for case, figures in (("idle", idle), ("active", active), ("restart", restart)):
            rows.append(Row({"case": case, "server": server}, figures))
    return verdict(cases([rows]))


def test_the_verdict_is_yes_if_all_events_arrived() -> None:
    """Once each, at all servers."""
    assert judged().still_true.startswith("Yes: ")
    assert "2 and 9 ms with Splitflap" in judged().by_how_much
    said = judged(active_missed=2).still_true
    assert said.startswith("In part: ")
    assert "Of 900 events at active clients, 6 were missed" in said


@pytest.mark.parametrize(("threads", "grow"), [(1010, True), (15, False)])
def test_the_verdict_asks_for_green_threads_only_if_threads_grow(threads: int, grow: bool) -> None:
    """With the clients."""
    said = judged(threads=threads).still_true
    assert f"{threads:,} threads with Flask-SocketIO on threads" in said
    assert ("A thread for each browser" in said) == grow


@pytest.mark.parametrize("ours", [(0, 0), (1, 0), (0, 2)])
def test_the_verdict_tells_whether_splitflap_resumed(ours: tuple[int, int]) -> None:
    """Nothing missed and nothing repeated, or it says so."""
    found = judged(ours=ours)
    assert f"Missed in all: {ours[0]} with Splitflap, 45 with" in found.by_how_much
    assert f"Splitflap repeated {ours[1]}." in found.by_how_much
    assert ("did not resume cleanly" in found.what_to_do) == any(ours)


@pytest.mark.parametrize("lost", [0, 45])
def test_the_verdict_asks_for_a_history_only_if_events_were_lost(lost: int) -> None:
    """By Flask-SocketIO."""
    assert ("store its events yourself" in judged(lost=lost).what_to_do) == (lost > 0)
