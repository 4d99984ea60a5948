"""The scraper's settings."""

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
        ("SCRAPE_PLAYERS", "default, https://video.example/"),
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
