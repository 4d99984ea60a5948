"""examples/socketio_bridge.py, with a real API and the real JavaScript client of Socket.IO."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.servers.process import tail
from tests.servers.proxy import Proxy
from tests.servers.server import listens
from tests.support import free_port, wait_until
from tests.system.rig.processes import SpawnedService, program
from tests.system.rig.sse import EventStream
from tests.system.rig.stack import ADMIN, Stack, StackBackend, running

from .conftest import missing

ROOT = Path(__file__).parents[2]
CLIENT = Path(__file__).parent / "socketio_client" / "client.mjs"
PACKAGES = ROOT / ".tools" / "socketio"

#: It has a block for the client.
README = ROOT / "examples" / "README.md"
README_BRIDGE = "http://127.0.0.1:5000"

CHANNEL = "bridged"

#: Seconds: the client waits up to 5 s before it connects again.
EVENT_TIMEOUT = 40.0


class JavaScriptClient:
    """A running client, and what it has printed."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self._process = process
        self._output = output

    def printed(self, *names: str) -> list[dict[str, Any]]:
        """All that it got so far, or all with these names."""
        assert self._process.poll() is None, tail(self._output)
        lines = [json.loads(line) for line in self._output.read_text().split("\n")[:-1]]
        return [line for line in lines if not names or line["name"] in names]

    def events(self) -> list[tuple[int, str, str]]:
        """The id, the name and the post of each event."""
        return [(e["id"], e["name"], e["post"]) for e in self.printed() if "post" in e]

    def wait_for(self, name: str, count: int) -> None:
        """Wait until it has printed a name so often."""
        wait_until(
            lambda: len(self.printed(name)) >= count,
            lambda: f"{count} {name}\n{tail(self._output)}",
            EVENT_TIMEOUT,
        )


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """An API and a renderer on embedded data."""
    data = tmp_path / "data"
    backend = StackBackend("embedded", {"SPLITFLAP_DATA_DIR": str(data)}, str(data / "broker"))
    with running(backend, tmp_path, workers=("renderer",)) as started:
        yield started


@pytest.fixture
def bridge(stack: Stack, tmp_path: Path) -> Iterator[int]:
    """The port of the bridge."""
    pytest.importorskip("flask_socketio", reason="run make test, or .ci/talk .uv/bin/uv")
    port = free_port()
    where = ["--bind", f"127.0.0.1:{port}", "--threads", "20", "--no-control-socket"]
    app = ["--chdir", str(ROOT / "examples"), "socketio_bridge:create_app()"]
    environ = {"SPLITFLAP_URL": stack.url(), "SPLITFLAP_KEY": ADMIN}
    service = SpawnedService("bridge", [program("gunicorn"), *where, *app], environ, tmp_path)
    service.start()
    try:
        wait_until(lambda: listens(port), lambda: f"the bridge\n{service.tail()}", 30)
        yield port
    finally:
        service.close()


@contextmanager
def client(port: int, channel: str, folder: Path) -> Iterator[JavaScriptClient]:
    """A client that has joined a channel."""
    output = folder / f"client-{channel}.log"
    process = start_node(output, str(CLIENT), f"http://127.0.0.1:{port}", channel)
    try:
        started = JavaScriptClient(process, output)
        started.wait_for("joined", 1)
        yield started
    finally:
        process.kill()
        process.wait()


@contextmanager
def readmes_client(port: int, folder: Path) -> Iterator[Path]:
    """What the client of the examples' page prints. Only the address of the bridge is another."""
    [block] = re.findall(r"^```js\n(.*?)^```$", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    script = block.replace(README_BRIDGE, f"http://127.0.0.1:{port}")
    assert script != block
    output = folder / "readme.log"
    process = start_node(output, "--input-type=module", "--eval", script)
    try:
        yield output
    finally:
        process.kill()
        process.wait()


def start_node(output: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Run JavaScript in the folder that has the client of Socket.IO."""
    node = shutil.which("node")
    if not node or not (PACKAGES / "node_modules" / "socket.io-client").exists():
        missing("Node.js or socket.io-client is missing: install Node.js, and run make test")
    with output.open("wb") as file:
        return subprocess.Popen([str(node), *arguments], stdout=file, stderr=file, cwd=PACKAGES)


def stored_events(stack: Stack, last: int) -> list[tuple[int, str, str]]:
    """The events of the channel up to an id, as Splitflap has them."""
    found = []
    with EventStream(stack.url(), ADMIN, CHANNEL, last_id=0) as stream:
        for frame in stream.events():
            found.append((frame.id or 0, str(frame.event), frame.data["post"]))
            if frame.id == last:
                break
    return found


def test_the_bridge_passes_each_event_on_once_and_in_order(
    stack: Stack, bridge: int, tmp_path: Path
) -> None:
    """Through a kill of the API, and through the absence of the client."""
    with Proxy(bridge) as proxy, client(proxy.port, CHANNEL, tmp_path) as browser:
        stack.client().create_post("first", CHANNEL)
        browser.wait_for("done", 1)

        stack.kill("api")
        stack.start("api")
        stack.client().create_post("after a kill of the API", CHANNEL)
        browser.wait_for("done", 2)

        proxy.refuse()
        browser.wait_for("disconnect", 1)
        stack.client().create_post("while the client is away", CHANNEL)
        stack.client().create_post("elsewhere", f"{CHANNEL}-not")
        proxy.mend()
        browser.wait_for("joined", 2)
        stack.client().create_post("last", CHANNEL)
        browser.wait_for("done", 4)

        got = browser.events()
    assert got == stored_events(stack, got[-1][0])
    assert len(got) == 4 * len(("accepted", "rendered", "done"))


def test_the_readmes_client_prints_each_post(stack: Stack, bridge: int, tmp_path: Path) -> None:
    """Its block of JavaScript runs as written, and says nothing when it has joined."""
    posts = stack.client()
    with Proxy(bridge) as proxy, readmes_client(proxy.port, tmp_path) as output:
        wait_until(lambda: posts.create_post("x") and output.read_text(), "the first line")

        proxy.refuse()
        missed = posts.create_post("while the client is away")["id"]
        proxy.mend()
        wait_until(lambda: missed in output.read_text(), lambda: tail(output), EVENT_TIMEOUT)


def test_the_bridge_is_short() -> None:
    """Its reader sees all of it on two screens."""
    assert len((ROOT / "examples" / "socketio_bridge.py").read_text().splitlines()) <= 80
