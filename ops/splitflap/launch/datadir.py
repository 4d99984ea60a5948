"""DATA_DIR as the launcher uses it: one launcher at a time, and the first key."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Bytes of randomness in a key.
KEY_BYTES = 32


class DataDirTaken(Exception):
    """Another launcher runs on this folder; the message names it."""


def key_file(data_dir: str) -> Path:
    """Where the first key is kept."""
    return Path(data_dir) / "key"


def stored_key(data_dir: str) -> str | None:
    """The key as an earlier start left it.

    Raises:
        OSError: there is one, and it cannot be read.
    """
    try:
        return key_file(data_dir).read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None


def first_key(data_dir: str) -> str:
    """The stored key, made where there is none.

    Raises:
        OSError: it can neither be read nor written.
    """
    key = stored_key(data_dir)
    if key is None:
        key = f"sf_{secrets.token_urlsafe(KEY_BYTES)}"
        _write_private(key_file(data_dir), f"{key}\n")
    return key


@contextmanager
def locked(data_dir: str) -> Iterator[bool]:
    """Hold the folder, which is made where it is missing; the lock ends with the process.

    Gives whether the last holder was killed, so that its services may not be quite gone yet.

    Raises:
        DataDirTaken: another launcher holds it.
        OSError: the folder cannot be made or written to.
    """
    folder = Path(data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+", encoding="ascii") as file:
        file.seek(0)
        holder = file.read().strip()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataDirTaken(
                f"another `splitflap up` (process {holder or 'unknown'}) runs on {data_dir}; "
                "stop it, or choose another folder with --data-dir"
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield bool(holder)
        finally:
            file.truncate(0)


def _write_private(path: Path, text: str) -> None:
    """Write a file for its owner alone, whole or not at all."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with open(draft, "x", encoding="ascii", opener=_private) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
