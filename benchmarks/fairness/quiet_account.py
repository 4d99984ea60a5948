"""A quiet account: one post a second, each followed until it is done."""

import http.client
import json
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

#: Seconds after the last post until the account gives up.
PATIENCE = 20.0

#: Seconds until a refused poll is repeated.
REPEAT = 0.5

#: Seconds of one `Prefer: wait`.
WAIT = 10


@dataclass
class Quiet:
    """What the account has seen. A post that is not done counts with the time until it gave up."""

    milliseconds: list[float] = field(default_factory=list)
    refused: int = 0
    failed: int = 0
    #: Posts that were not done when the account gave up.
    unfinished: int = 0

    def quantile(self, share: float) -> float:
        """The time until done at a quantile."""
        ordered = sorted(self.milliseconds)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


class QuietAccount:
    """Posts once a second for `seconds`, from a thread for each post, so none waits for another."""

    def __init__(
        self,
        port: int,
        key: str,
        text: Callable[[int], str],
        seconds: int,
        *,
        preview: bool = False,
    ) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._text = text
        self._seconds = seconds
        #: Whether a post is done only when its preview is ready.
        self._preview = preview
        self._lock = threading.Lock()
        self._result = Quiet()

    def run(self) -> Quiet:
        """Send all posts, and wait for them."""
        began = time.monotonic()
        self._give_up_at = began + self._seconds + PATIENCE
        threads = []
        for number in range(self._seconds):
            time.sleep(max(0.0, began + number - time.monotonic()))
            due = began + number
            threads.append(threading.Thread(target=self._post, args=(number, due), daemon=True))
            threads[-1].start()
        for thread in threads:
            thread.join(max(0.0, self._give_up_at - time.monotonic()) + 2 * WAIT)
        return self._result

    def _post(self, number: int, due: float) -> None:
        try:
            ended = self._until_done(self._text(number))
        except (OSError, http.client.HTTPException):
            ended = "refused"
        took = (time.monotonic() - due) * 1000
        with self._lock:
            if ended != "done":
                setattr(self._result, ended, getattr(self._result, ended) + 1)
            if ended in {"done", "unfinished"}:
                self._result.milliseconds.append(took)

    def _until_done(self, text: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=3 * WAIT)
        body = json.dumps({"text": text, "channel": "quiet"})
        status, location, _ = self._call(connection, "POST", "/v1/posts", body)
        if status != 202:
            return "refused"
        while time.monotonic() < self._give_up_at:
            status, _, data = self._call(connection, "GET", location)
            if status == 201:
                return "done" if self._is_complete(data) else "failed"
            if status in {429, 503}:
                time.sleep(REPEAT)
            elif status != 202:
                return "failed"
        return "unfinished"

    def _call(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: str = ""
    ) -> tuple[int, str, bytes]:
        left = max(1, min(WAIT, int(self._give_up_at - time.monotonic())))
        headers = self._headers if body else {**self._headers, "Prefer": f"wait={left}"}
        connection.request(method, path, body or None, headers)
        response = connection.getresponse()
        return response.status, response.getheader("Location", ""), response.read()

    def _is_complete(self, data: bytes) -> bool:
        links = json.loads(data)["links"]
        return not self._preview or all(each["preview"]["state"] == "ready" for each in links)
