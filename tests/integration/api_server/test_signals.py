"""Signals to a server that is starting."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import descendants, free_port, wait_until

from .rig import KEY, PATIENCE

SERVE = (sys.executable, "-m", "splitflap_api")


def start(folder: Path, *command: str) -> subprocess.Popen[bytes]:
    """Start the server, and return at once."""
    environ = {
        **os.environ,
        "SPLITFLAP_DATA_DIR": str(folder),
        "SPLITFLAP_PORT": str(free_port()),
        "SPLITFLAP_HEALTH_PORT": str(free_port()),
        "SPLITFLAP_BOOTSTRAP_KEY": KEY,
    }
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, env=environ, stdout=log, stderr=log)


def stopped(server: subprocess.Popen[bytes], folder: Path, pid: int) -> tuple[int, str]:
    """Stop the server. Returns its exit status and its log."""
    os.kill(pid, signal.SIGTERM)
    try:
        status = server.wait(PATIENCE / 2)
    finally:
        server.kill()
    return status, (folder / "log").read_text(encoding="utf-8")


def has_pending(pid: int, number: signal.Signals) -> bool:
    """Whether a process has been sent a signal that it did not take yet."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    pending = next(line for line in status.splitlines() if line.startswith("ShdPnd:"))
    return bool(int(pending.split()[1], 16) >> (number - 1) & 1)


def test_a_stop_signal_during_the_start_is_kept(tmp_path: Path) -> None:
    """It comes right after the fork, before the worker handles signals."""
    server = start(tmp_path, *SERVE)
    wait_until(lambda: descendants(server.pid), "the worker", interval=0.001)
    (worker,) = descendants(server.pid)
    os.kill(worker, signal.SIGSTOP)
    server.send_signal(signal.SIGTERM)
    wait_until(lambda: has_pending(worker, signal.SIGTERM), "the arbiter's signal")
    os.kill(worker, signal.SIGCONT)
    status, log = stopped(server, tmp_path, server.pid)
    assert status == 0
    assert "stopping: the service" in log
    assert "Traceback" not in log


def test_the_first_process_of_a_container_ends_by_a_stop_signal(tmp_path: Path) -> None:
    """It comes before gunicorn handles signals. The kernel drops it, unless there is a handler."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("a process namespace needs root and unshare (util-linux, `make servers`)")
    server = start(tmp_path, "unshare", "--pid", "--fork", "--kill-child", *SERVE)
    log = tmp_path / "log"
    wait_until(lambda: "starting" in log.read_text("utf-8"), "its first line", interval=0.001)
    (first,) = descendants(server.pid) - {
        each for child in descendants(server.pid) for each in descendants(child)
    }
    status, text = stopped(server, tmp_path, first)
    assert status in {0, 128 + signal.SIGTERM}
    assert "Traceback" not in text
