"""Each process is a slot, and a database connection must not cross a fork."""

import pytest

from benchmarks.talk.forked.engines import BROKEN, DISPOSED, OWN, UNUSED, USED
from benchmarks.talk.forked.memory import COLLECTION, FORKS, QUICK_COUNTS

from .conftest import QuickRows


@pytest.mark.parametrize("processes", QUICK_COUNTS)
def test_each_process_has_a_request_in_flight(quick_rows: QuickRows, processes: int) -> None:
    """No more, although more wait."""
    case = quick_rows("processes").one(part="speed", work="io", load="peak", processes=processes)
    assert case.most("in_flight") == processes


def test_an_engine_that_was_used_before_the_fork_mixes_answers_up(quick_rows: QuickRows) -> None:
    """A request gets the answer to another one, with status 200."""
    case = quick_rows("processes").one(engine=USED)
    assert case.total("wrong") > 0
    assert sum(case.total(figure) for figure in ("right", *BROKEN)) == case.total("sent")


@pytest.mark.parametrize("engine", [DISPOSED, UNUSED, OWN])
def test_an_engine_without_connections_at_the_fork_is_right(
    quick_rows: QuickRows, engine: str
) -> None:
    """The same requests, and the same number of processes."""
    case = quick_rows("processes").one(engine=engine)
    assert case.total("right") == case.total("sent") > 0
    assert [case.total(figure) for figure in BROKEN] == [0, 0, 0]


def test_speed_has_no_wrong_answer(quick_rows: QuickRows) -> None:
    """Each answer is compared with the right one."""
    rows = quick_rows("processes").where(part="speed")
    assert rows.total("right") > 0
    assert [rows.total(figure) for figure in BROKEN] == [0, 0, 0]


def test_frozen_objects_stay_shared_in_a_collection(quick_rows: QuickRows) -> None:
    """Without it, the collector copies the data of each process."""
    memory = quick_rows("processes").where(
        part="memory", processes=QUICK_COUNTS[-1], after=COLLECTION
    )
    private = {each.labels["fork"]: each.median("private_mib") for each in memory}
    own, preload, frozen = FORKS
    assert private[frozen] < private[preload]
    assert private[frozen] < private[own]
