"""HTTP of events: a resumable stream of Server-Sent Events (WHATWG HTML, section 9.2)."""

import logging
import random
from collections.abc import Iterator, Sequence

from flask import Response, request
from sqlalchemy.exc import SQLAlchemyError

from splitflap_api.contract import headers as doc
from splitflap_api.contract import models
from splitflap_api.contract.operations import Operation, ResponseSpec
from splitflap_api.domain.access.channels import Channels
from splitflap_api.http.auth import caller, check_channel
from splitflap_api.http.parse import event_id
from splitflap_api.http.services import Services
from splitflap_api.http.waiting import begin_wait
from splitflap_api.loops.long_requests.feed import Gap
from splitflap_api.loops.long_requests.subscriber import FeedEvent, Subscriber
from splitflap_api.store.engine import is_outage

logger = logging.getLogger(__name__)

#: Milliseconds until a client reconnects, chosen at random between these two. The spread keeps
#: clients from reconnecting all at once after a restart.
RETRY_MS = (500, 3000)

#: A comment. It keeps proxies from closing a silent connection, and finds closed ones. No empty
#: line follows, see `retry_line`.
HEARTBEAT = b":\n"


#: What OpenAPI 3.1 cannot say of a stream in a schema.
STREAM = """\
Server-Sent Events (WHATWG HTML, section 9.2). Read them with a client for such streams: the \
response does not end. The data of an event is a JSON object with `post`, `channel` and \
`revision`. `accepted`, `rendered`, `done` and `failed` add `task`, `failed` also `reason`, \
`preview` the `url` and the `state` of the preview.

A browser's EventSource sends no `Authorization`: give it a `token` of `POST /v1/stream-tokens`.

Two events are about the stream itself. `start` is the first event without `Last-Event-ID`; its \
id is that of the newest event so far. `gap` says that events after `Last-Event-ID` are missing; \
its `oldest` is the id of the first one that remains.
"""


class EventViews:
    """The view of the stream, and the frames it sends."""

    def __init__(self, services: Services) -> None:
        self._feed = services.feed
        self._served = services.metrics.counter("splitflap_events_served_total")

    def stream(self, query: models.EventQuery) -> Response:
        if query.channel is not None:
            check_channel(query.channel)
        after = event_id(query.last_event_id)
        response = stream_response()
        if request.method == "GET":
            gap = None if after is None else self._feed.gap(after)
            is_gone = begin_wait()
            channels = caller().channels if query.channel is None else Channels.of([query.channel])
            subscriber = self._feed.subscribe(channels, caller().credential_id, is_gone)
            response.response = self._write(subscriber, after, gap)
            response.call_on_close(lambda: self._feed.unsubscribe(subscriber))
        return response

    def _write(self, subscriber: Subscriber, after: int | None, gap: Gap | None) -> Iterator[bytes]:
        try:
            yield from self._resume(subscriber, after, gap)
            # This replica may be behind the one that sent `after`: skip events up to it.
            yield from self._follow(subscriber, 0 if gap else after or 0)
        except SQLAlchemyError as error:
            if not is_outage(error):
                raise
            logger.warning(
                "event stream: database unavailable (%r); the client will resume later", error
            )
        yield retry_line()

    def _resume(
        self, subscriber: Subscriber, after: int | None, gap: Gap | None
    ) -> Iterator[bytes]:
        """Frames of the events between the client's last event and the start of this stream.

        A new client gets the event `start` first. Its id lets the client resume even if the stream
        ends before the next event.
        """
        joined = subscriber.joined
        yield retry_line()
        if after is None:
            yield frame(joined, "start", "{}")
            return
        if gap:
            yield frame(None, "gap", f'{{"oldest":{gap.oldest}}}')
            # A restore leaves a wide hole in the ids, see docs/operations.md.
            after = max(after, gap.oldest - 1)
        for page in self._feed.since(after, subscriber.channels, joined):
            if subscriber.ended:
                return
            yield self._frames(page)

    def _follow(self, subscriber: Subscriber, after: int) -> Iterator[bytes]:
        while not subscriber.ended:
            subscriber.wait()
            events = [event for event in subscriber.take() if event.id > after]
            if subscriber.ended:
                # Unsent events are not lost: a client with a valid key resumes before them.
                return
            yield self._frames(events) if events else HEARTBEAT

    def _frames(self, events: Sequence[FeedEvent]) -> bytes:
        self._served.inc(len(events))
        return b"".join(frame(event.id, event.kind, event.data) for event in events)


def stream_response() -> Response:
    """The head of a stream, still without events."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    # An iterator has no length, so the response to HEAD has no Content-Length either.
    return Response(iter(()), 200, headers, content_type="text/event-stream; charset=utf-8")


def frame(event_id: int | None, kind: str, data: str) -> bytes:
    """An event of a stream."""
    position = "" if event_id is None else f"id: {event_id}\n"
    return f"{position}event: {kind}\ndata: {data}\n\n".encode()


def retry_line() -> bytes:
    """The line that sets the time until the client reconnects. It belongs to the next event.

    An empty line after it would make an event without data. Some parsers hand that to the client.
    """
    return f"retry: {random.randint(*RETRY_MS)}\n".encode()  # noqa: S311 - jitter


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
            doc=STREAM,
        )
    ]
