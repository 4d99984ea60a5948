"""Run by `helm test`: makes a post and waits until it is complete, where the first key is known."""

import json
import os
import time
import urllib.error
import urllib.request

#: Seconds for all of it; a pod that has just started may wait for its database.
PATIENCE = 120

API = os.environ["API"]
KEY = os.environ.get("SPLITFLAP_BOOTSTRAP_KEY", "")
GIVE_UP_AT = time.monotonic() + PATIENCE


def ask(path, body=None):
    """One request; its status and its JSON. Refusals for now, and pods that are away, are tried again."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    while True:
        try:
            request = urllib.request.Request(API + path, data, headers)
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, json.load(response)
        except (urllib.error.URLError, TimeoutError) as error:
            refused = getattr(error, "code", 503)
            if refused not in (429, 503) or time.monotonic() > GIVE_UP_AT:
                raise
            print(f"{path}: {error}; again", flush=True)
            time.sleep(2)


status, document = ask("/v1/openapi.json")
print(f"the API answers: {document['info']['title']}")

if KEY:
    status, answer = ask("/v1/posts", {"text": "Hello **from helm test**"})
    task = f"/v1/tasks/{answer['id']}"
    while status == 202 and time.monotonic() < GIVE_UP_AT:
        time.sleep(0.5)
        status, answer = ask(task)
    assert status == 201, f"no post after {PATIENCE} s: {status} {answer}"
    assert "<strong>from helm test</strong>" in answer["html"], answer
    print(f"a post was made and rendered: {answer['id']}")
