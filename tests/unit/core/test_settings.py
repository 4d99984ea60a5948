"""Settings: from the environment, in the log, and in the documentation."""

from typing import Annotated, Literal, get_type_hints

import pytest
from msgspec import Meta
from splitflap_api.settings import ApiSettings
from splitflap_core.settings import (
    BadSettings,
    CommonSettings,
    describe,
    load,
    mask_url,
    masked,
    networks,
)
from splitflap_core.wording.setting_errors import expectation, unknown_settings
from splitflap_renderer.settings import RendererSettings
from splitflap_scraper.process.settings import ScraperSettings


class Example(CommonSettings, frozen=True, kw_only=True):
    """Settings with one of each kind."""

    processes: Annotated[int, Meta(ge=1, le=64, description="Processes.")] = 2
    bootstrap_key: Annotated[str | None, Meta(description="A secret.")] = None
    ratio: Annotated[float, Meta(ge=0, le=1, description="A share.")] = 0.5
    cold: Annotated[bool, Meta(description="A switch.")] = False
    mode: Annotated[Literal["quick", "slow"], Meta(description="A choice.")] = "quick"
    pin: Annotated[str, Meta(min_length=4, max_length=8, description="A number.")] = "0000"
    short_key: Annotated[str, Meta(max_length=3, description="A key.")] = ""


def test_an_empty_variable_counts_as_unset() -> None:
    """Variables without the prefix are ignored."""
    settings = load(Example, {"SPLITFLAP_PROCESSES": "", "PROCESSES": "9"})
    assert settings == Example()


def test_texts_become_the_declared_types() -> None:
    """Examples are numbers and switches."""
    environ = {"PROCESSES": "8", "RATIO": "0.25", "COLD": "true", "HEALTH_PORT": "9100"}
    settings = load(Example, {f"SPLITFLAP_{name}": text for name, text in environ.items()})
    assert (settings.processes, settings.ratio, settings.cold) == (8, 0.25, True)
    assert settings.health_port == 9100


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PROCESSES", "0"),
        ("PROCESSES", "65"),
        ("PROCESSES", "two"),
        ("PROCESSES", "1.5"),
        ("RATIO", "nan"),
        ("RATIO", "inf"),
        ("STOP_GRACE", "0"),
        ("STOP_GRACE", "nan"),
        ("HEALTH_PORT", "0"),
        ("HEALTH_PORT", "65536"),
        ("LOG_LEVEL", "info"),
        ("LOG_LEVEL", "INFO\nDEBUG"),
        ("BROKER_URL", "http://broker"),
        ("COLD", "maybe"),
    ],
)
def test_a_wrong_value_names_its_variable(name: str, text: str) -> None:
    """The message has the variable's description too."""
    with pytest.raises(BadSettings, match=f"SPLITFLAP_{name}: .*"):
        load(Example, {f"SPLITFLAP_{name}": text})


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("PROCESSES", "abc", "expected a whole number from 1 to 64, got 'abc'. Processes."),
        ("RATIO", "half", "expected a number from 0 to 1, got 'half'. A share."),
        ("COLD", "maybe", "expected true or false, got 'maybe'. A switch."),
        ("STOP_GRACE", "0", "expected a number above 0 and up to 3600, got '0'. "),
        ("MODE", "fast", "expected `quick` or `slow`, got 'fast'. "),
        ("PIN", "12", "expected 4 to 8 characters, got '12'. "),
        ("SHORT_KEY", "hunter2", "expected at most 3 characters, got '***'. "),
        ("LOG_LEVEL", "info", "expected a text of the form below, got 'info'. Lowest logged"),
        ("BROKER_URL", "redis://u:s3cret@h", "got 'redis://u:***@h'. RabbitMQ as"),
        ("MODE", "\u202eevil\x1b[2J", r"got '\u202eevil\x1b[2J'. "),
    ],
)
def test_a_wrong_value_is_explained_in_plain_words(name: str, text: str, message: str) -> None:
    """No message speaks of a programming language's types, shows a secret or moves the cursor."""
    with pytest.raises(BadSettings) as wrong:
        load(Example, {f"SPLITFLAP_{name}": text})
    assert message in str(wrong.value)
    assert "`int`" not in str(wrong.value)


def test_every_setting_of_every_service_has_plain_words() -> None:
    """A type without words would end a service with a traceback."""
    for kind in (ApiSettings, RendererSettings, ScraperSettings):
        for hint in get_type_hints(kind, include_extras=True).values():
            assert expectation(hint)


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("SPLITFLAP_RATE_LIMT", "; did you mean SPLITFLAP_RATE_LIMIT?"),
        ("SPLITFLAP_SCRAPER_DENY_NET", "; did you mean SPLITFLAP_SCRAPER_DENY_NETS?"),
        ("SPLITFLAP_BROKER", "; did you mean SPLITFLAP_BROKER_URL?"),
        ("SPLITFLAP_VOLLEYBALL", " has no effect"),
    ],
)
def test_an_unknown_setting_gets_a_suggestion(name: str, end: str) -> None:
    """A name without a similar one gets none."""
    (sentence,) = unknown_settings({name: "x", "OTHER": "y"}, "SPLITFLAP_")
    assert sentence.startswith(f"{name} is no setting of Splitflap")
    assert sentence.endswith(end)


@pytest.mark.parametrize(
    "name", ["DATABASE_URL", "PROCESSES", "SCRAPE_ROBOTS", "KEY", "URL", "VHOST", "SCRAPER_USER"]
)
def test_a_setting_of_any_part_is_known(name: str) -> None:
    """One file of variables serves all services, the commands and the broker's definitions."""
    assert unknown_settings({f"SPLITFLAP_{name}": "x", "SPLITFLAP_EMPTY": ""}, "SPLITFLAP_") == []


def test_one_message_names_all_wrong_settings() -> None:
    """One start shows all of them."""
    with pytest.raises(BadSettings) as wrong:
        load(Example, {"SPLITFLAP_PROCESSES": "0", "SPLITFLAP_RATIO": "2"})
    assert str(wrong.value).count("SPLITFLAP_") == 2
    assert "Processes." in str(wrong.value)


def test_the_log_hides_secrets() -> None:
    """Secrets are keys, and passwords in URLs."""
    settings = Example(bootstrap_key="k3y", broker_url="amqp://user:s3cret@host/v")
    shown = masked(settings)
    assert shown["bootstrap_key"] == "***"
    assert shown["broker_url"] == "amqp://user:***@host/v"
    assert shown["processes"] == 2
    assert "s3cret" not in str(shown)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("amqp://host:5672/v", "amqp://host:5672/v"),
        ("amqp://user@host/v", "amqp://user@host/v"),
        ("amqp://:s3cret@host", "amqp://:***@host"),
        ("amqp://user:s3cr@et@host/v", "amqp://user:***@host/v"),
        ("amqp://user:s3#cret@host/v", "amqp://user:***@host/v"),
        ("amqp://user:s3/cret?@[::1]:1/v", "amqp://user:***@[::1]:1/v"),
        (
            "postgresql://host/db?user=u&password=s3cret&x=1",
            "postgresql://host/db?user=u&password=***&x=1",
        ),
        ("sqlite:///data/x.db", "sqlite:///data/x.db"),
    ],
)
def test_passwords_in_urls_are_masked(url: str, shown: str) -> None:
    """Invalid URLs are masked too, because the log shows them."""
    assert mask_url(url) == shown


def test_each_setting_has_a_documentation_row() -> None:
    """The row has the default and the description."""
    rows = {row.name: row for row in describe(Example)}
    assert rows["SPLITFLAP_PROCESSES"].default == "2"
    assert rows["SPLITFLAP_PROCESSES"].doc == "Processes."
    assert rows["SPLITFLAP_BOOTSTRAP_KEY"].default == ""
    assert rows["SPLITFLAP_COLD"].default == "false"
    assert all(row.doc for row in rows.values())


def test_networks_are_parsed_from_a_list() -> None:
    """Commas or spaces separate networks of IPv4 and IPv6."""
    assert [str(each) for each in networks("10.0.0.0/8, ::1/128 192.0.2.1", "NETS")] == [
        "10.0.0.0/8",
        "::1/128",
        "192.0.2.1/32",
    ]
    assert networks("", "NETS") == ()
    with pytest.raises(BadSettings, match=r"SPLITFLAP_NETS: .*10\.0\.0\.1/8"):
        networks("10.0.0.1/8", "NETS")


def test_broker_user_and_password_are_escaped_into_the_url() -> None:
    """The log hides the password."""
    environ = {"BROKER_URL": "amqp://host:5672/v", "BROKER_USER": "u@x", "BROKER_PASSWORD": "p/:@"}
    settings = load(CommonSettings, {f"SPLITFLAP_{name}": text for name, text in environ.items()})
    assert settings.broker == "amqp://u%40x:p%2F%3A%40@host:5672/v"
    assert "p/:@" not in str(masked(settings))


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"BROKER_URL": "amqp://a:b@h", "BROKER_USER": "u", "BROKER_PASSWORD": "p"}, "a user too"),
        ({"BROKER_URL": "amqp://h", "BROKER_USER": "u"}, "both or neither"),
    ],
)
def test_contradicting_broker_users_are_refused(environ: dict[str, str], message: str) -> None:
    """There is a user without a password, or there are two users."""
    with pytest.raises(BadSettings, match=message):
        load(CommonSettings, {f"SPLITFLAP_{name}": text for name, text in environ.items()})
