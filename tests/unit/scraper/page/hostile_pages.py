"""Pages that take long to read, a MiB each. `python -m benchmarks previews` measures them."""

from tests.unit.scraper.page.hostile_references import REFERENCES
from tests.unit.scraper.page.hostile_texts import TEXTS
from tests.unit.scraper.page.hostile_topics import TOPICS
from tests.unit.scraper.page.hostile_values import SCRIPTS, TAGS, hosts

#: Characters of each.
SIZE = 1024 * 1024

_LD = '<script type="application/ld+json">'

#: The start of a page, and the text repeated after it.
HOSTILE: dict[str, tuple[str, str]] = {
    "less-than signs": ("", "<"),
    "links": ("", "<a>"),
    "deep nesting": ("", "<div>"),
    "deep nesting of formatting": ("", "<b id=1>"),
    "tables in paragraphs": ("", "<p><table><b>"),
    "metas": ("", "<meta property=og:title content=x>"),
    "images": ("", "<meta property=og:image content=/a>"),
    "styles": ("", "<style></style>"),
    "comments": ("", "<!---->"),
    "open comments": ("", "<!--"),
    "scripts": ("", "<script>"),
    "ends of scripts": ("<script>", "</script"),
    "titles": ("", "<title>"),
    "paragraphs": ("<body>", "<p>"),
    "headings": ("<body>", "<h1>"),
    "headings with what is hidden": ("", "<h1>" + "<svg><button>" * 20),
    "open quotes": ("", '<meta a="'),
    "quotes": ("", '<meta a="" '),
    "equals signs": ("", "<meta " + "=" * 50),
    "spaces in tags": ("", "<meta a=" + " " * 8000),
    "line feeds in tags": ("", "<meta a=\n\n"),
    "mixed quotes": ("", "<meta " + "\"'" * 400),
    "a huge attribute": ("<meta property=og:title content='", "x"),
    "huge attributes": ("", "<meta property=og:title content='" + "&amp;" * 1500 + "'>"),
    "many attributes": ("", "<meta " + " ".join(f"a{n}=1" for n in range(1000)) + ">"),
    "many relations": ("", "<link rel='" + "a " * 4000 + "'>"),
    "many sources": ("<main>", "<img src=a srcset='" + "a, " * 2000 + "'>"),
    "titles of images": ("", "<svg><title>"),
    "microdata": ("", "<i itemprop=author itemscope>"),
    "items in items": ("<b itemtype=a itemscope>" * 149, "<b>"),
    "tags in items": ("<b itemtype=a itemscope>" * 10, "<a>"),
    "items and comments": ("<b itemtype=a itemscope>", "a< <!---->"),
    "many properties": ("", "<meta itemprop='" + "name " * 800 + "' itemscope>"),
    "addresses": (
        "",
        "<meta name=author content='" + "a.a" * 300 + " " * 300 + "a@a " * 300 + "'>",
    ),
    "names of people": (_LD + '{"@type":"Article","author":{"name":"', "a, "),
    "bylines": ("<body>", "<i class=author>" + " |" * 200 + " " * 100 + "</i>"),
    "titles of feeds": (
        "",
        "<link rel=alternate type=application/rss+xml title='" + "rss rss-" * 500 + "'>",
    ),
    "items without end": ("", "<article itemscope itemtype=Article><b itemprop=name>"),
    "many kinds of items": (
        "".join(f"<a{n} itemtype=a itemscope>" for n in range(149)),
        "".join(f"<a{n}></a{n}>" for n in range(149)),
    ),
    "classes with words": ("<body>", '<a class="' + "a" * 88 + '">date</a>'),
    "open dates": ("<body>", "<i class=date "),
    "dated elements": ("<body><h1>a</h1>", "<i class=date>" + "11 a " * 40),
    "letters in dates": ("<body><h1>a</h1>", "<p class=date>1" + "a" * 190),
    "bylines in elements": ("<body><h1>a</h1>", "<i class=byline>By <b>Ann <b>and <br>"),
    "lines near a heading": ("<body>", "<h1>a<b>7<br>"),
    "words of microdata": ("", " itemprop="),
    "unclosed authors": ("", "<i class='author"),
    "contents": ("", "<div class=content>x"),
    "classes of blocks": ("", "".join(f"<div class='a{n} b{n}-c'>" for n in range(3000))),
    "ends of blocks": ("<section>" * 95 + "<div><table><td>" + "<section>" * 3, "</div>"),
    "blocks out of order": ("<div>" + "<section>" * 98, "</div><div>"),
    "long blocks": ("<body>", "<div " + "a=b " * 450 + ">"),
    "texts of blocks": ("<body>", "<li><b>" + "some text " * 3),
    "line breaks": ("<body><div>", "<br>"),
    "hidden parts": ("<body>", "<p>" + "<i a=b hidden>" * 290),
    "links in headings": ("<body>", "<h1>" + "<a " * 1000),
    "links in paragraphs": ("<body>", "<p>" + "<a b>" * 800),
    "shortcodes": ("", "<meta name=description content='" + '[a a="' * 1300 + "'>"),
    "links of Markdown": ("", "<meta name=description content='" + "[a](/" * 1600 + "'>"),
    "banners": ("<body>", "<p>" + "a cookie " * 450),
    "references": ("", "<p>" + "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" * 100),
    "less-than signs in text": ("", "<p>" + "<" * 3000),
    "notes": ("", "<p>" + "<sup id=cite>" * 100),
    "encoded twice": ("", "<meta name=description content='" + "&amp;lt;a" * 800 + "'>"),
    "separators": ("", "<title>" + "a - b | " * 1000 + "</title><h1>" + "a - " * 900 + "</h1>"),
    "invisible text": ("", "<p>" + "\u202e" * 1000),
    "open arrays of JSON-LD": (_LD, "["),
    "deep JSON-LD": (_LD, '{"@graph":'),
    "objects of JSON-LD": (_LD + "[", "{},"),
    "strings of JSON-LD": (_LD + '{"headline":"', "\\n"),
    "broken JSON-LD": ("", _LD + '{"a":"' + "x" * 60_000 + '",,}</script>'),
    "authors of JSON-LD": (_LD, '"author":{'),
    "scripts of JSON-LD": ("", _LD + '{"@type":"Article","headline":"x"}</script>'),
    "a graph of JSON-LD": (
        "",
        _LD + '{"@graph":[' + '{"@type":"Article","author":{"@id":"a"}},' * 2800 + "{}]}</script>",
    ),
    "offers of JSON-LD": (
        "",
        _LD + '{"@type":"Product","offers":[' + '{"priceSpecification":[' * 3 + "1]},{}]},{}]},"
        '{"priceCurrency":"EUR","price":"1 1 1 1 1 1 1 1 1"},' * 2000 + "{}]}</script>",
    ),
    "players": (
        "",
        "<meta property=og:video content='http://www.youtube.com/embed/" + "a" * 999 + "'>",
    ),
    "texts of images": (
        "<meta property=og:image content=/a.png>",
        "<meta property=og:image content=/b/a.png><meta property=og:image:alt content='"
        + "&amp;lt;a" * 300
        + "'>",
    ),
    "labels": ("", "<meta name=rating content='" + "a " * 2000 + "'>"),
    **TAGS,
    **TEXTS,
    **TOPICS,
    **SCRIPTS,
    **REFERENCES,
    **dict(hosts()),
}


def hostile(name: str, size: int = SIZE) -> str:
    """Return a page of `size` characters."""
    begin, unit = HOSTILE[name]
    return (begin + unit * (size // len(unit) + 1))[:size]
