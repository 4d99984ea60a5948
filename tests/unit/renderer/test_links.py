"""The links that get a preview."""

import re

import pytest
from splitflap_core.contracts import FLAVOURS, MAX_LINKS, MAX_URL, Flavour
from splitflap_renderer.markdown.bare_links import without_trailing

from tests.support.undirected import render


def test_links_are_listed_in_reading_order_each_once() -> None:
    """The text has links of all kinds, in a heading, a table, a list and a footnote."""
    text = """# https://1.example
[two](https://2.example/x_y_z "title") and *https://3.example* [four][r] https://1.example[^n]

| a |
|---|
| https://5.example |

- https://6.example

[r]: https://4.example/?a=1&b=2
[^n]: https://7.example
"""
    assert render(text).links == [
        "https://1.example",
        "https://2.example/x_y_z",
        "https://3.example",
        "https://4.example/?a=1&b=2",
        "https://5.example",
        "https://6.example",
        "https://7.example",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "`https://x.example`",
        "``[a](https://x.example)``",
        "```\nhttps://x.example\n```",
        "```python\n# https://x.example\n```",
        "    https://x.example",
        "- a\n\n    ```\n    https://x.example\n    ```",
        "<code>https://x.example</code>",
        "<pre>\nhttps://x.example\n</pre>",
    ],
)
def test_code_has_no_links(text: str) -> None:
    """Neither the HTML nor the list has a link."""
    result = render(text)
    assert result.links == []
    assert "<a" not in result.html


def test_a_url_in_angle_brackets_is_a_link_without_preview() -> None:
    """The same URL written bare is listed."""
    result = render("<https://x.example/a>")
    assert '<a href="https://x.example/a"' in result.html
    assert result.links == []
    assert "data-" not in result.html
    assert render("<https://x.example/a> https://x.example/a").links == ["https://x.example/a"]


@pytest.mark.parametrize(
    "text",
    [
        "![i](https://x.example/i.png)",
        "[m](mailto:a@x.example)",
        "[f](ftp://x.example)",
        "[r](/relative)",
        "[p](//x.example)",
        "[j](javascript:alert(1))",
        "https://",
        "[no host](https:///path)",
        "[bad](https://[::1)",
        '<a href="https://x.example">raw</a>',
        "xhttps://x.example",
    ],
)
def test_other_urls_are_not_listed(text: str) -> None:
    """Examples are images, other schemes, raw HTML and malformed URLs."""
    assert render(text).links == []


def test_a_link_around_an_image_is_listed() -> None:
    """The image's URL is left out."""
    assert render("[![i](https://i.example/i.png)](https://x.example)").links == [
        "https://x.example"
    ]


def test_the_length_of_a_url_counts_in_bytes() -> None:
    """The database's index is limited in bytes."""
    fits, long = ("https://x.example/" + "\u00fc" * n for n in (900, 1000))
    assert render(f"{fits} {long}").links == [fits]


def test_the_list_of_links_is_bounded() -> None:
    """The list has MAX_LINKS of MAX_URL bytes at most. The HTML keeps all links."""
    long = "https://long.example/" + "x" * MAX_URL
    result = render(" ".join([long, *(f"https://{n}.example" for n in range(MAX_LINKS + 5))]))
    assert result.links == [f"https://{n}.example" for n in range(MAX_LINKS)]
    assert result.html.count("<a ") == MAX_LINKS + 6


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://x.example.", "https://x.example"),
        ("https://x.example/a?b=c!?", "https://x.example/a?b=c"),
        ("https://x.example/a_(b)", "https://x.example/a_(b)"),
        ("https://x.example/a)),", "https://x.example/a"),
        ('https://x.example/"', "https://x.example/"),
        ("https://x.example/a**", "https://x.example/a"),
        ("https://x.example]", "https://x.example"),
    ],
)
def test_punctuation_after_a_url_is_not_part_of_it(written: str, url: str) -> None:
    """The ends of a sentence, an emphasis or a bracket stay outside."""
    assert without_trailing(written) == url


def test_entities_in_a_listed_url_are_decoded() -> None:
    """Only complete entities are decoded, as in a browser."""
    assert render("[a](https://x.example/?a=1&amp;b=2&copy=3)").links == [
        "https://x.example/?a=1&b=2&copy=3"
    ]


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://134744072/a", "http://8.8.8.8/a"),
        ("http://0x8.8.2056/a", "http://8.8.8.8/a"),
        ("http://8.8.8.8./a", "http://8.8.8.8/a"),
        ("HTTPS://X.example:443/A?b#c", "https://x.example/A?b#c"),
        ("https://X.example/@ann", "https://x.example/@ann"),
        ("http://[::0:1]:80/", "http://[::1]/"),
        ("https://x.example", "https://x.example"),
    ],
)
def test_a_link_has_one_form_in_the_html_and_in_the_list(
    url: str, key: str, flavour: Flavour
) -> None:
    """So a page can put the preview beside its link."""
    result = render(f"[a]({url}) and {url} here", flavour)
    assert result.links == [key]
    assert set(re.findall('href="([^"]*)"', result.html)) == {key}


def test_all_spellings_of_a_host_are_one_link() -> None:
    """Each text has one preview of a page."""
    hosts = ["8.8.8.8", "134744072", "0x08080808", "010.8.8.8", "8.526344", "8.8.8.8:80"]
    assert render(" ".join(f"http://{host}/a" for host in hosts)).links == ["http://8.8.8.8/a"]


def test_credentials_stay_in_the_html_alone() -> None:
    """A stored preview has none, and the link is the author's."""
    result = render("[a](https://user:secret@X.example/)")
    assert result.links == ["https://x.example/"]
    assert 'href="https://user:secret@x.example/"' in result.html


@pytest.mark.parametrize("url", ["http://256.1.1.1/", "http://a..example/", "http://1.2.3.4.5/"])
def test_a_link_without_a_valid_host_has_no_preview(url: str) -> None:
    """Browsers refuse it too."""
    assert render(f"[a]({url})").links == []
