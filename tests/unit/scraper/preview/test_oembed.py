"""oEmbed: its providers, the links to it, and its answers."""

import json
from typing import Any

import pytest
from splitflap_core.contracts import PreviewFields
from splitflap_core.urls.addresses import PUBLIC_ONLY
from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.preview.details.players import DEFAULT_PLAYERS
from splitflap_scraper.preview.oembed.answer import answer_of, merged
from splitflap_scraper.preview.oembed.providers import Providers, discovered, matches

from tests.unit.scraper.preview.documents import read


@pytest.mark.parametrize(
    ("scheme", "url", "expected"),
    [
        ("https://*.a.example/watch*", "https://www.a.example/watch?v=1", True),
        ("https://*.a.example/watch*", "http://www.a.example/watch", True),
        ("https://*.a.example/watch*", "https://a.example/watch", False),
        ("https://*.a.example/*", "https://b.example/x.a.example/", False),
        ("https://a.example/*/video/*", "https://a.example/u/video/1", True),
        ("https://a.example/*/video/*", "https://a.example/u/1", False),
        ("https://a.example/x", "https://a.example/x", True),
        ("https://a.example/x", "https://a.example/xy", False),
        ("https://a.example/*.json", "https://a.example/b.json", True),
    ],
)
def test_a_star_of_a_scheme_matches_any_text(scheme: str, url: str, expected: bool) -> None:
    """A star in the host matches only within the host."""
    assert matches(scheme, url) is expected


def test_providers_are_loaded_from_a_file() -> None:
    """An empty path means the built-in list."""
    known = Providers.load("")
    request = known.endpoint("https://www.youtube.com/watch?v=a&b")
    assert request == (
        "https://www.youtube.com/oembed"
        "?url=https%3A%2F%2Fwww.youtube.com%2Fwatch%3Fv%3Da%26b&format=json"
    )
    assert known.endpoint("https://a.example/") is None
    assert Providers.load("none").endpoints == ()
    with pytest.raises(OSError, match="nonexistent"):
        Providers.load("/nonexistent.json")


JSON_LINK = '<link rel="alternate" type="application/json+oembed" href="/json">'
XML_LINK = '<link rel="alternate" type="text/xml+oembed" href="/xml">'


@pytest.mark.parametrize(
    ("head", "link", "expected"),
    [
        (XML_LINK + JSON_LINK, "", "/json"),
        (XML_LINK, "", "/xml"),
        (XML_LINK, '</h>; rel="alternate"; type="application/json+oembed"', "/h"),
        (JSON_LINK, '</h>; rel="alternate"; type="application/json+oembed"', "/json"),
        ("", '</a>; rel=next, </h>; rel="alternate"; title="a, b"; type=text/xml+oembed', "/h"),
        ("", '<https://a.example/h?u=1,2>; type="application/json+oembed"', "/h?u=1,2"),
        ("", '</h>; rel="alternate"; type="text/html"', None),
        ("", '<javascript:x>; type="application/json+oembed"', None),
        ("", "<" * 5000, None),
    ],
)
def test_a_page_or_its_response_links_to_oembed(head: str, link: str, expected: str | None) -> None:
    """JSON beats XML, and the page beats its headers."""
    page = read(head.encode()).document()
    found = discovered(page, Headers([("Link", link)] if link else []))
    assert found == (f"https://a.example{expected}" if expected else None)


def of(answer: dict[str, Any] | str) -> PreviewFields:
    """Make a preview from an answer alone."""
    data = answer if isinstance(answer, str) else json.dumps(answer)
    parsed = answer_of(data.encode())
    assert parsed is not None
    return merged(PreviewFields(), parsed, DEFAULT_PLAYERS, PUBLIC_ONLY)


#: Answers about posts, in the forms of widespread microblogs.
POSTS = {
    "a paragraph, a name, and a date": (
        (
            '<blockquote class="t"><p lang="en" dir="ltr">just &amp; <a href="u">#x</a>'
            ' <a href="p">pic.twitter.com/AbC1</a></p>&mdash; ann (@ann) <a>March 21, 2006</a>'
            '</blockquote>\n<script async src="w.js" charset="utf-8"></script>'
        ),
        "just & #x",
    ),
    "line breaks and a picture": (
        (
            '<blockquote class="b-embed" data-uri="at://x"><p lang="en">One<br>two<br><br>'
            '<a href="i">[image or embed]</a></p>&mdash; Ann (<a href="a">@ann</a>)</blockquote>'
        ),
        "One two",
    ),
    "two paragraphs": ("<blockquote><p>One.</p><p class=x>Two.</p></blockquote>", "One. Two."),
    "a link to the post alone": (
        '<blockquote class="m-embed"><a href="p"><div>Post by @ann</div></a></blockquote>',
        None,
    ),
    "a frame": ('<iframe src="https://a.example/embed"></iframe>', None),
    "a paragraph that does not end": ("<blockquote><p>One", "One"),
    "thousands of paragraphs": ("<blockquote>" + "<p>" * 3000, None),
}


@pytest.mark.parametrize("name", POSTS)
def test_a_post_without_a_title_gives_its_author_and_words(name: str) -> None:
    """Its title stays unknown. The date and the name after the words are no words."""
    html, expected = POSTS[name]
    found = of({"type": "rich", "author_name": "Ann", "provider_name": "B", "html": html})
    assert (found.title, found.author, found.site_name) == (None, "Ann", "B")
    assert found.description == expected


def test_words_that_repeat_the_title_are_no_description() -> None:
    """Some sites give the caption as a title."""
    found = of({"title": "Hello you", "html": "<blockquote><p>Hello <b>you</b></p></blockquote>"})
    assert (found.title, found.description) == ("Hello you", None)


def test_an_answer_gives_a_picture_with_its_size_and_a_player() -> None:
    """The player is at a known place."""
    frame = '<iframe width="200" height="113" src="https://www.youtube.com/embed/x"></iframe>'
    answer = {
        "type": "video", "title": "T", "html": frame, "width": 480, "height": "270",
        "thumbnail_url": "https://i.example/t.jpg", "thumbnail_width": 640,
        "thumbnail_height": 360,
    }  # fmt: skip
    found = of(answer)
    assert (found.image, found.image_width, found.image_height) == (
        "https://i.example/t.jpg", 640, 360,
    )  # fmt: skip
    assert found.player == "https://www.youtube.com/embed/x"
    assert (found.player_width, found.player_height, found.type) == (480, 270, "video")
    assert found.card == "large"
    other = of({**answer, "html": frame.replace("www.youtube.com", "www.tube.example")})
    assert (other.player, other.player_width) == (None, None)
    photo = of({"type": "photo", "url": "https://i.example/p.jpg", "width": 9, "height": 8})
    assert (photo.image, photo.image_width, photo.type) == ("https://i.example/p.jpg", 9, "image")
    private = of({"type": "photo", "url": "http://10.0.0.1/p.jpg", "width": 9, "height": 8})
    assert (private.image, private.image_width) == (None, None)


def test_an_answer_may_be_xml() -> None:
    """Texts may be escaped, or in a CDATA section."""
    found = of(
        '<?xml version="1.0" encoding="utf-8"?>\n<oembed><type>video</type>'
        '<title lang="en">Beans &amp; rice</title>'
        "<author_name><![CDATA[Ann <Lee>]]></author_name>"
        "<html><![CDATA[<iframe src='https://player.vimeo.com/video/1'></iframe>]]></html>"
        "<width>640</width><thumbnail_url>https://i.example/t.jpg?a=1&amp;b=2</thumbnail_url>"
        "</oembed>"
    )
    assert (found.title, found.author, found.type) == ("Beans & rice", "Ann <Lee>", "video")
    assert (found.player, found.player_width) == ("https://player.vimeo.com/video/1", 640)
    assert found.image == "https://i.example/t.jpg?a=1&b=2"


@pytest.mark.parametrize(
    "data",
    ["", "[]", "{", "{}", "[" * 50_000, "<html><title>x</title></html>", "<oembed>",
     "<oembed>" + "<title><![CDATA[" * 4000],
)  # fmt: skip
def test_a_broken_answer_is_none(data: str) -> None:
    """A page of HTML is no answer either."""
    found = answer_of(data.encode())
    assert (
        found is None or merged(PreviewFields(), found, DEFAULT_PLAYERS, PUBLIC_ONLY).image is None
    )
