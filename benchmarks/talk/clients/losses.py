"""What becomes of work when the process is killed: the same books for every way to serve it.

All work waits for a page that takes long, so none of it is finished at the kill.
"""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmarks.talk.page_site import title
from benchmarks.talk.servers import Running
from tests.system.rig.client import Client
from tests.system.rig.stack import Stack, StackBackend
from tests.system.rig.stack import running as running_stack

from .restart import restart

#: The number of a page that takes this many seconds, as a query has it (page_site.py).
LONG_SECONDS = 60
LONG_PAGE = f"0%3Fseconds={LONG_SECONDS}"

#: Seconds of the page of Splitflap's posts: it is fetched again after the kill.
SPLITFLAP_PAGE = 1.5

CHANNEL = "killed"


@dataclass
class Loss:
    """Requests sent, and what their clients know after the restart."""

    sent: int
    #: Requests with a 202 before the kill.
    accepted: int = 0
    #: Requests that got no answer: their clients know, and may send them again.
    broken: int = 0
    #: Accepted tasks that no longer exist, or did not end with the right answer.
    lost: int = 0
    #: Accepted tasks that ended more than once.
    repeated: int = 0

    def figures(self) -> dict[str, float]:
        """The figures by name, for a row."""
        return {name: float(value) for name, value in vars(self).items()}


def without_202(running: Running, target: str, count: int) -> Loss:
    """Requests that wait for their work, and a kill while all of them wait."""
    loss, url = Loss(count), running.url + target
    with ThreadPoolExecutor(count) as clients:
        answers = clients.map(lambda _: _asked("GET", url), range(count))
        time.sleep(0.5)  # all are on their way; a later one is refused, and counts as broken too
        restart(running)
        loss.broken = sum(status != 200 for status, _ in answers)
    return loss


def with_202(running: Running, target: str, count: int) -> Loss:
    """Accepted tasks, and a kill before they end."""
    loss = Loss(count)
    answers = [_asked("POST", running.url + target) for _ in range(count)]
    locations = [location for status, location in answers if status == 202]
    loss.accepted, loss.broken = len(locations), count - len(locations)
    restart(running)
    found = [_asked("GET", running.url + each)[0] for each in locations]
    loss.lost = sum(status not in {200, 202} for status in found)
    return loss


def of_splitflap(folder: Path, site: str, count: int) -> Loss:
    """Posts with a slow link, accepted by Splitflap; all its processes are killed."""
    environ = {"SPLITFLAP_DATA_DIR": str(folder / "data")}
    backend = StackBackend("embedded", environ, str(folder / "data" / "broker"))
    loss = Loss(count)
    # The task waits for the preview, although its first fetch was killed.
    with running_stack(backend, folder, PREVIEW_WAIT="30") as stack:
        client = stack.client()
        texts = [f"Post *{number}* {site}/page/{number}" for number in range(count)]
        answers = [client.submit(text, CHANNEL) for text in texts]
        locations = [each.headers["Location"] for each in answers if each.status_code == 202]
        loss.accepted, loss.broken = len(locations), count - len(locations)
        _kill_all(stack)
        stack.start()
        _close_books(loss, stack.client(), locations, texts)
    return loss


def _kill_all(stack: Stack) -> None:
    """Kill all services at once."""
    kills = [threading.Thread(target=service.kill) for service in stack.services.values()]
    for each in kills:
        each.start()
    for each in kills:
        each.join()


def _close_books(loss: Loss, client: Client, locations: list[str], texts: list[str]) -> None:
    for location in locations:
        final = client.wait_final(location)
        loss.lost += not (final.status_code == 201 and _is_right(final.json()))
    stored = Counter(post["text"] for post in client.posts(CHANNEL))
    loss.repeated = sum(stored[text] > 1 for text in texts)


def _is_right(post: dict[str, object]) -> bool:
    """A post has its own HTML, and the title of its own page."""
    number = str(post["text"]).partition("*")[2].partition("*")[0]
    links = post["links"]
    assert isinstance(links, list)
    titles = [link["preview"]["title"] for link in links]
    return f"Post <em>{number}</em>" in str(post["html"]) and titles == [title(int(number))]


def _asked(method: str, url: str) -> tuple[int, str]:
    """The status and the Location; 0 if no answer came."""
    try:
        response = requests.request(method, url, timeout=LONG_SECONDS)
    except requests.RequestException:
        return 0, ""
    return response.status_code, response.headers.get("Location", "")
