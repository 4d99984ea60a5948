"""The header fields of requests, also for single hosts."""

import json
from pathlib import Path
from typing import Any

import pytest
from splitflap_core.settings import BadSettings, load
from splitflap_scraper.fetch.request_fields import MAX_FIELDS, MAX_HOSTS, HostFields, RequestFields
from splitflap_scraper.fetch.targets.urls import target_of
from splitflap_scraper.process.settings import ScraperSettings

SECRET = "s3cret"
TOKEN = {"Authorization": SECRET, "User-Agent": "Special/1"}


def lines(url: str, fields: dict[str, Any], cookies: str = "") -> list[str]:
    """Return the header lines of a request."""
    sent = RequestFields("Our/1 (bot)", "en", HostFields(fields))
    return sent.lines(target_of(url), cookies).split("\r\n")


@pytest.mark.parametrize(
    ("key", "url", "agent", "has_secret"),
    [
        ("example.com", "https://example.com/", True, True),
        ("EXAMPLE.com.", "https://example.com/", True, True),
        ("example.com", "http://example.com/", True, False),
        ("example.com", "https://example.com:8443/", True, False),
        ("example.com", "https://www.example.com/", False, False),
        ("example.com", "https://badexample.com/", False, False),
        ("example.com", "https://example.com.evil.org/", False, False),
        ("*.example.com", "https://a.b.example.com/", True, True),
        ("*.example.com", "https://example.com/", False, False),
        ("http://wiki.internal:8080", "http://wiki.internal:8080/x", True, True),
        ("http://wiki.internal:8080", "http://wiki.internal/", False, False),
        ("http://wiki.internal:8080", "https://wiki.internal:8080/", False, False),
        ("127.0.0.1", "https://127.0.0.1/", True, True),
        ("*.0.0.1", "https://127.0.0.1/", False, False),
    ],
)
def test_a_field_goes_only_to_its_host(key: str, url: str, agent: bool, has_secret: bool) -> None:
    """A secret needs https, or an origin of its own."""
    said = lines(url, {key: TOKEN})
    assert ("User-Agent: Special/1" in said) is agent
    assert ("User-Agent: Our/1 (bot)" in said) is not agent
    assert (f"Authorization: {SECRET}" in said) is has_secret


def test_the_closest_key_counts() -> None:
    """Its fields replace those of all others."""
    fields = {
        key: {"User-Agent": f"For/{number}"}
        for number, key in enumerate(
            ["*.com", "*.example.com", "a.example.com", "https://a.example.com"]
        )
    }
    for url, number in [
        ("https://a.example.com/", 3),
        ("http://a.example.com/", 2),
        ("https://b.example.com/", 1),
        ("https://example.com/", 0),
    ]:
        assert f"User-Agent: For/{number}" in lines(url, fields)


def test_a_fixed_cookie_stands_beside_those_of_the_visit() -> None:
    """Some sites want a consent that no page can give."""
    assert "Cookie: SOCS=1; a=b" in lines(
        "https://x.example/", {"x.example": {"Cookie": "SOCS=1"}}, "a=b"
    )
    assert "Cookie: a=b" in lines("https://y.example/", {"x.example": {"Cookie": "SOCS=1"}}, "a=b")


@pytest.mark.parametrize(
    "fields",
    [
        {"a b": {}},
        {"": {}},
        {"*": {}},
        {"https://a.example/path": {}},
        {"https://u:p@a.example": {}},
        {"ftp://a.example": {}},
        {"a.example": {"Host": SECRET}},
        {"a.example": {"content-LENGTH": SECRET}},
        {"a.example": {"If-None-Match": SECRET}},
        {"a.example": {"Proxy-Authorization": SECRET}},
        {"a.example": {"A b": SECRET}},
        {"a.example": {"A": SECRET + "\r\nB: c"}},
        {"a.example": {"A": SECRET + "é"}},
        {"a.example": {"A": SECRET + " "}},
        {"a.example": {"A": SECRET * 1000}},
        {"a.example": {f"A{number}": SECRET for number in range(MAX_FIELDS + 1)}},
        {f"a{number}.example": {} for number in range(MAX_HOSTS + 1)},
        {"a.example": {"A": SECRET}, "A.EXAMPLE": {"A": SECRET}},
        {"*.a.example": {"A": SECRET}, "*.A.example.": {"A": SECRET}},
        {"http://a.example": {"A": SECRET}, "http://a.example:80/": {"A": SECRET}},
        {"a.example": SECRET},
        [SECRET],
    ],
)
def test_invalid_fields_stop_the_start_without_their_values(fields: Any, tmp_path: Path) -> None:
    """The message is for the log."""
    file = tmp_path / "headers.json"
    file.write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(BadSettings, match="SPLITFLAP_SCRAPER_HOST_HEADERS") as error:
        load(ScraperSettings, {"SPLITFLAP_SCRAPER_HOST_HEADERS": str(file)})
    assert SECRET not in str(error.value)


def test_an_unreadable_file_stops_the_start(tmp_path: Path) -> None:
    """So does one that is too large."""
    large = tmp_path / "large.json"
    large.write_text(" " * 300_000, encoding="utf-8")
    for path in (tmp_path / "none.json", large):
        with pytest.raises(BadSettings, match="SPLITFLAP_SCRAPER_HOST_HEADERS"):
            load(ScraperSettings, {"SPLITFLAP_SCRAPER_HOST_HEADERS": str(path)})


def test_no_text_of_the_configuration_has_a_field(tmp_path: Path) -> None:
    """Logs may hold any of these texts."""
    file = tmp_path / "headers.json"
    file.write_text(json.dumps({"a.example": TOKEN}), encoding="utf-8")
    settings = load(ScraperSettings, {"SPLITFLAP_SCRAPER_HOST_HEADERS": str(file)})
    for each in (settings, settings.host_fields, settings.fetch_config()):
        assert SECRET not in f"{each!r} {each}"


@pytest.mark.parametrize(
    ("said", "header"),
    [
        ("", "en, *;q=0.1"),
        ("de", "de, *;q=0.1"),
        ("pt-BR, pt  en", "pt-BR, pt;q=0.9, en;q=0.8, *;q=0.1"),
    ],
)
def test_the_languages_are_those_of_the_setting(said: str, header: str) -> None:
    """The last one allows all others, since some servers refuse without it."""
    settings = load(ScraperSettings, {"SPLITFLAP_SCRAPER_LANGUAGES": said})
    assert settings.accept_language == header


@pytest.mark.parametrize("said", ["x", "de;q=1", "en_US", ",".join(["en"] * 10), ","])
def test_invalid_languages_stop_the_start(said: str) -> None:
    """The message names the variable."""
    with pytest.raises(BadSettings, match="SPLITFLAP_SCRAPER_LANGUAGES"):
        load(ScraperSettings, {"SPLITFLAP_SCRAPER_LANGUAGES": said})


def test_the_default_user_agent_is_a_bot_with_a_url() -> None:
    """Some sites give their metadata only to such an agent."""
    agent = load(ScraperSettings, {}).agent
    assert "bot" in agent.lower()
    assert "(+https://" in agent
    assert agent.startswith("Splitflap/")
