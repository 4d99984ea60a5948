"""The client of one API."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Self, Unpack

from splitflap_client.models import (
    Batch,
    Post,
    Preview,
    PreviewInput,
    Render,
    RenderInput,
)
from splitflap_client.posts import WAIT, Options, Posts, submit
from splitflap_client.streams import EventStream
from splitflap_client.tasks import Task
from splitflap_client.transport import Retries, Transport
from splitflap_client.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Callable

    from splitflap_client.errors import SplitflapError
    from splitflap_client.models import Flavour


class Client:
    """Sends requests to one API with one key. Several threads may use it.

    A call raises a `Problem` if the API refuses it. A request that the API cannot take yet, or
    that was lost, is sent again for `Retries.seconds`; none is carried out twice.
    """

    def __init__(
        self,
        url: str,
        key: str,
        account: str | None = None,
        *,
        retries: Retries | None = None,
        on_retry: Callable[[SplitflapError, float], None] | None = None,
    ) -> None:
        """With an `account`, the requests are its own: the key needs the scope `act`.

        `on_retry` is called before each retry, with the error and the delay in seconds.

        Raises:
            ValueError: the URL or the key is malformed.
        """
        #: For requests that have no method here.
        self.transport = Transport(url, key, account=account, retries=retries, on_retry=on_retry)
        self.posts = Posts(self.transport)
        self.webhooks = Webhooks(self.transport)

    def acting_for(self, account: str) -> Client:
        """A client whose requests are this account's, on the same connections."""
        other = copy(self)
        other.transport = self.transport.acting_for(account)
        other.posts = Posts(other.transport)
        return other

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, those of `acting_for` too."""
        self.transport.session.close()

    def render(
        self,
        text: str,
        *,
        flavour: Flavour | None = None,
        breaks: bool | None = None,
        wait: float = WAIT,
        **options: Unpack[Options],
    ) -> Render:
        """The HTML of a text, which becomes no post.

        Raises:
            NotRendered: the text was refused.
            StillRunning: it is not rendered in time.
        """
        body = RenderInput(text=text, flavour=flavour, breaks=breaks)
        transport = self.transport
        return submit(transport, Render, "POST", ["renders"], body, wait, **options).result(wait)

    def preview(
        self, url: str, *, refresh: bool = False, wait: float = WAIT, **options: Unpack[Options]
    ) -> Preview:
        """The preview of a web page; its `state` says whether there is one.

        Raises:
            StillRunning: the page is not read in time.
        """
        body = PreviewInput(url=url, refresh=refresh)
        transport = self.transport
        return submit(transport, Preview, "POST", ["previews"], body, wait, **options).result(wait)

    def task(self, task_id: str) -> Task[Post | Batch | Render | Preview]:
        """A task that an earlier request made."""
        types: Any = Post | Batch | Render | Preview
        return Task(self.transport, types, self.transport.at("tasks", task_id), None)

    def events(self, *, channel: str | None = None, after: int | None = None) -> EventStream:
        """Events of posts from now on, or those after one with the id `after`."""
        return EventStream(self.transport, channel, after)
