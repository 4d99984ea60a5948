"""The JSON of the API: what requests must be, and what responses are. OpenAPI is made of these."""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from splitflap_core.contracts import MAX_URL, Flavour

#: Largest text, in bytes of UTF-8.
MAX_TEXT = 65_536

#: What a channel may be called: it stands in query strings, logs and metrics as it is. In Python
#: `$` matches before a last line feed too; `(?!\n)` takes that back.
CHANNEL = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$(?!\n)"
ACCOUNT = r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$(?!\n)"
KEY_NAME = r"^[^\x00-\x1f\x7f]{0,200}$(?!\n)"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
DEFAULT_CHANNEL = "general"

Text = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_TEXT,
        description="Markdown, 1 to 65,536 bytes of UTF-8, without U+0000.",
        extra_json_schema={"pattern": "^[^\\u0000]*$"},
    ),
]
Channel = Annotated[str, Meta(pattern=CHANNEL, description="Letters, digits, `.`, `_`, `-`.")]
Time = Annotated[str, Meta(description="RFC 3339, in UTC.", examples=["2026-01-02T03:04:05.678Z"])]
Id = Annotated[str, Meta(description="UUIDv7.")]
ChosenFlavour = Annotated[
    Flavour | None,
    Meta(
        description="How the text is read: `markdown` (Python-Markdown with extensions) or `gfm` "
        "(CommonMark with GitHub's). Without it a new text is read as SPLITFLAP_DEFAULT_FLAVOUR "
        "says, and an edit as its post was."
    ),
]
Scope = Literal["read", "write", "admin"]
PostState = Literal["accepted", "rendered", "complete", "failed"]


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request's body. Unknown fields are refused: they are most often misspelt ones."""


class NewPost(Request, frozen=True):
    """A post to be made."""

    text: Text
    channel: Channel = DEFAULT_CHANNEL
    flavour: ChosenFlavour = None


class Edit(Request, frozen=True):
    """A post's next revision."""

    text: Text
    flavour: ChosenFlavour = None


class NewRender(Request, frozen=True):
    """A text to render; nothing of it is kept but the task."""

    text: Text
    flavour: ChosenFlavour = None


class NewPreview(Request, frozen=True):
    """A URL to preview. `refresh` fetches anew although a fresh preview is known."""

    url: Annotated[str, Meta(min_length=1, max_length=MAX_URL, description="http or https.")]
    refresh: bool = False


class NewKey(Request, frozen=True):
    """A key to be made for an account."""

    account: Annotated[str, Meta(pattern=ACCOUNT)]
    scopes: Annotated[list[Scope], Meta(min_length=1)]
    name: Annotated[str, Meta(pattern=KEY_NAME)] = ""


Cursor = Annotated[str, Meta(description="`next` of the page before.", max_length=200)]
Limit = Annotated[int, Meta(ge=1, le=100, description="Most items of the page.")]


class PageQuery(Request, frozen=True):
    """Which page of a list."""

    after: Cursor | None = None
    limit: Limit = 20


class PostQuery(Request, frozen=True):
    """Which posts."""

    channel: Channel | None = None
    after: Cursor | None = None
    limit: Limit = 20


class EventQuery(Request, frozen=True):
    """Which events: one channel's, or all."""

    channel: Channel | None = None


Said = Annotated[
    str, Meta(description="A stranger's words, plain text on one line: to be escaped.")
]
PageType = Annotated[
    str,
    Meta(
        description="What the URL leads to: article, audio, book, document, image, music, "
        "product, profile, text, video or website; more may come."
    ),
]


class Preview(msgspec.Struct):
    """What is known of a URL, which stays the link, whatever the page says of itself."""

    url: str
    state: Literal["pending", "ready", "failed"]
    reason: str | None = None
    title: Said | None = None
    description: Said | None = None
    image: Annotated[str, Meta(description="Absolute, http or https.")] | None = None
    image_width: Annotated[int, Meta(description="Pixels.")] | None = None
    image_height: Annotated[int, Meta(description="Pixels.")] | None = None
    site_name: Said | None = None
    icon: Annotated[str, Meta(description="Absolute, http or https.")] | None = None
    author: Annotated[str, Meta(description="Names, with commas between them.")] | None = None
    published_at: Time | None = None
    language: Annotated[str, Meta(description="BCP 47.", examples=["pt-BR"])] | None = None
    type: PageType | None = None
    canonical: Annotated[str, Meta(description="What the page calls its own address.")] | None = (
        None
    )
    fetched_at: Time | None = None
    expires_at: Time | None = None


class PostLink(msgspec.Struct):
    """A link of a post, in reading order."""

    url: str
    preview: Preview


class Post(msgspec.Struct):
    """A post as it is now: the text at once, html when rendered, each preview as it comes.

    `mentions`, `channels` and `excerpt` (plain text, for notifications) come with the html.
    """

    id: Id
    channel: str
    author: str
    text: str
    html: str | None
    state: PostState
    revision: int
    links: list[PostLink]
    created_at: Time
    updated_at: Time
    flavour: Flavour = "markdown"
    mentions: list[str] = []
    channels: list[str] = []
    excerpt: str | None = None


class PostList(msgspec.Struct):
    """A page of posts, newest first; `next` goes into `after`."""

    items: list[Post]
    next: str | None


class Render(msgspec.Struct):
    """A rendered text."""

    html: str
    links: list[str]
    mentions: list[str]
    channels: list[str]
    excerpt: str


class Progress(msgspec.Struct):
    """How many of a task's jobs have ended."""

    done: int
    total: int


class RunningTask(msgspec.Struct):
    """A task that is not done."""

    id: Id
    state: Literal["running"]
    created_at: Time
    progress: Progress


class FieldError(msgspec.Struct):
    """What is wrong with one field."""

    field: str
    message: str


class ProblemBody(msgspec.Struct):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    reason: str | None = None


class Key(msgspec.Struct):
    """A key, without its secret."""

    id: Id
    account: str
    name: str
    scopes: list[Scope]
    created_at: Time
    revoked_at: Time | None


class CreatedKey(Key):
    """A new key with its secret, which is shown this once."""

    key: str


class KeyList(msgspec.Struct):
    """All keys."""

    items: list[Key]


class DeadLetter(msgspec.Struct):
    """A job that ended without an answer, or a message that nobody could read."""

    id: Id
    queue: str
    reason: str
    job: str | None
    created_at: Time
    replayed_at: Time | None
    body: str | None = None


class DeadLetterList(msgspec.Struct):
    """A page of dead letters, newest first."""

    items: list[DeadLetter]
    next: str | None


class JobCount(msgspec.Struct):
    """Jobs of one kind in one state (unpublished, unfinished), and the age of the oldest."""

    kind: str
    state: str
    count: int
    oldest_seconds: float


class Status(msgspec.Struct):
    """What waits."""

    jobs: list[JobCount]
    dead: int
    running_tasks: int


def is_id(text: str) -> bool:
    """Whether it has the form of an id, as the database writes them."""
    return _UUID.fullmatch(text) is not None


def rfc3339(milliseconds: int) -> str:
    """A time of the database as the API says it."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def maybe_rfc3339(milliseconds: int | None) -> str | None:
    """As `rfc3339`, for a time that may be missing."""
    return None if milliseconds is None else rfc3339(milliseconds)
