"""The limit of CPU time for one call."""

import importlib
import re
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from splitflap_renderer.cpu_limit import within

from tests.support import wait_until


def spin(seconds: float) -> str:
    """Use CPU time."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return "done"


@pytest.fixture(autouse=True)
def no_timer_stays() -> object:
    """After each test no timer runs, and the handler of late signals does nothing."""
    yield
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
    signal.raise_signal(signal.SIGPROF)


def test_a_call_within_its_limit_gives_its_result() -> None:
    """A later use of CPU time ends nothing."""
    assert within(5, lambda: "result") == "result"
    assert within(0.01, lambda: "result") == "result"
    spin(0.1)


def test_a_call_beyond_its_limit_gives_none() -> None:
    """The next call has its own time."""
    assert within(0.02, lambda: spin(30)) is None
    assert within(5, lambda: spin(0.03)) == "done"


@pytest.mark.parametrize("seconds", [0, 1e-9, -1])
def test_a_limit_of_nothing_is_a_limit(seconds: float) -> None:
    """The kernel reads 0 as no limit."""
    assert within(seconds, lambda: spin(30)) is None


def test_a_regular_expression_is_cut_short() -> None:
    """It takes hours otherwise, without one step of Python's interpreter."""
    assert within(0.05, lambda: re.match(r"(a|a)*b", "a" * 100)) is None


def test_a_call_that_catches_all_exceptions_is_cut_short() -> None:
    """`except Exception` catches nothing of it. After a bare `except` it comes again."""

    def stubborn() -> str:
        with suppress(BaseException):
            spin(30)
        return spin(30)

    assert within(0.02, stubborn) is None
    assert within(0.02, lambda: _caught(30)) is None


def _caught(seconds: float) -> str:
    try:
        return spin(seconds)
    except Exception:  # noqa: BLE001 - what is tried
        return "caught"


def test_an_error_of_the_call_is_raised() -> None:
    """The limit ends with it."""
    with pytest.raises(ValueError, match="invalid literal"):
        within(5, lambda: int("x"))


def test_an_import_is_not_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module is whole, and the call ends after it."""
    source = "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass\n"
    (tmp_path / "slow_module.py").write_text(source + "whole = True\n")
    monkeypatch.syspath_prepend(tmp_path)

    def imports() -> str:
        importlib.import_module("slow_module")
        return spin(30)

    assert within(0.02, imports) is None
    assert sys.modules.pop("slow_module").whole


def test_a_signal_between_the_call_and_its_end_harms_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It arrives as late as possible: while the timer is being stopped."""
    real = signal.setitimer

    def late(which: int, seconds: float, interval: float = 0.0) -> object:
        if not seconds:
            signal.raise_signal(signal.SIGPROF)
        return real(which, seconds, interval)

    monkeypatch.setattr(signal, "setitimer", late)
    assert within(5, lambda: "result") == "result"


def test_a_signal_at_the_start_harms_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is so short that it is over before the call begins."""
    real = signal.setitimer

    def early(which: int, seconds: float, interval: float = 0.0) -> object:
        before = real(which, seconds, interval)
        if seconds:
            signal.raise_signal(signal.SIGPROF)
        return before

    monkeypatch.setattr(signal, "setitimer", early)
    assert within(5, lambda: "result") is None


def test_other_threads_have_no_limit() -> None:
    """Signal handlers belong to the main thread: a call elsewhere is refused, not unlimited."""
    errors: list[ValueError] = []

    def elsewhere() -> None:
        try:
            within(5, lambda: "result")
        except ValueError as error:
            errors.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    wait_until(lambda: not thread.is_alive())
    assert errors
