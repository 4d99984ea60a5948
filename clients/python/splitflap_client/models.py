"""Models of requests and responses. Made by `make docs` from the OpenAPI document: edit that."""

from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

# A later API may have more values than these.
if TYPE_CHECKING:
    Availability = Literal["backorder", "discontinued", "in_stock", "out_of_stock", "preorder"]
    Card = Literal["large", "summary"]
    DeliveryState = Literal["dead", "done", "waiting"]
    DisabledBy = Literal["failing", "gone", "owner"]
    Flavour = Literal["gfm", "markdown"]
    PostState = Literal["accepted", "complete", "failed", "rendered"]
    PreviewState = Literal["failed", "pending", "ready"]
    WebhookEvent = Literal["preview", "task.done", "task.failed"]
else:
    Availability = str
    Card = str
    DeliveryState = str
    DisabledBy = str
    Flavour = str
    PostState = str
    PreviewState = str
    WebhookEvent = str


class _Input(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The body of a request: without what is left out."""


class _Output(msgspec.Struct, kw_only=True, frozen=True, tag_field="kind"):
    """A response. What a later API adds is ignored."""


class PostInput(_Input, kw_only=True, frozen=True):
    """A post to create. `author` and `created_at` need the scope `act`."""

    #: Markdown, 1 to 65,536 bytes of UTF-8: text with a visible character outside of comments,
    #: without U+0000.
    text: str
    #: The channel's name, case-sensitive: 1 to 100 letters (A to Z), digits, `.`, `_` or `-`,
    #: beginning with a letter or a digit. Default: `general`.
    channel: str | None = None
    #: The default is SPLITFLAP_DEFAULT_FLAVOUR for a new text, and the post's own flavour for
    #: an edit.
    flavour: Flavour | None = None
    #: Whether a newline within a paragraph is a line break. The default is SPLITFLAP_BREAKS
    #: for a new text, and the post's own value for an edit.
    breaks: bool | None = None
    #: As the header `Splitflap-Account`. The default is that account.
    author: str | None = None
    #: The default is now; no later time is allowed.
    created_at: datetime | None = None
    #: What the post belongs to, such as the id of another post, case-sensitive: 1 to 200
    #: letters (A to Z), digits, `.`, `_`, `@`, `:`, `/` or `-`, beginning with a letter or a
    #: digit.
    parent: str | None = None


class BatchInput(_Input, kw_only=True, frozen=True):
    """Posts to create: all of them, or none if one does not fit."""

    posts: list[PostInput]


class EditInput(_Input, kw_only=True, frozen=True):
    """A post's next revision."""

    #: Markdown, 1 to 65,536 bytes of UTF-8: text with a visible character outside of comments,
    #: without U+0000.
    text: str
    #: The default is SPLITFLAP_DEFAULT_FLAVOUR for a new text, and the post's own flavour for
    #: an edit.
    flavour: Flavour | None = None
    #: Whether a newline within a paragraph is a line break. The default is SPLITFLAP_BREAKS
    #: for a new text, and the post's own value for an edit.
    breaks: bool | None = None


class RenderInput(_Input, kw_only=True, frozen=True):
    """A text to render. Only the task is stored."""

    #: Markdown, 1 to 65,536 bytes of UTF-8: text with a visible character outside of comments,
    #: without U+0000.
    text: str
    #: The default is SPLITFLAP_DEFAULT_FLAVOUR for a new text, and the post's own flavour for
    #: an edit.
    flavour: Flavour | None = None
    #: Whether a newline within a paragraph is a line break. The default is SPLITFLAP_BREAKS
    #: for a new text, and the post's own value for an edit.
    breaks: bool | None = None


class PreviewInput(_Input, kw_only=True, frozen=True):
    """A URL to preview."""

    #: At most 2,000 bytes of UTF-8: an http or https URL with a host, without spaces or
    #: control characters.
    url: str
    #: Fetch a fresh preview again. Default: `false`.
    refresh: bool | None = None


class WebhookInput(_Input, kw_only=True, frozen=True):
    """A webhook to create, or its new values."""

    #: The receiver: an http or https URL that this service may reach, without credentials.
    #: Redirects are not followed.
    url: str
    #: The events that it is told.
    events: list[WebhookEvent] | None = None
    #: Whether it is told of all requests with its key, or only of those that name it in
    #: `Splitflap-Webhook`. Default: `true`.
    always: bool | None = None
    #: A disabled webhook is told nothing. What waits for it is kept. Default: `false`.
    disabled: bool | None = None


class ReplayInput(_Input, kw_only=True, frozen=True):
    """Dead deliveries to send again."""

    #: Deliveries of this webhook. Null: its 100 oldest dead ones.
    ids: list[str] | None = None


class Preview(_Output, kw_only=True, frozen=True, tag="preview"):
    """A preview of a URL.

    `url` is the link in the post, even if the page declares another URL. A field is null if
    the page does not say it.

    A field is null if the page does not say it.
    """

    #: http or https. Scheme, host and port have their canonical form. The rest is as the
    #: author wrote it, so it may contain characters that a URI escapes.
    url: str
    #: `pending` until the first fetch has ended.
    state: PreviewState
    #: Why the preview failed.
    reason: str | None = None
    #: Plain text from the page, on one line. Escape it before display.
    title: str | None = None
    #: Plain text from the page, on one line. Escape it before display.
    description: str | None = None
    #: Absolute, http or https; at the operator's image proxy if there is one. It is a path of
    #: your site if the proxy is one.
    image: str | None = None
    #: Pixels.
    image_width: int | None = None
    #: Pixels.
    image_height: int | None = None
    #: Plain text that stands for the image.
    image_alt: str | None = None
    card: Card | None = None
    #: A player for an `iframe`, over https, of a provider that the operator trusts. Give the
    #: frame a `sandbox`, and load it after a click.
    player: str | None = None
    #: Pixels.
    player_width: int | None = None
    #: Pixels.
    player_height: int | None = None
    #: Plain text from the page, on one line. Escape it before display.
    site_name: str | None = None
    #: The site's icon, as `image`.
    icon: str | None = None
    #: Names, separated by commas.
    author: str | None = None
    #: RFC 3339, in UTC.
    published_at: datetime | None = None
    #: BCP 47.
    language: str | None = None
    #: Kind of page or file: article, archive, audio, book, document, file, image, music,
    #: product, profile, text, video or website. Later releases may add more.
    type: str | None = None
    #: The page's own address, as the page states it.
    canonical: str | None = None
    #: Whether the page says that it is for adults only.
    sensitive: bool | None = None
    #: The lowest price of the product, as a decimal number. `currency` is set too.
    price: str | None = None
    #: ISO 4217.
    currency: str | None = None
    availability: Availability | None = None
    #: Bytes.
    file_size: int | None = None
    #: RFC 3339, in UTC.
    fetched_at: datetime | None = None
    #: RFC 3339, in UTC.
    expires_at: datetime | None = None


class FieldError(_Output, kw_only=True, frozen=True, tag_field=None):
    """An error in one field."""

    field: str
    message: str


class Render(_Output, kw_only=True, frozen=True, tag="render"):
    """A rendered text."""

    html: str
    links: list[str]
    mentions: list[str]
    channels: list[str]
    excerpt: str


class Progress(_Output, kw_only=True, frozen=True, tag_field=None):
    """Numbers of a task's jobs: ended and all."""

    done: int
    total: int


class CreatedWebhook(_Output, kw_only=True, frozen=True, tag_field=None):
    """A webhook with its secret. No later response contains the secret."""

    #: UUIDv7.
    id: str
    url: str
    events: list[WebhookEvent]
    #: Whether it is told of all requests with its key, or only of those that name it in
    #: `Splitflap-Webhook`.
    always: bool
    #: RFC 3339, in UTC.
    created_at: datetime
    #: RFC 3339, in UTC.
    disabled_at: datetime | None = None
    disabled_by: DisabledBy | None = None
    #: Failed tries since the last one that arrived.
    failures: int
    #: The time of the first of these.
    failing_since: datetime | None = None
    #: Deliveries that wait, counted up to 10,000.
    waiting: int
    #: Deliveries that have not arrived and are forgotten: 100,000 others came after each of
    #: them.
    dropped: int
    #: For verifying signatures. It begins with `whsec_`.
    secret: str


class Webhook(_Output, kw_only=True, frozen=True, tag_field=None):
    """A webhook, without its secret."""

    #: UUIDv7.
    id: str
    url: str
    events: list[WebhookEvent]
    #: Whether it is told of all requests with its key, or only of those that name it in
    #: `Splitflap-Webhook`.
    always: bool
    #: RFC 3339, in UTC.
    created_at: datetime
    #: RFC 3339, in UTC.
    disabled_at: datetime | None = None
    disabled_by: DisabledBy | None = None
    #: Failed tries since the last one that arrived.
    failures: int
    #: The time of the first of these.
    failing_since: datetime | None = None
    #: Deliveries that wait, counted up to 10,000.
    waiting: int
    #: Deliveries that have not arrived and are forgotten: 100,000 others came after each of
    #: them.
    dropped: int


class Delivery(_Output, kw_only=True, frozen=True, tag_field=None):
    """A message to a webhook."""

    #: The `webhook-id` of all its tries.
    id: str
    #: An event, or `webhook.test`.
    event: str
    #: UUIDv7.
    task: str | None = None
    #: Its number within the webhook; null for a moment.
    sequence: int | None = None
    state: DeliveryState
    #: The present or the last try.
    attempt: int
    #: The receiver's last status.
    status: int | None = None
    #: Why the last try had no status.
    reason: str | None = None
    #: RFC 3339, in UTC.
    created_at: datetime
    #: The time of the next try.
    next_at: datetime | None = None


class Replayed(_Output, kw_only=True, frozen=True, tag_field=None):
    """The number of deliveries that are sent again."""

    replayed: int


class PostLink(_Output, kw_only=True, frozen=True, tag_field=None):
    """A link of a post, in reading order."""

    #: http or https. Scheme, host and port have their canonical form. The rest is as the
    #: author wrote it, so it may contain characters that a URI escapes.
    url: str
    preview: Preview


class ProblemBody(_Output, kw_only=True, frozen=True, tag_field=None):
    """A problem (RFC 9457)."""

    #: Path of the page about this type of problem.
    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None
    #: Why a text was not rendered.
    reason: str | None = None


class RunningTask(_Output, kw_only=True, frozen=True, tag="task"):
    """A running task."""

    #: UUIDv7.
    id: str
    state: str
    #: RFC 3339, in UTC.
    created_at: datetime
    progress: Progress


class WebhookList(_Output, kw_only=True, frozen=True, tag_field=None):
    """A page of webhooks, newest first. See `next`."""

    items: list[Webhook]
    #: Send it as `after` to get the next page; null at the end of the list. A page with a next
    #: one has at least one item. It also ends at 1 MiB, so it may have fewer than `limit`
    #: items.
    next: str | None = None


class DeliveryList(_Output, kw_only=True, frozen=True, tag_field=None):
    """A page of deliveries, newest first. See `next`."""

    items: list[Delivery]
    #: Send it as `after` to get the next page; null at the end of the list. A page with a next
    #: one has at least one item. It also ends at 1 MiB, so it may have fewer than `limit`
    #: items.
    next: str | None = None


class Post(_Output, kw_only=True, frozen=True, tag="post"):
    """A post in its present state: `text` at once, `html` once rendered, previews one by one.

    `mentions`, `channels` and `excerpt` (plain text, for notifications) appear with `html`.
    """

    #: UUIDv7.
    id: str
    channel: str
    author: str
    text: str
    html: str | None = None
    #: `rendered` has its HTML, `complete` its previews too.
    state: PostState
    revision: int
    links: list[PostLink]
    #: RFC 3339, in UTC.
    created_at: datetime
    #: RFC 3339, in UTC.
    updated_at: datetime
    flavour: Flavour
    #: Whether a newline within a paragraph is a line break.
    breaks: bool
    mentions: list[str]
    channels: list[str]
    excerpt: str | None = None
    #: What the post belongs to.
    parent: str | None = None
    #: The key that wrote this revision; null for an older post.
    key_id: str | None = None


class BatchResult(_Output, kw_only=True, frozen=True, tag_field=None):
    """The result of one post of a batch: that of a request with this post alone."""

    #: 201, or the status of the problem.
    status: int
    #: The id of the post, unless it has failed.
    post: str | None = None
    problem: ProblemBody | None = None


class PostList(_Output, kw_only=True, frozen=True, tag_field=None):
    """A page of posts, in the order of the request. See `next`."""

    items: list[Post]
    #: Send it as `after` to get the next page; null at the end of the list. A page with a next
    #: one has at least one item. It also ends at 1 MiB, so it may have fewer than `limit`
    #: items.
    next: str | None = None


class Batch(_Output, kw_only=True, frozen=True, tag="batch"):
    """The results of a batch, in the order of its posts."""

    results: list[BatchResult]
