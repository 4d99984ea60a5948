"""`splitflap up` at work: deaths of services, stops, and its own death."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support import wait_until

from .conftest import Launch, Launched, is_gone


def kill(up: Launched, name: str) -> None:
    """Kill the latest process of a service."""
    os.kill(up.pids(name)[-1], signal.SIGKILL)


def test_a_killed_service_is_started_again(launch: Launch) -> None:
    """At once, and said; what it had started ends with it, so that it holds no port."""
    up = launch(renderer="--child")
    up.wait_served()
    child = up.pids("renderer", "child")[0]
    kill(up, "renderer")
    up.wait_for("renderer", "started", 2)
    assert is_gone(child)
    assert "renderer was ended by SIGKILL; starting it again at once" in up.err
    kill(up, "renderer")
    up.wait_for("renderer", "started", 3)
    assert "starting it again in 0.2 s" in up.err
    assert len(up.pids("api")) == len(up.pids("scraper")) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_begins_with_the_api(launch: Launch, number: int) -> None:
    """Workers are asked only when the API has ended, and the terminal's signal reaches none."""
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


def test_a_stop_while_starting(launch: Launch) -> None:
    """Nothing has to be ready for a stop."""
    up = launch(scraper="--not-ready later")
    up.wait_for("scraper", "started")
    up.signal(signal.SIGTERM)
    assert up.ended() == 0
    assert up.out == ""
    up.assert_nothing_left()


def test_no_service_is_started_while_stopping(launch: Launch) -> None:
    """One that dies during the stop stays dead."""
    up = launch(api="--slow-stop 0.5")
    up.wait_served()
    up.signal(signal.SIGTERM)
    up.wait_for("api", "SIGTERM")
    kill(up, "scraper")
    assert up.ended() == 0
    assert len(up.pids("scraper")) == 1


def test_a_second_ctrl_c_kills(launch: Launch) -> None:
    """For whoever does not want to wait for a service that hears nothing."""
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


def test_a_stop_that_is_asked_for_twice_is_one(launch: Launch) -> None:
    """`make` and `timeout` pass on what the group has got already."""
    up = launch(api="--slow-stop 0.3")
    up.wait_served()
    up.signal(signal.SIGTERM)
    up.wait_for("api", "SIGTERM")
    up.signal(signal.SIGTERM)
    assert up.ended() == 0
    assert ("api", "ended") in up.events()


def test_a_deaf_service_is_killed_after_its_grace(launch: Launch) -> None:
    """STOP_GRACE and the launcher's margin are all that it gets."""
    up = launch(renderer="--deaf", SPLITFLAP_STOP_GRACE="0.1")
    up.wait_served()
    up.signal(signal.SIGTERM)
    assert up.ended() == 1
    assert "renderer has not stopped yet: killed" in up.err
    up.assert_nothing_left()


def test_services_die_with_a_killed_launcher(launch: Launch) -> None:
    """Whatever they do with SIGTERM."""
    up = launch(api="--deaf", renderer="--deaf", scraper="--deaf")
    up.wait_served()
    up.process.kill()
    up.assert_nothing_left()


def test_ports_of_a_killed_launcher_are_waited_for(launch: Launch, tmp_path: Path) -> None:
    """A worker of its API may hold the port for a moment; then nobody has to try again."""
    killed = launch()
    killed.wait_served()
    killed.process.kill()
    killed.assert_nothing_left()
    (tmp_path / "data" / "key").unlink()
    with socket.create_server(("127.0.0.1", killed.port)):
        up = launch(SPLITFLAP_PORT=str(killed.port))
        # The key is made just before the ports are looked at.
        wait_until((tmp_path / "data" / "key").exists)
    up.wait_served()


def test_a_reader_that_goes_away_changes_nothing(launch: Launch) -> None:
    """With standard error closed the services still are run, and stopped in order."""
    reader, writer = os.pipe()
    up = launch(stderr=writer)
    os.close(writer)
    up.wait_served()
    os.close(reader)
    kill(up, "renderer")
    up.wait_for("renderer", "started", 2)
    up.signal(signal.SIGTERM)
    up.ended()
    assert ("scraper", "ended") in up.events()
    up.assert_nothing_left()


def test_nohup_means_it(launch: Launch) -> None:
    """A SIGHUP that was ignored at the start stays ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        up = launch()
    finally:
        signal.signal(signal.SIGHUP, before)
    up.wait_served()
    up.signal(signal.SIGHUP)
    kill(up, "scraper")  # what comes after the signal is seen after it
    up.wait_for("scraper", "started", 2)
    with pytest.raises(subprocess.TimeoutExpired):
        up.process.wait(0.2)
