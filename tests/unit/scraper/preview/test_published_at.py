"""The dates of whole pages."""

import pytest

from tests.unit.scraper.preview.shapes import Shape, shapes


@pytest.mark.parametrize("shape", shapes("dated_pages", "date"), ids=lambda shape: shape.name)
def test_a_page_has_the_date_that_a_reader_sees(shape: Shape) -> None:
    """A day without a time is its first second."""
    expected = shape.expected
    if expected is not None and "T" not in expected:
        expected = f"{expected}T00:00:00Z"
    assert shape.fields().published_at == expected
