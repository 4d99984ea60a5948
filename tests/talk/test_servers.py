"""The same slots under each server: its kind of slot decides how many requests wait together."""

import pytest

from benchmarks.talk.experiments.servers import (
    NOT_PATCHED,
    SERVERS,
    SLOTS,
    SOCKETS,
)

from .conftest import QuickRows, missing

PATCHED = [server for server in SERVERS if server != NOT_PATCHED]


@pytest.mark.parametrize("server", PATCHED)
def test_all_slots_have_a_request_in_flight(quick_rows: QuickRows, server: str) -> None:
    """And never one more."""
    case = quick_rows("servers").one(part="slots", server=server)
    if not case.figures:
        missing(case.note)
    assert case.most("in_flight") == SLOTS


def test_green_threads_without_a_patch_have_one_request_in_flight(quick_rows: QuickRows) -> None:
    """It starts as many as it was told, and each blocks all of them."""
    case = quick_rows("servers").one(part="slots", server=NOT_PATCHED)
    if not case.figures:
        missing(case.note)
    assert case.most("in_flight") == 1


@pytest.mark.parametrize("server", SOCKETS)
def test_only_one_socket_of_uwsgi_serves_gevent(quick_rows: QuickRows, server: str) -> None:
    """With the socket that closes connections, no worker dies."""
    case = quick_rows("servers").one(part="socket", server=server)
    if not case.figures:
        missing(case.note)
    if server == SOCKETS[0]:
        assert case.total("answered") == case.total("pings")
        assert case.total("died") == 0
    else:
        assert case.total("died") > 0, "fixed? Then take this socket in the table too"


def test_no_answer_is_wrong_or_missing(quick_rows: QuickRows) -> None:
    """While every slot is busy, and others wait."""
    rows = quick_rows("servers")
    assert rows.total("right") > 0
    for figure in ("wrong", "errors", "missing", "ping_failures"):
        counts = {each.labels["server"]: each.total(figure) for each in rows if each.total(figure)}
        assert counts == {}, figure
