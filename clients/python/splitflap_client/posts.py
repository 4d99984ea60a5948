"""Posts: create, edit, read, list, delete."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar, Unpack

import msgspec

from splitflap_client.models import Batch, BatchInput, EditInput, Post, PostInput, PostList
from splitflap_client.tasks import Task, prefer
from splitflap_client.transport import JSON, LOW

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from splitflap_client.models import Flavour
    from splitflap_client.transport import Transport

T = TypeVar("T")

#: Seconds that a call waits for a final response.
WAIT = 30.0


class Options(TypedDict, total=False):
    """Options of every request that makes a task."""

    #: Let the work of others go first, as for an import.
    low: bool
    #: The same for repetitions of one request, so that they make one task; else a new one. The
    #: retries of a call always have the same.
    idempotency_key: str
    #: The id of a webhook, which is told when the task has ended.
    webhook: str


class EditFields(Options, total=False):
    """Options of an edit."""

    flavour: Flavour
    breaks: bool
    #: The `ETag` of the post: edit it only if it has not changed.
    if_match: str


class PostFields(Options, total=False):
    """Options of a new post."""

    channel: str
    flavour: Flavour
    breaks: bool
    #: Needs the scope `act`, as `created_at`.
    author: str
    created_at: datetime
    parent: str


class Filters(TypedDict, total=False):
    """Which posts a list has."""

    channel: str
    author: str
    parent: str
    since: datetime
    until: datetime
    order: Literal["newest", "oldest"]


class Posts:
    """The posts that the key may see."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, text: str, *, wait: float = WAIT, **fields: Unpack[PostFields]) -> Post:
        """Create a post, and wait until it is complete.

        Raises:
            Problem: the post was refused.
            StillRunning: it was accepted, and is not complete in time.
        """
        return self.submit(text, wait=wait, **fields).result(wait)

    def submit(self, text: str, *, wait: float = 0.0, **fields: Unpack[PostFields]) -> Task[Post]:
        """Create a post, and return its task at once, or within `wait` seconds if it ends."""
        options = _options(fields)
        body = PostInput(text=text, **fields)  # type: ignore[misc]  # without the options
        # The task is the author's, and a 404 to others.
        transport = self._transport
        if body.author and not transport.account:
            transport = transport.acting_for(body.author)
        return submit(transport, Post, "POST", ["posts"], body, wait, **options)

    def create_batch(
        self, posts: Sequence[PostInput], *, wait: float = WAIT, **options: Unpack[Options]
    ) -> Batch:
        """Create 1 to 100 posts, and wait until all are complete or have failed.

        Raises:
            Problem: one does not fit, so none was accepted.
            StillRunning: they were accepted, and some are not complete in time.
        """
        return self.submit_batch(posts, wait=wait, **options).result(wait)

    def submit_batch(
        self, posts: Sequence[PostInput], *, wait: float = 0.0, **options: Unpack[Options]
    ) -> Task[Batch]:
        """Create 1 to 100 posts, and return their task."""
        body = BatchInput(posts=list(posts))
        return submit(self._transport, Batch, "POST", ["posts", "batch"], body, wait, **options)

    def edit(
        self, post_id: str, text: str, *, wait: float = WAIT, **fields: Unpack[EditFields]
    ) -> Post:
        """Replace the text of a post, and wait until it is complete.

        Raises:
            PreconditionFailed: it has changed since `if_match`.
            Problem: the edit was refused.
            StillRunning: it was accepted, and is not complete in time.
        """
        return self.submit_edit(post_id, text, wait=wait, **fields).result(wait)

    def submit_edit(
        self, post_id: str, text: str, *, wait: float = 0.0, **fields: Unpack[EditFields]
    ) -> Task[Post]:
        """Replace the text of a post, and return the task."""
        options = _options(fields)
        headers = {"If-Match": fields.pop("if_match")} if "if_match" in fields else {}
        body = EditInput(text=text, **fields)  # type: ignore[misc]  # without the options
        path = ["posts", post_id]
        return submit(self._transport, Post, "PUT", path, body, wait, headers, **options)

    def get(self, post_id: str) -> Post:
        """A post in its present state."""
        return self._transport.get(Post, "posts", post_id)

    def list(self, **filters: Unpack[Filters]) -> Iterator[Post]:
        """All posts that match. A page is read when its first post is needed."""
        given: dict[str, Any] = dict(filters)
        for name in given.keys() & {"since", "until"}:
            given[name] = given[name].isoformat()
        return self._transport.pages(PostList, "posts", **given)

    def delete(self, post_id: str) -> None:
        """Delete a post.

        Raises:
            NotFound: there is none.
        """
        self._transport.delete("posts", post_id)


def _options(fields: Any) -> Options:
    """Takes the options out of the fields of a body."""
    given = fields.keys() & Options.__optional_keys__
    found: Any = {name: fields.pop(name) for name in given}
    return found  # type: ignore[no-any-return]


def submit(
    transport: Transport,
    type_: type[T],
    method: str,
    path: Sequence[str],
    body: Any,
    wait: float,
    headers: dict[str, str] | None = None,
    *,
    low: bool = False,
    idempotency_key: str | None = None,
    webhook: str | None = None,
) -> Task[T]:
    """Send a request that makes a task. One key makes its retries safe."""
    headers = {
        **(headers or {}),
        **prefer(wait),
        **(LOW if low else {}),
        **({"Splitflap-Webhook": webhook} if webhook else {}),
        **JSON,
        "Idempotency-Key": f'"{idempotency_key or uuid.uuid4()}"',
    }
    data = msgspec.json.encode(body)
    response = transport.send(method, transport.at(*path), resend=True, data=data, headers=headers)
    url = transport.location(response) if response.status_code == _ACCEPTED else ""
    return Task(transport, type_, url, response)


#: Status of a response that names a task.
_ACCEPTED = 202
