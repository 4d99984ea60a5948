"""The same slots under each server: its kind of slot decides how many requests wait together."""

import pytest

from benchmarks.talk.experiment import Row, cases
from benchmarks.talk.experiments.servers import verdict
from benchmarks.talk.probes.servers import CLOSES, KEEPS, NOT_PATCHED, SERVERS, SLOTS, SOCKETS

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
    if server == CLOSES:
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


def made(server: str, in_flight: int = SLOTS, **figures: float) -> Row:
    """A row of a full run."""
    labels = {"part": "slots", "server": server}
    measured = {"rate": 90, "ping_p99": 10, "above_ping_p99": 50, "ping_cpu_ms": 1, "pss_mib": 40}
    return Row(labels, {**measured, "in_flight": in_flight, **figures})


def socket(server: str, died: int) -> Row:
    """A row of one of uWSGI's sockets."""
    labels = {"part": "socket", "server": server}
    return Row(labels, {"pings": 3, "answered": 3, "died": died})


def still_true(*rows: Row) -> str:
    """The first answer."""
    return verdict(cases([rows])).still_true


def test_the_verdict_is_yes_if_only_green_threads_without_a_patch_wait_alone() -> None:
    """The others have all slots busy."""
    said = still_true(made("waitress"), made(NOT_PATCHED, 1))
    assert said.startswith("Yes")
    assert "1 of 1 servers" in said
    assert "had 1. That option does not patch" in said


def test_the_verdict_names_a_server_with_fewer_or_more_in_flight() -> None:
    """Equal slots are what the claim is about."""
    said = still_true(made("waitress"), made("granian", 7), made("cheroot", 21))
    assert said.startswith("In part: with 20 slots, 1 of 3 servers")
    assert "(the others: granian 7, cheroot 21)" in said


def test_the_verdict_tells_if_green_threads_need_no_patch() -> None:
    """If a later uWSGI patches by itself."""
    said = still_true(made("waitress"), made(NOT_PATCHED))
    assert said.startswith("In part")
    assert "no longer needs" in said


def test_the_verdict_names_servers_with_bad_answers() -> None:
    """Their counts are sums, and a server without any is not named."""
    said = still_true(made("waitress", wrong=1, missing=2, ping_failures=4), made("cheroot"))
    assert said.endswith("Wrong or missing answers: waitress 7.")
    assert "No answer was wrong or missing." in still_true(made("cheroot"))


def test_the_verdict_names_the_ends_of_each_figure() -> None:
    """The cheapest and the dearest server."""
    said = verdict(
        cases([[made("waitress", pss_mib=30), made("uwsgi", pss_mib=200, above_ping_p99=5)]])
    ).by_how_much
    assert "20 slots took 30 MiB under waitress, and 200 MiB under uwsgi" in said
    assert "For 1 of 2 servers it was longer" in said


@pytest.mark.parametrize("died", [0, 3])
def test_the_verdict_warns_of_a_socket_only_if_its_workers_died(died: int) -> None:
    """The rows decide."""
    found = verdict(cases([[made("uwsgi"), socket(CLOSES, 0), socket(KEEPS, died)]]))
    assert f"`http11-socket` answered 3 of 3 pings, and lost a worker {died} times" in (
        found.by_how_much
    )
    assert ("not `http11-socket`" in found.what_to_do) == (died > 0)


def test_the_verdict_needs_no_server() -> None:
    """Nothing is installed, or the run was quick."""
    row = Row({"part": "slots", "server": "uwsgi"}, {}, "uwsgi is not installed")
    assert still_true(row).startswith("Not measured")
    assert verdict(cases([[row]])).by_how_much == ""
