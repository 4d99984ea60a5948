"""Numbers committed events on PostgreSQL, soon after the commits of this process.

Each replica has a sequencer. One of them numbers at a time, and the others do not wait for it.
"""

import time
from collections.abc import Callable

from splitflap_api.loops.loop import Duty, Loop
from splitflap_api.store.outbox import LIMIT, Pass

#: Seconds between two passes without a wake-up. They find events of a replica that died.
NUMBER_EVERY = 1.0

#: Seconds from a pass until the next one at least: one pass numbers the commits of this time.
GATHER = 0.02

#: Seconds until the next try while another sequencer numbers. Its pass may not have seen the last
#: commit of this process. A pass lasts about as long as one commit.
BUSY = 0.01


class Sequencer(Loop):
    """Moves committed events from the outbox to the table of events."""

    def __init__(self, number_first: Callable[[], Pass], on_numbered: Callable[[], None]) -> None:
        """Make a sequencer. A commit calls `wake`, and a stop numbers once more.

        Args:
            number_first: makes one pass.
            on_numbered: is called after a wake-up, once the events of its commit have ids.
        """
        super().__init__(
            "sequencer",
            Duty("number events", self._number),
            pause=lambda: 0 if self._has_more else NUMBER_EVERY,
            last_run=True,
        )
        self._number_first = number_first
        self._on_numbered = on_numbered
        #: Whether a wake-up has not been answered by `on_numbered`.
        self._is_awaited = False
        #: Whether rows may be left: the pass was full, or another sequencer numbers.
        self._has_more = False

    def _number(self) -> None:
        self._is_awaited |= self.woken
        self._has_more = False  # a failure is followed by a pause
        made = self._number_first()
        self._has_more = made.numbered == LIMIT or not made.has_lock
        if made.numbered or (self._is_awaited and made.has_lock):
            self._is_awaited = False
            self._on_numbered()
        if self.woken or self._has_more:
            time.sleep(GATHER if made.has_lock else BUSY)
