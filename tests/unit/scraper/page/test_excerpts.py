"""The excerpts of a page: the markup around headings, and of elements with an author or a date."""

import pytest
from splitflap_scraper.page.layout.excerpts import (
    AFTER,
    BEFORE,
    MAX_HEADINGS,
    MAX_MARKED_EXCERPTS,
    WITHIN,
)
from splitflap_scraper.page.scan import PageScanner

from .hostile_pages import HOSTILE, hostile


def excerpts(text: str, piece: int = 16_384) -> list[tuple[str, str]]:
    """Scan a page in pieces, and return the names and markup of its excerpts."""
    scanner = PageScanner()
    for at in range(0, len(text), piece):
        scanner.feed(text[at : at + piece], final=at + piece >= len(text))
    return [(each.name, each.inner) for each in scanner.excerpts]


@pytest.mark.parametrize("name", HOSTILE)
def test_the_excerpts_of_hostile_pages_are_bounded(name: str) -> None:
    """Their number and their size are."""
    found = excerpts(hostile(name)[: 256 * 1024])
    limits = {"before": BEFORE, "after": AFTER, "excerpt": WITHIN, "body tag": 0}
    assert all(len(markup) <= limits[each] for each, markup in found)
    assert sum(each == "after" for each, _ in found) <= MAX_HEADINGS
    assert sum(each == "excerpt" for each, _ in found) <= MAX_MARKED_EXCERPTS


def test_an_excerpt_continues_through_other_pieces() -> None:
    """Images and paragraphs end other pieces, but not a byline."""
    page = "<body><h1>a</h1><div class=byline><img src=a><p>By Ann</p></div>"
    found = dict(excerpts(page))
    assert found["excerpt"] == "<div class=byline><img src=a><p>By Ann</p></div>"
    assert found["after"].startswith("<h1>a</h1><div class=byline>")


def test_an_excerpt_leaves_menus_and_asides_out() -> None:
    """Their dates and names are of other pages."""
    page = "<body><h1>a</h1><nav><b>b</b></nav><aside><p>c</aside><p>d"
    assert dict(excerpts(page))["after"] == "<h1>a</h1></nav><p>d"


@pytest.mark.parametrize("piece", [1, 7, 50])
def test_excerpts_do_not_depend_on_the_pieces_of_the_network(piece: int) -> None:
    """A page may arrive in any pieces."""
    page = (
        "<body><nav>x</nav><i>y</i><h1 id=a>A</h1><div class=meta><span class=date>7 May</span>"
        "<b>By <i class=author>Ann</i></b></div><p class=date>z</p><footer>c</footer>"
    ) * 3
    assert excerpts(page, piece) == excerpts(page)
