"""The authors of whole pages."""

import pytest

from tests.unit.scraper.preview.shapes import Shape, shapes


@pytest.mark.parametrize("shape", shapes("bylined_pages", "author"), ids=lambda shape: shape.name)
def test_a_page_has_the_authors_that_a_reader_sees(shape: Shape) -> None:
    """All names count, in their order."""
    assert shape.fields().author == shape.expected
