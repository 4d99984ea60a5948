"""Lists as responses: a page ends at a number of items, or at a number of bytes."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from splitflap_api.http.parse import cursor_of
from splitflap_api.http.responses import JsonResponse, json_of

#: Most bytes of a page's items, as JSON: 5 ms of work. A larger item has a page of its own.
MAX_PAGE = 1_048_576


class Identified(Protocol):
    """An item of a list."""

    id: str


def page_of(items: Sequence[Identified], limit: int, *, more: bool = False) -> JsonResponse:
    """The first of these items as a page, with the cursor of the next page, if there is one.

    `more` tells that further items follow the given ones. It is implied by more than `limit` items.
    """
    parts: list[msgspec.Raw] = []
    size = 0
    for item in items[:limit]:
        part = msgspec.json.encode(item)
        size += len(part)
        if parts and size > MAX_PAGE:
            break
        parts.append(msgspec.Raw(part))
    more = more or len(items) > len(parts)
    return json_of({"items": parts, "next": cursor_of(items[len(parts) - 1].id) if more else None})
