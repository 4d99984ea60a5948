"""Prints how long a post takes. The figure has no limit."""

import statistics
import time
from collections.abc import Callable

from tests.system.rig.client import Client
from tests.system.rig.stack import Stack

POSTS = 100


def test_post_with_prefer_wait_is_complete(
    stack: Stack,
    client: Client,
    channel: str,
    record_property: Callable[[str, object], None],
) -> None:
    """Each response to `Prefer: wait` is the complete post. The report has p50 and p90."""
    seconds = []
    for number in range(POSTS):
        began = time.perf_counter()
        response = client.submit(f"post {number}", channel, prefer="wait=20")
        seconds.append(time.perf_counter() - began)
        assert response.status_code == 201, response.text
        assert response.json()["state"] == "complete"
    tenths = statistics.quantiles(seconds, n=10)
    figures = {"p50": f"{1000 * tenths[4]:.1f} ms", "p90": f"{1000 * tenths[8]:.1f} ms"}
    for name, value in figures.items():
        record_property(f"{stack.backend.name} {name}", value)
    print(f"post to complete on {stack.backend.name}: {figures}")  # noqa: T201 - the figure
