"""HTTP of the status: now, as a stream, and over the last hour."""

from collections.abc import Iterator

from flask import Response, request

from splitflap_api.contract import status_models
from splitflap_api.contract.operations import Operation, ResponseSpec
from splitflap_api.domain.operator.history import read_history
from splitflap_api.domain.operator.waiting_accounts import read_waiting_accounts
from splitflap_api.http.auth import caller
from splitflap_api.http.events import HEARTBEAT, frame, retry_line, stream_response
from splitflap_api.http.responses import JsonResponse, json_of
from splitflap_api.http.services import Services
from splitflap_api.http.waiting import begin_wait
from splitflap_api.loops.long_requests.subscriber import Subscriber

#: What OpenAPI 3.1 cannot say of a stream in a schema.
STREAM = """\
Server-Sent Events (WHATWG HTML, section 9.2). The data of each event `status` is the JSON of \
`show_status`. One comes every two seconds, or later if the database takes long to read it.
"""


class StatusViews:
    """The views of the operations below."""

    def __init__(self, services: Services) -> None:
        self._store = services.store
        self._status = services.status
        self._feed = services.status_feed

    def status(self) -> JsonResponse:
        return json_of(self._status.read())

    def stream(self) -> Response:
        response = stream_response()
        if request.method == "GET":
            subscriber = self._feed.subscribe(caller().credential_id, begin_wait())
            response.response = _follow(subscriber)
            response.call_on_close(lambda: self._feed.unsubscribe(subscriber))
        return response

    def history(self) -> JsonResponse:
        with self._store.read() as tx:
            return json_of(read_history(tx, self._store.now(tx)))

    def waiting_accounts(self) -> JsonResponse:
        with self._store.read() as tx:
            return json_of(read_waiting_accounts(tx, self._store.now(tx)))


def _follow(subscriber: Subscriber) -> Iterator[bytes]:
    """Frames of the status. A slow client gets the newest one only."""
    yield retry_line()
    while not subscriber.ended:
        subscriber.wait()
        events = subscriber.take()
        if subscriber.ended:
            break
        yield frame(None, events[-1].kind, events[-1].data) if events else HEARTBEAT
    yield retry_line()


def operations(services: Services) -> list[Operation]:
    """Operations with the scope `observe`."""
    views = StatusViews(services)
    return [
        Operation(
            "GET",
            "/status",
            "show_status",
            "Jobs, tasks, dead letters, workers, rates, and what is shed",
            views.status,
            {200: ResponseSpec("The status.", status_models.Status)},
            scope="observe",
        ),
        Operation(
            "GET",
            "/status/events",
            "stream_status",
            "The status again and again, as it changes",
            views.stream,
            {200: ResponseSpec("An endless stream.", str, media_type="text/event-stream")},
            scope="observe",
            doc=STREAM,
        ),
        Operation(
            "GET",
            "/status/history",
            "show_status_history",
            "The last hour in steps of ten seconds",
            views.history,
            {200: ResponseSpec("The series.", status_models.StatusHistory)},
            scope="observe",
        ),
        Operation(
            "GET",
            "/status/accounts",
            "list_waiting_accounts",
            "The ten accounts whose jobs have waited longest for their turn, and why",
            views.waiting_accounts,
            {200: ResponseSpec("The accounts, oldest wait first.", status_models.WaitingAccounts)},
            scope="observe",
        ),
    ]
