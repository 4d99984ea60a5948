"""Threads are slots: as many requests wait at the same time as there are threads."""

from pathlib import Path

import pytest

from benchmarks.talk import free_threaded
from benchmarks.talk.experiments import free_threading, threads
from benchmarks.talk.servers import Missing

from .conftest import QuickRows


@pytest.mark.parametrize("slots", threads.QUICK_FOR_IO)
def test_each_thread_has_a_request_in_flight(quick_rows: QuickRows, slots: int) -> None:
    """No more, although more wait."""
    case = quick_rows("threads").one(work="io", threads=slots, load="peak")
    assert case.most("in_flight") == slots


def test_no_answer_is_wrong_or_missing(quick_rows: QuickRows) -> None:
    """Also while threads compete for the GIL."""
    rows = quick_rows("threads")
    assert rows.where(work="cpu").total("right") > 0
    for figure in ("wrong", "errors", "missing", "ping_failures"):
        assert rows.total(figure) == 0, figure


def test_the_verdict_finds_its_figures(quick_rows: QuickRows) -> None:
    """In the rows of each run."""
    assert "nan" not in threads.EXPERIMENT.verdict(quick_rows("threads")).by_how_much.split()


def test_no_free_threaded_python_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins with the variable, so CI goes on."""
    monkeypatch.delenv("TALK_FREE_THREADED", raising=False)
    with pytest.raises(Missing, match=r"^TALK_FREE_THREADED names no"):
        free_threaded.interpreter()


def test_an_environment_that_was_not_made_is_a_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It says what to run."""
    monkeypatch.setenv("TALK_FREE_THREADED", "python3t")
    monkeypatch.setattr(free_threaded, "FOLDER", tmp_path)
    with pytest.raises(Missing, match="run make talk"):
        free_threaded.interpreter()


def test_threads_without_the_gil_answer_right(quick_rows: QuickRows) -> None:
    """The servers themselves say whether their GIL is on. Skipped without TALK_FREE_THREADED."""
    rows = quick_rows("free_threading")
    free = rows.where(work="cpu", build=free_threading.FREE)
    assert [each.labels["gil"] for each in free] == ["on", "off"]
    assert {each.labels["gil_before"] for each in rows.where(work="import") if each.figures} == {
        "off"
    }
    assert rows.total("right") > 0
    for figure in ("wrong", "errors", "missing", "ping_failures"):
        assert rows.total(figure) == 0, figure
