"""The regions of a page: what is hidden, beside the text, or the text itself."""

import pytest
from splitflap_scraper.page.layout.blocks import MAX_OPEN, MAX_TEXTS, RegionTracker
from splitflap_scraper.page.layout.elements import region_of, visible
from splitflap_scraper.page.regions import PageRegion

from tests.unit.scraper.page.test_scan import scanned

_SHOWN = PageRegion.ASIDE | PageRegion.HIDDEN | PageRegion.NOTE


def around(markup: str) -> int:
    """Return the region of the first image in the article, or of the first heading."""
    found = scanned(f"<body>{markup}").pieces
    return next(each.region for each in found if each.name == "h1") & _SHOWN


@pytest.mark.parametrize(
    "tag",
    [
        "<p hidden>",
        "<p hidden=until-found class=x>",
        "<p aria-hidden='true'>",
        "<p style='color:red; display: none'>",
        '<p style="visibility:hidden">',
        "<p style='position:absolute;left:-9999px'>",
        "<p class=sr-only>",
        "<p class='a visually-hidden'>",
        "<p class='govuk-visually-hidden'>",
        "<p class='screen-reader-text'>",
        "<p class='element-invisible'>",
        "<p class=d-none>",
        "<p class=hidden>",
        "<p class='cdk_visually-hidden'>",
    ],
)
def test_an_element_is_hidden_by_attribute_style_or_class(tag: str) -> None:
    """A hidden element is beside the text too, for all fields."""
    assert region_of("p", tag) & _SHOWN == PageRegion.HIDDEN | PageRegion.ASIDE


@pytest.mark.parametrize(
    "tag",
    [
        "<p>",
        "<p data-hidden=1>",
        "<p title=' hidden '>",
        "<p aria-hidden=false>",
        "<p class='hidden md:block'>",
        "<p class='d-none d-lg-block'>",
        "<p class='lg:hidden'>",
        "<div class='overflow-hidden'>",
        "<div class='hidden-gems'>",
        "<div class='page-newsletter node-type-alert'>",
        "<div class='content-sidebar-wrap'>",
        "<div class='has-sidebar no-alert'>",
        "<div class='textnote-body'>",
        "<div class='widget Blog'>",
        "<div class='field field--label-visually_hidden'>",
        "<div class='columns right-sidebar'>",
        "<div class='newsletter-content'>",
        "<body class='sidebar newsletter'>",
        "<article class='post comments newsletter'>",
    ],
)
def test_similar_attributes_hide_nothing(tag: str) -> None:
    """A class may show an element on wide screens, or tell about the whole page."""
    name = tag[1:].split(maxsplit=1)[0].strip(">")
    assert region_of(name, tag) & _SHOWN == PageRegion.NONE


@pytest.mark.parametrize(
    ("markup", "region"),
    [
        ("<div hidden><div><h1>", PageRegion.HIDDEN | PageRegion.ASIDE),
        ("<div hidden><div></div></div><h1>", PageRegion.NONE),
        ("<div hidden></section><div></div><h1>", PageRegion.HIDDEN | PageRegion.ASIDE),
        ("<section><div class=menu></section><h1>", PageRegion.NONE),
        ("<table><tr><td class=sidebar><div><td><h1>", PageRegion.NONE),
        ("<div class=menu><table><td></div><h1>", PageRegion.ASIDE),
        ("<div class=menu><table><td></table></div><h1>", PageRegion.NONE),
        ("<nav><div></nav><h1>", PageRegion.NONE),
        ("<div class='sidebar'><h1>", PageRegion.ASIDE),
        ("<div id=secondary><h1>", PageRegion.ASIDE),
        ("<div role=navigation><h1>", PageRegion.ASIDE),
        ("<div class='site-alert__box'><h1>", PageRegion.NOTE),
        ("<form class='newsletter-form'><h1>", PageRegion.NOTE),
        ("<div title='<div hidden>'><h1>", PageRegion.NONE),
        ("<div title='a>b' hidden><h1>", PageRegion.HIDDEN | PageRegion.ASIDE),
        ("<div>" * (MAX_OPEN + 5) + "</div>" * (MAX_OPEN + 4) + "<h1>", PageRegion.NONE),
    ],
)
def test_a_region_ends_with_its_element(markup: str, region: int) -> None:
    """End tags may be missing, superfluous or in the wrong order, as in a browser."""
    assert around(markup) == region


def test_the_depth_of_blocks_is_bounded() -> None:
    """Deeper ones are counted, so the end of the first one is found."""
    tracker = RegionTracker()
    for _ in range(MAX_OPEN * 5):
        tracker.tag("div", "<div hidden>")
    assert len(tracker.open) == MAX_OPEN
    for _ in range(MAX_OPEN * 5):
        tracker.tag("/div", "</div>")
    assert tracker.here == PageRegion.NONE


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_texts_outside_of_paragraphs_are_pieces(piece: int) -> None:
    """Such a text ends at a block or at two line breaks. It is the same for any pieces."""
    markup = (
        "<body><div>A text of <b>some</b> length, in the first line<br>and the second<br> <br>"
        "Another text, which follows on two line breaks, and ends.<ul><li>short</ul>"
        "<p>A paragraph of <a>some length</a>, which is a piece of its own.</p>"
        "<nav>A text beside the page's own text is not kept at all.</nav>"
        "<td title='a>b'>A cell of a table, in which the last text stands."
    )
    kept = [each.inner.strip() for each in scanned(markup, piece).pieces if each.name == "text"]
    assert kept == [
        "A text of <b>some</b> length, in the first line and the second",
        "Another text, which follows on two line breaks, and ends.",
        "A cell of a table, in which the last text stands.",
    ]


def test_the_number_of_texts_is_bounded() -> None:
    """A paragraph counts as a text too."""
    text = "<div>" + "a text of some length " * 3
    assert len(scanned(text * 100).pieces) == MAX_TEXTS
    mixed = scanned(("<p>x</p>" + text) * 100).pieces
    assert sum(each.name == "text" for each in mixed) == MAX_TEXTS / 2


@pytest.mark.parametrize(
    ("markup", "seen"),
    [
        ("a <b>b</b> c", "a <b>b</b> c"),
        ("a<span class=sr-only>b<span>c</span></span>d", "ad"),
        ("a<span hidden>b", "a"),
        ("a<img aria-hidden=true>b", "a<img aria-hidden=true>b"),
        ("a<a aria-hidden='true' href='#x'>#</a>", "a"),
        ("<i hidden>a</i>b<I hidden>c</I>d", "bd"),
    ],
)
def test_hidden_parts_of_a_text_are_removed(markup: str, seen: str) -> None:
    """They are for screen readers or scripts."""
    assert visible(markup) == seen
