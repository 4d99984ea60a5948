"""Async views hold their slots, and one loop for all requests has none."""

import pytest

from benchmarks.talk.experiments.asyncio_today import EXPERIMENT
from benchmarks.talk.probes.asyncio_today import (
    A2WSGI,
    ASGIREF,
    ASYNC,
    BLOCKING,
    DEF,
    FASTAPI,
    HOSTS,
    LEFT,
    SEVERAL,
    SLOTS,
    SYNC,
    THREADS,
)

from .conftest import QuickRows


@pytest.mark.parametrize("view", [DEF, ASYNC])
@pytest.mark.parametrize(
    ("server", "slots"), [(SYNC, 1), (THREADS, SLOTS), (ASGIREF, 1), (A2WSGI, SLOTS)]
)
def test_an_async_view_of_flask_holds_its_slot(
    quick_rows: QuickRows, server: str, slots: int, view: str
) -> None:
    """As many are in flight as with a plain view. asgiref has one slot for all."""
    row = quick_rows("asyncio_today").one(work="io", server=server, view=view, load="peak")
    assert row.most("in_flight") == slots


def test_an_event_loop_for_all_requests_has_no_slots(quick_rows: QuickRows) -> None:
    """All requests of the load are in flight, unless a call blocks the loop."""
    peaks = quick_rows("asyncio_today").where(work="io", server=FASTAPI, load="peak")
    assert peaks.one(view=ASYNC).most("in_flight") > SLOTS
    assert peaks.one(view=BLOCKING).most("in_flight") == 1


@pytest.mark.parametrize(("view", "in_flight"), [(DEF, 1), (ASYNC, SEVERAL)])
def test_one_request_waits_for_several_pages(
    quick_rows: QuickRows, view: str, in_flight: int
) -> None:
    """At the same time in an async view, also in a worker with one slot."""
    row = quick_rows("asyncio_today").one(work="several", server=SYNC, view=view)
    assert row.most("in_flight") == in_flight


@pytest.mark.parametrize("server", [host.name for host in HOSTS])
def test_a_task_outlives_its_request_only_in_a_loop_that_does(
    quick_rows: QuickRows, server: str
) -> None:
    """Flask ends the loop of the request, and the task with it. Nobody hears of the loss."""
    row = quick_rows("asyncio_today").one(work="later", server=server)
    assert row.total("right") == LEFT
    assert row.total("finished") == (LEFT if server in {FASTAPI, ASGIREF} else 0)


def test_cpu_work_in_the_loop_lets_no_ping_overtake(quick_rows: QuickRows) -> None:
    """In a thread it does."""
    rows = quick_rows("asyncio_today").where(work="cpu")
    # A server that finds both requests at once may begin with either.
    assert rows.one(view=ASYNC).total("overtook") < rows.one(view=DEF).total("overtook")


def test_no_answer_is_wrong_or_missing(quick_rows: QuickRows) -> None:
    """Of no server."""
    rows = quick_rows("asyncio_today")
    for figure in ("wrong", "errors", "missing", "ping_failures"):
        assert rows.total(figure) == 0, figure


def test_the_verdict_finds_its_figures(quick_rows: QuickRows) -> None:
    """In the rows of each run, also of one on a busy machine."""
    assert "nan" not in EXPERIMENT.verdict(quick_rows("asyncio_today")).by_how_much.split()
