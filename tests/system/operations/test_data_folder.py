"""The embedded data folder: private, served by one API, and checked for damage."""

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import free_port, wait_until
from tests.system.conftest import MakeStack
from tests.system.rig.stack import Stack

if TYPE_CHECKING:
    from subprocess import CompletedProcess

#: Exit statuses of sysexits.h: another process holds a resource; data is damaged; a wrong setting.
EX_UNAVAILABLE, EX_DATAERR, EX_CONFIG = 69, 65, 78


@pytest.fixture(autouse=True)
def no_umask() -> Iterator[None]:
    """A terminal's umask leaves new files readable by others; an umask of 0 is worse."""
    before = os.umask(0)
    yield
    os.umask(before)


def data_dir(stack: Stack) -> Path:
    """The data folder of a stack."""
    return Path(stack.environ["SPLITFLAP_DATA_DIR"])


def modes(folder: Path) -> dict[str, int]:
    """The mode of the folder and of all that is in it, by path. Messages may vanish meanwhile."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        try:
            found[str(path.relative_to(folder))] = stat.S_IMODE(path.stat().st_mode)
        except FileNotFoundError:
            continue
    return found


def wide(folder: Path) -> dict[str, str]:
    """The paths that the group or others may use."""
    return {path: oct(mode) for path, mode in modes(folder).items() if mode & 0o077}


def second_api(stack: Stack) -> "CompletedProcess[str]":
    """Another API on the same folder, with ports of its own."""
    ports = {"SPLITFLAP_PORT": str(free_port()), "SPLITFLAP_HEALTH_PORT": str(free_port())}
    return stack.run("splitflap-api", "serve", **ports)


def test_the_folder_is_0700_and_its_files_0600(make_stack: MakeStack) -> None:
    """Database, write-ahead log, shared memory, broker: while all services run and after a kill."""
    stack = make_stack("embedded", workers=("renderer",))
    folder = data_dir(stack)
    stack.client().create_post("hello")
    stack.kill("renderer")
    for _ in range(5):
        stack.client().submit("waits in the broker")
    seen = modes(folder)
    assert {"splitflap.db", "splitflap.db-wal", "splitflap.db-shm", "broker"} <= set(seen)
    assert any(path.startswith("broker/") and mode == 0o600 for path, mode in seen.items())
    assert wide(folder) == {}
    assert seen["."] == 0o700
    assert seen["splitflap.db"] == 0o600


def test_a_start_takes_the_rights_of_others_from_an_old_folder(make_stack: MakeStack) -> None:
    """An earlier release left the folder readable."""
    stack = make_stack("embedded", workers=())
    folder = data_dir(stack)
    for _ in range(3):
        stack.client().submit("waits in the broker")
    stack.kill("api")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    assert len(wide(folder)) > 5
    stack.start("api")
    assert wide(folder) == {}


def test_a_second_api_on_one_folder_is_refused(make_stack: MakeStack) -> None:
    """The message names the process and the folder. The first API serves on."""
    stack = make_stack("embedded", workers=("renderer",))
    ended = second_api(stack)
    assert ended.returncode == EX_UNAVAILABLE
    holder = f"another `splitflap-api serve` (process {stack.services['api'].pid})"
    assert f"{holder} serves the data folder {data_dir(stack)}" in ended.stderr
    assert "Traceback" not in ended.stderr
    stack.client().create_post("still served")


@pytest.mark.parametrize("whole", [True, False], ids=["all processes", "the parent only"])
def test_a_killed_api_frees_the_folder(make_stack: MakeStack, whole: bool) -> None:
    """The child of a killed parent holds the lock until it has stopped in order."""
    stack = make_stack("embedded", workers=("renderer",))
    api = stack.services["api"]
    if whole:
        api.kill()
    else:
        api.kill_parent()

    def is_ready() -> bool:
        if not api.is_running:
            api.start()
        with contextlib.suppress(AssertionError):  # it has ended again
            return api.is_ready()
        return False

    wait_until(is_ready, "the next API", 60)
    stack.client().create_post("served again")


def unusable_lock(folder: Path) -> None:
    """As a file of another user, or of a read-only disk: this test may run as root."""
    (folder / "api.lock").mkdir()


def unusable_database(folder: Path) -> None:
    """The file of the database cannot be opened."""
    (folder / "splitflap.db").mkdir()


def no_folder(folder: Path) -> None:
    """The setting names a file."""
    folder.rmdir()
    folder.write_text("")


@pytest.mark.parametrize("spoil", [unusable_lock, unusable_database, no_folder])
def test_a_data_folder_that_cannot_be_used_is_a_wrong_setting(
    make_stack: MakeStack, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    """Two lines, and the exit status of a wrong setting: a restart changes nothing."""
    stack = make_stack("embedded", workers=())
    folder = tmp_path / "unusable"
    folder.mkdir()
    spoil(folder)
    port = str(free_port())
    ended = stack.run(
        "splitflap-api", "serve", SPLITFLAP_DATA_DIR=str(folder), SPLITFLAP_HEALTH_PORT=port
    )
    assert ended.returncode == EX_CONFIG, ended.stderr
    title, reason = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert title == "splitflap api: wrong settings"
    assert reason.startswith("SPLITFLAP_DATA_DIR: cannot use the folder: ")


@pytest.mark.parametrize("command", ["migrate", "admin-key"])
def test_commands_need_no_data_folder_with_postgresql(make_stack: MakeStack, command: str) -> None:
    """Their container has a read-only file system and no volume. This database is away."""
    ended = make_stack("embedded", workers=()).run(
        "splitflap-api",
        command,
        SPLITFLAP_DATA_DIR="/dev/null/data",
        SPLITFLAP_DATABASE_URL=f"postgresql://splitflap@127.0.0.1:{free_port()}/splitflap",
    )
    assert ended.returncode == EX_UNAVAILABLE, ended.stderr


@pytest.mark.parametrize("damage", ["overwritten", "cut off"])
@pytest.mark.parametrize("command", [("serve",), ("migrate",)], ids=" ".join)
def test_a_damaged_database_is_one_clear_line(
    make_stack: MakeStack, damage: str, command: tuple[str, ...]
) -> None:
    """It names the file and the section that tells how to restore it."""
    stack = make_stack("embedded", workers=())
    for _ in range(30):
        stack.client().submit("a page " * 100)
    stack.close()
    file = data_dir(stack) / "splitflap.db"
    data = file.read_bytes()
    file.write_bytes(b"not a database" * 100 if damage == "overwritten" else data[: len(data) // 2])
    ended = stack.run("splitflap-api", *command, SPLITFLAP_HEALTH_PORT=str(free_port()))
    assert ended.returncode == EX_DATAERR, ended.stderr
    assert f"the database {file} is damaged" in ended.stderr
    assert "`Restore SQLite` in docs/operations.md" in ended.stderr
    assert "Traceback" not in ended.stderr
