"""nginx keeps slow clients from the workers, and serves files whole."""

import pytest

from benchmarks.talk.experiment import Case
from benchmarks.talk.nginx.measured import (
    APPLICATION,
    BODY,
    BUFFERING,
    DIRECT,
    DOWNLOADERS,
    FRONTS,
    HEAD,
    KINDS,
    NGINX,
    PASSING,
    PINGS,
    QUICK_DOWNLOADS,
    SLOW_CLIENTS,
    WORKERS,
)

from .conftest import QuickRows


def slow(quick_rows: QuickRows, kind: str, front: str) -> Case:
    """A row of the slow clients."""
    labels = {"part": "slow", "clients are slow at": kind, "front": front}
    return quick_rows("nginx").one(**labels)


@pytest.mark.parametrize("kind", KINDS)
def test_slow_clients_hold_all_sync_workers(quick_rows: QuickRows, kind: str) -> None:
    """No ping gets through until a slow client has finished."""
    case = slow(quick_rows, kind, DIRECT)
    assert case.most("held") == WORKERS
    assert case.most("through") == 0


@pytest.mark.parametrize("kind", KINDS)
def test_an_nginx_that_buffers_holds_none(quick_rows: QuickRows, kind: str) -> None:
    """All pings get through while the slow clients are still slow."""
    case = slow(quick_rows, kind, BUFFERING)
    assert case.most("held") == 0
    assert case.least("through") == PINGS


def test_an_nginx_that_passes_on_holds_all_but_for_heads(quick_rows: QuickRows) -> None:
    """It always reads a whole head first. A body goes to the application as it comes."""
    assert slow(quick_rows, HEAD, PASSING).least("through") == PINGS
    assert slow(quick_rows, BODY, PASSING).most("through") == 0
    assert slow(quick_rows, BODY, PASSING).most("held") == WORKERS


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("kind", KINDS)
def test_slow_clients_get_their_answers(quick_rows: QuickRows, kind: str, front: str) -> None:
    """In the end all of them do, and all pings too."""
    case = slow(quick_rows, kind, front)
    assert case.total("right") == SLOW_CLIENTS
    assert case.total("lost") == 0


@pytest.mark.parametrize("source", [APPLICATION, NGINX])
def test_a_large_file_comes_whole(quick_rows: QuickRows, source: str) -> None:
    """Its hash is compared."""
    case = quick_rows("nginx").one(part="large", **{"from": source})
    assert case.total("right") == DOWNLOADERS * QUICK_DOWNLOADS
    assert case.total("wrong") == 0


def test_no_page_is_wrong_or_missing(quick_rows: QuickRows) -> None:
    """From the application and from nginx."""
    rows = quick_rows("nginx").where(part="page")
    assert rows.total("right") > 0
    for figure in ("wrong", "errors", "missing", "ping_failures"):
        assert rows.total(figure) == 0, figure
