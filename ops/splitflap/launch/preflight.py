"""Checks before the first process starts: the Procfile, the data folder, the first key, the ports.

The launcher holds the data folder's lock for as long as it runs, so a folder has one launcher.
"""

import os
import re
import secrets
import shlex
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from splitflap_core.data_folder import (
    API_LOCK,
    PRIVATE_UMASK,
    FolderInUse,
    FolderLock,
    make_private,
    take_lock,
)

from splitflap.errors import CommandError
from splitflap.settings import API, key_file, stored_key

#: Randomness in a generated key, in bytes.
KEY_BYTES = 32

#: A line of the Procfile: a service's name and its command.
PROCFILE_LINE = re.compile(r"([A-Za-z0-9_-]+):[ \t]*(\S.*)")

#: Seconds to wait for what a killed launcher's services still hold: ports, and the database's lock.
#: A web worker checks its parent once a second.
LEFT_TIMEOUT = 5.0

#: Seconds between two attempts to listen on a taken port.
RETRY_EVERY = 0.1


class PortTaken(CommandError):
    """A needed port cannot be listened on; the message names the port and its setting."""


@dataclass(frozen=True)
class PortClaim:
    """A port, its purpose, and the setting that changes it."""

    host: str
    port: int
    purpose: str
    setting: str


# -- the Procfile --------------------------------------------------------------------------------


def read_procfile(path: Path) -> dict[str, list[str]]:
    """Read the command of each service from lines `name: program arguments`.

    Raises:
        CommandError: the file cannot be read, has a line of another form that is neither empty nor
            a comment, quotes a command wrongly, repeats a name or lacks the API.
    """
    try:
        commands = _commands(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"cannot read the Procfile {path}: {error}") from error
    if API not in commands:
        raise CommandError(
            f"the Procfile {path} has no process `{API}`; add a line `{API}: program arguments`"
        )
    return commands


def _commands(text: str) -> dict[str, list[str]]:
    commands: dict[str, list[str]] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        service = PROCFILE_LINE.fullmatch(line)
        if service is None:
            raise ValueError(
                f"line {number} is not `name: program arguments` from its first column; "
                "correct it, or begin it with `#`"
            )
        name, command = service.groups()
        if name in commands:
            raise ValueError(f"the name {name} occurs twice")
        commands[name] = shlex.split(command)
    return commands


# -- the data folder -----------------------------------------------------------------------------


@contextmanager
def locked(data_dir: str) -> Iterator[bool]:
    """Hold the folder's lock; the kernel frees it when the process ends. Makes a missing folder.

    Yields:
        Whether the previous holder was killed. Its services may hold their ports a little longer.

    Raises:
        CommandError: another launcher holds the lock, or an API serves the folder's database.
        OSError: the folder cannot be made or written to.
    """
    folder = Path(data_dir)
    os.umask(PRIVATE_UMASK)
    make_private(folder)
    with _lock(folder / "lock", "splitflap up", 0.0) as lock:
        was_killed = bool(lock.previous)
        # Released at once: the API takes it.
        with _lock(folder / API_LOCK, "splitflap-api serve", LEFT_TIMEOUT if was_killed else 0.0):
            pass
        yield was_killed


def _lock(path: Path, holder: str, timeout: float) -> FolderLock:
    try:
        return take_lock(path, timeout)
    except FolderInUse as error:
        raise CommandError(
            f"another `{holder}` (process {error.holder}) runs on {path.parent}; "
            "stop it, or choose another folder with --data-dir"
        ) from error


def first_key(data_dir: str) -> str:
    """The stored key; generates and stores one if there is none yet.

    Raises:
        OSError: the key file can be neither read nor written.
    """
    key = stored_key(data_dir)
    if key is None:
        key = f"sf_{secrets.token_urlsafe(KEY_BYTES)}"
        _write_private(key_file(data_dir), f"{key}\n")
    return key


def _write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600; a crash leaves the old file or the new one, whole."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with open(draft, "x", encoding="ascii", opener=_open_private) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


# -- ports ---------------------------------------------------------------------------------------


def check_free(claims: list[PortClaim], timeout: float = 0.0) -> None:
    """Listen on all ports at once, then close them, so two claims to one port also fail.

    Args:
        claims: the ports.
        timeout: seconds during which a taken port is tried again.

    Raises:
        PortTaken: names the first port that stayed taken.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            _listen_on_all(claims)
        except PortTaken:
            if time.monotonic() >= deadline:
                raise
            time.sleep(RETRY_EVERY)
        else:
            return


def _listen_on_all(claims: list[PortClaim]) -> None:
    with ExitStack() as listeners:
        for claim in claims:
            try:
                listeners.enter_context(_listen(claim))
            except (OSError, OverflowError) as error:
                raise PortTaken(
                    f"cannot listen on {claim.host} port {claim.port} ({claim.purpose}): "
                    f"{error.strerror if isinstance(error, OSError) else error}; "
                    f"set {claim.setting} to another"
                ) from error


def _listen(claim: PortClaim) -> socket.socket:
    family = socket.AF_INET6 if ":" in claim.host else socket.AF_INET
    # create_server sets SO_REUSEADDR, as the services do: TIME_WAIT does not keep the port.
    return socket.create_server((claim.host, claim.port), family=family)
