"""The processes of a server: started without privileges, and ended by their own ids."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

#: Seconds for a server to start or to end.
PATIENCE = 60.0


class MissingBinary(LookupError):
    """The program of a server is not installed."""


class ServerFailed(RuntimeError):
    """A server ended or did not answer. The message has the end of its log."""


def find_binary(name: str, *folders: Path) -> str:
    """Find a program in `folders` or PATH.

    Raises:
        MissingBinary: the program is in none of them.
    """
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", ""), "/usr/sbin"])
    if found := shutil.which(name, path=path):
        return found
    raise MissingBinary(f"{name} is not installed (looked in {path})")


class Home:
    """The folder of a server, and the user of its processes.

    Tests run by root start servers as an unprivileged user, because initdb refuses root. Other
    users start servers as themselves.
    """

    def __init__(self, name: str, *users: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"splitflap-{name}-"))
        user = _first_known(*users, "nobody") if os.geteuid() == 0 else None
        self._user = user.pw_uid if user else None
        self._group = user.pw_gid if user else None
        self.own(self.folder)

    def own(self, *paths: Path) -> None:
        """Change the owner of paths to the user of the processes."""
        for path in paths:
            if self._user is not None and self._group is not None:
                os.chown(path, self._user, self._group)

    def write(self, name: str, text: str, mode: int = 0o600) -> Path:
        """Write a file, owned by the user of the processes."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        self.own(path)
        return path

    def mkdir(self, name: str) -> Path:
        """Make a folder, owned by the user of the processes."""
        path = self.folder / name
        path.mkdir(mode=0o700)
        self.own(path)
        return path

    def run(
        self, command: Sequence[str], environ: Mapping[str, str] | None = None, stdin: str = ""
    ) -> str:
        """Run a command to its end, and return its standard output.

        Raises:
            ServerFailed: the command failed.
        """
        done = subprocess.run(
            command,
            check=False,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            cwd=self.folder,
            env=self._environ(environ),
            user=self._user,
            group=self._group,
            extra_groups=None if self._user is None else (),
        )
        if done.returncode:
            raise ServerFailed(f"{command[0]}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(
        self, command: Sequence[str], log: Path, environ: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a command in the background. It is killed when the present thread ends."""
        # setpriv is on Linux only. Elsewhere a killed test run leaves the process behind.
        dies_with_us = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with log.open("ab") as output:
            return subprocess.Popen(
                [*dies_with_us, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                env=self._environ(environ),
                start_new_session=True,
                user=self._user,
                group=self._group,
                extra_groups=None if self._user is None else (),
            )

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _environ(self, more: Mapping[str, str] | None) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {**kept, "HOME": str(self.folder), **(more or {})}


def tail(log: Path, characters: int = 3000) -> str:
    """The last characters of a log."""
    try:
        return log.read_text(encoding="utf-8", errors="replace")[-characters:]
    except OSError as error:
        return str(error)


def _first_known(*names: str) -> pwd.struct_passwd:
    for name in names:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise MissingBinary(f"no unprivileged user to run servers as: {names}")
