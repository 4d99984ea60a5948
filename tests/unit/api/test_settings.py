"""The API's settings: roles, patterns, bounds."""

import pytest
from splitflap_api.settings import ApiSettings
from splitflap_core.settings import BadSettings, load, masked


def settings(**values: str) -> ApiSettings:
    """Settings loaded from such environment variables."""
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
def test_roles_are_a_list_with_commas(roles: str, expected: set[str]) -> None:
    """The default is both roles. Spaces are ignored."""
    assert settings(api_roles=roles).roles == expected


@pytest.mark.parametrize("roles", [",", " ", "webb", "web outcomes", "WEB", "web,scraper"])
def test_unknown_roles_are_refused(roles: str) -> None:
    """The message has the variable, its value and the allowed values."""
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
        ("max_connections_per_key", "0"),
        ("max_connections_per_key", "100001"),
        ("max_anonymous_connections", "0"),
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
def test_wrong_values_are_refused(name: str, value: str) -> None:
    """The message begins with the name of the variable."""
    with pytest.raises(BadSettings, match=f"^SPLITFLAP_{name.upper()}: "):
        settings(**{name: value})


@pytest.mark.parametrize(
    "origins", ["", "https://a.example", " http://[::1]:3000, https://b.example:8443 "]
)
def test_origins_are_a_list_with_commas(origins: str) -> None:
    """Spaces separate too."""
    expected = {each.strip() for each in origins.split(",")} - {""}
    assert settings(cors_origins=origins).allowed_origins == expected


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "a.example",
        "https://A.example",
        "https://a.example/",
        "https://a.example/x",
        "https://*.example",
        "https://a.example:443",
        "http://a.example:80",
        "https://u@a.example",
        "https://a.example:0",
        "https://",
        "ftp://a.example",
        "https://a.example.",
    ],
)
def test_an_origin_that_no_browser_sends_is_refused(origin: str) -> None:
    """It would never match, and its operator would look for the reason elsewhere."""
    with pytest.raises(BadSettings, match="SPLITFLAP_CORS_ORIGINS"):
        settings(cors_origins=f"https://b.example,{origin}")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///splitflap?host=/var/run/postgresql",
        "postgresql://user@/splitflap?host=/cloudsql/project:region:instance",
        "postgresql+psycopg:///splitflap?host=/tmp&port=5433",
    ],
)
def test_a_database_may_be_a_socket(url: str) -> None:
    """Such a URL has no host. Colons in the path of its folder are no port."""
    assert settings(database_url=url).database_url == url


def test_all_wrong_values_are_reported_together() -> None:
    """One start shows every error."""
    with pytest.raises(BadSettings) as wrong:
        settings(port="x", max_in_flight="0", rate_limit="-1")
    assert str(wrong.value).count("SPLITFLAP_") == 3


def test_secrets_are_not_logged() -> None:
    """The start's log line hides the database's password and the first key."""
    made = settings(
        database_url="postgresql+psycopg://user:secret@host/db",
        bootstrap_key="secret-secret-secret",
    )
    assert "secret" not in str(masked(made))
    assert "user:***@host/db" in str(masked(made))
