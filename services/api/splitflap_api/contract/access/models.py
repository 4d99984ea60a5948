"""JSON models of sessions and stream tokens."""

from typing import Annotated

import msgspec
from msgspec import Meta

from splitflap_api.contract.models import Id, Next, Request, Scope, Time
from splitflap_api.contract.patterns import SECRET


class SessionInput(Request, frozen=True):
    """A key to exchange for a session."""

    key: Annotated[str, SECRET.meta("A valid key")]


class Session(msgspec.Struct, tag_field="kind", tag="session"):
    """A session of a browser. Its secret is a cookie that no script can read."""

    id: Id
    account: str
    scopes: list[Scope]
    key_id: Annotated[Id, Meta(description="The key that it was made from. It ends with the key.")]
    created_at: Time
    expires_at: Time
    user_agent: Annotated[
        str, Meta(description="The first 200 characters of the browser's User-Agent.")
    ]
    current: Annotated[bool, Meta(description="Whether this request came with its cookie.")]


class SessionList(msgspec.Struct):
    """A page of sessions, newest first. See `next`."""

    items: list[Session]
    next: Next


class StreamToken(msgspec.Struct):
    """A token for `GET /v1/events?token=`. It opens streams until it expires, and nothing else."""

    token: str
    expires_at: Time
