"""How long a post takes: a figure to look at, never a limit."""

import statistics
import time
from collections.abc import Callable

from tests.system.rig.client import Client
from tests.system.rig.stack import Stack

POSTS = 100


def test_latency_of_a_post(
    stack: Stack,
    client: Client,
    channel: str,
    record_property: Callable[[str, object], None],
) -> None:
    """A text without links, through `Prefer: wait`: each answer is the whole post."""
    seconds = []
    for number in range(POSTS):
        began = time.perf_counter()
        answer = client.submit(f"post {number}", channel, prefer="wait=20")
        seconds.append(time.perf_counter() - began)
        assert answer.status_code == 201, answer.text
        assert answer.json()["state"] == "complete"
    tenths = statistics.quantiles(seconds, n=10)
    figures = {"p50": f"{1000 * tenths[4]:.1f} ms", "p90": f"{1000 * tenths[8]:.1f} ms"}
    for name, value in figures.items():
        record_property(f"{stack.backend.name} {name}", value)
    print(f"post to complete on {stack.backend.name}: {figures}")  # noqa: T201 - the figure
