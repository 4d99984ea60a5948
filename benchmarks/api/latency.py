"""How long a post takes on the embedded default: `splitflap up`, `Prefer: wait`, no links.

One client, one post after the other. The baseline is the same post without the wait: its 202.
"""

import time
from http.client import HTTPConnection

from benchmarks.harness.bench import KEY, bench, wait_until
from benchmarks.harness.table import Line, note, show
from tests.support import free_port
from tests.system.rig.processes import SpawnedService, program

ROUNDS = 3

#: Posts of each kind in one round.
POSTS = 100


def main() -> None:
    """Measure, and print the table."""
    lines = {share: Line(f"p{share} ms of a post until it is done") for share in (50, 90, 99)}
    first = Line("ms of the first post after the start")
    with bench(servers=False) as it:
        for number in range(ROUNDS):
            note(f"latency: round {number + 1} of {ROUNDS}")
            port = free_port()
            environ = {
                "SPLITFLAP_DATA_DIR": str(it.folder / f"data-{number}"),
                "SPLITFLAP_PORT": str(port),
                "SPLITFLAP_BOOTSTRAP_KEY": KEY,
            }
            up = SpawnedService(f"up-{number}", [program("splitflap"), "up"], environ, it.folder)
            up.start()
            try:
                _wait_served(up)
                client = HTTPConnection("127.0.0.1", port, timeout=60)
                first.add(_post(client, "Hello **world**", wait=True))
                pairs = [
                    (_post(client, f"post {n}", wait=True), _post(client, f"post {n}", wait=False))
                    for n in range(POSTS)
                ]
            finally:
                up.close()
            waited, accepted = (sorted(each) for each in zip(*pairs, strict=True))
            for share, line in lines.items():
                place = share * POSTS // 100 - 1
                line.add(waited[place], accepted[place])
    show(__doc__.partition("\n")[0], *lines.values(), first)


def _wait_served(up: SpawnedService) -> None:
    wait_until(lambda: not up.is_running or "is serving at" in up.tail(), "the start", 60)
    assert up.is_running, up.tail()


def _post(client: HTTPConnection, text: str, *, wait: bool) -> float:
    """Milliseconds until the answer."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    if wait:
        headers["Prefer"] = "wait=30"
    began = time.monotonic()
    client.request("POST", "/v1/posts", f'{{"text":"{text}"}}', headers)
    answer = client.getresponse()
    answer.read()
    took = (time.monotonic() - began) * 1000
    assert answer.status == (201 if wait else 202), answer.status
    return took


if __name__ == "__main__":
    main()
