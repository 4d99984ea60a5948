"""A service with a wrong setting ends at once and names the setting."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import free_port
from tests.system.rig.stack import ADMIN, Stack, StackBackend

#: The exit status for wrong settings (EX_CONFIG of sysexits.h).
EX_CONFIG = 78

SERVICES = {
    "api": ("splitflap-api", "serve"),
    "migrate": ("splitflap-api", "migrate"),
    "renderer": ("splitflap-renderer",),
    "scraper": ("splitflap-scraper",),
}
#: Variable, wrong value, and a part of the message.
COMMON = [
    ("SPLITFLAP_HEALTH_PORT", "nine", "expected a whole number from 1 to 65535, got 'nine'"),
    ("SPLITFLAP_HEALTH_PORT", "0", "1"),
    ("SPLITFLAP_HEALTH_PORT", "70000", "65535"),
    ("SPLITFLAP_BROKER_URL", "redis://somewhere", "amqp"),
    ("SPLITFLAP_LOG_LEVEL", "LOUD", "DEBUG"),
    ("SPLITFLAP_STOP_GRACE", "-1", "Seconds"),
]
#: As above, of one service.
OWN = [
    ("api", "SPLITFLAP_PORT", "http", "expected a whole number from 1 to 65535, got 'http'"),
    ("api", "SPLITFLAP_DATABASE_URL", "mysql://host/db", "postgresql"),
    ("api", "SPLITFLAP_BOOTSTRAP_KEY", "short", "16"),
    ("api", "SPLITFLAP_API_ROLES", "web,cook", "outcomes"),
    ("api", "SPLITFLAP_TASK_RETENTION", "soon", "expected a number from 0.1"),
    ("migrate", "SPLITFLAP_DATABASE_URL", "mysql://host/db", "postgresql"),
    (
        "renderer",
        "SPLITFLAP_PROCESSES",
        "many",
        "expected a whole number from 0 to 256, got 'many'",
    ),
    ("renderer", "SPLITFLAP_RENDER_DEADLINE", "0", "0"),
    ("renderer", "SPLITFLAP_DATA_DIR", "/dev/null/data", "cannot use the folder"),
    ("api", "SPLITFLAP_DATA_DIR", "/dev/null", "cannot use the folder"),
    ("api", "SPLITFLAP_PAGE", "/dev", "has no site.json"),
    ("api", "SPLITFLAP_SCRAPER_OWN_ORIGIN", "http://localhost:8000", "with an address"),
    ("scraper", "SPLITFLAP_SCRAPER_OWN_ORIGIN", "127.0.0.1:8000", "expected an origin"),
    ("scraper", "SPLITFLAP_CONCURRENCY", "0", "1"),
    ("scraper", "SPLITFLAP_SCRAPER_ALLOW_NETS", "10.0.0.0/99", "networks"),
    ("scraper", "SPLITFLAP_SCRAPER_CA_FILE", "/does/not/exist", "No such file"),
]
CASES = [(service, *case) for service in SERVICES for case in COMMON] + OWN


@pytest.fixture
def idle_stack(tmp_path: Path) -> Stack:
    """A stack without running services, with a folder of its own and free ports."""
    environ = {
        "SPLITFLAP_DATA_DIR": str(tmp_path / "data"),
        "SPLITFLAP_BOOTSTRAP_KEY": ADMIN,
        "SPLITFLAP_PORT": str(free_port()),
        "SPLITFLAP_HEALTH_PORT": str(free_port()),
    }
    return Stack(StackBackend("embedded", environ, ""), tmp_path, environ)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port with another listener."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(("service", "variable", "value", "expected"), CASES)
def test_wrong_setting_is_named(
    idle_stack: Stack, service: str, variable: str, value: str, expected: str
) -> None:
    """The status is 78, stderr has the variable and the expected values, and no file is made."""
    ended = idle_stack.run(*SERVICES[service], **{variable: value})
    assert ended.returncode == EX_CONFIG, ended.stderr
    assert variable in ended.stderr
    assert expected in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (idle_stack.folder / "data").exists()


def test_all_wrong_settings_are_named_at_once(idle_stack: Stack) -> None:
    """One start names two wrong settings."""
    ended = idle_stack.run("splitflap-api", "serve", SPLITFLAP_PORT="x", SPLITFLAP_LOG_LEVEL="y")
    assert "SPLITFLAP_PORT" in ended.stderr
    assert "SPLITFLAP_LOG_LEVEL" in ended.stderr


@pytest.mark.parametrize(
    ("service", "variable"),
    [
        ("api", "SPLITFLAP_PORT"),
        ("api", "SPLITFLAP_HEALTH_PORT"),
        ("renderer", "SPLITFLAP_HEALTH_PORT"),
        ("scraper", "SPLITFLAP_HEALTH_PORT"),
    ],
)
def test_service_ends_if_its_port_is_taken(
    idle_stack: Stack, taken: int, service: str, variable: str
) -> None:
    """The status is above 0, and stderr names the port."""
    ended = idle_stack.run(*SERVICES[service], **{variable: str(taken)})
    assert ended.returncode > 0, ended.stderr
    assert str(taken) in ended.stderr


def test_an_unknown_setting_is_reported_with_the_nearest_name(
    idle_stack: Stack, taken: int
) -> None:
    """A setting of another service is known: all services may share one file of variables."""
    ended = idle_stack.run(
        *SERVICES["renderer"],
        SPLITFLAP_HEALTH_PORT=str(taken),
        SPLITFLAP_RATE_LIMT="5",
        SPLITFLAP_RATE_LIMIT="5",
    )
    unknown = "SPLITFLAP_RATE_LIMT is no setting of Splitflap and has no effect"
    assert f"{unknown}; did you mean SPLITFLAP_RATE_LIMIT?" in ended.stderr
    assert ended.stderr.count("is no setting") == 1


def test_secrets_are_not_logged(idle_stack: Stack, taken: int) -> None:
    """The log of effective settings hides passwords and keys."""
    ended = idle_stack.run(
        *SERVICES["renderer"],
        SPLITFLAP_HEALTH_PORT=str(taken),
        SPLITFLAP_BROKER_URL="amqp://user:hidden-word@127.0.0.1:1/",
    )
    assert "127.0.0.1:1" in ended.stderr
    assert "hidden-word" not in ended.stderr
    assert ADMIN not in ended.stderr
