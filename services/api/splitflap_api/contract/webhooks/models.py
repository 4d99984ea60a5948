"""JSON models of webhooks and their deliveries."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from splitflap_core.contracts import MAX_URL

from splitflap_api.contract.models import Count, Id, Next, PageQuery, Request, Time
from splitflap_api.contract.patterns import WEB_URL

#: The events that a webhook may want.
EventName = Literal["task.done", "task.failed", "preview"]

#: Most webhooks of a key, and deliveries in one replay.
MOST_WEBHOOKS = 20
MOST_REPLAYED = 100

WebhookEvent = Annotated[
    EventName,
    Meta(
        title="WebhookEvent",
        description="`task.done`: a task has ended with a status below 400. `task.failed`: with "
        "another one. `preview`: a preview has ended that a task waited for.",
    ),
]
WebhookEvents = Annotated[
    list[WebhookEvent], Meta(min_length=1, max_length=3, description="The events that it is told.")
]
WebhookUrl = Annotated[
    str,
    Meta(
        max_length=MAX_URL,
        description="The receiver: an http or https URL that this service may reach, without "
        "credentials. Redirects are not followed.",
        extra_json_schema=WEB_URL.schema,
    ),
]
Always = Annotated[
    bool,
    Meta(
        description="Whether it is told of all requests with its key, or only of those that name "
        "it in `Splitflap-Webhook`."
    ),
]


DisabledBy = Annotated[
    Literal["owner", "gone", "failing"],
    Meta(
        title="DisabledBy",
        description="`gone`: the receiver has answered 410. `failing`: no try has arrived for five "
        "days. Send `disabled: false` to go on.",
    ),
]
DeliveryState = Annotated[
    Literal["waiting", "done", "dead"],
    Meta(
        title="DeliveryState",
        description="`dead`: its last try has failed. It can be replayed.",
    ),
]
ReplayedIds = Annotated[
    list[Id],
    Meta(
        min_length=1,
        max_length=MOST_REPLAYED,
        description="Deliveries of this webhook. Null: its 100 oldest dead ones.",
    ),
]


class WebhookInput(Request, frozen=True):
    """A webhook to create, or its new values."""

    url: WebhookUrl
    events: WebhookEvents = msgspec.field(default_factory=lambda: ["task.done", "task.failed"])
    always: Always = True
    disabled: Annotated[
        bool, Meta(description="A disabled webhook is told nothing. What waits for it is kept.")
    ] = False


class Webhook(msgspec.Struct):
    """A webhook, without its secret."""

    id: Id
    url: str
    events: list[WebhookEvent]
    always: Always
    created_at: Time
    disabled_at: Time | None
    disabled_by: DisabledBy | None
    failures: Annotated[Count, Meta(description="Failed tries since the last one that arrived.")]
    failing_since: Annotated[Time | None, Meta(description="The time of the first of these.")]
    waiting: Annotated[Count, Meta(description="Deliveries that wait, counted up to 10,000.")]
    dropped: Annotated[
        Count,
        Meta(
            description="Deliveries that have not arrived and are forgotten: 100,000 others came "
            "after each of them."
        ),
    ]


class CreatedWebhook(Webhook):
    """A webhook with its secret. No later response contains the secret."""

    secret: Annotated[str, Meta(description="For verifying signatures. It begins with `whsec_`.")]


class WebhookList(msgspec.Struct):
    """A page of webhooks, newest first. See `next`."""

    items: list[Webhook]
    next: Next


class Delivery(msgspec.Struct):
    """A message to a webhook."""

    id: Annotated[Id, Meta(description="The `webhook-id` of all its tries.")]
    event: Annotated[str, Meta(description="An event, or `webhook.test`.")]
    task: Id | None
    sequence: Annotated[
        int | None, Meta(description="Its number within the webhook; null for a moment.")
    ]
    state: DeliveryState
    attempt: Annotated[Count, Meta(description="The present or the last try.")]
    status: Annotated[int | None, Meta(description="The receiver's last status.")]
    reason: Annotated[str | None, Meta(description="Why the last try had no status.")]
    created_at: Time
    next_at: Annotated[Time | None, Meta(description="The time of the next try.")]


class DeliveryList(msgspec.Struct):
    """A page of deliveries, newest first. See `next`."""

    items: list[Delivery]
    next: Next


class DeliveryQuery(PageQuery, frozen=True):
    """Which deliveries to list."""

    state: Annotated[DeliveryState | None, Meta(description="Only those in this state.")] = None


class ReplayInput(Request, frozen=True):
    """Dead deliveries to send again."""

    ids: ReplayedIds | None = None


class Replayed(msgspec.Struct):
    """The number of deliveries that are sent again."""

    replayed: Count


def stored(events: list[Any]) -> str:
    """Events as a row has them, each once."""
    return " ".join(dict.fromkeys(events))
