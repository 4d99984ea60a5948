"""A load: threads post on a schedule, and one event stream reports the end of each task.

A refused thread waits for the Retry-After, so an overload slows the load down as it would slow
down clients. The stream costs the API one connection; polling each task would double the requests.
"""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from splitflap.errors import CommandError
from splitflap.load.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from splitflap_client import EventStream

    from splitflap.client import Client
    from splitflap.load.texts import Maker

#: Seconds between two attempts to open the event stream.
RECONNECT_AFTER = 1.0

#: Seconds between two checks of a waiting thread, and between two calls of `progress`.
CHECK_EVERY = 0.2


@dataclass(frozen=True)
class LoadPlan:
    """The texts to post, and the bounds of the load."""

    #: Kinds in the order of one round; rounds repeat.
    kinds: list[str]
    makers: dict[str, Maker]
    channel: str
    #: Posts a second; None for as fast as the API accepts them.
    rate: float | None
    #: Most posts; None for no bound.
    count: int | None
    #: Seconds in which new posts are sent; None for no bound.
    duration: float | None
    #: Most requests in flight.
    concurrency: int
    #: Seconds to wait for unfinished tasks after the last post.
    patience: float
    #: Whether the posts yield to others.
    low: bool = False


class LoadRun:
    """One run of a plan."""

    def __init__(self, plan: LoadPlan, client: Callable[..., Client]) -> None:
        """`client` makes a client for one thread; its argument is called before each retry."""
        self.ledger = Ledger(sorted(set(plan.kinds)))
        self._plan = plan
        self._client = client
        self._numbers = itertools.count()
        self._stopping = threading.Event()
        self._errors: list[CommandError] = []

    def run(self, progress: Callable[[], None]) -> None:
        """Post, and wait for the ends; calls `progress` all the while.

        Raises:
            CommandError: the API refuses such posts for good. The ledger keeps the accepted ones.
        """
        # Lost posts are reported; the stream is resumed in silence.
        events = self._client(_say_nothing).events(self._plan.channel)
        follower = threading.Thread(target=self._follow, args=(events,), daemon=True)
        follower.start()
        self._post_all(progress)
        deadline = time.monotonic() + self._plan.patience
        while self.ledger.running() and time.monotonic() < deadline and not self._errors:
            progress()
            time.sleep(CHECK_EVERY)
        self._stopping.set()
        self._poll_unfinished()
        if self._errors:
            raise self._errors[0]

    def stop(self) -> None:
        """Start no more posts."""
        self._stopping.set()

    # -- posting ---------------------------------------------------------------------------------

    def _post_all(self, progress: Callable[[], None]) -> None:
        start = time.monotonic()
        # Daemon threads: after Ctrl-C, the process ends without waiting for a Retry-After.
        threads = [
            threading.Thread(target=self._post, args=(start,), daemon=True)
            for _ in range(self._plan.concurrency)
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            progress()
            threads[0].join(CHECK_EVERY)
            time.sleep(0 if threads[0].is_alive() else CHECK_EVERY)

    def _post(self, start: float) -> None:
        retries = _RetryCounter(self.ledger)
        client = self._client(retries)
        while (number := self._next(start)) is not None and not self._errors:
            retries.kind = self._plan.kinds[number % len(self._plan.kinds)]
            try:
                self._submit(client, retries.kind, number)
            except CommandError as error:
                self._errors.append(error)

    def _next(self, start: float) -> int | None:
        """Wait for the next post's time and return its number; None after the last."""
        plan = self._plan
        number = next(self._numbers)
        due = start + number / plan.rate if plan.rate else time.monotonic()
        is_over = plan.count is not None and number >= plan.count
        if is_over or (plan.duration is not None and due >= start + plan.duration):
            return None
        delay = max(0.0, due - time.monotonic())
        return None if self._stopping.wait(delay) else number

    def _submit(self, client: Client, kind: str, number: int) -> None:
        """Send one post, and note the response.

        Raises:
            CommandError: the API refuses such posts for good.
        """
        from splitflap.client import ApiRefused, Unreachable

        token = f"{self._plan.channel}-{number}"
        since = self.ledger.sent(kind)
        try:
            response = self._send(client, self._plan.makers[kind](token))
        except (ApiRefused, Unreachable) as error:
            if isinstance(error, ApiRefused) and not error.is_temporary:
                raise
            self.ledger.refused(kind, reason(error))
            self.ledger.gave_up(kind)
            return
        if response.status_code == HTTPStatus.ACCEPTED:
            self.ledger.accepted(kind, _task_of(client.location(response)), since)
        else:
            # After a lost response, the retry may get the final response at once.
            self.ledger.accepted(kind, token, since)
            self.ledger.ended(token, complete=True)

    def _send(self, client: Client, text: str) -> Any:
        from splitflap.client import LOW

        return client.send(
            "POST",
            client.at("posts"),
            resend=True,
            json={"text": text, "channel": self._plan.channel},
            headers={"Idempotency-Key": str(uuid.uuid4()), **(LOW if self._plan.low else {})},
        )

    # -- following -------------------------------------------------------------------------------

    def _follow(self, events: EventStream) -> None:
        """Read events until the load ends. After its last attempt, a stream is tried again."""
        from splitflap_client import PostEvent, SplitflapError

        while not self._stopping.is_set():
            with suppress(SplitflapError):
                for event in events:
                    if isinstance(event, PostEvent) and event.kind in {"done", "failed"}:
                        self.ledger.ended(event.task or "", complete=event.kind == "done")
            time.sleep(RECONNECT_AFTER)

    def _poll_unfinished(self) -> None:
        """Poll each task whose end is unknown, once."""
        from splitflap.client import ApiRefused

        client = self._client()
        for task in self.ledger.running():
            try:
                response = client.send("GET", client.at("tasks", task), resend=True)
            except ApiRefused as error:
                if not error.is_temporary:
                    self.ledger.ended(task, complete=False)
            else:
                if response.status_code != HTTPStatus.ACCEPTED:
                    self.ledger.ended(task, complete=True)


class _RetryCounter:
    """Counts the retries of one thread's client, for the kind that it posts."""

    def __init__(self, ledger: Ledger) -> None:
        self.kind = ""
        self._ledger = ledger

    def __call__(self, error: CommandError, _delay: float) -> None:
        self._ledger.refused(self.kind, reason(error))


def _say_nothing(_error: CommandError, _delay: float) -> None:
    pass


def reason(error: CommandError) -> str:
    """The status of a refusal; `no answer` for a missing response."""
    return str(getattr(error, "status", "no answer"))


def _task_of(location: str) -> str:
    return location.rsplit("/", 1)[-1]
