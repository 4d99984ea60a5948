"""`splitflap up`: restarts, stops, and the death of the launcher."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support import gone, wait_until

from .conftest import Launch


def test_a_killed_service_is_started_again(launch: Launch) -> None:
    """The delays are 0 and then 0.2 s. Its children are killed, so they hold no port."""
    up = launch(renderer="--child")
    up.wait_served()
    child = up.pids("renderer", "child")[0]
    up.kill_service("renderer")
    up.wait_for("renderer", "started", 2)
    assert gone(child)
    assert "renderer was ended by SIGKILL; starting it again at once" in up.err
    up.kill_service("renderer")
    up.wait_for("renderer", "started", 3)
    assert "starting it again in 0.2 s" in up.err
    assert len(up.pids("api")) == len(up.pids("scraper")) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_begins_with_the_api(launch: Launch, number: int) -> None:
    """Workers get SIGTERM after the API's end. The terminal's signal reaches no service."""
    up = launch(api="--slow-stop 0.2", scraper="--slow-stop 0.1")
    up.wait_served()
    up.signal(number)
    assert up.ended() == 0, up.err
    events = [event for event in up.events() if event[1] != "started"]
    assert events[:2] == [("api", "SIGTERM"), ("api", "ended")]
    assert sorted(events[2:]) == [
        (name, event) for name in ("renderer", "scraper") for event in ("SIGTERM", "ended")
    ]
    up.assert_nothing_left()


def test_a_start_can_be_stopped(launch: Launch) -> None:
    """A start can be stopped."""
    up = launch(scraper="--not-ready later")
    up.wait_for("scraper", "started")
    up.signal(signal.SIGTERM)
    assert up.ended() == 0
    assert up.out == ""
    up.assert_nothing_left()


def test_a_stop_restarts_no_service(launch: Launch) -> None:
    """A stop restarts no service."""
    up = launch(api="--slow-stop 0.5")
    up.wait_served()
    up.signal(signal.SIGTERM)
    up.wait_for("api", "SIGTERM")
    up.kill_service("scraper")
    assert up.ended() == 0
    assert len(up.pids("scraper")) == 1


def test_a_second_ctrl_c_kills_the_services(launch: Launch) -> None:
    """A second Ctrl-C kills the services."""
    up = launch(api="--deaf", renderer="--deaf --child")
    up.wait_served()
    up.signal(signal.SIGINT)
    up.wait_for("api", "SIGTERM")

    def again() -> bool:
        if up.process.poll() is None:
            up.signal(signal.SIGINT)
        return up.process.poll() is not None

    wait_until(again)
    assert up.process.returncode == 1
    assert "api has not stopped yet: killed" in up.err
    up.assert_nothing_left()


def test_a_second_sigterm_changes_nothing(launch: Launch) -> None:
    """`make` and `timeout` repeat the signal of the process group."""
    up = launch(api="--slow-stop 0.3")
    up.wait_served()
    up.signal(signal.SIGTERM)
    up.wait_for("api", "SIGTERM")
    up.signal(signal.SIGTERM)
    assert up.ended() == 0
    assert ("api", "ended") in up.events()


def test_a_service_that_ignores_sigterm_is_killed(launch: Launch) -> None:
    """It gets STOP_GRACE and the launcher's margin."""
    up = launch(renderer="--deaf", SPLITFLAP_STOP_GRACE="0.1")
    up.wait_served()
    up.signal(signal.SIGTERM)
    assert up.ended() == 1
    assert "renderer has not stopped yet: killed" in up.err
    up.assert_nothing_left()


def test_services_die_with_a_killed_launcher(launch: Launch) -> None:
    """Even services that ignore SIGTERM end."""
    up = launch(api="--deaf", renderer="--deaf", scraper="--deaf")
    up.wait_served()
    up.process.kill()
    up.assert_nothing_left()


def test_a_start_waits_for_the_ports_of_a_killed_launcher(launch: Launch, tmp_path: Path) -> None:
    """A worker of the killed launcher's API may hold the port for a moment."""
    killed = launch()
    killed.wait_served()
    killed.process.kill()
    killed.assert_nothing_left()
    (tmp_path / "data" / "key").unlink()
    with socket.create_server(("127.0.0.1", killed.port)):
        up = launch(SPLITFLAP_PORT=str(killed.port))
        # The launcher stores the key just before it checks the ports.
        wait_until((tmp_path / "data" / "key").exists)
    up.wait_served()


def test_a_closed_standard_error_changes_nothing(launch: Launch) -> None:
    """Services are still restarted, and stopped in order."""
    reader, writer = os.pipe()
    up = launch(stderr=writer)
    os.close(writer)
    up.wait_served()
    os.close(reader)
    up.kill_service("renderer")
    up.wait_for("renderer", "started", 2)
    up.signal(signal.SIGTERM)
    up.ended()
    assert ("scraper", "ended") in up.events()
    up.assert_nothing_left()


def test_an_ignored_sighup_stays_ignored(launch: Launch) -> None:
    """The command nohup relies on this."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        up = launch()
    finally:
        signal.signal(signal.SIGHUP, before)
    up.wait_served()
    up.signal(signal.SIGHUP)
    up.kill_service("scraper")  # the restart follows the signal, so the signal was seen
    up.wait_for("scraper", "started", 2)
    with pytest.raises(subprocess.TimeoutExpired):
        up.process.wait(0.2)
