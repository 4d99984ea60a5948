"""Events reach all clients; a restart loses those that no server has stored."""

import pytest

from benchmarks.talk.apps import EVENT_NAMES
from benchmarks.talk.clients.resuming import RESUMED_POSTS, RESUMING
from benchmarks.talk.experiments.pushing import (
    GEVENT,
    SOCKETIO,
    SPLITFLAP,
    THREADS,
)

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
