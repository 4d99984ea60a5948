"""An HTTP client of the API, written against the documented contract only."""

import time
from typing import Any, Self

import requests

from . import described

#: Seconds for one request, including the `Prefer: wait` that it asks for.
REQUEST_TIMEOUT = 45.0

#: Seconds until a task must have ended, also after processes were killed.
TASK_TIMEOUT = 90.0


class Client:
    """Calls one API with one key. Use one client per thread."""

    def __init__(self, url: str, key: str | None) -> None:
        self.url = url
        self.key = key
        self.session = requests.Session()
        self.session.trust_env = False
        if key is not None:
            self.session.headers["Authorization"] = f"Bearer {key}"

    def clone(self, key: str | None = None) -> Self:
        """A client for another thread, or with another key."""
        return type(self)(self.url, key or self.key)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request; redirects are not followed."""
        options = {"timeout": REQUEST_TIMEOUT, "allow_redirects": False, **options}
        response = self.session.request(method, self.url + path, **options)
        headers = response.headers.items()
        described.check(
            self.url, method, path, response.status_code, headers, lambda: response.content
        )
        return response

    def get(self, path: str, **headers: str) -> requests.Response:
        """GET. A keyword names a header: `if_match` is If-Match."""
        return self.call("GET", path, headers=_headers(headers))

    def delete(self, path: str, **headers: str) -> requests.Response:
        """DELETE."""
        return self.call("DELETE", path, headers=_headers(headers))

    def post(self, path: str, body: Any, **headers: str) -> requests.Response:
        """POST a JSON body."""
        return self.call("POST", path, json=body, headers=_headers(headers))

    def put(self, path: str, body: Any, **headers: str) -> requests.Response:
        """PUT a JSON body."""
        return self.call("PUT", path, json=body, headers=_headers(headers))

    def submit(self, text: str, channel: str = "general", **headers: str) -> requests.Response:
        """Send a new post, and return the first response: 202, or 201 with `Prefer: wait`."""
        return self.post("/v1/posts", {"text": text, "channel": channel}, **headers)

    def wait_final(self, accepted: requests.Response | str) -> requests.Response:
        """Wait for the final response of a 202, or of its Location."""
        if isinstance(accepted, requests.Response):
            assert accepted.status_code == 202, accepted.text
            accepted = accepted.headers["Location"]
        end = time.monotonic() + TASK_TIMEOUT
        while True:
            response = self.get(accepted, prefer="wait=10")
            if response.status_code != 202:
                return response
            assert time.monotonic() < end, f"{accepted} is still running: {response.text}"

    def create_post(self, text: str, channel: str = "general") -> Any:
        """Create a post, wait for its end, and return it."""
        final = self.wait_final(self.submit(text, channel))
        assert final.status_code == 201, final.text
        return final.json()

    def posts(self, channel: str, limit: int = 100) -> list[Any]:
        """All posts of a channel, newest first. Reads page by page."""
        found: list[Any] = []
        after = ""
        while True:
            page = self.get(f"/v1/posts?channel={channel}&limit={limit}{after}")
            assert page.status_code == 200, page.text
            found += page.json()["items"]
            if page.json()["next"] is None:
                return found
            after = f"&after={page.json()['next']}"

    def new_key(self, account: str, *scopes: str) -> Any:
        """Create a key for an account."""
        created = self.post("/v1/keys", {"account": account, "scopes": list(scopes)})
        assert created.status_code == 201, created.text
        return created.json()


def _headers(keywords: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-").title(): value for name, value in keywords.items()}
