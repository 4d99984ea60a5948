"""The scraper's settings."""

import re

import pytest
from splitflap_core.settings import BadSettings, load
from splitflap_scraper.process.settings import ScraperSettings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONCURRENCY", "0"),
        ("SCRAPER_ALLOW_NETS", "10.0.0.1/8"),
        ("SCRAPER_NAT64", "64:ff9b::/95"),
        ("SCRAPER_NAT64", "10.0.0.0/32"),
        ("SCRAPER_CA_FILE", "/nonexistent.pem"),
        ("USER_AGENT", "a\r\nCookie: b"),
        ("SCRAPE_DEADLINE", "600"),
        ("USER_AGENT", " "),
        ("USER_AGENT", "(bot)"),
        ("USER_AGENT", "bot\n"),
        ("SCRAPER_CONTACT", "https://a.example\n"),
        ("SCRAPE_DEADLINE", "0.0000001"),
        ("SCRAPE_HOST_RATE", "1e-300"),
        ("SCRAPER_PORTS", "0"),
        ("SCRAPER_PORTS", "80, 99999"),
        ("SCRAPER_PORTS", "9" * 5000),
        ("SCRAPER_PORTS", "22"),
        ("SCRAPER_PORTS", "٨٠"),
    ],
)
def test_an_invalid_setting_is_refused_by_name(name: str, value: str) -> None:
    """The message names the variable."""
    with pytest.raises(BadSettings, match=f"SPLITFLAP_{name}"):
        load(ScraperSettings, {f"SPLITFLAP_{name}": value})


def test_networks_are_parsed() -> None:
    """Commas and spaces separate them."""
    settings = load(ScraperSettings, {"SPLITFLAP_SCRAPER_ALLOW_NETS": "10.0.0.0/8 ::1/128"})
    assert [str(network) for network in settings.address_rules.allowed] == ["10.0.0.0/8", "::1/128"]
    assert settings.concurrency == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [("DENY_NETS", "10.0.0.1/8"), ("ALLOW_HOSTS", "a..b"), ("DENY_HOSTS", "-%"), ("PORTS", "http")],
)
def test_an_invalid_list_is_refused_by_name(name: str, value: str) -> None:
    """The message names the variable."""
    with pytest.raises(BadSettings, match=f"SPLITFLAP_SCRAPER_{name}"):
        load(ScraperSettings, {f"SPLITFLAP_SCRAPER_{name}": value})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "SCRAPE_PLAYERS",
            "default, https://a.example/",
            "'https://a.example/': not a host name",
        ),
        ("SCRAPE_PLAYERS", "x", "'x/': no URL of a preview begins so"),
        ("SCRAPE_PLAYERS", "127.0.0.1", "'127.0.0.1/': no URL"),
        ("SCRAPE_PLAYERS", "a.example/../x", "'a.example/../x': no URL"),
        ("SCRAPE_PLAYERS", "a.example/x#y", "'a.example/x#y': no URL"),
        (
            "SCRAPER_DENY_HOSTS",
            "b.example, http://a.example",
            "'http://a.example': not a host name",
        ),
        ("SCRAPER_DENY_HOSTS", "a.example:80", "'a.example:80': a host with a port"),
    ],
)
def test_an_entry_without_effect_is_refused_as_it_stands(
    name: str, value: str, message: str
) -> None:
    """The message has the entry."""
    with pytest.raises(BadSettings, match=re.escape(message)):
        load(ScraperSettings, {f"SPLITFLAP_{name}": value})


def test_spare_commas_are_no_entries() -> None:
    """Templates write them."""
    environ = {"SPLITFLAP_SCRAPE_PLAYERS": ",a.example,,", "SPLITFLAP_SCRAPER_PORTS": "80,,443,"}
    settings = load(ScraperSettings, environ)
    assert settings.players.prefixes == ("a.example/",)
    assert settings.allow_list.only_ports == {80, 443}
