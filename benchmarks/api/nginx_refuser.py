"""An nginx that refuses every request: the cheapest server for a flood.

Such a flood costs little more than its generator and the kernel.
"""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from string import Template

from benchmarks.harness.processes import cpu_seconds
from benchmarks.harness.waiting import wait_until
from tests.servers.process import find_binary
from tests.support import free_port

#: One process. All of its files are in a folder of its own, so that any user can run it.
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

#: Seconds until it must accept connections.
START_TIMEOUT = 10.0


@dataclass(frozen=True)
class NginxRefuser:
    """A running nginx."""

    port: int
    pid: int

    def cpu(self) -> float:
        """CPU seconds used so far."""
        return cpu_seconds(self.pid)


@contextmanager
def nginx_refuser(folder: Path) -> Iterator[NginxRefuser]:
    """An nginx that runs while the block does.

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
            wait_until(lambda: _accepts(port), "nginx", START_TIMEOUT)
            yield NginxRefuser(port, process.pid)
        finally:
            process.terminate()


def _accepts(port: int) -> bool:
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False
