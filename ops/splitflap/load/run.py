"""Posts on a schedule from several threads, and one event stream that tells how each ended.

A thread that is told to come again waits as long as it was told, so a load that is too much slows
down as its clients would. The stream costs the API one connection, where following each task would
cost as many requests again as the load itself.
"""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from splitflap.errors import Refused
from splitflap.load.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from splitflap.client import Client
    from splitflap.load.texts import Maker

#: Seconds between two tries of the event stream.
RECONNECT_AFTER = 1.0

#: Seconds of one turn of whoever waits, between two looks and two lines of progress.
TURN = 0.2


@dataclass(frozen=True)
class Plan:
    """What is to be posted."""

    #: Kinds in the order of one round, which is repeated.
    kinds: list[str]
    makers: dict[str, Maker]
    channel: str
    #: Posts a second; None for as fast as they are accepted.
    rate: float | None
    #: Most posts, and most seconds in which new ones are begun; None for no such bound.
    count: int | None
    duration: float | None
    #: Most requests that are under way at a time.
    concurrency: int
    #: Seconds that what was accepted may take to end, after the last post.
    patience: float


class Load:
    """One load; `run` does all of it."""

    def __init__(self, plan: Plan, client: Callable[..., Client]) -> None:
        """`client` makes a client for one thread, with what it calls when it is put off."""
        self.ledger = Ledger(sorted(set(plan.kinds)))
        self._plan = plan
        self._client = client
        self._numbers = itertools.count()
        self._stopping = threading.Event()
        self._wrong: list[Refused] = []

    def run(self, progress: Callable[[], None]) -> None:
        """Post, and wait for the ends; `progress` is called all the while.

        Raises:
            Refused: the API will never take such a post; what was accepted is in the ledger.
        """
        follower = threading.Thread(target=self._follow, args=(self._start(),), daemon=True)
        follower.start()
        self._post_all(progress)
        give_up_at = time.monotonic() + self._plan.patience
        while self.ledger.running() and time.monotonic() < give_up_at and not self._wrong:
            progress()
            time.sleep(TURN)
        self._stopping.set()
        self._look_at_the_rest()
        if self._wrong:
            raise self._wrong[0]

    def stop(self) -> None:
        """Begin no more posts."""
        self._stopping.set()

    # -- posting ---------------------------------------------------------------------------------

    def _post_all(self, progress: Callable[[], None]) -> None:
        start = time.monotonic()
        # Daemons: who interrupts the load does not wait for a Retry-After.
        threads = [
            threading.Thread(target=self._post, args=(start,), daemon=True)
            for _ in range(self._plan.concurrency)
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            progress()
            threads[0].join(TURN)
            time.sleep(0 if threads[0].is_alive() else TURN)

    def _post(self, start: float) -> None:
        why = _Why(self.ledger)
        client = self._client(why)
        while (number := self._next(start)) is not None and not self._wrong:
            why.kind = self._plan.kinds[number % len(self._plan.kinds)]
            try:
                self._submit(client, why.kind, number)
            except Refused as error:
                self._wrong.append(error)

    def _next(self, start: float) -> int | None:
        """The number of the next post, once it is due; None when there is none."""
        plan = self._plan
        number = next(self._numbers)
        due = start + number / plan.rate if plan.rate else time.monotonic()
        is_over = plan.count is not None and number >= plan.count
        if is_over or (plan.duration is not None and due >= start + plan.duration):
            return None
        waits = max(0.0, due - time.monotonic())
        return None if self._stopping.wait(waits) else number

    def _submit(self, client: Client, kind: str, number: int) -> None:
        """Post one.

        Raises:
            Refused: such a post is never taken.
        """
        from splitflap.client import LATER, ApiRefused, Unreachable

        token = f"{self._plan.channel}-{number}"
        body = {"text": self._plan.makers[kind](token), "channel": self._plan.channel}
        since = self.ledger.sent(kind)
        try:
            response = client.send(
                "POST",
                client.at("posts"),
                resend=True,
                json=body,
                headers={"Idempotency-Key": str(uuid.uuid4())},
            )
        except (ApiRefused, Unreachable) as error:
            if isinstance(error, ApiRefused) and error.status not in LATER:
                raise
            self.ledger.refused(kind, reason(error))
            self.ledger.gave_up(kind)
            return
        if response.status_code == HTTPStatus.ACCEPTED:
            self.ledger.accepted(kind, _task_of(client.location(response)), since)
        else:
            # A repeat found the post done already.
            self.ledger.accepted(kind, token, since)
            self.ledger.ended(token, complete=True)

    # -- following -------------------------------------------------------------------------------

    def _start(self) -> int:
        """The event after which those of this load come."""
        for event_id, _, _ in self._client().events(self._plan.channel):
            return event_id
        raise Refused("the API ended its stream of events at once")

    def _follow(self, last: int) -> None:
        """Read the stream to the end of the load, from where it was cut."""
        client = self._client()
        while not self._stopping.is_set():
            with suppress(Refused):
                for event_id, event, data in client.events(self._plan.channel, last):
                    last = event_id
                    if event in {"done", "failed"}:
                        self.ledger.ended(data["task"], complete=event == "done")
            time.sleep(RECONNECT_AFTER)

    def _look_at_the_rest(self) -> None:
        """Ask for each task whose end no event has told."""
        from splitflap.client import LATER, ApiRefused

        client = self._client()
        for task in self.ledger.running():
            try:
                response = client.send("GET", client.at("tasks", task), resend=True)
            except ApiRefused as error:
                if error.status not in LATER:
                    self.ledger.ended(task, complete=False)
            else:
                if response.status_code != HTTPStatus.ACCEPTED:
                    self.ledger.ended(task, complete=True)


class _Why:
    """Counts what a thread's client is put off by."""

    def __init__(self, ledger: Ledger) -> None:
        self.kind = ""
        self._ledger = ledger

    def __call__(self, error: Refused, _delay: float) -> None:
        self._ledger.refused(self.kind, reason(error))


def reason(error: Refused) -> str:
    """A status, or that no answer came."""
    return str(getattr(error, "status", "no answer"))


def _task_of(location: str) -> str:
    return location.rsplit("/", 1)[-1]
