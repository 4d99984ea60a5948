"""Final responses that show a post: the task keeps all but the HTML, which the post has.

The HTML of a revision never changes. When an edit or a deletion takes it from the post, a trigger
of the database gives it to the tasks that show it (migration 0006). So a final response stays the
same, and the database has each HTML once.
"""

from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from asyncrequest import Final
from splitflap_api.contract import models

#: The member of the JSON without HTML. A text cannot contain it, because JSON escapes its quotes.
_NO_HTML = b'"html":null'


@dataclass(frozen=True)
class SplitFinal(Final):
    """A final response whose body lacks the HTML of a post. `html_bytes` is the size of that."""

    html_post: str
    html_bytes: int


def split_final(status: int, headers: tuple[tuple[str, str], ...], post: models.Post) -> Final:
    """The final response that shows a post with HTML."""
    body = msgspec.json.encode(replace(post, html=None))
    return SplitFinal(status, headers, body, post.id, len((post.html or "").encode()))


def with_html(body: bytes, html: str) -> bytes:
    """The body of a split response with its HTML."""
    return body.replace(_NO_HTML, b'"html":' + msgspec.json.encode(html), 1)
