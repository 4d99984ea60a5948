"""The publisher: releases held jobs in their turn, and keeps the accounts' shares.

Every process reads the states of the kinds, because it chooses the routes of its own jobs. It also
lets owners join the held jobs of others. A process with the role `outcomes` releases and charges
too.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping

from splitflap_core import topology
from splitflap_core.contracts import Kind
from splitflap_core.kinds import KINDS

from splitflap_api.domain.fair.routes import Router
from splitflap_api.domain.fair.shares import JobOwner
from splitflap_api.loops.dispatch import Dispatcher
from splitflap_api.loops.loop import Duty, Loop
from splitflap_api.transactions.fair import FairPublishing

#: Seconds until the next iteration: after a release with jobs, and otherwise. Beside a full window
#: the publisher uses little CPU then.
RELEASE_EVERY = 0.1
REFRESH_EVERY = 0.5

#: Seconds between two reads while there is no job: for the shares and the slots.
REFRESH_IDLE_EVERY = 5.0

#: Seconds between two writes of charges, and between two deletions of old shares.
CHARGE_EVERY = 1.0
FORGET_EVERY = 60.0

#: Owners that wait to join jobs, at most. The previews of the others wait for the turn of another
#: account. So do those of a process that ends.
MOST_JOINING = 5_000

logger = logging.getLogger(__name__)


class Publisher(Loop):
    """Runs in every process."""

    def __init__(
        self,
        fair: FairPublishing,
        router: Router,
        dispatcher: Dispatcher,
        consumers_of: Callable[[str], int | None],
        *,
        releases: bool,
    ) -> None:
        """`consumers_of` gives the consumers of a queue, or None without a fresh answer.

        `releases`: whether this process has the role `outcomes`.
        """
        duties = self._own_duties(releases=releases)
        super().__init__("publisher", *duties, pause=self._until_next)
        self._fair = fair
        self._router = router
        self._dispatcher = dispatcher
        self._consumers_of = consumers_of
        self._releases = releases
        self._lock = threading.Lock()
        self._joining: dict[str, JobOwner] = {}
        self._not_joined = 0
        #: Whether the last release had jobs to publish.
        self._has_released = False
        #: Whether no job is held, so that the first one starts a release.
        self._rests = True
        self._forgot_at = time.monotonic()
        self._charged_at = self._refreshed_at = float("-inf")

    def _own_duties(self, *, releases: bool) -> list[Duty]:
        of_all = [
            Duty("read the states of the kinds", self._refresh),
            Duty("join jobs", self._join),
        ]
        if not releases:
            return of_all
        return [
            # The first charge says that held jobs are released: it comes before the first read.
            Duty("charge accounts", self._charge),
            *of_all,
            Duty("release jobs", self._release),
            Duty("forget old shares", self._forget),
        ]

    def start(self) -> None:
        """Iterate from now on, first without a pause."""
        super().start()
        self.wake()

    def note_held(self) -> None:
        """Note that a job is held. The first one starts a release: there may be room for it."""
        if self._rests:
            self._rests = False
            self.wake()

    def join(self, owners: Mapping[str, JobOwner]) -> None:
        """Note owners that wait for the jobs of others."""
        if not owners:
            return
        with self._lock:
            if len(self._joining) < MOST_JOINING:
                self._joining.update(owners)
            else:
                self._not_joined += len(owners)

    def _until_next(self) -> float:
        return RELEASE_EVERY if self._has_released else REFRESH_EVERY

    def _refresh(self) -> None:
        if self._may_release():
            return  # a release reads them too
        old = time.monotonic() - self._refreshed_at >= REFRESH_IDLE_EVERY
        # Until some process says that it releases jobs, none is held.
        if self._fair.refresh(even_without_jobs=old or not self._router.may_hold):
            self._refreshed_at = time.monotonic()

    def _release(self) -> None:
        self._has_released = False
        self._rests = not self._router.is_holding()
        if self._may_release():
            rows = self._fair.release()
            self._has_released = bool(rows)
            self._dispatcher.publish(rows)

    def _may_release(self) -> bool:
        return self._releases and self._router.is_holding() and self._dispatcher.link.up

    def _charge(self) -> None:
        if time.monotonic() - self._charged_at >= CHARGE_EVERY:
            self._charged_at = time.monotonic()
            self._fair.charge({kind: self._has_express(kind) for kind in KINDS})

    def _join(self) -> None:
        with self._lock:
            joining, self._joining = self._joining, {}
            not_joined, self._not_joined = self._not_joined, 0
        if not_joined:
            logger.warning(
                "publisher: %d owners join no jobs of others, because %d already wait to join; "
                "their previews wait for the turns of these jobs",
                not_joined,
                len(joining),
            )
        if not joining:
            return
        try:
            rows = self._fair.join(joining)
        except BaseException:
            self.join(joining)
            raise
        self._dispatcher.publish(rows)

    def _forget(self) -> None:
        if time.monotonic() - self._forgot_at >= FORGET_EVERY:
            self._forgot_at = time.monotonic()
            self._fair.forget_old()

    def _has_express(self, kind: Kind) -> bool | None:
        consumers = self._consumers_of(topology.EXPRESS_QUEUES[kind].name)
        return None if consumers is None else consumers > 0
