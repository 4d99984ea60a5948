"""Rules of robots.txt by RFC 9309."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from splitflap_scraper.fetch.politeness.robots import parse, product_of


def allows(text: str | bytes, path: str, product: str = "splitflap") -> bool:
    """Whether a file allows a path."""
    data = text.encode() if isinstance(text, str) else text
    return parse(data, product).allow(path)


def lines(*rules: str) -> str:
    """Make a file with rules for all agents."""
    return "\n".join(["User-agent: *", *rules])


@pytest.mark.parametrize(
    ("rules", "path", "expected"),
    [
        ([], "/x", True),
        (["Disallow:"], "/x", True),
        (["Disallow: /"], "/x", False),
        (["Disallow: /"], "/robots.txt", True),
        (["disallow:/x"], "/x/y?z", False),
        (["Disallow: /x"], "/X", True),
        (["Disallow: /x"], "/y", True),
        (["Disallow: /x/", "Allow: /x/y"], "/x/y", True),
        (["Allow: /x/y", "Disallow: /x/"], "/x/z", False),
        (["Disallow: /x", "Allow: /x"], "/x", True),
        (["Allow: /x", "Disallow: /x"], "/x", True),
        (["Disallow: /*.gif$"], "/a/b.gif", False),
        (["Disallow: /*.gif$"], "/a/b.gif?c", True),
        (["Disallow: /*.gif"], "/a/b.gif?c", False),
        (["Disallow: /x$"], "/x", False),
        (["Disallow: /x$"], "/xy", True),
        (["Disallow: /a*a$"], "/a", True),
        (["Disallow: /a*a$"], "/aa", False),
        (["Disallow: *"], "/x", False),
        (["Disallow: /*/*/c"], "/a/b/c", False),
        (["Disallow: /*?"], "/a?b", False),
        (["Disallow: x"], "/x", False),
        (["Disallow: /x # why"], "/x", False),
        (["Disallow: /%7ejoe"], "/~joe", False),
        (["Disallow: /~joe"], "/%7Ejoe", False),
        (["Disallow: /a%2fb"], "/a%2Fb", False),
        (["Disallow: /a%2fb"], "/a/b", True),
        (["Disallow: /ツ"], "/%E3%83%84", False),
        (["Disallow: /%E3%83%84"], "/%e3%83%84", False),
        (["Disallow: /" + "x" * 3000], "/" + "x" * 3000, True),
    ],
)
def test_the_longest_matching_rule_decides(rules: list[str], path: str, expected: bool) -> None:
    """Allow beats Disallow."""
    assert allows(lines(*rules), path) is expected


GROUPS = """\
\ufeffUser-agent: Other
Disallow: /other

Sitemap: https://a.test/map

User-agent: SPLITFLAP/2.0
Crawl-delay: 5
User-agent: third
Disallow: /ours
User-agent: *
Disallow: /
User-Agent: splitflap
Disallow: /too
"""


@pytest.mark.parametrize(
    ("path", "product", "expected"),
    [
        ("/ours", "splitflap", False),
        ("/too", "splitflap", False),
        ("/other", "splitflap", True),
        ("/ours", "third", False),
        ("/too", "third", True),
        ("/other", "other", False),
        ("/ours", "other", True),
        ("/x", "fourth", False),
        ("/x", "split", False),
    ],
)
def test_groups_of_our_name_override_those_for_all(path: str, product: str, expected: bool) -> None:
    """Several agents may share one group."""
    assert allows(GROUPS, path, product) is expected


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_each_line_end_is_read(ends: str) -> None:
    """Lines may end with LF, CR and LF, or CR."""
    assert not allows(lines("Disallow: /x").replace("\n", ends), "/x")


def test_a_page_instead_of_the_file_allows_everything() -> None:
    """An HTML page has no rule."""
    assert allows(b"<html>\n<p>Disallow: /</html>\xff\xfe\x00", "/x")


def test_our_name_is_the_first_product() -> None:
    """The version does not count."""
    assert product_of("Splitflap/0.1 (link preview bot)") == "splitflap"
    assert product_of("Mozilla/5.0 (compatible; Our-Bot/1.0; +https://a.example)") == "our-bot"
    assert product_of("Mozilla/5.0 (X11; Linux x86_64)") == "mozilla"
    assert product_of("my-bot_2") == "my-bot_"
    assert product_of("(x)") == ""


@pytest.mark.parametrize(
    "text",
    [
        lines("Disallow: /" + "a*" * 900 + "b"),
        lines(*["Disallow: /" + "a*" * 50 + "b"] * 4000),
        lines(*[f"Disallow: /{n}" for n in range(100_000)]),
        "User-agent: a\n" * 40_000,
        "\n" * 600_000,
        "#" * 600_000,
        "Disallow: /" + "%41" * 150_000,
        lines(*["Disallow: /" + "\u30c4" * 600] * 300),
    ],
)
def test_a_hostile_file_blocks_no_other_thread(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stars in the rules do not multiply the cost."""
    gaps, last = [0.0], time.process_time()

    def slept(_seconds: float) -> None:
        nonlocal last
        now = time.process_time()
        gaps.append(now - last)
        last = now

    monkeypatch.setattr("splitflap_scraper.fetch.politeness.robots.time.sleep", slept)
    last = time.process_time()
    rules = parse(text.encode(), "splitflap")
    slept(0)
    rules.allow("/" + "a" * 8000)
    slept(0)
    assert max(gaps) < 0.1
    assert rules.weight < 16 * 1024 * 1024


def test_a_step_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step has fewer lines if they are long."""
    sleeps: list[float] = []
    monkeypatch.setattr("splitflap_scraper.fetch.politeness.robots.time.sleep", sleeps.append)
    parse(lines(*["Disallow: /" + "a" * 1900] * 250).encode(), "splitflap")
    assert len(sleeps) > 45


def test_the_first_ten_thousand_rules_are_kept() -> None:
    """The limit holds for each group."""
    many = [f"Disallow: /{number}" for number in range(15_000)]
    text = "\n".join(["User-agent: *", *many, "User-agent: splitflap", *many])
    rules = parse(text.encode(), "splitflap")
    assert len(rules.rules) == 10_000
    assert not rules.allow("/9999")
    assert not allows(text, "/9999", "other")
    assert allows(text, "/x", "other")


@given(st.binary(max_size=300), st.text(max_size=50))
def test_any_file_is_read(data: bytes, path: str) -> None:
    """No input raises an exception."""
    parse(b"User-agent: *\nDisallow: " + data, "splitflap").allow("/" + path)
