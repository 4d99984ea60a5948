"""Jobs that wait at the broker, on a rig: the time that passes, and the lengths of queues."""

import pytest
from splitflap_api.loops.marker import Marker, Publishing
from splitflap_api.store import schema
from splitflap_core import topology
from splitflap_core.broker import Depth

from asyncrequest import TaskState
from tests.unit.api.rig import Rig

#: Seconds.
HOUR, DAY = 3_600, 86_400


def dispatch(rig: Rig) -> None:
    """Confirm the messages of all jobs, as the broker does."""
    marker = Marker(rig.store)
    for row in rig.rows(schema.jobs):
        marker.settled(Publishing.of(row), sent=True)
    marker.run_once()
    assert not marker.failed
    rig.published.clear()


class Clock:
    """The database's clock, and the monotonic clock of the signs of loss."""

    def __init__(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        self._rig = rig
        self._ahead = 0.0
        now = rig.store.now
        monkeypatch.setattr(rig.store, "now", lambda tx: now(tx) + int(self._ahead * 1000))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and run the reconciler."""
        self._ahead += seconds
        self._rig.clock += seconds
        self._rig.reconcile()

    def set(self, seconds: float) -> None:
        """Set the database's clock forward or back, and run the reconciler at its next look."""
        self._rig.reconciler._limiting = 0
        self._rig.reconcile()
        self._ahead += seconds
        self._rig.reconciler._clock_read_at = float("-inf")
        self._rig.reconcile()

    def now(self) -> int:
        """The database's clock in milliseconds."""
        with self._rig.store.read() as tx:
            return self._rig.store.now(tx)


def posted(rig: Rig) -> TaskState:
    """A post whose render is at the broker."""
    state = rig.post()
    dispatch(rig)
    return state


def come_back(rig: Rig) -> None:
    """Publish the due jobs, and let the broker confirm them."""
    rig.change(schema.jobs, due_at=1)
    rig.reconcile()
    dispatch(rig)


def see_depths(rig: Rig, *, consumers: int = 1, **ready: int) -> None:
    """Report the lengths of queues, and let the reconciler take the time of it."""
    depths = {queue: Depth(count, consumers) for queue, count in ready.items()}
    for queue in topology.RESULTS_NAMES & ready.keys():
        depths[queue] = Depth(ready[queue], 1)  # the API consumes its outcomes
    rig.signs.note_depths(depths, rig.clock)
    rig.reconcile()
