"""The cheapest server that there is for requests that nobody takes: nginx, which refuses them all.

A flood of it costs what the flood alone costs: its generator, the kernel's part, and next to
nothing else.
"""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from string import Template

from benchmarks.harness.bench import cpu_seconds, wait_until
from tests.servers.process import find_binary
from tests.support import free_port

#: One process, which keeps nothing: all of it may be written by whoever runs it.
_CONFIGURATION = Template("""\
$user
daemon off;
master_process off;
pid $folder/pid;
error_log $folder/log;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    server {
        listen 127.0.0.1:$port;
        location / {
            add_header Retry-After 1 always;
            return 503;
        }
    }
}
""")

#: Seconds until it answers.
PATIENCE = 10.0


@dataclass(frozen=True)
class Refuser:
    """One that runs."""

    port: int
    pid: int

    def cpu(self) -> float:
        """CPU seconds that it has used."""
        return cpu_seconds(self.pid)


@contextmanager
def refuser(folder: Path) -> Iterator[Refuser]:
    """Runs while the block does.

    Raises:
        MissingBinary: nginx is not installed (`make bench-tools`).
    """
    binary = find_binary("nginx")
    home = folder / "refuser"
    home.mkdir(exist_ok=True)
    port = free_port()
    user = "user nobody nogroup;" if os.geteuid() == 0 else ""
    file = home / "nginx.conf"
    text = _CONFIGURATION.substitute(user=user, folder=home, port=port)
    file.write_text(text, encoding="ascii")
    command = [binary, "-c", str(file), "-e", str(home / "log")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: _answers(port), "nginx", PATIENCE)
            yield Refuser(port, process.pid)
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False
