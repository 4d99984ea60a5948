"""Long pages: the parts that are scanned in full, in part, and not at all."""

import time
from itertools import count

import pytest
from splitflap_scraper.page import pace
from splitflap_scraper.page.pace import HEAVY
from splitflap_scraper.page.scan import PageScanner
from splitflap_scraper.page.vocabulary import MAX_FULL, MAX_LATE_TOKENS, MAX_SCANNED
from splitflap_scraper.preview.readers import PageReader

from tests.unit.scraper.page.hostile_pages import HOSTILE, hostile
from tests.unit.scraper.preview.documents import head_of, of, read

MIB = 1024 * 1024
LD = '<script type="application/ld+json">{"@type":"Article","author":{"name":"Ann Lee"}}</script>'
TEXT = "<div>some words of a text</div>\n"


def text(size: int, unit: str = TEXT) -> str:
    """Repeat a text up to a size in characters."""
    return unit * (size // len(unit))


@pytest.mark.parametrize(
    "unit",
    [TEXT, "<p>some words", "<li><a href=/x><img src=/y.png></a>", "words without tags ", "< < "],
    ids=["blocks", "paragraphs", "images", "words", "signs"],
)
def test_json_ld_at_the_end_of_a_long_page_is_found(unit: str) -> None:
    """Some programs write it before </body>."""
    page = f"<title>A title</title></head><body>{text(900 * 1024, unit)}{LD}</body></html>"
    assert of(page).author == "Ann Lee"


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("<script>", "</script>"),
        ("<style>", "</style>"),
        ("<!--", "-->"),
        ("<svg>", "</svg>"),
        ("<noscript></noscript><script type=application/json>", "</script>"),
    ],
)
def test_metas_after_a_script_of_3_mib_are_found(begin: str, end: str) -> None:
    """The state of an application may stand before the metas, also within many scripts."""
    script = begin + "x" * 30_000 + end
    page = f"<head>{text(3 * MIB, script)}<meta property=og:title content='A title'>"
    assert of(page).title == "A title"


def test_a_cut_script_of_json_ld_hides_no_metas() -> None:
    """The rest of the script is skipped."""
    script = '<script type="application/ld+json">{"a":"' + "x" * 3 * MIB + '"}</script>'
    assert of(f"<head>{script}<meta property=og:title content='A title'>").title == "A title"


def test_metas_at_the_end_of_a_long_page_are_found() -> None:
    """A server may send them last. Those of items belong to comments there."""
    metas = (
        "<meta name=description content='Late words'><meta itemprop=author name=author content=Bob>"
    )
    found = of(f"<title>A</title><body>{text(MAX_FULL + 10_000)}{metas}")
    assert (found.description, found.author) == ("Late words", None)


def test_texts_at_the_end_of_a_long_page_are_not_kept() -> None:
    """Those are comments."""
    scanner = PageScanner()
    late = "<h1>a</h1><p class=author>b</p><i itemprop=author>c</i><time>d</time><link rel=icon>"
    scanner.feed(f"<body>{text(MAX_FULL + 10_000)}{late}", final=True)
    assert not {each.name for each in scanner.pieces} & {"h1", "p", "i", "time", "link"}


def read_of(page: str) -> int:
    """Return the bytes that the reader took of an endless page."""
    reader, at, data = PageReader(head_of()), 0, page.encode()
    while not reader.feed(data[at : at + 16_384], final=False):
        at += 16_384
        assert at < len(data), "the reader wants more"
    return at


@pytest.mark.parametrize(
    ("unit", "most"),
    [
        (TEXT, MAX_SCANNED),
        ("<a>", MAX_SCANNED),
        ("word ", MAX_SCANNED),
        ("<script></script>", 600 * 1024),
        ("<!---->", 600 * 1024),
        ("<meta name=a content=b>", 600 * 1024),
    ],
)
def test_the_scanned_part_of_a_page_is_bounded(unit: str, most: int) -> None:
    """Text by its size, and small scripts by their number. One turn more may be read."""
    assert read_of(f"<body>{text(4 * MIB, unit)}") <= most + 64 * 1024 + 32_768


def test_the_scripts_of_a_long_page_are_bounded() -> None:
    """Each costs the search for its end."""
    scanner = PageScanner()
    scanner.feed(f"<body>{text(MAX_FULL + 100)}{'<script></script>' * MAX_LATE_TOKENS}")
    assert not scanner.done
    scanner.feed("<script></script>")
    assert scanner.done


def test_a_long_page_is_read_no_further_than_necessary() -> None:
    """Its fields may be complete before its last part."""
    head = "".join(
        f"<meta property=og:{name} content='Some words of the page'>"
        for name in ("title", "description", "image")
    )
    dated = LD.replace('"author"', '"datePublished":"2024-03-05","author"')
    begin = f"{head}</head><body>{dated}"
    assert read_of(begin + text(4 * MIB)) <= MAX_FULL + 32_768
    assert read_of(f"<body>{LD}" + text(4 * MIB)) > MAX_FULL + 32_768


@pytest.mark.parametrize("piece", [1000, 16_384, 10 * MIB])
def test_the_pieces_of_the_network_make_no_difference_in_a_long_page(piece: int) -> None:
    """The full scan ends at the same tag."""
    tags = "<p>{}</p><meta name=a><i itemprop=b>c</i>" + text(MAX_FULL // 10)
    page = "<body>" + "".join(tags.format(number) for number in range(15)) + LD
    whole = read(page.encode(), 10 * MIB).document()
    assert read(page.encode(), piece).document() == whole


@pytest.fixture(name="heavy")
def _heavy(monkeypatch: pytest.MonkeyPatch) -> PageReader:
    """The reader of a page that has taken long."""
    moments = count(0.0, HEAVY / 2)
    with monkeypatch.context() as patch:
        patch.setattr(time, "perf_counter", lambda: next(moments))
        reader = PageReader(head_of())
        reader.feed(b"<head>" + b" " * 9000, final=False)
    return reader


@pytest.mark.parametrize("name", HOSTILE)
def test_the_time_for_a_page_makes_no_difference_to_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that takes long is read in other steps, and up to the same character."""
    page = hostile(name)[: 256 * 1024].encode()
    quick = read(page, 16_384).document()
    monkeypatch.setattr(pace, "HEAVY", -1.0)
    assert read(page, 16_384).document() == quick


def test_a_page_that_takes_long_waits_for_turns_of_many_bytes(
    heavy: PageReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn for each piece from the network would be too late for the deadline of a preview."""
    yields: list[float] = []
    monkeypatch.setattr(time, "sleep", yields.append)
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    for _ in range(64):
        heavy.feed(b"x" * 16_384, final=False)
    assert len(yields) == 64 // 4


@pytest.mark.parametrize("is_whole", [True, False])
def test_the_last_bytes_of_a_page_that_takes_long_are_read(
    heavy: PageReader, *, is_whole: bool
) -> None:
    """Its server may end it early too."""
    heavy.feed(b"<title>A title</title>", final=False)
    if is_whole:
        heavy.feed(b"", final=True)
    assert heavy.found
    assert heavy.document().titles == ["A title"]
