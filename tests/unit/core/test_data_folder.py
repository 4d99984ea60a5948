"""The data folder: its rights and its locks."""

import errno
import logging
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from splitflap_core.data_folder import FolderInUse, make_private, take_lock


def wide_rights(folder: Path) -> dict[str, str]:
    """The paths that the group or others may use, with their modes; links left out."""
    paths = [folder, *(path for path in folder.rglob("*") if not path.is_symlink())]
    modes = {str(path): stat.S_IMODE(path.stat().st_mode) for path in paths}
    return {path: oct(mode) for path, mode in modes.items() if mode & 0o077}


@pytest.fixture(autouse=True)
def no_umask() -> Iterator[None]:
    """The process that starts Splitflap may have any umask."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_new_folder_is_private(tmp_path: Path) -> None:
    """Its mode is 0700, also without a umask."""
    make_private(tmp_path / "a" / "data")
    assert stat.S_IMODE((tmp_path / "a" / "data").stat().st_mode) == 0o700


def test_an_old_folder_becomes_private_with_all_its_contents(tmp_path: Path) -> None:
    """Files keep what their owner may do. A link's target elsewhere keeps its rights."""
    folder = tmp_path / "data"
    (folder / "broker" / "render").mkdir(parents=True, mode=0o777)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("")
    elsewhere.chmod(0o644)
    for name in ("splitflap.db", "splitflap.db-wal", "key", "lock", "broker/render/1"):
        (folder / name).write_text("")
        (folder / name).chmod(0o666)
    (folder / "api.lock").write_text("")
    (folder / "api.lock").chmod(0o755)
    (folder / "key.new").symlink_to(elsewhere)
    for path in (folder, folder / "broker", folder / "broker" / "render"):
        path.chmod(0o777)
    make_private(folder)
    assert wide_rights(folder) == {}
    assert stat.S_IMODE((folder / "splitflap.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "api.lock").stat().st_mode) == 0o700
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o644


def test_a_file_that_was_copied_into_a_private_folder_becomes_private(tmp_path: Path) -> None:
    """A restored backup has the rights of the copying user."""
    make_private(tmp_path)
    (tmp_path / "splitflap.db").write_text("")
    (tmp_path / "splitflap.db").chmod(0o644)
    make_private(tmp_path)
    assert wide_rights(tmp_path) == {}


def test_a_shared_folder_keeps_the_rights_of_everything_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The folder may be a home or /tmp. Only the names of Splitflap become private."""
    tmp_path.chmod(0o755)
    (tmp_path / "photos").mkdir(mode=0o755)
    for name in ("notes", "photos/cat", "splitflap.db", "splitflap.db.bak"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o644)
    make_private(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    for name, mode in (
        ("notes", 0o644),
        ("photos", 0o755),
        ("photos/cat", 0o644),
        ("splitflap.db", 0o600),
        ("splitflap.db.bak", 0o644),
    ):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode, name
    assert f"data folder {tmp_path}" in caplog.text
    assert "notes" in caplog.text


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_a_private_shared_folder_gives_no_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int
) -> None:
    """A backup may lie beside the database. lost+found is in the root of a mounted volume."""
    tmp_path.chmod(mode)
    (tmp_path / "lost+found").mkdir(mode=0o700)
    if mode == 0o700:
        (tmp_path / "backup.db").write_text("")
    make_private(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert caplog.text == ""


def test_what_another_user_owns_in_the_folder_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file that cannot be changed does not keep the next ones readable."""
    for name in ("api.lock", "key", "splitflap.db"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o644)
    chmod = Path.chmod

    def refuse(self: Path, mode: int) -> None:
        if self.name == "key":
            raise PermissionError(1, "Operation not permitted")
        chmod(self, mode)

    monkeypatch.setattr(Path, "chmod", refuse)
    make_private(tmp_path)
    assert set(wide_rights(tmp_path)) == {str(tmp_path / "key")}


def test_a_lock_needs_no_space_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the name of its holder is missing then."""

    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", refuse)
    with take_lock(tmp_path / "lock"), pytest.raises(FolderInUse) as refused:
        take_lock(tmp_path / "lock")
    assert refused.value.holder == "unknown"


def test_rights_that_cannot_be_taken_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The folder may belong to another user, such as the root of a mounted volume."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    tmp_path.chmod(0o755)
    monkeypatch.setattr(Path, "chmod", refuse)
    with caplog.at_level(logging.WARNING):
        make_private(tmp_path)
    assert "cannot take the rights of other users" in caplog.text
    assert str(tmp_path) in caplog.text


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    """The refusal names the process. The lock is free after the holder has left it."""
    with take_lock(tmp_path / "lock"):
        with pytest.raises(FolderInUse) as refused:
            take_lock(tmp_path / "lock")
        assert refused.value.holder == str(os.getpid())
    with take_lock(tmp_path / "lock") as lock:
        assert lock.previous == ""


def test_a_kill_frees_the_lock(tmp_path: Path) -> None:
    """The next holder learns that the previous one was killed."""
    code = (
        "import signal, sys; from pathlib import Path; "
        "from splitflap_core.data_folder import take_lock\n"
        "lock = take_lock(Path(sys.argv[1])); print('locked', flush=True); signal.pause()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"locked\n"
        with pytest.raises(FolderInUse):
            take_lock(tmp_path / "lock")
        holder.send_signal(signal.SIGKILL)
    with take_lock(tmp_path / "lock") as lock:
        assert lock.previous == str(holder.pid)


def test_a_forked_child_keeps_the_lock(tmp_path: Path) -> None:
    """The worker of gunicorn serves on for a moment after its parent was killed."""
    ours, theirs = os.pipe()
    with take_lock(tmp_path / "lock"):
        child = os.fork()
        if not child:  # it holds the lock until the pipe closes
            os.close(theirs)
            os.read(ours, 1)
            os._exit(0)
    with pytest.raises(FolderInUse):
        take_lock(tmp_path / "lock")
    os.close(theirs)
    os.waitpid(child, 0)
    take_lock(tmp_path / "lock")


def test_folders_may_vanish_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Running services remove the folders of their sessions with the broker."""
    (tmp_path / "broker" / "session").mkdir(parents=True)
    (tmp_path / "key").touch(0o666)
    take_stat = Path.stat

    def vanish(path: Path) -> os.stat_result:
        if path.name == "session":
            path.rmdir()
        return take_stat(path)

    monkeypatch.setattr(Path, "stat", vanish)
    make_private(tmp_path)
    monkeypatch.undo()
    assert wide_rights(tmp_path) == {}
