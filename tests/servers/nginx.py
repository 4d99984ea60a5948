"""An nginx in front of one or several servers, with kept connections to them."""

import subprocess

from .process import find_binary
from .server import Server, listens

#: `keepalive` and an empty `Connection` keep connections to the upstream server (ngx_http_upstream
#: documentation). One worker and few connections make requests share them.
CONFIG = """\
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_max_body_size 64m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream api {{
        {method}
        {servers}
        keepalive 4;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://api;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_request_buffering {buffering};
            proxy_next_upstream off;
        }}
    }}
}}
"""


class Nginx(Server):
    """One reverse proxy."""

    def __init__(self, *upstream: int, buffering: bool = True, method: str = "") -> None:
        """`upstream` are ports on loopback. `buffering`: nginx reads a whole body first.

        `method` is the directive that chooses among several, `least_conn` for example. Without one,
        nginx takes them in turn.

        Raises:
            MissingBinary: nginx is not installed.
        """
        self._binary = find_binary("nginx")
        super().__init__("nginx")
        self._config = self._home.write(
            "nginx.conf",
            CONFIG.format(
                folder=self._home.folder,
                method=f"{method};" if method else "",
                servers=" ".join(f"server 127.0.0.1:{port};" for port in upstream),
                port=self.port,
                buffering="on" if buffering else "off",
            ),
        )

    def errors(self) -> str:
        """The error log."""
        return (self._home.folder / "error.log").read_text(encoding="utf-8")

    def _launch(self) -> subprocess.Popen[bytes]:
        command = [self._binary, "-c", str(self._config), "-p", str(self._home.folder)]
        return self._home.start(command, self.log)

    def _is_ready(self) -> bool:
        return listens(self.port)
