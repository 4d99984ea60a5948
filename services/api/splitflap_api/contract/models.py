"""JSON models of requests and responses. The OpenAPI description is made from them."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from splitflap_core.contracts import MAX_URL, Flavour

from splitflap_api.contract.patterns import (
    ACCOUNT,
    CHANNEL,
    CHANNELS_OF_KEY,
    EVENT_ID,
    KEY_NAME,
    PARENT,
    TEXT,
    TOKEN,
    WEB_URL,
)
from splitflap_api.contract.preview_types import (
    AnyCard,
    CanonicalUri,
    Currency,
    FileSize,
    IconUri,
    ImageAlt,
    ImageUri,
    Link,
    PageText,
    PageType,
    Pixels,
    PlayerUri,
    Price,
    Sensitive,
    Stock,
)

#: Largest text, in bytes of UTF-8.
MAX_TEXT = 65_536

DEFAULT_CHANNEL = "general"

Text = Annotated[
    str,
    # Checked by `check_text`: a text too long by its characters is too long by its bytes.
    Meta(
        description=f"Markdown, 1 to 65,536 bytes of UTF-8: {TEXT.expected}.",
        extra_json_schema={"minLength": 1, "maxLength": MAX_TEXT, **TEXT.schema},
    ),
]
Channel = Annotated[str, CHANNEL.meta("The channel's name, case-sensitive")]
Account = Annotated[str, ACCOUNT.meta("The name of an account, case-sensitive")]
Parent = Annotated[
    str, PARENT.meta("What the post belongs to, such as the id of another post, case-sensitive")
]
ChannelsOfKey = Annotated[
    list[Annotated[str, CHANNELS_OF_KEY.meta("Case-sensitive")]],
    Meta(
        min_length=1,
        max_length=100,
        description="The channels that the key may see and write; null for all. It gets 404 for "
        "everything in other ones.",
    ),
]
Time = Annotated[
    str,
    Meta(
        description="RFC 3339, in UTC.",
        examples=["2026-01-02T03:04:05.678Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
Moment = Annotated[
    datetime,
    Meta(
        tz=True,
        description="RFC 3339, with an offset from UTC.",
        examples=["2026-01-02T03:04:05.678Z"],
    ),
]
Id = Annotated[str, Meta(description="UUIDv7.", extra_json_schema={"format": "uuid"})]
Count = Annotated[int, Meta(ge=0)]

# A title makes a schema of its own, so that generated clients have one type for all its uses.
# openapi-generator makes constants of Go from it, so no two of them may share a value. Beside a
# schema Post it makes a function NewPost; so the body of a request is called PostInput.
AnyFlavour = Annotated[
    Flavour,
    Meta(
        title="Flavour",
        description="`markdown` is Python-Markdown with extensions, `gfm` is CommonMark with "
        "GitHub's extensions.",
    ),
]
ChosenFlavour = Annotated[
    AnyFlavour | None,
    Meta(
        description="The default is SPLITFLAP_DEFAULT_FLAVOUR for a new text, and the post's own "
        "flavour for an edit."
    ),
]
Breaks = Annotated[
    bool,
    Meta(description="Whether a newline within a paragraph is a line break."),
]
ChosenBreaks = Annotated[
    Breaks | None,
    Meta(
        description="Whether a newline within a paragraph is a line break. The default is "
        "SPLITFLAP_BREAKS for a new text, and the post's own value for an edit."
    ),
]
Scope = Annotated[
    Literal["read", "write", "act", "observe", "admin"],
    Meta(
        title="Scope",
        description="A right of a key. `act`: it may read and write for any account. `admin` "
        "includes `observe`.",
    ),
]
PostState = Annotated[
    Literal["accepted", "rendered", "complete", "failed"],
    Meta(description="`rendered` has its HTML, `complete` its previews too."),
]
PreviewState = Annotated[
    Literal["pending", "ready", "failed"],
    Meta(description="`pending` until the first fetch has ended."),
]


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request's body. Unknown fields are refused, because most are misspelt ones."""


class PostInput(Request, frozen=True):
    """A post to create. `author` and `created_at` need the scope `act`."""

    text: Text
    channel: Channel = DEFAULT_CHANNEL
    flavour: ChosenFlavour = None
    breaks: ChosenBreaks = None
    author: Annotated[
        Account | None,
        Meta(description="As the header `Splitflap-Account`. The default is that account."),
    ] = None
    created_at: Annotated[
        Moment | None, Meta(description="The default is now; no later time is allowed.")
    ] = None
    parent: Parent | None = None


class BatchInput(Request, frozen=True):
    """Posts to create: all of them, or none if one does not fit."""

    posts: Annotated[list[PostInput], Meta(min_length=1, max_length=100)]


class EditInput(Request, frozen=True):
    """A post's next revision."""

    text: Text
    flavour: ChosenFlavour = None
    breaks: ChosenBreaks = None


class RenderInput(Request, frozen=True):
    """A text to render. Only the task is stored."""

    text: Text
    flavour: ChosenFlavour = None
    breaks: ChosenBreaks = None


class PreviewInput(Request, frozen=True):
    """A URL to preview."""

    url: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=MAX_URL,
            description=f"At most {MAX_URL:,} bytes of UTF-8: {WEB_URL.expected}.",
            extra_json_schema=WEB_URL.schema,
        ),
    ]
    refresh: Annotated[bool, Meta(description="Fetch a fresh preview again.")] = False


class KeyInput(Request, frozen=True):
    """A key to create for an account."""

    account: Account
    scopes: Annotated[list[Scope], Meta(min_length=1)]
    name: Annotated[str, KEY_NAME.meta("A note for people; several keys may have the same")] = ""
    channels: ChannelsOfKey | None = None


class RevokeQuery(Request, frozen=True):
    """Confirms the revocation of a key."""

    force: Annotated[bool, Meta(description="Revoke the last key of an admin too.")] = False


Cursor = Annotated[
    str, Meta(description="`next` of the previous page, or the id of an item.", max_length=200)
]
Limit = Annotated[int, Meta(ge=1, le=100, description="Most items of the page.")]


class NoQuery(Request, frozen=True):
    """An operation without query parameters."""


class PageQuery(Request, frozen=True):
    """Selects a page of a list."""

    after: Cursor | None = None
    limit: Limit = 20


class PostQuery(Request, frozen=True):
    """Selects a page of posts: those that match all given parameters."""

    channel: Channel | None = None
    author: Account | None = None
    parent: Parent | None = None
    since: Annotated[Moment | None, Meta(description="The earliest `created_at`.")] = None
    until: Annotated[Moment | None, Meta(description="A time after the last `created_at`.")] = None
    order: Annotated[Literal["newest", "oldest"], Meta(description="Which posts come first.")] = (
        "newest"
    )
    after: Cursor | None = None
    limit: Limit = 20


class EventQuery(Request, frozen=True):
    """Selects events: of one channel, or of all."""

    channel: Channel | None = None
    last_event_id: Annotated[str, EVENT_ID.meta("As the header `Last-Event-ID`")] | None = None
    token: Annotated[str, TOKEN.meta("A stream token, in place of a key")] | None = None


class Preview(msgspec.Struct, tag_field="kind", tag="preview"):
    """A preview of a URL. `url` is the link in the post, even if the page declares another URL.

    A field is null if the page does not say it.
    """

    url: Link
    state: PreviewState
    reason: Annotated[str, Meta(description="Why the preview failed.")] | None
    title: PageText | None
    description: PageText | None
    image: ImageUri | None
    image_width: Pixels | None
    image_height: Pixels | None
    image_alt: ImageAlt | None
    card: AnyCard | None
    player: PlayerUri | None
    player_width: Pixels | None
    player_height: Pixels | None
    site_name: PageText | None
    icon: IconUri | None
    author: Annotated[str, Meta(description="Names, separated by commas.")] | None
    published_at: Time | None
    language: Annotated[str, Meta(description="BCP 47.", examples=["pt-BR"])] | None
    type: PageType | None
    canonical: CanonicalUri | None
    sensitive: Sensitive | None
    price: Price | None
    currency: Currency | None
    availability: Stock | None
    file_size: FileSize | None
    fetched_at: Time | None
    expires_at: Time | None


class PostLink(msgspec.Struct):
    """A link of a post, in reading order."""

    url: Link
    preview: Preview


class Post(msgspec.Struct, tag_field="kind", tag="post"):
    """A post in its present state: `text` at once, `html` once rendered, previews one by one.

    `mentions`, `channels` and `excerpt` (plain text, for notifications) appear with `html`.
    """

    id: Id
    channel: str
    author: str
    text: str
    html: str | None
    state: PostState
    revision: Count
    links: list[PostLink]
    created_at: Time
    updated_at: Time
    flavour: AnyFlavour
    breaks: Breaks
    mentions: list[str]
    channels: list[str]
    excerpt: str | None
    parent: Annotated[str | None, Meta(description="What the post belongs to.")]
    key_id: Annotated[
        Id | None, Meta(description="The key that wrote this revision; null for an older post.")
    ]


Next = Annotated[
    str | None,
    Meta(
        description="Send it as `after` to get the next page; null at the end of the list. A page "
        "with a next one has at least one item. It also ends at 1 MiB, so it may have fewer than "
        "`limit` items."
    ),
]


class PostList(msgspec.Struct):
    """A page of posts, in the order of the request. See `next`."""

    items: list[Post]
    next: Next


class Render(msgspec.Struct, tag_field="kind", tag="render"):
    """A rendered text."""

    html: str
    links: list[Link]
    mentions: list[str]
    channels: list[str]
    excerpt: str


class Progress(msgspec.Struct):
    """Numbers of a task's jobs: ended and all."""

    done: Count
    total: Count


class RunningTask(msgspec.Struct, tag_field="kind", tag="task"):
    """A running task."""

    id: Id
    state: Literal["running"]
    created_at: Time
    progress: Progress


class FieldError(msgspec.Struct):
    """An error in one field."""

    field: str
    message: str


ProblemPath = Annotated[
    str,
    Meta(
        description="Path of the page about this type of problem.",
        extra_json_schema={"format": "uri-reference"},
    ),
]


class ProblemBody(msgspec.Struct):
    """A problem (RFC 9457)."""

    type: ProblemPath
    title: str
    status: int
    detail: str
    errors: list[FieldError] | UnsetType = UNSET
    reason: Annotated[str, Meta(description="Why a text was not rendered.")] | UnsetType = UNSET


class BatchedPost(msgspec.Struct):
    """A post of a batch, in the final response of its part."""

    id: Id


class BatchResult(msgspec.Struct):
    """The result of one post of a batch: that of a request with this post alone."""

    status: Annotated[int, Meta(description="201, or the status of the problem.")]
    post: Annotated[Id | None, Meta(description="The id of the post, unless it has failed.")]
    problem: ProblemBody | None


class Batch(msgspec.Struct, tag_field="kind", tag="batch"):
    """The results of a batch, in the order of its posts."""

    results: list[BatchResult]


# Some generators have one type for all successes of an operation: that of the lowest status. It
# therefore also has the task of a 202. `kind` tells them apart.
BatchOrTask = Annotated[Batch | RunningTask, Meta(title="BatchOrTask")]
PostOrTask = Annotated[Post | RunningTask, Meta(title="PostOrTask")]
RenderOrTask = Annotated[Render | RunningTask, Meta(title="RenderOrTask")]
PreviewOrTask = Annotated[Preview | RunningTask, Meta(title="PreviewOrTask")]
FinalResponseOrTask = Annotated[
    Post | Batch | Render | Preview | RunningTask, Meta(title="FinalResponseOrTask")
]


class ProblemPage(msgspec.Struct):
    """A type of problem. `doc` is advice for the client."""

    type: ProblemPath
    title: str
    status: int
    doc: str


class Key(msgspec.Struct):
    """A key, without its secret."""

    id: Id
    account: str
    name: str
    scopes: list[Scope]
    channels: ChannelsOfKey | None
    created_at: Time
    revoked_at: Time | None


class CreatedKey(Key):
    """A new key with its secret. No later response contains the secret."""

    key: str


class KeyList(msgspec.Struct):
    """A page of keys, newest first. See `next`."""

    items: list[Key]
    next: Next
