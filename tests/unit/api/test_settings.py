"""The API's settings: roles, patterns, bounds."""

import pytest
from splitflap_api.settings import ApiSettings
from splitflap_core.settings import BadSettings, load, masked


def settings(**values: str) -> ApiSettings:
    """Settings as the environment has them."""
    return load(ApiSettings, {f"SPLITFLAP_{name.upper()}": value for name, value in values.items()})


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ("", {"web", "outcomes"}),
        ("web", {"web"}),
        ("outcomes", {"outcomes"}),
        (" outcomes , web,", {"web", "outcomes"}),
    ],
)
def test_roles(roles: str, expected: set[str]) -> None:
    """Both by default; separated by commas, spaces do not matter."""
    assert settings(api_roles=roles).roles == expected


@pytest.mark.parametrize("roles", [",", " ", "webb", "web outcomes", "WEB", "web,scraper"])
def test_roles_that_are_none(roles: str) -> None:
    """The message names the variable, what was said, and what can be."""
    with pytest.raises(BadSettings, match=r"SPLITFLAP_API_ROLES.*expected `web`, `outcomes`"):
        settings(api_roles=roles)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "mysql://user@host/db"),
        ("database_url", "sqlite:///x"),
        ("database_url", "x postgresql+psycopg://host/db"),
        ("database_pool", "3"),
        ("bootstrap_key", "short"),
        ("bootstrap_key", "x" * 201),
        ("port", "0"),
        ("port", "65536"),
        ("max_connections", "9"),
        ("max_in_flight", "0"),
        ("rate_limit", "-1"),
        ("rate_limit", "0.0001"),
        ("rate_limit", "inf"),
        ("body_deadline", "0"),
        ("body_deadline", "301"),
        ("task_retention", "0"),
        ("event_retention", "59"),
        ("preview_wait", "-1"),
        ("preview_wait", "soon"),
    ],
)
def test_what_cannot_be_set(name: str, value: str) -> None:
    """Each wrong value is refused by the name of its variable."""
    with pytest.raises(BadSettings, match=f"^SPLITFLAP_{name.upper()}: "):
        settings(**{name: value})


def test_all_that_is_wrong_is_said_at_once() -> None:
    """An operator does not find out one by one."""
    with pytest.raises(BadSettings) as wrong:
        settings(port="x", max_in_flight="0", rate_limit="-1")
    assert str(wrong.value).count("SPLITFLAP_") == 3


def test_secrets_are_not_logged() -> None:
    """The database's password and the first key are hidden in what is logged at the start."""
    made = settings(
        database_url="postgresql+psycopg://user:secret@host/db",
        bootstrap_key="secret-secret-secret",
    )
    assert "secret" not in str(masked(made))
    assert "user:***@host/db" in str(masked(made))
