"""The marks of walls."""

import pytest
from splitflap_scraper.preview.walls import MARKS, marks_in


@pytest.mark.parametrize("mark", MARKS)
def test_every_mark_of_a_wall_is_found(mark: str) -> None:
    """The position of the mark makes no difference."""
    assert mark in marks_in(f"<p>a{mark}b</p>")
    assert marks_in("<p>a page about capture and pass words</p>") == set()
