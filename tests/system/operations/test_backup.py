"""Backup and restore: the commands of docs/operations.md, to the letter, on both databases."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import wait_until
from tests.system.rig.backends import MakeBackend
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
    if shutil.which(DATABASES[name][1]) is None:
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
    ran = attempt(stack, what)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def attempt(
    stack: Stack, what: str, *, url: str | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run these commands as a shell of a terminal or of cron does: on after an error."""
    database, _ = DATABASES[stack.backend.name]
    own = stack.environ.get("SPLITFLAP_DATABASE_URL", "").replace("+psycopg", "")
    return subprocess.run(
        ["sh", "-c", commands(f"{what} {database}")],
        cwd=stack.folder,
        env={"PATH": os.environ["PATH"], "SPLITFLAP_DATABASE_URL": url or own},
        capture_output=True,
        text=True,
        check=False,
    )


def backup_of(stack: Stack) -> Path:
    """The file that the commands write."""
    return stack.folder / ("backup.db" if stack.backend.is_embedded else "backup.dump")


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
    return restored(stack)


def restored(stack: Stack) -> Client:
    """Restore the backup while nothing runs, and start all."""
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
        assert client.wait_final(unfinished).json()["html"] == '<p dir="auto">unfinished</p>'
        assert client.create_post("new", "new")["state"] == "complete"


def test_the_second_backup_replaces_the_first(stack: Stack) -> None:
    """As of a nightly job. Its commands leave no other file."""
    client = stack.client()
    client.create_post("first night", "kept")
    run(stack, "Back up")
    files = set(stack.folder.iterdir())
    client.create_post("second night", "kept")
    assert run(stack, "Back up").startswith("ok")
    assert set(stack.folder.iterdir()) == files
    assert texts(restore(stack), "kept") == ["second night", "first night"]


def test_a_failed_backup_is_seen_and_keeps_the_last_one(stack: Stack) -> None:
    """The database is away, or is an empty one in its place."""
    stack.client().create_post("kept", "kept")
    run(stack, "Back up")
    before = backup_of(stack).read_bytes()
    kill_all(stack)
    url = None
    if stack.backend.is_embedded:
        shutil.rmtree(stack.folder / "data")
    else:
        url = "postgresql://127.0.0.1:1/none"
    assert_failed(attempt(stack, "Back up", url=url))
    if stack.backend.is_embedded:
        (stack.folder / "data").mkdir()
        assert_failed(attempt(stack, "Back up"))
        (stack.folder / "data" / "splitflap.db").touch()
        assert_failed(attempt(stack, "Back up"))
    assert backup_of(stack).read_bytes() == before
    assert texts(restored(stack), "kept") == ["kept"]


@pytest.mark.parametrize("damage", ["missing", "cut off"])
def test_a_restore_without_a_whole_backup_changes_nothing(stack: Stack, damage: str) -> None:
    """The database is deleted last."""
    stack.client().create_post("kept", "kept")
    run(stack, "Back up")
    data = backup_of(stack).read_bytes()
    backup_of(stack).unlink()
    if damage == "cut off":
        backup_of(stack).write_bytes(data[: len(data) // 2])
    kill_all(stack)
    assert_failed(attempt(stack, "Restore"))
    stack.start()
    assert texts(stack.client(), "kept") == ["kept"]


def assert_failed(ran: "subprocess.CompletedProcess[str]") -> None:
    """The exit status and the output tell of the failure."""
    assert ran.returncode != 0
    assert re.search("^(no new backup|not restored)$", ran.stderr, re.MULTILINE)
    assert "ok" not in ran.stdout


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
