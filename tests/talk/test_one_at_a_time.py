"""A server with one slot has one request in flight."""

import pytest

from benchmarks.talk.experiments.one_at_a_time import SERVERS

from .conftest import QuickRows


@pytest.mark.parametrize("server", SERVERS)
def test_one_slot_has_one_request_in_flight(quick_rows: QuickRows, server: str) -> None:
    """Although the load had more at the server at all times."""
    rows = quick_rows("one_at_a_time").where(server=server)
    assert {each.most("in_flight") for each in rows} == {1}


def test_no_answer_is_wrong_or_missing(quick_rows: QuickRows) -> None:
    """Each answer is compared with the right one."""
    rows = quick_rows("one_at_a_time")
    assert rows.total("right") > 0
    for figure in ("wrong", "errors", "missing", "ping_failures"):
        assert rows.total(figure) == 0, figure
