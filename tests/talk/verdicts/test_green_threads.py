"""The verdict names what stopped all green threads, and only that."""

import math

from benchmarks.talk.experiment import Case, Rows, Verdict
from benchmarks.talk.experiments.green_threads import verdict
from benchmarks.talk.probes.green_threads import (
    EARLY,
    IN_C,
    LIBRARIES,
    LOCKED,
    SLOTS,
    THREADS,
    TOLD,
    WHOLE,
    YIELDING,
)

from . import Figures, case

FAILED: Figures = {"right": 1, "errors": 9, "missing": 0, "wrong": 0}
WORKED: Figures = {"right": 10, "errors": 0, "missing": 0, "wrong": 0}


def waiting(patched: int, wrong: int, kib: float) -> list[Case]:
    """Requests for the other site, and many of them."""
    rows = [
        case(
            {"in_flight": patched if state == "yes" else 1, "rate": 9, "wrong": wrong},
            work="io",
            library=library,
            patched=state,
        )
        for library in LIBRARIES
        for state in ("yes", "no")
    ]
    rows.append(case({"in_flight": SLOTS, "rate": 9}, work="io", library=THREADS, patched="none"))
    for library in (*LIBRARIES, THREADS):
        figures = {"in_flight": 200, "waiting_kib": 50 if library == THREADS else kib}
        rows.append(case(figures, work="many", library=library))
    return rows


def blocking(*, drivers: bool, cpu: bool) -> list[Case]:
    """Whether the usual drivers block, and whether CPU work lets no ping overtake."""
    rows = []
    for library in LIBRARIES:
        for driver in IN_C:
            alone = drivers and TOLD[library] == driver
            labels = {"library": library, "driver": driver}
            figures = {"in_flight": 1 if alone else 10}
            rows.append(case(figures, work="db", waits="as installed", **labels))
        rows.append(case({"in_flight": 10}, work="db", library=library, waits="in Python"))
        for computes, count in ((WHOLE, 0 if cpu else 4), (YIELDING, 4)):
            figures = {"overtook": count, "ping_p99": 50}
            rows.append(case(figures, work="cpu", library=library, computes=computes))
    rows.append(case({"ping_p99": 50}, work="cpu", library=THREADS, computes=WHOLE))
    return rows


def verdict_of(
    *,
    patched: int = SLOTS,
    drivers: bool = True,
    cpu: bool = True,
    views: Figures = FAILED,
    wrong: int = 0,
    kib: float = 50,
) -> Verdict:
    """A verdict on rows as they are, apart from what is named."""
    rows = [*waiting(patched, wrong, kib), *blocking(drivers=drivers, cpu=cpu)]
    lock = {"right": 0, "missing": 6, "wrong": 0, "errors": 0, "ping_failures": 1}
    for library in LIBRARIES:
        rows.append(case(lock, work="lock", library=library, made=EARLY, requests=LOCKED[-1]))
        rows.append(case(views, work="async", library=library))
    return verdict(Rows(rows))


def test_green_threads_that_wait_together_hold_the_claim() -> None:
    """With what blocks them. Async views and early locks fail by design."""
    found = verdict_of()
    assert found.still_true.startswith(f"Yes: with the patch, {SLOTS} of {SLOTS}")
    assert found.still_true.endswith(
        "A database driver that waits in C and CPU work still stopped all green threads of the "
        "process."
    )
    assert "`psycopg` under eventlet, `psycopg2` under gevent" in found.by_how_much
    assert "recognizes gevent alone" in found.by_how_much
    assert "of 8 pings that were sent just behind it, 0 were" in found.by_how_much
    assert "of 12 requests that wanted it at the same time, 12 got no answer" in found.by_how_much


def test_fewer_in_flight_than_slots_end_a_part_of_the_claim() -> None:
    """The number is told."""
    assert verdict_of(patched=3).still_true.startswith("In part: with the patch, 3 of")


def test_drivers_that_no_longer_block_are_not_blamed() -> None:
    """Nor explained."""
    found = verdict_of(drivers=False)
    assert "driver" not in found.still_true
    assert "all drivers had several queries in flight" in found.by_how_much
    assert "recognizes" not in found.by_how_much


def test_cpu_work_that_no_longer_blocks_is_not_blamed() -> None:
    """Then nothing is left to blame."""
    told = verdict_of(drivers=False, cpu=False).still_true
    assert told.endswith("Nothing that was tried here blocked all green threads of a process.")


def test_async_views_are_counted() -> None:
    """Whether they fail or work."""
    assert "of 20 requests, 2 got their answer (18 errors)" in verdict_of().by_how_much
    assert "Async views: all 20 answers were right." in verdict_of(views=WORKED).by_how_much


def test_wrong_answers_are_told() -> None:
    """Of all requests that should have worked."""
    assert "Not every answer was right: 4 wrong." in verdict_of(wrong=1).still_true


def test_memory_is_compared_with_threads() -> None:
    """As much, less, or not told."""
    assert (
        "but a request that waits takes about as much memory as in a thread."
        in verdict_of(kib=50).still_true
    )
    assert ", and they take less memory than threads." in verdict_of(kib=20).still_true
    untold = verdict_of(kib=math.nan)
    assert "memory" not in untold.still_true
    assert "so none is told" in untold.by_how_much
