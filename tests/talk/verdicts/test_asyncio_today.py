"""The verdict says whether an async view of Flask still holds its slot."""

from benchmarks.talk.experiment import Case, Rows, Verdict
from benchmarks.talk.experiments.asyncio_today import verdict
from benchmarks.talk.probes.asyncio_today import (
    ASYNC,
    DEF,
    FASTAPI,
    HOSTS,
    SEVERAL,
    SYNC,
    THREADS,
)

from . import case


def peaks(sync: int, missing: int) -> list[Case]:
    """The peak of each server and view."""
    return [
        case(
            {"in_flight": sync if host.name == SYNC else 20, "cpu_ms": 2.0, "missing": missing},
            work="io",
            server=host.name,
            view=view,
            load="peak",
        )
        for host in HOSTS
        for view in host.paths
    ]


def verdict_of(*, sync: int = 1, missing: int = 0, memory: bool = True) -> Verdict:
    """`sync`: requests in flight of the sync worker. `memory`: whether it was measured."""
    rows = peaks(sync, missing)
    rows += [
        case({"in_flight": SEVERAL if view == ASYNC else 1}, work="several", server=SYNC, view=view)
        for view in (DEF, ASYNC)
    ]
    many = {"in_flight": 400.0, **({"waiting_kib": 50.0} if memory else {})}
    rows += [case(many, work="many", server=server) for server in (FASTAPI, THREADS)]
    rows += [
        case({"ping_p99": 9.0}, work="cpu", server=FASTAPI, view=view) for view in (DEF, ASYNC)
    ]
    rows += [case({"finished": 0}, work="later", server=host.name) for host in HOSTS]
    return verdict(Rows(rows))


def test_a_view_that_holds_its_slot_holds_a_part_of_the_claim() -> None:
    """And one event loop has many in flight."""
    found = verdict_of()
    assert found.still_true.startswith("In part:")
    assert found.still_true.endswith("one event loop of FastAPI had 400 requests in flight.")
    assert "1 requests" not in found.by_how_much
    assert "nan" not in found.by_how_much.split()


def test_views_that_share_a_slot_would_end_the_claim() -> None:
    """The number is told."""
    told = verdict_of(sync=7).still_true
    assert told.startswith("No longer: with async views, a sync worker had 7 requests in flight")


def test_missing_answers_are_told() -> None:
    """Of all servers."""
    count = sum(len(host.paths) for host in HOSTS)
    assert f"Not every answer was right: {count} missing." in verdict_of(missing=1).still_true


def test_memory_that_was_not_measured_is_not_told() -> None:
    """It needs as many requests in flight as there are slots."""
    assert "KiB" in verdict_of().by_how_much
    assert "KiB" not in verdict_of(memory=False).by_how_much
