"""No word of a text is lost, whatever signs are around it. `make fuzz` tries more texts."""

import pytest
from hypothesis import given, settings
from hypothesis.strategies import booleans
from splitflap_core.contracts import FLAVOURS, Flavour

from .mixed_signs import MIXED_SIGNS, check_beginning, check_line_breaks, check_words

both = pytest.mark.parametrize("flavour", FLAVOURS)


@both
@settings(max_examples=300, deadline=None)
@given(text=MIXED_SIGNS, breaks=booleans())
def test_each_word_is_in_the_html_once_and_in_order(
    text: str, flavour: Flavour, breaks: bool
) -> None:
    """With and without line breaks."""
    check_words(text, flavour, breaks=breaks)


@both
@settings(max_examples=200, deadline=None)
@given(text=MIXED_SIGNS)
def test_line_breaks_change_no_character(text: str, flavour: Flavour) -> None:
    """They change no link either."""
    check_line_breaks(text, flavour)


@both
@settings(max_examples=300, deadline=None)
@given(text=MIXED_SIGNS, breaks=booleans())
def test_the_excerpt_is_the_beginning_of_the_visible_text(
    text: str, flavour: Flavour, breaks: bool
) -> None:
    """A longer text ends with `…`."""
    check_beginning(text, flavour, breaks=breaks)
