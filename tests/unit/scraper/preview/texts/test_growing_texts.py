"""Texts that grow when they are compared."""

import pytest
from splitflap_scraper.preview.dates.calendar_names import fold
from splitflap_scraper.preview.texts import MAX_NORMALIZED, key, normalized

from tests.unit.scraper.page.hostile_texts import GROWING


@pytest.mark.parametrize("unit", [*GROWING.values(), "\ufdfb", "\u3316", "\u33ae", "\u337f"])
def test_a_text_grows_to_four_times_its_length_at_most(unit: str) -> None:
    """U+FDFA alone would become 18 characters."""
    text = unit * 100
    assert len(normalized(text)) <= 4 * len(text)
    assert len(key(text)) <= 4 * len(text)
    assert len(fold(text)) <= 4 * len(text)


def test_a_long_text_is_cut_before_it_is_normalized() -> None:
    """To reorder its marks would take quadratic time."""
    assert len(normalized("a\u0301\u0327" * MAX_NORMALIZED)) <= MAX_NORMALIZED


def test_other_forms_of_a_letter_are_equal() -> None:
    """As in full-width letters, ligatures, and Roman numerals."""
    assert key("\uff21\ufb01\u2163") == key("afiIV")
