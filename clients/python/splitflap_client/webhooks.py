"""The webhooks of the key: create, change, test and delete them, and replay deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from splitflap_client.models import (
    CreatedWebhook,
    Delivery,
    DeliveryList,
    Replayed,
    ReplayInput,
    Webhook,
    WebhookInput,
    WebhookList,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from splitflap_client.models import DeliveryState, WebhookEvent
    from splitflap_client.transport import Transport


class WebhookFields(TypedDict, total=False):
    """Values of a webhook. What is left out has the default of the API."""

    events: list[WebhookEvent]
    #: Whether it is told of all requests with the key, or only of those that name it.
    always: bool
    disabled: bool


class Webhooks:
    """The webhooks of the key, whichever account it acts for. It needs the scope `write`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport.acting_for(None)

    def create(self, url: str, **fields: Unpack[WebhookFields]) -> CreatedWebhook:
        """Create a webhook. Keep its `secret`: no later response has it."""
        body = WebhookInput(url=url, **fields)
        return self._transport.write(CreatedWebhook, "POST", body, "webhooks")

    def list(self) -> Iterator[Webhook]:
        """All webhooks of the key, newest first."""
        return self._transport.pages(WebhookList, "webhooks")

    def get(self, webhook_id: str) -> Webhook:
        """A webhook in its present state."""
        return self._transport.get(Webhook, "webhooks", webhook_id)

    def replace(self, webhook_id: str, url: str, **fields: Unpack[WebhookFields]) -> Webhook:
        """Replace all values of a webhook. Its secret stays."""
        body = WebhookInput(url=url, **fields)
        return self._transport.write(Webhook, "PUT", body, "webhooks", webhook_id)

    def rotate(self, webhook_id: str) -> CreatedWebhook:
        """Give a webhook a new `secret`. For a day, the old one signs too."""
        return self._transport.write(CreatedWebhook, "POST", None, "webhooks", webhook_id, "rotate")

    def test(self, webhook_id: str) -> Delivery:
        """Send the event `webhook.test`."""
        return self._transport.write(Delivery, "POST", None, "webhooks", webhook_id, "test")

    def deliveries(
        self, webhook_id: str, *, state: DeliveryState | None = None
    ) -> Iterator[Delivery]:
        """What a webhook was told, newest first."""
        return self._transport.pages(
            DeliveryList, "webhooks", webhook_id, "deliveries", state=state
        )

    def replay(self, webhook_id: str, ids: Sequence[str] | None = None) -> int:
        """Send dead deliveries again, all or those with these ids; returns their number."""
        body = ReplayInput(ids=None if ids is None else list(ids))
        path = ("webhooks", webhook_id, "replay")
        count = replayed = self._transport.write(Replayed, "POST", body, *path).replayed
        while ids is None and replayed:
            replayed = self._transport.write(Replayed, "POST", body, *path).replayed
            count += replayed
        return count

    def delete(self, webhook_id: str) -> None:
        """Delete a webhook with its deliveries.

        Raises:
            NotFound: there is none.
        """
        self._transport.delete("webhooks", webhook_id)
