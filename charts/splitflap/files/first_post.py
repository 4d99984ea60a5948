"""Run by `helm test`: looks whether the API answers, and makes a post where the first key is known.

It needs nothing but Python. Refusals for now, and pods that are away, are tried again.
"""

import json
import os
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any

#: Seconds for all of it: pods that have just started may wait for their database.
PATIENCE = 120

API = os.environ["API"]
KEY = os.environ.get("SPLITFLAP_BOOTSTRAP_KEY", "")
GIVE_UP_AT = time.monotonic() + PATIENCE
FOR_NOW = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


def ask(path: str, body: object = None) -> tuple[int, Any]:
    """One request: the status and the JSON of its response."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(API + path, data, headers)  # noqa: S310 - the chart's own URL
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - as above
                return response.status, json.load(response)
        except OSError as error:
            refused = isinstance(error, urllib.error.HTTPError) and error.code not in FOR_NOW
            if refused or time.monotonic() > GIVE_UP_AT:
                raise
            print(f"{path}: {error}; again", flush=True)
            time.sleep(2)


def main() -> None:
    """Ends with a status other than 0 where something is amiss."""
    _, document = ask("/v1/openapi.json")
    print(f"{document['info']['title']} answers")
    if not KEY:
        return
    status, answer = ask("/v1/posts", {"text": "Hello **from helm test**"})
    task = f"/v1/tasks/{answer['id']}"
    while status == HTTPStatus.ACCEPTED and time.monotonic() < GIVE_UP_AT:
        time.sleep(0.5)
        status, answer = ask(task)
    if "<strong>from helm test</strong>" not in answer.get("html", ""):
        raise SystemExit(f"no post after {PATIENCE} s: {status} {answer}")
    print(f"a post was made and rendered: {answer['id']}")


if __name__ == "__main__":
    main()
