"""HTTP of webhooks."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response

from splitflap_api.contract import headers as doc
from splitflap_api.contract import models
from splitflap_api.contract.formats import is_id
from splitflap_api.contract.operations import Operation, ResponseSpec
from splitflap_api.contract.problems import invalid
from splitflap_api.contract.webhooks import models as hooks
from splitflap_api.domain.webhooks.endpoints import Endpoints
from splitflap_api.http.auth import caller
from splitflap_api.http.pages import page_of
from splitflap_api.http.parse import id_of
from splitflap_api.http.responses import JsonResponse, json_of, no_content
from splitflap_api.http.services import Services


class WebhookViews:
    """The views of the operations below. A key sees its own webhooks."""

    def __init__(self, services: Services) -> None:
        self._store = services.store
        self._keyring = services.keyring
        self._rules = services.settings.address_rules

    def page(self, query: models.PageQuery) -> JsonResponse:
        after = None if query.after is None else id_of(query.after)
        with self._reading() as endpoints:
            return page_of(endpoints.page(after, query.limit + 1), query.limit)

    def create(self, body: hooks.WebhookInput) -> JsonResponse:
        with self._changing() as endpoints:
            return json_of(endpoints.create(body), 201)

    def show(self, webhook_id: str) -> JsonResponse:
        with self._reading() as endpoints:
            return json_of(endpoints.show(webhook_id))

    def change(self, webhook_id: str, body: hooks.WebhookInput) -> JsonResponse:
        with self._changing() as endpoints:
            return json_of(endpoints.change(webhook_id, body))

    def rotate(self, webhook_id: str) -> JsonResponse:
        with self._changing() as endpoints:
            return json_of(endpoints.rotate(webhook_id))

    def test(self, webhook_id: str) -> JsonResponse:
        with self._changing() as endpoints:
            return json_of(endpoints.test(webhook_id), 201)

    def delete(self, webhook_id: str) -> Response:
        with self._changing() as endpoints:
            endpoints.delete(webhook_id)
        return no_content()

    def deliveries(self, webhook_id: str, query: hooks.DeliveryQuery) -> JsonResponse:
        after = None if query.after is None else id_of(query.after)
        with self._reading() as endpoints:
            return page_of(endpoints.deliveries(webhook_id, query, after), query.limit)

    def replay(self, webhook_id: str, body: hooks.ReplayInput) -> JsonResponse:
        if body.ids is not None and not all(map(is_id, body.ids)):
            raise invalid("ids", "expected ids of deliveries")
        with self._changing() as endpoints:
            count = endpoints.replay(webhook_id, body.ids, hooks.MOST_REPLAYED)
        return json_of(hooks.Replayed(count))

    @contextmanager
    def _reading(self) -> Iterator[Endpoints]:
        with self._store.read() as tx:
            yield Endpoints(tx, caller().key_id, self._store.now(tx), self._rules)

    @contextmanager
    def _changing(self) -> Iterator[Endpoints]:
        with self._store.write() as tx:
            yield Endpoints(tx, caller().key_id, self._store.now(tx), self._rules)
        self._keyring.forget_webhooks()


def operations(services: Services) -> list[Operation]:
    """Operations on the webhooks of the request's key."""
    views = WebhookViews(services)
    return [
        Operation(
            "POST",
            "/webhooks",
            "create_webhook",
            "Create a webhook of the key; the secret is shown only in this response",
            views.create,
            {201: ResponseSpec("The webhook.", hooks.CreatedWebhook)},
            scope="write",
            body=hooks.WebhookInput,
            problems=(*doc.BODY_PROBLEMS, "conflict"),
            doc="A key has at most 20 webhooks. They end with the key.",
        ),
        Operation(
            "GET",
            "/webhooks",
            "list_webhooks",
            "The webhooks of the key, newest first",
            views.page,
            {200: ResponseSpec("A page of webhooks.", hooks.WebhookList)},
            scope="write",
            query=models.PageQuery,
        ),
        Operation(
            "GET",
            "/webhooks/{webhook_id}",
            "show_webhook",
            "A webhook of the key",
            views.show,
            {200: ResponseSpec("The webhook.", hooks.Webhook)},
            scope="write",
            problems=("not-found",),
        ),
        Operation(
            "PUT",
            "/webhooks/{webhook_id}",
            "change_webhook",
            "Replace the URL, the events and the state of a webhook",
            views.change,
            {200: ResponseSpec("The webhook.", hooks.Webhook)},
            scope="write",
            body=hooks.WebhookInput,
            problems=(*doc.BODY_PROBLEMS, "not-found"),
        ),
        Operation(
            "DELETE",
            "/webhooks/{webhook_id}",
            "delete_webhook",
            "Delete a webhook with its deliveries",
            views.delete,
            {204: doc.NO_CONTENT},
            scope="write",
            problems=("not-found",),
        ),
        Operation(
            "POST",
            "/webhooks/{webhook_id}/rotate",
            "rotate_webhook",
            "Give a webhook a new secret; for a day, the old one signs too",
            views.rotate,
            {200: ResponseSpec("The webhook.", hooks.CreatedWebhook)},
            scope="write",
            problems=("not-found",),
        ),
        Operation(
            "POST",
            "/webhooks/{webhook_id}/test",
            "test_webhook",
            "Send a webhook the event `webhook.test`",
            views.test,
            {201: ResponseSpec("The delivery.", hooks.Delivery)},
            scope="write",
            problems=("not-found", "conflict"),
        ),
        Operation(
            "GET",
            "/webhooks/{webhook_id}/deliveries",
            "list_deliveries",
            "The deliveries to a webhook, newest first",
            views.deliveries,
            {200: ResponseSpec("A page of deliveries.", hooks.DeliveryList)},
            scope="write",
            query=hooks.DeliveryQuery,
            problems=("not-found",),
            doc="A delivery is kept for a day after it was done, and a dead one for 30 days.",
        ),
        Operation(
            "POST",
            "/webhooks/{webhook_id}/replay",
            "replay_deliveries",
            "Send dead deliveries again",
            views.replay,
            {200: ResponseSpec("Their number.", hooks.Replayed)},
            scope="write",
            body=hooks.ReplayInput,
            problems=(*doc.BODY_PROBLEMS, "not-found"),
        ),
    ]
