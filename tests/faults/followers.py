"""Clients that follow their tasks to the end, and read, edit and delete some of the posts."""

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
from .posters import TIMEOUT

#: Seconds until the first look at a task, then twice as long each time up to the last.
FIRST_LOOK, LAST_LOOK = 0.2, 3.0

#: Seconds between tries of a delete or an edit whose answer is not known; and how many.
PAUSE, TRIES = 0.3, 60

THREADS = 4


def answer_of(response: requests.Response) -> RawResponse:
    """A response as it is compared."""
    return RawResponse(response.status_code, tuple(response.headers.items()), response.content)


class Followers:
    """Threads that share what is to be looked at."""

    def __init__(self, world: Deployment, channel: str, seed: str) -> None:
        #: Answers that no client should ever see.
        self.wrong: list[str] = []
        self._world = world
        self._channel = channel
        self._due: list[tuple[float, int, float, Attempt]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._run, args=(Random(f"{seed}/follower-{n}"),), daemon=True)
            for n in range(THREADS)
        ]

    def start(self) -> None:
        """Follow whatever is given."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Leave what is not done to the closing of the books."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(TRIES * (PAUSE + sum(TIMEOUT)))

    def follow(self, attempt: Attempt, pause: float = FIRST_LOOK) -> None:
        """Look at an attempt's task after a pause (seconds)."""
        with self._changed:
            entry = (time.monotonic() + pause, next(self._numbers), pause, attempt)
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

    def _run(self, dice: Random) -> None:
        clients = [self._world.client(api) for api in self._world.apis]
        while (entry := self._next()) is not None:
            pause, attempt = entry
            client = dice.choice(clients)
            try:
                if not self._look(client, attempt):
                    self.follow(attempt, min(LAST_LOOK, 2 * pause))
            except requests.RequestException:
                self.follow(attempt, pause)

    def _look(self, client: Client, attempt: Attempt) -> bool:
        """Whether all that was planned for the attempt is done."""
        if attempt.plan.endswith("early"):
            attempt.post_id = self._find(client, attempt)
            self._change(client, attempt)
        if attempt.location is None:
            return True
        response = client.call("GET", attempt.location, timeout=TIMEOUT)
        if response.status_code in {202, 503}:
            return False
        attempt.note_final(answer_of(response))
        if response.status_code == 201:
            attempt.post_id = response.json()["id"]
            self._read(client, attempt)
            self._change(client, attempt)
        return True

    def _find(self, client: Client, attempt: Attempt) -> str | None:
        """A post that is not done yet, by its text, among the newest."""
        path = f"/v1/posts?channel={self._channel}&limit=100"
        response = client.call("GET", path, timeout=TIMEOUT)
        items = response.json()["items"] if response.ok else []
        return next((post["id"] for post in items if post["text"] == attempt.text), None)

    def _read(self, client: Client, attempt: Attempt) -> None:
        response = client.call("GET", f"/v1/posts/{attempt.post_id}", timeout=TIMEOUT)
        if response.status_code not in {200, 404 if attempt.delete_tried else 200, 503}:
            self.wrong.append(f"reading {attempt.token}: {response.status_code}")

    def _change(self, client: Client, attempt: Attempt) -> None:
        plan, attempt.plan = attempt.plan, ""
        if attempt.post_id is not None and plan.startswith("delete"):
            self._delete(client, attempt)
        elif attempt.post_id is not None and plan.startswith("edit"):
            self._edit(client, attempt)

    def _delete(self, client: Client, attempt: Attempt) -> None:
        for number in range(TRIES):
            attempt.delete_tried = True
            try:
                path = f"/v1/posts/{attempt.post_id}"
                status = client.call("DELETE", path, timeout=TIMEOUT).status_code
            except requests.RequestException:
                status = 0
            # A repeat finds what the first try has done.
            if status == 204 or (status == 404 and number):
                attempt.deleted = True
                return
            if status not in {0, 503}:
                self.wrong.append(f"deleting {attempt.token}: {status}")
                return
            time.sleep(PAUSE)

    def _edit(self, client: Client, attempt: Attempt) -> None:
        text = f"{attempt.text}, edited"
        attempt.edits.append(text)
        headers = {"Idempotency-Key": f"edit-{attempt.token}"}
        for _ in range(TRIES):
            try:
                path = f"/v1/posts/{attempt.post_id}"
                response = client.call(
                    "PUT", path, json={"text": text}, headers=headers, timeout=TIMEOUT
                )
            except requests.RequestException:
                time.sleep(PAUSE)
                continue
            if response.status_code in {200, 202}:
                attempt.edited = text
                if response.status_code == 202:
                    attempt.edit_location = response.headers["Location"]
                return
            if response.status_code != 503:
                self.wrong.append(f"editing {attempt.token}: {response.status_code}")
                return
            time.sleep(PAUSE)
