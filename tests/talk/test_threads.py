"""Threads are slots: as many requests wait at the same time as there are threads."""

import sys

import pytest

from benchmarks.talk import free_threaded
from benchmarks.talk.servers import Missing

from .conftest import QuickRows, one


@pytest.mark.parametrize("threads", [1, 20])
def test_each_thread_has_a_request_in_flight(quick_rows: QuickRows, threads: int) -> None:
    """No more, although more wait."""
    case = one(quick_rows("threads"), work="io", threads=threads, load="peak")
    assert case.most("in_flight") == threads


def test_no_answer_is_wrong_or_missing(quick_rows: QuickRows) -> None:
    """Also while threads compete for the GIL."""
    rows = quick_rows("threads")
    assert rows.where(work="cpu").total("right") > 0
    for figure in ("wrong", "errors", "missing", "ping_failures"):
        assert rows.total(figure) == 0, figure


def test_a_python_with_one_lock_reports_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without TALK_FREE_THREADED, the row has the reason and no figures."""
    monkeypatch.delenv("TALK_FREE_THREADED", raising=False)
    with pytest.raises(Missing, match="TALK_FREE_THREADED"):
        free_threaded.interpreter()


@pytest.mark.skipif(sys.version_info < (3, 13), reason="sys._is_gil_enabled is of Python 3.13")
def test_the_gil_is_asked_for_around_an_import() -> None:
    """An ordinary Python has it before and after."""
    assert free_threaded.gil_around("json", sys.executable) == (True, True)
