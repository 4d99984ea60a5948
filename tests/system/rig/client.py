"""A client of the API that knows HTTP, and nothing of the services' code."""

import time
from typing import Any, Self

import requests

#: Seconds for one request, a wait that it asks for included.
TIMEOUT = 45.0

#: Seconds until a task must have ended, whatever was killed meanwhile.
TASK_PATIENCE = 90.0


class Client:
    """Calls of one API with one key; for one thread."""

    def __init__(self, url: str, key: str | None) -> None:
        self.url = url
        self.key = key
        self.session = requests.Session()
        self.session.trust_env = False
        if key is not None:
            self.session.headers["Authorization"] = f"Bearer {key}"

    def clone(self, key: str | None = None) -> Self:
        """Another one for another thread, or with another key."""
        return type(self)(self.url, key or self.key)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request; redirects are not followed."""
        options = {"timeout": TIMEOUT, "allow_redirects": False, **options}
        return self.session.request(method, self.url + path, **options)

    def get(self, path: str, **headers: str) -> requests.Response:
        """GET, with headers written as keywords."""
        return self.call("GET", path, headers=_headers(headers))

    def delete(self, path: str) -> requests.Response:
        """DELETE."""
        return self.call("DELETE", path)

    def post(self, path: str, body: Any, **headers: str) -> requests.Response:
        """POST of JSON."""
        return self.call("POST", path, json=body, headers=_headers(headers))

    def put(self, path: str, body: Any, **headers: str) -> requests.Response:
        """PUT of JSON."""
        return self.call("PUT", path, json=body, headers=_headers(headers))

    def submit(self, text: str, channel: str = "general", **headers: str) -> requests.Response:
        """A new post."""
        return self.post("/v1/posts", {"text": text, "channel": channel}, **headers)

    def wait_final(self, accepted: requests.Response | str) -> requests.Response:
        """The final response of a 202, or of its Location, once it is there."""
        if isinstance(accepted, requests.Response):
            assert accepted.status_code == 202, accepted.text
            accepted = accepted.headers["Location"]
        end = time.monotonic() + TASK_PATIENCE
        while True:
            response = self.get(accepted, prefer="wait=10")
            if response.status_code != 202:
                return response
            assert time.monotonic() < end, f"{accepted} is still running: {response.text}"

    def create_post(self, text: str, channel: str = "general") -> Any:
        """A post, done."""
        final = self.wait_final(self.submit(text, channel))
        assert final.status_code == 201, final.text
        return final.json()

    def posts(self, channel: str, limit: int = 100) -> list[Any]:
        """All posts of a channel, newest first, page by page."""
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
        """A key for an account."""
        made = self.post("/v1/keys", {"account": account, "scopes": list(scopes)})
        assert made.status_code == 201, made.text
        return made.json()


def _headers(keywords: dict[str, str]) -> dict[str, str]:
    """`idempotency_key` is Idempotency-Key."""
    return {name.replace("_", "-").title(): value for name, value in keywords.items()}
