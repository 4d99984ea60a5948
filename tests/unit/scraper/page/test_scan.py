"""The pieces of a page, and the cost of hostile pages."""

import gc
import weakref
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splitflap_scraper.page.marks import MarkScanner
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.page.scan import PageScanner
from splitflap_scraper.page.vocabulary import (
    MARK_REACH,
    MAX_ALL,
    MAX_ALL_JSON,
    MAX_HITS,
    MAX_MARKED,
    MAX_PIECES,
    MAX_TAG,
    MAX_TEXT,
    Piece,
)

from tests.unit.scraper.page.hostile_pages import HOSTILE, hostile


def scanned(text: str, piece: int = 100_000) -> PageScanner:
    """Return a scanner after a text in pieces."""
    scanner = PageScanner()
    for at in range(0, max(len(text), 1), piece):
        if not scanner.done:
            scanner.feed(text[at : at + piece], final=at + piece >= len(text))
    return scanner


def tags(text: str, piece: int = 100_000) -> list[str]:
    """Return the kept tags with their texts."""
    return [each.tag + each.inner for each in scanned(text, piece).pieces]


@pytest.mark.parametrize("piece", [1, 3, 1000])
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("<meta a=b><LINK c>", ["<meta a=b>", "<LINK c>"]),
        ("<meta a='>' b=\">\">x", ["<meta a='>' b=\">\">"]),
        ('<meta a= "b>" c>', ['<meta a= "b>" c>']),
        ("<meta a=it's><meta b>", ["<meta a=it's>", "<meta b>"]),
        ('<meta "><meta b>', ['<meta ">', "<meta b>"]),
        ("<title>a <b> & <!-- c</title><meta d>", ["<title>a <b> & <!-- c", "<meta d>"]),
        ("<!-- <meta a> --><meta b>", ["<meta b>"]),
        ("<!--><meta b>", ["<meta b>"]),
        ("<!--x--!><meta b>", ["<meta b>"]),
        ("<script a='>'>'<meta a></head>'</SCRIPT ><meta b>", ["<meta b>"]),
        ("<style></head></style><meta b>", ["<meta b>"]),
        ("<scripty><meta b>", ["<meta b>"]),
        ("<noscript><img src=x></noscript><meta b>", ["<noscript><img src=x>", "<meta b>"]),
        ("<div><p><meta b>", ["<p><meta b>", "<meta b>"]),
        ("<metadata><meta b></metadata>", ["<meta b>"]),
        ("<meta a></head><meta b>", ["<meta a>", "<meta b>"]),
        ("<meta a><body class=x><meta b></html><meta c>", ["<meta a>", "<meta b>"]),
        ("<svg><title>a</title></svg><meta b>", ["<meta b>"]),
        ("<template><meta a></template><meta b>", ["<meta b>"]),
        ("<h1>a <b>b</b></h1><p>c<p>d</div>", ["<h1>a <b>b</b>", "<p>c", "<p>d"]),
        (
            "<script type='application/ld+json'>{}</script>",
            ["<script type='application/ld+json'>{}"],
        ),
        ("<i itemprop=a>b</i>", ["<i itemprop=a>b"]),
        ("<a href=x>b</a><a rel=author href=x>c</a>", ["<a rel=author href=x>c"]),
        ("itemprop <b>author</b>", []),
        ("<header><meta b>", ["<meta b>"]),
        ("<meta a", []),
        ("<meta/a/><base\thref=x>", ["<meta/a/>", "<base\thref=x>"]),
    ],
)
def test_the_relevant_tags_are_kept(text: str, kept: list[str], piece: int) -> None:
    """The result is the same for any pieces from the network."""
    assert tags(text, piece) == kept


def test_the_body_is_read_if_the_head_is_not_enough() -> None:
    """The scanner calls `is_enough` once, at the end of the head."""
    for end in ("</head>", "</HEAD >", "<body>", "<body class=x>"):
        calls: list[int] = []

        def is_enough(pieces: list[Piece], calls: list[int] = calls) -> bool:
            calls.append(len(pieces))
            return True

        scanner = PageScanner(is_enough=is_enough)
        scanner.feed(f"<meta a>{end}<meta b>", final=True)
        assert calls == [1]
        assert scanner.done
        assert len(scanner.pieces) == 1
    assert not scanned("<meta a><header></header>").in_body


def test_pieces_have_their_region() -> None:
    """Text beside the article has another region."""
    found = scanned("<body><nav><p>a</nav><main><p>b<aside><p>c</aside><p>d</main><p>e").pieces
    regions = [each.region & (PageRegion.ASIDE | PageRegion.ARTICLE) for each in found]
    assert regions == [
        PageRegion.ASIDE,
        PageRegion.ARTICLE,
        PageRegion.ARTICLE | PageRegion.ASIDE,
        PageRegion.ARTICLE,
        PageRegion.NONE,
    ]


def test_an_endless_title_is_cut() -> None:
    """Markup in a title counts as text."""
    found = tags("<title>" + "x<meta y>" * MAX_TAG)
    assert len(found) == 1
    assert len(found[0]) == len("<title>") + MAX_TAG


def test_a_tag_over_the_limit_is_skipped() -> None:
    """Later tags are found."""
    text = "<meta a='" + "x" * MAX_TAG * 2 + "'>" + " " * 1000 + "<meta b>"
    assert tags(text, 1000) == ["<meta b>"]


@pytest.mark.parametrize("piece", [1000, MAX_TAG, 10 * MAX_TAG])
@pytest.mark.parametrize("size", [MAX_TAG - 20, MAX_TAG, MAX_TAG * 2])
def test_the_end_of_a_long_tag_does_not_depend_on_the_pieces(size: int, piece: int) -> None:
    """Its text is skipped, and the text after it counts."""
    text = f"<body a='{'x' * size}'>{'Some words. ' * 9}<p b='{'y' * size}'>Words.<meta c>"
    assert scanned(text, piece).pieces == scanned(text, 1).pieces
    assert [each.name for each in scanned(text, piece).pieces] == ["text", "p", "meta"]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("piece", [1024, 16_384])
def test_the_pieces_of_hostile_pages_are_bounded(name: str, piece: int) -> None:
    """The limits hold for each kind, and in all."""
    pieces = scanned(hostile(name), piece).pieces
    for kind, most in MAX_PIECES.items():
        assert sum(each.name == kind and not each.mark for each in pieces) <= most
    assert sum(each.mark for each in pieces) <= MAX_MARKED
    assert sum(len(each.inner) for each in pieces if each.name == "script") <= MAX_ALL_JSON
    rest = [each for each in pieces if each.name != "script"]
    assert sum(len(each.tag + each.inner) for each in rest) <= MAX_ALL
    assert all(len(each.inner) <= max(MAX_TAG, MAX_TEXT) for each in rest)


FRAGMENTS = [
    *"<>='\"/! -ab\n", "<meta ", "<!--", "-->", "<title>", "</title>", "<script>", "</script>",
    "</head>", "<p>", "</p>", "<h1>", "<i itemprop=a>", "<main>",
    "<i itemprop=b itemscope>", "</i>", "<article itemScope>", "</article>", "<body>",
    "<noscript>", "<svg>", "<ul>", "</ul>", "<li itemscope>", "<li>", "<p itemscope>", "</div>",
]  # fmt: skip


@pytest.mark.parametrize("piece", [1, 1000])
@pytest.mark.parametrize(
    "text",
    [
        ("<i itemprop=a>b</i>" + "x" * 50) * MAX_MARKED,
        "< itemprop= " * (MAX_HITS - 1) + "<i itemprop=a>b</i>",
        f"<i itemprop=a class='{'b ' * 850}'>b</i>" * 3,
    ],
    ids=["many marks", "many words", "long tags"],
)
def test_each_mark_counts_once(text: str, piece: int) -> None:
    """Small pieces cause repeated scans of the same text."""
    assert scanned(text, piece).pieces == scanned(text).pieces != []


def test_marks_are_scanned_in_large_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step has some thousand characters."""
    scans = 0
    scan = MarkScanner.scan

    def counted(*args: Any, **kwargs: Any) -> int:
        nonlocal scans
        scans += 1
        return scan(*args, **kwargs)

    monkeypatch.setattr(MarkScanner, "scan", counted)
    scanned("< itemprop= " * 1000, 1)
    assert scans <= 12_000 / MARK_REACH + 1


@settings(deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join))
def test_the_pieces_of_the_network_make_no_difference(text: str) -> None:
    """Tags and items are the same."""
    assert scanned(text, 1).pieces == scanned(text).pieces


def test_a_page_has_no_reference_cycles() -> None:
    """So its memory is free at once, and each page costs the garbage collector nothing."""
    gc.disable()
    try:
        scanner = PageScanner()
        scanner.feed("<title>A</title><body><div>Some words</div><p>More", final=True)
        left = weakref.ref(scanner)
        del scanner
        assert left() is None
    finally:
        gc.enable()
