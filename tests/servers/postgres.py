"""A PostgreSQL server for tests."""

import contextlib
import signal
import subprocess
import time
from pathlib import Path

from . import faketime
from .process import ServerFailed, find_binary
from .server import Server, listens

USER = "splitflap"

#: Small, but as durable as in production: fsync stays on.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "max_wal_size": "128MB",
    "min_wal_size": "32MB",
    "autovacuum_naptime": "10s",
    "log_min_messages": "warning",
    "fsync": "on",
    "synchronous_commit": "on",
}


class Postgres(Server):
    """One server with its own data, port and socket folder. It trusts every loopback client."""

    #: A fast shutdown, then an immediate one (the next start recovers), then SIGKILL.
    END = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)

    def __init__(self, certificate: Path | None = None, **settings: str) -> None:
        """Prepare a server. `certificate` has the key in the same file, and enables TLS.

        Raises:
            MissingBinary: PostgreSQL is not installed.
        """
        folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        # The programs beside the real initdb have the same version.
        self._bin = Path(find_binary("initdb", *folders)).resolve().parent
        super().__init__("postgres")
        self._data = self._home.folder / "data"
        self._clock: Path | None = None
        self._clock_started = 0.0
        self._settings = {
            **SETTINGS,
            **settings,
            "port": str(self.port),
            "unix_socket_directories": str(self._home.folder),
        }
        if certificate:
            # PostgreSQL demands a key that only its own user can read.
            copy = self._home.write("tls.pem", certificate.read_text(encoding="ascii"), 0o600)
            self._settings |= {"ssl": "on", "ssl_cert_file": str(copy), "ssl_key_file": str(copy)}
        self._where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", USER)

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the database `postgres`."""
        return self._url("postgres")

    def create_database(self, name: str) -> str:
        """Create an empty database, and return its URL."""
        self._home.run([str(self._bin / "createdb"), *self._where, name])
        return self._url(name)

    def socket_url(self, name: str) -> str:
        """The URL of a database by the server's socket, as the chart has it: PGUSER is its user."""
        return f"postgresql:///{name}?host={self._home.folder}&port={self.port}"

    def fake_clock(self) -> None:
        """Restart with a clock that `set_clock` moves. `close` or `right_clock` ends it.

        Raises:
            MissingBinary: libfaketime is not installed.
        """
        faketime.library()
        self._clock = self._home.write("clock", "+0", 0o644)
        self._clock_started = time.monotonic()
        self.restart()

    def set_clock(self, offset: str) -> None:
        """Move the clock at once: `+2h` is two hours ahead, `+0` is right."""
        assert self._clock, "fake_clock was not called"
        self._clock.write_text(offset, encoding="ascii")

    def hurry(self, factor: int, seconds: float) -> int:
        """Let the clock run `factor` times as fast for some seconds. Return how far it is ahead."""
        # libfaketime multiplies the whole time since the start of the process.
        run = time.monotonic() - self._clock_started
        self.set_clock(f"-{int(run * (factor - 1))} x{factor}")
        time.sleep(seconds)
        ahead = int((seconds + 1) * factor)
        self.set_clock(f"+{ahead} x1")
        return ahead

    def right_clock(self) -> None:
        """Restart with the clock of the machine."""
        self._clock = None
        self.restart()

    def _url(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def _launch(self) -> subprocess.Popen[bytes]:
        if not self._data.exists():
            options = ["-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C", "--no-sync"]
            self._home.run([str(self._bin / "initdb"), "-D", str(self._data), *options])
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        command = [str(self._bin / "postgres"), "-D", str(self._data), *settings]
        environ = faketime.follows(self._clock) if self._clock else None
        return self._home.start(command, self.log, environ)

    def _is_ready(self) -> bool:
        if not listens(self.port):
            return False
        # During recovery the server accepts connections and refuses them.
        with contextlib.suppress(ServerFailed):
            self._home.run([str(self._bin / "pg_isready"), "-q", *self._where])
            return True
        return False
