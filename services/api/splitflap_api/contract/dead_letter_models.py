"""JSON models of dead letters."""

from typing import Annotated

import msgspec
from msgspec import Meta

from splitflap_api.contract.models import Count, Cursor, Id, Limit, Request, Time
from splitflap_api.contract.patterns import ACCOUNT_OF_JOB, NOTE, QUEUE, REASON

#: Seconds: ten years.
Age = Annotated[float, Meta(ge=0, le=315_360_000)]


class DeadLetterFilter(Request, frozen=True, kw_only=True):
    """Selects dead letters: those that match all given parameters."""

    reason: Annotated[str, REASON.meta("The whole reason")] | None = None
    queue: Annotated[str, QUEUE.meta("The kind of job, or the queue of a message")] | None = None
    account: (
        Annotated[str, ACCOUNT_OF_JOB.meta("The account of the job, case-sensitive")] | None
    ) = None
    older_than: Annotated[Age | None, Meta(description="Least age in seconds.")] = None
    newer_than: Annotated[Age | None, Meta(description="An age in seconds, above that of all.")] = (
        None
    )
    replayed: Annotated[bool | None, Meta(description="Whether it was replayed.")] = None


class DeadLetterQuery(DeadLetterFilter, frozen=True, kw_only=True):
    """Selects a page of dead letters."""

    after: Cursor | None = None
    limit: Limit = 20


class DeadLetterIds(Request, frozen=True):
    """Names the dead letters of one operation."""

    ids: Annotated[list[Id], Meta(min_length=1, max_length=100)]
    filter: Annotated[str, NOTE.meta("How the ids were found, for the audit")] = ""


class DeadLetter(msgspec.Struct):
    """A job that ended without a result, or an unreadable message."""

    id: Id
    queue: str
    reason: str
    job: Id | None
    account: Annotated[
        str | None,
        Meta(
            description="The author of the post, or the account that asked for the render; null "
            "for a message and for the preview of a URL."
        ),
    ]
    created_at: Time
    replayed_at: Time | None
    body: str | None


class DeadLetterList(msgspec.Struct):
    """A page of dead letters, newest first."""

    items: list[DeadLetter]
    next: Annotated[
        str | None,
        Meta(
            description="Send it as `after`, with the same filters, to get the next page; null at "
            "the end of the list. A page may be short or empty although there is a next one, since "
            "one request examines a limited number of dead letters."
        ),
    ]


class Refusal(msgspec.Struct):
    """A dead letter that the operation left as it is, and the reason."""

    id: Id
    detail: str


class DeadLettersDone(msgspec.Struct):
    """The result of an operation on several dead letters."""

    done: Annotated[Count, Meta(description="How many it replayed or dropped.")]
    refused: list[Refusal]
    left: Annotated[list[Id], Meta(description="Those that the time did not suffice for.")]
