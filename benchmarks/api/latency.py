"""The latency of a post on the embedded default: `splitflap up`, `Prefer: wait`, no links.

One client sends one post after the other. The baseline is the 202 of the same post, without the
wait.
"""

import time
from http.client import HTTPConnection

from benchmarks.harness.bench import KEY, Bench, bench
from benchmarks.harness.table import Line, note, show

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
            _round(it, lines, first)
    show("latency: a post on the embedded default", *lines.values(), first)


def _round(it: Bench, lines: dict[int, Line], first: Line) -> None:
    """Start `splitflap up` on new data, and send pairs of posts."""
    with it.up() as api:
        client = HTTPConnection("127.0.0.1", api.port, timeout=60)
        first.add(_post(client, "Hello **world**", wait=True))
        pairs = [
            (_post(client, f"post {n}", wait=True), _post(client, f"post {n}", wait=False))
            for n in range(POSTS)
        ]
    waited, accepted = (sorted(each) for each in zip(*pairs, strict=True))
    for share, line in lines.items():
        index = share * POSTS // 100 - 1
        line.add(waited[index], accepted[index])


def _post(client: HTTPConnection, text: str, *, wait: bool) -> float:
    """Send a post, and return the milliseconds until its response."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    if wait:
        headers["Prefer"] = "wait=30"
    began = time.monotonic()
    client.request("POST", "/v1/posts", f'{{"text":"{text}"}}', headers)
    response = client.getresponse()
    response.read()
    took = (time.monotonic() - began) * 1000
    assert response.status == (201 if wait else 202), response.status
    return took


if __name__ == "__main__":
    main()
