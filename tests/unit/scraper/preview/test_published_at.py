"""The dates of whole pages."""

import pytest

from tests.unit.scraper.preview.documents import of
from tests.unit.scraper.preview.shapes import Shape, shapes


@pytest.mark.parametrize("shape", shapes("dated_pages", "date"), ids=lambda shape: shape.name)
def test_a_page_has_the_date_that_a_reader_sees(shape: Shape) -> None:
    """A day without a time is its first second."""
    expected = shape.expected
    if expected is not None and "T" not in expected:
        expected = f"{expected}T00:00:00Z"
    assert shape.fields().published_at == expected


@pytest.mark.parametrize("name", [
    "publishdate", "article:publish_date", "og:pubdate", "originalPublicationDate",
    "cXenseParse:recs:publishtime", "first-published-at", "dcsext.articleFirstPublished",
    "datePublished", "music:release_date", "citation_publication_date", "published",
])  # fmt: skip
def test_many_names_of_metas_say_the_time_of_publication(name: str) -> None:
    """Each publishing system has its own."""
    assert of(f"<title>T</title><meta name={name} content=2024-03-05>").published_at is not None


@pytest.mark.parametrize("name", [
    "lastPublishDate", "last-published-at", "article:publisher", "revision_date", "expires",
])  # fmt: skip
def test_other_names_of_metas_do_not(name: str) -> None:
    """The last publication is a change."""
    assert of(f"<title>T</title><meta name={name} content=2024-03-05>").published_at is None
