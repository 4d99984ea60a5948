"""Clients that poll tasks to their end, and read, edit and delete some of the posts."""

import heapq
import itertools
import threading
import time
from random import Random

import requests

from tests.system.rig.client import Client
from tests.system.rig.raw_http import RawResponse

from .attempts import Attempt
from .deployment import Deployment
from .posters import REQUEST_TIMEOUT, RETRY_STATUSES

#: Seconds until the first poll of a task, and the longest interval. Each interval is double the
#: one before.
FIRST_INTERVAL, LONGEST_INTERVAL = 0.2, 3.0

#: Seconds between the tries of a delete or an edit whose response is unknown, and their number.
RETRY_PAUSE, TRIES = 0.3, 60

THREADS = 4


def raw(response: requests.Response) -> RawResponse:
    """A response in the form that is compared."""
    return RawResponse(response.status_code, tuple(response.headers.items()), response.content)


class Followers:
    """Threads that share a queue of tasks to poll."""

    def __init__(self, deployment: Deployment, channel: str, seed: str) -> None:
        #: Responses that are faults in any case.
        self.wrong: list[str] = []
        self._deployment = deployment
        self._channel = channel
        #: Time of the next poll, a number that breaks ties, the interval, the attempt.
        self._due: list[tuple[float, int, float, Attempt]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._run, args=(Random(f"{seed}/follower-{n}"),), daemon=True)
            for n in range(THREADS)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads after their current poll. `Load.stop` reads the unfinished tasks."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(TRIES * (RETRY_PAUSE + sum(REQUEST_TIMEOUT)))

    def follow(self, attempt: Attempt, interval: float = FIRST_INTERVAL) -> None:
        """Poll an attempt's task after `interval` seconds. Returns at once."""
        with self._changed:
            entry = (time.monotonic() + interval, next(self._numbers), interval, attempt)
            heapq.heappush(self._due, entry)
            self._changed.notify()

    def _next(self) -> tuple[float, Attempt] | None:
        with self._changed:
            while not self._stopping:
                wait = self._due[0][0] - time.monotonic() if self._due else 1.0
                if wait <= 0:
                    return heapq.heappop(self._due)[2:]
                self._changed.wait(wait)
        return None

    def _run(self, rng: Random) -> None:
        clients = [self._deployment.client(api) for api in self._deployment.apis]
        while (entry := self._next()) is not None:
            interval, attempt = entry
            client = rng.choice(clients)
            try:
                if not self._poll(client, attempt):
                    self.follow(attempt, min(LONGEST_INTERVAL, 2 * interval))
            except requests.RequestException:
                self.follow(attempt, interval)

    def _poll(self, client: Client, attempt: Attempt) -> bool:
        """Poll once. Returns True after the final response and the planned change."""
        if attempt.change.endswith("early"):
            attempt.post_id = self._find(client, attempt)
            self._change(client, attempt)
        if attempt.location is None:
            return True
        response = client.call("GET", attempt.location, timeout=REQUEST_TIMEOUT)
        if response.status_code in {202, 503}:
            return False
        attempt.note_final(raw(response))
        if response.status_code == 201:
            attempt.post_id = response.json()["id"]
            self._read(client, attempt)
            self._change(client, attempt)
        return True

    def _find(self, client: Client, attempt: Attempt) -> str | None:
        """The id of an unfinished post, found by its text among the newest posts."""
        path = f"/v1/posts?channel={self._channel}&limit=100"
        response = client.call("GET", path, timeout=REQUEST_TIMEOUT)
        items = response.json()["items"] if response.ok else []
        return next((post["id"] for post in items if post["text"] == attempt.text), None)

    def _read(self, client: Client, attempt: Attempt) -> None:
        response = client.call("GET", f"/v1/posts/{attempt.post_id}", timeout=REQUEST_TIMEOUT)
        if response.status_code not in {200, 404 if attempt.delete_tried else 200, 503}:
            self.wrong.append(f"reading {attempt.token}: {response.status_code}")

    def _change(self, client: Client, attempt: Attempt) -> None:
        change, attempt.change = attempt.change, ""
        if attempt.post_id is not None and change.startswith("delete"):
            self._delete(client, attempt)
        elif attempt.post_id is not None and change.startswith("edit"):
            self._edit(client, attempt)

    def _delete(self, client: Client, attempt: Attempt) -> None:
        for number in range(TRIES):
            attempt.delete_tried = True
            try:
                path = f"/v1/posts/{attempt.post_id}"
                status = client.call("DELETE", path, timeout=REQUEST_TIMEOUT).status_code
            except requests.RequestException:
                status = 0
            # A repeat gets 404 after an earlier try has deleted the post.
            if status == 204 or (status == 404 and number):
                attempt.deleted = True
                return
            if status not in {0, 503}:
                self.wrong.append(f"deleting {attempt.token}: {status}")
                return
            time.sleep(RETRY_PAUSE)

    def _edit(self, client: Client, attempt: Attempt) -> None:
        text = f"{attempt.text}, edited"
        attempt.edits.append(text)
        for _ in range(TRIES):
            response = self._put(client, attempt, text)
            if response is not None and response.status_code in {200, 202}:
                attempt.edited = text
                if response.status_code == 202:
                    attempt.edit_location = response.headers["Location"]
                return
            if response is not None and response.status_code not in RETRY_STATUSES:
                self.wrong.append(f"editing {attempt.token}: {response.status_code}")
                return
            time.sleep(RETRY_PAUSE)

    def _put(self, client: Client, attempt: Attempt, text: str) -> requests.Response | None:
        """Send an edit once; None if its response is lost."""
        headers = {"Idempotency-Key": f"edit-{attempt.token}"}
        path = f"/v1/posts/{attempt.post_id}"
        try:
            return client.call(
                "PUT", path, json={"text": text}, headers=headers, timeout=REQUEST_TIMEOUT
            )
        except requests.RequestException:
            return None
