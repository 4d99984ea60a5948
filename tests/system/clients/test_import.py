"""`splitflap import` and `splitflap export` on a running stack, through kills of both sides."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support import wait_until
from tests.system.conftest import only
from tests.system.rig.processes import program
from tests.system.rig.stack import Stack

pytestmark = only("embedded")

#: Posts of a file: some batches.
POSTS = 700

#: Time of the first post.
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)

#: Seconds for a whole import.
TIMEOUT = 90


@pytest.fixture
def environ(stack: Stack) -> dict[str, str]:
    """The address, and a key with the scopes read, write and act."""
    body = {"account": "importer", "scopes": ["read", "write", "act"]}
    key = stack.client().post("/v1/keys", body).json()["key"]
    path = os.environ["PATH"]
    return {"PATH": path, "SPLITFLAP_URL": stack.url(), "SPLITFLAP_KEY": key}


@pytest.fixture
def file(tmp_path: Path, channel: str) -> Path:
    """Posts of seven authors, a minute apart."""
    path = tmp_path / "posts.ndjson"
    lines = (
        {
            "text": f"post {number}",
            "channel": channel,
            "author": f"ann-{number % 7}",
            "created_at": (BEGIN + timedelta(minutes=number)).isoformat(),
        }
        for number in range(POSTS)
    )
    path.write_text("".join(f"{json.dumps(each)}\n" for each in lines), encoding="utf-8")
    return path


def run(environ: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    return subprocess.run(
        [program("splitflap"), *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


@contextmanager
def importing(environ: dict[str, str], file: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """An import that has recorded its first batch, and has more to do."""
    state = file.with_name("posts.ndjson.state")
    with subprocess.Popen([program("splitflap"), "import", str(file)], env=environ) as process:
        try:
            wait_until(lambda: state.exists() and lines_done(file), "the first batch of the import")
            assert lines_done(file) < POSTS
            yield process
        finally:
            process.kill()


def lines_done(file: Path) -> int:
    """The lines whose results are recorded."""
    state = json.loads(file.with_name("posts.ndjson.state").read_bytes())
    return int(state["position"]["lines"])


def exported(environ: dict[str, str], channel: str, *options: str) -> list[Any]:
    """The posts of a channel."""
    done = run(environ, "export", "--channel", channel, *options)
    assert done.returncode == 0, done.stderr
    return [json.loads(each) for each in done.stdout.splitlines()]


def test_an_export_can_be_imported(
    environ: dict[str, str], file: Path, channel: str, tmp_path: Path
) -> None:
    """The copy has the same authors, times and texts. A second import doubles nothing."""
    text = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join([*text[:120], '{"text": " "}\n', "{\n", *text[120:150]]), "utf-8")
    done = run(environ, "import", str(file))
    assert done.returncode == 1
    assert "2 lines were refused" in done.stderr
    refused = file.with_name("posts.ndjson.refused").read_text(encoding="utf-8").splitlines()
    assert [json.loads(each)["line"] for each in refused] == [121, 122]
    posts = exported(environ, channel)
    assert [each["text"] for each in posts] == [f"post {number}" for number in range(150)]
    assert posts[8]["author"] == "ann-1"
    assert posts[61]["created_at"] == "2024-01-01T01:01:00.000Z"
    assert exported(environ, channel, "--after", posts[99]["id"]) == posts[100:]
    copy = tmp_path / "copy.ndjson"
    lines = (json.dumps(each | {"channel": f"{channel}-copy"}) for each in posts)
    copy.write_text("\n".join(lines), encoding="utf-8")
    for _ in range(2):
        assert run(environ, "import", str(copy)).returncode == 0
        copy.with_name("copy.ndjson.state").unlink()
    copies = exported(environ, f"{channel}-copy")
    assert [_content(each) for each in copies] == [_content(each) for each in posts]


def _content(post: Any) -> Any:
    return {**post, "id": None, "channel": None}


def test_a_killed_import_goes_on(environ: dict[str, str], file: Path, channel: str) -> None:
    """After kill -9 nothing is lost or doubled."""
    with importing(environ, file) as process:
        process.kill()
    assert lines_done(file) < POSTS
    done = run(environ, "import", str(file))
    assert done.returncode == 0, done.stderr
    _assert_all_once(environ, channel)


def test_a_batch_that_was_sent_and_not_recorded_is_not_doubled(
    environ: dict[str, str], file: Path, channel: str, stack: Stack
) -> None:
    """Killed in between. Lines were added to it, so the next run would send a larger batch."""
    text = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(text[:7]), encoding="utf-8")
    stack.kill("renderer")
    with subprocess.Popen([program("splitflap"), "import", str(file)], env=environ) as process:
        wait_until(lambda: stack.client().posts(channel), "the batch is accepted")
        process.kill()
    assert lines_done(file) == 0
    file.write_text("".join(text[:20]), encoding="utf-8")
    stack.start("renderer")
    assert run(environ, "import", str(file)).returncode == 0
    assert [each["text"] for each in exported(environ, channel)] == [
        f"post {number}" for number in range(20)
    ]


def test_an_import_outlives_its_api(
    environ: dict[str, str], file: Path, channel: str, stack: Stack
) -> None:
    """It sends again what was lost, and goes on by itself."""
    with importing(environ, file) as process:
        stack.kill("api")
        stack.start("api")
        assert process.wait(TIMEOUT) == 0
    _assert_all_once(environ, channel)


def _assert_all_once(environ: dict[str, str], channel: str) -> None:
    """Each post is there, once and rendered."""
    texts = [each["text"] for each in exported(environ, channel)]
    assert texts == [f"post {number}" for number in range(POSTS)]
