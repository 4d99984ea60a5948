"""A registry of images and charts: the reference implementation, without TLS or a login."""

import subprocess

from .process import find_binary
from .server import Server, listens

CONFIG = """\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


class Registry(Server):
    """One registry."""

    def __init__(self) -> None:
        """Make its configuration.

        Raises:
            MissingBinary: docker-registry is not installed.
        """
        self._binary = find_binary("docker-registry")
        super().__init__("docker-registry")
        text = CONFIG.format(folder=self._home.folder, port=self.port)
        self._config = self._home.write("config.yml", text)

    @property
    def address(self) -> str:
        """The beginning of its images' names."""
        return f"127.0.0.1:{self.port}"

    def _launch(self) -> subprocess.Popen[bytes]:
        return self._home.start([self._binary, "serve", str(self._config)], self.log)

    def _is_ready(self) -> bool:
        return listens(self.port)
