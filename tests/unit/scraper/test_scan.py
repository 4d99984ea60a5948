"""The tags that are found in a head, and the time that hostile heads take."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splitflap_scraper.metadata import extract
from splitflap_scraper.scan import MAX_TAG, MAX_TAGS, HeadScanner

#: Characters of a page that are looked at by default.
PAGE = 512 * 1024


def scanned(text: str, piece: int = 100_000) -> HeadScanner:
    """A scanner that has seen a text, in pieces."""
    scanner = HeadScanner()
    for at in range(0, len(text), piece):
        if not scanner.done:
            scanner.feed(text[at : at + piece])
    return scanner


@pytest.mark.parametrize("piece", [1, 3, 1000])
@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("<meta a=b><LINK c>", ["<meta a=b>", "<LINK c>"]),
        ("<meta a='>' b=\">\">x", ["<meta a='>' b=\">\">"]),
        ('<meta a= "b>" c>', ['<meta a= "b>" c>']),
        ("<meta a=it's><meta b>", ["<meta a=it's>", "<meta b>"]),
        ('<meta "><meta b>', ['<meta ">', "<meta b>"]),
        ("<title>a <b> & <!-- c</title><meta d>", ["<title>a <b> & <!-- c</title>", "<meta d>"]),
        ("<!-- <meta a> --><meta b>", ["<meta b>"]),
        ("<!--><meta b>", ["<meta b>"]),
        ("<!--x--!><meta b>", ["<meta b>"]),
        ("<script a='>'>'<meta a></head>'</SCRIPT ><meta b>", ["<meta b>"]),
        ("<style></head></style><meta b>", ["<meta b>"]),
        ("<scripty><meta b>", ["<meta b>"]),
        ("<noscript><img src=x></noscript><meta b>", ["<meta b>"]),
        ("<div><p><meta b>", ["<meta b>"]),
        ("<metadata><meta b></metadata>", ["<meta b>"]),
        ("<meta a></head><meta b>", ["<meta a>"]),
        ("<meta a><body class=x><meta b>", ["<meta a>"]),
        ("<header><meta b>", ["<meta b>"]),
        ("<meta a", []),
        ("<meta/a/><base\thref=x>", ["<meta/a/>", "<base\thref=x>"]),
    ],
)
def test_tags(text: str, tags: list[str], piece: int) -> None:
    """The same in one piece and in many."""
    assert scanned(text, piece).tags == tags


def test_ends_of_the_head() -> None:
    """Nothing after the head is waited for."""
    for end in ("</head>", "</HEAD >", "<body>", "<body class=x"):
        assert scanned(f"<meta a>{end}").done
    assert not scanned("<meta a><header></header>").done


def test_a_title_without_end_is_cut() -> None:
    """A title is text up to a limit, and no markup."""
    tags = scanned("<title>" + "x<meta y>" * MAX_TAG).tags
    assert len(tags) == 1
    assert len(tags[0]) == MAX_TAG + len("</title>")


def test_a_tag_that_is_too_long_is_passed_over() -> None:
    """What follows it, in later pieces, is found."""
    text = "<meta a='" + "x" * MAX_TAG * 2 + "'>"
    scanner = scanned(text, 1000)
    scanner.feed("<meta b>")
    assert scanner.tags == ["<meta b>"]


HOSTILE = [
    "<",
    "<a>",
    "<meta property=og:title content=x>",
    "<style></style>",
    "<!---->",
    "<!--",
    "<script>",
    "</script",
    "<title>",
    '<meta a="',
    '<meta a="" ',
    "<meta " + "=" * 50,
    "<meta a=" + " " * 8000,
    "<meta a=\n\n",
    "<meta " + "\"'" * 400,
    "<b id=1>",
    "<p><table><b>",
    "<svg><title>",
    "<meta property=og:title content='" + "&amp;" * 1500 + "'>",
    "<link rel='" + "a " * 4000 + "'>",
]


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("piece", [1024, 16_384])
def test_hostile_heads_take_linear_time(unit: str, piece: int) -> None:
    """Half a MiB of anything takes some milliseconds: no heartbeat waits for it."""
    text = (unit * (PAGE // len(unit) + 1))[:PAGE]
    begin = time.process_time()
    scanner = scanned(text, piece)
    extract("".join(scanner.tags), "http://a.example/")
    assert time.process_time() - begin < 0.25
    assert len(scanner.tags) <= MAX_TAGS


@settings(deadline=None)
@given(st.lists(st.sampled_from([*"<>='\"/! -ab\n", "<meta ", "<!--", "-->", "<title>", "</title>",
    "<script>", "</script>", "</head>"]), max_size=40).map("".join))  # fmt: skip
def test_pieces_make_no_difference(text: str) -> None:
    """Wherever the network cuts a page, the tags are the same."""
    assert scanned(text, 1).tags == scanned(text).tags
