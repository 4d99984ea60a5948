"""nginx keeps slow clients from the workers, and serves files whole."""

import pytest

from benchmarks.talk.experiment import Case, Row, Verdict, cases
from benchmarks.talk.experiments.nginx import verdict
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


def judged(through: dict[str, int], rates: tuple[float, float] = (400, 5000)) -> Verdict:
    """The verdict on pings beside slow clients, and on the rates of both sources of files."""
    rows = [
        Row(
            {"part": "slow", "clients are slow at": HEAD, "front": front},
            {"through": through[front], "pings": PINGS, "held": 1, "slow": 6, "right": 5},
        )
        for front in FRONTS
    ]
    for source, rate in zip((APPLICATION, NGINX), rates, strict=True):
        rows.append(Row({"part": "page", "from": source, "load": "peak"}, {"rate": rate}))
        rows.append(Row({"part": "large", "from": source}, {"cpu_ms_per_mib": 1}))
    return verdict(cases([rows]))


@pytest.mark.parametrize(
    ("buffering", "direct", "answer"),
    [(PINGS, 0, "Yes: "), (PINGS - 1, 0, "In part: "), (3, 3, "No: "), (PINGS, PINGS, "No: ")],
)
def test_the_verdict_compares_the_pings_that_got_through(
    buffering: int, direct: int, answer: str
) -> None:
    """All with nginx and fewer without it, or the claim does not hold."""
    said = judged({BUFFERING: buffering, PASSING: 1, DIRECT: direct}).still_true
    assert said.startswith(answer)
    assert f"{buffering} of {PINGS} pings" in said


@pytest.mark.parametrize(("rate", "faster"), [(5000.0, True), (300.0, False)])
def test_the_verdict_gives_files_to_nginx_only_if_it_is_faster(rate: float, faster: bool) -> None:
    """By the peak of a small file."""
    found = judged({BUFFERING: PINGS, PASSING: 1, DIRECT: 0}, (400, rate))
    assert ("serves small files faster" in found.still_true) == faster
    assert ("Let nginx serve" in found.what_to_do) == faster


def test_the_verdict_counts_slow_clients_without_a_right_answer() -> None:
    """Of all fronts."""
    said = judged({BUFFERING: PINGS, PASSING: 1, DIRECT: 0}).by_how_much
    assert "In the end, 3 answers were wrong or missing." in said
