"""The messages between the services. Only this module encodes and decodes their JSON.

Readers ignore unknown fields, so a release may add a field. A change that readers must understand
gets a new version: one release learns to read it, and the next one sends it.

Each field of an outcome has a bound: a worker that was broken into may send anything. A bound may
grow if one release reads the larger values before the next one sends them.

BrokenMessage
 +-- UnknownVersion
"""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from splitflap_core.outcomes import Delay, Reason, Report

#: The version of the messages that this release reads and writes.
VERSION = 1

#: Largest message in bytes: an outcome with the longest HTML, and escapes for half of it.
MAX_MESSAGE = 2 * 1024 * 1024

#: Longest HTML of a text, in characters: 20 for each of its 65,536.
MAX_HTML = 1_310_720

#: Longest URL with a preview, in bytes of UTF-8 (and so in characters). Browsers and proxies agree
#: on about 2,000 (RFC 9110, section 4.1, recommends 8,000 for a request line); an index row of
#: PostgreSQL holds 2,704 bytes at most.
MAX_URL = 2000

#: Most links of one text with previews. Later links are dropped from the list.
MAX_LINKS = 50

#: Most mentions of people in a text, and most of channels. Later ones stay text.
MAX_NAMES = 50

#: Longest excerpt of a text, in characters.
MAX_EXCERPT = 200

#: Longest texts of a preview, in characters.
MAX_TITLE = 300
MAX_DESCRIPTION = 1000
MAX_SITE_NAME = 100
MAX_AUTHORS = 200

#: Largest width and height of an image or a player, in pixels.
MAX_PIXELS = 99_999

#: Largest file in bytes: the largest integer of JavaScript.
MAX_FILE = 2**53 - 1

#: Most slots of one worker.
MAX_SLOTS = 10_000

#: Longest time for which a preview or its failure is fresh, in seconds: a week.
MAX_KEEP = 604_800

#: The dialect of a text. A post keeps its flavour.
Flavour = Literal["markdown", "gfm"]
FLAVOURS: tuple[Flavour, ...] = ("markdown", "gfm")

Kind = Literal["render", "scrape"]

#: The form of a card: its picture beside the text, or above it.
Card = Literal["summary", "large"]

#: The stock of a product (schema.org, "ItemAvailability", in five groups).
Availability = Literal["in_stock", "out_of_stock", "preorder", "backorder", "discontinued"]

#: The ids and names of an envelope. They appear in logs.
Label = Annotated[str, Meta(max_length=300)]

#: Longest name of an account, a group or a channel in a text, in characters.
MAX_NAME = 100

#: Names in a text: letters of any script, digits, and `.`, `_` or `-`. A team has `group/team`. No
#: name has other punctuation of ASCII, spaces, or characters without a width.
_OTHER = r"\x00-,/:-@\[-^`{-\xa0\u2000-\u206f\u3000\ufeff"
_NAME = rf"[^{_OTHER}._-][^{_OTHER}]*"
Name = Annotated[str, Meta(max_length=MAX_NAME, pattern=rf"\A{_NAME}(?:/{_NAME})?\Z")]
Names = Annotated[list[Name], Meta(max_length=MAX_NAMES)]

#: The part of ids that differs between posts, or empty.
Salt = Annotated[str, Meta(pattern=r"\A(?:[0-9a-f]{8})?\Z")]

Url = Annotated[str, Meta(min_length=1, max_length=MAX_URL)]
#: The URL of a page for a frame: its scripts must come from its host alone.
SecureUrl = Annotated[str, Meta(max_length=MAX_URL, pattern=r"\Ahttps://")]
Pixels = Annotated[int, Meta(ge=1, le=MAX_PIXELS)]
Keep = Annotated[float, Meta(ge=0, le=MAX_KEEP)]

T = TypeVar("T")


class BrokenMessage(ValueError):
    """A malformed message. It belongs in the dead-letter queue."""


class UnknownVersion(BrokenMessage):
    """A message of another version, written by a newer release."""


class RenderRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """Markdown to render to safe HTML.

    With `breaks`, a newline within a paragraph is a line break. `salt` goes into the ids of the
    HTML, so two posts with the same text have different ids. A message of an earlier release has
    neither: its text is rendered without line breaks, and its ids have a salt of zeros.
    """

    text: str
    flavour: Flavour = "markdown"
    breaks: bool = False
    salt: Salt = ""


class RenderResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """`html` is sanitised. `links` are the URLs to preview, each once, in reading order.

    `mentions` and `channels` are the names, also in reading order. `excerpt` is plain text.
    """

    html: Annotated[str, Meta(max_length=MAX_HTML)]
    links: Annotated[list[Url], Meta(max_length=MAX_LINKS)]
    mentions: Names = []
    channels: Names = []
    excerpt: Annotated[str, Meta(max_length=MAX_EXCERPT)] = ""


class ScrapeRequest(msgspec.Struct, frozen=True):
    """A URL to preview."""

    url: Annotated[str, Meta(max_length=MAX_URL)]


_RFC3339 = r"\A[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z\Z"
_DECIMAL = r"\A(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,4})?\Z"
_BCP47 = r"\A[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,7}\Z"


class PreviewFields(msgspec.Struct, frozen=True, omit_defaults=True):
    """The fields of a preview, declared here once. Each is None if the page does not give it.

    `published_at` is RFC 3339 in UTC, `language` a BCP 47 tag, `canonical` the page's own address
    according to the page. `player` is a page for a frame. `price` is in units of `currency` (ISO
    4217). Widths and heights are in pixels, and `file_size` is in bytes.

    A new field goes to the end. It is a column too, so it needs a migration.
    """

    title: Annotated[str, Meta(max_length=MAX_TITLE)] | None = None
    description: Annotated[str, Meta(max_length=MAX_DESCRIPTION)] | None = None
    image: Url | None = None
    site_name: Annotated[str, Meta(max_length=MAX_SITE_NAME)] | None = None
    author: Annotated[str, Meta(max_length=MAX_AUTHORS)] | None = None
    published_at: Annotated[str, Meta(pattern=_RFC3339)] | None = None
    language: Annotated[str, Meta(pattern=_BCP47)] | None = None
    type: Annotated[str, Meta(pattern=r"\A[a-z_]{1,30}\Z")] | None = None
    icon: Url | None = None
    canonical: Url | None = None
    image_width: Pixels | None = None
    image_height: Pixels | None = None
    image_alt: Annotated[str, Meta(max_length=MAX_DESCRIPTION)] | None = None
    card: Card | None = None
    player: SecureUrl | None = None
    player_width: Pixels | None = None
    player_height: Pixels | None = None
    sensitive: bool | None = None
    price: Annotated[str, Meta(pattern=_DECIMAL)] | None = None
    currency: Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")] | None = None
    availability: Availability | None = None
    file_size: Annotated[int, Meta(ge=0, le=MAX_FILE)] | None = None


#: The names of a preview's fields: columns of the API's table, and fields of its JSON.
PREVIEW_FIELDS = PreviewFields.__struct_fields__

#: The fields with a URL, which a reader's browser may open.
URL_FIELDS = ("image", "icon", "canonical", "player")

#: Those with a URL of an image, which a browser opens without a click.
IMAGE_FIELDS = frozenset({"image", "icon"})


#: The fields that describe what another field leads to. Without that one they are missing too.
FIELDS_ABOUT = {
    "image": ("image_width", "image_height", "image_alt", "card"),
    "player": ("player_width", "player_height"),
}


class ScrapeResult(PreviewFields, frozen=True, omit_defaults=True):
    """A preview. It is fresh for `keep` seconds."""

    keep: Keep | None = None


class Job(msgspec.Struct, frozen=True):
    """One unit of work on its way to a worker.

    `published_at` is the time of publishing by the API's clock, in seconds since the epoch. The
    message carries it because RabbitMQ has no head_message_timestamp for quorum queues.
    `traceparent` is the header of W3C Trace Context.
    """

    id: str
    kind: Kind
    attempt: int
    published_at: float
    payload: msgspec.Raw
    version: int = VERSION
    task: str | None = None
    traceparent: str | None = None
    #: Whether the worker must send `Begun` when it begins this job.
    report_begun: bool | msgspec.UnsetType = msgspec.UNSET


class JobOutcome(msgspec.Struct, frozen=True):
    """The outcome of one attempt at a job, or the notice that it has begun.

    An outcome is idempotent by (job, attempt). `took` is the time in a slot of the worker, in
    seconds. `slots` is the number of jobs that this worker computes at a time, without the slots
    for express jobs. A worker of an earlier release does not say it.
    """

    job: Label
    kind: Kind
    attempt: Annotated[int, Meta(ge=0, le=1_000_000)]
    outcome: Report
    took: Annotated[float, Meta(ge=0, le=1e9)]
    worker: Label
    version: int = VERSION
    task: Label | None = None
    traceparent: Label | None = None
    slots: Annotated[int, Meta(ge=1, le=MAX_SLOTS)] | msgspec.UnsetType = msgspec.UNSET


class JobRef(msgspec.Struct):
    """The job and the attempt of an outcome, readable even if the rest is not."""

    job: Label
    kind: Kind
    attempt: Annotated[int, Meta(ge=0, le=1_000_000)]

    def with_outcome(self, outcome: Report) -> JobOutcome:
        """Another outcome for the same attempt."""
        return JobOutcome(self.job, self.kind, self.attempt, outcome, 0.0, "api")


class WebhookRequest(msgspec.Struct, frozen=True):
    """One try to deliver a webhook (standardwebhooks.com).

    `timestamp` is the time of this try in seconds since the epoch. `signatures` are those of the
    endpoint's secrets, separated by spaces. The scraper sends `body` byte for byte.
    """

    id: str
    attempt: int
    url: Annotated[str, Meta(max_length=MAX_URL)]
    timestamp: int
    signatures: str
    body: str
    version: int = VERSION


class WebhookOutcome(msgspec.Struct, frozen=True):
    """The end of one try: the `status` of the receiver, or the `reason` why it has none.

    `after` is the receiver's Retry-After in seconds, or the delay by the limits of its host.
    """

    id: Label
    attempt: Annotated[int, Meta(ge=0, le=1_000_000)]
    took: Annotated[float, Meta(ge=0, le=1e9)]
    status: Annotated[int, Meta(ge=100, le=999)] | None = None
    reason: Reason | None = None
    after: Delay | None = None
    version: int = VERSION


class _Envelope(msgspec.Struct):
    version: int


#: The exceptions of decoding. Deep nesting ends in a RecursionError.
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)

#: The escape of U+0000, not of a backslash before `u0000`. PostgreSQL stores no such character. The
#: pattern takes 20 ms for the largest message, so a plain search comes first.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*+\\u0000")

_envelope = msgspec.json.Decoder(_Envelope)
_job = msgspec.json.Decoder(Job)
_job_outcome = msgspec.json.Decoder(JobOutcome)
_job_ref = msgspec.json.Decoder(JobRef)
_webhook_request = msgspec.json.Decoder(WebhookRequest)
_webhook_outcome = msgspec.json.Decoder(WebhookOutcome)
encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode


def decode_job(body: bytes | str, payload_type: type[T]) -> tuple[Job, T]:
    """Decode a job and its payload.

    Raises:
        BrokenMessage: the body is malformed, or of an unknown version.
    """
    job: Job = _checked(_job, body)
    return job, decode_payload(job.payload, payload_type)


def decode_job_outcome(body: bytes | str) -> JobOutcome:
    """Decode an outcome. Its result stays raw, for `decode_payload` with the kind's result type.

    Raises:
        BrokenMessage: the body is too large, malformed, has U+0000, or is of an unknown version.
    """
    body = body.encode() if isinstance(body, str) else body
    if len(body) > MAX_MESSAGE:
        raise BrokenMessage(f"the message has {len(body)} bytes; at most {MAX_MESSAGE} are allowed")
    if b"\\u0000" in body and _NUL.search(body):
        raise BrokenMessage("the message has the character U+0000")
    outcome: JobOutcome = _checked(_job_outcome, body)
    return outcome


def decode_job_ref(body: bytes) -> JobRef:
    """Decode the job of an outcome that `decode_job_outcome` or a later check has refused.

    Raises:
        BrokenMessage: the body names no job, or is of an unknown version.
    """
    ref: JobRef = _checked(_job_ref, body)
    return ref


def decode_webhook_request(body: bytes) -> WebhookRequest:
    """Decode a try of a webhook.

    Raises:
        BrokenMessage: the body is malformed, or of an unknown version.
    """
    request: WebhookRequest = _checked(_webhook_request, body)
    return request


def decode_webhook_outcome(body: bytes) -> WebhookOutcome:
    """Decode the end of a try.

    Raises:
        BrokenMessage: the body is malformed, or of an unknown version.
    """
    outcome: WebhookOutcome = _checked(_webhook_outcome, body)
    return outcome


def decode_payload(raw: msgspec.Raw, payload_type: type[T]) -> T:
    """Decode the part of a message that depends on the job's kind.

    Raises:
        BrokenMessage: the part has another type.
    """
    try:
        return msgspec.json.decode(raw, type=payload_type)
    except _UNREADABLE as error:
        raise BrokenMessage(str(error)) from error


def _checked(decoder: msgspec.json.Decoder[Any], body: bytes | str) -> Any:
    try:
        version = _envelope.decode(body).version
        if version != VERSION:
            raise UnknownVersion(f"version {version}; this release reads {VERSION}")
        return decoder.decode(body)
    except _UNREADABLE as error:
        raise BrokenMessage(str(error)) from error
