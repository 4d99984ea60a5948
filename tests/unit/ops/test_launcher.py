"""The parts of the launcher."""

import signal
from pathlib import Path

import pytest
from splitflap.commands.up import PROCFILE
from splitflap.errors import CommandError
from splitflap.launch.preflight import locked, read_procfile
from splitflap.launch.process import STEADY_AFTER, Backoff
from splitflap.launch.supervisor import SAME_REQUEST, StopSignals
from splitflap.launch.up import LaunchPlan, environment
from splitflap.settings import SERVICES, LocalSettings
from splitflap_core.data_folder import API_LOCK, take_lock


def a_plan(settings: LocalSettings, *others: str) -> LaunchPlan:
    """A plan of the three services, and of others."""
    commands = {name: [name] for name in (*SERVICES, *others)}
    return LaunchPlan(settings, commands, ready_timeout=1.0)


def test_restart_delays_grow() -> None:
    """The first is 0, then 0.2 s doubled to 5 s. A long uptime resets them."""
    backoff = Backoff()
    assert [backoff.delay(1.0) for _ in range(8)] == [0.0, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert backoff.delay(STEADY_AFTER) == 0.0
    assert backoff.delay(0.1) == 0.2


def test_restart_delays_stay_bounded() -> None:
    """Restart delays stay bounded."""
    backoff = Backoff()
    assert {backoff.delay(0.0) for _ in range(5_000)} == {0.0, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0}


def test_the_procfile_has_the_services_in_order() -> None:
    """`splitflap status` numbers the health ports alike."""
    assert tuple(read_procfile(PROCFILE)) == SERVICES


def test_only_the_api_gets_the_key() -> None:
    """No other service gets one, also if the launcher's own environment has it."""
    plan = a_plan(LocalSettings(), "other")
    environ = {"SPLITFLAP_BOOTSTRAP_KEY": "sf_chosen", "SPLITFLAP_KEY": "sf_of_the_commands"}
    given = {name: environment(environ, plan, name, "sf_chosen") for name in (*SERVICES, "other")}
    assert given["api"]["SPLITFLAP_BOOTSTRAP_KEY"] == "sf_chosen"
    assert {name for name, each in given.items() if "SPLITFLAP_BOOTSTRAP_KEY" in each} == {"api"}
    assert {name for name, each in given.items() if "SPLITFLAP_KEY" in each} == set()


def test_only_workers_lack_the_way_to_the_database() -> None:
    """A second API of the Procfile keeps it."""
    environ = {"SPLITFLAP_DATABASE_URL": "postgresql://db", "PGPASSWORD": "s3cret", "PGHOST": "h"}
    plan = a_plan(LocalSettings(), "outcomes")
    given = {name: environment(environ, plan, name, "k") for name in (*SERVICES, "outcomes")}
    for name in ("api", "outcomes"):
        assert environ.items() <= given[name].items()
    for name in ("renderer", "scraper"):
        assert not {"SPLITFLAP_DATABASE_URL", "PGPASSWORD"} & set(given[name])
        assert given[name]["PGHOST"] == "h"


def test_every_service_gets_the_environment_and_its_own_ports() -> None:
    """The log level defaults to WARNING."""
    plan = a_plan(LocalSettings(port=8001, data_dir="here", health_port=9001))
    environ = {"PATH": "/bin", "OTHER": "1"}
    api, renderer = (environment(environ, plan, name, "sf_made") for name in ("api", "renderer"))
    assert renderer["OTHER"] == "1"
    assert api["SPLITFLAP_HEALTH_PORT"] == "9001"
    assert renderer["SPLITFLAP_HEALTH_PORT"] == "9002"
    assert renderer["SPLITFLAP_PORT"] == "8001"
    assert renderer["SPLITFLAP_DATA_DIR"] == "here"
    assert renderer["SPLITFLAP_LOG_LEVEL"] == "WARNING"
    assert renderer["PATH"].endswith(":/bin")


def test_only_the_api_gets_the_page() -> None:
    """The operator's own folder counts before the built one."""
    given = {name: environment({}, a_plan(LocalSettings()), name, "k") for name in SERVICES}
    pages = {name: each.get("SPLITFLAP_PAGE") for name, each in given.items()}
    assert pages == {"api": "data/page", "renderer": None, "scraper": None}
    own = environment({"SPLITFLAP_PAGE": "own"}, a_plan(LocalSettings(page="own")), "api", "k")
    assert own["SPLITFLAP_PAGE"] == "own"


def test_the_services_know_the_origin_of_the_page() -> None:
    """It is the banner's. A name has none, since it could lead to another address."""
    origins = {
        host: environment({}, a_plan(LocalSettings(host=host, port=8001)), "scraper", "k").get(
            "SPLITFLAP_SCRAPER_OWN_ORIGIN"
        )
        for host in ("127.0.0.1", "0.0.0.0", "::", "localhost")
    }
    assert origins == {
        "127.0.0.1": "http://127.0.0.1:8001",
        "0.0.0.0": "http://127.0.0.1:8001",
        "::": "http://[::1]:8001",
        "localhost": None,
    }


def test_a_chosen_log_level_is_kept() -> None:
    """A chosen log level is kept."""
    environ = {"SPLITFLAP_LOG_LEVEL": "DEBUG"}
    given = environment(environ, a_plan(LocalSettings()), "api", "k")
    assert given["SPLITFLAP_LOG_LEVEL"] == "DEBUG"


def test_the_address_works_for_a_client() -> None:
    """Wildcard hosts become loopback. IPv6 is in brackets."""
    addresses = {host: LocalSettings(host=host).address for host in ("0.0.0.0", "::", "10.1.2.3")}
    assert addresses == {
        "0.0.0.0": "http://127.0.0.1:8000",
        "::": "http://[::1]:8000",
        "10.1.2.3": "http://10.1.2.3:8000",
    }


def test_only_a_later_ctrl_c_kills() -> None:
    """`make` and `timeout` deliver one request twice. Other signals do not count."""
    now = [0.0]
    signals = StopSignals(clock=lambda: now[0])
    signals.note(signal.SIGINT, None)
    now[0] = SAME_REQUEST
    signals.note(signal.SIGINT, None)
    now[0] = 60.0
    signals.note(signal.SIGTERM, None)
    assert signals.stop == signal.SIGINT
    assert not signals.kill_now
    signals.note(signal.SIGINT, None)
    assert signals.kill_now


def test_the_lock_tells_whether_the_holder_was_killed(tmp_path: Path) -> None:
    """The lock tells whether the holder was killed."""
    with locked(str(tmp_path)) as was_killed:
        assert not was_killed
    with locked(str(tmp_path)) as was_killed:
        assert not was_killed
    (tmp_path / "lock").write_text("123\n", encoding="ascii")
    with locked(str(tmp_path)) as was_killed:
        assert was_killed


def test_the_launcher_leaves_a_served_database_alone(tmp_path: Path) -> None:
    """A `splitflap-api serve` holds the lock of the folder's database."""
    with take_lock(tmp_path / API_LOCK), pytest.raises(CommandError, match="splitflap-api serve"):
        locked(str(tmp_path)).__enter__()
    with locked(str(tmp_path)):
        pass


def a_procfile(folder: Path, text: str) -> Path:
    """A Procfile with this text."""
    path = folder / "Procfile"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_procfile_may_have_comments(tmp_path: Path) -> None:
    """The launcher skips empty lines and comments, indented or not."""
    path = a_procfile(tmp_path, "# a comment\n\n \t\n  # api: old\napi: serve 'a b'  \n")
    assert read_procfile(path) == {"api": ["serve", "a b"]}


@pytest.mark.parametrize("line", ["  api: serve", "not a service", "web:", "my web: serve"])
def test_a_procfile_line_of_another_form_is_refused(tmp_path: Path, line: str) -> None:
    """The message names the file and the line."""
    path = a_procfile(tmp_path, f"# a comment\n\napi: serve\n{line}\n")
    with pytest.raises(CommandError, match=rf"^cannot read the Procfile {path}: line 4 is not "):
        read_procfile(path)


@pytest.mark.parametrize("text", ["", "web: serve\n", "API: serve\n", "#api: serve\n"])
def test_a_procfile_without_the_api_is_refused(tmp_path: Path, text: str) -> None:
    """The first key, the banner and the stop order need the name `api`."""
    path = a_procfile(tmp_path, text)
    with pytest.raises(CommandError, match=rf"^the Procfile {path} has no process `api`"):
        read_procfile(path)
