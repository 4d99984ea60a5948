"""What publishes: wake-ups from other replicas, and from this one; what waits; what is marked."""

import time
from pathlib import Path

import pytest
from splitflap_api.loops import dispatch
from splitflap_api.loops.dispatch import SENDER, Dispatcher
from splitflap_api.settings import ApiSettings
from splitflap_api.store.engine import Store
from splitflap_core.broker import Delivery, backend_for
from splitflap_core.broker.messages import ReceivedMessage
from splitflap_core.settings import load
from splitflap_core.telemetry import Metrics
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tests.support import wait_until


def dispatcher_of(store: Store, folder: Path, woken: list[str]) -> Dispatcher:
    """On the broker that is a folder."""
    settings = load(ApiSettings, {"SPLITFLAP_DATA_DIR": str(folder)})
    return Dispatcher(
        store,
        backend_for(settings),
        Metrics("api"),
        "here",
        on_wake_up=lambda: woken.append("woken"),
        on_up=lambda: None,
    )


def test_only_others_wake(store: Store, tmp_path: Path) -> None:
    """The fanout gives a replica its own wake-ups too; what they tell it has seen."""
    woken: list[str] = []
    dispatcher = dispatcher_of(store, tmp_path, woken)
    for sender in ("here", "there", "here"):
        received = ReceivedMessage(1, "events.here", b"{}", {SENDER: sender}, 0)
        dispatcher._woken(Delivery(dispatcher.link, 1, received))
    assert woken == ["woken"]


def test_a_marking_that_fails_is_not_the_last(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it was: no connection free in time, among others."""
    monkeypatch.setattr(dispatch, "MARK_EVERY", 0.02)
    dispatcher = dispatcher_of(store, tmp_path, [])
    marked: list[tuple[str, int]] = []
    errors = [PoolTimeout("no connection"), RuntimeError("a bug")]

    def mark(chunk: list[tuple[str, int]]) -> None:
        if errors:
            raise errors.pop()
        marked.extend(chunk)

    monkeypatch.setattr(dispatcher, "_mark", mark)
    dispatcher.start()
    try:
        for number in range(3):
            dispatcher._confirmed.append((str(number), 1))
            wait_until(lambda: not dispatcher._confirmed, "a marking", 20)
            time.sleep(0.05)
        assert marked == [("2", 1)]
    finally:
        dispatcher.stop(20)
