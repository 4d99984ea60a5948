"""A Redis server with an append-only file, synced every second unless told otherwise."""

import subprocess

from tests.servers.process import find_binary
from tests.servers.server import Server, listens


class RedisServer(Server):
    """A server on loopback, without a password."""

    def __init__(self, fsync: str = "everysec") -> None:
        """`fsync` is Redis's appendfsync: with `always`, an answer comes after the sync.

        Raises MissingBinary if Redis is not installed.
        """
        self._fsync = fsync
        self._binary = find_binary("redis-server")
        super().__init__("redis")

    @property
    def url(self) -> str:
        """The URL of database 0."""
        return f"redis://127.0.0.1:{self.port}/0"

    def _launch(self) -> subprocess.Popen[bytes]:
        durable = ("--appendonly", "yes", "--appendfsync", self._fsync, "--save", "")
        where = ("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._home.folder))
        return self._home.start([self._binary, *where, *durable], self.log)

    def _is_ready(self) -> bool:
        return listens(self.port)
