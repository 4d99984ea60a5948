"""Holds every response of a stack to the OpenAPI document of its API."""

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

import requests

from tests.support.description import Description

#: Seconds for the document.
TIMEOUT = 10.0

#: Descriptions by the base URL of their API.
_known: dict[str, Description] = {}


def learn(url: str) -> None:
    """Read the document of an API. From now on `check` knows its operations."""
    response = requests.get(f"{url}/v1/openapi.json", timeout=TIMEOUT)
    if response.status_code == requests.codes.ok:
        _known[url] = Description(response.json())


def check(
    url: str,
    method: str,
    target: str,
    status: int,
    headers: Iterable[tuple[str, str]],
    read: Callable[[], bytes],
) -> None:
    """Raise AssertionError for a response that the document of a known API does not describe."""
    if description := _known.get(url):
        description.check(method, urlsplit(target).path, status, headers, read)
