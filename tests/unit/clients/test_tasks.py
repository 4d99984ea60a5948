"""How a task is polled."""

from typing import Any

import pytest
import requests
from splitflap_client import StillRunning, Task
from splitflap_client.models import Render
from splitflap_client.transport import Transport

RUNNING = b'{"kind": "task", "id": "1", "state": "running", "created_at": "2026-01-02T03:04:05Z"}'
DONE = b'{"kind": "render", "html": "", "links": [], "mentions": [], "channels": [], "excerpt": ""}'


def answer(status: int, body: bytes, **headers: str) -> requests.Response:
    """A response of the API."""
    made = requests.Response()
    made.status_code, made._content, made.url = status, body, "http://a/v1/tasks/1"
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made


class Api(Transport):
    """Answers in order, and records what was asked and slept."""

    def __init__(self, *answers: requests.Response) -> None:
        self.answers = list(answers)
        self.did: list[Any] = []
        super().__init__("http://a", "sf_key", sleep=self.did.append)

    def send(self, *_: Any, **options: Any) -> requests.Response:
        self.did.append(options["headers"].get("Prefer"))
        return self.answers.pop(0)


def task(api: Api, first: requests.Response) -> Task[Render]:
    """A task that a request has made."""
    return Task(api, Render, "http://a/v1/tasks/1", first)


def test_the_first_poll_follows_at_once() -> None:
    """The Retry-After of the first 202 is for clients that do not wait."""
    api = Api(answer(200, DONE))
    task(api, answer(202, RUNNING, Retry_After="1")).result()
    assert api.did == [0.0, "wait=30"]


def test_a_poll_without_a_wait_is_followed_by_a_pause() -> None:
    """An API that stops applies no wait. One that has waited is asked again at once."""
    waited = answer(202, RUNNING, Preference_Applied="wait=30", Retry_After="1")
    api = Api(waited, answer(202, RUNNING, Retry_After="1"), answer(200, DONE))
    task(api, answer(202, RUNNING)).result()
    assert [each for each in api.did if isinstance(each, float)] == [0.0, 0.0, 1.0]


def test_a_wait_that_is_over_asks_nothing() -> None:
    """The task goes on."""
    api = Api()
    with pytest.raises(StillRunning, match="task 1 "):
        task(api, answer(202, RUNNING)).result(0)
    assert api.did == []
