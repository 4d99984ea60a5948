"""The authors of whole pages."""

import pytest
from splitflap_scraper.preview.bylines.labels import LABELS, MAX_SEGMENTS, segments
from splitflap_scraper.preview.bylines.signs import may_have_author, may_have_date

from tests.unit.scraper.preview.shapes import Shape, shapes


@pytest.mark.parametrize("shape", shapes("bylined_pages", "author"), ids=lambda shape: shape.name)
def test_a_page_has_the_authors_that_a_reader_sees(shape: Shape) -> None:
    """All names count, in their order."""
    assert shape.fields().author == shape.expected


@pytest.mark.parametrize("label", LABELS)
def test_each_label_is_a_sign_of_an_author(label: str) -> None:
    """In any case, and after spaces. Elements may divide a label."""
    assert may_have_author(f"{label} Ann Lee")
    assert may_have_author(f"<h1>News</h1><p> {label.upper()} Ann Lee")
    assert may_have_author(f"<p>&nbsp;\n{'</b> <b>'.join(label.split())} Ann Lee")


@pytest.mark.parametrize(
    "markup",
    ["<a href=/author/ann>Ann</a>", "<b class=nickname>Ann</b>", "<p>9 points by <a href=/u>Ann",
     "<pre>News\nBy Ann Lee"],
)  # fmt: skip
def test_a_marked_element_is_a_sign_of_an_author(markup: str) -> None:
    """So is a link after a word for "by", and a row of a preformatted text."""
    assert may_have_author(markup)


@pytest.mark.parametrize(
    "markup",
    ["5 May 2024", "\u0665 \u0645\u0627\u064a\u0648 \u0662\u0660\u0662\u0664",
     "令和6年5月7日", "5/6/24", "<i data-date='5 May 24 10:11'>", "5 May &#50;024"],
)  # fmt: skip
def test_the_digits_of_a_year_or_a_time_are_a_sign_of_a_date(markup: str) -> None:
    """They may be in another script, or references."""
    assert may_have_date(markup)


def test_an_ordinary_text_has_no_sign() -> None:
    """Small numbers, and words for "by" within a sentence, are none."""
    markup = "<body><h1 id=top>9 ways</h1><p>Step by step, with 12 pictures by readers.</p>"
    assert not may_have_author(markup)
    assert not may_have_date(markup)


def test_few_segments_of_a_line_are_read() -> None:
    """Papers have a hundred authors, in elements of their own."""
    assert len(list(segments(["a | b"] * 1000, is_byline=True))) <= MAX_SEGMENTS + 2
