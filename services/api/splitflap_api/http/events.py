"""HTTP of events: a resumable stream of Server-Sent Events (WHATWG HTML, section 9.2)."""

import logging
import random
from collections.abc import Iterator

from flask import Response, request
from sqlalchemy.exc import SQLAlchemyError

from splitflap_api.contract import headers as doc
from splitflap_api.contract import models
from splitflap_api.contract.operations import Operation, ResponseSpec
from splitflap_api.http.auth import bearer
from splitflap_api.http.parse import event_id
from splitflap_api.http.services import Services
from splitflap_api.http.waiting import release_slot
from splitflap_api.loops.feed import Gap
from splitflap_api.loops.subscriber import FeedEvent, Subscriber
from splitflap_api.store.engine import is_outage

logger = logging.getLogger(__name__)

#: Milliseconds until a client reconnects, chosen at random between these two. The spread keeps
#: clients from reconnecting all at once after a restart.
RETRY_MS = (500, 3000)


class EventViews:
    """The view of the stream, and the frames it sends."""

    def __init__(self, services: Services) -> None:
        self._feed = services.feed
        self._keyring = services.keyring
        self._streams = services.metrics.gauge("splitflap_event_streams")
        self._served = services.metrics.counter("splitflap_events_served_total")

    def stream(self, query: models.EventQuery) -> Response:
        after = event_id()
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        response = Response(None, 200, headers, content_type="text/event-stream; charset=utf-8")
        if request.method == "GET":
            gap = None if after is None else self._feed.gap(after)
            release_slot()
            subscriber = self._feed.subscribe(query.channel)
            self._streams.inc()
            response.response = self._write(subscriber, after, gap, bearer())
            response.call_on_close(lambda: self._end(subscriber))
        return response

    def _end(self, subscriber: Subscriber) -> None:
        self._streams.dec()
        self._feed.unsubscribe(subscriber)

    def _write(
        self, subscriber: Subscriber, after: int | None, gap: Gap | None, secret: str
    ) -> Iterator[bytes]:
        try:
            yield from self._resume(subscriber, after, gap)
            # This replica may be behind the one that sent `after`: skip events up to it.
            yield from self._follow(subscriber, 0 if gap else after or 0, secret)
        except SQLAlchemyError as error:
            if not is_outage(error):
                raise
            logger.warning(
                "event stream: database unavailable (%r); the client will resume later", error
            )
        yield _retry()

    def _resume(
        self, subscriber: Subscriber, after: int | None, gap: Gap | None
    ) -> Iterator[bytes]:
        """Frames of the events between the client's last event and the start of this stream.

        A new client gets the id of the newest event first, so that it can resume too.
        """
        joined = subscriber.joined
        if after is None:
            yield _retry(joined)
            return
        yield _retry()
        if gap:
            yield f'event: gap\ndata: {{"oldest":{gap.oldest}}}\n\n'.encode()
        for page in self._feed.since(after, subscriber.channel, joined):
            self._served.inc(len(page))
            yield b"".join(map(_frame, page))

    def _follow(self, subscriber: Subscriber, after: int, secret: str) -> Iterator[bytes]:
        while not subscriber.ended:
            subscriber.wait()
            events = [event for event in subscriber.take() if event.id > after]
            if events:
                self._served.inc(len(events))
                yield b"".join(map(_frame, events))
            elif not subscriber.ended:
                # A heartbeat. It finds closed connections; a stream of a revoked key ends.
                if self._keyring.caller(secret) is None:
                    return
                yield b":\n\n"


def _frame(event: FeedEvent) -> bytes:
    return f"id: {event.id}\nevent: {event.kind}\ndata: {event.data}\n\n".encode()


def _retry(last_id: int | None = None) -> bytes:
    position = "" if last_id is None else f"id: {last_id}\n"
    return f"{position}retry: {random.randint(*RETRY_MS)}\n\n".encode()  # noqa: S311 - jitter


def operations(services: Services) -> list[Operation]:
    """The operation of the event stream."""
    return [
        Operation(
            "GET",
            "/events",
            "stream_events",
            "Events as they happen: accepted, rendered, preview, done, failed, deleted",
            EventViews(services).stream,
            {200: ResponseSpec("An endless stream.", str, media_type="text/event-stream")},
            query=models.EventQuery,
            headers=(doc.LAST_EVENT_ID,),
            problems=("bad-request",),
        )
    ]
