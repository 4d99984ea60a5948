"""Feeds as pages of their own: the channel, and not its first item."""

import json
from typing import Any

import pytest
from splitflap_core.contracts import PreviewFields
from splitflap_scraper.fetch.http.headers import Headers, media_type
from splitflap_scraper.fetch.http.reader import Head
from splitflap_scraper.preview.readers import FileReader, UnknownReader, reader_for

URL = "https://www.annlee.example/feed"


def of(feed: str | bytes, content_type: str = "application/rss+xml") -> PreviewFields | None:
    """Read a feed as the scraper does. None if it is a page."""
    kind, charset = media_type(content_type)
    reader = reader_for(Head(URL, 200, Headers(), kind, charset))
    assert reader is not None
    data = feed.encode() if isinstance(feed, str) else feed
    for at in range(0, len(data), 1000):
        if reader.feed(data[at : at + 1000], final=at + 1000 >= len(data)):
            break
    found = reader.reader if isinstance(reader, UnknownReader) else reader
    return found.fields() if isinstance(found, FileReader) else None


ITEM = (
    "<item><title>First post</title><link>https://www.annlee.example/1</link><description>Words"
    "</description><dc:creator>Bob</dc:creator><language>fr</language>"
    "<image><url>/first.png</url></image></item>"
)
RSS = f"""<?xml version="1.0" encoding="UTF-8"?><!-- generator="x" <b> -->
<?xml-stylesheet type="text/xsl" href="/feed.xsl"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>
<image><url>https://www.annlee.example/logo.png</url><title>Logo</title><link>/x</link></image>
<title>Ann Lee &amp;amp; friends</title>
<atom:link href="https://www.annlee.example/feed?x=1&amp;y=2" rel="self"/>
<link>https://www.annlee.example</link>
<description><![CDATA[<p>Notes &amp; more</p>]]></description>
<language>en-us</language><managingEditor>a@b.example (Ann Lee)</managingEditor>
<textInput><title>Search</title><description>Search here</description></textInput>
{ITEM}</channel></rss>"""


def test_rss_gives_the_fields_of_its_channel() -> None:
    """Neither the item, nor the picture, nor the form have a title for it."""
    assert of(RSS) == PreviewFields(
        title="Ann Lee & friends",
        description="Notes & more",
        image="https://www.annlee.example/logo.png",
        site_name="Ann Lee & friends",
        author="Ann Lee",
        language="en-US",
        type="website",
        canonical="https://www.annlee.example/feed?x=1&y=2",
    )


@pytest.mark.parametrize("content_type", ["text/html", "text/html; charset=utf-8", "text/xml"])
@pytest.mark.parametrize("before", ["", "<!-- a comment -->" * 40])
def test_a_feed_may_be_called_a_page(content_type: str, before: str) -> None:
    """Its first tag says what it is. Old servers send such feeds."""
    found = of(RSS.replace("<rss", f"{before}<rss", 1), content_type)
    assert found is not None
    assert found.title == "Ann Lee & friends"
    assert (
        of(f"{before}<!DOCTYPE html><html><title>A</title><p>&lt;rss> <rss>", content_type) is None
    )


def test_elements_of_a_feed_may_have_a_prefix() -> None:
    """That of Atom, or of RSS 1.0 in RDF."""
    atom = """<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>Olives</a:title><a:subtitle>All
        of them</a:subtitle><a:link rel="self" href="/f"/><a:entry><a:title>One</a:title>"""
    rdf = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:r="http://purl.org/rss/1.0/">
        <r:channel><r:title>Olives</r:title><r:description>All of them</r:description></r:channel>
        <r:item><r:title>One</r:title><r:description>No</r:description></r:item></rdf:RDF>"""
    for feed in (atom, rdf):
        found = of(feed, "application/xml")
        assert found is not None
        assert (found.title, found.description) == ("Olives", "All of them")


def test_a_channel_without_a_description_takes_none_from_its_first_item() -> None:
    """The same holds for each other field."""
    found = of(f"<rss><channel><title>Ann Lee</title>{ITEM}</channel></rss>")
    assert found == PreviewFields("Ann Lee", site_name="Ann Lee", type="website")


def test_atom_gives_the_fields_of_its_feed() -> None:
    """The author of the feed is not its title."""
    found = of(
        """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="pt-br">
        <author><name>Ana Sousa</name><title>Dr</title></author>
        <title type="html">Notas &amp;lt;b&amp;gt;da&amp;lt;/b&amp;gt; Ana</title>
        <subtitle>Tudo</subtitle><link href="/"/><link rel="self" href="/atom.xml"/>
        <icon>/icon.png</icon><logo>/logo.png</logo>
        <entry xml:lang="en"><title>One</title><subtitle>No</subtitle></entry></feed>""".replace(
            "&amp;lt;", "&lt;"
        ).replace("&amp;gt;", "&gt;"),
        "application/atom+xml",
    )
    assert found == PreviewFields(
        title="Notas da Ana",
        description="Tudo",
        image="https://www.annlee.example/logo.png",
        site_name="Notas da Ana",
        author="Ana Sousa",
        language="pt-BR",
        type="website",
        icon="https://www.annlee.example/icon.png",
        canonical="https://www.annlee.example/atom.xml",
    )


def test_rdf_gives_the_fields_of_its_channel() -> None:
    """Its picture stands beside the channel. Other RDF is no feed."""
    rdf = """<?xml version="1.0"?><rdf:RDF xmlns="http://purl.org/rss/1.0/">
        <channel rdf:about="/"><title>News</title><link>https://www.annlee.example/</link>
        <description>All news</description><dc:language>ja</dc:language>
        <image rdf:resource="/i.png"/><items><rdf:Seq/></items></channel>
        <image rdf:about="/i.png"><title>Picture</title><url>/i.png</url></image>
        <item><title>First</title></item></rdf:RDF>"""
    found = of(rdf, "application/rdf+xml")
    assert found is not None
    assert (found.title, found.description, found.language) == ("News", "All news", "ja")
    assert found.image == "https://www.annlee.example/i.png"
    assert of(rdf.replace("purl.org/rss", "a.example"), "application/rdf+xml") is None


FEED: dict[str, Any] = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Ann Lee",
    "home_page_url": "https://www.annlee.example/",
    "feed_url": "https://www.annlee.example/feed.json",
    "description": "Notes",
    "icon": "/icon-512.png",
    "favicon": "/favicon.ico",
    "language": "de",
    "authors": [{"name": "Ann"}],
    "items": [{"title": "First", "image": "/first.png", "language": "fr"}],
}


@pytest.mark.parametrize("content_type", ["application/feed+json", "application/json"])
def test_a_json_feed_gives_its_own_fields(content_type: str) -> None:
    """A long feed is cut within its items."""
    long = {**FEED, "items": [{"title": "x" * 100}] * 2000}
    for feed in (
        json.dumps(FEED),
        json.dumps(long).replace("/", "\\/"),
        json.dumps(FEED, indent=2),
    ):
        assert of(feed, content_type) == PreviewFields(
            title="Ann Lee",
            description="Notes",
            image="https://www.annlee.example/icon-512.png",
            site_name="Ann Lee",
            author="Ann",
            language="de",
            type="website",
            icon="https://www.annlee.example/favicon.ico",
            canonical="https://www.annlee.example/feed.json",
        )


def test_other_json_stays_a_text() -> None:
    """Its first words are its description."""
    found = of('{"title": "x"}', "application/json")
    assert found is not None
    assert (found.title, found.type) == ("feed", "text")


def test_a_podcast_gives_its_artwork_and_its_author() -> None:
    """The artwork beats the small picture of RSS."""
    found = of(
        RSS.replace(
            "<title>Ann",
            '<itunes:image href="/art.jpg"/><itunes:author>Bo</itunes:author><title>Ann',
        )
    )
    assert found is not None
    assert (found.image, found.author) == ("https://www.annlee.example/art.jpg", "Bo")


def test_a_small_picture_is_the_icon_of_a_feed() -> None:
    """WordPress gives its icon as a picture of 32 pixels."""
    found = of(RSS.replace("<link>/x</link>", "<link>/x</link><width>32</width>"))
    assert found is not None
    assert (found.image, found.icon) == (None, "https://www.annlee.example/logo.png")


@pytest.mark.parametrize(
    "content_type", ["text/xml", "application/xml; charset=utf-8", "text/plain"]
)
def test_a_feed_is_recognized_by_its_first_tag(content_type: str) -> None:
    """Servers send feeds as any XML, or as a text."""
    found = of(RSS, content_type)
    assert found is not None
    assert found.title == "Ann Lee & friends"


@pytest.mark.parametrize(
    "page",
    [
        '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><title>x</title></html>',
        '<?xml version="1.0"?><urlset><url><loc>/</loc></url></urlset>',
        "<!-- <rss> --><html></html>",
        "",
    ],
)
def test_other_xml_is_a_page(page: str) -> None:
    """XHTML has such a type too."""
    assert of(page or " ", "application/xml") is None


def test_a_feed_is_decoded_by_its_declaration() -> None:
    """The type of XML has no default."""
    feed = '<?xml version="1.0" encoding="iso-8859-2"?><rss><channel><title>Łódź</title></channel>'
    found = of(feed.encode("iso-8859-2"))
    assert found is not None
    assert found.title == "Łódź"


def test_the_site_of_a_feed_is_the_part_of_its_title_like_its_host() -> None:
    """A title of several parts without such a part names no site."""
    for title, site in [
        ("Ann Lee - Photos", "Ann Lee"),
        ("World - Photos", None),
        ("World RSS Feed", "World"),
        ("Latest news", None),
    ]:
        found = of(f"<rss><channel><title>{title}</title></channel></rss>")
        assert found is not None
        assert (found.title, found.site_name) == (title, site)


@pytest.mark.parametrize(
    "feed",
    [
        "<rss>",
        "<rss><channel><title>",
        "<rss><channel>" + "<image>" * 9000,
        "<rss>" + "<title " * 9000,
        "<rss>" + "<![CDATA[" * 7000,
        '{"version": "https://jsonfeed.org/version/1", "a": ' + "[" * 60_000,
        '{"version": "https://jsonfeed.org/version/1", ' + " " * 60_000,
        '{"version": "https://jsonfeed.org/version/1", "n": ' + "9" * 60_000,
    ],
)
def test_a_broken_feed_has_the_fields_before_the_break(feed: str) -> None:
    """None of them takes a time that grows faster than the feed."""
    found = of(feed, "application/feed+json" if feed.startswith("{") else "text/xml")
    assert found is not None
    assert (found.title, found.type) == (None, "website")
