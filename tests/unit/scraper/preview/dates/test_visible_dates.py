"""The dates of small pages, by the rules that find them."""

import pytest

from tests.unit.scraper.preview.shapes import Shape, shapes


@pytest.mark.parametrize(
    "shape", shapes("dates/visible_dates", "date"), ids=lambda shape: shape.name
)
def test_a_page_has_the_date_of_its_publication_or_none(shape: Shape) -> None:
    """Each group of the file is a rule. A day without a time is its first second."""
    expected = shape.expected
    if expected is not None and "T" not in expected:
        expected = f"{expected}T00:00:00Z"
    assert shape.fields().published_at == expected
