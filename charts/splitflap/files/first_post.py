"""The script of `helm test`: checks that the API responds, and creates a post if it has the key.

It needs only Python. It retries after 429, 503 and connection errors.
"""

import json
import os
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any

#: Seconds for the whole test: new pods may wait for their database.
TIMEOUT = 120

API = os.environ["API"]
KEY = os.environ.get("SPLITFLAP_BOOTSTRAP_KEY", "")
DEADLINE = time.monotonic() + TIMEOUT
RETRIED = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


def ask(path: str, body: object = None) -> tuple[int, Any]:
    """Send one request; the status and the JSON of its response."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(API + path, data, headers)  # noqa: S310 - the chart's own URL
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - as above
                return response.status, json.load(response)
        except OSError as error:
            refused = isinstance(error, urllib.error.HTTPError) and error.code not in RETRIED
            if refused or time.monotonic() > DEADLINE:
                raise
            print(f"{path}: {error}; retrying in 2 s", flush=True)
            time.sleep(2)


def main() -> None:
    """Run the test; a failure ends with a status other than 0."""
    _, document = ask("/v1/openapi.json")
    print(f"{document['info']['title']} responds")
    if not KEY:
        return
    status, answer = ask("/v1/posts", {"text": "Hello **from helm test**"})
    task = f"/v1/tasks/{answer['id']}"
    while status == HTTPStatus.ACCEPTED and time.monotonic() < DEADLINE:
        time.sleep(0.5)
        status, answer = ask(task)
    if "<strong>from helm test</strong>" not in answer.get("html", ""):
        raise SystemExit(f"the post was not rendered within {TIMEOUT} s: {status} {answer}")
    print(f"a post was created and rendered: {answer['id']}")


if __name__ == "__main__":
    main()
