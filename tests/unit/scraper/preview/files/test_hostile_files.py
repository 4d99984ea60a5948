"""Files, headers and answers that are made to take long, or to raise."""

import pytest
from splitflap_core.contracts import PreviewFields
from splitflap_core.urls.addresses import PUBLIC_ONLY
from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.preview.details.players import DEFAULT_PLAYERS
from splitflap_scraper.preview.files.file_preview import file_preview
from splitflap_scraper.preview.files.images import dimensions
from splitflap_scraper.preview.files.kinds import MAX_BYTES
from splitflap_scraper.preview.files.pdf import pdf_information
from splitflap_scraper.preview.files.xml import MAX_TAGS
from splitflap_scraper.preview.oembed.answer import answer_of, merged
from splitflap_scraper.preview.oembed.providers import discovered

from tests.unit.scraper.fetch.hostile_headers import LINKS
from tests.unit.scraper.preview.documents import read
from tests.unit.scraper.preview.files.hostile_files import (
    ANSWERS,
    FILES,
    hostile_answer,
    hostile_file,
)

URL = "https://a.example/name"


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_has_a_preview(name: str) -> None:
    """Its fields may be missing."""
    kind, data = hostile_file(name, 16 * 1024)
    assert file_preview(kind, data[: MAX_BYTES[kind]], URL, Headers(), None).type


@pytest.mark.parametrize("name", ANSWERS)
def test_a_hostile_answer_keeps_the_fields_of_its_page(name: str) -> None:
    """An invalid value is no field."""
    answer = answer_of(hostile_answer(name, 16 * 1024))
    assert answer is not None
    found = merged(PreviewFields("A", description="b"), answer, DEFAULT_PLAYERS, PUBLIC_ONLY)
    assert (found.title, found.description) == ("A", "b")


@pytest.mark.parametrize("name", LINKS)
def test_a_hostile_link_leads_nowhere(name: str) -> None:
    """A type within a quoted value is none."""
    begin, unit = LINKS[name]
    assert discovered(read(b"").document(), Headers([("Link", begin + unit * 500)])) is None


def test_a_character_reference_of_many_digits_stays() -> None:
    """Python refuses to convert so many digits."""
    digits = "9" * 5000
    feed = f'<rss><channel><title>&#{digits};</title><link>/a</link><image href="&#{digits}"/>'
    found = file_preview("feed", feed.encode(), URL, Headers(), None)
    assert (found.title or "").startswith("&#999")
    answer = answer_of(f"<oembed><title>&#{digits}</title><type>link</type></oembed>".encode())
    assert (answer or {})["title"].startswith("&#999")


def test_the_information_of_a_pdf_is_read_within_bounds() -> None:
    """Strings, and the distance between the tags of XMP, are bounded."""
    title = (
        rb"/Producer(x)/Title(\101(b\)\(\
c)"
        + b"d" * 5000
    )
    found = pdf_information(title)["Title"]
    assert found.startswith("A(b)(")
    assert len(found) < 2100
    xmp = b"<dc:title></dc:title>" + b" " * 500 + b"<dc:title><rdf:Alt><rdf:li>A</rdf:li>"
    assert pdf_information(xmp) == {"Title": "A"}
    assert pdf_information(b"<dc:title>" + b" " * 500 + b"<rdf:li>A</rdf:li>") == {}


def test_the_segments_of_a_jpeg_are_bounded() -> None:
    """A photograph has up to a hundred before its size."""
    size = b"\xff\xc0\0\x11\x08\0\2\0\3\0\0\0\0"
    assert dimensions(b"\xff\xd8" + b"\xff\xe0\0\2" * 300 + size) == (3, 2)
    assert dimensions(b"\xff\xd8" + b"\xff\xe0\0\2" * 2000 + size) is None


def test_the_links_of_a_feed_are_bounded() -> None:
    """The first ones count."""
    links = "<link rel=other href=/b>" * (MAX_TAGS - 1)
    own = '<link rel="self" href="https://a.example/own"/>'
    feed = f"<feed>{links}{own}".encode()
    assert file_preview("feed", feed, URL, Headers(), None).canonical == "https://a.example/own"
    feed = f"<feed>{links}<link>{own}".encode()
    assert file_preview("feed", feed, URL, Headers(), None).canonical is None
