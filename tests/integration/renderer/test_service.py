"""The renderer as a process of its own: start, stop, kill."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.support import descendants, free_port, gone, wait_until

#: Seconds until the service has ended.
END_TIMEOUT = 30.0


def start(tmp_path: Path, port: int, *program: str) -> subprocess.Popen[str]:
    """Start the renderer on the embedded broker, with two processes."""
    environment = {
        **os.environ,
        "SPLITFLAP_DATA_DIR": str(tmp_path),
        "SPLITFLAP_HEALTH_PORT": str(port),
        "SPLITFLAP_PROCESSES": "2",
    }
    return subprocess.Popen(
        [sys.executable, *(program or ("-m", "splitflap_renderer"))],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_processes_end_with_a_killed_parent(tmp_path: Path) -> None:
    """A SIGKILL of the service ends them too."""
    with start(tmp_path, free_port()) as service:
        try:
            # The fork server, the resource tracker and two rendering processes.
            wait_until(lambda: len(descendants(service.pid)) >= 4)
            below = descendants(service.pid)
        finally:
            service.kill()
        wait_until(lambda: all(map(gone, below)))


def test_sigterm_ends_the_service_with_status_0(tmp_path: Path) -> None:
    """All of its processes end, and its log has no traceback."""
    with start(tmp_path, free_port()) as service:
        wait_until(lambda: len(descendants(service.pid)) >= 4)
        below = descendants(service.pid)
        service.send_signal(signal.SIGTERM)
        _, errors = service.communicate(timeout=END_TIMEOUT)
    assert service.returncode == 0, errors
    assert "Traceback" not in errors
    wait_until(lambda: all(map(gone, below)))


def test_sigterm_during_the_start_ends_the_service_with_status_0(tmp_path: Path) -> None:
    """The service starts, then stops in order: its jobs go back at once."""
    code = (
        "import os, signal\n"
        "from splitflap_core.worker import Worker\n"
        "from splitflap_renderer.__main__ import main\n"
        "start = Worker.start\n"
        "Worker.start = lambda worker: (os.kill(os.getpid(), signal.SIGTERM), start(worker))\n"
        "main()\n"
    )
    with start(tmp_path, free_port(), "-c", code) as service:
        _, errors = service.communicate(timeout=END_TIMEOUT)
    assert service.returncode == 0, errors
    assert "Traceback" not in errors


def test_a_taken_health_port_ends_the_service_with_one_line(tmp_path: Path) -> None:
    """The line names the address and the setting."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        with start(tmp_path, port) as service:
            _, errors = service.communicate(timeout=END_TIMEOUT)
    assert service.returncode == 69
    assert f"cannot listen on 127.0.0.1:{port} (SPLITFLAP_HEALTH_PORT)" in errors
    assert "Traceback" not in errors


def test_the_service_never_imports_eventlet() -> None:
    """This holds for the parent and for the rendering processes."""
    code = (
        "import sys, splitflap_renderer.__main__, splitflap_renderer.process.child_main\n"
        "sys.exit('eventlet' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
