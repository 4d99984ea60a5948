"""Wake-ups from other replicas, and from this one."""

from pathlib import Path

from splitflap_api.settings import ApiSettings
from splitflap_api.store.engine import Store
from splitflap_api.work.dispatch import SENDER, Dispatcher
from splitflap_core.broker import Delivery, backend_for
from splitflap_core.broker.session import Received
from splitflap_core.settings import load
from splitflap_core.telemetry import Metrics


def test_only_others_wake(store: Store, tmp_path: Path) -> None:
    """The fanout gives a replica its own wake-ups too; what they tell it has seen."""
    woken: list[str] = []
    settings = load(ApiSettings, {"SPLITFLAP_DATA_DIR": str(tmp_path)})
    dispatcher = Dispatcher(
        store,
        backend_for(settings),
        Metrics("api"),
        "here",
        on_wake_up=lambda: woken.append("woken"),
        on_up=lambda: None,
    )
    for sender in ("here", "there", "here"):
        received = Received(1, "events.here", b"{}", {SENDER: sender}, 0)
        dispatcher._woken(Delivery(dispatcher.link, 1, received))
    assert woken == ["woken"]
