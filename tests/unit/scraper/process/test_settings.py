"""The scraper's settings."""

import pytest
from splitflap_core.settings import BadSettings, load
from splitflap_scraper.process.settings import ScraperSettings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONCURRENCY", "0"),
        ("SCRAPER_ALLOW_NETS", "10.0.0.1/8"),
        ("SCRAPER_CA_FILE", "/nonexistent.pem"),
        ("USER_AGENT", "a\r\nCookie: b"),
        ("SCRAPE_DEADLINE", "600"),
    ],
)
def test_wrong_settings(name: str, value: str) -> None:
    """Each is refused at the start, by its name."""
    with pytest.raises(BadSettings, match=f"SPLITFLAP_{name}"):
        load(ScraperSettings, {f"SPLITFLAP_{name}": value})


def test_settings() -> None:
    """What tests and intranets need."""
    settings = load(ScraperSettings, {"SPLITFLAP_SCRAPER_ALLOW_NETS": "10.0.0.0/8 ::1/128"})
    assert [str(network) for network in settings.allowed] == ["10.0.0.0/8", "::1/128"]
    assert settings.concurrency == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [("DENY_NETS", "10.0.0.1/8"), ("ALLOW_HOSTS", "a..b"), ("DENY_HOSTS", "-%"), ("PORTS", "http")],
)
def test_wrong_lists(name: str, value: str) -> None:
    """Each is refused at the start, by its name."""
    with pytest.raises(BadSettings, match=f"SPLITFLAP_SCRAPER_{name}"):
        load(ScraperSettings, {f"SPLITFLAP_SCRAPER_{name}": value})
