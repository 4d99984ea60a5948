"""A webhook of the clients' key, whose receiver dies, hangs, fails and is slow in turn."""

import contextlib
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.support import WaitTimeout, free_port, wait_until
from tests.support.receiver import Arrived, Receiver
from tests.system.rig.client import Client

from .deployment import Deployment

#: Seconds of one mood of the receiver, and of the good one after it.
BAD, GOOD = (0.3, 1.5), (2.0, 5.0)

#: Seconds of a hanging answer: longer than a try. And of a slow one.
HANGS, IS_SLOW = 4.0, 0.5

#: Seconds until the end of each known task must have arrived: the leases and delays of a few tries,
#: by the settings of world.py.
REST_TIMEOUT = 60.0


@dataclass
class WebhookRecord:
    """What a receiver has got, and what the API says about the told tasks."""

    arrived: Sequence[Arrived] = ()
    secret: str = ""
    #: The ended tasks of its key, with the statuses of their final responses.
    ended: Mapping[str, set[int]] = field(default_factory=dict)
    #: The status of each told task, by its id; 404 for one that never was.
    tasks: dict[str, int] = field(default_factory=dict)


class Webhooks:
    """One webhook, told of all tasks of the key, from `start` to `stop`."""

    def __init__(self, deployment: Deployment, seed: str) -> None:
        self._deployment = deployment
        self._rng = Random(f"{seed}/webhooks")
        self._port = free_port()
        self._arrived: list[Arrived] = []
        self._mood = "good"
        self._receiver: Receiver | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._hook: Any = None

    def start(self) -> None:
        """Create the webhook, and let its receiver change its mood from now on."""
        self._open()
        client = self._client()
        body = {
            "url": f"http://127.0.0.1:{self._port}/hook",
            "events": ["task.done", "task.failed", "preview"],
        }
        self._hook = client.post("/v1/webhooks", body).json()
        # Other replicas know a new webhook of a key within 5 s.
        time.sleep(5.0)
        self._thread.start()

    def stop(self, ended: Mapping[str, set[int]]) -> WebhookRecord:
        """Wait until the ends of these tasks have arrived. Then read what the API says.

        After a timeout the checker finds those that are missing.
        """
        self._stopping.set()
        self._thread.join()
        wanted = set(ended)
        with contextlib.suppress(WaitTimeout):
            wait_until(lambda: wanted <= self._ended(), "the webhooks", REST_TIMEOUT)
        self._close()
        client = self._client()
        client.delete(f"/v1/webhooks/{self._hook['id']}")
        tasks = {each: client.get(f"/v1/tasks/{each}").status_code for each in self._told()}
        return WebhookRecord(list(self._arrived), self._hook["secret"], ended, tasks)

    def _told(self) -> set[str]:
        """The tasks of all requests so far."""
        return {each.json["data"]["task"] for each in list(self._arrived)}

    def _ended(self) -> set[str]:
        """The tasks whose ends have arrived. Their previews arrive before."""
        arrived = (each.json for each in list(self._arrived))
        return {body["data"]["task"] for body in arrived if body["type"] != "preview"}

    def _client(self) -> Client:
        return self._deployment.client(self._deployment.apis[0])

    def _run(self) -> None:
        while not self._stopping.wait(self._rng.uniform(*GOOD)):
            self._mood = self._rng.choice(("dead", "hangs", "fails", "slow"))
            if self._mood == "dead":
                self._close()
            self._stopping.wait(self._rng.uniform(*BAD))
            if self._receiver is None:
                self._open()
            self._mood = "good"

    def _open(self) -> None:
        self._receiver = Receiver(self._port, self._arrived)
        self._receiver.answer = self._answer
        self._receiver.__enter__()

    def _close(self) -> None:
        if self._receiver is not None:
            self._receiver.__exit__(None, None, None)
            self._receiver = None

    def _answer(self, _arrived: Arrived) -> int | None:
        mood = self._mood
        if mood == "hangs":
            self._stopping.wait(HANGS)
            return None
        if mood == "slow":
            time.sleep(IS_SLOW)
        return 500 if mood == "fails" else 204
