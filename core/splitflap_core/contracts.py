"""The messages between the services. Only this module encodes and decodes their JSON.

Readers ignore unknown fields, so a release may add a field. A change that readers must understand
gets a new version: one release learns to read it, and the next one sends it.

BrokenMessage
 +-- UnknownVersion
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from splitflap_core.outcomes import Outcome

#: The version of the messages that this release reads and writes.
VERSION = 1

#: Longest URL with a preview, in bytes of UTF-8 (and so in characters). Browsers and proxies agree
#: on about 2,000 (RFC 9110, section 4.1, recommends 8,000 for a request line); an index row of
#: PostgreSQL holds 2,704 bytes at most.
MAX_URL = 2000

#: Most links of one text with previews. Later links are dropped from the list.
MAX_LINKS = 50

#: Most mentions of people in a text, and most of channels. Later ones are not linked.
MAX_NAMES = 50

#: Longest excerpt of a text, in characters.
MAX_EXCERPT = 200

#: The dialect of a text. A post keeps its flavour.
Flavour = Literal["markdown", "gfm"]
FLAVOURS: tuple[Flavour, ...] = ("markdown", "gfm")

Kind = Literal["render", "scrape"]

#: Names of accounts and channels, of 100 characters at most.
Names = Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(max_length=MAX_NAMES)]

T = TypeVar("T")


class BrokenMessage(ValueError):
    """A malformed message. It belongs in the dead-letter queue."""


class UnknownVersion(BrokenMessage):
    """A message of another version, written by a newer release."""


class RenderRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """Markdown to render to safe HTML."""

    text: str
    flavour: Flavour = "markdown"


class RenderResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """`html` is sanitised. `links` are the URLs to preview, each once, in reading order.

    `mentions` and `channels` are the linked names, also in reading order. `excerpt` is plain text.
    """

    html: str
    links: Annotated[list[Annotated[str, Meta(max_length=MAX_URL)]], Meta(max_length=MAX_LINKS)]
    mentions: Names = []
    channels: Names = []
    excerpt: Annotated[str, Meta(max_length=MAX_EXCERPT)] = ""


class ScrapeRequest(msgspec.Struct, frozen=True):
    """A URL to preview."""

    url: Annotated[str, Meta(max_length=MAX_URL)]


class PreviewFields(msgspec.Struct, frozen=True, omit_defaults=True):
    """The fields of a preview, declared here once. Each is None if the page does not give it.

    `published_at` is RFC 3339 in UTC, `language` a BCP 47 tag, `canonical` the page's own address
    according to the page. Sizes are in pixels.
    """

    title: str | None = None
    description: str | None = None
    image: str | None = None
    site_name: str | None = None
    author: str | None = None
    published_at: str | None = None
    language: str | None = None
    type: str | None = None
    icon: str | None = None
    canonical: str | None = None
    image_width: int | None = None
    image_height: int | None = None


#: The names of a preview's fields: columns of the API's table, and fields of its JSON.
PREVIEW_FIELDS = PreviewFields.__struct_fields__


class ScrapeResult(PreviewFields, frozen=True, omit_defaults=True):
    """A preview. It is fresh for `keep` seconds."""

    keep: float | None = None


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


class JobOutcome(msgspec.Struct, frozen=True):
    """The outcome of one attempt at a job. Idempotent by (job, attempt).

    `took` is the time in a slot of the worker, in seconds.
    """

    job: str
    kind: Kind
    attempt: int
    outcome: Outcome
    took: float
    worker: str
    version: int = VERSION
    task: str | None = None
    traceparent: str | None = None


class _Envelope(msgspec.Struct):
    version: int


#: The exceptions of decoding. Deep nesting ends in a RecursionError.
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)

_envelope = msgspec.json.Decoder(_Envelope)
_job = msgspec.json.Decoder(Job)
_job_outcome = msgspec.json.Decoder(JobOutcome)
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
        BrokenMessage: the body is malformed, or of an unknown version.
    """
    outcome: JobOutcome = _checked(_job_outcome, body)
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
