"""The parts that make fields of what a page says."""

import pytest
from splitflap_scraper.page.markup import attributes, text_of, unescaped
from splitflap_scraper.preview.fields.dates import rfc3339
from splitflap_scraper.preview.fields.language import spoken, tag
from splitflap_scraper.preview.fields.site_name import MAX_LABELS, feed_name, is_of_host, site_in
from splitflap_scraper.preview.fields.title_text import without_sections, without_site
from splitflap_scraper.preview.files.images import dimensions
from splitflap_scraper.preview.files.pdf import pdf_information
from splitflap_scraper.preview.structured.jsonld import Graph, kind
from splitflap_scraper.preview.walls import MARKS, marks_in


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-01T10:00:00+02:00", "2024-05-01T08:00:00Z"),
        ("2024-05-01T10:00:00.123-0700", "2024-05-01T17:00:00Z"),
        ("2024-05-01 10:00", "2024-05-01T10:00:00Z"),
        ("20240501T101112Z", "2024-05-01T10:11:12Z"),
        ("2024-05-01", "2024-05-01T00:00:00Z"),
        ("2024/5/1", "2024-05-01T00:00:00Z"),
        ("1714557600", "2024-05-01T10:00:00Z"),
        ("1714557600000", "2024-05-01T10:00:00Z"),
        ("Wed, 01 May 2024 10:00:00 GMT", "2024-05-01T10:00:00Z"),
        ("May 1, 2024", "2024-05-01T00:00:00Z"),
        ("1st May 2024", "2024-05-01T00:00:00Z"),
        ("1. Mai 2024", "2024-05-01T00:00:00Z"),
        ("1 de mayo de 2024", "2024-05-01T00:00:00Z"),
        ("2024年5月1日", "2024-05-01T00:00:00Z"),
        ("01.05.2024, 10:00 Uhr", "2024-05-01T00:00:00Z"),
        ("1 мая 2024", "2024-05-01T00:00:00Z"),
        ("1 maja 2024 r.", "2024-05-01T00:00:00Z"),
        ("1 May\u0131s 2024", "2024-05-01T00:00:00Z"),
        ("01/05/2024", None),
        ("13.13.2024", None),
        ("1723-01-02", "1723-01-02T00:00:00Z"),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2024-13-01", None),
        ("2024", None),
        ("yesterday", None),
        ("9" * 5000, None),
        ("", None),
    ],
)
def test_times(text: str, moment: str | None) -> None:
    """All the ways in which pages write them; a year alone is no time."""
    assert rfc3339(text) == moment


@pytest.mark.parametrize(
    ("text", "expected"),
    [("en", "en"), ("en_GB", "en-GB"), ("PT-br", "pt-BR"), ("zh-hans-cn", "zh-Hans-CN"),
     ("es-419", "es-419"), ("jp", "ja"), ("english", None), ("", None), ("x-default", None),
     ("und", None), ("de-DE-1996", "de-DE")],
)  # fmt: skip
def test_languages(text: str, expected: str | None) -> None:
    """BCP 47, in the usual case, without what no preview needs."""
    assert tag(text) == expected


def test_english_is_what_templates_say() -> None:
    """Another language that is named besides is believed."""
    assert spoken("en", ["de_DE"]) == "de-DE"
    assert spoken("de", ["en_US"]) == "de"
    assert spoken("en-GB", ["en_US"]) == "en-GB"
    assert spoken(None, ["fr_FR"]) == "fr-FR"


def test_attributes() -> None:
    """By lower-case name, the first of each; quoted or not."""
    found = attributes("<meta A=1 b='2 3' c=\"4\" d A=5 e = f/>")
    assert found == {"a": "1", "b": "2 3", "c": "4", "d": "", "e": "f/"}
    assert len(attributes("<a " + " ".join(f"a{n}" for n in range(500)) + ">")) == 100


def test_references() -> None:
    """In query strings most of them are none."""
    assert unescaped("?a=1&copy=2&amp;b=3&reg") == "?a=1&copy=2&b=3\u00ae"
    assert unescaped("&#9999999999999; &#x41; &#65") == "&#9999999999999; A A"


def test_text() -> None:
    """Inline tags part no words, blocks do, and notes are no text."""
    markup = "a<b>b</b><p>c<script>d</script><sup class=reference>[1]</sup> e<sup>2</sup>"
    assert " ".join(text_of(markup).split()) == "ab c e2"


@pytest.mark.parametrize(
    ("title", "name", "expected"),
    [
        ("A tale | Site", "Site", "A tale"),
        ("A tale - SITE", "Site", "A tale"),
        ("Site: A tale", "Site", "A tale"),
        ("Site", "Site", "Site"),
        ("A tale of Site", "Site", "A tale of Site"),
        ("Sitecom | A tale", "Site", "Sitecom | A tale"),
        ("\u3010Site\u3011A tale", "Site", "A tale"),
        ("[Site] A tale", "Site", "A tale"),
        ("~a/tale - Site", "Site", "~a/tale"),
    ],
)
def test_sites_are_cut_from_titles(title: str, name: str, expected: str) -> None:
    """At its end or begin, and only behind a separator."""
    assert without_site(title, [name]) == expected


def test_sites_in_titles() -> None:
    """By the host's name, or beside the page's own heading; nothing else is taken for one."""
    assert site_in("A tale | The Daily Post", "https://dailypost.example/", []) == "The Daily Post"
    assert site_in("A tale | Other", "https://x.example/", ["A tale"]) == "Other"
    assert site_in("A tale | Part two", "https://x.example/", []) is None
    assert site_in("Ten - Eleven", "https://news.example/", ["Ten - Eleven"]) is None
    assert site_in("A tale | Le Phare | Culture", "https://lephare.example/", []) == "Le Phare"
    assert site_in("A longer tale: Joe | Other", "https://x.example/", ["A longer tale"]) == "Other"


def test_what_a_page_is_names_no_site() -> None:
    """Where its title says so beside its heading."""
    assert site_in("Knots - Guide", "https://x.example/", ["Knots"]) is None
    assert site_in("A longer tale: Joe | Review", "https://x.example/", ["A longer tale"]) is None


@pytest.mark.parametrize(
    ("name", "host"),
    [("Ak\u015fam Vapuru", "aksamvapuru"), ("M\u00fchlstadt", "muehlstadt"),
     ("Mar\u0131n\u00e9", "marine"), ("The Post", "post")],
)  # fmt: skip
def test_names_of_hosts(name: str, host: str) -> None:
    """Hosts mostly have no accents."""
    assert is_of_host(name, f"https://www.{host}.example/")
    assert not is_of_host(name, "https://www.other.example/")


def test_labels_of_hosts_are_bounded() -> None:
    """The last of them are compared; a host may have 126."""
    assert is_of_host("Acme", "https://acme." + "a." * (MAX_LABELS - 1) + "example/")
    assert not is_of_host("Acme", "https://acme." + "a." * MAX_LABELS + "example/")


def test_sections_behind_the_site() -> None:
    """They are none of the page's title; what stands before the site is."""
    assert without_sections("A tale - Part 2 | Site | Culture", "site") == "A tale - Part 2"
    assert without_sections("Site | Culture | A tale", "Site") == "Site | Culture | A tale"
    assert without_sections("A tale | Sites | Culture", "Site") == "A tale | Sites | Culture"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Old Oak", "Old Oak"),
        ("Old Oak \u00bb Feed", "Old Oak"),
        ("Old Oak - RSS 2.0", "Old Oak"),
        ("RSS feed for Old Oak", "Old Oak"),
        ("Old Oak Atom feed", "Old Oak"),
        ("Old Oak \u00bb Comments Feed", None),
        ("RSS: all entries", None),
        ("RSS", None),
        ("Posts", None),
        ("x" * 200, None),
        ("", None),
    ],
)
def test_names_of_feeds(title: str, name: str | None) -> None:
    """Without the words for a feed; a feed that says nothing more names no site."""
    assert feed_name(title) == name


def test_graphs() -> None:
    """References are followed, the most telling node of the page is its main one."""
    graph = Graph(
        [
            (
                '{"@graph":[{"@type":"WebPage"},{"@type":"Person","@id":"#p","name":"P"},'
                '{"@type":["NewsArticle"],"author":[{"@id":"#p"},"Q",{"name":["R"]}],}]}'
            )
        ]
    )
    node = graph.main(["https://a.example/"])
    assert kind(node) == "article"
    assert graph.texts(node, "author") == ["P", "Q", "R"]
    assert Graph(["[" * 100_000, "nonsense", "", "null", "3"]).nodes == []


def test_numbers_of_json() -> None:
    """As they are written, however they are read."""
    graph = Graph(['{"@type":"Article","headline":1984,"name":1.5,"datePublished":1714557600}'])
    node = graph.main([])
    assert graph.texts(node, "headline") == ["1984"]
    assert graph.texts(node, "name") == ["1.5"]
    assert graph.texts(node, "datePublished") == ["1714557600"]


def test_json_that_is_cut_off_says_what_it_can() -> None:
    """The headline and the day stand at its begin."""
    graph = Graph(
        ['{"@type":"Article","headline":"A \\u00e9","author":{"@type":"P","name":"B"},"x":"']
    )
    node = graph.main([])
    assert graph.texts(node, "headline") == ["A \u00e9"]
    assert graph.texts(node, "author") == ["B"]


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (b"GIF89a\x02\x01\x03\x00", (258, 3)),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x01\x00\x02\x00", (512, 256)),
        (b"\xff\xd8\xff\xc4\x00\x04ab\xff\xd9", None),
        (b"RIFF....WEBPVP8X\x0a\0\0\0\0\0\0\0\x7f\x02\0\xdf\x01\0", (640, 480)),
        (b"RIFF....WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x80\x02\xe0\x01", (640, 480)),
        (b"BM" + bytes(16) + b"\x10\0\0\0\xf0\xff\xff\xff", (16, 16)),
        (b"....ftypavif" + b"ispe\0\0\0\0\0\0\0\x20\0\0\0\x10", (32, 16)),
        (b"<svg width='20' height='10px'>", (20, 10)),
        (b"<svg viewBox='0 0 30 40'>", (30, 40)),
        (b"\x89PNG\r\n\x1a\n", None),
        (b"\xff\xd8" + b"\xff" * 1000, None),
        (b"", None),
    ],
)
def test_dimensions(data: bytes, size: tuple[int, int] | None) -> None:
    """Of each format, by its begin; of a begin that is too short, none."""
    assert dimensions(data) == size


def test_pdf_information() -> None:
    """Of the dictionary of information, in each of its encodings, or of XMP."""
    text = b"%PDF-1.7 5 0 obj<</Title(Chapter 1)/Parent 4 0 R>>endobj "
    information = b"9 0 obj<</Producer(x)/Title<FEFF00410042>/Author(C\\051\\)(d))>>endobj"
    assert pdf_information(text + information) == {"Title": "AB", "Author": "C))(d)"}
    xmp = b"<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>\xc3\xa9</rdf:li>"
    assert pdf_information(b"%PDF-1.7" + xmp) == {"Title": "\u00e9"}
    assert pdf_information(b"%PDF" + b"/Producer" * 1000) == {}


@pytest.mark.parametrize("mark", MARKS)
def test_every_mark_of_a_wall_is_found(mark: str) -> None:
    """By itself, in the middle of a page."""
    assert mark in marks_in(f"<p>a{mark}b</p>")
    assert marks_in("<p>a page about capture and pass words</p>") == set()
