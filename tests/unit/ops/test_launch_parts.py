"""The launcher's parts by themselves."""

import signal
from pathlib import Path

from splitflap.commands.up import PROCFILE
from splitflap.launch.backoff import STEADY_AFTER, Backoff
from splitflap.launch.datadir import locked
from splitflap.launch.settings import SERVICES, LauncherSettings, service_environment
from splitflap.launch.signals import SAME_REQUEST, Signals
from splitflap.launch.up import read_procfile


def test_delays_grow_and_are_forgotten() -> None:
    """At once, then 0.2 s doubled up to 5 s; a long life begins anew."""
    backoff = Backoff()
    assert [backoff.delay(1.0) for _ in range(8)] == [0.0, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert backoff.delay(STEADY_AFTER) == 0.0
    assert backoff.delay(0.1) == 0.2


def test_delays_stay_bounded_for_ever() -> None:
    """A process may die for days."""
    backoff = Backoff()
    assert {backoff.delay(0.0) for _ in range(5_000)} == {0.0, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0}


def test_the_procfile_has_the_services_in_their_order() -> None:
    """`splitflap status` finds the health ports by it."""
    assert tuple(read_procfile(PROCFILE)) == SERVICES


def test_what_a_service_is_given() -> None:
    """The environment as it is, with its own ports; the made key reaches the API alone."""
    settings = LauncherSettings(port=8001, data_dir="here")
    environ = {"SPLITFLAP_DATABASE_URL": "postgresql+psycopg://db", "PATH": "/bin", "OTHER": "1"}
    api, renderer = (
        service_environment(environ, settings, name, 9001, "sf_made")
        for name in ("api", "renderer")
    )
    assert api["SPLITFLAP_BOOTSTRAP_KEY"] == "sf_made"
    assert "SPLITFLAP_BOOTSTRAP_KEY" not in renderer
    assert renderer["SPLITFLAP_DATABASE_URL"] == "postgresql+psycopg://db"
    assert renderer["OTHER"] == "1"
    assert renderer["SPLITFLAP_HEALTH_PORT"] == "9001"
    assert renderer["SPLITFLAP_PORT"] == "8001"
    assert renderer["SPLITFLAP_DATA_DIR"] == "here"
    assert renderer["SPLITFLAP_LOG_LEVEL"] == "WARNING"
    assert renderer["PATH"].endswith(":/bin")


def test_a_log_level_that_is_set_stays() -> None:
    """WARNING is for newcomers only."""
    environ = {"SPLITFLAP_LOG_LEVEL": "DEBUG"}
    given = service_environment(environ, LauncherSettings(), "api", 9000, "k")
    assert given["SPLITFLAP_LOG_LEVEL"] == "DEBUG"


def test_addresses_that_a_client_can_use() -> None:
    """Wildcards are listened on, not connected to; IPv6 stands in brackets."""
    addresses = {
        host: LauncherSettings(host=host).address for host in ("0.0.0.0", "::", "10.1.2.3")
    }
    assert addresses == {
        "0.0.0.0": "http://127.0.0.1:8000",
        "::": "http://[::1]:8000",
        "10.1.2.3": "http://10.1.2.3:8000",
    }


def test_only_a_later_ctrl_c_is_hurry() -> None:
    """`make` and `timeout` deliver one request twice; other signals are no sign of impatience."""
    now = [0.0]
    signals = Signals(clock=lambda: now[0])
    signals.note(signal.SIGINT, None)
    now[0] = SAME_REQUEST
    signals.note(signal.SIGINT, None)
    now[0] = 60.0
    signals.note(signal.SIGTERM, None)
    assert signals.stop == signal.SIGINT
    assert not signals.hurry
    signals.note(signal.SIGINT, None)
    assert signals.hurry


def test_the_lock_says_who_was_killed(tmp_path: Path) -> None:
    """A holder that ended in order leaves no name behind; one that was killed does."""
    with locked(str(tmp_path)) as killed_before:
        assert not killed_before
    with locked(str(tmp_path)) as killed_before:
        assert not killed_before
    (tmp_path / "lock").write_text("123\n", encoding="ascii")
    with locked(str(tmp_path)) as killed_before:
        assert killed_before
