"""A worker that was broken into floods the API with messages; posts go on, and its memory stays."""

import json
from pathlib import Path

from tests.support import descendants, wait_until
from tests.system.rig.client import Client
from tests.system.rig.publisher import publisher
from tests.system.rig.stack import Stack

#: Messages of the flood, and the bytes of each: 600 MB in all.
COUNT, SIZE = 40, 15_000_000

#: Most growth of the API's memory, in MiB: a few messages at a time.
GROWTH = 200


def peak_mib(stack: Stack) -> int:
    """The most memory that one of the API's processes has used so far, in MiB."""
    process = stack.services["api"].process
    assert process is not None
    found = []
    for pid in (process.pid, *descendants(process.pid)):
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        found += [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return max(map(int, found)) // 1024


def test_a_flood_of_15_mb_outcomes_leaves_memory_and_lists(
    stack: Stack, client: Client, channel: str
) -> None:
    """Each is a dead letter by its size. Posts are rendered meanwhile."""
    client.create_post("before", channel)
    dead = client.get("/v1/status").json()["dead"]
    before = peak_mib(stack)
    outcome = {"outcome": "done", "result": {"html": "a" * SIZE, "links": []}}
    envelope = {"job": "x", "kind": "render", "attempt": 1, "took": 1, "worker": "w", "version": 1}
    body = json.dumps(envelope | {"outcome": outcome}).encode()
    with publisher(stack) as to:
        for number in range(COUNT):
            to.put("results", body)
            if number % 10 == 0:
                assert client.get("/v1/posts").status_code == 200
                assert client.create_post("meanwhile", channel)["state"] == "complete"
    wait_until(
        lambda: client.get("/v1/status").json()["dead"] == dead + COUNT, "the dead letters", 60
    )
    assert peak_mib(stack) - before < GROWTH
    letters = client.get(f"/v1/dead?limit={COUNT}").json()["items"]
    assert all("bytes" in each["reason"] for each in letters)
