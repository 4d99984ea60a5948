"""The longest time for which one request holds the API's process.

A heartbeat in the process measures it (watched_api.py). Each case is repeated, and its figures are
the medians of the repetitions' longest holds: the machine's other work makes single ones longer.
The CPU time of the process's thread is free of that work. A renderer renders the posts. Each has
1.2 MB of HTML, close to the most that a text may have.
"""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import requests
from splitflap_api.domain.changes import Changes
from splitflap_api.domain.fair.routes import Router
from splitflap_api.domain.jobs.dead_letters import insert_message
from splitflap_api.store.bulk import insert_rows
from splitflap_api.store.engine import Store
from splitflap_api.store.migrate import migrate
from splitflap_api.store.schema import keys, tasks
from splitflap_core.contracts import MAX_MESSAGE
from uuid_utils import uuid7

from benchmarks import ROOT
from benchmarks.api.watched_api import FILE, FORMAT
from benchmarks.harness.bench import KEY, Bench, RunningApi, bench
from benchmarks.harness.table import Line, at_most, note, show
from benchmarks.harness.waiting import wait_until

#: Large posts, and repetitions of each case.
POSTS = 100
REPEATS = 5

#: Small rows beside them: events and finished tasks.
ROWS = 200_000

#: Clients that wait for a task at the same time.
WAITS = 500

#: Milliseconds.
LIMIT = 50.0

#: The posts are a backlog, and here no reason to refuse more of them.
SETTINGS = {"SPLITFLAP_MAX_UNFINISHED_AGE": "100000"}

#: A text of 65,000 bytes with 1.26 MB of HTML: each character of code gets an element.
TEXT = "```python\n" + "(a)+\n" * 13_000 + "```"

#: The largest body: each byte of the text is escaped.
ESCAPED = b'{"text":"' + b"\\u0061" * 65_536 + b'"}'


class Case:
    """The holds of one case: by the clock, and in CPU time."""

    def __init__(self, name: str) -> None:
        self.longest = Line(name, at_most(LIMIT))
        self.cpu = Line("of CPU time")


class Watched:
    """A running API with a heartbeat."""

    def __init__(self, api: RunningApi, file: Path) -> None:
        self.api = api
        self._file = file

    def hold(self, case: "Case", ask: Callable[[], object]) -> None:
        """Add the longest hold (milliseconds) during a call to its case."""
        # In place: the API has mapped the file into its memory.
        with self._file.open("r+b") as file:
            file.write(FORMAT.pack(0, 0))
        ask()
        longest, cpu = FORMAT.unpack(self._file.read_bytes())
        case.longest.add(longest * 1000)
        case.cpu.add(cpu * 1000)

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request."""
        url = f"http://127.0.0.1:{self.api.port}{path}"
        headers = {"Authorization": f"Bearer {KEY}", **options.pop("headers", {})}
        return requests.request(method, url, headers=headers, timeout=120, **options)

    def page(self, path: str) -> Any:
        """A page of a list."""
        response = self.send("GET", path)
        assert response.status_code == 200, response.text[:500]
        return response.json()


def main() -> None:
    """Measure both back ends, and print the tables."""
    with bench() as it:
        for name in ("embedded", "servers"):
            embedded = {"SPLITFLAP_DATA_DIR": str(it.folder / f"data-{name}")}
            environ = {**(it.backend() if name == "servers" else embedded), **SETTINGS}
            _fill(environ)
            with _watched(it, environ) as api:
                lines = _measure(it, api, environ)
            show(f"holds: the longest hold of the process, {name}, ms", *lines)


@contextmanager
def _watched(it: Bench, environ: dict[str, str]) -> Iterator[Watched]:
    file = it.folder / "hold"
    file.write_bytes(FORMAT.pack(0, 0))
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(ROOT))))
    more = {"PYTHONPATH": path, FILE: str(file)}
    with it.api({**environ, **more}, [sys.executable, "-m", "benchmarks.api.watched_api"]) as api:
        yield Watched(api, file)


def _measure(it: Bench, api: Watched, environ: dict[str, str]) -> list[Line]:
    note(f"holds: {POSTS} large posts")
    rendered = Case(f"{POSTS} large posts, until they are done")
    with it.renderer(environ):
        made: list[str] = []
        api.hold(rendered, lambda: made.extend(_create_posts(api)))
    cases = [rendered]
    for name, ask in _cases(api, made[-1]).items():
        note(f"holds: {name}")
        cases.append(case := Case(name))
        for _ in range(REPEATS):
            api.hold(case, ask)
    return [line for case in cases for line in (case.longest, case.cpu)]


def _create_posts(api: Watched) -> list[str]:
    tasks = [_accepted(api, json={"text": TEXT}) for _ in range(POSTS)]
    for task in tasks:
        wait_until(partial(_is_done, api, task), task, 300)
    return tasks


def _is_done(api: Watched, task: str) -> bool:
    return api.send("GET", task, headers={"Prefer": "wait=30"}).status_code == 201


def _accepted(api: Watched, **options: Any) -> str:
    response = api.send("POST", "/v1/posts", **options)
    assert response.status_code == 202, response.text
    return response.headers["Location"]


def _fill(environ: dict[str, str]) -> None:
    """Add many small rows, as a large installation has them. No API may run on SQLite meanwhile."""
    store = Store(environ.get("SPLITFLAP_DATABASE_URL"), environ.get("SPLITFLAP_DATA_DIR", ""), 4)
    migrate(store)
    post = {"id": "p", "channel": "busy", "revision": 1}
    for _ in range(ROWS // 10_000):
        with store.write() as tx:
            changes = Changes(store.now(tx), Router())
            for _ in range(10_000):
                changes.event("rendered", post)
            changes.write(tx)
    with store.write() as tx:
        now = store.now(tx)
        secret = {"account": "a", "name": "x" * 200, "scopes": "read", "created_at": now}
        ids = [str(uuid7()) for _ in range(1_000)]
        insert_rows(tx, keys, [{"id": each, "hash": each, **secret} for each in ids])
        for _ in range(200):
            insert_message(tx, "results", "x" * 500, b"x" * MAX_MESSAGE, now)
    with store.write() as tx:
        task = {"account": "a", "finish": "f", "state": "done", "pending": 0, "total": 1}
        task |= {"created_at": now, "expires_at": now + 86_400_000, "body": b"x" * 600}
        insert_rows(tx, tasks, [{"id": str(uuid7()), **task} for _ in range(ROWS)])
    store.close()


def _cases(api: Watched, large: str) -> dict[str, Callable[[], object]]:
    """Each case by its name. `large` is the task of a large post."""
    post = api.page("/v1/posts?limit=1")["items"][0]["id"]
    page = partial(api.page, "/v1/posts?limit=100")
    task = partial(api.send, "GET", large)
    body = partial(_accepted, api, data=ESCAPED, headers={"Content-Type": "application/json"})
    letter = api.page("/v1/dead?limit=1")["items"][0]["id"]
    return {
        "no request": lambda: time.sleep(0.3),
        "GET /v1/posts?limit=100": page,
        "six of them at once": lambda: _at_once(6, page),
        "GET of a large post": lambda: api.send("GET", f"/v1/posts/{post}"),
        "GET of its task": task,
        "50 of them at once": lambda: _at_once(50, task),
        "the largest body": body,
        "40 of them at once": lambda: _at_once(40, body),
        "the same in chunks of one byte": lambda: _send_chunks(api),
        f"a commit beside {WAITS} waits": lambda: _commit_beside_waits(api),
        "all events": lambda: _replay(api, "/v1/events"),
        "the events of a quiet channel": lambda: _replay(api, "/v1/events?channel=quiet"),
        "GET /v1/keys?limit=100": lambda: api.page("/v1/keys?limit=100"),
        "GET /v1/dead?limit=100": lambda: api.page("/v1/dead?limit=100"),
        "GET of a dead letter of 2 MiB": lambda: api.page(f"/v1/dead/{letter}"),
        "a search of all dead letters": lambda: api.page("/v1/dead?reason=none"),
        "a drop of 20 of them": partial(_drop, api),
        "GET /metrics": lambda: api.api.service.health("metrics"),
        "GET /v1/status": lambda: api.page("/v1/status"),
    }


def _at_once(count: int, ask: Callable[[], object]) -> None:
    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _send_chunks(api: Watched) -> None:
    """The largest body, each byte as a chunk of its own."""
    head = "POST /v1/posts HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    head += f"Authorization: Bearer {KEY}\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in ESCAPED) + b"0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", api.api.port), 60) as client:
        client.sendall(head.encode() + chunks)
        assert b" 202 " in client.recv(100)


def _commit_beside_waits(api: Watched) -> None:
    """Posts, while many clients wait for a task. Each commit may be the end of their task."""
    task = _accepted(api, json={"text": "never rendered"})
    head = f"GET {task} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\nPrefer: wait=20\r\n"
    address = ("127.0.0.1", api.api.port)
    with ExitStack() as clients:
        for number in range(WAITS):
            if number % 10 == 0:
                time.sleep(0.1)
            client = clients.enter_context(socket.create_connection(address, 60))
            client.sendall(f"{head}\r\n".encode())
        time.sleep(1)
        for _ in range(10):
            api.send("POST", "/v1/posts", json={"text": "a commit"})
            time.sleep(0.1)
    # The closed connections are clients too, until the API has read their ends.
    time.sleep(1)


def _drop(api: Watched) -> None:
    """Drop dead letters of 2 MiB."""
    ids = [letter["id"] for letter in api.page("/v1/dead?limit=20")["items"]]
    assert api.send("POST", "/v1/dead:drop", json={"ids": ids}).json()["done"] == 20


def _replay(api: Watched, path: str) -> None:
    """Read a stream from its first event until it is live. Then it has a heartbeat."""
    with api.send("GET", path, headers={"Last-Event-ID": "1"}, stream=True) as stream:
        for line in stream.iter_lines(65_536):
            if line == b":" or f"id: {ROWS}".encode() in line:
                return


if __name__ == "__main__":
    main()
