"""The work for a field is bounded, however many values a page has for it."""

import pytest
from splitflap_core.contracts import MAX_TITLE
from splitflap_core.urls import web_url
from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.preview.fields.canonical import MAX_TRIED
from splitflap_scraper.preview.fields.image import MAX_ICONS, MAX_PICTURES
from splitflap_scraper.preview.oembed import providers

from tests.unit.scraper.page.hostile_pages import HOSTILE, hostile
from tests.unit.scraper.preview.documents import of, read

BAD = "//a..example/{}"
GOOD = "http://b.example/g.png"

PLACES = {
    "canonical": ("<link rel=canonical href='{}'>", MAX_TRIED),
    "icon": ("<link rel=icon href='{}'>", MAX_ICONS),
    "image": ("<meta property=og:image content='{}'>", MAX_PICTURES),
}


@pytest.fixture(name="tried")
def _tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The references that were resolved."""
    tried: list[str] = []
    joined = web_url.joined

    def counted(base: str, reference: str) -> object:
        tried.append(reference)
        return joined(base, reference)

    monkeypatch.setattr("splitflap_scraper.page.document.joined", counted)
    return tried


@pytest.mark.parametrize("field", PLACES)
def test_few_urls_are_tried_for_a_field(tried: list[str], field: str) -> None:
    """A URL costs up to 0.1 ms."""
    template, most = PLACES[field]
    page = "".join(template.format(BAD.format(number)) for number in range(most + 20))
    assert getattr(of(page), field) is None
    assert len(tried) == most


@pytest.mark.parametrize("field", PLACES)
def test_a_valid_url_is_found_after_invalid_ones(field: str) -> None:
    """Pages have empty and broken values before the right one."""
    template, _ = PLACES[field]
    page = "".join(template.format(each) for each in (BAD, "data:,x", "http:", GOOD))
    assert getattr(of(page), field) == GOOD


def test_few_links_to_oembed_are_tried(tried: list[str]) -> None:
    """Real pages have one."""
    link = "<link type=application/json+oembed href='{}'>"
    page = "".join(link.format(BAD.format(number)) for number in range(50))
    assert providers.discovered(read(page.encode()).document(), Headers()) is None
    assert len(tried) == providers.MAX_TRIED


def test_a_reference_is_resolved_once(tried: list[str]) -> None:
    """A page names the same image in many places."""
    page = read(b"<base href=/b/><meta property=og:image content=c>").document()
    assert page.resolved("c") == page.resolved("c") == "https://a.example/b/c"
    assert tried == ["/b/", "c"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_gives_a_preview_with_little_work(tried: list[str], name: str) -> None:
    """A pattern that takes quadratic time makes this test take minutes."""
    of(hostile(name))
    assert len(tried) <= MAX_TRIED + MAX_ICONS + MAX_PICTURES + 160, "resolved URLs"


def test_the_texts_of_json_ld_are_bounded() -> None:
    """A script may be one text of 128 KiB."""
    text = '{"@type":"Article","headline":"' + "x" * 100_000 + '"}'
    assert len(of(f'<script type="application/ld+json">{text}</script>').title or "") == MAX_TITLE
