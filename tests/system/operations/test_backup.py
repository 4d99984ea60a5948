"""Backup and restore: the commands of docs/operations.md, to the letter, on both databases."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest

from tests.support import wait_until
from tests.system.conftest import MakeBackend
from tests.system.rig.client import Client
from tests.system.rig.sse import EventStream
from tests.system.rig.stack import ADMIN, Stack, StackBackend, running
from tests.system.rig.writer import Writer

PAGE = Path(__file__).parents[3] / "docs" / "operations.md"

#: The database of each back end, as the headings of the page name it, and its program.
DATABASES = {"embedded": ("SQLite", "sqlite3"), "servers": ("PostgreSQL", "pg_dump")}


def commands(heading: str) -> str:
    """The commands of a section of the page."""
    text = PAGE.read_text(encoding="utf-8")
    section = re.search(rf"^### {heading}\n(.*?)^##", text, re.MULTILINE | re.DOTALL)
    assert section, f"{PAGE} has no section {heading}"
    blocks = re.findall(r"^( *)```\n(.*?)^ *```$", section[1], re.MULTILINE | re.DOTALL)
    assert blocks, f"the section {heading} has no commands"
    return "".join(re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in blocks)


@pytest.fixture(params=["embedded", pytest.param("servers", marks=pytest.mark.servers)])
def stack(
    request: pytest.FixtureRequest, make_backend: MakeBackend, tmp_path: Path
) -> Iterator[Stack]:
    """A stack whose data folder is `data` below the folder of the commands."""
    name: str = request.param
    if which(DATABASES[name][1]) is None:
        message = f"{DATABASES[name][1]} is missing: `make servers` installs it"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    backend = make_backend(name)
    if backend.is_embedded:
        environ = {"SPLITFLAP_DATA_DIR": str(tmp_path / "data")}
        backend = StackBackend(name, environ, str(tmp_path / "data" / "broker"))
    with running(backend, tmp_path, workers=("renderer",)) as started:
        yield started


def run(stack: Stack, what: str) -> str:
    """Run the commands that the page has for `Back up` or `Restore` of this database."""
    database, _ = DATABASES[stack.backend.name]
    url = stack.environ.get("SPLITFLAP_DATABASE_URL", "").replace("+psycopg", "")
    ran = subprocess.run(
        ["sh", "-eu", "-c", commands(f"{what} {database}")],
        cwd=stack.folder,
        env={"PATH": os.environ["PATH"], "SPLITFLAP_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def latest_id(stack: Stack) -> int:
    """The id of the newest event."""
    with EventStream(stack.url(), ADMIN) as stream:
        return stream.start_id()


def kill_all(stack: Stack) -> None:
    """Kill all services: an orderly stop would clean up the write-ahead log."""
    for name, service in stack.services.items():
        if service.is_running:
            stack.kill(name)


def restore(stack: Stack) -> Client:
    """Kill all, restore the backup, and start all."""
    kill_all(stack)
    if stack.backend.is_embedded:
        assert (stack.folder / "data" / "splitflap.db-wal").stat().st_size > 0
    run(stack, "Restore")
    stack.start()
    return stack.client()


def texts(client: Client, channel: str) -> list[str]:
    """The texts of a channel, newest first."""
    return [post["text"] for post in client.posts(channel)]


def test_a_restored_backup_has_everything_that_was_accepted_before_it(stack: Stack) -> None:
    """It was made while clients posted. Unfinished work completes, and later posts are gone."""
    client = stack.client()
    client.create_post("finished", "kept")
    stack.kill("renderer")
    unfinished = client.submit("unfinished", "kept").headers["Location"]
    with Writer(stack.clients(), "busy") as writer:
        writer.allow(50)
        assert "ok" in run(stack, "Back up") or not stack.backend.is_embedded
    stack.start("renderer")
    later = client.submit("later", "lost").headers["Location"]
    assert client.wait_final(unfinished).status_code == 201
    for _ in range(2):  # a restored database can be restored again
        client = restore(stack)
        assert texts(client, "kept") == ["unfinished", "finished"]
        assert texts(client, "lost") == []
        assert client.get(later).status_code == 404
        assert client.wait_final(unfinished).json()["html"] == "<p>unfinished</p>"
        assert client.create_post("new", "new")["state"] == "complete"


def test_clients_from_before_a_restore_learn_of_it(stack: Stack) -> None:
    """Their last event id is above the backup's, and new events would soon reach it."""
    client = stack.client()
    client.create_post("before", "c")
    run(stack, "Back up")
    client.create_post("lost", "c")
    seen = latest_id(stack)
    client = restore(stack)
    for number in range(3):
        client.create_post(f"new {number}", "c")
    with EventStream(stack.url(), ADMIN, "c", seen) as stream:
        events = stream.events()
        assert next(events).event == "gap"
        news = [next(events) for _ in range(9)]
    assert [each.event for each in news] == ["accepted", "rendered", "done"] * 3
    assert all(each.id is not None and each.id > seen for each in news)


def test_a_backup_of_this_release_is_current(stack: Stack) -> None:
    """`splitflap-api migrate` finds nothing to do, and the API is ready."""
    before = stack.run("splitflap-api", "migrate").stdout
    run(stack, "Back up")
    restore(stack)
    assert stack.run("splitflap-api", "migrate").stdout == before
    wait_until(lambda: all(stack.services[api].is_ready() for api in stack.apis), "ready APIs")
