"""Wrong settings end a service at once, and say which and why."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import free_port
from tests.system.rig.stack import ADMIN, Stack, StackBackend

#: Exit status for wrong settings (EX_CONFIG of sysexits.h).
EX_CONFIG = 78

SERVICES = {
    "api": ("splitflap-api", "serve"),
    "migrate": ("splitflap-api", "migrate"),
    "renderer": ("splitflap-renderer",),
    "scraper": ("splitflap-scraper",),
}
COMMON = [
    ("SPLITFLAP_HEALTH_PORT", "nine", "int"),
    ("SPLITFLAP_HEALTH_PORT", "0", "1"),
    ("SPLITFLAP_HEALTH_PORT", "70000", "65535"),
    ("SPLITFLAP_BROKER_URL", "redis://somewhere", "amqp"),
    ("SPLITFLAP_LOG_LEVEL", "LOUD", "DEBUG"),
    ("SPLITFLAP_STOP_GRACE", "-1", "Seconds"),
]
OWN = [
    ("api", "SPLITFLAP_PORT", "http", "int"),
    ("api", "SPLITFLAP_DATABASE_URL", "mysql://host/db", "postgresql"),
    ("api", "SPLITFLAP_BOOTSTRAP_KEY", "short", "16"),
    ("api", "SPLITFLAP_API_ROLES", "web,cook", "outcomes"),
    ("api", "SPLITFLAP_TASK_RETENTION", "soon", "float"),
    ("migrate", "SPLITFLAP_DATABASE_URL", "mysql://host/db", "postgresql"),
    ("renderer", "SPLITFLAP_PROCESSES", "many", "int"),
    ("renderer", "SPLITFLAP_RENDER_DEADLINE", "0", "0"),
    ("scraper", "SPLITFLAP_CONCURRENCY", "0", "1"),
    ("scraper", "SPLITFLAP_SCRAPER_ALLOW_NETS", "10.0.0.0/99", "networks"),
    ("scraper", "SPLITFLAP_SCRAPER_CA_FILE", "/does/not/exist", "No such file"),
]
CASES = [(service, *case) for service in SERVICES for case in COMMON] + OWN


@pytest.fixture
def bare(tmp_path: Path) -> Stack:
    """Nothing that runs; a folder of its own, ports that are free."""
    environ = {
        "SPLITFLAP_DATA_DIR": str(tmp_path / "data"),
        "SPLITFLAP_BOOTSTRAP_KEY": ADMIN,
        "SPLITFLAP_PORT": str(free_port()),
        "SPLITFLAP_HEALTH_PORT": str(free_port()),
    }
    return Stack(StackBackend("embedded", environ, ""), tmp_path, environ)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(("service", "variable", "value", "expected"), CASES)
def test_wrong_setting_is_named(
    bare: Stack, service: str, variable: str, value: str, expected: str
) -> None:
    """Status 78, the variable, and what is expected; nothing was started or made."""
    ended = bare.run(*SERVICES[service], **{variable: value})
    assert ended.returncode == EX_CONFIG, ended.stderr
    assert variable in ended.stderr
    assert expected in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (bare.folder / "data").exists()


def test_all_wrong_settings_are_named_at_once(bare: Stack) -> None:
    """Not one a try."""
    ended = bare.run("splitflap-api", "serve", SPLITFLAP_PORT="x", SPLITFLAP_LOG_LEVEL="y")
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
def test_port_that_is_taken_ends_the_service(
    bare: Stack, taken: int, service: str, variable: str
) -> None:
    """It says which port, and its status is not 0."""
    ended = bare.run(*SERVICES[service], **{variable: str(taken)})
    assert ended.returncode > 0, ended.stderr
    assert str(taken) in ended.stderr


def test_secrets_are_not_logged(bare: Stack, taken: int) -> None:
    """The effective settings are, without passwords and keys."""
    ended = bare.run(
        *SERVICES["renderer"],
        SPLITFLAP_HEALTH_PORT=str(taken),
        SPLITFLAP_BROKER_URL="amqp://user:hidden-word@127.0.0.1:1/",
    )
    assert "127.0.0.1:1" in ended.stderr
    assert "hidden-word" not in ended.stderr
    assert ADMIN not in ended.stderr
